import type { EntityManager } from 'typeorm';
import { recordset, sql } from './sql.js';

/** How many rows a workspace's count is spread over: routers of one workspace rarely meet on one. */
const SLOTS = 16;
const THIS_MONTH = `date_trunc('month', now() AT TIME ZONE 'UTC')::date`;

/** Adds runs to the present month's counts: one upsert a transaction, into a random slot, rows in one order. Served by the primary key. */
export async function addMonthlyRuns(manager: EntityManager, started: ReadonlyMap<string, number>): Promise<void> {
  if (started.size === 0) return;
  await sql(
    manager,
    `INSERT INTO automation.monthly_runs AS m (workspace_id, slot, month, started)
     SELECT "workspaceId", $2, ${THIS_MONTH}, started FROM json_to_recordset($1::json) AS d("workspaceId" text, started bigint)
     ORDER BY "workspaceId"
     ON CONFLICT (workspace_id, slot) DO UPDATE SET month = excluded.month,
       started = excluded.started + CASE WHEN m.month = excluded.month THEN m.started ELSE 0 END`,
    [recordset([...started].map(([workspaceId, count]) => ({ workspaceId, started: count }))), Math.floor(Math.random() * SLOTS)],
  );
}

/** How many runs have started in the present month; workspaces without any are missing. Served by the primary key: a few rows each. */
export async function countMonthlyRuns(manager: EntityManager, workspaceIds: readonly string[]): Promise<Map<string, number>> {
  if (workspaceIds.length === 0) return new Map();
  const rows = await sql<{ workspaceId: string; started: string }>(
    manager,
    `SELECT workspace_id AS "workspaceId", sum(started) AS started FROM automation.monthly_runs
     WHERE workspace_id = ANY ($1::text[]) AND month = ${THIS_MONTH} GROUP BY workspace_id`,
    [workspaceIds],
  );
  return new Map(rows.map(({ workspaceId, started }) => [workspaceId, Number(started)]));
}
