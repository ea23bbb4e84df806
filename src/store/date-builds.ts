import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../core/errors.js';
import { sql } from './sql.js';

/** What publishing a workflow has left to be done with date triggers. */
export interface DateBuild {
  workspaceId: string;
  workflowId: string;
  /** The version to look at existing records for; null: rows of earlier versions are to go, and that is all. */
  versionId: string | null;
  state: 'building' | 'clearing';
  /** The last record that was looked at. */
  after: string | null;
  /** When it was published: who was due before it is not due for it. */
  startedAt: Date;
}

/** Begins anew with what is to be done for a workflow. Without a version only where there is something to be removed. */
export async function beginDateBuild(
  manager: EntityManager,
  {
    workspaceId,
    workflowId,
    versionId,
    isListed,
  }: { workspaceId: string; workflowId: string; versionId: string | null; isListed: boolean },
): Promise<void> {
  await sql(
    manager,
    `INSERT INTO automation.date_builds (workspace_id, workflow_id, version_id, state, is_listed)
     SELECT $1, $2, $3::uuid, $4, $5
     WHERE $3::uuid IS NOT NULL OR EXISTS (SELECT 1 FROM automation.date_builds WHERE workspace_id = $1 AND workflow_id = $2)
     ON CONFLICT (workspace_id, workflow_id) DO UPDATE SET version_id = excluded.version_id, state = excluded.state,
       is_listed = excluded.is_listed, after = NULL, seen = 0, noted = 0, problem = NULL, started_at = now(), touched_at = now(), finished_at = NULL`,
    [workspaceId, workflowId, versionId, versionId !== null && isListed ? 'building' : 'clearing', isListed],
  );
}

/** Something to do, that which was looked at longest ago, locked until the transaction ends. Null when there is nothing. */
export async function lockDateBuild(manager: EntityManager): Promise<DateBuild | null> {
  const [row] = await sql<DateBuild>(
    manager,
    `SELECT workspace_id AS "workspaceId", workflow_id AS "workflowId", version_id AS "versionId", state, after, started_at AS "startedAt"
     FROM automation.date_builds WHERE state <> 'done' ORDER BY touched_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
  );
  return row ?? null;
}

/** Notes how far a build has come. */
export async function advanceDateBuild(
  manager: EntityManager,
  { workspaceId, workflowId }: Pick<DateBuild, 'workspaceId' | 'workflowId'>,
  progress: { state: 'building' | 'clearing' | 'done'; after: string | null; seen: number; noted: number },
): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.date_builds SET state = $3, after = $4, seen = seen + $5, noted = noted + $6, problem = NULL, touched_at = clock_timestamp(),
       finished_at = CASE WHEN $3 = 'done' THEN now() END
     WHERE workspace_id = $1 AND workflow_id = $2`,
    [workspaceId, workflowId, progress.state, progress.after, progress.seen, progress.noted],
  );
}

/** Notes why a build does not go on, unless it has ended or another version has begun one meanwhile. It is tried again after the others. */
export async function noteDateBuildProblem(
  manager: EntityManager,
  { workspaceId, workflowId, versionId }: Pick<DateBuild, 'workspaceId' | 'workflowId' | 'versionId'>,
  problem: LoggedError,
): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.date_builds SET problem = $3, touched_at = clock_timestamp()
     WHERE workspace_id = $1 AND workflow_id = $2 AND version_id IS NOT DISTINCT FROM $4::uuid AND state <> 'done'`,
    [workspaceId, workflowId, JSON.stringify(problem), versionId],
  );
}

/**
 * Removes builds that have ended of which nobody is told any more: of workflows that start by no date now, or that are gone,
 * whoever deleted them. For retention; one look at a small table, which has a row for each workflow with a date.
 */
export async function removeEndedDateBuilds(manager: EntityManager): Promise<void> {
  await sql(
    manager,
    `DELETE FROM automation.date_builds b WHERE state = 'done' AND (version_id IS NULL OR NOT EXISTS (
       SELECT 1 FROM automation.workflows w WHERE w.workspace_id = b.workspace_id AND w.id = b.workflow_id))`,
  );
}

/** Removes one batch of what other versions of the workflow have noted and what was not due before this one. Returns how many. */
export async function clearEarlierVersions(manager: EntityManager, build: DateBuild, limit: number): Promise<number> {
  const rows = await sql(
    manager,
    `DELETE FROM automation.date_triggers WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM automation.date_triggers WHERE workspace_id = $1 AND workflow_id = $2 AND version_id IS DISTINCT FROM $3::uuid
         AND due_at > $4 LIMIT $5 FOR UPDATE SKIP LOCKED)) RETURNING 1`,
    [build.workspaceId, build.workflowId, build.versionId, build.startedAt, limit],
  );
  return rows.length;
}

/** What people see of a workflow's date triggers. */
export interface ShownDates {
  /** Records that wait, counted up to 10,000. */
  waiting: number;
  waitingIsExact: boolean;
  nextAt: string | null;
  /** How far records that were there before have been looked at. */
  build: {
    /** `not_listed`: the CRM cannot list them, only records that change from now on are seen. */
    state: 'building' | 'done' | 'not_listed';
    seen: number;
    noted: number;
    problem: LoggedError | null;
    startedAt: string;
    finishedAt: string | null;
  } | null;
}

/** What people see of the date triggers of a workflow's version. */
export async function shownDates(manager: EntityManager, workspaceId: string, workflowId: string): Promise<ShownDates> {
  const [row] = await sql<Omit<ShownDates, 'waitingIsExact'>>(
    manager,
    `SELECT (SELECT count(*)::int FROM (SELECT 1 FROM automation.date_triggers d WHERE d.workspace_id = $1 AND d.workflow_id = $2
         AND d.version_id = w.published_version_id LIMIT 10001) AS counted) AS waiting,
       (SELECT to_json(d.due_at) FROM automation.date_triggers d WHERE d.workspace_id = $1 AND d.workflow_id = $2
         AND d.version_id = w.published_version_id ORDER BY d.due_at LIMIT 1) AS "nextAt",
       (SELECT json_build_object('state', CASE WHEN NOT is_listed THEN 'not_listed' WHEN state = 'building' THEN state ELSE 'done' END,
          'seen', seen, 'noted', noted, 'problem', problem, 'startedAt', started_at, 'finishedAt', finished_at)
        FROM automation.date_builds b WHERE b.workspace_id = $1 AND b.workflow_id = $2 AND b.version_id = w.published_version_id) AS build
     FROM automation.workflows w WHERE w.workspace_id = $1 AND w.id = $2`,
    [workspaceId, workflowId],
  );
  const { waiting, nextAt, build } = row ?? { waiting: 0, nextAt: null, build: null };
  const iso = (at: string | null) => at && new Date(at).toISOString();
  return {
    waiting: Math.min(waiting, 10_000),
    waitingIsExact: waiting <= 10_000,
    nextAt: iso(nextAt),
    build: build && { ...build, startedAt: iso(build.startedAt) as string, finishedAt: iso(build.finishedAt) },
  };
}
