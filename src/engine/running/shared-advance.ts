import type { CrmHost } from '../../host/crm-host.js';
import { CrmUnitOfWork } from '../../host/crm-session.js';
import { isConnectionLoss, sqlState } from '../failures.js';
import type { HeldRun } from './held-run.js';
import type { Advance, AdvancedRun } from './run-advancer.js';
import { hostCodeUntil, markOf, type StepTransaction } from './step-transaction.js';

/** "current transaction is aborted": the statement of another run failed before this one's. */
const VICTIM = '25P02';
/** A lock that somebody in the CRM holds: looking for whose record it is, half by half, would wait for it again and again. */
const LOCK_TIMEOUT = '55P03';

/**
 * Advances runs side by side in a shared transaction. When a step spoils it (it failed after it had written, or the
 * database refused a statement), everything since the savepoint is taken back, and the others are repeated together
 * without the runs whose steps failed: those want a transaction of their own. A statement is often that of many runs, and
 * says not whose fault it was: then each half is tried.
 *
 * With a savepoint, rather than a new transaction, the claim before it stands, and a spoiled attempt costs what was done
 * since.
 */
export async function advanceTogether(
  runs: readonly HeldRun[],
  tx: StepTransaction,
  crm: CrmHost,
  advance: (run: HeldRun) => Promise<Advance>,
): Promise<AdvancedRun[]> {
  if (runs.length === 0) return [];
  await tx.manager.query('SAVEPOINT advance');
  const forgetWrites = markOf(tx.writes);
  // All end before anything is rolled back, so that none writes behind it.
  const results = await Promise.allSettled(runs.map(advance));
  const failures = results.flatMap((result, index) => (result.status === 'rejected' ? [{ index, error: result.reason as unknown }] : []));
  if (failures.length === 0) {
    return results.map((result, index) => ({
      run: runs[index] as HeldRun,
      advance: (result as PromiseFulfilledResult<Advance>).value,
    }));
  }
  const loss = failures.find(({ error }) => isConnectionLoss(error));
  if (loss) throw loss.error;
  await tx.manager.query('ROLLBACK TO SAVEPOINT advance');
  tx.unit = new CrmUnitOfWork(crm, tx.manager);
  tx.hostCodeUntil = hostCodeUntil();
  forgetWrites();
  for (const run of runs) run.rolledBack();

  const found = failures.filter(({ error }) => stateOf(error) !== VICTIM);
  const suspects = (found.length > 0 ? found : failures).map(({ index }) => runs[index] as HeldRun);
  const innocent = runs.filter((run) => !suspects.includes(run));
  const apart = (suspect: HeldRun): AdvancedRun => ({ run: suspect, advance: { kind: 'own_transaction' } });
  const again = (some: readonly HeldRun[]) => advanceTogether(some, tx, crm, advance);
  const isKnown = suspects.length === 1 || found.every(({ error }) => stateOf(error) === null || stateOf(error) === LOCK_TIMEOUT);
  if (isKnown) return [...(await again(innocent)), ...suspects.map(apart)];
  const middle = Math.ceil(suspects.length / 2);
  return [...(await again(innocent)), ...(await again(suspects.slice(0, middle))), ...(await again(suspects.slice(middle)))];
}

/** The SQLSTATE of a failure; null for a step that failed by itself after it had written. */
function stateOf(error: unknown): string | null {
  return sqlState(error);
}
