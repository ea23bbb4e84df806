import type { EntityManager } from 'typeorm';
import { prepared } from './prepared-statements.js';
import { recordset } from './sql.js';
import { ADD_DAYS, DayDeltas } from './workflow-days.js';

/** How many rows a workflow's counters are spread over. */
const SLOTS = 16;

/** What one transaction adds to the counters of one workflow. */
export interface StatsDelta {
  workspaceId: string;
  workflowId: string;
  started: number;
  succeeded: number;
  failed: number;
  skipped: number;
  cancelled: number;
}

/**
 * Adds to the counters, and what ended to the statistics of its day: one statement a transaction, into a random slot, rows
 * in one order, so that concurrent batches neither queue behind one hot row nor deadlock (the counters come first). A
 * transaction in which nothing ended writes no day.
 */
export async function addStats(manager: EntityManager, deltas: readonly StatsDelta[], days = new DayDeltas()): Promise<void> {
  if (deltas.length === 0) return;
  const slot = Math.floor(Math.random() * SLOTS);
  const { rows } = days;
  await prepared(
    manager,
    `${rows.length === 0 ? '' : `WITH days AS (${ADD_DAYS})`}
     INSERT INTO automation.workflow_stats AS s (workspace_id, workflow_id, slot, started, succeeded, failed, skipped, cancelled, last_run_at)
     SELECT "workspaceId", "workflowId", $2, started, succeeded, failed, skipped, cancelled, CASE WHEN started > 0 THEN now() END
     FROM json_to_recordset($1::json) AS d("workspaceId" text, "workflowId" uuid, started bigint, succeeded bigint, failed bigint,
       skipped bigint, cancelled bigint)
     ORDER BY "workspaceId", "workflowId"
     ON CONFLICT (workspace_id, workflow_id, slot) DO UPDATE SET started = s.started + excluded.started,
       succeeded = s.succeeded + excluded.succeeded, failed = s.failed + excluded.failed, skipped = s.skipped + excluded.skipped,
       cancelled = s.cancelled + excluded.cancelled, last_run_at = coalesce(excluded.last_run_at, s.last_run_at)`,
    [recordset(deltas), slot, ...(rows.length === 0 ? [] : [recordset(rows)])],
  );
}
