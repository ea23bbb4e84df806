import type { Json } from '../json.js';
import { DAY_MS, dayOfMoment, HOUR_MS, MINUTE_MS, momentAtWall, requireTimezone } from './zones.js';

/**
 * A date as a record or a definition holds it:
 * - `day`: a plain date, in no zone (`2024-05-01`); `at` counts days since 1970-01-01.
 * - `moment`: a time with an offset (`2024-05-01T09:00:00Z`); `at` is the Unix time in milliseconds.
 * - `wall`: a time without an offset, as a clock in the workspace's zone shows it; `at` is that reading, in milliseconds
 *   since 1970-01-01T00:00 on the same clock.
 */
export interface DateValue {
  form: 'day' | 'moment' | 'wall';
  at: number;
}

/**
 * Reads an ISO 8601 date or date-time, seconds and their fraction optional. As in RFC 3339 and as databases print it, a
 * space may stand for the `T`.
 *
 * @returns null for anything else, impossible dates (30 February) included.
 */
export function parseDate(value: Json): DateValue | null {
  if (typeof value !== 'string' || value.length < 10 || value.length > 35) return null;
  const day = readDay(value);
  if (value.length === 10) return Number.isNaN(day) ? null : { form: 'day', at: day };
  const end = zoneStart(value);
  // What cannot be read is NaN, and stays so in sums.
  const wall = day * DAY_MS + readTime(value, end);
  const at = end === value.length ? wall : wall - readOffset(value, end);
  if (Number.isNaN(at)) return null;
  return { form: end === value.length ? 'wall' : 'moment', at };
}

/**
 * The moment that a text names, the one way for every part of a workflow: a date-time without an offset is what clocks
 * in the workspace's zone show, a plain date its midnight there. A time that summer time skips counts as the one as much
 * later, of one that comes twice the first is taken.
 *
 * @returns null when the value is no date; see {@link parseDate}
 * @throws AutomationError `timezone_unknown`
 */
export function readMoment(value: Json, timezone: string): Date | null {
  const date = parseDate(value);
  if (date === null) return null;
  requireTimezone(timezone);
  return new Date(momentOf(date, timezone));
}

/** What a field of type date holds: the day as written, without the midnight that some database drivers add. */
export function plainDay<T extends Json | undefined>(value: T): T | string {
  return typeof value === 'string' && value.length > 10 && parseDate(value) !== null ? value.slice(0, 10) : value;
}

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** `YYYY-MM-DD` at the start of a text as a day number; NaN when it is none. Read by hand: it is on the hot path. */
function readDay(text: string): number {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return Number.NaN;
  const year = digits(text, 0) * 100 + digits(text, 2);
  const month = digits(text, 5);
  const day = digits(text, 8);
  // Not a number, zero and 13 are no months, and have no days.
  if (!(year >= 0 && day >= 1 && day <= daysInMonth(year, month))) return Number.NaN;
  return dayNumber(year, month, day);
}

