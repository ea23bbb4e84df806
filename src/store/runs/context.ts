import type { EntityManager } from 'typeorm';
import type { JsonObject } from '../../core/json.js';
import { RowSet } from '../row-set.js';
import { recordset, sql } from '../sql.js';

const CONTEXTS = new RowSet('c', { workspaceId: 'text', id: 'uuid', context: 'jsonb' });

/** Writes the values of their workflows that runs began with, in one statement; their rows are held by this transaction already. */
export async function writeRunContexts(
  manager: EntityManager,
  runs: readonly { workspaceId: string; id: string; context: JsonObject }[],
): Promise<void> {
  if (runs.length === 0) return;
  await sql(
    manager,
    `UPDATE automation.runs r SET context = c.context FROM ${CONTEXTS.from} WHERE r.workspace_id = c."workspaceId" AND r.id = c.id`,
    CONTEXTS.parameters(runs),
  );
}

/** Returns what runs began with, by run id; those that have not begun are missing. By the primary key. */
export async function loadRunContexts(
  manager: EntityManager,
  runs: readonly { workspaceId: string; id: string }[],
): Promise<Map<string, JsonObject>> {
  const rows = await sql<{ id: string; context: JsonObject }>(
    manager,
    `SELECT id, context FROM automation.runs
     WHERE (workspace_id, id) IN (SELECT "workspaceId", id FROM json_to_recordset($1::json) AS r("workspaceId" text, id uuid)) AND context IS NOT NULL`,
    [recordset(runs.map(({ workspaceId, id }) => ({ workspaceId, id })))],
  );
  return new Map(rows.map(({ id, context }) => [id, context]));
}
