import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';
import type { Turn, Turns } from './turns.js';

/**
 * When a row of each table is due; null: never. Each has an index by workspace, in the order of bytes, and by that:
 * date_triggers_due, instances_due, human_tasks_next, human_task_mails_next.
 */
const DUE_AT = {
  date_triggers: 'due_at',
  instances: 'timeout_at',
  human_tasks: 'next_at',
  human_task_mails: 'next_at',
} as const;
/** What becomes due by itself here. */
type TimedTable = keyof typeof DUE_AT;

/**
 * The workspaces behind `after` in which something waits, and when the first of each is due: one probe of the index for each
 * workspace, whatever else waits.
 */
function waitingIn(table: TimedTable, after = '$1::text'): string {
  const dueAt = DUE_AT[table];
  const firstBehind = (workspace: string): string =>
    `SELECT workspace_id AS w, ${dueAt} AS due_at FROM automation.${table}
     WHERE ${dueAt} IS NOT NULL AND workspace_id COLLATE "C" > ${workspace} ORDER BY workspace_id COLLATE "C", ${dueAt} LIMIT 1`;
  return `WITH RECURSIVE waiting(w, due_at) AS (
    SELECT first.w, first.due_at FROM (${firstBehind(after)}) AS first
    UNION ALL
    SELECT next.w, next.due_at FROM waiting, LATERAL (${firstBehind('waiting.w')}) AS next
  )`;
}

/**
 * As many events of a workspace may wait for routing before anything more starts there by itself: what is due is captured
 * faster than it can be routed. 100,000 of them that were captured at once would cost everybody else the processors for
 * that long, beside the routing, and wait in another table. Served by events_unrouted.
 */
const ENOUGH_EVENTS = 1_000;

const HAS_ENOUGH = `EXISTS (
  SELECT FROM automation.events WHERE workspace_id COLLATE "C" = w AND routed_at IS NULL AND (waits_until IS NULL OR waits_until <= now())
  OFFSET ${ENOUGH_EVENTS - 1})`;

/** What starts runs, the others tell people. */
const STARTS: ReadonlySet<TimedTable> = new Set<TimedTable>(['date_triggers', 'instances']);

/**
 * The workspaces in which something is due, at most `most`, beginning with the one whose turn it is; of what starts runs,
 * without those that have enough to be routed.
 */
export async function workspacesWithDue(manager: EntityManager, table: TimedTable, most: number, turns: Turns): Promise<string[]> {
  const rows = await turns.take((after) =>
    sql<Turn & { workspaceId: string }>(
      manager,
      `${waitingIn(table)}, due AS (SELECT w FROM waiting WHERE due_at <= now() ${STARTS.has(table) ? `AND NOT ${HAS_ENOUGH}` : ''} LIMIT $2::int)
       SELECT w AS "workspaceId", (SELECT CASE WHEN count(*) >= $2::int THEN max(w COLLATE "C") ELSE '' END FROM due) AS "nextTurn",
         (SELECT count(*)::int FROM due) AS "busyWorkspaces" FROM due`,
      [after, most],
    ),
  );
  return rows.map(({ workspaceId }) => workspaceId);
}

/** When the first row of the table is due, as a query of one value. */
export function firstDueOf(table: TimedTable): string {
  return `${waitingIn(table, `''`)} SELECT min(due_at) FROM waiting`;
}
