import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';

/** How many workspaces are looked at: the oldest event of one more is hardly older than all of theirs. */
const MOST_WORKSPACES = 200;

/**
 * Returns how long the oldest event that is due has been waiting to be routed, in milliseconds; null when none is. Walks
 * down events_unrouted from workspace to workspace, one probe each, however much each has: ids are in the order of time.
 */
export async function oldestEventAge(manager: EntityManager): Promise<number | null> {
  const due = 'routed_at IS NULL AND (waits_until IS NULL OR waits_until <= now())';
  const first = (after: string): string =>
    `(SELECT workspace_id AS w, greatest(occurred_at, waits_until) AS since FROM automation.events
      WHERE ${due} ${after} ORDER BY workspace_id COLLATE "C", id LIMIT 1)`;
  const [row] = await sql<{ age: number | null }>(
    manager,
    `WITH RECURSIVE oldest(w, since, n) AS (
       SELECT w, since, 1 FROM ${first('')} AS first
       UNION ALL
       SELECT next.w, next.since, n + 1 FROM oldest, LATERAL ${first('AND workspace_id COLLATE "C" > oldest.w')} AS next
       WHERE n < $1::int
     )
     SELECT extract(epoch FROM now() - min(since))::float8 * 1000 AS age FROM oldest`,
    [MOST_WORKSPACES],
  );
  return row?.age ?? null;
}
