/** Times and lengths of time, in words for people who read English. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The units of relative times: below `most` of them, one is told in it. */
const RELATIVE: readonly { unit: string; ms: number; most: number }[] = [
  { unit: 's', ms: SECOND, most: 60 },
  { unit: 'min', ms: MINUTE, most: 60 },
  { unit: 'h', ms: HOUR, most: 24 },
  { unit: 'd', ms: DAY, most: 31 },
];

/** Returns how long ago a moment was, or until it comes: `3 min ago`, `in 2 h`; `just now` within five seconds; null beyond a month. */
export function relativeTime(at: Date, now: Date): string | null {
  const distance = at.getTime() - now.getTime();
  const length = Math.abs(distance);
  if (length < 5 * SECOND) return 'just now';
  for (const { unit, ms, most } of RELATIVE) {
    const count = Math.floor(length / ms);
    if (count < most) return distance < 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
  }
  return null;
}

/** Returns a moment as clocks in the zone show it: `20 Nov 2026, 10:42:05`. */
export function exactTime(at: Date, timezone?: string): string {
  return format(at, timezone, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** Returns the day of a moment: `20 Nov 2026`. */
export function dayTime(at: Date, timezone?: string): string {
  return format(at, timezone, { day: 'numeric', month: 'short', year: 'numeric' });
}

/** Returns a day of UTC with its name: `Fri 20 Nov`. */
export function weekdayTime(at: Date): string {
  return format(at, 'UTC', { weekday: 'short', day: 'numeric', month: 'short' }).replace(',', '');
}

/** Returns the time of day of a moment: `10:42`. */
export function clockTime(at: Date, timezone?: string): string {
  return format(at, timezone, { hour: '2-digit', minute: '2-digit' });
}

/** Returns a sentence of the API with its moments (`2026-11-20 10:00 UTC`) as clocks in the zone show them: `20 Nov 2026, 11:00`. */
export function momentsIn(sentence: string, timezone: string): string {
  return sentence.replace(/(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC/g, (_, day: string, time: string) => {
    const at = new Date(`${day}T${time}Z`);
    return `${dayTime(at, timezone)}, ${clockTime(at, timezone)}`;
  });
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Formats are costly to make and few. */
function format(at: Date, timezone: string | undefined, options: Intl.DateTimeFormatOptions): string {
  if (Number.isNaN(at.getTime())) return 'no date';
  const key = `${timezone ?? ''} ${Object.keys(options).join()}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { ...options, hourCycle: 'h23', timeZone: timezone });
  formats.set(key, known);
  return known.format(at);
}

/** Returns how long something took, in at most two units: `420 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function tookWords(ms: number): string {
  const length = Math.max(0, Math.round(ms));
  if (length < SECOND) return `${length} ms`;
  if (length < 10 * SECOND) return `${Math.floor(length / 100) / 10} s`;
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`;
  if (length < HOUR) return twoUnits(length, MINUTE, 'min', SECOND, 's');
  if (length < DAY) return twoUnits(length, HOUR, 'h', MINUTE, 'min');
  return twoUnits(length, DAY, 'd', HOUR, 'h');
}

function twoUnits(length: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((length % big) / small);
  return rest === 0 ? `${Math.floor(length / big)} ${bigUnit}` : `${Math.floor(length / big)} ${bigUnit} ${rest} ${smallUnit}`;
}

/** The units that a person chooses among; a duration of several is written as text. */
export const DURATION_UNITS = ['second', 'minute', 'hour', 'day', 'working day', 'week', 'month', 'year'] as const;
export type DurationUnit = (typeof DURATION_UNITS)[number];

interface DurationParts {
  isNegative: boolean;
  parts: { count: number; unit: DurationUnit }[];
}

const DURATION =
  /^(-)?P(?=\d|T\d)(?:(\d+)BD|(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?)(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d{1,3})?)S)?)?$/;
const DURATION_ORDER: readonly DurationUnit[] = ['working day', 'year', 'month', 'week', 'day', 'hour', 'minute', 'second'];

/** Returns the parts of an ISO 8601 duration, or one of working days (`P3BD`), that are not zero; null when it is none. */
export function durationParts(text: string): DurationParts | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const parts = DURATION_ORDER.map((unit, index) => ({ unit, count: Number((match[index + 2] ?? '0').replace(',', '.')) }));
  return { isNegative: match[1] !== undefined, parts: parts.filter(({ count }) => count > 0) };
}

const CODES: Readonly<Record<DurationUnit, readonly [before: string, code: string]>> = {
  'working day': ['P', 'BD'],
  year: ['P', 'Y'],
  month: ['P', 'M'],
  week: ['P', 'W'],
  day: ['P', 'D'],
  hour: ['PT', 'H'],
  minute: ['PT', 'M'],
  second: ['PT', 'S'],
};

/** Returns one count of one unit as an ISO 8601 duration: `P2D`, `-PT30M`. */
export function durationOf(count: number, unit: DurationUnit, isNegative = false): string {
  const [before, code] = CODES[unit];
  return `${isNegative ? '-' : ''}${before}${count}${code}`;
}

/** Returns a duration in words, without its sign: `2 days`, `1 hour 30 minutes`; the text itself when it is none. */
export function durationWords(text: string): string {
  const duration = durationParts(text);
  if (duration === null) return text;
  if (duration.parts.length === 0) return 'no time';
  return duration.parts.map(({ count, unit }) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ');
}

/** Returns how far from a date: `3 days before`, `2 hours after`; `on` for none. */
export function offsetWords(text: string): string {
  const duration = durationParts(text);
  if (duration === null) return text;
  if (duration.parts.length === 0) return 'on';
  return `${durationWords(text)} ${duration.isNegative ? 'before' : 'after'}`;
}

const MS_OF: Readonly<Record<DurationUnit, number>> = {
  second: SECOND,
  minute: MINUTE,
  hour: HOUR,
  day: DAY,
  'working day': DAY,
  week: 7 * DAY,
  month: 30 * DAY,
  year: 365 * DAY,
};

/** Returns about how long a duration is, in milliseconds; null when it is none. */
export function durationMs(text: string): number | null {
  const duration = durationParts(text);
  if (duration === null) return null;
  const length = duration.parts.reduce((sum, { count, unit }) => sum + count * MS_OF[unit], 0);
  return duration.isNegative ? -length : length;
}
