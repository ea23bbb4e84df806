import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';

/** Ages beyond which the log is removed, in milliseconds, and how many rows one statement takes. */
export interface RetentionLimits {
  runsMs: number;
  skippedRunsMs: number;
  eventsMs: number;
  batchSize: number;
}

/**
 * Removes one batch of old finished runs with their steps. A run that still waits is never touched, however old. Small
 * batches keep locks and WAL short; the BRIN index on created_at finds the old end of the table at next to no cost to
 * writers. Answers how many runs went.
 */
export async function removeOldRuns(manager: EntityManager, limits: RetentionLimits): Promise<number> {
  const rows = await sql<{ count: number }>(
    manager,
    `WITH old AS (
       SELECT workspace_id, id FROM automation.runs
       WHERE created_at < now() - least($1::float8, $2::float8) * interval '1 millisecond'
         AND ((status = 'skipped' AND finished_at < now() - $2 * interval '1 millisecond')
           OR (status IN ('succeeded', 'failed', 'cancelled') AND finished_at < now() - $1 * interval '1 millisecond'))
       LIMIT $3 FOR UPDATE SKIP LOCKED
     ), steps AS (
       DELETE FROM automation.step_executions s USING old WHERE s.workspace_id = old.workspace_id AND s.run_id = old.id
     ), gone AS (
       DELETE FROM automation.runs r USING old WHERE r.workspace_id = old.workspace_id AND r.id = old.id RETURNING 1
     ) SELECT count(*)::int AS count FROM gone`,
    [limits.runsMs, limits.skippedRunsMs, limits.batchSize],
  );
  return rows[0]?.count ?? 0;
}

/**
 * Removes one batch of old routed events, never one that a run needs which is not over, or has failed and may be retried.
 * Answers how many went.
 */
export async function removeOldEvents(manager: EntityManager, limits: RetentionLimits): Promise<number> {
  const rows = await sql<{ count: number }>(
    manager,
    `WITH old AS (
       SELECT workspace_id, id FROM automation.events e
       WHERE occurred_at < now() - $1::float8 * interval '1 millisecond' AND routed_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM automation.runs r WHERE r.workspace_id = e.workspace_id AND r.event_id = e.id
           AND (r.finished_at IS NULL OR r.status = 'failed'))
       LIMIT $2 FOR UPDATE SKIP LOCKED
     ), gone AS (
       DELETE FROM automation.events e USING old WHERE e.workspace_id = old.workspace_id AND e.id = old.id RETURNING 1
     ) SELECT count(*)::int AS count FROM gone`,
    [limits.eventsMs, limits.batchSize],
  );
  return rows[0]?.count ?? 0;
}
