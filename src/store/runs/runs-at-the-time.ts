import type { EntityManager } from 'typeorm';
import type { EarlierRun, EarlierRuns } from '../../core/start/start.js';
import { recordset, sql } from '../sql.js';

/** An event of the past on a record that a workflow may have run on. */
export interface PastStart {
  eventId: string;
  module: string;
  recordId: string;
  occurredAt: string;
}

/**
 * The runs that may have stood in the way of each of these events, by event: one that was not over when it happened, and the
 * newest from before `period`. What ran within the period is left to a simulation, which makes runs of its own there. Each
 * is looked for by itself and backwards, so that long histories are read no further than to the first that fits. Served by
 * runs_record.
 */
export async function loadRunsAtTheTime(
  manager: EntityManager,
  { workspaceId, id }: { workspaceId: string; id: string },
  starts: readonly PastStart[],
  period: Date,
): Promise<Map<string, EarlierRuns>> {
  if (starts.length === 0) return new Map();
  const one = (test: string): string =>
    `(SELECT json_build_object('id', r.id, 'createdAt', r.created_at) FROM automation.runs r
      WHERE r.workspace_id = $2 AND r.workflow_id = $3 AND r.module = p.module AND r.record_id = p."recordId" AND r.status <> 'skipped' AND ${test}
      ORDER BY r.id DESC LIMIT 1)`;
  const rows = await sql<{ eventId: string } & Record<keyof EarlierRuns, { id: string; createdAt: string } | null>>(
    manager,
    `SELECT p."eventId",
       ${one(`r.created_at <= p."occurredAt" AND COALESCE(r.finished_at, 'infinity') > p."occurredAt" AND r.event_id IS DISTINCT FROM p."eventId"`)} AS active,
       ${one(`r.created_at < $4 AND r.status <> 'failed'`)} AS newest,
       ${one(`r.created_at < $4 AND r.status = 'failed'`)} AS "newestFailed"
     FROM json_to_recordset($1::json) AS p("eventId" uuid, module text, "recordId" text, "occurredAt" timestamptz)`,
    [recordset(starts), workspaceId, id, period],
  );
  return new Map(
    rows.map((row) => [row.eventId, { active: dated(row.active), newest: dated(row.newest), newestFailed: dated(row.newestFailed) }]),
  );
}

function dated(run: { id: string; createdAt: string } | null): EarlierRun | null {
  return run && { id: run.id, createdAt: new Date(run.createdAt) };
}