/** Two digits as a number; NaN when they are none. */
function digits(text: string, start: number): number {
  const tens = text.charCodeAt(start) - 48;
  const ones = text.charCodeAt(start + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Where the zone begins at the end of a date-time; the length of the text where it names none. */
function zoneStart(text: string): number {
  const { length } = text;
  if ((text.charCodeAt(length - 1) | 32) === 122) return length - 1;
  if (isSign(text.charCodeAt(length - 6))) return length - 6;
  if (isSign(text.charCodeAt(length - 5))) return length - 5;
  return isSign(text.charCodeAt(length - 3)) ? length - 3 : length;
}

function isSign(code: number): boolean {
  return code === 43 || code === 45;
}

/**
 * `THH:MM`, `THH:MM:SS` or `THH:MM:SS.fraction` before `end` in milliseconds; NaN when it is none. By hand like the day:
 * with a regular expression a test of a moment took 277 ns, so it takes 80.
 */
function readTime(text: string, end: number): number {
  const separator = text.charCodeAt(10);
  if (((separator | 32) !== 116 && separator !== 32) || text.charCodeAt(13) !== 58) return Number.NaN;
  const hours = digits(text, 11);
  const minutes = digits(text, 14);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  const ms = hours * HOUR_MS + minutes * MINUTE_MS;
  if (end === 16) return ms;
  const seconds = digits(text, 17);
  if (text.charCodeAt(16) !== 58 || !(seconds <= 59)) return Number.NaN;
  return ms + seconds * 1_000 + (end === 19 ? 0 : readFraction(text, end));
}

/** The fraction of a second, of one to nine digits, in whole milliseconds. */
function readFraction(text: string, end: number): number {
  if (text.charCodeAt(19) !== 46 || end < 21 || end > 29) return Number.NaN;
  let ms = 0;
  let weight = 100;
  for (let index = 20; index < end; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    ms += Math.trunc(weight) * digit;
    weight /= 10;
  }
  return ms;
}

/** `Z`, `+HH:MM`, `+HHMM` or `+HH` from `start` to the end, in milliseconds; NaN when it is none. */
function readOffset(text: string, start: number): number {
  const rest = text.length - start;
  if (rest === 1) return 0;
  const hours = digits(text, start + 1);
  const minutes = rest === 3 ? 0 : digits(text, text.length - 2);
  if (!(hours <= 23 && minutes <= 59) || (rest === 6 && text.charCodeAt(start + 3) !== 58)) return Number.NaN;
  const offset = hours * HOUR_MS + minutes * MINUTE_MS;
  return text.charCodeAt(start) === 45 ? -offset : offset;
}

/** True for a year of 366 days. */
export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** How many days a month has; 0 for what is no month. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2 && isLeapYear(year)) return 29;
  return DAYS_IN_MONTH[month - 1] ?? 0;
}

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
/** Days from 0000-01-01 to 1970-01-01. */
const DAYS_TO_1970 = 719_528;

/**
 * Days from 1970-01-01 to a calendar day. `month` may lie outside 1..12: 13 is January of the next year. By hand: it is
 * on the hot path, and Date.UTC takes longer than reading the digits.
 */
export function dayNumber(year: number, month: number, day: number): number {
  const shift = Math.floor((month - 1) / 12);
  const inYear = year + shift;
  const index = month - 1 - 12 * shift;
  const leapDays = Math.floor((inYear + 3) / 4) - Math.floor((inYear + 99) / 100) + Math.floor((inYear + 399) / 400);
  const leapDay = index > 1 && isLeapYear(inYear) ? 1 : 0;
  return 365 * inYear + leapDays + (DAYS_BEFORE_MONTH[index] as number) + leapDay + day - 1 - DAYS_TO_1970;
}

/** A day number as calendar date, with the weekday counted from 1 (Monday) to 7. */
export function calendarOf(day: number): { year: number; month: number; day: number; weekday: number } {
  const date = new Date(day * DAY_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay() || 7 };
}

/** The day a date falls on in the zone. */
export function dayOf(date: DateValue, timezone: string): number {
  if (date.form === 'day') return date.at;
  return date.form === 'wall' ? Math.floor(date.at / DAY_MS) : dayOfMoment(date.at, timezone);
}

/** The Unix time of a date; of a plain one that at which its day begins in the zone. */
export function momentOf(date: DateValue, timezone: string): number {
  if (date.form === 'moment') return date.at;
  return momentAtWall(date.form === 'day' ? date.at * DAY_MS : date.at, timezone);
}

/**
 * Which of two dates is earlier: negative when it is `a`, 0 when they are the same. Two times are compared to the
 * millisecond; as soon as one is a plain date, both are taken as days in the zone.
 */
export function compareDates(a: DateValue, b: DateValue, timezone: string): number {
  if (a.form === 'day' || b.form === 'day') return dayOf(a, timezone) - dayOf(b, timezone);
  return momentOf(a, timezone) - momentOf(b, timezone);
}
