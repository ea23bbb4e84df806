import type { EntityManager } from 'typeorm';
import { sql } from '../sql.js';

/** Deletes instances that the caller has locked, with all that they have been through. What they have counted the caller takes away. */
export async function deleteInstances(manager: EntityManager, workspaceId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const parameters = [workspaceId, ids];
  await sql(manager, 'DELETE FROM automation.deferred_events WHERE workspace_id = $1 AND instance_id = ANY($2::uuid[])', parameters);
  await sql(manager, 'DELETE FROM automation.transitions WHERE workspace_id = $1 AND instance_id = ANY($2::uuid[])', parameters);
  await sql(manager, 'DELETE FROM automation.instances WHERE workspace_id = $1 AND id = ANY($2::uuid[])', parameters);
}
