import type { EntityManager } from 'typeorm';
import { recordset, sql } from '../sql.js';

/** An instance that has been in its state for too long. */
export interface DueInstance {
  workspaceId: string;
  id: string;
  machineId: string;
  module: string | null;
  recordId: string | null;
  state: string;
  entry: number;
  timeoutAt: Date;
  /** Is its machine enabled? */
  isEnabled: boolean;
}

/**
 * The instances of a workspace whose timeouts are due, the longest first, locked until the transaction ends. One that somebody
 * moves just now is passed by: whoever has moved it has set its next timeout. Served by instances_due.
 */
export function lockDueInstances(manager: EntityManager, workspaceId: string, limit: number): Promise<DueInstance[]> {
  return sql<DueInstance>(
    manager,
    `SELECT i.workspace_id AS "workspaceId", i.id, i.machine_id AS "machineId", i.module, i.record_id AS "recordId", i.state,
       i.entry::integer, i.timeout_at AS "timeoutAt", coalesce(w.status = 'active', false) AS "isEnabled"
     FROM automation.instances i LEFT JOIN automation.workflows w ON w.workspace_id = i.workspace_id AND w.id = i.machine_id
     WHERE i.workspace_id COLLATE "C" = $1 AND i.timeout_at <= now() ORDER BY i.timeout_at LIMIT $2 FOR NO KEY UPDATE OF i SKIP LOCKED`,
    [workspaceId, limit],
  );
}

/** The timeouts of locked instances are captured; those of disabled machines are noted as missed. */
export async function takeTimeouts(manager: EntityManager, instances: readonly DueInstance[]): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.instances i SET timeout_at = NULL, missed_timeout = CASE WHEN r."isEnabled" THEN i.missed_timeout ELSE i.entry END
     FROM json_to_recordset($1::json) AS r("workspaceId" text, id uuid, "isEnabled" boolean)
     WHERE i.workspace_id = r."workspaceId" AND i.id = r.id`,
    [recordset(instances.map(({ workspaceId, id, isEnabled }) => ({ workspaceId, id, isEnabled })))],
  );
}

/** The timeouts that a machine has missed while it was disabled are due now. Served by instances_missed. */
export async function fireMissedTimeouts(manager: EntityManager, workspaceId: string, machineId: string): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.instances SET timeout_at = CASE WHEN missed_timeout = entry THEN now() ELSE timeout_at END, missed_timeout = NULL
     WHERE workspace_id = $1 AND machine_id = $2 AND missed_timeout IS NOT NULL`,
    [workspaceId, machineId],
  );
}

/** States of versions in which a timeout that came due while the machine was disabled begins anew. */
export interface RestartedTimeout {
  versionId: string;
  state: string;
  timeoutAt: Date;
}

/**
 * The timeouts that a machine has missed, and those that are due and were not looked at yet, begin anew; in states that have
 * none any more they are forgotten. Served by instances_missed and instances_listed.
 */
export async function restartMissedTimeouts(
  manager: EntityManager,
  workspaceId: string,
  machineId: string,
  timeouts: readonly RestartedTimeout[],
): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.instances i SET timeout_at = r."timeoutAt", missed_timeout = NULL
     FROM json_to_recordset($3::json) AS r("versionId" uuid, state text, "timeoutAt" timestamptz)
     WHERE i.workspace_id = $1 AND i.machine_id = $2 AND i.version_id = r."versionId" AND i.state = r.state
       AND (i.missed_timeout = i.entry OR i.timeout_at <= now())`,
    [workspaceId, machineId, recordset(timeouts)],
  );
  await sql(
    manager,
    'UPDATE automation.instances SET missed_timeout = NULL WHERE workspace_id = $1 AND machine_id = $2 AND missed_timeout IS NOT NULL',
    [workspaceId, machineId],
  );
}
