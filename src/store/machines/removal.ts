import type { EntityManager } from 'typeorm';
import { sql } from '../sql.js';

/** Removes what is left of a machine that is deleted: its instances, which are in final states, what they have been through, and the counters. */
export async function deleteInstancesOfMachine(manager: EntityManager, workspaceId: string, machineId: string): Promise<void> {
  const parameters = [workspaceId, machineId];
  const theirs = 'instance_id IN (SELECT id FROM automation.instances WHERE workspace_id = $1 AND machine_id = $2)';
  await sql(manager, `DELETE FROM automation.deferred_events WHERE workspace_id = $1 AND ${theirs}`, parameters);
  await sql(manager, `DELETE FROM automation.transitions WHERE workspace_id = $1 AND ${theirs}`, parameters);
  await sql(manager, 'DELETE FROM automation.instances WHERE workspace_id = $1 AND machine_id = $2', parameters);
  await sql(manager, 'DELETE FROM automation.instance_counts WHERE workspace_id = $1 AND machine_id = $2', parameters);
}
