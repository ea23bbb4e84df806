import type { Catalog, OutputShape } from '../catalog.js';
import type { CompiledCondition } from '../condition/condition.js';
import type { Condition } from '../condition/tree.js';
import type { StepSite } from '../definition/step-site.js';
import type { LoggedError } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import type { Ending, Flow, Position, Walk } from '../plan/flow.js';
import type { RetryPolicy } from '../retry.js';
import type { Scope } from '../scope.js';
import type { AnyStep } from './step.js';

/**
 * All that the core knows of one kind of step. A new kind is a file with its type and this description, and its line in
 * ./index.ts. What is left out means: no children, over as soon as it has succeeded, never waits.
 */
export interface StepKind<S extends AnyStep> {
  /** As in a parsed step's `kind` and, for flow control, in the `type` that people write. */
  kind: S['kind'];
  /** False: it is never executed itself, and `proceed` is asked at once. */
  executed?: false;
  /** For people who choose among the kinds, and for editors. */
  about: StepAbout;
  /** Reads its members; null when it cannot be told which members belong to it. */
  parse(site: StepSite): S | null;
  /** The lists of steps inside it, in the order they are written. */
  children?(step: S): ChildList[];
  /** Where it reads the run: values with templates, and conditions. */
  reads?(step: S): StepReads;
  /** What it leaves as `steps.<id>.output`; null when that is not known. */
  output(step: S, catalog: Catalog): OutputShape | null;
  /** The least time that it takes, in milliseconds, and the member that says so. */
  takes?(step: S): { ms: number; member: string };
  /** The least time that what is inside it takes, in milliseconds, from that of each of its {@link children}; left out: none for certain. */
  takesInside?(step: S, lists: readonly number[]): number;
  /** What becomes of it when its turn has come. Throws for what cannot be decided: the step fails with the reason. */
  decide?(
    step: S,
    scope: Scope,
    now: Date,
    conditionOf: (condition: Condition) => CompiledCondition,
    limits: DecideLimits,
  ): Decision<object>;
  /** Where the run stands inside or behind it, once it has succeeded. */
  proceed?(step: S, position: Position, walk: Walk): Flow;
  /** The end of the run that a final failure of it is, where that is more than a failure of the step. */
  failed?(step: S, path: string, error: LoggedError): Ending | null;
  /** For kinds that may wait. */
  wait?: StepWait<S>;
  /** It has an address from outside before it begins: `steps.<id>.resumeUrl`. */
  addressed?: true;
  /** For kinds whose attempts may get lost or be repeated. */
  attempts?(step: S): { retry: RetryPolicy | undefined; onAmbiguous: 'retry' | 'hold' | undefined };
}

/** Bounds on what a step may decide. */
export interface DecideLimits {
  /** How many items a loop may have, whatever its step says. */
  loopItems: number;
}

/** A kind of step as the catalogue shows it. */
export interface StepAbout {
  label: string;
  /** What it does, in one sentence. */
  description: string;
  /** JSON Schema of each member of its own. Steps and conditions inside it are {@link STEPS} and {@link CONDITION}. */
  members: Readonly<Record<string, JsonObject>>;
  /** Members that must be there. */
  required: readonly string[];
  /** What else holds of the whole step. */
  rules?: JsonObject;
}

/** A list of steps, in a schema. */
export const STEPS: JsonObject = { $ref: '#/$defs/steps' };
/** A condition, in a schema. */
export const CONDITION: JsonObject = { $ref: '#/$defs/condition' };

/** What a kind of step waits for, and what ends the wait. */
export interface StepWait<S extends AnyStep> {
  /** As people read it: `approval`. */
  reason: string;
  /** The result when the time is over. */
  expire(step: S): StepResult;
  /** The result that an answer from outside makes of it. */
  answer?(step: S, answer: JsonObject): StepResult;
  /** An answer as one may come, for previews. */
  sample?(step: S): JsonObject;
}

/** One list of steps inside a step. */
export interface ChildList<S extends AnyStep = AnyStep> {
  /** What stands in a run's path between the step and its child: `.enterprise`, or `[]` for the index of a loop over the step's `items`. */
  segment: string;
  /** Where the list stands in the definition, from the step: `branches[0].steps`. */
  jsonPath: string;
  steps: readonly S[];
}

/** Where a step reads the run. */
export interface StepReads {
  /** Values that may hold templates. */
  templates?: readonly (Json | undefined)[];
  conditions?: readonly Condition[];
}

/** What flow control has decided, as the history keeps it, and what the shell has to do for it in the same transaction. */
export interface Decision<Effect extends object> {
  status: 'succeeded' | 'waiting';
  /** What it was decided from, as people read it in the log. */
  input: JsonObject | null;
  output: JsonObject | null;
  /** ISO 8601. For `waiting`: when the wait is over; null when only an answer ends it. */
  wakeAt: string | null;
  effect?: Effect;
}

/**
 * What to record for a wait that is over. `wakeAt` is told too: left standing beside a failure, the moment that was
 * waited for would read as the time of another attempt.
 */
export type StepResult = { wakeAt: null } & (
  | { status: 'succeeded'; output: JsonObject }
  | { status: 'failed'; error: LoggedError; output?: JsonObject }
);

/** A decision that is the whole step. */
export function decided(output: JsonObject, input: JsonObject | null): Decision<never> {
  return { status: 'succeeded', input, output, wakeAt: null };
}

/** A wait that has ended well. */
export function answered(output: JsonObject): StepResult {
  return { status: 'succeeded', output, wakeAt: null };
}

/** An answer that no door of ours lets in: the step says so and fails instead of guessing. */
export function unusableAnswer(step: AnyStep, what: string): StepResult {
  return {
    status: 'failed',
    wakeAt: null,
    error: {
      code: 'answer_unusable',
      message: `The answer to step "${step.id}" holds ${what}.`,
      hint: 'Retry the run from this step to ask again.',
    },
  };
}
