import type { EntityManager } from 'typeorm';
import { recordset, sql } from '../sql.js';

/**
 * Runs of workflows that limit how many there may be at a time, or that want those of a record in order. Such a run is queued
 * and not due; `admission` says what it waits for: `record` (earlier runs of its record), then `queue` (a free place), then it
 * is `admitted` until it is over. A place is no row: it is a run that is admitted and not over, so that whatever ends the run
 * frees it, in the same statement.
 */

/** A workflow whose runs wait for each other. */
export interface QueueRef {
  workspaceId: string;
  workflowId: string;
}

/** How many runs a version allows at a time, and what a run of it waits for first; of rows called `v` and `r`. */
export const LIMIT = `coalesce((v.definition->'settings'->>'maxConcurrentRuns')::numeric, (v.setting_defaults->>'maxConcurrentRuns')::numeric, 0)`;
const LIMIT_ADMISSION = `CASE WHEN ${LIMIT} > 0 THEN 'queue' END`;
const LIMIT_REASON = `CASE WHEN ${LIMIT} > 0 THEN 'concurrency_limit' END`;
const IS_ORDERED = `v.definition->'settings'->>'order' = 'per_record' AND r.module IS NOT NULL AND r.record_id IS NOT NULL`;

/** For statements that queue runs of the version `v` anew, as `admissionOf` of core/start does for new ones. */
export const ADMISSION_OF_VERSION = {
  admission: `CASE WHEN ${IS_ORDERED} THEN 'record' ELSE ${LIMIT_ADMISSION} END`,
  reason: `CASE WHEN ${IS_ORDERED} THEN 'record_order' ELSE ${LIMIT_REASON} END`,
  dueAt: `CASE WHEN ${IS_ORDERED} OR ${LIMIT} > 0 THEN NULL ELSE now() END`,
};

const IN_QUEUE = `r.admission = 'queue' AND r.status = 'queued'`;
const IN_ORDER = `r.admission = 'record' AND r.status = 'queued'`;
export const NOT_OVER = `status IN ('queued', 'running', 'waiting')`;
/** Of a run that a person has sent back, its time counts from when its turn has come: what it waited before is not its own doing. */
const RESUMED = 'CASE WHEN r.resumed_at IS NOT NULL THEN now() END';
/** The place of a run: that of its event. */
const PLACE = 'coalesce(r.event_id, r.id)';

/** Served by runs_in_queue or runs_in_order: one probe for each workflow, however much each has. */
function eachWorkflow(name: string, isWaiting: string): string {
  return `${name}(w, f, n) AS (
    SELECT first.*, 1 FROM (
      SELECT r.workspace_id, r.workflow_id FROM automation.runs r WHERE ${isWaiting}
        AND (r.workspace_id COLLATE "C", r.workflow_id) > ($2::text, $3::uuid)
      ORDER BY r.workspace_id COLLATE "C", r.workflow_id LIMIT 1
    ) AS first
    UNION ALL
    SELECT next.*, n + 1 FROM ${name}, LATERAL (
      SELECT r.workspace_id, r.workflow_id FROM automation.runs r WHERE ${isWaiting}
        AND (r.workspace_id COLLATE "C", r.workflow_id) > (${name}.w, ${name}.f)
      ORDER BY r.workspace_id COLLATE "C", r.workflow_id LIMIT 1
    ) AS next WHERE n < $1::int
  )`;
}

/** Some of the queues that may move on. */
export interface FoundQueues {
  queues: QueueRef[];
  /** Behind which the next look begins; null at the end. */
  next: QueueRef | null;
}

const BEFORE_ALL: QueueRef = { workspaceId: '', workflowId: '00000000-0000-0000-0000-000000000000' };

/**
 * The workflows whose queues may move on: those with a free place for the first that waits for one, and those with runs
 * that wait for others of their record. Looks at no more than `limit` of each, behind one of them.
 */
