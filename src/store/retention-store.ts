import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';

/** Ages beyond which the log is removed, in milliseconds, and how many rows one statement takes. */
export interface RetentionLimits {
  runsMs: number;
  skippedRunsMs: number;
  eventsMs: number;
  batchSize: number;
}

/** What one batch did. Moments are texts of Postgres: a Date would lose their microseconds. */
export interface RetentionBatch {
  runs: number;
  events: number;
  /** Where the next batch begins; null when nothing is left that is due. */
  after: string | null;
}

/** Before everything. */
export const FROM_THE_START = '-infinity';

/**
 * Makes the round ours, when the last one is long enough ago (or `now`, whoever is at it): a row instead of an advisory
 * lock, so that a fleet does one round in `restMs` and not one a node, and it holds behind a pooler. False when it is not.
 */
export async function beginRound(manager: EntityManager, holder: string, when: 'due' | 'now', restMs: number): Promise<boolean> {
  const rows = await sql(
    manager,
    `INSERT INTO automation.retention AS r (holder, next_round_at) VALUES ($1, now() + $2::float8 * interval '1 ms')
     ON CONFLICT (is_only_row) DO UPDATE SET holder = excluded.holder, next_round_at = excluded.next_round_at
       WHERE r.next_round_at <= now() OR $3
     RETURNING 1`,
    [holder, restMs, when === 'now'],
  );
  return rows.length > 0;
}

/**
 * The first statement of each batch: keeps the round ours, and others out of it until the batch commits. Returns up to
 * where events have been seen, or null when another node has taken the round over.
 */
export async function holdRound(manager: EntityManager, holder: string, restMs: number): Promise<string | null> {
  const [row] = await sql<{ seen: string }>(
    manager,
    `UPDATE automation.retention SET next_round_at = now() + $2::float8 * interval '1 ms' WHERE holder = $1
     RETURNING events_seen_until::text AS seen`,
    [holder, restMs],
  );
  return row?.seen ?? null;
}

/**
 * Removes one batch of old skipped runs. From the oldest by index; within a round from where the last batch ended, so that
 * what is removed and not yet vacuumed is not walked through again.
 */
export function removeOldSkippedRuns(manager: EntityManager, limits: RetentionLimits, after: string): Promise<RetentionBatch> {
  return removeRuns(manager, `status = 'skipped'`, limits.skippedRunsMs, limits, after);
}

/**
 * Removes one batch of old finished runs with their steps, and such of their events as were kept for them alone. A run
 * that is not over is never touched, however old. An instance that rests where a transition has failed keeps for its retry what
 * the conditions saw: no longer than the run. Served by instances_failed.
 */
export function removeOldRuns(manager: EntityManager, limits: RetentionLimits, after: string): Promise<RetentionBatch> {
  return removeRuns(manager, `status IN ('succeeded', 'failed', 'cancelled')`, limits.runsMs, limits, after);
}

async function removeRuns(
  manager: EntityManager,
  isOver: string,
  ageMs: number,
  limits: RetentionLimits,
  after: string,
): Promise<RetentionBatch> {
  const [batch] = await sql<{ runs: number; after: string | null; workspaces: string[]; events: string[] }>(
    manager,
    // Small batches keep locks and WAL short.
    `WITH old AS MATERIALIZED (
       SELECT workspace_id, id, finished_at FROM automation.runs
       WHERE ${isOver} AND finished_at >= $2::timestamptz AND finished_at < now() - $1::float8 * interval '1 ms'
       ORDER BY finished_at LIMIT $3 FOR UPDATE SKIP LOCKED
     ), steps AS (
       DELETE FROM automation.step_executions s USING old WHERE s.workspace_id = old.workspace_id AND s.run_id = old.id
     ), answers AS (
       DELETE FROM automation.run_inbox i USING old WHERE i.workspace_id = old.workspace_id AND i.run_id = old.id
     ), tokens AS (
       DELETE FROM automation.wait_tokens t USING old WHERE t.workspace_id = old.workspace_id AND t.run_id = old.id
     ), batches AS (
       DELETE FROM automation.run_batches b USING old WHERE b.workspace_id = old.workspace_id AND b.run_id = old.id
     ), failures AS (
       UPDATE automation.instances i SET failure = i.failure - 'explanation' FROM old
       WHERE i.workspace_id = old.workspace_id AND i.failure IS NOT NULL AND i.failure->>'runId' = old.id::text
     ), tasks AS (
       DELETE FROM automation.human_tasks t USING old WHERE t.workspace_id = old.workspace_id AND t.run_id = old.id
     ), gone AS (
       DELETE FROM automation.runs r USING old WHERE r.workspace_id = old.workspace_id AND r.id = old.id
       RETURNING r.workspace_id, r.event_id, r.status
     ) SELECT (SELECT count(*)::int FROM gone) AS runs,
         (SELECT CASE WHEN count(*) >= $3 THEN max(finished_at)::text END FROM old) AS after,
         (SELECT coalesce(array_agg(workspace_id), '{}') FROM gone WHERE event_id IS NOT NULL AND status <> 'skipped') AS workspaces,
         (SELECT coalesce(array_agg(event_id::text), '{}') FROM gone WHERE event_id IS NOT NULL AND status <> 'skipped') AS events`,
    [ageMs, after, limits.batchSize],
  );
  if (!batch) return { runs: 0, events: 0, after: null };
  const { runs, after: next } = batch;
  return { runs, events: await removeKeptEvents(manager, batch, limits.eventsMs), after: next };
}

