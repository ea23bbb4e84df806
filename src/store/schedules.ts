import type { EntityManager } from 'typeorm';
import type { ScheduleTrigger } from '../core/trigger/schedule.js';
import { recordset, sql } from './sql.js';

/** Names the schedule of a workflow. */
export interface ScheduleRef {
  workspaceId: string;
  workflowId: string;
}

/** A schedule that is due. */
export interface DueSchedule extends ScheduleRef {
  versionId: string;
  /** The first tick that has made no start yet. */
  nextAt: Date;
  /** The database's clock. */
  now: Date;
  /** Null when the version is gone. */
  trigger: ScheduleTrigger | null;
  /** Is its version the published one? */
  isPublished: boolean;
}

/**
 * The schedules that are due, the longest first, locked until the transaction ends: another node passes them by, and finds
 * them advanced or, when this one dies, as they were. Served by schedules_next.
 */
export function lockDueSchedules(manager: EntityManager, limit: number): Promise<DueSchedule[]> {
  return sql<DueSchedule>(
    manager,
    `SELECT s.workspace_id AS "workspaceId", s.workflow_id AS "workflowId", s.version_id AS "versionId", s.next_at AS "nextAt", now() AS now,
       v.definition->'trigger' AS trigger, w.published_version_id IS NOT DISTINCT FROM s.version_id AND w.status <> 'archived' AS "isPublished"
     FROM automation.schedules s
     JOIN automation.workflows w ON w.workspace_id = s.workspace_id AND w.id = s.workflow_id
     LEFT JOIN automation.workflow_versions v ON v.workspace_id = s.workspace_id AND v.id = s.version_id
     WHERE s.next_at <= now() ORDER BY s.next_at LIMIT $1 FOR UPDATE OF s SKIP LOCKED`,
    [limit],
  );
}

/** Advances schedules that {@link lockDueSchedules} has locked. */
export async function advanceSchedules(manager: EntityManager, schedules: readonly (ScheduleRef & { nextAt: Date })[]): Promise<void> {
  if (schedules.length === 0) return;
  await sql(
    manager,
    `UPDATE automation.schedules s SET next_at = r."nextAt"
     FROM json_to_recordset($1::json) AS r("workspaceId" text, "workflowId" uuid, "nextAt" timestamptz)
     WHERE s.workspace_id = r."workspaceId" AND s.workflow_id = r."workflowId"`,
    [recordset(schedules.map(({ workspaceId, workflowId, nextAt }) => ({ workspaceId, workflowId, nextAt })))],
  );
}

/** Removes the schedules of workflows; those that have none are left out. */
export async function removeSchedules(manager: EntityManager, schedules: readonly ScheduleRef[]): Promise<void> {
  if (schedules.length === 0) return;
  await sql(
    manager,
    `DELETE FROM automation.schedules s USING json_to_recordset($1::json) AS r("workspaceId" text, "workflowId" uuid)
     WHERE s.workspace_id = r."workspaceId" AND s.workflow_id = r."workflowId"`,
    [recordset(schedules.map(({ workspaceId, workflowId }) => ({ workspaceId, workflowId })))],
  );
}

/** The schedule of a workflow, locked, with the trigger it was made from; null when there is none. */
export async function lockSchedule(
  manager: EntityManager,
  { workspaceId, workflowId }: ScheduleRef,
): Promise<{ nextAt: Date; trigger: ScheduleTrigger | null } | null> {
  const [row] = await sql<{ nextAt: Date; trigger: ScheduleTrigger | null }>(
    manager,
    `SELECT s.next_at AS "nextAt", v.definition->'trigger' AS trigger FROM automation.schedules s
     LEFT JOIN automation.workflow_versions v ON v.workspace_id = s.workspace_id AND v.id = s.version_id
     WHERE s.workspace_id = $1 AND s.workflow_id = $2 FOR UPDATE OF s`,
    [workspaceId, workflowId],
  );
  return row ?? null;
}

/** Writes the schedule of a workflow's version, in place of an earlier version's. */
export async function putSchedule(
  manager: EntityManager,
  { workspaceId, workflowId, versionId, nextAt }: ScheduleRef & { versionId: string; nextAt: Date },
): Promise<void> {
  await sql(
    manager,
    `INSERT INTO automation.schedules (workspace_id, workflow_id, version_id, next_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (workspace_id, workflow_id) DO UPDATE SET version_id = excluded.version_id, next_at = excluded.next_at`,
    [workspaceId, workflowId, versionId, nextAt],
  );
}
