import type { ObjectReader } from '../definition/object-reader.js';
import type { LoggedError } from '../errors.js';
import type { JsonObject } from '../json.js';
import { cancelled, type Ending } from '../plan/flow.js';
import type { Scope } from '../scope.js';
import { addDuration, type Duration, durationSchema, parseDuration } from '../time/duration.js';
import type { AnyStep } from './step.js';
import type { StepResult } from './step-kind.js';

/** The longest that a step may wait. */
export const LONGEST_WAIT = 'P365D';

/** What happens when nobody answers in time. */
export type ExpiryOutcome = 'fail' | 'continue' | 'stop';
export const EXPIRY_OUTCOMES = ['fail', 'continue', 'stop'] as const;

/** The two members, in a schema. */
export const EXPIRES_IN = durationSchema('How long it waits for an answer. Default: for ever.');
export const ON_EXPIRY: JsonObject = {
  enum: [...EXPIRY_OUTCOMES],
  default: 'fail',
  description: 'What becomes of it when nobody answers in time.',
};

/** The code of the error that a wait gets when its time is over and its outcome is `fail` or `stop`. */
const WAIT_EXPIRED = 'wait_expired';

/** Reads how long a step waits for its answer. */
export function readExpiresIn(reader: ObjectReader): string | undefined {
  return reader.optionalDuration('expiresIn', LONGEST_WAIT);
}

/** When the wait of a step that begins now is over, ISO 8601; null when only an answer ends it. */
export function expiryOf(step: { expiresIn?: string }, scope: Scope, now: Date): string | null {
  return step.expiresIn === undefined
    ? null
    : addDuration(now, parseDuration(step.expiresIn) as Duration, scope.timezone, scope.calendar).toISOString();
}

/** The result of a wait that nobody answered in time. */
export function expired(step: AnyStep): StepResult {
  return {
    status: 'failed',
    wakeAt: null,
    error: {
      code: WAIT_EXPIRED,
      message: `Step "${step.id}" waited for its answer until its time was over.`,
      hint: 'Retry the run from this step to ask again, or give the step more time in the workflow.',
    },
  };
}

/** The end of the run, cancelled, when this step's wait expired and its `onExpiry` is `stop`. */
export function endedByExpiry(step: { onExpiry: string }, path: string, error: LoggedError): Ending | null {
  return error.code === WAIT_EXPIRED && step.onExpiry === 'stop' ? cancelled(path, WAIT_EXPIRED, error.message) : null;
}
