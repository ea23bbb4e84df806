import type { EntityManager } from 'typeorm';
import { contextBytes } from '../core/extract.js';
import type { Json, JsonObject } from '../core/json.js';
import { recordset, sql } from './sql.js';

/** Which context. */
export interface ContextOwner {
  workspaceId: string;
  workflowId: string;
}

/** One value of a context as it is to be; null takes it away. */
export interface ContextValue extends ContextOwner {
  key: string;
  value: Json;
}

/** Returns the contexts of these workflows, by the id of the workflow; one without values is missing. By the primary key. */
export async function loadContexts(manager: EntityManager, owners: readonly ContextOwner[]): Promise<Map<string, JsonObject>> {
  const rows = await sql<{ workflow_id: string; values: JsonObject }>(
    manager,
    `SELECT workflow_id, jsonb_object_agg(key, value ORDER BY key) AS values FROM automation.context_values
     WHERE (workspace_id, workflow_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[])) GROUP BY workspace_id, workflow_id`,
    columnsOf(owners),
  );
  return new Map(rows.map((row) => [row.workflow_id, row.values]));
}

/** Has writers of these contexts take turns until they commit; in one order, so that no two wait for each other. */
export async function holdContexts(manager: EntityManager, owners: readonly ContextOwner[]): Promise<void> {
  await sql(
    manager,
    `SELECT pg_advisory_xact_lock(lock) FROM (
       SELECT DISTINCT hashtextextended('automation.context ' || w || ' ' || id, 0) AS lock
       FROM unnest($1::text[], $2::text[]) AS o(w, id) ORDER BY 1) AS locks`,
    columnsOf(owners),
  );
}

/**
 * Writes values: of one key the last counts, and others stay as they are, whoever writes at the same time. Returns the
 * workflows whose contexts would hold more than `mostBytes` now, for the caller to roll back.
 * Writers take turns: two who each have room may have none together.
 */
export async function patchContexts(manager: EntityManager, patch: readonly ContextValue[], mostBytes: number): Promise<Set<string>> {
  const latest = new Map(patch.map((value) => [JSON.stringify([value.workspaceId, value.workflowId, value.key]), value]));
  const values = [...latest.values()];
  const put = values
    .filter(({ value }) => value !== null)
    .map((value) => ({ ...value, bytes: contextBytes({ [value.key]: value.value }) }));
  const gone = values.filter(({ value }) => value === null);
  await holdContexts(manager, values);
  if (gone.length > 0) {
    await sql(
      manager,
      `DELETE FROM automation.context_values c USING json_to_recordset($1::json) AS g("workspaceId" text, "workflowId" uuid, key text)
       WHERE c.workspace_id = g."workspaceId" AND c.workflow_id = g."workflowId" AND c.key = g.key`,
      [recordset(gone)],
    );
  }
  if (put.length === 0) return new Set();
  await sql(
    manager,
    `INSERT INTO automation.context_values (workspace_id, workflow_id, key, value, bytes)
     SELECT "workspaceId", "workflowId", key, value, bytes
     FROM json_to_recordset($1::json) AS p("workspaceId" text, "workflowId" uuid, key text, value jsonb, bytes integer)
     ON CONFLICT (workspace_id, workflow_id, key) DO UPDATE SET value = excluded.value, bytes = excluded.bytes, updated_at = now()`,
    [recordset(put)],
  );
  const full = await sql<{ workflow_id: string }>(
    manager,
    `SELECT workflow_id FROM automation.context_values WHERE (workspace_id, workflow_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
     GROUP BY workspace_id, workflow_id HAVING sum(bytes) > $3`,
    [...columnsOf(put), mostBytes],
  );
  return new Set(full.map((row) => row.workflow_id));
}

function columnsOf(owners: readonly ContextOwner[]): [string[], string[]] {
  return [owners.map(({ workspaceId }) => workspaceId), owners.map(({ workflowId }) => workflowId)];
}
