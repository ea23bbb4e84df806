import type { Problem } from '../errors.js';
import { isJsonObject, type Json } from '../json.js';
import { calendarOf, parseDate } from './dates.js';
import { DAY_MS, isTimezone, MINUTE_MS, momentAtWall, zoneOffsetMs } from './zones.js';

/** When people of a workspace work. */
export interface WorkCalendar {
  /** IANA zone in which its days begin and end. */
  timezone: string;
  /** 1 (Monday) to 7 (Sunday), at least one. Default Monday to Friday. */
  workingDays?: readonly number[];
  /** Working hours as clocks in the zone show them, `HH:MM`. Default 09:00 to 17:00. */
  hours?: { from: string; to: string };
  /** Days on which nobody works: `YYYY-MM-DD`. */
  holidays?: readonly string[];
}

const MONDAY_TO_FRIDAY = [1, 2, 3, 4, 5];
const OFFICE_HOURS = { from: '09:00', to: '17:00' };
const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$/;
/** A hundred years of them. */
const MOST_HOLIDAYS = 10_000;

/** Everything that keeps a value from being a {@link WorkCalendar}, each with its path. Never throws. */
export function calendarProblems(value: unknown): Problem[] {
  if (!isJsonObject(value)) return [{ path: '', message: 'must be an object with a "timezone"' }];
  const { timezone, workingDays = MONDAY_TO_FRIDAY, hours = OFFICE_HOURS, holidays = [] } = value;
  const problems: Problem[] = [];
  if (typeof timezone !== 'string' || !isTimezone(timezone)) {
    problems.push({ path: 'timezone', message: 'must be an IANA time zone, such as Europe/Berlin' });
  }
  if (!Array.isArray(workingDays) || workingDays.length === 0 || !workingDays.every(isWeekday)) {
    problems.push({ path: 'workingDays', message: 'must be a list of days from 1 (Monday) to 7 (Sunday), at least one' });
  }
  if (!isJsonObject(hours) || !(minutesOf(hours.from) < minutesOf(hours.to))) {
    problems.push({ path: 'hours', message: 'must be { "from": "09:00", "to": "17:00" }, from before to' });
  }
  if (!Array.isArray(holidays) || holidays.length > MOST_HOLIDAYS || !holidays.every(isDay)) {
    problems.push({ path: 'holidays', message: `must be a list of at most ${MOST_HOLIDAYS} days, such as 2027-12-24` });
  }
  return problems;
}

function isWeekday(value: Json): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 7;
}

function isDay(value: Json): boolean {
  return parseDate(value)?.form === 'day';
}

/** Minutes since midnight; NaN for what is no time of day. */
export function minutesOf(timeOfDay: Json | undefined): number {
  const match = typeof timeOfDay === 'string' ? TIME_OF_DAY.exec(timeOfDay) : null;
  return match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2]);
}

/** A {@link WorkCalendar} without problems, ready to be asked. Days are counted from 1970-01-01. */
export class Calendar {
  readonly timezone: string;
  private readonly weekdays: ReadonlySet<number>;
  /** Holidays on days that were working days without them, in order. */
  private readonly holidays: readonly number[];
  private readonly isHoliday: ReadonlySet<number>;
  private readonly opensMs: number;
  private readonly closesMs: number;

  constructor({ timezone, workingDays = MONDAY_TO_FRIDAY, hours = OFFICE_HOURS, holidays = [] }: WorkCalendar) {
    this.timezone = timezone;
    this.weekdays = new Set(workingDays);
    const days = new Set(holidays.map((day) => parseDate(day)?.at as number));
    this.holidays = [...days].filter((day) => this.weekdays.has(calendarOf(day).weekday)).sort((a, b) => a - b);
    this.isHoliday = new Set(this.holidays);
    this.opensMs = minutesOf(hours.from) * MINUTE_MS;
    this.closesMs = minutesOf(hours.to) * MINUTE_MS;
  }

  isWorkingDay(day: number): boolean {
    return this.weekdays.has(calendarOf(day).weekday) && !this.isHoliday.has(day);
  }

  /** The day so many working days later or, if negative, earlier: one after a Saturday is Monday, in most places. */
  addWorkingDays(day: number, amount: number): number {
    const direction = Math.sign(amount);
    let left = Math.abs(amount);
    let at = day;
    while (left > 0) {
      // Whole weeks at once, as long as one day more is left: the last day must be one on which people work.
      const weeks = Math.floor((left - 1) / this.weekdays.size);
      if (weeks > 0) {
        const end = at + direction * weeks * 7;
        left += this.holidaysBetween(at, end) - weeks * this.weekdays.size;
        at = end;
      } else {
        at += direction;
        if (this.isWorkingDay(at)) left -= 1;
      }
    }
    return at;
  }

  /** The moment itself when it lies in working hours, else when they begin next. Unix times in milliseconds. */
  nextWorkingMoment(at: number): number {
    const wall = at + zoneOffsetMs(at, this.timezone);
    const day = Math.floor(wall / DAY_MS);
    const time = wall - day * DAY_MS;
    if (this.isWorkingDay(day) && time < this.closesMs) return time >= this.opensMs ? at : this.opening(day);
    return this.opening(this.addWorkingDays(day, 1));
  }

  private opening(day: number): number {
    return momentAtWall(day * DAY_MS + this.opensMs, this.timezone);
  }

  /** How many holidays the way from one day to another meets, its end included. */
  private holidaysBetween(from: number, to: number): number {
    return to > from ? this.countUpTo(to) - this.countUpTo(from) : this.countUpTo(from - 1) - this.countUpTo(to - 1);
  }

  /** How many holidays lie at or before a day. */
  private countUpTo(day: number): number {
    let low = 0;
    let high = this.holidays.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.holidays[middle] as number) <= day) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Monday to Friday without holidays, where nothing else is known. */
export const WEEKDAYS = new Calendar({ timezone: 'UTC' });
