/**
 * The workspace as the indexes of work have it. Their own collation keeps the planner from the primary keys, which could
 * give the same order: with statistics of a busier hour it took (workspace_id, id) and read the whole history.
 */
export const WORKSPACE = 'workspace_id COLLATE "C"';

/**
 * The WITH query `busy(w, n)`: the workspaces that have work, in the order of their ids, those after `after`, at most
 * `limit`. Needs an index on ({@link WORKSPACE}, …) WHERE `work`: each workspace is then one step down that index, however
 * much work it has. A claim takes an equal share of each, so that one workspace with 100,000 events in the queue is no
 * reason for another one's to wait for them.
 */
export function busyWorkspaces(table: string, work: string, { after, limit }: { after: string; limit: string }): string {
  const first = (beyond: string) =>
    `SELECT workspace_id AS w FROM ${table} WHERE ${work} AND ${WORKSPACE} > ${beyond} ORDER BY ${WORKSPACE} LIMIT 1`;
  return `busy(w, n) AS (
    SELECT w, 1 FROM (${first(after)}) AS first WHERE ${limit} > 0
    UNION ALL
    SELECT next.w, n + 1 FROM busy, LATERAL (${first('busy.w')}) AS next WHERE n < ${limit}
  )`;
}

/** Where the next claim has to begin: after the last of the workspaces `served` when there may be more of them, else at the first. */
export function nextTurn({ after, limit }: { after: string; limit: string }, served = 'busy'): string {
  return `(SELECT CASE WHEN count(*) >= ${limit} THEN coalesce(max(w COLLATE "C"), ${after}) ELSE '' END FROM ${served})`;
}

/** How many workspaces a claim found to have work, from `busy`. */
export const BUSY_COUNT = '(SELECT count(*)::int FROM busy)';

/** What each row of a claim tells of the claim itself. */
export interface Turn {
  nextTurn: string;
  busyWorkspaces: number;
}

/** How long after a claim that found work of several workspaces short transactions are kept up. */
const CROWDED_MS = 1_000;

/**
 * Whose turn it is, when more workspaces have work than one claim can serve. Kept in memory: another process, or this
 * one after a restart, begins somewhere else, and all get their turn nevertheless.
 */
export class Turns {
  private after = '';
  private crowdedUntil = 0;
  /** The last claim found work of several workspaces. */
  isShared = false;

  /** Several workspaces had work lately: what one of them waits for is the end of the other's transactions. */
  get isCrowded(): boolean {
    return performance.now() < this.crowdedUntil;
  }

  /** Claims from the workspace whose turn it is; begins anew when there is nothing from there on. */
  async take<Row extends Turn>(claim: (after: string) => Promise<Row[]>): Promise<Row[]> {
    const from = this.after;
    const rows = await claim(from);
    this.after = rows[0]?.nextTurn ?? '';
    this.isShared = (rows[0]?.busyWorkspaces ?? 0) > 1;
    if (this.isShared) this.crowdedUntil = performance.now() + CROWDED_MS;
    return rows.length === 0 && from !== '' ? this.take(claim) : rows;
  }
}
