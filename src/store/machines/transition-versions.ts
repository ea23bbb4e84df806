import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import type { TransitionVersion } from '../../core/machine/transition-versions.js';
import { recordset, sql } from '../sql.js';

/** Writes, beside a machine's version, what its transitions do, as versions of their own; their runs belong to these. */
export async function insertTransitionVersions(
  manager: EntityManager,
  workspaceId: string,
  versionId: string,
  transitions: readonly TransitionVersion[],
): Promise<void> {
  if (transitions.length === 0) return;
  const rows = transitions.map(({ transition, ends, definition }) => ({ id: uuid(), transition, ends, definition }));
  await sql(
    manager,
    `INSERT INTO automation.workflow_versions (workspace_id, id, workflow_id, version, transition, ends, definition,
       definition_sent, published_at, published_by, note)
     SELECT v.workspace_id, t.id, v.workflow_id, v.version, t.transition, t.ends, t.definition::jsonb, t.definition, v.published_at,
       v.published_by, v.note
     FROM automation.workflow_versions v, json_to_recordset($3::json) AS t(id uuid, transition text, ends jsonb, definition json)
     WHERE v.workspace_id = $1 AND v.id = $2`,
    [workspaceId, versionId, recordset(rows)],
  );
}
