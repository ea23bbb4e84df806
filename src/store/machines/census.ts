import type { EntityManager } from 'typeorm';
import { sql } from '../sql.js';

/** How many instances of a machine are in a state, on a version. */
export interface StateCount {
  versionId: string;
  version: number;
  state: string;
  /** By that version. */
  isFinal: boolean;
  instances: number;
}

/** Counts the instances of a machine, by the counters: a few rows, however many instances there are. By their primary key. */
export function countByState(manager: EntityManager, workspaceId: string, machineId: string): Promise<StateCount[]> {
  return sql<StateCount>(
    manager,
    `SELECT c.version_id AS "versionId", v.version, c.state, c.instances::double precision AS instances, jsonb_path_exists(v.definition,
       '$.states[*] ? (@.code == $state && @.final == true)', jsonb_build_object('state', c.state)) AS "isFinal"
     FROM (SELECT version_id, state, sum(instances) AS instances FROM automation.instance_counts
       WHERE workspace_id = $1 AND machine_id = $2 GROUP BY version_id, state HAVING sum(instances) > 0) c
     JOIN automation.workflow_versions v ON v.workspace_id = $1 AND v.id = c.version_id ORDER BY v.version, c.state`,
    [workspaceId, machineId],
  );
}
