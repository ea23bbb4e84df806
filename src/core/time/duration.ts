import type { JsonObject } from '../json.js';
import { luxon } from '../libraries.js';
import { type Calendar, WEEKDAYS } from './calendar.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, momentAtWall, requireTimezone, zoneOffsetMs } from './zones.js';

/** A length of time as ISO 8601 writes it, or with business days, which it does not know: `P3BD`. Every part is zero or more; the sign stands for all of them. */
export interface Duration {
  sign: 1 | -1;
  /** Working days of the workspace's calendar; years to days are 0 beside them. */
  businessDays: number;
  years: number;
  months: number;
  weeks: number;
  days: number;
  hours: number;
  minutes: number;
  /** May have a fraction, to the millisecond. */
  seconds: number;
}

const SECOND = 1_000;

/** Longer durations are refused: a date moved by more would leave what JavaScript and Postgres agree on. */
const LONGEST_MS = 1_000 * 365 * DAY_MS;

/** `number` is what a whole number may look like. */
function durationPattern(number: string): RegExp {
  const part = (unit: string) => `(?:(${number})${unit})?`;
  const seconds = `(?:(${number}(?:[.,]\\d{1,3})?)S)?`;
  return new RegExp(
    `^(-)?P(?=\\d|T\\d)(?:${part('BD')}|${part('Y')}${part('M')}${part('W')}${part('D')})(?:T(?=\\d)${part('H')}${part('M')}${seconds})?$`,
  );
}

const PATTERN = durationPattern('\\d{1,9}');
const PATTERN_OF_ANY_LENGTH = durationPattern('\\d+');

/** A duration of zero or more, in a JSON Schema. */
export function durationSchema(description: string): JsonObject {
  return {
    type: 'string',
    pattern: PATTERN.source.replace('(-)?', ''),
    description: `${description} ISO 8601, or business days.`,
    examples: ['PT90M', 'P2D', 'P3BD'],
  };
}

/**
 * Reads an ISO 8601 duration: `P2D`, `PT90M`, `P1Y2M3W4DT5H6M7S`, with an optional leading `-`. Seconds may have up to
 * three decimals. Beside it, days may be business days, and then stand alone before the time: `P3BD`, `P1BDT2H`.
 *
 * @returns null when the text is no such duration, or one of more than a thousand years.
 */
export function parseDuration(text: string): Duration | null {
  const match = typeof text === 'string' ? PATTERN.exec(text) : null;
  if (match === null) return null;
  const part = (index: number) => Number((match[index] ?? '0').replace(',', '.'));
  const duration: Duration = {
    sign: match[1] === undefined ? 1 : -1,
    businessDays: part(2),
    years: part(3),
    months: part(4),
    weeks: part(5),
    days: part(6),
    hours: part(7),
    minutes: part(8),
    seconds: part(9),
  };
  return Math.abs(durationToMs(duration)) <= LONGEST_MS ? duration : null;
}

/** True for a text that is written like a duration, however long: to tell one that is too long from one that is none. */
export function isWrittenAsDuration(text: string): boolean {
  return PATTERN_OF_ANY_LENGTH.test(text);
}

/** What is wrong with a value that is no duration which {@link parseDuration} reads; null when it is one. `such` shows some that are. */
export function durationMistake(value: unknown, such: string): string | null {
  if (typeof value !== 'string' || !isWrittenAsDuration(value)) return `must be an ISO 8601 duration, such as ${such}`;
  return parseDuration(value) === null ? 'must not be longer than a thousand years' : null;
}

/**
 * Moves a moment by a duration as a calendar in `timezone` does: a month after 31 January is the last day of February,
 * and a day after 9:00 is 9:00, across a change to summer time too. Hours, minutes and seconds are counted exactly.
 * Business days are those of `calendar`, in `timezone`.
 *
 * @throws AutomationError `timezone_unknown`
 */
export function addDuration(at: Date, duration: Duration, timezone = 'UTC', calendar: Calendar = WEEKDAYS): Date {
  requireTimezone(timezone);
  if (duration.businessDays > 0) return addBusinessDays(at, duration, timezone, calendar);
  // No calendar to ask: all days are alike there. Tasks "due in two days" are made by the thousand.
  if (timezone === 'UTC' && duration.years === 0 && duration.months === 0) return new Date(at.getTime() + durationToMs(duration));
  const { sign, businessDays: _, ...parts } = duration;
  const amount = { ...parts, seconds: Math.trunc(parts.seconds), milliseconds: fractionMs(parts.seconds) };
  const start = luxon().DateTime.fromJSDate(at, { zone: timezone });
  return (sign === 1 ? start.plus(amount) : start.minus(amount)).toJSDate();
}

function addBusinessDays(at: Date, { sign, businessDays, ...parts }: Duration, timezone: string, calendar: Calendar): Date {
  const wall = at.getTime() + zoneOffsetMs(at.getTime(), timezone);
  const day = Math.floor(wall / DAY_MS);
  const moved = momentAtWall(wall + (calendar.addWorkingDays(day, sign * businessDays) - day) * DAY_MS, timezone);
  return new Date(moved + durationToMs({ ...parts, sign, businessDays: 0 }));
}

/** The duration in milliseconds, for fixed intervals such as retries and timeouts: a day, business day or not, is 24 hours, a month 30 days, a year 365 days. */
export function durationToMs(duration: Duration): number {
  const days = duration.years * 365 + duration.months * 30 + duration.weeks * 7 + duration.days + duration.businessDays;
  const ms = days * DAY_MS + duration.hours * HOUR_MS + duration.minutes * MINUTE_MS + Math.round(duration.seconds * SECOND);
  return ms === 0 ? 0 : duration.sign * ms;
}

/** The least that the duration can come to on a calendar: a month may have 28 days. */
export function leastMs(duration: Duration): number {
  return durationToMs({ ...duration, months: 0, days: duration.days + duration.months * 28 });
}

function fractionMs(seconds: number): number {
  return Math.round((seconds - Math.trunc(seconds)) * SECOND);
}
