import type { EntityManager } from 'typeorm';
import type { RetentionBatch, RetentionLimits } from '../retention-store.js';
import { sql } from '../sql.js';

/**
 * Removes one batch of what did not fire, by the age of the events that asked: of an instance that lives for years it would be
 * most of the history. All else stays with its instance. From the oldest, by transitions_not_fired.
 */
export async function removeOldAttempts(manager: EntityManager, limits: RetentionLimits, after: string): Promise<RetentionBatch> {
  const [batch] = await sql<{ after: string | null }>(
    manager,
    `WITH old AS MATERIALIZED (
       SELECT workspace_id, instance_id, id, at FROM automation.transitions
       WHERE kind = 'not_fired' AND at >= $2::timestamptz AND at < now() - $1::float8 * interval '1 ms'
       ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED
     ), gone AS (
       DELETE FROM automation.transitions t USING old
       WHERE t.workspace_id = old.workspace_id AND t.instance_id = old.instance_id AND t.id = old.id
     ) SELECT CASE WHEN count(*) >= $3 THEN max(at)::text END AS after FROM old`,
    [limits.eventsMs, after, limits.batchSize],
  );
  return { runs: 0, events: 0, after: batch?.after ?? null };
}

/**
 * Takes from one batch of what fired, failed or was cancelled the values that conditions saw and the words of errors, by the age of
 * the runs that saw the same: an instance may live for years, and what it went through stays with it, when and by whom, and what
 * that person wrote. From the oldest, by transitions_seen, which what was taken from has left.
 */
export async function forgetOldValues(manager: EntityManager, limits: RetentionLimits, after: string): Promise<RetentionBatch> {
  const [batch] = await sql<{ after: string | null }>(
    manager,
    `WITH old AS MATERIALIZED (
       SELECT workspace_id, instance_id, id, at FROM automation.transitions
       WHERE kind IN ('fired', 'failed', 'cancelled') AND explanation ?| ARRAY['conditions', 'notFired', 'message']
         AND at >= $2::timestamptz AND at < now() - $1::float8 * interval '1 ms'
       ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED
     ), forgotten AS (
       UPDATE automation.transitions t SET explanation = nullif(jsonb_strip_nulls(jsonb_build_object('comment', t.explanation->'comment',
           'code', t.explanation->'code')), '{}')
       FROM old WHERE t.workspace_id = old.workspace_id AND t.instance_id = old.instance_id AND t.id = old.id
     ) SELECT CASE WHEN count(*) >= $3 THEN max(at)::text END AS after FROM old`,
    [limits.runsMs, after, limits.batchSize],
  );
  return { runs: 0, events: 0, after: batch?.after ?? null };
}
