import type { EntityManager } from 'typeorm';
import { recordset, sql } from '../sql.js';

/** An instance at rest that may go over to another version, locked. */
export interface MigratableInstance {
  id: string;
  versionId: string;
  enteredAt: Date;
  /** Behind which the next batch begins: a text of Postgres, whose microseconds a Date would lose. */
  enteredAtText: string;
}

/** Behind which instance of a state a batch begins. */
export interface MigrationCursor {
  enteredAt: string;
  id: string;
}

/** Before all. */
export const FIRST_INSTANCE: MigrationCursor = { enteredAt: '-infinity', id: '00000000-0000-0000-0000-000000000000' };

/**
 * Locks instances of a state that are on another version than this one, as long as that is the published one; those with a
 * transition under way, and those in somebody's hands, are passed by. Along instances_listed, each once.
 */
export function lockMigratable(
  manager: EntityManager,
  { workspaceId, machineId, versionId, state }: { workspaceId: string; machineId: string; versionId: string; state: string },
  after: MigrationCursor,
  limit: number,
): Promise<MigratableInstance[]> {
  return sql<MigratableInstance>(
    manager,
    `SELECT i.id, i.version_id AS "versionId", i.entered_at AS "enteredAt", i.entered_at::text AS "enteredAtText"
     FROM automation.instances i
     JOIN automation.workflows w ON w.workspace_id = i.workspace_id AND w.id = i.machine_id AND w.published_version_id = $3
     WHERE i.workspace_id = $1 AND i.machine_id = $2 AND i.state = $4 AND (i.entered_at, i.id) > ($5::timestamptz, $6::uuid)
       AND i.version_id <> $3 AND i.transition IS NULL
     ORDER BY i.entered_at, i.id LIMIT $7 FOR NO KEY UPDATE OF i SKIP LOCKED`,
    [workspaceId, machineId, versionId, state, after.enteredAt, after.id, limit],
  );
}

/** Puts locked instances on another version, in the state in which they are. */
export async function moveToVersion(
  manager: EntityManager,
  { workspaceId, versionId, isFinal }: { workspaceId: string; versionId: string; isFinal: boolean },
  instances: readonly { id: string; timeoutAt: Date | null }[],
): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.instances i SET version_id = $2, is_final = $3, timeout_at = r."timeoutAt"
     FROM json_to_recordset($4::json) AS r(id uuid, "timeoutAt" timestamptz) WHERE i.workspace_id = $1 AND i.id = r.id`,
    [workspaceId, versionId, isFinal, recordset(instances)],
  );
}
