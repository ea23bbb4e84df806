import type { LoggedError } from '../errors.js';
import type { Extracted } from '../extract.js';
import type { JsonObject } from '../json.js';
import type { StepBase } from '../steps/step.js';

/**
 * One step execution as the planner sees it: one attempt of one step.
 * - `running`: the intent of an external attempt is written, its result is not (in flight, or lost with its process).
 * - `waiting`: parked until `wakeAt` (delay), or until a decision replaces it.
 * - `lost`: an external attempt whose process died; whether it took effect is unknown.
 */
export type StepExecutionStatus = 'running' | 'waiting' | 'succeeded' | 'failed' | 'lost';

export interface StepExecution {
  /** Where in the tree: `welcome`, `route.enterprise.am`, `each[3].notify`. */
  path: string;
  /** 1 for the first attempt. */
  attempt: number;
  status: StepExecutionStatus;
  /** What later steps see as `steps.<id>.output`, and what flow control decided (`{ taken }`, `{ count }`, …). */
  output?: JsonObject | null;
  error?: LoggedError | null;
  /** What it put into the contexts when it succeeded. */
  extracted?: Extracted | null;
  /** ISO 8601. For `waiting`: when the wait is over. For `failed`: when the next attempt is due; absent when there is none. */
  wakeAt?: string | null;
  /** A person sent this step back for another try: the attempt is history and no longer counts. */
  superseded?: boolean;
}

/** A step of a loop that is over, and the last of its attempts in the last item that came to it. */
export interface LeftBehind {
  step: StepBase;
  execution: StepExecution;
}

/** What `steps` holds: the outputs by step id. */
export type StepOutputs = Record<string, { output: JsonObject | null }>;
