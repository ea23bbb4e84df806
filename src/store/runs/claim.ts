import type { EntityManager } from 'typeorm';
import { RELEASE } from '../release.js';
import { sql } from '../sql.js';
import type { Turn, Turns } from '../turns.js';
import type { ClaimedRun } from './run.js';

/** What a worker can take on. */
export interface RunClaimRequest {
  /** The most runs in all. */
  limit: number;
  /** The most of one workspace. */
  mostOfOne: number;
  leaseMs: number;
  /** Workspaces of which it can take no more. */
  full: readonly string[];
}

/**
 * Claims queued runs, an equal share of each workspace that has some, beginning with the one whose turn it is. Raising the
 * fence shuts a former holder out for good.
 *
 * `busy` walks down the index from workspace to workspace, one probe each, however much each has queued. The full ones are
 * left out after they were found: an index scan that skips them would read all that is queued for them. Of runs that were
 * recovered from dead workers, one at a time: one of them may bring its process down, and its neighbours must not be given
 * up with it.
 */
export function claimRuns(
  manager: EntityManager,
  { limit, mostOfOne, leaseMs, full }: RunClaimRequest,
  turns: Turns,
): Promise<ClaimedRun[]> {
  return turns.take((after) =>
    sql<ClaimedRun & Turn>(
      manager,
      `WITH RECURSIVE release AS MATERIALIZED (SELECT set_config('automation.release', '${RELEASE}', true)),
       recovered AS MATERIALIZED (
         SELECT workspace_id AS w, id AS i, started_at IS NULL AS fresh FROM automation.runs
         WHERE status = 'queued' AND recoveries > 1 AND due_at <= now() AND workspace_id <> ALL($4::text[])
         ORDER BY recoveries, due_at LIMIT 1 FOR UPDATE SKIP LOCKED
       ),
       busy(w, n) AS (
         SELECT first.w, 1 FROM (
           SELECT workspace_id AS w FROM automation.runs WHERE status = 'queued' AND recoveries <= 1 AND due_at <= now()
             AND workspace_id COLLATE "C" > $5::text ORDER BY workspace_id COLLATE "C" LIMIT 1
         ) AS first
         UNION ALL
         SELECT next.w, n + 1 FROM busy, LATERAL (
           SELECT workspace_id AS w FROM automation.runs WHERE status = 'queued' AND recoveries <= 1 AND due_at <= now()
             AND workspace_id COLLATE "C" > busy.w ORDER BY workspace_id COLLATE "C" LIMIT 1
         ) AS next WHERE n < $1::int + cardinality($4::text[])
       ),
       served AS MATERIALIZED (SELECT w FROM busy WHERE w <> ALL($4::text[]) ORDER BY n LIMIT $1::int),
       queue AS MATERIALIZED (
         SELECT oldest.* FROM served, LATERAL (
           SELECT workspace_id AS w, id AS i, started_at IS NULL AS fresh FROM automation.runs
           WHERE workspace_id COLLATE "C" = served.w AND status = 'queued' AND recoveries <= 1 AND due_at <= now()
           ORDER BY due_at LIMIT least($2::int, $1::int / (SELECT count(*) FROM served)) FOR UPDATE SKIP LOCKED
         ) AS oldest
       ),
       -- The limit cuts nothing off, but tells the planner how few they are: it joined them by reading all of the runs.
       claimed AS MATERIALIZED (SELECT * FROM recovered UNION ALL SELECT * FROM queue LIMIT $1::int + 1)
       UPDATE automation.runs SET status = 'running', fence = fence + 1, due_at = now() + $3 * interval '1 ms', waiting = NULL,
         started_at = coalesce(started_at, now())
       FROM claimed, release WHERE workspace_id = w AND id = i
       RETURNING workspace_id AS "workspaceId", id, fence, workflow_id AS "workflowId", version_id AS "versionId", event_id AS "eventId",
         module, record_id AS "recordId", actor, cause, parent, recoveries, answers, coalesce(resumed_at, started_at) AS "startedAt", started_at AS "firstStartedAt",
         fresh AS "isFresh",
         (SELECT CASE WHEN count(*) >= $1::int THEN coalesce(max(w COLLATE "C"), $5::text) ELSE '' END FROM served) AS "nextTurn",
         (SELECT count(*)::int FROM busy) AS "busyWorkspaces"`,
      [limit, mostOfOne, leaseMs, full, after],
    ),
  );
}

/** What became due by itself. */
export interface DueRuns {
  /** Waits that were over. */
  waits: number;
  /** Leases that ran out: their workers are dead, frozen or cut off. */
  leases: number;
  /** Workspaces that have enough in the queue: more of theirs may be due. */
  heldBack: number;
}

/**
 * Queues runs whose wait is over or whose worker let its lease run out, the longest due first, at most `limit` of each.
 * Only a lease that ran out counts as a recovery. `held`: runs that the caller holds; after an outage their leases may have
 * run out, but their results are about to be written.
 *
 * Of a workspace that has `limit` runs in the queue, no further waits: when 100,000 of one ended at nine o'clock, another's
 * stood behind them in order of time, and waited until all were queued (11 s). Its index leads over them without a look at
 * the table.
 */
export async function queueDueRuns(manager: EntityManager, limit: number, held: readonly string[]): Promise<DueRuns> {
  const [due] = await sql<DueRuns>(
    manager,
    `WITH RECURSIVE busy(w, n) AS (
       SELECT first.w, 1 FROM (
         SELECT workspace_id AS w FROM automation.runs WHERE status = 'queued' AND recoveries <= 1 AND due_at IS NOT NULL
         ORDER BY workspace_id COLLATE "C" LIMIT 1
       ) AS first
       UNION ALL
       SELECT next.w, n + 1 FROM busy, LATERAL (
         SELECT workspace_id AS w FROM automation.runs WHERE status = 'queued' AND recoveries <= 1 AND due_at IS NOT NULL
           AND workspace_id COLLATE "C" > busy.w ORDER BY workspace_id COLLATE "C" LIMIT 1
       ) AS next WHERE n < $1::int
     ),
     enough AS MATERIALIZED (
       SELECT w FROM busy WHERE EXISTS (
         SELECT FROM automation.runs WHERE workspace_id COLLATE "C" = w AND status = 'queued' AND recoveries <= 1 AND due_at IS NOT NULL
           OFFSET $1::int - 1
       )
     ),
     over AS MATERIALIZED (
       SELECT workspace_id AS w, id AS i FROM automation.runs WHERE status = 'waiting' AND due_at <= now()
         AND workspace_id <> ALL(ARRAY(SELECT w FROM enough))
       ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
     ),
     expired AS MATERIALIZED (
       SELECT workspace_id AS w, id AS i FROM automation.runs WHERE status = 'running' AND due_at <= now() AND id <> ALL($2::uuid[])
       ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
     ),
     woken AS (UPDATE automation.runs SET status = 'queued' FROM over WHERE workspace_id = w AND id = i RETURNING 1),
     recovered AS (
       UPDATE automation.runs SET status = 'queued', recoveries = recoveries + 1, fence = fence + 1 FROM expired
       WHERE workspace_id = w AND id = i RETURNING 1
     )
     SELECT (SELECT count(*) FROM woken)::int AS waits, (SELECT count(*) FROM recovered)::int AS leases,
       (SELECT count(*) FROM enough)::int AS "heldBack"`,
    [limit, held],
  );
  return due ?? { waits: 0, leases: 0, heldBack: 0 };
}
