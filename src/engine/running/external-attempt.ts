import type { JsonObject } from '../../core/json.js';
import type { ReadyStep } from '../../core/plan/plan.js';
import type { Scope } from '../../core/scope.js';
import type { LoggedExecution } from '../../store/step-store.js';
import type { LoggedFailure } from '../failures.js';
import type { Slot } from './fair-slots.js';

/** An external step whose intent is in the history, with the slot in which it is performed once that has committed. */
export interface ExternalAttempt {
  execution: LoggedExecution;
  ready: ReadyStep;
  slot: Slot;
  /** What the step saw when it began: what it extracts may read that too. */
  scope: Scope;
  /** Gives up when the controller, or its own time, says so. */
  perform(controller: AbortController): Promise<JsonObject | null>;
  /** Masks the secrets that it has used in what the log is to keep of a failure. */
  redact<T>(value: T): T;
}

/** What became of it. `not_sent`: nothing has left the house, so the intent is taken back. */
export type ExternalOutcome =
  | { kind: 'succeeded'; output: JsonObject | null }
  | { kind: 'failed'; failure: LoggedFailure }
  | { kind: 'not_sent' };

/** An attempt and what became of it. */
export interface ExternalResult {
  attempt: ExternalAttempt;
  outcome: ExternalOutcome;
}
