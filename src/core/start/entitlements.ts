import type { Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { Step } from '../steps/index.js';
import { walkSteps } from '../steps/tree.js';
import type { StartDecision } from './start.js';

/** What a workspace may use, by its plan. What is left out has no limit. */
export interface Entitlements {
  /** The plan's name, as messages call it. */
  plan?: string;
  /** False: the workspace has no automation at all. */
  enabled?: boolean;
  /** How many workflows may be active. Of more, as after a downgrade, those that were created first go on. */
  activeWorkflows?: number;
  /** How many runs may start in a calendar month (UTC). */
  runsPerMonth?: number;
  /** The types of steps that workflows may have: actions, and flow control. */
  stepTypes?: readonly string[];
}

/** What a plan does not give. */
export type Lack =
  | { missing: 'automation' }
  | { missing: 'stepTypes'; stepTypes: string[] }
  | { missing: 'activeWorkflows' | 'runsPerMonth'; allowed: number; used: number };

const LIMITS = ['activeWorkflows', 'runsPerMonth'] as const;

/** Everything that keeps a value from being {@link Entitlements}, each with its path. Never throws. */
export function entitlementsProblems(value: unknown): Problem[] {
  if (!isJsonObject(value)) return [{ path: '', message: 'must be an object, {} for no limits' }];
  const problems: Problem[] = [];
  const { plan, enabled, stepTypes } = value;
  if (plan !== undefined && typeof plan !== 'string') problems.push({ path: 'plan', message: 'must be a text' });
  if (enabled !== undefined && typeof enabled !== 'boolean') problems.push({ path: 'enabled', message: 'must be true or false' });
  for (const path of LIMITS) {
    const limit: Json | undefined = value[path];
    if (limit !== undefined && !(Number.isSafeInteger(limit) && (limit as number) >= 0)) {
      problems.push({ path, message: 'must be a whole number, 0 or more' });
    }
  }
  if (stepTypes !== undefined && !(Array.isArray(stepTypes) && stepTypes.every((type) => typeof type === 'string'))) {
    problems.push({ path: 'stepTypes', message: 'must be a list of types of steps, such as ["send_email", "branch"]' });
  }
  return problems;
}

/** A problem for each step of a type that the plan lacks. */
export function stepsBeyond(steps: readonly Step[], { plan, stepTypes }: Entitlements): (Problem & { type: string })[] {
  if (stepTypes === undefined) return [];
  return [...walkSteps(steps)].flatMap(({ step, jsonPath }) => {
    const type = step.kind === 'action' ? step.type : step.kind;
    if (stepTypes.includes(type)) return [];
    return [{ path: `${jsonPath}.type`, message: `${named(plan)} has no steps of the type "${type}".`, type }];
  });
}

/** What a workspace uses at the moment of a start. */
export interface Usage {
  /** How many workflows were created before this one and are active. */
  activeBefore: number;
  runsThisMonth: number;
}

/** What keeps a workflow from starting by the plan; null when nothing does. */
export function lackOfStart(entitlements: Entitlements, steps: readonly Step[], usage: Usage): Lack | null {
  const { enabled, activeWorkflows, runsPerMonth } = entitlements;
  if (enabled === false) return { missing: 'automation' };
  const beyond = stepsBeyond(steps, entitlements);
  if (beyond.length > 0) return { missing: 'stepTypes', stepTypes: [...new Set(beyond.map(({ type }) => type))] };
  if (activeWorkflows !== undefined && usage.activeBefore >= activeWorkflows) {
    return { missing: 'activeWorkflows', allowed: activeWorkflows, used: usage.activeBefore };
  }
  if (runsPerMonth !== undefined && usage.runsThisMonth >= runsPerMonth) {
    return { missing: 'runsPerMonth', allowed: runsPerMonth, used: usage.runsThisMonth };
  }
  return null;
}

/** The last half of the decision on a start that would else be a run: does the workspace's plan give it? */
export function entitledStart(entitlements: Entitlements, steps: readonly Step[], usage: Usage): StartDecision {
  const lack = lackOfStart(entitlements, steps, usage);
  if (lack === null) return { kind: 'start' };
  return { kind: 'skip', reason: 'plan', explanation: { rule: lackInWords(lack, entitlements), ...lackDetails(lack, entitlements) } };
}

/** What is missing, in a sentence. */
export function lackInWords(lack: Lack, { plan }: Entitlements): string {
  switch (lack.missing) {
    case 'automation':
      return `${named(plan)} has no automation.`;
    case 'stepTypes':
      return `${named(plan)} has no steps of the type ${lack.stepTypes.map((type) => `"${type}"`).join(', ')}.`;
    case 'activeWorkflows':
      return `${named(plan)} has ${lack.allowed} active ${lack.allowed === 1 ? 'workflow' : 'workflows'}; this one would be number ${lack.used + 1}.`;
    case 'runsPerMonth':
      return `${named(plan)} has ${lack.allowed} runs a month, and ${lack.used} have started in this one.`;
  }
}

/** The same for programs. */
export function lackDetails(lack: Lack, { plan }: Entitlements): JsonObject {
  return { ...lack, ...(plan === undefined ? {} : { plan }) };
}

function named(plan: string | undefined): string {
  return plan === undefined ? "The workspace's plan" : `The plan "${plan}"`;
}
