import { Injectable } from '@nestjs/common';
import { AutomationDatabase } from '../../store/database.js';
import { queueDueRuns } from '../../store/runs/claim.js';

/** How many runs of each kind one statement queues: a thousand waits that end at nine o'clock take about 20 ms. */
const BATCH = 1_000;

/** Makes runs due: those whose wait is over, and those whose worker let its lease run out. */
@Injectable()
export class DueRunsQueue {
  constructor(private readonly database: AutomationDatabase) {}

  /**
   * Queues one batch. `held`: the runs that this process holds itself, asked when the connection is there: after an outage
   * that may take long, and what was begun meanwhile would be taken for somebody's who died.
   */
  async queue(held: () => readonly string[]): Promise<{ queued: boolean; more: boolean }> {
    const { waits, leases } = await this.database.connection((manager) => queueDueRuns(manager, BATCH, held()));
    return { queued: waits + leases > 0, more: waits === BATCH || leases === BATCH };
  }
}
