import type { RunItem } from '../store/run-log-store.js';
import { runSummary } from './run-summary.js';

/** Returns in one sentence what has become of a run, over or not. */
export function summaryOf(run: Pick<RunItem, 'status' | 'reason' | 'error' | 'failedSteps' | 'waiting'>): string {
  const over = runSummary(run, []);
  if (over !== null) return over;
  const [first] = run.waiting ?? [];
  if (run.status !== 'waiting' || first === undefined) return `It is ${run.status}.`;
  return `It waits at ${first.path} (${first.reason})${first.until === null ? '' : ` until ${first.until}`}.`;
}
