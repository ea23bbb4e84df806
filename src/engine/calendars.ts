import { Inject, Injectable, Logger } from '@nestjs/common';
import { AutomationError } from '../core/errors.js';
import { Calendar, calendarProblems, type WorkCalendar } from '../core/time/calendar.js';
import { ENGINE_SETTINGS, type EngineSettings } from './engine-settings.js';
import { KeptAnswers } from './kept-answers.js';

/** The calendars of the workspaces. */
@Injectable()
export class Calendars {
  private readonly logger = new Logger('AutomationCalendar');
  private readonly answers: KeptAnswers<Calendar> | null;
  private readonly byDefault: Calendar;

  constructor(@Inject(ENGINE_SETTINGS) settings: EngineSettings) {
    const { calendar, timezone } = settings;
    const ask = typeof calendar === 'function' ? calendar : null;
    this.byDefault = new Calendar(calendar === null || typeof calendar === 'function' ? { timezone } : calendar);
    this.answers =
      ask &&
      new KeptAnswers(
        'calendar',
        async (workspaceId) => checked(await ask(workspaceId)),
        (workspaceId, error) => {
          const { timezone: zone } = this.of(workspaceId);
          this.logger.error(`The calendar of workspace '${workspaceId}' is not known, ${zone} goes on to count: ${String(error)}`);
        },
      );
  }

  /**
   * Looks up what {@link of} is going to be asked for. A host that gives no answer holds up nothing: what was known last
   * goes on to count, else Monday to Friday in the module's zone.
   */
  async prepare(workspaceIds: Iterable<string>): Promise<void> {
    await this.answers?.prepare(workspaceIds);
  }

  /** The calendar of a workspace that was prepared. */
  of(workspaceId: string): Calendar {
    return this.answers?.of(workspaceId) ?? this.byDefault;
  }
}

function checked(given: WorkCalendar): Calendar {
  const [problem] = calendarProblems(given);
  if (problem === undefined) return new Calendar(given);
  throw new AutomationError('options_invalid', `calendar${problem.path && `.${problem.path}`} ${problem.message}`);
}
