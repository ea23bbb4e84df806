import type { EntityManager } from 'typeorm';
import { v4 as uuid } from 'uuid';
import { QUERY_CANCELED, sqlState } from '../host/postgres-errors.js';
import type { AutomationDatabase } from './database.js';
import { removeEndedDateBuilds } from './date-builds.js';
import { removeOldCounts } from './deliveries.js';
import { forgetOldValues, removeOldAttempts } from './machines/old-attempts.js';
import { removeLeftInstances } from './machines/removal.js';
import {
  beginRound,
  FROM_THE_START,
  holdRound,
  type RetentionBatch,
  type RetentionLimits,
  removeOldEvents,
  removeOldRuns,
  removeOldSkippedRuns,
} from './retention-store.js';
import { ENGINE_STATEMENT_MS, limitTransaction } from './transaction-limits.js';
import { removeOldDays } from './workflow-days.js';

/** What one round of retention removed. */
export interface RetentionRound {
  runs: number;
  events: number;
}

/** A node looks a little more often than a round is due, or it would miss every other one. */
const REST_SHARE = 0.9;

/** By how much a batch is made smaller that took too long. */
const SMALLER = 10;

type Remove = typeof removeOldRuns;

/** Removes what is past its age: one node of the fleet at a time, batch after batch, at a cost that goes with what is removed. */
export class Retention {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly limits: RetentionLimits & { intervalMs: number },
    private readonly statementMs = ENGINE_STATEMENT_MS,
  ) {}

  /**
   * Does one round: `due` when the fleet's last one is long enough ago, `now` in any case (a node that is at it stops).
   * Ends early when `stopping` says so, or another node has taken over. Returns what was removed.
   */
  async round(when: 'due' | 'now', stopping: () => boolean = () => false): Promise<RetentionRound> {
    const round: RetentionRound = { runs: 0, events: 0 };
    const holder = uuid();
    const rest = this.limits.intervalMs * REST_SHARE;
    if (!(await this.database.transaction((manager) => beginRound(manager, holder, when, rest)))) return round;

    let { batchSize } = this.limits;
    /** Removes batch after batch, each in a short transaction of its own. False when the round has to end. */
    const removeAll = async (remove: Remove): Promise<boolean> => {
      for (let after: string | null = FROM_THE_START; after !== null; ) {
        if (stopping()) return false;
        const from: string = after;
        const batch = await this.batch(holder, rest, (manager, seen) =>
          remove(manager, { ...this.limits, batchSize }, remove === removeOldEvents && from === FROM_THE_START ? seen : from),
        ).catch((error: unknown) => {
          // Runs of many steps, or a slow disk: tried again by less, or every round would end at this batch.
          if (sqlState(error) !== QUERY_CANCELED || batchSize === 1) throw error;
          batchSize = Math.ceil(batchSize / SMALLER);
          return 'too slow' as const;
        });
        if (batch === 'too slow') continue;
        if (batch === null) return false;
        round.runs += batch.runs;
        round.events += batch.events;
        after = batch.after;
      }
      return true;
    };
    for (const remove of [removeEndedDateBuilds, removeOldCounts]) await this.database.statement(remove);
    // Runs first: an event goes when the last run that needs it has gone.
    const ofMachines = [removeOldAttempts, forgetOldValues, removeLeftInstances];
    for (const remove of [removeOldSkippedRuns, removeOldRuns, removeOldEvents, removeOldDays, ...ofMachines]) {
      if (!(await removeAll(remove))) break;
    }
    return round;
  }

  /** One transaction; null when another node has taken the round over. */
  private batch(
    holder: string,
    restMs: number,
    remove: (manager: EntityManager, seen: string) => Promise<RetentionBatch>,
  ): Promise<RetentionBatch | null> {
    return this.database.transaction(async (manager) => {
      await limitTransaction(manager, { statementMs: this.statementMs });
      const seen = await holdRound(manager, holder, restMs);
      return seen === null ? null : remove(manager, seen);
    });
  }
}
