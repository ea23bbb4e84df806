import type { EntityManager } from 'typeorm';
import type { EarlierRun, EarlierRuns } from '../../core/start/start.js';
import { recordset, sql } from '../sql.js';

/** A workflow and a record it may have run on. */
export interface WorkflowOnRecord {
  workspaceId: string;
  workflowId: string;
  module: string;
  recordId: string;
}

/**
 * Takes a lock for each workflow on a record, in one order, so that two routers cannot both find nothing and both start
 * one; then reads, by a statement of its own whose snapshot is younger than the locks, the runs that may stand in the way. Served by
 * runs_record.
 * Keyed by {@link keyOf}; without a run there is no entry.
 */
export async function lockAndLoadEarlierRuns(
  manager: EntityManager,
  pairs: readonly WorkflowOnRecord[],
): Promise<Map<string, EarlierRuns>> {
  if (pairs.length === 0) return new Map();
  await sql(
    manager,
    `SELECT pg_advisory_xact_lock(key) FROM (
       SELECT DISTINCT hashtextextended(concat_ws('/', "workspaceId", "workflowId", module, "recordId"), 0) AS key
       FROM json_to_recordset($1::json) AS p("workspaceId" text, "workflowId" uuid, module text, "recordId" text) ORDER BY key) AS keys`,
    [setOf(pairs)],
  );
  return loadEarlierRuns(manager, pairs);
}

/** The same as they are at this moment, without a lock: for previews. Served by runs_record. */
export async function loadEarlierRuns(manager: EntityManager, pairs: readonly WorkflowOnRecord[]): Promise<Map<string, EarlierRuns>> {
  if (pairs.length === 0) return new Map();
  const rows = await sql<WorkflowOnRecord & Record<keyof EarlierRuns, { id: string; createdAt: string } | null>>(
    manager,
    `SELECT r.workspace_id AS "workspaceId", r.workflow_id AS "workflowId", r.module, r.record_id AS "recordId",
       ${newest(`r.status IN ('queued', 'running', 'waiting')`)} AS active, ${newest(`r.status <> 'failed'`)} AS newest,
       ${newest(`r.status = 'failed'`)} AS "newestFailed"
     FROM (
       SELECT DISTINCT * FROM json_to_recordset($1::json) AS p("workspaceId" text, "workflowId" uuid, module text, "recordId" text)
     ) AS pairs
     JOIN automation.runs r ON r.workspace_id = pairs."workspaceId" AND r.module = pairs.module AND r.record_id = pairs."recordId"
       AND r.workflow_id = pairs."workflowId" AND r.status <> 'skipped'
     GROUP BY r.workspace_id, r.workflow_id, r.module, r.record_id`,
    [setOf(pairs)],
  );
  return new Map(
    rows.map((row) => [keyOf(row), { active: dated(row.active), newest: dated(row.newest), newestFailed: dated(row.newestFailed) }]),
  );
}

/** The newest of a group's runs that pass a test. */
function newest(test: string): string {
  return `(array_agg(json_build_object('id', r.id, 'createdAt', r.created_at) ORDER BY r.created_at DESC, r.id DESC) FILTER (WHERE ${test}))[1]`;
}

function dated(run: { id: string; createdAt: string } | null): EarlierRun | null {
  return run && { id: run.id, createdAt: new Date(run.createdAt) };
}

function setOf(pairs: readonly WorkflowOnRecord[]): string {
  return recordset(pairs.map(({ workspaceId, workflowId, module, recordId }) => ({ workspaceId, workflowId, module, recordId })));
}

/** The name of a workflow on a record. */
export function keyOf({ workspaceId, workflowId, module, recordId }: WorkflowOnRecord): string {
  return JSON.stringify([workspaceId, workflowId, module, recordId]);
}
