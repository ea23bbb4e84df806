import type { EntityManager } from 'typeorm';
import type { Json } from '../core/json.js';
import { recordset, sql } from './sql.js';

/** One active workflow of a workspace, without its definition. */
export interface ActiveWorkflow {
  id: string;
  code: string;
  name: string;
  versionId: string;
}

/** A published version, with what runs need to know of its workflow. */
export interface VersionRow {
  workspaceId: string;
  versionId: string;
  version: number;
  workflowId: string;
  code: string;
  name: string;
  /** Of a version that a machine's transition runs, its code. */
  transition: string | null;
  definition: Json;
}

/** What is active in a workspace, workflows and machines, as {@link loadActiveWorkflows}. */
export function loadActive(manager: EntityManager, workspaceId: string): Promise<(ActiveWorkflow & { kind: 'workflow' | 'machine' })[]> {
  return sql(
    manager,
    `SELECT id, code, name, kind, published_version_id AS "versionId" FROM automation.workflows
     WHERE workspace_id = $1 AND status = 'active' AND published_version_id IS NOT NULL ORDER BY id`,
    [workspaceId],
  );
}

/** What is active in a workspace, in the order in which workflows were created. Definitions are loaded apart, once each. */
export function loadActiveWorkflows(manager: EntityManager, workspaceId: string): Promise<ActiveWorkflow[]> {
  return sql<ActiveWorkflow>(
    manager,
    `SELECT id, code, name, published_version_id AS "versionId" FROM automation.workflows
     WHERE workspace_id = $1 AND kind = 'workflow' AND status = 'active' AND published_version_id IS NOT NULL ORDER BY id`,
    [workspaceId],
  );
}

/** How many workflows are active in all workspaces together: asked once, when a process starts, and a table of workflows is small. */
export async function countActiveWorkflows(manager: EntityManager): Promise<number> {
  const [row] = await sql<{ count: number }>(
    manager,
    `SELECT count(*)::int AS count FROM automation.workflows
     WHERE kind = 'workflow' AND status = 'active' AND published_version_id IS NOT NULL`,
    [],
  );
  return row?.count ?? 0;
}

/** How many workflows of a workspace are active, beside one of them. */
export async function countActiveOthers(manager: EntityManager, workspaceId: string, workflowId: string | null): Promise<number> {
  const [row] = await sql<{ count: number }>(
    manager,
    `SELECT count(*)::int AS count FROM automation.workflows
     WHERE workspace_id = $1 AND kind = 'workflow' AND status = 'active' AND published_version_id IS NOT NULL AND id IS DISTINCT FROM $2::uuid`,
    [workspaceId, workflowId],
  );
  return row?.count ?? 0;
}

/**
 * Holds the active workflows of these workspaces as they are until the transaction ends, and returns their generations; a
 * workspace that never published anything is missing. Whoever publishes or pauses there waits meanwhile, and a generation
 * that is read here cannot be out of date: the function takes the locks first, and reads by a later snapshot. For routers
 * a claim of events has mostly done so already, where nobody published just then.
 */
export async function shareActiveWorkflows(manager: EntityManager, workspaceIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await sql<{ workspaceId: string; generation: string }>(
    manager,
    `SELECT workspace_id AS "workspaceId", generation FROM automation.share_active_workflows($1)`,
    [workspaceIds],
  );
  return new Map(rows.map(({ workspaceId, generation }) => [workspaceId, generation]));
}

/** The other side of {@link shareActiveWorkflows}: routers of this workspace that began earlier have ended when it returns. */
export async function changeActiveWorkflows(manager: EntityManager, workspaceId: string): Promise<void> {
  await sql(manager, 'SELECT pg_advisory_xact_lock(automation.active_workflows_key($1))', [workspaceId]);
}

/** A workflow that a start names, and its version to run; or a machine. */
export interface TargetedWorkflow {
  workflowId: string;
  kind: 'workflow' | 'machine';
  status: string;
  /** The version that the target names, else the published one; null when there is none. */
  versionId: string | null;
}

/** The workflows that starts name; those that are gone are missing. Read under {@link shareActiveWorkflows}. */
export function loadTargets(
  manager: EntityManager,
  targets: readonly { workspaceId: string; workflowId: string; versionId?: string }[],
): Promise<(TargetedWorkflow & { workspaceId: string; asked: string | null })[]> {
  return sql(
    manager,
    `SELECT w.workspace_id AS "workspaceId", w.id AS "workflowId", w.kind, w.status, t."versionId" AS asked,
       CASE WHEN t."versionId" IS NULL THEN w.published_version_id ELSE (
         SELECT v.id FROM automation.workflow_versions v
         WHERE v.workspace_id = w.workspace_id AND v.id = t."versionId" AND v.workflow_id = w.id) END AS "versionId"
     FROM json_to_recordset($1::json) AS t("workspaceId" text, "workflowId" uuid, "versionId" uuid)
     JOIN automation.workflows w ON w.workspace_id = t."workspaceId" AND w.id = t."workflowId"`,
    [recordset(targets.map(({ workspaceId, workflowId, versionId }) => ({ workspaceId, workflowId, versionId: versionId ?? null })))],
  );
}

/** Published versions by id, with the settings that they did not name where the version says what these are. */
export function loadVersions(manager: EntityManager, refs: readonly { workspaceId: string; versionId: string }[]): Promise<VersionRow[]> {
  return sql<VersionRow>(
    manager,
    `SELECT v.workspace_id AS "workspaceId", v.id AS "versionId", v.version, v.workflow_id AS "workflowId", w.code, w.name, v.transition,
       CASE WHEN v.setting_defaults IS NULL THEN v.definition
         ELSE jsonb_set(v.definition, '{settings}', v.setting_defaults || coalesce(v.definition->'settings', '{}')) END AS definition
     FROM json_to_recordset($1::json) AS r("workspaceId" text, "versionId" uuid)
     JOIN automation.workflow_versions v ON v.workspace_id = r."workspaceId" AND v.id = r."versionId"
     JOIN automation.workflows w ON w.workspace_id = v.workspace_id AND w.id = v.workflow_id`,
    [recordset(refs)],
  );
}
