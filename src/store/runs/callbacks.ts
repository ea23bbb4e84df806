import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../../core/errors.js';
import type { Json } from '../../core/json.js';
import { recordset, sql } from '../sql.js';

/** In the log of a run, where calls about its end stand: no step is there. */
export const CALLBACK_PATH = 'settings.';

/** Notes whom to tell of these ends, in their transaction, where the version says whom. The end of a run that ended before comes in its place. */
export async function noteCallbacks(
  manager: EntityManager,
  runs: readonly { workspaceId: string; id: string; status: string }[],
): Promise<void> {
  await sql(
    manager,
    `INSERT INTO automation.run_callbacks (workspace_id, run_id, kind, first_attempt)
     SELECT r.workspace_id, r.id, e.kind, 1 + coalesce((SELECT max(s.attempt) FROM automation.step_executions s
       WHERE s.workspace_id = r.workspace_id AND s.run_id = r.id AND s.path = '${CALLBACK_PATH}' || e.kind), 0)
     FROM json_to_recordset($1::json) AS e("workspaceId" text, id uuid, kind text)
     JOIN automation.runs r ON r.workspace_id = e."workspaceId" AND r.id = e.id
     JOIN automation.workflow_versions v ON v.workspace_id = r.workspace_id AND v.id = r.version_id
     WHERE v.definition->'settings' ? e.kind
     ON CONFLICT (workspace_id, run_id) DO UPDATE SET kind = excluded.kind, first_attempt = excluded.first_attempt, due_at = now(),
       fence = run_callbacks.fence + 1`,
    [recordset(runs.map(({ workspaceId, id, status }) => ({ workspaceId, id, kind: status === 'succeeded' ? 'onSuccess' : 'onFailure' })))],
  );
}

/** An end that is about to be told, and all that is told of it. */
export interface DueCallback {
  workspaceId: string;
  runId: string;
  kind: 'onSuccess' | 'onFailure';
  firstAttempt: number;
  /** How many attempts there were, of earlier ends too. */
  lastAttempt: number;
  lastPosition: number;
  fence: number;
  now: Date;
  status: string;
  reason: string | null;
  error: LoggedError | null;
  module: string | null;
  recordId: string | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  version: number;
  workflow: { id: string; code: string; name: string };
  /** Null: nobody is to be told any more, for the run or its version is gone, or the run goes on. */
  definition: Json;
}

/** Whether there is any end to be told now. Served by run_callbacks_due. */
export async function hasDueCallbacks(manager: EntityManager): Promise<boolean> {
  const [row] = await sql<{ has: boolean }>(manager, 'SELECT EXISTS (SELECT 1 FROM automation.run_callbacks WHERE due_at <= now()) AS has');
  return row?.has ?? false;
}

/**
 * Takes ends that are due to be told, for so long. Whoever has taken one alone may tell it: the next gets it when that time is over.
 * Those of the workspaces `except` are left for later.
 * Served by run_callbacks_due and the primary keys.
 */
export function takeCallbacks(manager: EntityManager, limit: number, leaseMs: number, except: readonly string[]): Promise<DueCallback[]> {
  return sql<DueCallback>(
    manager,
    `WITH due AS MATERIALIZED (
       SELECT workspace_id AS w, run_id AS i FROM automation.run_callbacks WHERE due_at <= now() AND workspace_id <> ALL ($3::text[])
       ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
     ), taken AS (
       UPDATE automation.run_callbacks SET due_at = now() + $2 * interval '1 ms', fence = fence + 1 FROM due
       WHERE workspace_id = w AND run_id = i RETURNING run_callbacks.*
     )
     SELECT t.workspace_id AS "workspaceId", t.run_id AS "runId", t.kind, t.first_attempt AS "firstAttempt", t.fence, now() AS now,
       coalesce((SELECT max(s.attempt) FROM automation.step_executions s
         WHERE s.workspace_id = t.workspace_id AND s.run_id = t.run_id AND s.path = '${CALLBACK_PATH}' || t.kind), 0) AS "lastAttempt",
       coalesce((SELECT max(s.position) FROM automation.step_executions s
         WHERE s.workspace_id = t.workspace_id AND s.run_id = t.run_id), -1) AS "lastPosition",
       r.status, r.reason, r.error, r.module, r.record_id AS "recordId", r.started_at AS "startedAt", r.finished_at AS "finishedAt", r.version,
       json_build_object('id', r.workflow_id, 'code', coalesce(n.code, ''), 'name', coalesce(n.name, '')) AS workflow,
       CASE WHEN r.status IN ('succeeded', 'failed') THEN v.definition END AS definition
     FROM taken t
     LEFT JOIN automation.runs r ON r.workspace_id = t.workspace_id AND r.id = t.run_id
     LEFT JOIN automation.workflow_versions v ON v.workspace_id = r.workspace_id AND v.id = r.version_id
     LEFT JOIN automation.workflow_names n ON n.workspace_id = r.workspace_id AND n.id = r.workflow_id`,
    [limit, leaseMs, except],
  );
}

/** Marks attempts as lost whose process never said what became of them; those that failed are tried again now. */
export async function closeCallbackAttempts(manager: EntityManager, taken: readonly DueCallback[], error: LoggedError): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.step_executions s SET status = CASE s.status WHEN 'running' THEN 'lost' ELSE s.status END,
       error = CASE s.status WHEN 'running' THEN $2::jsonb ELSE s.error END, finished_at = coalesce(s.finished_at, now()), wake_at = NULL
     FROM json_to_recordset($1::json) AS t("workspaceId" text, "runId" uuid, path text)
     WHERE s.workspace_id = t."workspaceId" AND s.run_id = t."runId" AND s.path = t.path
       AND (s.status = 'running' OR (s.status = 'failed' AND s.wake_at IS NOT NULL))`,
    [recordset(taken.map(({ workspaceId, runId, kind }) => ({ workspaceId, runId, path: CALLBACK_PATH + kind }))), JSON.stringify(error)],
  );
}

/** Ends what was taken, or puts it off until then. False: somebody else has it by now. */
export async function settleCallback(
  manager: EntityManager,
  { workspaceId, runId, fence }: Pick<DueCallback, 'workspaceId' | 'runId' | 'fence'>,
  again: Date | null,
): Promise<boolean> {
  const mine = 'workspace_id = $1 AND run_id = $2 AND fence = $3';
  const rows =
    again === null
      ? await sql(manager, `DELETE FROM automation.run_callbacks WHERE ${mine} RETURNING 1`, [workspaceId, runId, fence])
      : await sql(manager, `UPDATE automation.run_callbacks SET due_at = $4 WHERE ${mine} RETURNING 1`, [workspaceId, runId, fence, again]);
  return rows.length > 0;
}
