import type { EntityManager } from 'typeorm';
import type { VersionRow } from '../active-workflows.js';
import { recordset, sql } from '../sql.js';

/** A published version of a machine. */
export interface MachineVersionRow extends VersionRow {
  /** By the code of each transition that has steps, the version that its runs belong to. */
  transitions: Record<string, string>;
}

/** Versions of machines by id; those that do not exist are missing. Their transitions are served by workflow_versions_number. */
export function loadMachineVersions(
  manager: EntityManager,
  refs: readonly { workspaceId: string; versionId: string }[],
): Promise<MachineVersionRow[]> {
  return sql<MachineVersionRow>(
    manager,
    `SELECT v.workspace_id AS "workspaceId", v.id AS "versionId", v.version, v.workflow_id AS "workflowId", w.code, w.name, v.transition,
       v.definition, (
         SELECT coalesce(json_object_agg(t.transition, t.id), '{}') FROM automation.workflow_versions t
         WHERE t.workspace_id = v.workspace_id AND t.workflow_id = v.workflow_id AND t.version = v.version AND t.transition IS NOT NULL
       ) AS transitions
     FROM json_to_recordset($1::json) AS r("workspaceId" text, "versionId" uuid)
     JOIN automation.workflow_versions v ON v.workspace_id = r."workspaceId" AND v.id = r."versionId" AND v.transition IS NULL
     JOIN automation.workflows w ON w.workspace_id = v.workspace_id AND w.id = v.workflow_id`,
    [recordset(refs.map(({ workspaceId, versionId }) => ({ workspaceId, versionId })))],
  );
}
