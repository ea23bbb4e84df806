import { Inject, Injectable } from '@nestjs/common';
import { AutomationDatabase } from '../../store/database.js';
import { removeOldEvents, removeOldRuns } from '../../store/retention-store.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';

/** What one round removed. */
export interface RetentionRound {
  runs: number;
  events: number;
}

/** Removes the log when it is past its age. */
@Injectable()
export class Retention {
  constructor(
    private readonly database: AutomationDatabase,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** Removes what is past its age, batch after batch, each in a transaction of its own, until nothing is or `stopping` says so. */
  async round(stopping: () => boolean = () => false): Promise<RetentionRound> {
    const limits = this.settings.retention;
    const removed: RetentionRound = { runs: 0, events: 0 };
    for (let batch = limits.batchSize; batch === limits.batchSize && !stopping(); removed.runs += batch) {
      batch = await this.database.transaction((manager) => removeOldRuns(manager, limits));
    }
    for (let batch = limits.batchSize; batch === limits.batchSize && !stopping(); removed.events += batch) {
      batch = await this.database.transaction((manager) => removeOldEvents(manager, limits));
    }
    return removed;
  }
}