/**
 * True while a run needs the event `e`: one that is not over, or that has failed and may be retried. Two look-ups by index
 * each time (first runs, then repetitions): a scalar, which the planner does not turn into a join that reads all the runs.
 */
const IS_NEEDED = ['retry_of IS NULL', 'retry_of IS NOT NULL']
  .map(
    (kind) => `coalesce((SELECT true FROM automation.runs r WHERE r.workspace_id = e.workspace_id AND r.event_id = e.id
      AND r.event_id IS NOT NULL AND r.${kind} AND (r.finished_at IS NULL OR r.status = 'failed') LIMIT 1), false)`,
  )
  .map((look) => `(${look})`)
  .join(' OR ');

/** Names of events, as $1 and $2 of a statement. */
const NAMED = '(workspace_id, id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))';

/**
 * Removes the events of removed runs that are past their age and that no other run needs: {@link removeOldEvents} has
 * passed them by. They are locked first and judged by a later snapshot, in which a restart that came in between is seen.
 */
async function removeKeptEvents(
  manager: EntityManager,
  { workspaces, events }: { workspaces: readonly string[]; events: readonly string[] },
  eventsMs: number,
): Promise<number> {
  if (events.length === 0) return 0;
  const locked = await sql<EventName>(
    manager,
    `SELECT workspace_id AS "workspaceId", id FROM automation.events
     WHERE ${NAMED} AND routed_at < now() - $3::float8 * interval '1 ms' ORDER BY workspace_id, id FOR UPDATE`,
    [workspaces, events, eventsMs],
  );
  return removeUnneeded(manager, locked);
}

interface EventName {
  workspaceId: string;
  id: string;
}

/** Removes those of the locked events that no run needs. Returns how many went. */
async function removeUnneeded(manager: EntityManager, locked: readonly EventName[]): Promise<number> {
  if (locked.length === 0) return 0;
  const rows = await sql(manager, `DELETE FROM automation.events e WHERE ${NAMED} AND NOT (${IS_NEEDED}) RETURNING 1`, [
    locked.map((event) => event.workspaceId),
    locked.map((event) => event.id),
  ]);
  return rows.length;
}

/**
 * Looks at one batch of old routed events and removes those that no run needs. An event is looked at once, in the order of
 * routing: one that is kept goes with its run, in {@link removeOldRuns}. One that somebody holds right now (a restart does)
 * stays for the next round, and so does what comes after it.
 */
export async function removeOldEvents(manager: EntityManager, limits: RetentionLimits, after: string): Promise<RetentionBatch> {
  const [found] = await sql<{ seen: number; last: string | null; held: string | null; workspaceIds: string[]; ids: string[] }>(
    manager,
    // All events of one moment belong to one batch (they were routed together): the next one begins behind that moment.
    `WITH due AS MATERIALIZED (
       SELECT workspace_id, id, routed_at FROM automation.events
       WHERE routed_at > $2::timestamptz AND routed_at < now() - $1::float8 * interval '1 ms'
       ORDER BY routed_at FETCH FIRST ($3::int) ROWS WITH TIES
     ), unneeded AS MATERIALIZED (SELECT * FROM due e WHERE NOT (${IS_NEEDED})),
     locked AS MATERIALIZED (
       SELECT e.workspace_id, e.id FROM unneeded JOIN automation.events e ON e.workspace_id = unneeded.workspace_id AND e.id = unneeded.id
       FOR UPDATE OF e SKIP LOCKED
     ) SELECT (SELECT count(*)::int FROM due) AS seen, (SELECT max(routed_at)::text FROM due) AS last,
         (SELECT (min(routed_at) - interval '1 microsecond')::text FROM unneeded u
          WHERE NOT EXISTS (SELECT 1 FROM locked WHERE locked.workspace_id = u.workspace_id AND locked.id = u.id)) AS held,
         (SELECT coalesce(array_agg(workspace_id), '{}') FROM locked) AS "workspaceIds",
         (SELECT coalesce(array_agg(id::text), '{}') FROM locked) AS ids`,
    [limits.eventsMs, after, limits.batchSize],
  );
  if (!found || found.last === null) return { runs: 0, events: 0, after: null };
  const names = found.ids.map((id, index) => ({ workspaceId: found.workspaceIds[index] as string, id }));
  const events = await removeUnneeded(manager, names);
  // Not up to the present: a transaction that is routing now commits with the moment at which it began.
  await sql(manager, `UPDATE automation.retention SET events_seen_until = least($1::timestamptz, now() - interval '1 hour')`, [
    found.held ?? found.last,
  ]);
  return { runs: 0, events, after: found.held === null && found.seen >= limits.batchSize ? found.last : null };
}
