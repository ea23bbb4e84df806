import type { ApprovalStep, Step } from '../definition/types.js';
import type { LoggedError } from '../errors.js';
import type { JsonObject } from '../json.js';

/** The code of the error that a wait gets when its time is over and its outcome is `fail` or `stop`. */
const WAIT_EXPIRED = 'wait_expired';

/** What a run waits for. */
export type WaitingReason = 'delay' | 'retry' | 'approval' | 'form' | 'webhook' | 'workflow' | 'in_flight';

/** The reason shown for a step that is recorded as `waiting`. */
export function waitingReason(step: Step): WaitingReason {
  switch (step.kind) {
    case 'approval':
    case 'form':
      return step.kind;
    case 'wait_for_webhook':
      return 'webhook';
    case 'run_workflow':
      return 'workflow';
    default:
      return 'delay';
  }
}

/**
 * What to record for a wait whose time is over. `wakeAt` is told too: left standing beside a failure, the moment that
 * was waited for would read as the time of another attempt.
 */
export type WaitResult = { wakeAt: null } & ({ status: 'succeeded'; output: JsonObject } | { status: 'failed'; error: LoggedError });

/**
 * What to record, as the result of its attempt, for a step that the plan lists as `elapsed`. A delay has succeeded; the
 * others follow their `onExpiry`: `continue`, `approve` and `reject` succeed with `expired: true` in the output, `fail`
 * and `stop` fail with {@link WAIT_EXPIRED}, from which the planner fails the run or ends it as cancelled.
 */
export function expireWait(step: Step): WaitResult {
  switch (step.kind) {
    case 'delay':
      return succeeded({});
    case 'approval':
      return expireApproval(step);
    case 'form':
    case 'wait_for_webhook':
      return step.onExpiry === 'continue' ? succeeded({ expired: true }) : expired(step);
    default:
      return expired(step);
  }
}

function expireApproval(step: ApprovalStep): WaitResult {
  switch (step.onExpiry) {
    case 'approve':
      return succeeded({ decision: 'approved', expired: true });
    case 'reject':
      return succeeded({ decision: 'rejected', expired: true });
    case 'continue':
      return succeeded({ decision: null, expired: true });
    default:
      return expired(step);
  }
}

function succeeded(output: JsonObject): WaitResult {
  return { status: 'succeeded', output, wakeAt: null };
}

function expired(step: Step): WaitResult {
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

/** True when the run ends, cancelled, because this step's wait expired and its `onExpiry` is `stop`. */
export function stopsOnExpiry(step: Step, error: LoggedError): boolean {
  return error.code === WAIT_EXPIRED && 'onExpiry' in step && step.onExpiry === 'stop';
}
