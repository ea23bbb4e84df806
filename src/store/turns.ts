/** What each row of a claim in turns tells of the claim itself. */
export interface Turn {
  /** The workspace behind which the next claim begins; empty: at the first. */
  nextTurn: string;
  /** How many workspaces it found to have work. */
  busyWorkspaces: number;
}

/**
 * How long after a claim that found work of several workspaces short transactions are kept up, in milliseconds: longer than a
 * long one takes on a machine that is busy otherwise, or it would be followed by the next.
 */
const CROWDED_MS = 3_000;

/**
 * Whose turn it is, when more workspaces have work than one claim can serve: a claim takes an equal share of each workspace,
 * so that one with 100,000 events in the queue is no reason for another one's to wait for them. Kept in memory: another
 * process, or this one after a restart, begins somewhere else, and all get their turn nevertheless.
 *
 * The claims order by `workspace_id COLLATE "C"`, which the indexes of work have and the primary keys do not: with
 * statistics of a busier hour the planner took (workspace_id, id), which gives the same order, and read the whole history.
 */
export class Turns {
  private after = '';
  private crowdedUntil = 0;
  /** The last claim found work of several workspaces. */
  isShared = false;
  /** How many rows the last claim found. */
  lastClaim = 0;

  /** Several workspaces had work lately: what one of them waits for is the end of the other's transactions. */
  get isCrowded(): boolean {
    return performance.now() < this.crowdedUntil;
  }

  /** Claims from the workspace whose turn it is; begins anew when there is nothing from there on. */
  async take<Row extends Turn>(claim: (after: string) => Promise<Row[]>): Promise<Row[]> {
    const from = this.after;
    const rows = await claim(from);
    this.after = rows[0]?.nextTurn ?? '';
    this.lastClaim = rows.length;
    this.isShared = (rows[0]?.busyWorkspaces ?? 0) > 1;
    if (this.isShared) this.crowdedUntil = performance.now() + CROWDED_MS;
    return rows.length === 0 && from !== '' ? this.take(claim) : rows;
  }
}
