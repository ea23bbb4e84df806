import type { EntityManager } from 'typeorm';
import { sql } from '../sql.js';

/** A machine that a step names. */
export interface NamedMachine {
  id: string;
  isPublished: boolean;
  /** Of its records; null where it follows runs of an integration. */
  module: string | null;
}

/** The machine of this code or id; null when there is none. Served by the unique code and the primary key. */
export async function findMachine(manager: EntityManager, workspaceId: string, idOrCode: string): Promise<NamedMachine | null> {
  const [row] = await sql<NamedMachine>(
    manager,
    `SELECT id, published_version_id IS NOT NULL AS "isPublished", module FROM automation.workflows
     WHERE workspace_id = $1 AND kind = 'machine' AND (code = $2 OR id::text = lower($2)) AND status <> 'archived'
     ORDER BY code = $2 DESC LIMIT 1`,
    [workspaceId, idOrCode],
  );
  return row ?? null;
}
