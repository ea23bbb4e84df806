import type { WorkCalendar } from '../core/time/calendar.js';

/**
 * The host's word on when people of a workspace work: one calendar for all, or a function that looks it up. It is asked
 * once a minute for each workspace in which something happens, inside a transaction: it should be quick.
 */
export type CalendarSource = WorkCalendar | CalendarLookUp;

/** A {@link CalendarSource} that is asked. */
export type CalendarLookUp = (workspaceId: string) => WorkCalendar | Promise<WorkCalendar>;
