import type { EntityManager } from 'typeorm';
import { recordset, sql } from '../sql.js';
import type { Turn, Turns } from '../turns.js';

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

/** Workspaces with instances whose states have timeouts, and when the first of each is due: one probe of instances_due for each workspace. */
const WAITING = `WITH RECURSIVE waiting(w, due_at) AS (
    SELECT first.w, first.due_at FROM (
      SELECT workspace_id AS w, timeout_at AS due_at FROM automation.instances
      WHERE timeout_at IS NOT NULL AND workspace_id COLLATE "C" > $1::text ORDER BY workspace_id COLLATE "C", timeout_at LIMIT 1
    ) AS first
    UNION ALL
    SELECT next.w, next.due_at FROM waiting, LATERAL (
      SELECT workspace_id AS w, timeout_at AS due_at FROM automation.instances
      WHERE timeout_at IS NOT NULL AND workspace_id COLLATE "C" > waiting.w ORDER BY workspace_id COLLATE "C", timeout_at LIMIT 1
    ) AS next
  )`;

/** The workspaces in which a timeout is due, at most `most`, beginning with the one whose turn it is. */
export async function workspacesWithDueInstances(manager: EntityManager, most: number, turns: Turns): Promise<string[]> {
  const rows = await turns.take((after) =>
    sql<Turn & { workspaceId: string }>(
      manager,
      `${WAITING}, due AS (SELECT w FROM waiting WHERE due_at <= now() LIMIT $2::int)
       SELECT w AS "workspaceId", (SELECT CASE WHEN count(*) >= $2::int THEN max(w COLLATE "C") ELSE '' END FROM due) AS "nextTurn",
         (SELECT count(*)::int FROM due) AS "busyWorkspaces" FROM due`,
      [after, most],
    ),
  );
  return rows.map(({ workspaceId }) => workspaceId);
}

/** How long until a timeout is due, in milliseconds; 0 when one is, null when no state has one. */
export async function nextTimeoutIn(manager: EntityManager): Promise<number | null> {
  const [row] = await sql<{ ms: number | null }>(
    manager,
    `${WAITING} SELECT (extract(epoch FROM min(due_at) - now()) * 1000)::float8 AS ms FROM waiting`,
    [''],
  );
  return row === undefined || row.ms === null ? null : Math.max(0, row.ms);
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
