import type { EntityManager } from 'typeorm';
import { sql } from '../sql.js';

/** So much of what instances have been through goes in one transaction: an instance may have millions of transitions behind it. */
export const MOST_HISTORY = 10_000;

/**
 * Deletes instances that the caller has locked, with all that they have been through. What they have counted the caller takes away.
 * False: only {@link MOST_HISTORY} of that are gone, and the instances are there until a later transaction goes on with the rest.
 * Served by the primary keys.
 */
export async function deleteInstances(
  manager: EntityManager,
  workspaceId: string,
  ids: readonly string[],
  mostHistory = MOST_HISTORY,
): Promise<boolean> {
  if (ids.length === 0) return true;
  const parameters = [workspaceId, ids];
  const [gone] = await sql<{ rows: number }>(
    manager,
    `WITH old AS MATERIALIZED (
       SELECT instance_id, id FROM automation.transitions WHERE workspace_id = $1 AND instance_id = ANY($2::uuid[]) LIMIT $3
     ), gone AS (
       DELETE FROM automation.transitions t USING old WHERE t.workspace_id = $1 AND t.instance_id = old.instance_id AND t.id = old.id
     ) SELECT count(*)::integer AS rows FROM old`,
    [...parameters, mostHistory],
  );
  if (gone && gone.rows >= mostHistory) return false;
  await sql(manager, 'DELETE FROM automation.deferred_events WHERE workspace_id = $1 AND instance_id = ANY($2::uuid[])', parameters);
  await sql(manager, 'DELETE FROM automation.instances WHERE workspace_id = $1 AND id = ANY($2::uuid[])', parameters);
  return true;
}
