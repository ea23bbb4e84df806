import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationDatabase } from '../../store/database.js';
import { type DueTimes, dueTimes } from '../../store/due-times.js';
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

  /** When each of the {@link works} has something to do: one statement says it of all of them. */
  dueTimes(): Promise<DueTimes> {
    return dueTimes(this.database.dataSource.manager);
  }

  /** One round of each that has something to do, now or after those before it. */
  async round(): Promise<TimingRound> {
    const total: TimingRound = { starts: 0, more: false };
    const left = new Set(this.works);
    for (;;) {
      const due = await this.dueTimes();
      const next = [...left].filter(({ kind }) => isDue(due[kind]));
      if (next.length === 0) return total;
      for (const work of next) {
        left.delete(work);
        const { starts, more } = await this.roundOf(work);
        total.starts += starts;
        total.more ||= more;
      }
    }
  }

  /** One round of one of the {@link works}; the routers hear of its starts. */
  async roundOf(work: DueWork): Promise<TimingRound> {
    const round = await work.round();
    if (round.starts > 0) this.wakeUp.announce('events');
    return round;
  }
}

/** Whether a work has something to do now. */
export function isDue(dueIn: number | null): boolean {
  return dueIn !== null && dueIn <= 0;
}
