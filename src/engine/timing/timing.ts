import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { WakeUp } from '../wake-up.js';
import { Schedules } from './schedules.js';
import type { PublishedVersion, TimedTrigger, TimingRound } from './timed-trigger.js';

/** All that becomes due by itself and starts something. */
@Injectable()
export class Timing {
  private readonly kinds: readonly TimedTrigger[];

  constructor(
    private readonly wakeUp: WakeUp,
    schedules: Schedules,
  ) {
    this.kinds = [schedules];
  }

  /** Belongs into each transaction that publishes a version. */
  async published(manager: EntityManager, version: PublishedVersion): Promise<void> {
    for (const kind of this.kinds) {
      if (kind.type === version.trigger.type) await kind.published(manager, version);
      else await kind.withdrawn(manager, version);
    }
  }

  /** Belongs into each transaction that withdraws what was published. */
  async withdrawn(manager: EntityManager, workflow: { workspaceId: string; workflowId: string }): Promise<void> {
    for (const kind of this.kinds) await kind.withdrawn(manager, workflow);
  }

  /** Captures what is due, a bounded number of each kind. */
  async round(): Promise<TimingRound> {
    const total: TimingRound = { starts: 0, more: false };
    for (const kind of this.kinds) {
      const { starts, more } = await kind.round();
      total.starts += starts;
      total.more ||= more;
    }
    if (total.starts > 0) this.wakeUp.announce('events');
    return total;
  }

  /** How long until something is due, in milliseconds; 0 when something is, null when nothing waits. */
  async dueIn(): Promise<number | null> {
    const waits: number[] = [];
    for (const kind of this.kinds) {
      const ms = await kind.dueIn();
      if (ms !== null) waits.push(ms);
    }
    return waits.length === 0 ? null : Math.min(...waits);
  }
}
