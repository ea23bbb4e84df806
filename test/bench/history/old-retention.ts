import type pg from 'pg';

/** What retention of release 0.1.0 asked on each node every ten minutes, to compare with: by created_at and occurred_at, over BRIN indexes. */
const STATEMENTS = {
  runs: `WITH old AS (
     SELECT workspace_id, id FROM automation.runs
     WHERE created_at < now() - least($1::float8, $2::float8) * interval '1 millisecond'
       AND ((status = 'skipped' AND finished_at < now() - $2 * interval '1 millisecond')
         OR (status IN ('succeeded', 'failed', 'cancelled') AND finished_at < now() - $1 * interval '1 millisecond'))
     LIMIT $3 FOR UPDATE SKIP LOCKED
   ), steps AS (
     DELETE FROM automation.step_executions s USING old WHERE s.workspace_id = old.workspace_id AND s.run_id = old.id
   ), gone AS (
     DELETE FROM automation.runs r USING old WHERE r.workspace_id = old.workspace_id AND r.id = old.id RETURNING 1
   ) SELECT count(*)::int AS count FROM gone`,
  events: `WITH old AS (
     SELECT workspace_id, id FROM automation.events e
     WHERE occurred_at < now() - $1::float8 * interval '1 millisecond' AND routed_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM automation.runs r WHERE r.workspace_id = e.workspace_id AND r.event_id = e.id
         AND (r.finished_at IS NULL OR r.status = 'failed'))
     LIMIT $2 FOR UPDATE SKIP LOCKED
   ), gone AS (
     DELETE FROM automation.events e USING old WHERE e.workspace_id = old.workspace_id AND e.id = old.id RETURNING 1
   ) SELECT count(*)::int AS count FROM gone`,
};

/** One round as 0.1.0 did it, within the transaction of `client`; gives up after `mostMs`. Returns what it removed until then. */
export async function oldRound(
  client: pg.Client,
  limits: { runsMs: number; skippedRunsMs: number; eventsMs: number; batchSize: number },
  mostMs: number,
): Promise<{ runs: number; events: number; gaveUp: boolean }> {
  const until = performance.now() + mostMs;
  const removed = { runs: 0, events: 0, gaveUp: false };
  const questions = [
    ['runs', [limits.runsMs, limits.skippedRunsMs, limits.batchSize]],
    ['events', [limits.eventsMs, limits.batchSize]],
  ] as const;
  for (const [of, parameters] of questions) {
    for (let batch = limits.batchSize; batch === limits.batchSize; removed[of] += batch) {
      if (performance.now() > until) return { ...removed, gaveUp: true };
      const { rows } = await client.query(STATEMENTS[of], [...parameters]);
      batch = rows[0].count;
    }
  }
  return removed;
}
