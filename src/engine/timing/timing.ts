import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MachinePolls } from '../machines/machine-polls.js';
import { StateTimeouts } from '../machines/state-timeouts.js';
import { TaskMails } from '../people/task-mails.js';
import { TaskTimesWork } from '../people/task-times.js';
import { WakeUp } from '../wake-up.js';
import { DateBuilds } from './date-builds.js';
import { DateTriggers } from './date-triggers.js';
import type { LookIntervals } from './next-look.js';
import { Schedules } from './schedules.js';
import type { DueWork, PublishedVersion, TimedTrigger, TimingRound } from './timed-trigger.js';

/** All that becomes due by itself, but for the waits of runs. */
@Injectable()
export class Timing {
  /** Each has a loop of its own: what takes long holds up none of the others. */
  readonly works: readonly DueWork[];
  private readonly kinds: readonly TimedTrigger[];

  constructor(
    private readonly wakeUp: WakeUp,
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

  /** One round of each. */
  async round(): Promise<TimingRound> {
    const total: TimingRound = { starts: 0, more: false };
    for (const work of this.works) {
      if ((await work.dueIn()) !== 0) continue;
      const { starts, more } = await this.roundOf(work);
      total.starts += starts;
      total.more ||= more;
    }
    return total;
  }

  /**
   * Does what is due of one of the {@link works}. Returns when to look at it again, in milliseconds: where more is due, after
   * as long as this has taken. It is captured faster than it can be run, and half of the time is for whoever else wants
   * something of this process and the database. Mostly nothing is due, and one statement says so.
   */
  async look(work: DueWork, { pollIntervalMs, idlePollIntervalMs }: LookIntervals): Promise<number> {
    const dueIn = await work.dueIn();
    if (dueIn !== 0) return Math.min(Math.max(pollIntervalMs, idlePollIntervalMs), Math.ceil(dueIn ?? Number.POSITIVE_INFINITY));
    const began = performance.now();
    // Where another node is at what is due, this round does nothing.
    const { more } = await this.roundOf(work);
    return more ? Math.min(pollIntervalMs, Math.ceil(performance.now() - began)) : pollIntervalMs;
  }

  /** The routers hear of its starts. */
  private async roundOf(work: DueWork): Promise<TimingRound> {
    const round = await work.round();
    if (round.starts > 0) this.wakeUp.announce('events');
    return round;
  }
}
