import type { QueueReason } from '../core/start/admission.js';
import type { RunItem } from '../store/run-log-store.js';

/** How many of the failed steps a summary names. */
const MOST_NAMED = 5;

const WAITS_FOR: Record<QueueReason, string> = {
  concurrency_limit: 'Waits in the queue: as many runs of the workflow are under way as it may have at a time.',
  record_order: 'Waits for an earlier run of the workflow on this record.',
};

/**
 * Returns in one sentence how a run has ended, or for whose end it waits; null while it is under way.
 *
 * @param failed the paths of the steps that failed without failing the run, as far as they are known
 */
export function runSummary(run: Pick<RunItem, 'status' | 'reason' | 'error' | 'failedSteps'>, failed: readonly string[]): string | null {
  const { status, reason, error } = run;
  switch (status) {
    case 'succeeded':
      return sentence(`Succeeded${besideOf(run.failedSteps, failed)}`);
    case 'failed': {
      const where = error?.step === undefined ? '' : ` at ${error.step}`;
      return sentence(`Failed${where}: ${error?.message ?? reason ?? 'nobody knows why'}`);
    }
    case 'cancelled':
      return sentence(`Cancelled: ${error?.message ?? reason ?? 'nobody knows why'}`);
    case 'skipped':
      return sentence(`Skipped: ${reason ?? 'nobody knows why'}`);
    case 'queued':
      return reason === null ? null : (WAITS_FOR[reason as QueueReason] ?? null);
    default:
      return null;
  }
}

function besideOf(count: number, failed: readonly string[]): string {
  if (count === 0) return '';
  const named = failed.slice(0, MOST_NAMED).join(', ');
  const names = named === '' ? '' : `: ${named}${failed.length > MOST_NAMED ? ', …' : ''}`;
  return ` with ${count} failed ${count === 1 ? 'step' : 'steps'}${names}`;
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
