import { Injectable } from '@nestjs/common';
import { AutomationDatabase } from '../../store/database.js';
import { queueDueRuns } from '../../store/runs/claim.js';

/**
 * How many runs of each kind one statement queues, and how many of one workspace are queued at the most: a thousand waits
 * that end at nine o'clock take about 20 ms.
 */
const BATCH = 1_000;

/** Whether there is probably more to do: now, soon, or not before the next hint or poll. */
export type More = 'now' | 'soon' | 'no';

/** Makes runs due: those whose wait is over, and those whose worker let its lease run out. */
@Injectable()
export class DueRunsQueue {
  constructor(private readonly database: AutomationDatabase) {}

  /**
   * Queues one batch. `more`: there is probably more to queue, now or (`soon`) when a workspace's queue has become shorter.
   * `held`: the runs that this process holds itself, asked when the connection is there: after an outage that may take long,
   * and what was begun meanwhile would be taken for somebody's who died.
   */
  async queue(held: () => readonly string[]): Promise<{ queued: boolean; more: More }> {
    const { waits, leases, heldBack } = await this.database.statement((manager) => queueDueRuns(manager, BATCH, held()));
    const more: More = waits === BATCH || leases === BATCH ? 'now' : heldBack > 0 ? 'soon' : 'no';
    return { queued: waits + leases > 0, more };
  }
}
