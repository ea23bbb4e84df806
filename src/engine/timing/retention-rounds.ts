import { Inject, Injectable } from '@nestjs/common';
import { AutomationDatabase } from '../../store/database.js';
import { Retention, type RetentionRound } from '../../store/retention.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';

/** Removes the log when it is past its age: one node of a fleet, one round an interval. */
@Injectable()
export class RetentionRounds {
  private readonly retention: Retention;

  constructor(database: AutomationDatabase, @Inject(ENGINE_SETTINGS) settings: EngineSettings) {
    this.retention = new Retention(database, settings.retention);
  }

  /** Removes what is past its age now; for tests, and for hosts that say themselves when. */
  round(): Promise<RetentionRound> {
    return this.retention.round('now');
  }

  /** Removes what is past its age, where no node of the fleet has done so lately, until nothing is left or `stopping` says so. */
  roundIfDue(stopping: () => boolean): Promise<RetentionRound> {
    return this.retention.round('due', stopping);
  }
}