export async function findQueues(manager: EntityManager, limit: number, after: QueueRef | null): Promise<FoundQueues> {
  const { workspaceId, workflowId } = after ?? BEFORE_ALL;
  const [found] = await sql<FoundQueues>(
    manager,
    `WITH RECURSIVE ${eachWorkflow('queues', IN_QUEUE)}, ${eachWorkflow('orders', IN_ORDER)},
     found AS (
       SELECT w, f FROM queues, LATERAL (
         SELECT ${LIMIT} AS most FROM (
           SELECT r.workspace_id, r.version_id FROM automation.runs r
           WHERE ${IN_QUEUE} AND r.workspace_id COLLATE "C" = w AND r.workflow_id = f ORDER BY ${PLACE} LIMIT 1
         ) AS head LEFT JOIN automation.workflow_versions v ON v.workspace_id = head.workspace_id AND v.id = head.version_id
       ) AS first
       WHERE most = 0 OR most > (${countAdmitted('w', 'f')})
       UNION SELECT w, f FROM orders
     )
     SELECT coalesce((SELECT json_agg(json_build_object('workspaceId', w, 'workflowId', f)) FROM found), '[]') AS queues,
       (SELECT json_build_object('workspaceId', w, 'workflowId', f) FROM (
          SELECT w, f FROM queues WHERE n = $1::int UNION ALL SELECT w, f FROM orders WHERE n = $1::int
        ) AS cut ORDER BY w COLLATE "C", f LIMIT 1) AS next`,
    [limit, workspaceId, workflowId],
  );
  return found ?? { queues: [], next: null };
}

/** Served by runs_admitted. */
function countAdmitted(workspaceId: string, workflowId: string): string {
  return `SELECT count(*) FROM automation.runs a WHERE a.workspace_id COLLATE "C" = ${workspaceId} AND a.workflow_id = ${workflowId}
    AND a.admission = 'admitted' AND a.${NOT_OVER}`;
}

/** Of the nodes that move a queue on, one at a time: the next statement of the transaction sees all that the others did. */
export async function lockQueue(manager: EntityManager, { workspaceId, workflowId }: QueueRef): Promise<void> {
  await sql(manager, `SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('/', 'queue', $1::text, $2::text), 0))`, [
    workspaceId,
    workflowId,
  ]);
}

/** Names a record; '' and '' come before all. */
export interface RecordPlace {
  module: string;
  recordId: string;
}

/** Which records one look is about: those behind a place, at most so many, or these. */
export type RecordsOfLook = { after: RecordPlace; limit: number } | { these: readonly RecordPlace[] };

/** What one look at the records of a queue did. */
export interface OrderedRuns {
  /** Runs that are due now. */
  admitted: number;
  /** Records of which an earlier event is not routed yet: whether a run comes of it decides who is the next. */
  undecided: RecordPlace[];
  /** Where the next look begins; null at the end. */
  next: RecordPlace | null;
}

/** How many earlier events of a record are asked whether they are routed: routers are not that far apart. */
const EARLIER_EVENTS = 1_000;

const OF_ORDER = `r.workspace_id COLLATE "C" = $1 AND r.workflow_id = $2 AND ${IN_ORDER}`;

/** One probe of runs_in_order for each record, however many runs wait there. */
const NEXT_RECORDS = `records(module, record_id, n) AS (
    SELECT first.*, 1 FROM (
      SELECT r.module, r.record_id FROM automation.runs r WHERE ${OF_ORDER} AND (r.module, r.record_id) > ($3, $4)
      ORDER BY r.module, r.record_id LIMIT 1
    ) AS first
    UNION ALL
    SELECT next.*, n + 1 FROM records, LATERAL (
      SELECT r.module, r.record_id FROM automation.runs r WHERE ${OF_ORDER} AND (r.module, r.record_id) > (records.module, records.record_id)
      ORDER BY r.module, r.record_id LIMIT 1
    ) AS next WHERE n < $5::int
  )`;
const THESE_RECORDS = `records(module, record_id, n) AS (
    SELECT module, "recordId", 1 FROM json_to_recordset($3::json) AS these(module text, "recordId" text)
  )`;

/**
 * Of each record the first run that waits for others, when there are none before it any more: not in the queue, not under
 * way, and not to come of an earlier event that is still being routed. It takes its place in the workflow's queue, or is due
 * where there is none. Served by runs_in_order, runs_admitted and events_record.
 */
