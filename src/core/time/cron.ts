import type { CronTime } from 'cron';
import { cron, luxon } from '../libraries.js';
import { DAY_MS, momentAtWall, zoneOffsetMs } from './zones.js';

/** One of the five fields of a cron expression. */
interface CronField {
  name: string;
  min: number;
  max: number;
  /** May have names instead of numbers: `MON`, `JAN`. */
  hasNames: boolean;
}

const FIELDS: readonly CronField[] = [
  { name: 'minute', min: 0, max: 59, hasNames: false },
  { name: 'hour', min: 0, max: 23, hasNames: false },
  { name: 'day of the month', min: 1, max: 31, hasNames: false },
  { name: 'month', min: 1, max: 12, hasNames: true },
  // 7 is Sunday too.
  { name: 'day of the week', min: 0, max: 7, hasNames: true },
];

/** Where the look for a tick begins that tells whether there is any: a leap year. */
const LOOK_FROM = Date.UTC(2024, 0);

/** What is wrong with a cron expression of five fields (`30 9 * * MON-FRI`), in a sentence; null when it is one. */
export function cronProblem(expression: string): string | null {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length)
    return 'A schedule has five fields: minute, hour, day of the month, month, day of the week, such as "30 9 * * MON-FRI".';
  const wrong = FIELDS.find((field, index) => !isCronField(parts[index] as string, index, field));
  if (wrong !== undefined) {
    return `The ${wrong.name} of the schedule is not valid: it is a number from ${wrong.min} to ${wrong.max}, a range, a list or *, with an optional step.`;
  }
  return everTicks(expression) ? null : 'The schedule names a day that no year has.';
}

function everTicks(expression: string): boolean {
  try {
    nextWall(new (cron().CronTime)(expression, 'UTC'), LOOK_FROM);
    return true;
  } catch {
    return false;
  }
}

function isCronField(part: string, index: number, { max, hasNames }: CronField): boolean {
  // What the library would read besides: names of days as hours, steps that lead out of the field.
  if (!hasNames && /[a-z]/i.test(part)) return false;
  if (part.split(',').some((one) => Number(one.split('/')[1] ?? 1) > max)) return false;
  return cron().CronTime.validateCronExpression(FIELDS.map((_, at) => (at === index ? part : '*')).join(' ')).valid;
}

/**
 * When a cron expression ticks. The library computes on a clock that is never changed; what changes of clocks mean is said
 * here, as for all dates: a schedule that names its hours ticks once for each of them, an hour that summer time skips
 * counting as the one as much later, of one that comes twice the first. A schedule of every hour (`*`) goes on as time does.
 */
export class CronSchedule {
  private readonly time: CronTime;
  private readonly isOfEveryHour: boolean;

  /** Of an expression in which {@link cronProblem} finds nothing, and a zone. */
  constructor(
    expression: string,
    private readonly timezone: string,
  ) {
    this.time = new (cron().CronTime)(expression, 'UTC');
    this.isOfEveryHour = expression.trim().split(/\s+/)[1] === '*';
  }

  /** The first tick after a moment. */
  next(after: Date): Date {
    const from = after.getTime();
    const wall = nextWall(this.time, from + zoneOffsetMs(from, this.timezone));
    const plain = momentAtWall(wall, this.timezone);
    const offsets = new Set([...this.offsetsAround(from), ...this.offsetsAround(plain)]);
    // Far from changes of clocks, and there are two a year, that is it.
    return new Date(offsets.size === 1 ? plain : this.nextNearChange(from, [...offsets]));
  }

  /** The last tick at or before `now`; one is at `due`. */
  last(due: Date, now: Date): Date {
    // Looked for in windows that grow: most schedules tick more than once a day, and many a time in a month of downtime.
    for (let window = 60_000; now.getTime() - window > due.getTime(); window *= 4) {
      const first = this.next(new Date(now.getTime() - window));
      if (first <= now) return this.lastFrom(first, now);
    }
    return this.lastFrom(due, now);
  }

  private lastFrom(tick: Date, now: Date): Date {
    let last = tick;
    for (let next = this.next(last); next <= now; next = this.next(next)) last = next;
    return last;
  }

  /** The first moment after `from` of all that walls stand for: near a change, a wall may come before one that is earlier. */
  private nextNearChange(from: number, offsets: readonly number[]): number {
    const most = Math.max(...offsets);
    let first = Number.POSITIVE_INFINITY;
    for (let wall = nextWall(this.time, from + Math.min(...offsets)); wall - most < first; wall = nextWall(this.time, wall)) {
      for (const at of this.momentsAt(wall)) if (at > from && at < first) first = at;
    }
    return first;
  }

  /** When clocks show this: once, twice, or where they skip it as much later or never. */
  private momentsAt(wall: number): number[] {
    if (!this.isOfEveryHour) return [momentAtWall(wall, this.timezone)];
    return [...new Set(this.offsetsAround(wall))]
      .map((offset) => wall - offset)
      .filter((at) => at + zoneOffsetMs(at, this.timezone) === wall);
  }

  /** What clocks are ahead of UTC the day before and the day after. */
  private offsetsAround(at: number): number[] {
    return [at - DAY_MS, at + DAY_MS].map((moment) => zoneOffsetMs(moment, this.timezone));
  }
}

/** The next reading of a clock that an expression names. Throws when there is none in the next years. */
function nextWall(time: CronTime, after: number): number {
  return time.getNextDateFrom(luxon().DateTime.fromMillis(after, { zone: 'UTC' })).toMillis();
}
