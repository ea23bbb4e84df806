import type { EntityManager } from 'typeorm';
import { FROM_THE_START, type RetentionBatch, type RetentionLimits } from '../retention-store.js';
import { sql } from '../sql.js';
import { deleteInstances, MOST_HISTORY } from './delete-instances.js';

/** Behind which instance of a deleted machine a batch begins, in the order of instances_listed. */
export interface LeftPlace {
  workspaceId: string;
  machineId: string;
  state: string;
  /** A text of Postgres, whose microseconds a Date would lose. */
  enteredAt: string;
  id: string;
}

/** Before the first instance of a machine. */
export function beforeAllOf(workspaceId: string, machineId: string): LeftPlace {
  return { workspaceId, machineId, state: '', enteredAt: FROM_THE_START, id: '00000000-0000-0000-0000-000000000000' };
}

/** Forgets how many instances a machine has, in the transaction that deletes it. The instances themselves may be millions: they go after it. */
export async function deleteInstanceCounts(manager: EntityManager, workspaceId: string, machineId: string): Promise<void> {
  await sql(manager, 'DELETE FROM automation.instance_counts WHERE workspace_id = $1 AND machine_id = $2', [workspaceId, machineId]);
}

/**
 * Removes one batch of what a deleted machine has left: instances with all that they have been through. What somebody else removes
 * just now is passed by. Returns where the next batch begins; null: there is none. Along instances_listed from where the batch
 * before has ended: what is removed and not yet vacuumed is not walked through again.
 */
export async function removeInstancesBehind(
  manager: EntityManager,
  place: LeftPlace,
  limit: number,
  mostHistory = MOST_HISTORY,
): Promise<LeftPlace | null> {
  const { workspaceId, machineId, state, enteredAt, id } = place;
  const rows = await sql<Pick<LeftPlace, 'state' | 'enteredAt' | 'id'>>(
    manager,
    `SELECT state, entered_at::text AS "enteredAt", id FROM automation.instances
     WHERE workspace_id = $1 AND machine_id = $2 AND (state, entered_at, id) > ($3::text, $4::timestamptz, $5::uuid)
     ORDER BY state, entered_at, id LIMIT $6 FOR UPDATE SKIP LOCKED`,
    [workspaceId, machineId, state, enteredAt, id, limit],
  );
  const ids = rows.map((row) => row.id);
  // Those with so long a history stay, and are looked at again.
  if (!(await deleteInstances(manager, workspaceId, ids, mostHistory))) return place;
  const last = rows.length < limit ? undefined : rows.at(-1);
  return last ? { workspaceId, machineId, ...last } : null;
}

/**
 * Removes one batch of what deleted machines have left, where whoever deleted them did not come to it: one machine after the
 * other. One probe of instances_listed for each machine that was ever deleted.
 */
export async function removeLeftInstances(manager: EntityManager, limits: RetentionLimits, after: string): Promise<RetentionBatch> {
  const place = after === FROM_THE_START ? await nextLeft(manager, null) : (JSON.parse(after) as LeftPlace);
  const next = place && ((await removeInstancesBehind(manager, place, limits.batchSize)) ?? (await nextLeft(manager, place)));
  return { runs: 0, events: 0, after: next && JSON.stringify(next) };
}

async function nextLeft(manager: EntityManager, behind: LeftPlace | null): Promise<LeftPlace | null> {
  const [row] = await sql<{ workspaceId: string; machineId: string }>(
    manager,
    `SELECT d.workspace_id AS "workspaceId", d.id AS "machineId" FROM automation.deleted_workflows d
     WHERE d.kind = 'machine' AND ($1::text IS NULL OR (d.workspace_id, d.id) > ($1, $2::uuid))
       AND EXISTS (SELECT FROM automation.instances i WHERE i.workspace_id = d.workspace_id AND i.machine_id = d.id)
     ORDER BY d.workspace_id, d.id LIMIT 1`,
    [behind?.workspaceId ?? null, behind?.machineId ?? null],
  );
  return row ? beforeAllOf(row.workspaceId, row.machineId) : null;
}
