import { Inject, Injectable, Logger } from '@nestjs/common';
import { AutomationError } from '../core/errors.js';
import { Calendar, calendarProblems } from '../core/time/calendar.js';
import type { CalendarLookUp } from '../host/calendar-source.js';
import { ENGINE_SETTINGS, type EngineSettings } from './engine-settings.js';
import { LastUsed } from './last-used.js';

const KEPT_MS = 60_000;
const MOST_KEPT = 10_000;
/** How long an answer is waited for: what waits holds locks. */
const MOST_MS = 2_000;

interface Known {
  calendar: Calendar;
  until: number;
}

/** The calendars of the workspaces. */
@Injectable()
export class Calendars {
  private readonly logger = new Logger('AutomationCalendar');
  private readonly known = new LastUsed<Known>(MOST_KEPT);
  private readonly byDefault: Calendar;

  constructor(@Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings) {
    const { calendar, timezone } = settings;
    this.byDefault = new Calendar(calendar === null || typeof calendar === 'function' ? { timezone } : calendar);
  }

  /**
   * Looks up what {@link of} is going to be asked for. A host that gives no answer holds up nothing: what was known last
   * goes on to count, else Monday to Friday in the module's zone.
   */
  async prepare(workspaceIds: Iterable<string>): Promise<void> {
    const { calendar: ask } = this.settings;
    if (typeof ask !== 'function') return;
    const now = performance.now();
    const unknown = [...new Set(workspaceIds)].filter((workspaceId) => (this.known.get(workspaceId)?.until ?? 0) <= now);
    await Promise.all(
      unknown.map(async (workspaceId) => {
        const last = this.of(workspaceId);
        const calendar = await this.ask(ask, workspaceId).catch((error: unknown) => {
          this.logger.error(`The calendar of workspace '${workspaceId}' is not known, ${last.timezone} goes on to count: ${String(error)}`);
          return last;
        });
        this.known.set(workspaceId, { calendar, until: now + KEPT_MS });
      }),
    );
  }

  /** The calendar of a workspace that was prepared. */
  of(workspaceId: string): Calendar {
    return this.known.get(workspaceId)?.calendar ?? this.byDefault;
  }

  private async ask(source: CalendarLookUp, workspaceId: string): Promise<Calendar> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the host's \`calendar\` has not answered within ${MOST_MS} ms`)), MOST_MS);
    });
    try {
      const given = await Promise.race([source(workspaceId), limit]);
      const [problem] = calendarProblems(given);
      if (problem === undefined) return new Calendar(given);
      throw new AutomationError('options_invalid', `calendar${problem.path && `.${problem.path}`} ${problem.message}`);
    } finally {
      clearTimeout(timer);
    }
  }
}
