import type { EntityManager } from 'typeorm';

/** One call for the next place in a rotation. */
export interface RotationCall {
  workspaceId: string;
  key: string;
  /** How many places the rotation has. */
  size: number;
}

/**
 * Moves each rotation on by as many places as are asked for and hands them out in call order. One upsert for all; the row
 * stays locked until the transaction ends, so places are strictly consecutive over all nodes, and given back when it fails.
 */
export async function nextPlaces(manager: EntityManager, calls: readonly RotationCall[]): Promise<number[]> {
  const steps = new Map<string, { workspaceId: string; key: string; count: number }>();
  const names = calls.map(({ workspaceId, key }) => JSON.stringify([workspaceId, key]));
  calls.forEach(({ workspaceId, key }, at) => {
    const name = names[at] as string;
    steps.set(name, { workspaceId, key, count: (steps.get(name)?.count ?? 0) + 1 });
  });
  // In one order for everybody, so that two batches cannot wait for each other.
  const sorted = [...steps].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, step]) => step);
  const rows = (await manager.query(
    `INSERT INTO automation.rotations AS rotation (workspace_id, key, position)
     SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
     ON CONFLICT (workspace_id, key) DO UPDATE SET position = rotation.position + excluded.position
     RETURNING workspace_id, key, position`,
    [sorted.map(({ workspaceId }) => workspaceId), sorted.map(({ key }) => key), sorted.map(({ count }) => count)],
  )) as { workspace_id: string; key: string; position: string }[];
  const next = new Map<string, bigint>();
  for (const { workspace_id: workspaceId, key, position } of rows) {
    const name = JSON.stringify([workspaceId, key]);
    next.set(name, BigInt(position) - BigInt(steps.get(name)?.count ?? 0));
  }
  return calls.map(({ size }, at) => {
    const name = names[at] as string;
    const place = next.get(name) ?? 0n;
    next.set(name, place + 1n);
    return Number(place % BigInt(size));
  });
}
