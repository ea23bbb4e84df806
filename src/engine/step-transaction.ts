import type { EntityManager } from 'typeorm';
import type { CrmHost } from '../host/crm-host.js';
import { CrmUnitOfWork } from '../host/crm-session.js';
import { AutomationDatabase } from '../store/database.js';
import type { EventRow } from '../store/event-store.js';
import { sql } from '../store/sql.js';
import type { AdvancedRun } from './run-recorder.js';
import type { Advance, RunState } from './run-state.js';

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
  events: EventRow[];
}

/**
 * Begins the work of a transaction that routes or advances runs; its first statement, so that every later one has a
 * snapshot younger than the shared catalogue lock. The lock timeout is below the second after which Postgres looks for
 * deadlocks: between us and the CRM, we are the ones who give way.
 */
export async function openStepTransaction(manager: EntityManager, kind: StepTransaction['kind'], crm: CrmHost): Promise<StepTransaction> {
  const [clock] = await sql<{ now: Date }>(
    manager,
    `SELECT now() AS now, ${AutomationDatabase.SHARE_CATALOGUE}, set_config('lock_timeout', '500ms', true)`,
  );
  return { kind, manager, now: clock?.now ?? new Date(0), unit: new CrmUnitOfWork(crm, manager), events: [] };
}

/** Advances runs side by side in a shared transaction. All end before a failure is thrown, so that none writes behind the ROLLBACK. */
export async function advanceAll(runs: readonly RunState[], advance: (run: RunState) => Promise<Advance>): Promise<AdvancedRun[]> {
  const results = await Promise.allSettled(runs.map(advance));
  return results.map((result, index) => {
    if (result.status === 'rejected') throw result.reason;
    return { run: runs[index] as RunState, advance: result.value };
  });
}
