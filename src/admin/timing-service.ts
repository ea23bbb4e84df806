import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import type { Trigger } from '../core/definition/types.js';
import { AutomationError } from '../core/errors.js';
import { momentInWords } from '../core/time/words.js';
import { nextTicks } from '../core/trigger/schedule.js';
import { triggerProblems } from '../core/trigger/trigger.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { databaseNow } from '../store/clock.js';
import { type ShownDates, shownDates } from '../store/date-builds.js';
import { findWorkflow } from '../store/workflow-list-store.js';
import type { WorkflowStatus } from '../store/workflow-store.js';

/** A moment to come, for programs and for people. */
export interface ShownMoment {
  at: string;
  words: string;
}

/** When a workflow starts by itself. */
export interface WorkflowTiming {
  /** The type of its published trigger; null before it is published. */
  type: Trigger['type'] | null;
  /** Only an active workflow starts: what is due of any other makes skipped runs, or nothing. */
  status: WorkflowStatus;
  /** Of an active schedule: its next times. Empty for all others. */
  next: ShownMoment[];
  /** Of a date trigger: what waits, and how far existing records have been looked at; null for all others. */
  dates: ShownDates | null;
}

/** How many times are shown. */
const SHOWN = 5;

/** When things will start, told beforehand. */
@Injectable()
export class TimingService {
  constructor(private readonly database: AdminDatabase) {}

  /** The next times of a schedule. Throws `schedule_invalid` with the path of each problem. */
  async preview(cron: string, timezone: string): Promise<ShownMoment[]> {
    const problems = triggerProblems({ type: 'schedule', cron, timezone }, '', null);
    if (problems.length > 0) {
      throw new AutomationError('schedule_invalid', 'There is no such schedule.', {
        hint: 'Five fields and a zone, such as "30 9 * * MON-FRI" in Europe/Berlin.',
        problems,
      });
    }
    return shownTicks(cron, timezone, await this.database.read(databaseNow));
  }

  /** When the published version of a workflow starts by itself. Throws `workflow_not_found`. */
  async ofWorkflow(id: string, { workspaceId }: Caller): Promise<WorkflowTiming> {
    return this.database.read(async (manager) => {
      const workflow = isUuid(id) ? await findWorkflow(manager, workspaceId, id) : null;
      if (!workflow) throw new AutomationError('workflow_not_found', 'There is no workflow of this id.');
      const trigger = (workflow.published?.definition.trigger ?? null) as unknown as Trigger | null;
      const { status } = workflow;
      const isTicking = trigger?.type === 'schedule' && status === 'active';
      return {
        type: trigger?.type ?? null,
        status,
        next: isTicking ? shownTicks(trigger.cron, trigger.timezone, await databaseNow(manager)) : [],
        dates: trigger?.type === 'date' ? await shownDates(manager, workspaceId, id) : null,
      };
    });
  }
}

function shownTicks(cron: string, timezone: string, now: Date): ShownMoment[] {
  const ticks = nextTicks(cron, timezone, now, SHOWN) ?? [];
  return ticks.map((at) => ({ at: at.toISOString(), words: momentInWords(at, timezone) }));
}
