import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationDatabase } from '../../store/database.js';
import { type DueTimes, dueTimes } from '../../store/due-times.js';
import { isConnectionLoss } from '../failures.js';
import { MachinePolls } from '../machines/machine-polls.js';
import { StateTimeouts } from '../machines/state-timeouts.js';
import { TaskMails } from '../people/task-mails.js';
import { TaskTimesWork } from '../people/task-times.js';
import { WakeUp } from '../wake-up.js';
import { DateBuilds } from './date-builds.js';
import { DateTriggers } from './date-triggers.js';
import { Schedules } from './schedules.js';
import type { DueWork, PublishedVersion, TimedTrigger, TimingRound } from './timed-trigger.js';

/** All that becomes due by itself, but for the waits of runs. */
@Injectable()
export class Timing {
  readonly works: readonly DueWork[];
  private readonly kinds: readonly TimedTrigger[];
  private readonly logger = new Logger('AutomationTiming');

  constructor(
    private readonly wakeUp: WakeUp,
    private readonly database: AutomationDatabase,
    schedules: Schedules,
    dates: DateTriggers,
    builds: DateBuilds,
    tasks: TaskTimesWork,
    mails: TaskMails,
    timeouts: StateTimeouts,
    polls: MachinePolls,
  ) {
    this.kinds = [schedules, dates];
    this.works = [...this.kinds, builds, tasks, mails, timeouts, polls];
  }

  /** Belongs into each transaction that publishes a version. */
  async published(manager: EntityManager, version: PublishedVersion): Promise<void> {
    for (const kind of this.kinds) {
      if (kind.type !== version.trigger.type) {
        await kind.withdrawn(manager, version);
        continue;
      }
      await kind.published(manager, version);
      // Whoever waits for what was due next may wait for too long.
      this.wakeUp.announceAfterCommit(manager, 'timing');
    }
  }

  /** Belongs into each transaction that withdraws what was published, or deletes the workflow. */
  async withdrawn(manager: EntityManager, workflow: { workspaceId: string; workflowId: string }): Promise<void> {
    for (const kind of this.kinds) await kind.withdrawn(manager, workflow);
  }

  /**
   * When each of these has something to do: one statement says it of all of them. One that cannot be seen, such as behind a lock
   * of its table, hides none of the others: it may be due, and its own round finds out what stands in the way.
   */
  async dueTimes(works = this.works): Promise<DueTimes> {
    const kinds = works.map(({ kind }) => kind);
    try {
      return await dueTimes(this.database, kinds);
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
    }
    let due: DueTimes = {};
    for (const { kind, name } of works) {
      const one = await dueTimes(this.database, [kind]).catch((error: unknown) => {
        if (isConnectionLoss(error)) throw error;
        this.logger.warn(`${name}: whether they are due cannot be seen: ${String(error)}`);
        return { [kind]: 0 };
      });
      due = { ...due, ...one };
    }
    return due;
  }

  /** One round of each that has something to do, now or after those before it. Throws at the end what the first one that failed has thrown. */
  async round(): Promise<TimingRound & { more: boolean }> {
    const total = { starts: 0, more: false };
    const failures: unknown[] = [];
    for (const left = new Set(this.works); left.size > 0; ) {
      const due = await this.dueTimes([...left]);
      const next = [...left].filter(({ kind }) => isDue(due[kind]));
      if (next.length === 0) break;
      for (const work of next) {
        left.delete(work);
        try {
          const { starts, more } = await this.roundOf(work);
          total.starts += starts;
          // What waits for routing is not to be waited for here.
          total.more ||= more === true;
        } catch (error) {
          if (isConnectionLoss(error)) throw error;
          failures.push(error);
        }
      }
    }
    if (failures.length > 0) throw failures[0];
    return total;
  }

  /** One round of one of the {@link works}; the routers hear of its starts. */
  async roundOf(work: DueWork): Promise<TimingRound> {
    const round = await work.round();
    if (round.starts > 0) this.wakeUp.announce('events');
    return round;
  }
}

/** Whether a work has something to do now. */
export function isDue(dueIn: number | null | undefined): boolean {
  return typeof dueIn === 'number' && dueIn <= 0;
}
