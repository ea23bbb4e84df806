import type { EntityManager } from 'typeorm';
import type { ParentStep } from '../core/event.js';
import type { Json } from '../core/json.js';
import type { BoundedCount } from './bounded-count.js';
import { RUN_TRANSITION_CODE } from './machines/run-transition.js';
import { QueryParts } from './query-parts.js';
import { RELEASE } from './release.js';
import { type RunQuestion, runIds, runTests } from './run-filter.js';
import { MOST_COUNTED } from './run-groups.js';
import { ADMISSION_OF_VERSION } from './runs/admission.js';
import type { RunStatus } from './runs/run.js';
import { recordset, sql } from './sql.js';

/** A run locked for a person's command. */
export interface LockedRun {
  id: string;
  workflowId: string;
  versionId: string;
  version: number;
  /** Of a run of a machine's transition, its code. */
  transition: string | null;
  status: RunStatus;
  startedAt: Date | null;
  finishedAt: Date | null;
  retriedAs: string | null;
  /** False when it was started by an event that retention has removed: its input is gone. */
  hasInput: boolean;
}

/** As HAS_INPUT of ./run-filter, and the event stays until the transaction ends: retention must not take it from under a restart. */
const HOLDS_INPUT = `(r.event_id IS NULL OR EXISTS (
  SELECT 1 FROM automation.events e WHERE e.workspace_id = r.workspace_id AND e.id = r.event_id FOR KEY SHARE OF e))`;

const LOCKED_COLUMNS = `r.id, r.workflow_id AS "workflowId", r.version_id AS "versionId", r.version, r.status, r.started_at AS "startedAt",
  r.finished_at AS "finishedAt", r.retried_as AS "retriedAs", ${HOLDS_INPUT} AS "hasInput",
  ${RUN_TRANSITION_CODE} AS transition`;

/** Locks one run: of two people at once the second waits here, and then sees what the first has done. */
export async function lockRun(manager: EntityManager, workspaceId: string, id: string): Promise<LockedRun | null> {
  const [row] = await sql<LockedRun>(
    manager,
    `SELECT ${LOCKED_COLUMNS} FROM automation.runs r WHERE r.workspace_id = $1 AND r.id = $2 FOR UPDATE OF r`,
    [workspaceId, id],
  );
  return row ?? null;
}

/** How many runs the filter means: exactly, or at least so many. */
export async function countRuns(manager: EntityManager, question: RunQuestion): Promise<BoundedCount> {
  const parts = new QueryParts();
  const ids = runIds(parts, question, { limit: MOST_COUNTED + 1, order: 'any' });
  const [row] = await sql<{ count: number }>(manager, `SELECT count(*)::integer AS count FROM (${ids}) AS counted`, parts.parameters);
  const count = row?.count ?? 0;
  return { count: Math.min(count, MOST_COUNTED), isExact: count <= MOST_COUNTED };
}

/**
 * Locks the oldest runs of the filter, leaving out those in somebody else's hands right now. Those that a person has sent
 * back before come last: what fails again and again does not stand in the way of the others.
 */
export async function lockRuns(manager: EntityManager, question: RunQuestion, limit: number): Promise<LockedRun[]> {
  const fresh = await lockOldest(manager, question, 'r.resumed_at IS NULL', limit);
  if (fresh.length === limit) return fresh;
  return [...fresh, ...(await lockOldest(manager, question, 'r.resumed_at IS NOT NULL', limit - fresh.length))];
}

function lockOldest(manager: EntityManager, question: RunQuestion, test: string, limit: number): Promise<LockedRun[]> {
  const parts = new QueryParts();
  const ids = runIds(parts, question, { limit, order: 'oldest', also: test });
  // Asked again of the row as it is once it is locked: somebody may have been there in between.
  const tests = runTests(parts, question);
  return sql<LockedRun>(
    manager,
    `SELECT ${LOCKED_COLUMNS} FROM automation.runs r WHERE r.id IN (${ids}) AND ${tests} AND ${test} ORDER BY r.id FOR UPDATE OF r SKIP LOCKED`,
    parts.parameters,
  );
}

/** A workflow that stays while the transaction lasts. */
export interface HeldWorkflow {
  id: string;
  publishedVersionId: string | null;
  publishedVersion: number | null;
}