export async function admitFirstOfRecords(
  manager: EntityManager,
  { workspaceId, workflowId }: QueueRef,
  look: RecordsOfLook,
): Promise<OrderedRuns> {
  const [records, given] =
    'these' in look
      ? [THESE_RECORDS, [recordset(look.these.map(({ module, recordId }) => ({ module, recordId })))]]
      : [NEXT_RECORDS, [look.after.module, look.after.recordId, look.limit]];
  const [done] = await sql<{ admitted: number; undecided: RecordPlace[] | null; seen: number; last: RecordPlace }>(
    manager,
    `WITH RECURSIVE ${records},
     firsts AS MATERIALIZED (
       SELECT records.*, first.*, EXISTS (
           SELECT 1 FROM automation.runs p WHERE p.workspace_id COLLATE "C" = $1 AND p.workflow_id = $2 AND p.module = records.module
             AND p.record_id COLLATE "C" = records.record_id AND p.admission IN ('queue', 'admitted') AND p.${NOT_OVER}
             OFFSET 0 -- A probe for each: the planner read all that are admitted instead, for one record too.
         ) AS is_behind, EXISTS (
           SELECT 1 FROM (
             SELECT e.routed_at FROM automation.events e WHERE e.workspace_id = $1 AND e.module = records.module
               AND e.record_id = records.record_id AND e.id < first.place ORDER BY e.id DESC LIMIT ${EARLIER_EVENTS}
           ) AS earlier WHERE earlier.routed_at IS NULL
         ) AS is_undecided
       FROM records, LATERAL (
         SELECT r.id, r.version_id, ${PLACE} AS place FROM automation.runs r
         WHERE ${OF_ORDER} AND r.module = records.module AND r.record_id = records.record_id ORDER BY ${PLACE} LIMIT 1
       ) AS first
     ),
     moved AS (
       UPDATE automation.runs r SET admission = coalesce(${LIMIT_ADMISSION}, 'admitted'), reason = ${LIMIT_REASON},
         due_at = CASE WHEN ${LIMIT} > 0 THEN NULL ELSE now() END, resumed_at = ${RESUMED}
       FROM firsts LEFT JOIN automation.workflow_versions v ON v.workspace_id = $1 AND v.id = firsts.version_id
       WHERE r.workspace_id = $1 AND r.id = firsts.id AND NOT is_behind AND NOT is_undecided AND ${IN_ORDER}
       RETURNING r.due_at
     )
     SELECT (SELECT count(*)::int FROM moved WHERE due_at IS NOT NULL) AS admitted, (SELECT count(*)::int FROM records) AS seen,
       (SELECT json_agg(json_build_object('module', module, 'recordId', record_id)) FROM firsts WHERE is_undecided AND NOT is_behind) AS undecided,
       (SELECT json_build_object('module', module, 'recordId', record_id) FROM records ORDER BY n DESC LIMIT 1) AS last`,
    [workspaceId, workflowId, ...given],
  );
  if (!done) return { admitted: 0, undecided: [], next: null };
  const isCut = 'limit' in look && done.seen >= look.limit;
  return { admitted: done.admitted, undecided: done.undecided ?? [], next: isCut ? done.last : null };
}

/**
 * Admits the first runs of a queue to the places that are free, by what the version of each allows: while the first one does
 * not fit, none behind it goes. At most `limit`. Returns how many are due now. Served by runs_in_queue and runs_admitted.
 */
export async function admitFromQueue(manager: EntityManager, { workspaceId, workflowId }: QueueRef, limit: number): Promise<number> {
  const rows = await sql(
    manager,
    `WITH admitted AS MATERIALIZED (${countAdmitted('$1', '$2')}),
     waiting AS MATERIALIZED (
       SELECT r.id, r.version_id, ${PLACE} AS place FROM automation.runs r
       WHERE r.workspace_id COLLATE "C" = $1 AND r.workflow_id = $2 AND ${IN_QUEUE} ORDER BY ${PLACE} LIMIT $3
     ),
     counted AS (
       SELECT w.id, w.place, ${LIMIT} AS most, row_number() OVER (ORDER BY w.place, w.id) + (SELECT count FROM admitted) AS nth
       FROM waiting w LEFT JOIN automation.workflow_versions v ON v.workspace_id = $1 AND v.id = w.version_id
     ),
     judged AS MATERIALIZED (SELECT id, bool_and(most = 0 OR nth <= most) OVER (ORDER BY place, id) AS fits FROM counted)
     UPDATE automation.runs r SET admission = 'admitted', reason = NULL, due_at = now(), resumed_at = ${RESUMED}
     FROM judged WHERE fits AND r.workspace_id = $1 AND r.id = judged.id AND ${IN_QUEUE} RETURNING 1`,
    [workspaceId, workflowId, limit],
  );
  return rows.length;
}
