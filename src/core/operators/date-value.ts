import { DateTime, IANAZone } from 'luxon';
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

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
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

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/** `YYYY-MM-DD` at the start of a text as a day number; NaN when it is none. Read by hand: it is on the hot path. */
function readDay(text: string): number {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return Number.NaN;
  const year = digits(text, 0) * 100 + digits(text, 2);
  const month = digits(text, 5);
  const day = digits(text, 8);
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return Number.NaN;
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
  const ms = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds) * 1_000 + Math.floor(Number(`0.${fraction}`) * 1_000);
  if (utc !== undefined) return { ms, offsetMs: 0 };
  if (sign === undefined) return { ms, offsetMs: null };
  const offset = Number(offsetHours) * HOUR_MS + Number(offsetMinutes) * MINUTE_MS;
  return { ms, offsetMs: sign === '-' ? -offset : offset };
}

/** True for a year of 366 days. */
export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2 && isLeapYear(year)) return 29;
  return (DAYS_BEFORE_MONTH[month] ?? 0) - (DAYS_BEFORE_MONTH[month - 1] ?? 0);
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

/** The day in the zone that a moment falls on. */
export function dayOfMoment(ms: number, timezone: string): number {
  const offset = timezone === 'UTC' ? 0 : IANAZone.create(timezone).offset(ms) * MINUTE_MS;
  return Math.floor((ms + offset) / DAY_MS);
}

/** The day a date falls on in the zone. */
export function dayOf(date: DateValue, timezone: string): number {
  if (date.form === 'day') return date.at;
  return date.form === 'wall' ? Math.floor(date.at / DAY_MS) : dayOfMoment(date.at, timezone);
}

/** The Unix time of a date that has a time; an hour skipped by summer time counts as the one after it. */
function momentOf(date: DateValue, timezone: string): number {
  if (date.form === 'moment' || timezone === 'UTC') return date.at;
  return DateTime.fromMillis(date.at, { zone: 'UTC' }).setZone(timezone, { keepLocalTime: true }).toMillis();
}

/**
 * Which of two dates is earlier: negative when it is `a`, 0 when they are the same. Two times are compared to the
 * millisecond; as soon as one is a plain date, both are taken as days in the zone.
 */
export function compareDates(a: DateValue, b: DateValue, timezone: string): number {
  if (a.form === 'day' || b.form === 'day') return dayOf(a, timezone) - dayOf(b, timezone);
  return momentOf(a, timezone) - momentOf(b, timezone);
}
