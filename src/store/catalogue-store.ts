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
  definition: Json;
}

/** What is active in a workspace, in the order in which workflows were created. Definitions are loaded apart, once each. */
export function loadActiveWorkflows(manager: EntityManager, workspaceId: string): Promise<ActiveWorkflow[]> {
  return sql<ActiveWorkflow>(
    manager,
    `SELECT id, code, name, published_version_id AS "versionId" FROM automation.workflows
     WHERE workspace_id = $1 AND status = 'active' AND published_version_id IS NOT NULL ORDER BY id`,
    [workspaceId],
  );
}

/** The generations of workspaces' catalogues; a workspace that never published anything is missing. */
export async function loadGenerations(manager: EntityManager, workspaceIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await sql<{ workspaceId: string; generation: string }>(
    manager,
    'SELECT workspace_id AS "workspaceId", generation FROM automation.catalogue_generations WHERE workspace_id = ANY($1)',
    [workspaceIds],
  );
  return new Map(rows.map(({ workspaceId, generation }) => [workspaceId, generation]));
}

/** Published versions by id. */
export function loadVersions(manager: EntityManager, refs: readonly { workspaceId: string; versionId: string }[]): Promise<VersionRow[]> {
  return sql<VersionRow>(
    manager,
    `SELECT v.workspace_id AS "workspaceId", v.id AS "versionId", v.version, v.workflow_id AS "workflowId", w.code, w.name, v.definition
     FROM json_to_recordset($1::json) AS r("workspaceId" text, "versionId" uuid)
     JOIN automation.workflow_versions v ON v.workspace_id = r."workspaceId" AND v.id = r."versionId"
     JOIN automation.workflows w ON w.workspace_id = v.workspace_id AND w.id = v.workflow_id`,
    [recordset(refs)],
  );
}
