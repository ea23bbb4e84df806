import type { ConditionSubject } from '../condition/subject.js';
import type { Json } from '../json.js';
import { type Calendar, WEEKDAYS } from '../time/calendar.js';
import { calendarOf, compareDates, type DateValue, dayNumber, dayOf, daysInMonth, isLeapYear, parseDate } from '../time/dates.js';
import { DAY_MS, dayOfMoment, HOUR_MS, isTimezone, MINUTE_MS, momentAtWall, zoneOffsetMs } from '../time/zones.js';
import { comparing, EMPTY_NOTE, type Judge, type Operator, UNKNOWN_ZONE_NOTE, Unfit } from './operator.js';
import { mismatchDate, notADate } from './values.js';

/** What `this`, `last` and `next` may be followed by. A week begins on Monday. */
export const PERIODS = ['week', 'month', 'quarter', 'year'] as const;
/** What `in_last` and its kin count in. Which days are business days the workspace's calendar says. */
export const UNITS = ['minute', 'hour', 'day', 'business_day', 'week', 'month'] as const;
type Period = (typeof PERIODS)[number];
type Unit = (typeof UNITS)[number];

type DateTest = (date: DateValue, subject: ConditionSubject) => boolean;

/**
 * The operators for dates and times. Days begin and end in the subject's time zone. Where a plain date meets a time,
 * both count as days, so a plain date of today is neither past nor future.
 */
export const DATE_OPERATORS: readonly Operator[] = [
  toDate('on', 'is on', (date, other, { timezone }) => dayOf(date, timezone) === dayOf(other, timezone)),
  toDate('before', 'is before', (date, other, { timezone }) => compareDates(date, other, timezone) < 0),
  toDate('on_or_before', 'is on or before', (date, other, { timezone }) => compareDates(date, other, timezone) <= 0),
  toDate('after', 'is after', (date, other, { timezone }) => compareDates(date, other, timezone) > 0),
  toDate('on_or_after', 'is on or after', (date, other, { timezone }) => compareDates(date, other, timezone) >= 0),
  toNow('is_today', 'is today', (date, subject) => daysFromToday(date, subject) === 0),
  toNow('is_yesterday', 'is yesterday', (date, subject) => daysFromToday(date, subject) === -1),
  toNow('is_tomorrow', 'is tomorrow', (date, subject) => daysFromToday(date, subject) === 1),
  toNow('in_past', 'is in the past', (date, subject) => compareDates(date, nowOf(subject), subject.timezone) < 0),
  toNow('in_future', 'is in the future', (date, subject) => compareDates(date, nowOf(subject), subject.timezone) > 0),
  toPeriod('this', 'is in this', 0),
  toPeriod('last', 'is in last', -1),
  toPeriod('next', 'is in next', 1),
  toAmount('in_last', 'is in the last', -1, (toLimit, toCurrent) => toLimit >= 0 && toCurrent <= 0),
  toAmount('in_next', 'is in the next', 1, (toLimit, toCurrent) => toLimit <= 0 && toCurrent >= 0),
  toAmount('more_than_ago', 'is longer ago than', -1, (toLimit) => toLimit < 0),
  toAmount('more_than_from_now', 'is further ahead than', 1, (toLimit) => toLimit > 0),
  toNow('anniversary_is_today', 'has its anniversary today', isAnniversary),
];

/** A value to compare with, as a date. */
export function readDate(value: Json): DateValue | Unfit {
  return parseDate(value) ?? notADate(value);
}

/** A judge of dates, which says what is wrong with anything else. */
export function dateJudge(test: DateTest): Judge {
  return (seen, subject) => {
    if (seen === null) return EMPTY_NOTE;
    const date = parseDate(seen);
    if (date === null) return mismatchDate(seen);
    return isTimezone(subject.timezone) ? test(date, subject) : UNKNOWN_ZONE_NOTE;
  };
}

function operator(name: string, label: string, value: Operator['value'], judge: Operator['judge']): Operator {
  return { name, label, types: ['date', 'datetime'], value, kind: 'date', judge };
}

