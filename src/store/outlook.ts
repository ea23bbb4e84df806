import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';

/** What there is to do, for whoever does it. */
export interface Outlook {
  /** Events that nobody has routed. */
  events: boolean;
  /** Queued runs; those that are queued for a little later count too. */
  runs: boolean;
  /** Runs that wait for their turn: whether it has come, only their queues tell. */
  queues: boolean;
  /** Runs that wait no more for sub-runs which may not be over. */
  leftSubRuns: boolean;
  /** Ends of runs that somebody is to be told of now. */
  callbacks: boolean;
  /** When the next wait or lease ends, in milliseconds from now: 0 or less when it is over, null when there is none. */
  nextEndInMs: number | null;
}

/**
 * One look at the tables, which takes nothing and locks nothing: eight probes of an index each, whatever there is. Queued runs
 * are in two indexes, see `claimRuns`. `held`: runs of the caller, whose leases it renews itself.
 */
export async function lookAround(manager: EntityManager, held: readonly string[]): Promise<Outlook> {
  const [outlook] = await sql<Outlook>(
    manager,
    `SELECT EXISTS (SELECT 1 FROM automation.events WHERE routed_at IS NULL) AS events,
       EXISTS (SELECT 1 FROM automation.runs WHERE status = 'queued' AND recoveries <= 1 AND due_at IS NOT NULL)
         OR EXISTS (SELECT 1 FROM automation.runs WHERE status = 'queued' AND recoveries > 1) AS runs,
       EXISTS (SELECT 1 FROM automation.runs WHERE admission = 'queue' AND status = 'queued')
         OR EXISTS (SELECT 1 FROM automation.runs WHERE admission = 'record' AND status = 'queued') AS queues,
       EXISTS (SELECT 1 FROM automation.left_sub_runs) AS "leftSubRuns",
       EXISTS (SELECT 1 FROM automation.run_callbacks WHERE due_at <= now()) AS callbacks,
       extract(epoch FROM least(
         (SELECT due_at FROM automation.runs WHERE status = 'waiting' ORDER BY due_at LIMIT 1),
         (SELECT due_at FROM automation.runs WHERE status = 'running' AND id <> ALL($1::uuid[]) ORDER BY due_at LIMIT 1)
       ) - now())::float8 * 1000 AS "nextEndInMs"`,
    [held],
  );
  return outlook ?? { events: false, runs: false, queues: false, leftSubRuns: false, callbacks: false, nextEndInMs: null };
}
