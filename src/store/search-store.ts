import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';

/** A workflow that a search finds. */
export interface FoundWorkflow {
  id: string;
  code: string;
  name: string;
  /** Null: it has been deleted. */
  status: string | null;
}

/**
 * The workflows of this id, or whose code or name holds the text, exact ones first; also deleted ones. A workspace's workflows
 * are few: read along the primary keys.
 */
export function searchWorkflows(manager: EntityManager, workspaceId: string, text: string, limit: number): Promise<FoundWorkflow[]> {
  return sql<FoundWorkflow>(
    manager,
    `SELECT n.id, n.code, n.name, w.status FROM automation.workflow_names n
     LEFT JOIN automation.workflows w ON w.workspace_id = n.workspace_id AND w.id = n.id
     WHERE n.workspace_id = $1 AND n.kind = 'workflow' AND (n.id::text = lower($2) OR n.code ILIKE $3 OR n.name ILIKE $3)
     ORDER BY (n.id::text = lower($2) OR n.code = $2 OR lower(n.name) = lower($2)) DESC, w.status IS NULL, n.name, n.id LIMIT $4`,
    [workspaceId, text, `%${text.replace(/[\\%_]/g, '\\$&')}%`, limit],
  );
}

/** Those of these modules in which something has happened to a record of this id. Two looks a module: events_record and runs_record. */
export async function findModulesOf(
  manager: EntityManager,
  workspaceId: string,
  recordId: string,
  modules: readonly string[],
): Promise<string[]> {
  const rows = await sql<{ module: string }>(
    manager,
    `SELECT m.module FROM unnest($3::text[]) AS m(module)
     WHERE EXISTS (SELECT 1 FROM automation.events e WHERE e.workspace_id = $1 AND e.module = m.module AND e.record_id = $2)
       OR EXISTS (SELECT 1 FROM automation.runs r WHERE r.workspace_id = $1 AND r.module = m.module AND r.record_id = $2)`,
    [workspaceId, recordId, modules],
  );
  return rows.map(({ module }) => module);
}
