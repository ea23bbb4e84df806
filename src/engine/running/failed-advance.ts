import { isConnectionLoss, isPassing, type LoggedFailure, toLoggedFailure } from '../failures.js';
import type { HeldRun } from './held-run.js';
import { AnsweredMeanwhile, LeaseLost } from './progress-writer.js';
import { ContextFull } from './workflow-contexts.js';

/** What is done with the runs of a shared transaction that could not be saved. */
export type AfterShared =
  /** Some are not ours any more: the others again without them. */
  | { kind: 'lost'; runs: HeldRun[] }
  /** Some were answered since they were read: all again, with the answers. */
  | { kind: 'answered'; runs: HeldRun[] }
  /** The context of its workflow has no room for what one put there: all again, and it is told. */
  | { kind: 'context_full'; runs: HeldRun[] }
  /** The database is away. */
  | { kind: 'later' }
  /** Writing failed, and nobody can say whose fault it was, or who had no room: in smaller transactions, a single run in one of its own. */
  | { kind: 'apart'; groups: HeldRun[][] };

/** What is done with a run whose own transaction could not be saved. */
export type AfterOwn =
  | { kind: 'lost' }
  | { kind: 'answered' }
  | { kind: 'context_full' }
  /** Kept where the far side has acted or may act; else given back. */
  | { kind: 'later' }
  /** What the far side answered belongs into the log, whatever becomes of the run. */
  | { kind: 'save_results' }
  /** What stands in its way passes. */
  | { kind: 'postpone' }
  | { kind: 'fail'; failure: LoggedFailure };

/** Returns what to do after a shared transaction of these runs has failed. Nothing of it has happened. */
export function afterShared(runs: readonly HeldRun[], error: unknown): AfterShared {
  if (error instanceof LeaseLost) return { kind: 'lost', runs: runs.filter(({ id }) => error.runIds.has(id)) };
  if (error instanceof AnsweredMeanwhile) return { kind: 'answered', runs: runs.filter(({ id }) => error.runIds.has(id)) };
  if (error instanceof ContextFull) {
    const putting = runs.filter(({ id }) => error.runIds.has(id));
    if (putting.length === 1) return { kind: 'context_full', runs: putting };
    // There may be room for some of them.
    const later = putting.slice(Math.ceil(putting.length / 2));
    return { kind: 'apart', groups: [runs.filter((run) => !later.includes(run)), later] };
  }
  if (isConnectionLoss(error)) return { kind: 'later' };
  const middle = Math.ceil(runs.length / 2);
  return { kind: 'apart', groups: [runs.slice(0, middle), runs.slice(middle)].filter(({ length }) => length > 0) };
}

/** Returns what to do after a run's own transaction has failed. Nothing of it has happened. */
export function afterOwn(run: HeldRun, error: unknown): AfterOwn {
  if (error instanceof LeaseLost) return { kind: 'lost' };
  if (error instanceof AnsweredMeanwhile) return { kind: 'answered' };
  if (error instanceof ContextFull) return { kind: 'context_full' };
  if (isConnectionLoss(error) || (isPassing(error) && run.hasWork)) return { kind: 'later' };
  if (run.hasWork) return { kind: 'save_results' };
  return isPassing(error) ? { kind: 'postpone' } : { kind: 'fail', failure: toLoggedFailure(error) };
}