/** Keeps workflows from being deleted until the transaction ends; those that are gone are missing. */
export async function holdWorkflows(
  manager: EntityManager,
  workspaceId: string,
  ids: readonly string[],
): Promise<Map<string, HeldWorkflow>> {
  const rows = await sql<HeldWorkflow>(
    manager,
    `SELECT id, published_version_id AS "publishedVersionId", published_version AS "publishedVersion"
     FROM automation.workflows WHERE workspace_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR KEY SHARE`,
    [workspaceId, ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** Definitions of versions, keyed by id. */
export async function loadDefinitions(
  manager: EntityManager,
  workspaceId: string,
  versionIds: readonly string[],
): Promise<Map<string, Json>> {
  const rows = await sql<{ id: string; definition: Json }>(
    manager,
    'SELECT id, definition FROM automation.workflow_versions WHERE workspace_id = $1 AND id = ANY($2::uuid[])',
    [workspaceId, versionIds],
  );
  return new Map(rows.map((row) => [row.id, row.definition]));
}

/**
 * Makes failed runs due again, each at most once whoever asks, or queues them again where their workflow has a queue. Their deadline counts from now on: a run retried
 * after it would only time out again. Returns the ids that were failed.
 */
export async function requeueFailed(manager: EntityManager, workspaceId: string, ids: readonly string[]): Promise<Set<string>> {
  const rows = await sql<{ id: string }>(
    manager,
    `UPDATE automation.runs r SET status = 'queued', due_at = ${ADMISSION_OF_VERSION.dueAt}, error = NULL, waiting = NULL,
       reason = ${ADMISSION_OF_VERSION.reason}, admission = ${ADMISSION_OF_VERSION.admission}, resumed_at = now(), finished_at = NULL,
       failed_steps = 0, recoveries = 0
     FROM automation.runs o LEFT JOIN automation.workflow_versions v ON v.workspace_id = o.workspace_id AND v.id = o.version_id
     WHERE o.workspace_id = $1 AND o.id = ANY($2::uuid[]) AND r.workspace_id = o.workspace_id AND r.id = o.id
       AND r.status = 'failed' AND r.retried_as IS NULL RETURNING r.id`,
    [workspaceId, ids],
  );
  return new Set(rows.map((row) => row.id));
}

/** Takes the attempts at these paths out of the count, and any whose result never came: the planner starts them anew. */
export async function supersede(
  manager: EntityManager,
  workspaceId: string,
  runs: readonly { runId: string; paths: readonly string[] }[],
): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.step_executions s SET superseded = true,
       status = CASE s.status WHEN 'running' THEN 'lost' ELSE s.status END, finished_at = coalesce(s.finished_at, now())
     FROM json_to_recordset($2::json) AS r("runId" uuid, paths jsonb)
     WHERE s.workspace_id = $1 AND s.run_id = r."runId" AND NOT s.superseded AND (s.status = 'running' OR r.paths ? s.path)`,
    [workspaceId, recordset(runs)],
  );
}

/** A run that is to be repeated by a new one. */
export interface Restart {
  id: string;
  newId: string;
  versionId: string;
  version: number;
}

/**
 * Repeats runs from the start: marks each as repeated, once for ever, and inserts the new one, with the same event, actor
 * and explanation. A sub-run keeps the step that started it, which has had its answer: it does not wait for the repeat.
 * Returns the ids of the new runs.
 */
export async function restartRuns(
  manager: EntityManager,
  workspaceId: string,
  restarts: readonly Restart[],
  statuses: readonly RunStatus[],
): Promise<Set<string>> {
  const rows = await sql<{ id: string }>(
    manager,
    `WITH repeated AS (
       UPDATE automation.runs r SET retried_as = n."newId"
       FROM json_to_recordset($2::json) AS n(id uuid, "newId" uuid, "versionId" uuid, version integer)
       WHERE r.workspace_id = $1 AND r.id = n.id AND r.retried_as IS NULL AND r.status = ANY($3::text[])
       RETURNING n."newId", n."versionId", n.version AS "newVersion", r.id, r.workflow_id, r.event_id, r.module, r.record_id,
         r.explanation, r.actor, r.cause, r.parent || '{"waits": false}' AS parent
     )
     INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, event_id, module, record_id, status, explanation,
       actor, cause, parent, due_at, retry_of, reason, admission)
     SELECT $1, "newId", r.workflow_id, "versionId", "newVersion", event_id, module, record_id, 'queued', explanation, actor, cause, parent,
       ${ADMISSION_OF_VERSION.dueAt}, r.id, ${ADMISSION_OF_VERSION.reason}, ${ADMISSION_OF_VERSION.admission}
     FROM repeated r LEFT JOIN automation.workflow_versions v ON v.workspace_id = $1 AND v.id = "versionId" RETURNING id`,
    [workspaceId, recordset(restarts), statuses],
  );
  return new Set(rows.map((row) => row.id));
}

/** A run that a person takes over to end it. */
export interface TakenRun {
  workspaceId: string;
  id: string;
  fence: number;
  workflowId: string;
  module: string | null;
  recordId: string | null;
  parent: ParentStep | null;
  answers: number;
  now: Date;
}

/**
 * Takes runs that are not over from whoever holds them: the raised fence shuts a worker out at once, so a cancel need not
 * wait for it. Those that were over already (or do not exist) are missing.
 */
export function takeRuns(manager: EntityManager, workspaceId: string, ids: readonly string[]): Promise<TakenRun[]> {
  return sql<TakenRun>(
    manager,
    `WITH release AS MATERIALIZED (SELECT set_config('automation.release', '${RELEASE}', true))
     UPDATE automation.runs SET status = 'running', fence = fence + 1, due_at = NULL, waiting = NULL FROM release
     WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND status IN ('queued', 'running', 'waiting')
     RETURNING workspace_id AS "workspaceId", id, fence, workflow_id AS "workflowId", module, record_id AS "recordId", parent, answers, now()`,
    [workspaceId, ids],
  );
}
