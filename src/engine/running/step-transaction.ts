import type { EntityManager } from 'typeorm';
import type { CrmHost } from '../../host/crm-host.js';
import { CrmUnitOfWork, type NewEvent } from '../../host/crm-session.js';
import { AutomationDatabase } from '../../store/database.js';
import { sql } from '../../store/sql.js';
import type { AdvancedRun } from './run-recorder.js';
import type { Advance, RunState } from './run-state.js';

/**
 * After how long without a word from us Postgres ends a transaction: what a frozen or vanished process holds (records, the
 * catalogue lock that Pause waits for) comes free. Beyond its lease nobody may write anyway; in a transaction of its own a
 * host's action may be silent for as long as a step may take.
 */
const IDLE_LIMIT = { shared: '30s', own: '6min' };

/** What a local action or a branch needs of the transaction around it. */
export interface StepTransaction {
  /** `shared`: many runs advance in it at the same time; `own`: it belongs to one run. */
  kind: 'shared' | 'own';
  manager: EntityManager;
  /** The database's clock at its start. */
  now: Date;
  /** Reads and writes of records, coalesced over all runs of a shared transaction. */
  unit: CrmUnitOfWork;
  /** Events that steps with a savepoint of their own caused; written with everything else. */
  events: NewEvent[];
}

/**
 * Begins the work of a transaction that routes or advances runs; its first statement, so that every later one has a
 * snapshot younger than the shared catalogue lock. The lock timeout is below the second after which Postgres looks for
 * deadlocks: between us and the CRM, we are the ones who give way. A transaction of its own takes the catalogue lock at its
 * end ({@link shareCatalogue}): a host's action that hangs would hold up Pause, and behind it the routers of every node.
 */
export async function openStepTransaction(manager: EntityManager, kind: StepTransaction['kind'], crm: CrmHost): Promise<StepTransaction> {
  const [clock] = await sql<{ now: Date }>(
    manager,
    `SELECT now() AS now, ${kind === 'shared' ? `${AutomationDatabase.SHARE_CATALOGUE}, ` : ''}set_config('lock_timeout', '500ms', true),
       set_config('idle_in_transaction_session_timeout', '${IDLE_LIMIT[kind]}', true)`,
  );
  return { kind, manager, now: clock?.now ?? new Date(0), unit: new CrmUnitOfWork(crm, manager), events: [] };
}

/**
 * Takes the shared catalogue lock late, when a transaction holds other locks already. It waits longer than for the CRM's: a
 * publication is short, and what is at stake is work done. A statement of its own, see {@link openStepTransaction}.
 */
export async function shareCatalogue(manager: EntityManager): Promise<void> {
  await sql(manager, "SELECT set_config('lock_timeout', '10s', true)");
  await sql(manager, `SELECT ${AutomationDatabase.SHARE_CATALOGUE}`);
}

/** Advances runs side by side in a shared transaction. All end before a failure is thrown, so that none writes behind the ROLLBACK. */
export async function advanceAll(runs: readonly RunState[], advance: (run: RunState) => Promise<Advance>): Promise<AdvancedRun[]> {
  const results = await Promise.allSettled(runs.map(advance));
  return results.map((result, index) => {
    if (result.status === 'rejected') throw result.reason;
    return { run: runs[index] as RunState, advance: result.value };
  });
}