function toDate(name: string, label: string, test: (date: DateValue, other: DateValue, subject: ConditionSubject) => boolean): Operator {
  return operator(name, label, 'one', ({ value }) =>
    comparing(value, (expected) => {
      const other = readDate(expected);
      return other instanceof Unfit ? other : dateJudge((date, subject) => test(date, other, subject));
    }),
  );
}

function toNow(name: string, label: string, test: DateTest): Operator {
  return operator(name, label, 'none', () => dateJudge(test));
}

function toPeriod(name: string, label: string, shift: number): Operator {
  const judge = (period: Period) =>
    dateJudge((date, subject) => {
      const day = dayOf(date, subject.timezone);
      const now = today(subject);
      return day >= periodStart(now, period, shift) && day < periodStart(now, period, shift + 1);
    });
  return operator(name, label, 'period', ({ value }) => comparing(value, (period) => judge(period as Period)));
}

/** `test` gets where the date lies from the limit and from now: negative before, positive after. */
function toAmount(name: string, label: string, sign: 1 | -1, test: (toLimit: number, toCurrent: number) => boolean): Operator {
  const judge = ({ amount, unit }: { amount: number; unit: Unit }) =>
    dateJudge((date, subject) => {
      const limit: DateValue = { form: 'moment', at: shiftMoment(subject.now.getTime(), sign * amount, unit, subject) };
      return test(compareDates(date, limit, subject.timezone), compareDates(date, nowOf(subject), subject.timezone));
    });
  return operator(name, label, 'amount', ({ value }) => comparing(value, (length) => judge(length as { amount: number; unit: Unit })));
}

function nowOf(subject: ConditionSubject): DateValue {
  return { form: 'moment', at: subject.now.getTime() };
}

function today(subject: ConditionSubject): number {
  return dayOfMoment(subject.now.getTime(), subject.timezone);
}

function daysFromToday(date: DateValue, subject: ConditionSubject): number {
  return dayOf(date, subject.timezone) - today(subject);
}

/** The first day of the period around a day, or of one so many periods later. */
function periodStart(day: number, period: Period, shift: number): number {
  const { year, month, weekday } = calendarOf(day);
  switch (period) {
    case 'week':
      return day - (weekday - 1) + 7 * shift;
    case 'month':
      return dayNumber(year, month + shift, 1);
    case 'quarter':
      return dayNumber(year, month - ((month - 1) % 3) + 3 * shift, 1);
    default:
      return dayNumber(year + shift, 1, 1);
  }
}

/** Minutes and hours are counted exactly; the others by the calendar of the zone, keeping the time of day. */
function shiftMoment(ms: number, amount: number, unit: Unit, { timezone, calendar = WEEKDAYS }: ConditionSubject): number {
  if (unit === 'minute') return ms + amount * MINUTE_MS;
  if (unit === 'hour') return ms + amount * HOUR_MS;
  const wall = ms + zoneOffsetMs(ms, timezone);
  const day = Math.floor(wall / DAY_MS);
  return momentAtWall(wall + (shiftDay(day, amount, unit, calendar) - day) * DAY_MS, timezone);
}

function shiftDay(day: number, amount: number, unit: 'day' | 'business_day' | 'week' | 'month', calendar: Calendar): number {
  if (unit === 'day') return day + amount;
  if (unit === 'week') return day + 7 * amount;
  if (unit === 'business_day') return calendar.addWorkingDays(day, amount);
  const date = calendarOf(day);
  // A month after 31 January is the last day of February.
  const first = calendarOf(dayNumber(date.year, date.month + amount, 1));
  return dayNumber(first.year, first.month, Math.min(date.day, daysInMonth(first.year, first.month)));
}

/** The same day of a later year; in years without a 29 February, people born on it have their day on the 28th. */
function isAnniversary(date: DateValue, subject: ConditionSubject): boolean {
  const then = calendarOf(dayOf(date, subject.timezone));
  const now = calendarOf(today(subject));
  const day = then.month === 2 && then.day === 29 && !isLeapYear(now.year) ? 28 : then.day;
  return now.year > then.year && now.month === then.month && now.day === day;
}
