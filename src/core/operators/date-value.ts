import { IANAZone } from 'luxon';
import type { Json } from '../json.js';

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

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** The note where dates cannot be told because the zone is not one. */
export const UNKNOWN_ZONE_NOTE = 'the time zone is not known';

/**
 * Reads an ISO 8601 date or date-time, seconds and their fraction optional.
 *
 * @returns null for anything else, impossible dates (30 February) included.
 */
export function parseDate(value: Json): DateValue | null {
  if (typeof value !== 'string' || value.length < 10 || value.length > 35) return null;
  const day = readDay(value);
  if (Number.isNaN(day)) return null;
  if (value.length === 10) return { form: 'day', at: day };
  const time = readTime(value);
  if (time === null) return null;
  const wall = day * DAY_MS + time.ms;
  return time.offsetMs === null ? { form: 'wall', at: wall } : { form: 'moment', at: wall - time.offsetMs };
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

const TIME = /^T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,9}))?)?(?:(Z)|([+-])([01]\d|2[0-3]):?([0-5]\d))?$/;

function readTime(text: string): { ms: number; offsetMs: number | null } | null {
  const match = TIME.exec(text.slice(10));
  if (match === null) return null;
  const [, hours, minutes, seconds = '0', fraction = '0', utc, sign, offsetHours, offsetMinutes] = match;
  const millis = Number(fraction.padEnd(3, '0').slice(0, 3));
  const ms = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds) * 1_000 + millis;
  if (utc !== undefined) return { ms, offsetMs: 0 };
  if (sign === undefined) return { ms, offsetMs: null };
  const offset = Number(offsetHours) * HOUR_MS + Number(offsetMinutes) * MINUTE_MS;
  return { ms, offsetMs: sign === '-' ? -offset : offset };
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

/** Days from 1970-01-01 to a calendar day. `month` may lie outside 1..12: 13 is January of the next year. */
export function dayNumber(year: number, month: number, day: number): number {
  // Date.UTC reads years below 100 as 19xx; 400 years on, the calendar repeats.
  return Date.UTC(year + 400, month - 1, day) / DAY_MS - DAYS_IN_400_YEARS;
}

const DAYS_IN_400_YEARS = 146_097;

/** A day number as calendar date, with the weekday counted from 1 (Monday) to 7. */
export function calendarOf(day: number): { year: number; month: number; day: number; weekday: number } {
  const date = new Date(day * DAY_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay() || 7 };
}

/** True for the name of a time zone; the functions below need one. */
export function isKnownZone(timezone: string): boolean {
  return timezone === 'UTC' || IANAZone.create(timezone).isValid;
}

/** Offsets by zone and quarter of an hour, in milliseconds: asking Intl takes longer than all the rest of a test. */
const offsets = new Map<string, Map<number, number>>();
const QUARTER_MS = 15 * MINUTE_MS;
/** Quarters of an hour that are kept for each zone. */
const MOST_QUARTERS = 2_000;
/** Since 1973 every zone has changed its offset at a quarter of an hour only. */
const ALIGNED_SINCE_MS = Date.UTC(1973, 0);

/** What clocks in the zone are ahead of UTC at a moment, in milliseconds. */
export function zoneOffsetMs(ms: number, timezone: string): number {
  if (timezone === 'UTC') return 0;
  if (ms < ALIGNED_SINCE_MS) return IANAZone.create(timezone).offset(ms) * MINUTE_MS;
  const quarter = Math.floor(ms / QUARTER_MS);
  const ofZone = offsets.get(timezone) ?? new Map<number, number>();
  const known = ofZone.get(quarter);
  if (known !== undefined) return known;
  const offset = IANAZone.create(timezone).offset(ms) * MINUTE_MS;
  if (ofZone.size >= MOST_QUARTERS) ofZone.clear();
  offsets.set(timezone, ofZone.set(quarter, offset));
  return offset;
}

/**
 * The Unix time at which clocks in the zone show `wall`. An hour that summer time skips counts as the one after it, of
 * one that comes twice the first is taken.
 */
export function momentAtWall(wall: number, timezone: string): number {
  const before = zoneOffsetMs(wall - DAY_MS, timezone);
  const after = zoneOffsetMs(wall + DAY_MS, timezone);
  const early = wall - before;
  const isLate = before !== after && zoneOffsetMs(early, timezone) !== before && zoneOffsetMs(wall - after, timezone) === after;
  return isLate ? wall - after : early;
}

/** The day in the zone that a moment falls on. */
export function dayOfMoment(ms: number, timezone: string): number {
  return Math.floor((ms + zoneOffsetMs(ms, timezone)) / DAY_MS);
}

/** The day a date falls on in the zone. */
export function dayOf(date: DateValue, timezone: string): number {
  if (date.form === 'day') return date.at;
  return date.form === 'wall' ? Math.floor(date.at / DAY_MS) : dayOfMoment(date.at, timezone);
}

/** The Unix time of a date that has a time. */
function momentOf(date: DateValue, timezone: string): number {
  return date.form === 'wall' ? momentAtWall(date.at, timezone) : date.at;
}

/**
 * Which of two dates is earlier: negative when it is `a`, 0 when they are the same. Two times are compared to the
 * millisecond; as soon as one is a plain date, both are taken as days in the zone.
 */
export function compareDates(a: DateValue, b: DateValue, timezone: string): number {
  if (a.form === 'day' || b.form === 'day') return dayOf(a, timezone) - dayOf(b, timezone);
  return momentOf(a, timezone) - momentOf(b, timezone);
}
