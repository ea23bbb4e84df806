/** What each row of a claim in turns tells of the claim itself. */
export interface Turn {
  /** The workspace behind which the next claim begins; empty: at the first. */
  nextTurn: string;
}

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

  /** Claims from the workspace whose turn it is; begins anew when there is nothing from there on. */
  async take<Row extends Turn>(claim: (after: string) => Promise<Row[]>): Promise<Row[]> {
    const from = this.after;
    const rows = await claim(from);
    this.after = rows[0]?.nextTurn ?? '';
    return rows.length === 0 && from !== '' ? this.take(claim) : rows;
  }
}
