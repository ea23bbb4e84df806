import type { LoggedError } from '../errors.js';
import type { JsonObject } from '../json.js';
import type { AnyStep } from '../steps/step.js';
import type { StepAddress } from './history.js';
import type { HistoryIndex } from './history-index.js';

/** How a run has ended. */
export type RunOutcome =
  | { status: 'succeeded' }
  | { status: 'failed'; path: string | null; error: LoggedError }
  /** `code` says why, for programs (`stopped`, `approval_rejected`, `wait_expired`); the message is for people. */
  | { status: 'cancelled'; path: string; code: string; message: string | null };

/** The reason why a list of steps cannot go on. */
export interface Ending {
  outcome: RunOutcome;
  /** A failure that `onError: continue` of the step or of a step around it, or another branch of a join `any`, makes good. */
  catchable: boolean;
}

/** Where a step or a list of steps stands: over, still open, or at an end that concerns the whole run. */
export type Flow = 'done' | 'open' | Ending;

export type Loop = StepAddress['loop'];

/** A step on its way: where it stands in the run, and what it has left. */
export interface Position {
  path: string;
  loop: Loop;
  output: JsonObject;
}

/** The planner's pass over the tree, as the kinds of steps with children see it. */
export interface Walk {
  /** Steps one after the other: the first that is not over decides. `prefix` is the run path of the list, with its dot. */
  list(steps: readonly AnyStep[], prefix: string, loop: Loop): Flow;
  /** Notes a failure that the run goes on behind. */
  catch(ending: Ending): void;
  /** How much has been collected so far. */
  mark(): WalkMark;
  /**
   * Cancels what was collected since, because what it is for has been decided: it starts nothing, waits for nothing and tries
   * nothing again. Attempts in flight stay: their results are still to come.
   */
  cancel(since: WalkMark): void;
  /** Which items of loops are over for good. */
  readonly index: Pick<HistoryIndex, 'firstOpenItem' | 'isItemOver' | 'noteItemOver'>;
}

export interface WalkMark {
  ready: number;
  elapsed: number;
  waiting: number;
}

/** The code of a step that waited, or was to be tried again, when what it was for had been decided. */
export const STEP_CANCELLED = 'step_cancelled';

/** Whether it is the end of a step that was cancelled: no failure of its own. */
export function isCancelled({ outcome }: Ending): boolean {
  return outcome.status === 'failed' && outcome.error.code === STEP_CANCELLED;
}

/** True for a flow that ends more than itself. */
export function isEnding(flow: Flow): flow is Ending {
  return typeof flow === 'object';
}

/** A failed run, unless the failure may be caught and is. */
export function failure(path: string, catchable: boolean, error: LoggedError): Ending {
  return { outcome: { status: 'failed', path, error }, catchable };
}

/** A run that is cancelled, whatever `onError` says. */
export function cancelled(path: string, code: string, message: string | null): Ending {
  return { outcome: { status: 'cancelled', path, code, message }, catchable: false };
}

/** A record that no shell of ours writes; the run says so and fails instead of guessing. */
export function unusable(path: string, what: string): Ending {
  return failure(path, false, {
    code: 'history_unusable',
    message: `The log of step "${path}" does not hold ${what}.`,
    hint: 'Retry the run from this step.',
  });
}
