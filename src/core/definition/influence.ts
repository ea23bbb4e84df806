import type { Catalog, EventDescription } from '../catalog.js';
import type { Condition, FieldTest } from '../condition/tree.js';
import { sameJson } from '../derive-events.js';
import type { Json } from '../json.js';
import { foldCase } from '../operators/letter-case.js';
import { walkSteps } from '../steps/tree.js';
import { hasExpression } from '../template/template.js';
import type { WorkflowDefinition } from './types.js';
import { type StepWrite, writesOf } from './writes.js';

/** A workflow as it stands among the others of its workspace. */
export interface NeighbouringWorkflow {
  id: string;
  code: string;
  name: string;
  definition: WorkflowDefinition;
}

/** A step by which one workflow may start another one, or itself. */
export interface Influence {
  from: NeighbouringWorkflow;
  to: NeighbouringWorkflow;
  /** The id of the step, and where it stands in `from`. */
  step: string;
  path: string;
  /** What it changes or creates; null where it starts the workflow outright. */
  write: StepWrite | null;
  /** Whether the step waits for the end of what it starts. */
  waits: boolean;
  /** Whether it happens whenever `from` runs: no branch, condition or earlier stage may keep it from happening. */
  isCertain: boolean;
}

/** Returns how a workflow may start others: by what it writes, and by the runs that it starts. */
export function influencesOf(from: NeighbouringWorkflow, all: readonly NeighbouringWorkflow[], catalog: Catalog): Influence[] {
  const written = writesOf(from.definition, catalog).flatMap((write) =>
    all.flatMap((to) => {
      const hears = hearing(write, to, catalog);
      const isCertain = hears === 'surely' && isUnconditional(write.path) && to.definition.conditions === undefined;
      return hears === 'never' ? [] : [{ from, to, step: write.step, path: write.path, write, waits: false, isCertain }];
    }),
  );
  const started = [...walkSteps(from.definition.steps)].flatMap(({ step, jsonPath: path }) => {
    if (step.kind !== 'run_workflow') return [];
    const to = all.find(({ id, code }) => id === step.workflow || code === step.workflow);
    if (!to) return [];
    const isCertain = isUnconditional(path) && to.definition.conditions === undefined;
    return [{ from, to, step: step.id, path, write: null, waits: step.wait, isCertain }];
  });
  return [...written, ...started];
}

type Hearing = 'never' | 'perhaps' | 'surely';

/** Whether a write is an event that a workflow starts on. */
function hearing(write: StepWrite, { definition }: NeighbouringWorkflow, catalog: Catalog): Hearing {
  const { trigger, conditions } = definition;
  if (trigger.type !== 'event' || trigger.module !== write.module) return 'never';
  const event = catalog.modules.get(write.module)?.events.find(({ name }) => name === trigger.event);
  if (!event) return 'never';
  if (write.kind === 'created') return event.rule.on === 'created' ? 'surely' : 'never';
  const { field, value } = write;
  if (!mayHappen(event, field, value)) return 'never';
  const watched = event.rule.on === 'changed' ? [event.rule.field] : trigger.fields;
  if (field !== null && watched !== undefined && !watched.some((name) => concerns(field, name))) return 'never';
  if (value !== undefined && trigger.to !== undefined && !trigger.to.some((stage) => isSameText(stage, value))) return 'never';
  if (field !== null && value !== undefined && conditions !== undefined && refuses(conditions, field, value)) return 'never';
  const isKnown = field !== null && (trigger.to === undefined || value !== undefined) && trigger.from === undefined;
  return isKnown ? 'surely' : 'perhaps';
}

function mayHappen({ rule }: EventDescription, field: string | null, value: Json | undefined): boolean {
  if (rule.on === 'updated') return true;
  if (rule.on !== 'changed') return false;
  if (field !== null && !concerns(field, rule.field)) return false;
  return value === undefined || rule.to === undefined || rule.to.some((one) => sameJson(one, value));
}

/** Whether a change of the one field is one of the other: the same, a member of it, or the whole that it is a member of. */
function concerns(written: string, watched: string): boolean {
  return written === watched || written.startsWith(`${watched}.`) || watched.startsWith(`${written}.`);
}

/** Whether a condition cannot hold once the field has this value: one of the tests that must all hold wants another one. */
function refuses(condition: Condition, field: string, value: Json): boolean {
  if ('all' in condition) return condition.all.some((one) => refuses(one, field, value));
  if ('any' in condition || 'none' in condition) return false;
  const wanted = wantedValues(condition);
  const isAboutField = condition.field === field || condition.field === `record.${field}`;
  return isAboutField && wanted !== null && !wanted.some((one) => isSameText(one, value));
}

/** The values of which a test wants one; null where that is not what it asks, or what they are is not known yet. */
export function wantedValues({ operator, value }: FieldTest): Json[] | null {
  const list = operator === 'equals' ? [value] : operator === 'is_any_of' && Array.isArray(value) ? value : null;
  const isPlain = (one: unknown): one is Json =>
    one !== undefined && typeof one !== 'object' && !(typeof one === 'string' && hasExpression(one));
  return list?.every(isPlain) ? (list as Json[]) : null;
}

/** As operators and triggers compare them: without looking at letter case. */
export function isSameText(one: Json, other: Json): boolean {
  return typeof one === 'string' && typeof other === 'string' ? foldCase(one) === foldCase(other) : sameJson(one, other);
}

/** Whether a step stands where nothing decides about it. */
function isUnconditional(path: string): boolean {
  return !path.includes('.');
}
