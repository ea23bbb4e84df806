import type { EntityManager } from 'typeorm';
import { recordset, sql } from '../sql.js';
import { NOT_OVER } from './admission.js';

/** The step of a run that has started another run, and waits for its end. */
export interface WaitingStep {
  workspaceId: string;
  runId: string;
  path: string;
  attempt: number;
}

/** Notes that these runs wait no more for sub-runs which they have started, or may not: of those without such a step nothing is noted. */
export async function noteLeftSubRuns(manager: EntityManager, runs: readonly { workspaceId: string; runId: string }[]): Promise<void> {
  await sql(
    manager,
    `INSERT INTO automation.left_sub_runs (workspace_id, run_id)
     SELECT DISTINCT "workspaceId", "runId" FROM json_to_recordset($1::json) AS l("workspaceId" text, "runId" uuid)
     WHERE EXISTS (SELECT FROM automation.step_executions s
       WHERE s.workspace_id = "workspaceId" AND s.run_id = "runId" AND s.type = 'run_workflow' AND s.status = 'failed')
     ON CONFLICT (workspace_id, run_id) DO UPDATE SET looked_at = NULL`,
    [recordset(runs)],
  );
}

/** Of these steps those that wait still, each as one text: `<run>/<path>/<attempt>`. */
export async function stillWaiting(manager: EntityManager, steps: readonly WaitingStep[]): Promise<Set<string>> {
  const rows = await sql<{ step: string }>(
    manager,
    `SELECT concat_ws('/', s.run_id, s.path, s.attempt) AS step
     FROM json_to_recordset($1::json) AS p("workspaceId" text, "runId" uuid, path text, attempt integer)
     JOIN automation.step_executions s ON s.workspace_id = p."workspaceId" AND s.run_id = p."runId" AND s.path = p.path AND s.attempt = p.attempt
     WHERE s.status = 'waiting' AND NOT s.superseded`,
    [recordset(steps.map(({ workspaceId, runId, path, attempt }) => ({ workspaceId, runId, path, attempt })))],
  );
  return new Set(rows.map(({ step }) => step));
}

/** A run whose step nobody waits with any more. */
export interface LeftSubRun {
  workspaceId: string;
  id: string;
}

/** Whether there is any run to look at. */
export async function hasLeftSubRuns(manager: EntityManager): Promise<boolean> {
  const [row] = await sql<{ has: boolean }>(manager, 'SELECT EXISTS (SELECT 1 FROM automation.left_sub_runs) AS has');
  return row?.has ?? false;
}

/**
 * Takes some of the runs that wait no more, and returns their sub-runs that are not over and that no step waits for. Each is
 * looked at twice: at once, and when every transaction that was under way then has ended, for a router may have seen the
 * step wait before, and commit the sub-run after. One process at a time looks at a run. Served by the primary keys and
 * runs_parent.
 */
export async function takeLeftSubRuns(manager: EntityManager, limit: number): Promise<{ taken: number; left: LeftSubRun[] }> {
  const [row] = await sql<{ taken: number; left: LeftSubRun[] }>(
    manager,
    `WITH due AS MATERIALIZED (
       SELECT workspace_id, run_id, looked_at FROM automation.left_sub_runs
       WHERE looked_at IS NULL OR looked_at <= pg_snapshot_xmin(pg_current_snapshot()) LIMIT $1 FOR UPDATE SKIP LOCKED
     ), looked AS (
       UPDATE automation.left_sub_runs l SET looked_at = pg_snapshot_xmax(pg_current_snapshot())
       FROM due WHERE l.workspace_id = due.workspace_id AND l.run_id = due.run_id AND due.looked_at IS NULL
     ), done AS (
       DELETE FROM automation.left_sub_runs l USING due
       WHERE l.workspace_id = due.workspace_id AND l.run_id = due.run_id AND due.looked_at IS NOT NULL
     )
     SELECT (SELECT count(*) FROM due)::int AS taken, coalesce((
       SELECT json_agg(json_build_object('workspaceId', r.workspace_id, 'id', r.id) ORDER BY r.id)
       FROM due JOIN automation.runs r ON r.workspace_id = due.workspace_id AND r.parent IS NOT NULL AND r.parent->>'runId' = due.run_id::text
       WHERE r.parent->>'waits' = 'true' AND r.${NOT_OVER} AND NOT EXISTS (
         SELECT FROM automation.step_executions s WHERE s.workspace_id = due.workspace_id AND s.run_id = due.run_id
           AND s.path = r.parent->>'path' AND s.attempt = (r.parent->>'attempt')::integer AND s.status = 'waiting' AND NOT s.superseded)
     ), '[]') AS left`,
    [limit],
  );
  return row ?? { taken: 0, left: [] };
}
