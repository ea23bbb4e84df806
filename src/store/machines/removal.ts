import type { EntityManager } from 'typeorm';
import { sql } from '../sql.js';

/** Removes the counters of a machine that is deleted. Its instances go with retention, bit by bit: there may be millions. */
export async function deleteInstanceCounts(manager: EntityManager, workspaceId: string, machineId: string): Promise<void> {
  await sql(manager, 'DELETE FROM automation.instance_counts WHERE workspace_id = $1 AND machine_id = $2', [workspaceId, machineId]);
}
