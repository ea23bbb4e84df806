import type { CompiledCondition } from '../condition/condition.js';
import type { Condition } from '../condition/tree.js';
import { AutomationError } from '../errors.js';
import { CONTEXT_KEY, MOST_EXTRACTED } from '../extract.js';
import type { JsonObject } from '../json.js';
import type { Scope } from '../scope.js';
import { type ActionStep, action } from './action.js';
import { type ApprovalStep, approval } from './approval.js';
import { type BranchStep, branch } from './branch.js';
import { type DelayStep, delay } from './delay.js';
import { expired } from './expiry.js';
import { type ForEachStep, forEach } from './for-each.js';
import { type FormStep, form } from './form.js';
import { type ParallelStep, parallel } from './parallel.js';
import { type RunWorkflowStep, runWorkflow } from './run-workflow.js';
import { type AnyStep, LONGEST_STEP_ID, STEP_ID } from './step.js';
import type { DecideLimits, Decision, StepKind, StepResult } from './step-kind.js';
import { type StopStep, stop } from './stop.js';
import { type WaitForWebhookStep, waitForWebhook } from './wait-for-webhook.js';

/** The kinds of steps. A new one is its file, its line here, and its type in the union below. */
const KINDS = [branch, parallel, forEach, delay, approval, form, waitForWebhook, runWorkflow, stop, action] as const;

/** One node of a definition. */
export type Step =
  | BranchStep<Step>
  | ParallelStep<Step>
  | ForEachStep<Step>
  | DelayStep
  | ApprovalStep
  | FormStep
  | WaitForWebhookStep
  | RunWorkflowStep
  | StopStep
  | ActionStep;

type Kind = (typeof KINDS)[number];

/** What the shell has to do when a step of flow control has been decided. */
export type StepEffect = Extract<
  Kind extends infer K ? (K extends { decide(...args: never[]): Decision<infer Effect> } ? Effect : never) : never,
  { kind: string }
>;

/** What a step waits for. */
export type StepWaitReason = Extract<Kind, { wait: unknown }>['wait']['reason'];

const BY_NAME: ReadonlyMap<string, StepKind<AnyStep>> = new Map(KINDS.map((kind) => [kind.kind, kind as StepKind<AnyStep>]));

/** The types of steps that are not actions, as people write them. */
export const FLOW_STEP_TYPES: readonly string[] = KINDS.map(({ kind }) => kind).filter((kind) => kind !== action.kind);

const ANSWERED_TYPES: ReadonlySet<string> = new Set(
  [...BY_NAME.values()].filter(({ wait }) => wait?.answer !== undefined).map(({ kind }) => kind),
);

/** One kind of flow control, as a catalogue shows it. */
export interface FlowStepDescription {
  type: string;
  label: string;
  description: string;
  /** JSON Schema of the whole step. */
  schema: JsonObject;
}

/** What every step has, in a schema. */
const BASE: JsonObject = {
  id: {
    type: 'string',
    maxLength: LONGEST_STEP_ID,
    pattern: STEP_ID.source,
    description: 'Unique in the definition; `steps.<id>.output` reads what it left.',
  },
  name: { type: 'string', minLength: 1, maxLength: 200 },
  onError: { enum: ['stop', 'continue'], default: 'stop', description: 'What a final failure does to the run.' },
};

const EXTRACTED: JsonObject = {
  type: 'object',
  maxProperties: MOST_EXTRACTED,
  propertyNames: { pattern: CONTEXT_KEY.source },
};

/** What every step has that leaves an output, in a schema. */
const EXTRACTION: JsonObject = {
  extract: {
    ...EXTRACTED,
    description:
      'Values for `context.*` of later steps of the run, taken when the step has succeeded: templates over all that it saw and its `output`. One expression keeps its type.',
    examples: [{ score: '{{output.body.score}}' }],
  },
  extractToContext: {
    ...EXTRACTED,
    description: "The same for the workflow's own context, which later runs see too. Null takes a value away.",
    examples: [{ cursor: '{{output.body.next}}' }],
  },
};

/** The JSON Schema of a step of this type; `more` says what is known of its members beyond its kind. */
export function stepSchema(type: string, more: JsonObject = {}, required: readonly string[] = []): JsonObject {
  const { about, executed } = kindOfType(type);
  return {
    type: 'object',
    properties: { ...BASE, ...(executed === false ? {} : EXTRACTION), type: { const: type }, ...about.members, ...more },
    required: ['id', 'type', ...about.required, ...required],
    additionalProperties: false,
    ...about.rules,
  };
}

/** Every kind of flow control. */
export function describeFlowSteps(): FlowStepDescription[] {
  return FLOW_STEP_TYPES.map((type) => {
    const { label, description } = kindOfType(type).about;
    return { type, label, description, schema: stepSchema(type) };
  });
}

/** The kind of a parsed step. */
export function kindOf(step: AnyStep): StepKind<AnyStep> {
  return BY_NAME.get(step.kind) as StepKind<AnyStep>;
}

/** The kind that a step of this `type` is of: flow control by its name, an action by any other. */
export function kindOfType(type: string): StepKind<AnyStep> {
  return FLOW_STEP_TYPES.includes(type) ? (BY_NAME.get(type) as StepKind<AnyStep>) : (action as StepKind<AnyStep>);
}

/**
 * Decides a step of flow control: which branch is taken, when a delay is over, whom to ask. Throws for what cannot be
 * decided (`template_path_missing`, `delay_invalid`, …): the step fails with the reason.
 */
export function decideStep(
  step: Step,
  scope: Scope,
  now: Date,
  conditionOf: (condition: Condition) => CompiledCondition,
  limits: DecideLimits,
): Decision<StepEffect> {
  const { decide } = kindOf(step);
  if (decide) return decide(step, scope, now, conditionOf, limits) as Decision<StepEffect>;
  throw new AutomationError('step_not_executable', `A step of the kind '${step.kind}' is not decided.`, {
    hint: 'Actions are performed, and the branches of a parallel step run side by side.',
  });
}

/** The reason shown for a step that is recorded as `waiting`. */
export function waitReason(step: AnyStep): StepWaitReason {
  return (kindOf(step).wait?.reason ?? 'delay') as StepWaitReason;
}

/**
 * What to record, as the result of its attempt, for a step that the plan lists as `elapsed`. A delay has succeeded; the
 * others follow their `onExpiry`: `continue`, `approve` and `reject` succeed with `expired: true` in the output, `fail`
 * and `stop` fail with `wait_expired`, from which the planner fails the run or ends it as cancelled.
 */
export function expireWait(step: AnyStep): StepResult {
  return kindOf(step).wait?.expire(step) ?? expired(step);
}

/**
 * What to record, as the result of the attempt that waits, for an answer from outside: a decision, a filled form, the
 * call of a one-time URL, the end of a sub-run. Null for steps that take no answer. Never throws: an answer that cannot
 * be used is a failure of the step.
 */
export function answerWait(step: AnyStep, answer: JsonObject): StepResult | null {
  return kindOf(step).wait?.answer?.(step, answer) ?? null;
}

/** True for a type of step that waits for answers from outside, or for the end of a sub-run. */
export function takesAnswers(type: string): boolean {
  return ANSWERED_TYPES.has(type);
}

/** Returns an answer as one may come for a step that waits for one, for previews; null for steps that take none. */
export function sampleAnswer(step: AnyStep): JsonObject | null {
  return kindOf(step).wait?.sample?.(step) ?? null;
}
