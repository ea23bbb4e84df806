import type { AutomationDatabase } from '../../store/database.js';
import { removeOldEvents, removeOldRuns } from '../../store/retention-store.js';
import type { EngineSettings } from '../engine-settings.js';

/** What one round of the scheduler removed. */
export interface SchedulerRound {
  runs: number;
  events: number;
}

/**
 * Does what is due by itself. Waits of runs are not among it: they are due_at of the run, which the worker claims. What
 * remains is retention.
 */
export class Scheduler {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly settings: EngineSettings,
  ) {}

  /** Removes what is past its age, batch after batch, each in a transaction of its own, until nothing is or `stopping` says so. */
  async round(stopping: () => boolean = () => false): Promise<SchedulerRound> {
    const limits = this.settings.retention;
    const removed: SchedulerRound = { runs: 0, events: 0 };
    for (let batch = limits.batchSize; batch === limits.batchSize && !stopping(); removed.runs += batch) {
      batch = await this.database.transaction((manager) => removeOldRuns(manager, limits));
    }
    for (let batch = limits.batchSize; batch === limits.batchSize && !stopping(); removed.events += batch) {
      batch = await this.database.transaction((manager) => removeOldEvents(manager, limits));
    }
    return removed;
  }
}
