import type { EntityManager } from 'typeorm';
import { prepared } from '../prepared-statements.js';
import { recordset, sql } from '../sql.js';

/** How many rows the count of a state is spread over. */
const SLOTS = 16;

/** Instances that have come into a state of a version, or have left it. */
export interface CountDelta {
  workspaceId: string;
  machineId: string;
  versionId: string;
  state: string;
  instances: number;
}

/** Adds to the counts of instances, into a random slot and in one order, as `addStats` does for runs. */
export async function addInstanceCounts(manager: EntityManager, deltas: readonly CountDelta[]): Promise<void> {
  if (deltas.length === 0) return;
  await prepared(
    manager,
    `INSERT INTO automation.instance_counts AS c (workspace_id, machine_id, version_id, state, slot, instances)
     SELECT "workspaceId", "machineId", "versionId", state, $2, instances
     FROM json_to_recordset($1::json) AS d("workspaceId" text, "machineId" uuid, "versionId" uuid, state text, instances bigint)
     ORDER BY 1, 2, 3, 4
     ON CONFLICT (workspace_id, machine_id, version_id, state, slot) DO UPDATE SET instances = c.instances + excluded.instances`,
    [recordset(deltas), Math.floor(Math.random() * SLOTS)],
  );
}

/** The versions of machines that still have instances, by the counts. Served by the key: some rows a state. */
export function versionsWithInstances(
  manager: EntityManager,
  workspaceId: string,
  machineIds: readonly string[],
): Promise<{ machineId: string; versionId: string }[]> {
  return sql(
    manager,
    `SELECT machine_id AS "machineId", version_id AS "versionId" FROM automation.instance_counts
     WHERE workspace_id = $1 AND machine_id = ANY($2::uuid[]) GROUP BY machine_id, version_id HAVING sum(instances) > 0`,
    [workspaceId, machineIds],
  );
}
