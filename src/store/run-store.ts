import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../core/errors.js';
import type { Actor, Cause } from '../core/event.js';
import type { Json } from '../core/json.js';
import type { Waiting } from '../core/plan/plan.js';
import { RowSet } from './row-set.js';
import { recordset, sql } from './sql.js';
import { BUSY_COUNT, busyWorkspaces, nextTurn, type Turn, type Turns, WORKSPACE } from './turns.js';

export const RUN_STATUSES = ['queued', 'running', 'waiting', 'succeeded', 'failed', 'skipped', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/**
 * When a worker has to look at a run again.
 * `now`: as soon as possible; `lease`: it is held by a worker, look when its lease of so many milliseconds has run out; `at`: then (null: only
 * when somebody decides something); `never`: it is over.
 */
export type Due = { kind: 'now' } | { kind: 'lease'; ms: number } | { kind: 'at'; at: string | null } | { kind: 'never' };

/** What changes in a run as it goes on. */
export interface RunProgress {
  status: RunStatus;
  reason: string | null;
  error: LoggedError | null;
  waiting: Waiting[] | null;
  due: Due;
  /** ISO 8601, null while it has not started or ended. */
  startedAt: string | null;
  finishedAt: string | null;
  /** False when nothing happened but a change of hands: recoveries go on counting. Default true. */
  progressed?: boolean;
}

/** A run as first written. */
export interface NewRun extends RunProgress {
  workspaceId: string;
  id: string;
  workflowId: string;
  versionId: string;
  version: number;
  eventId: string | null;
  module: string | null;
  recordId: string | null;
  explanation: Json;
  actor: Actor;
  cause: Cause | null;
  fence: number;
}

/** A run that this worker holds now. */
export interface ClaimedRun {
  workspaceId: string;
  id: string;
  workflowId: string;
  versionId: string;
  eventId: string | null;
  module: string | null;
  recordId: string | null;
  actor: Actor;
  cause: Cause | null;
  fence: number;
  /** Claims in a row that found a dead worker's lease. */
  recoveries: number;
  startedAt: Date;
  retryOf: string | null;
}

/** Names a run as held by one claim. */
export interface HeldRun {
  workspaceId: string;
  id: string;
  fence: number;
}

const DUE_AT = `CASE due WHEN 'now' THEN now() WHEN 'lease' THEN now() + "leaseMs" * interval '1 ms' WHEN 'at' THEN "dueAt" END`;

function dueColumns(due: Due): { due: Due['kind']; dueAt: string | null; leaseMs: number | null } {
  return { due: due.kind, dueAt: due.kind === 'at' ? due.at : null, leaseMs: due.kind === 'lease' ? due.ms : null };
}

const INSERTED = new RowSet('r', {
  workspaceId: 'text',
  id: 'uuid',
  workflowId: 'uuid',
  versionId: 'uuid',
  version: 'integer',
  eventId: 'uuid',
  module: 'text',
  recordId: 'text',
  status: 'text',
  reason: 'text',
  explanation: 'jsonb',
  error: 'jsonb',
  waiting: 'jsonb',
  actor: 'jsonb',
  cause: 'jsonb',
  due: 'text',
  dueAt: 'timestamptz',
  leaseMs: 'integer',
  fence: 'integer',
  startedAt: 'timestamptz',
  finishedAt: 'timestamptz',
});

/**
 * Writes the runs that routing made, in whatever state it left them: many are over already. A run of the same event and
 * workflow that exists is left alone; answers the ids that were written.
 */
export async function insertRuns(manager: EntityManager, runs: readonly NewRun[]): Promise<Set<string>> {
  if (runs.length === 0) return new Set();
  const rows = await sql<{ id: string }>(
    manager,
    `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, event_id, module, record_id, status, reason,
       explanation, error, waiting, actor, cause, due_at, fence, started_at, finished_at)
     SELECT "workspaceId", id, "workflowId", "versionId", version, "eventId", module, "recordId", status, reason,
       explanation, error, waiting, actor, cause, ${DUE_AT}, fence, "startedAt", "finishedAt"
     FROM ${INSERTED.from}
     ON CONFLICT (workspace_id, event_id, workflow_id) WHERE event_id IS NOT NULL AND retry_of IS NULL DO NOTHING
     RETURNING id`,
    INSERTED.parameters(runs.map((run) => Object.assign({}, run, dueColumns(run.due)))),
  );
  return new Set(rows.map((row) => row.id));
}

const PROGRESS = new RowSet('u', {
  workspaceId: 'text',
  runId: 'uuid',
  heldFence: 'integer',
  status: 'text',
  reason: 'text',
  error: 'jsonb',
  waiting: 'jsonb',
  due: 'text',
  dueAt: 'timestamptz',
  leaseMs: 'integer',
  finishedAt: 'timestamptz',
  progressed: 'boolean',
});

/**
 * Writes the progress of held runs; the fence decides. Answers the ids that were written: one that is missing was lost
 * to another worker or cancelled, and the caller must roll its effects back.
 */
export async function updateRuns(manager: EntityManager, runs: readonly (HeldRun & RunProgress)[]): Promise<Set<string>> {
  if (runs.length === 0) return new Set();
  const rows = await sql<{ id: string }>(
    manager,
    `UPDATE automation.runs SET status = u.status, reason = u.reason, error = u.error, waiting = u.waiting, due_at = ${DUE_AT},
       finished_at = u."finishedAt", recoveries = CASE WHEN u.progressed THEN 0 ELSE runs.recoveries END
     FROM ${PROGRESS.from}
     WHERE runs.workspace_id = u."workspaceId" AND runs.id = u."runId" AND runs.fence = u."heldFence" AND runs.status = 'running'
     RETURNING runs.id`,
    PROGRESS.parameters(runs.map((run) => ({ progressed: true, ...run, runId: run.id, heldFence: run.fence, ...dueColumns(run.due) }))),
  );
  return new Set(rows.map((row) => row.id));
}

/**
 * Claims due runs: waits that are over and leases that ran out, the longest due first, for half of the
 * claim (all of it when nothing is queued; an odd place goes to either by chance); and queued ones, an equal share of
 * each workspace. Raising the fence shuts a former holder out for good. Only a lease that ran out counts as a recovery.
 * `except`: runs that the caller holds; after an outage their leases may have run out, but their results are about to be
 * written. `full`: workspaces that the caller can take no more of; of another one's queue at most `mostOfOne`, and of all
 * waits and leases together as many.
 *
 * Of runs that were recovered before, one at a time: one of them may bring its process down, and its neighbours must not
 * be given up with it.
 */
export function claimDueRuns(
  manager: EntityManager,
  claim: { limit: number; mostOfOne: number; leaseMs: number; except: readonly string[]; full: readonly string[] },
  turns: Turns,
): Promise<ClaimedRun[]> {
  const queued = `status = 'queued' AND due_at <= now()`;
  // Not EXISTS, which the planner may answer by reading the table: this takes the first of the index.
  const anyQueued = `SELECT workspace_id FROM automation.runs WHERE ${queued} ORDER BY ${WORKSPACE} LIMIT 1`;
  const turn = { after: '$4::text', limit: '(SELECT $1::int - count(*) FROM ended)' };
  // The full ones are left out after they were found: an index scan that skips them would read all that is queued for them.
  const found = { ...turn, limit: `(${turn.limit} + cardinality($5::text[]))` };
  return turns.take((after) =>
    sql<ClaimedRun & Turn>(
      manager,
      `WITH RECURSIVE ended AS MATERIALIZED (
         SELECT workspace_id AS w, id AS i, status AS was FROM automation.runs
         WHERE status IN ('running', 'waiting') AND due_at <= now() AND id <> ALL($2::uuid[]) AND workspace_id <> ALL($5::text[])
           AND (status = 'waiting' OR recoveries = 0 OR (workspace_id, id) = (
             SELECT workspace_id, id FROM automation.runs WHERE due_at <= now() AND status = 'running' AND recoveries > 0
             ORDER BY recoveries, due_at LIMIT 1))
         ORDER BY due_at LIMIT least($6::int, CASE WHEN (${anyQueued}) IS NOT NULL THEN ($1::int + floor(2 * random())::int) / 2 ELSE $1::int END)
         FOR UPDATE SKIP LOCKED
       ),
       ${busyWorkspaces('automation.runs', queued, found)},
       served AS MATERIALIZED (SELECT w FROM busy WHERE w <> ALL($5::text[]) ORDER BY n LIMIT ${turn.limit}),
       queue AS MATERIALIZED (
         SELECT oldest.* FROM served, LATERAL (
           SELECT workspace_id AS w, id AS i, status AS was FROM automation.runs WHERE ${WORKSPACE} = served.w AND ${queued}
           ORDER BY due_at LIMIT least($6::int, ${turn.limit} / (SELECT count(*) FROM served)) FOR UPDATE SKIP LOCKED
         ) AS oldest
       ),
       -- The limit cuts nothing off, but tells the planner how few they are: it joined them by reading all of the runs.
       due AS MATERIALIZED (SELECT * FROM ended UNION ALL SELECT * FROM queue LIMIT $1::int)
       UPDATE automation.runs SET status = 'running', fence = fence + 1, due_at = now() + $3 * interval '1 ms',
         waiting = NULL, recoveries = CASE WHEN was = 'running' THEN recoveries + 1 ELSE recoveries END,
         started_at = coalesce(started_at, now())
       FROM due WHERE workspace_id = w AND id = i
       RETURNING workspace_id AS "workspaceId", id, workflow_id AS "workflowId", version_id AS "versionId", event_id AS "eventId",
         module, record_id AS "recordId", actor, cause, fence, recoveries, started_at AS "startedAt", retry_of AS "retryOf",
         ${nextTurn(turn, 'served')} AS "nextTurn", ${BUSY_COUNT} AS "busyWorkspaces"`,
      [claim.limit, claim.except, claim.leaseMs, after, claim.full, claim.mostOfOne],
    ),
  );
}

/** Heartbeat: moves the leases of held runs on. Answers the ids that are still held. */
export async function extendLeases(manager: EntityManager, runs: readonly HeldRun[], leaseMs: number): Promise<Set<string>> {
  if (runs.length === 0) return new Set();
  const rows = await sql<{ id: string }>(
    manager,
    `UPDATE automation.runs SET due_at = now() + $2 * interval '1 ms'
     FROM json_to_recordset($1::json) AS h("workspaceId" text, "runId" uuid, "heldFence" integer)
     WHERE runs.workspace_id = h."workspaceId" AND runs.id = h."runId" AND runs.fence = h."heldFence" AND runs.status = 'running'
     RETURNING runs.id`,
    [recordset(runs.map((run) => ({ workspaceId: run.workspaceId, runId: run.id, heldFence: run.fence }))), leaseMs],
  );
  return new Set(rows.map((row) => row.id));
}

/** Gives held runs back, due at once, as queued: the next claim does not count as a recovery. */
export async function releaseRuns(manager: EntityManager, runs: readonly HeldRun[]): Promise<void> {
  if (runs.length === 0) return;
  await sql(
    manager,
    `UPDATE automation.runs SET status = 'queued', due_at = now()
     FROM json_to_recordset($1::json) AS h("workspaceId" text, "runId" uuid, "heldFence" integer)
     WHERE runs.workspace_id = h."workspaceId" AND runs.id = h."runId" AND runs.fence = h."heldFence" AND runs.status = 'running'`,
    [recordset(runs.map((run) => ({ workspaceId: run.workspaceId, runId: run.id, heldFence: run.fence })))],
  );
}

/** A run that a re-entry rule has to know of. */
export interface EarlierRun {
  workflowId: string;
  module: string;
  recordId: string;
  active: boolean;
  createdAt: Date;
}

/**
 * The newest runs (skipped ones apart) of these workflows on these records. Takes a lock a (workflow, record) first, in
 * one order, so that two routers cannot both find nothing and both start one.
 */
export async function lockAndLoadEarlierRuns(
  manager: EntityManager,
  pairs: readonly { workspaceId: string; workflowId: string; module: string; recordId: string }[],
): Promise<EarlierRun[]> {
  if (pairs.length === 0) return [];
  const set = recordset(pairs);
  const columns = `p("workspaceId" text, "workflowId" uuid, module text, "recordId" text)`;
  await sql(
    manager,
    `SELECT pg_advisory_xact_lock(key) FROM (
       SELECT DISTINCT hashtextextended(concat_ws('/', "workspaceId", "workflowId", module, "recordId"), 0) AS key
       FROM json_to_recordset($1::json) AS ${columns} ORDER BY key) AS keys`,
    [set],
  );
  return sql<EarlierRun>(
    manager,
    `SELECT r.workflow_id AS "workflowId", r.module, r.record_id AS "recordId",
       bool_or(r.status IN ('queued', 'running', 'waiting')) AS active, max(r.created_at) AS "createdAt"
     FROM (SELECT DISTINCT * FROM json_to_recordset($1::json) AS ${columns}) AS pairs
     JOIN automation.runs r ON r.workspace_id = pairs."workspaceId" AND r.module = pairs.module AND r.record_id = pairs."recordId"
       AND r.workflow_id = pairs."workflowId" AND r.status <> 'skipped'
     GROUP BY r.workflow_id, r.module, r.record_id`,
    [set],
  );
}
