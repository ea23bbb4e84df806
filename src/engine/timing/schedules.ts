import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../../core/event.js';
import { nextTicks, type ScheduleTrigger, type Tick, ticksDue } from '../../core/trigger/schedule.js';
import { databaseNow } from '../../store/clock.js';
import { AutomationDatabase } from '../../store/database.js';
import { insertStarts, type StartRow } from '../../store/event-store.js';
import { advanceSchedules, type DueSchedule, lockDueSchedules, lockSchedule, putSchedule, removeSchedules } from '../../store/schedules.js';
import { startRow } from '../../store/start-row.js';
import type { PublishedVersion, TimedTrigger, TimingRound } from './timed-trigger.js';

/** Schedules that one transaction advances. */
const BATCH = 100;
const SCHEDULE: Actor = { type: 'system', id: null, name: 'Schedule' };

/** Triggers of type `schedule`: one row a workflow, advanced in the transaction that captures its starts. */
@Injectable()
export class Schedules implements TimedTrigger {
  readonly type = 'schedule';
  readonly name = 'schedules';
  readonly kind = 'schedules';

  private readonly logger = new Logger('AutomationTiming');

  constructor(private readonly database: AutomationDatabase) {}

  async published(manager: EntityManager, { trigger, ...version }: PublishedVersion): Promise<void> {
    if (trigger.type !== 'schedule') return;
    const earlier = await lockSchedule(manager, version);
    // Ticks that were missed, or are due right now, are not lost to a new version that ticks at the same times.
    const goesOn = earlier?.trigger?.cron === trigger.cron && earlier.trigger.timezone === trigger.timezone;
    const nextAt = goesOn ? earlier.nextAt : firstTick(trigger, await databaseNow(manager));
    if (nextAt !== undefined) await putSchedule(manager, { ...version, nextAt });
  }

  withdrawn(manager: EntityManager, workflow: { workspaceId: string; workflowId: string }): Promise<void> {
    return removeSchedules(manager, [workflow]);
  }

  round(): Promise<TimingRound> {
    return this.database.transaction(async (manager) => {
      const due = await lockDueSchedules(manager, BATCH);
      if (due.length === 0) return { starts: 0, more: false };
      const ticking = due.flatMap((schedule) => {
        const { trigger, nextAt, now } = schedule;
        if (trigger === null || !schedule.isPublished) return [];
        try {
          return [{ schedule, ...ticksDue(trigger, nextAt, now) }];
        } catch (error) {
          // Left for a node that can, such as one that knows the zone: it must not stop everybody's schedules.
          this.logger.error(`Workflow ${schedule.workflowId} of ${schedule.workspaceId}: its schedule cannot be read: ${String(error)}`);
          return [];
        }
      });
      // A key for each tick: should the row ever go back, as with a restored backup, known ticks start nothing.
      await insertStarts(
        manager,
        ticking.flatMap(({ schedule, ticks }) => ticks.map((tick) => startOf(schedule, tick))),
      );
      await advanceSchedules(
        manager,
        ticking.map(({ schedule, next }) => ({ ...schedule, nextAt: next })),
      );
      // Of versions that are published no more, whoever withdrew them.
      await removeSchedules(
        manager,
        due.filter(({ isPublished, trigger }) => !isPublished || trigger === null),
      );
      const starts = ticking.reduce((sum, { ticks }) => sum + ticks.length, 0);
      const behind = ticking.some(({ schedule, next }) => next <= schedule.now);
      return { starts, more: behind || (due.length === BATCH && ticking.length > 0) };
    });
  }
}

function firstTick({ cron, timezone }: ScheduleTrigger, now: Date): Date | undefined {
  return nextTicks(cron, timezone, now, 1)?.[0];
}

function startOf({ workspaceId, workflowId }: DueSchedule, { at, missedSince, tooLate }: Tick): StartRow {
  const tick = at.toISOString();
  return startRow({
    workspaceId,
    event: 'schedule',
    actor: SCHEDULE,
    source: 'schedule',
    key: `${workflowId}:${tick}`,
    trigger: {
      type: 'schedule',
      at: tick,
      ...(missedSince !== null && { missedSince: missedSince.toISOString() }),
      ...(tooLate && { tooLate }),
    },
    target: { workflowId },
  });
}
