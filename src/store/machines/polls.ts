import type { EntityManager } from 'typeorm';
import { recordset, sql } from '../sql.js';

/** Names the poll of a version's transition. */
export interface PollRef {
  workspaceId: string;
  versionId: string;
  transition: string;
}

/** Behind which instance the walk of a tick goes on. */
export interface PollCursor {
  state: string;
  /** To the microsecond, as Postgres writes it; null: from the beginning of the state. */
  enteredAt: string | null;
  id: string | null;
}

/** A poll whose tick is due, or is being walked. */
export interface DuePoll extends PollRef {
  machineId: string;
  nextAt: Date;
  /** Null: the tick has not been begun. */
  cursor: PollCursor | null;
  now: Date;
  /** Whether its machine is enabled. */
  isEnabled: boolean;
  isPublished: boolean;
}

/** Notes when the polls of a version tick first. */
export async function insertPolls(
  manager: EntityManager,
  polls: readonly (PollRef & { machineId: string; nextAt: Date })[],
): Promise<void> {
  if (polls.length === 0) return;
  await sql(
    manager,
    `INSERT INTO automation.machine_polls (workspace_id, version_id, transition, machine_id, next_at)
     SELECT "workspaceId", "versionId", transition, "machineId", "nextAt" FROM json_to_recordset($1::json)
       AS r("workspaceId" text, "versionId" uuid, transition text, "machineId" uuid, "nextAt" timestamptz)
     ON CONFLICT DO NOTHING`,
    [recordset(polls)],
  );
}

/**
 * Locks the poll that is due and was looked at longest ago: of several, each has its turn, however many instances it walks
 * through. Another node passes it by. Served by machine_polls_due.
 */
export async function lockDuePoll(manager: EntityManager): Promise<DuePoll | null> {
  const [row] = await sql<DuePoll>(
    manager,
    `SELECT p.workspace_id AS "workspaceId", p.version_id AS "versionId", p.transition, p.machine_id AS "machineId", p.next_at AS "nextAt",
       p.cursor, now() AS now, coalesce(w.status = 'active', false) AS "isEnabled",
       coalesce(w.published_version_id = p.version_id, false) AS "isPublished"
     FROM automation.machine_polls p LEFT JOIN automation.workflows w ON w.workspace_id = p.workspace_id AND w.id = p.machine_id
     WHERE p.next_at <= now() ORDER BY p.looked_at LIMIT 1 FOR UPDATE OF p SKIP LOCKED`,
  );
  return row ?? null;
}

/** Notes how far a locked poll has come: another part of its tick, or the next tick. */
export async function advancePoll(
  manager: EntityManager,
  { workspaceId, versionId, transition }: PollRef,
  { nextAt, cursor }: { nextAt: Date; cursor: PollCursor | null },
): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.machine_polls SET next_at = $4, cursor = $5, looked_at = now()
     WHERE workspace_id = $1 AND version_id = $2 AND transition = $3`,
    [workspaceId, versionId, transition, nextAt, cursor],
  );
}

/** Removes a poll: nobody is on its version any more. */
export async function removePoll(manager: EntityManager, { workspaceId, versionId, transition }: PollRef): Promise<void> {
  await sql(manager, 'DELETE FROM automation.machine_polls WHERE workspace_id = $1 AND version_id = $2 AND transition = $3', [
    workspaceId,
    versionId,
    transition,
  ]);
}

/** An instance that a poll walks past. */
export interface PolledInstance {
  id: string;
  versionId: string;
  module: string | null;
  recordId: string | null;
  entry: number;
  enteredAt: string;
  isAtRest: boolean;
}

/** The next instances of a state, in the order of coming into it; those that have come into it after `until` are none of this tick's. Served by instances_listed. */
export function instancesBehind(
  manager: EntityManager,
  { workspaceId, machineId, until }: { workspaceId: string; machineId: string; until: Date },
  { state, enteredAt, id }: PollCursor,
  limit: number,
): Promise<PolledInstance[]> {
  return sql<PolledInstance>(
    manager,
    `SELECT id, version_id AS "versionId", module, record_id AS "recordId", entry::integer, entered_at::text AS "enteredAt",
       transition IS NULL AS "isAtRest"
     FROM automation.instances WHERE workspace_id = $1 AND machine_id = $2 AND state = $3 AND entered_at <= $4
       AND ($5::timestamptz IS NULL OR (entered_at, id) > ($5::timestamptz, $6::uuid))
     ORDER BY entered_at, id LIMIT $7`,
    [workspaceId, machineId, state, until, enteredAt, id, limit],
  );
}
