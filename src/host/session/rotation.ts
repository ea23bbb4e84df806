import type { EntityManager } from 'typeorm';
import { queryRows } from '../typeorm/statement.js';

/** One call for the next place in a rotation. */
export interface RotationCall {
  workspaceId: string;
  key: string;
  /** How many places the rotation has. */
  size: number;
}

/** As many places of one rotation as a batch asks for. */
interface Demand {
  workspaceId: string;
  key: string;
  count: number;
}

interface TrackRow {
  workspace_id: string;
  key: string;
  position: string;
}

/**
 * Moves each rotation on by as many places as are asked for and hands them out in call order, given back when the
 * transaction fails. A rotation has a track for each transaction that ever used it at the same time as others: each takes
 * the oldest free one, its own until it ends. So places are strictly consecutive as long as transactions do not overlap,
 * and two places differ in how often they were given by at most the number of tracks. With one row a rotation every
 * batch waited for the one before it to commit: 29 % of the busy backends, and one loop was as fast as two.
 */
export async function nextPlaces(manager: EntityManager, calls: readonly RotationCall[]): Promise<number[]> {
  const demands = new Map<string, Demand>();
  const names = calls.map(({ workspaceId, key }) => nameOf(workspaceId, key));
  calls.forEach(({ workspaceId, key }, at) => {
    const name = names[at] as string;
    demands.set(name, { workspaceId, key, count: (demands.get(name)?.count ?? 0) + 1 });
  });
  const next = new Map<string, bigint>();
  const note = (rows: readonly TrackRow[]): void => {
    for (const { workspace_id: workspaceId, key, position } of rows) {
      const name = nameOf(workspaceId, key);
      next.set(name, BigInt(position) - BigInt(demands.get(name)?.count ?? 0));
    }
  };
  note(await moveFreeTracks(manager, [...demands.values()]));
  const without = [...demands].filter(([name]) => !next.has(name)).map(([, demand]) => demand);
  if (without.length > 0) note(await addTracks(manager, without));
  return calls.map(({ size }, at) => {
    const name = names[at] as string;
    const place = next.get(name) ?? 0n;
    next.set(name, place + 1n);
    return Number(place % BigInt(size));
  });
}

/** Returns the place that a rotation would give after `given` others, as it stands: nothing moves. */
export async function placeAfter(manager: EntityManager, { workspaceId, key, size }: RotationCall, given: number): Promise<number> {
  const [track] = (await queryRows(
    manager,
    'SELECT workspace_id, key, position FROM automation.rotations WHERE workspace_id = $1 AND key = $2 ORDER BY track LIMIT 1',
    [workspaceId, key],
  )) as TrackRow[];
  return Number((BigInt(track?.position ?? 0) + BigInt(given)) % BigInt(size));
}

/** Moves the oldest free track of each rotation; a rotation whose tracks are all taken is missing in the answer. */
function moveFreeTracks(manager: EntityManager, demands: readonly Demand[]): Promise<TrackRow[]> {
  return query(
    manager,
    `WITH free AS MATERIALIZED (
       SELECT demand.*, oldest.track FROM ${DEMANDS}, LATERAL (
         SELECT track FROM automation.rotations r WHERE r.workspace_id = demand.workspace_id AND r.key = demand.key
         ORDER BY track LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS oldest)
     UPDATE automation.rotations AS rotation SET position = position + free.count
     FROM free WHERE rotation.workspace_id = free.workspace_id AND rotation.key = free.key AND rotation.track = free.track
     RETURNING rotation.workspace_id, rotation.key, position`,
    demands,
  );
}

function addTracks(manager: EntityManager, demands: readonly Demand[]): Promise<TrackRow[]> {
  return query(
    manager,
    `INSERT INTO automation.rotations (workspace_id, key, position) SELECT workspace_id, key, count FROM ${DEMANDS}
     RETURNING workspace_id, key, position`,
    demands,
  );
}

const DEMANDS = 'unnest($1::text[], $2::text[], $3::bigint[]) AS demand(workspace_id, key, count)';

async function query(manager: EntityManager, statement: string, demands: readonly Demand[]): Promise<TrackRow[]> {
  const columns = [demands.map(({ workspaceId }) => workspaceId), demands.map(({ key }) => key), demands.map(({ count }) => count)];
  return (await queryRows(manager, statement, columns)) as TrackRow[];
}

function nameOf(workspaceId: string, key: string): string {
  return JSON.stringify([workspaceId, key]);
}
