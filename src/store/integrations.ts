import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { JsonObject } from '../core/json.js';
import { sql } from './sql.js';

/** What an instance of the integration's machine follows: a record, or a run of the integration. */
export const INTEGRATION_MODES = ['per_record', 'per_run'] as const;
export type IntegrationMode = (typeof INTEGRATION_MODES)[number];

/** What brings records of a workspace and takes them away. */
export interface Integration {
  code: string;
  description: string | null;
  /** Whose records it is about; null: it has runs alone. */
  module: string | null;
  /** The code of the one machine that hears of it; null: whichever listens. */
  machine: string | null;
  mode: IntegrationMode;
  enabled: boolean;
}

/** An integration as it is kept. */
export interface KeptIntegration extends Integration {
  id: string;
  updatedAt: Date;
}

/** The most integrations that a workspace has: they are read whole. */
export const MOST_INTEGRATIONS = 200;

const COLUMNS = 'id, code, description, module, machine, mode, enabled, updated_at AS "updatedAt"';

/** The integrations of a workspace by code; served by the primary key. */
export function listIntegrations(manager: EntityManager, workspaceId: string): Promise<KeptIntegration[]> {
  return sql<KeptIntegration>(manager, `SELECT ${COLUMNS} FROM automation.integrations WHERE workspace_id = $1 ORDER BY code LIMIT $2`, [
    workspaceId,
    MOST_INTEGRATIONS,
  ]);
}

/** One integration; null when there is none of this code. Served by the primary key. */
export async function findIntegration(manager: EntityManager, workspaceId: string, code: string): Promise<KeptIntegration | null> {
  const [row] = await sql<KeptIntegration>(
    manager,
    `SELECT ${COLUMNS} FROM automation.integrations WHERE workspace_id = $1 AND code = $2`,
    [workspaceId, code],
  );
  return row ?? null;
}

/** Writes an integration, new or in the place of what it was, which is returned; null for a new one. */
export async function putIntegration(
  manager: EntityManager,
  workspaceId: string,
  { code, description, module, machine, mode, enabled }: Integration,
): Promise<{ before: KeptIntegration | null; after: KeptIntegration }> {
  const [before] = await sql<KeptIntegration>(
    manager,
    `SELECT ${COLUMNS} FROM automation.integrations WHERE workspace_id = $1 AND code = $2 FOR UPDATE`,
    [workspaceId, code],
  );
  const [after] = await sql<KeptIntegration>(
    manager,
    `INSERT INTO automation.integrations (workspace_id, code, id, description, module, machine, mode, enabled)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (workspace_id, code) DO UPDATE SET description = excluded.description, module = excluded.module,
       machine = excluded.machine, mode = excluded.mode, enabled = excluded.enabled, updated_at = now()
     RETURNING ${COLUMNS}`,
    [workspaceId, code, uuidv7(), description, module, machine, mode, enabled],
  );
  return { before: before ?? null, after: after as KeptIntegration };
}

/** How many integrations a workspace has. */
export async function countIntegrations(manager: EntityManager, workspaceId: string): Promise<number> {
  const [row] = await sql<{ count: number }>(
    manager,
    'SELECT count(*)::int AS count FROM automation.integrations WHERE workspace_id = $1',
    [workspaceId],
  );
  return row?.count ?? 0;
}

/** Removes an integration; returns what it was, null when there was none. */
export async function deleteIntegration(manager: EntityManager, workspaceId: string, code: string): Promise<KeptIntegration | null> {
  const [row] = await sql<KeptIntegration>(
    manager,
    `DELETE FROM automation.integrations WHERE workspace_id = $1 AND code = $2 RETURNING ${COLUMNS}`,
    [workspaceId, code],
  );
  return row ?? null;
}

/**
 * Returns what a machine is for, by its published version or else its draft: null when there is no machine of this code.
 * By the unique key of codes.
 */
export async function subjectOfMachine(manager: EntityManager, workspaceId: string, code: string): Promise<JsonObject | null> {
  const [row] = await sql<{ subject: JsonObject | null }>(
    manager,
    `SELECT coalesce(v.definition, w.draft)->'for' AS subject FROM automation.workflows w
     LEFT JOIN automation.workflow_versions v ON v.workspace_id = w.workspace_id AND v.id = w.published_version_id
     WHERE w.workspace_id = $1 AND w.code = $2 AND w.kind = 'machine'`,
    [workspaceId, code],
  );
  return row ? (row.subject ?? {}) : null;
}

/** Returns the codes of the enabled machines that are for an integration. Goes through the machines of the workspace. */
export async function machinesForIntegration(manager: EntityManager, workspaceId: string, code: string): Promise<string[]> {
  const rows = await sql<{ code: string }>(
    manager,
    `SELECT w.code FROM automation.workflows w
     JOIN automation.workflow_versions v ON v.workspace_id = w.workspace_id AND v.id = w.published_version_id
     WHERE w.workspace_id = $1 AND w.kind = 'machine' AND w.status = 'active' AND v.definition->'for'->>'integration' = $2
     ORDER BY w.code LIMIT 20`,
    [workspaceId, code],
  );
  return rows.map((row) => row.code);
}
