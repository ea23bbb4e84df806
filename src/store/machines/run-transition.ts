import type { EntityManager } from 'typeorm';
import type { MachineTransition } from '../../core/machine/types.js';
import { sql } from '../sql.js';
import type { InstanceSubject } from './instances.js';

/** Which transition of a machine a run belongs to, as the version of the run has it. */
export type RunTransition = Pick<MachineTransition, 'code' | 'from' | 'to'>;

/**
 * The transition of a run `r` whose machine is `w`; null for the run of a workflow, which it costs nothing, and where the machine
 * was deleted with its versions. No definition is read. Served by the key of versions.
 */
export const RUN_TRANSITION = `CASE w.kind WHEN 'machine' THEN (
    SELECT jsonb_build_object('code', v.transition) || v.ends FROM automation.workflow_versions v
    WHERE v.workspace_id = r.workspace_id AND v.id = r.version_id) END`;

/** The code of that transition alone; null for the run of a workflow. */
export const RUN_TRANSITION_CODE =
  '(SELECT v.transition FROM automation.workflow_versions v WHERE v.workspace_id = r.workspace_id AND v.id = r.version_id)';

/**
 * Whether a run `r` is that of a transition which cannot be taken up again: its instance does not rest where it has failed. Never
 * null; served by instances_failed.
 */
export const TRANSITION_OVER = `(${RUN_TRANSITION_CODE} IS NOT NULL AND NOT EXISTS (
  SELECT FROM automation.instances i WHERE i.workspace_id = r.workspace_id AND i.failure IS NOT NULL AND i.failure->>'runId' = r.id::text
    AND i.transition IS NULL))`;

/** The same of one run. */
export async function isTransitionOver(manager: EntityManager, workspaceId: string, runId: string): Promise<boolean> {
  const [row] = await sql<{ isOver: boolean }>(
    manager,
    `SELECT ${TRANSITION_OVER} AS "isOver" FROM automation.runs r WHERE r.workspace_id = $1 AND r.id = $2`,
    [workspaceId, runId],
  );
  return row?.isOver === true;
}

/** Where the instance is that a run's transition was of. */
export interface InstanceNow {
  runId: string;
  state: string;
  /** The transition under way. */
  transition: string | null;
  /** The run of the last transition that has failed there. */
  failedRunId: string | null;
  failedTransition: string | null;
}

/** Where the instances are that these runs were about, as far as they are about records; those that are gone are missing. Served by instances_record. */
export function findInstancesOfRuns(manager: EntityManager, workspaceId: string, runIds: readonly string[]): Promise<InstanceNow[]> {
  return sql<InstanceNow>(
    manager,
    `SELECT r.id AS "runId", i.state, i.transition, i.failure->>'runId' AS "failedRunId", i.failure->>'transition' AS "failedTransition"
     FROM automation.runs r JOIN automation.instances i ON i.workspace_id = r.workspace_id AND i.machine_id = r.workflow_id
       AND i.module = r.module AND i.record_id = r.record_id
     WHERE r.workspace_id = $1 AND r.id = ANY($2::uuid[])`,
    [workspaceId, runIds],
  );
}

/** The instance of a machine that is about a record, or a run of an integration; null when it is gone. Served by instances_record and instances_key. */
export async function findInstanceAbout(
  manager: EntityManager,
  { workspaceId, machineId, ...about }: { workspaceId: string; machineId: string } & InstanceSubject,
): Promise<string | null> {
  const [test, values] =
    about.runKey === undefined ? ['module = $3 AND record_id = $4', [about.module, about.recordId]] : ['run_key = $3', [about.runKey]];
  const [row] = await sql<{ id: string }>(
    manager,
    `SELECT id FROM automation.instances WHERE workspace_id = $1 AND machine_id = $2 AND ${test}`,
    [workspaceId, machineId, ...values],
  );
  return row?.id ?? null;
}
