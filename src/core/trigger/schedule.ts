import { CronSchedule, cronProblem } from '../time/cron.js';
import { isTimezone } from '../time/zones.js';
import { type Misfire, ON_TIME_MS } from './misfire.js';
import type { TriggerKind } from './trigger-kind.js';

/** Starts by cron. */
export interface ScheduleTrigger {
  type: 'schedule';
  /** Five fields, as clocks in `timezone` show them. */
  cron: string;
  timezone: string;
  /** What becomes of ticks that were missed; default `once`. */
  misfire?: Misfire;
}

const MISFIRES: readonly Misfire[] = ['skip', 'once', 'each'];

export const schedule = {
  type: 'schedule',
  label: 'Schedule',
  description: 'Starts at certain times, again and again.',
  members: {
    cron: { type: 'string', description: 'Minute, hour, day of the month, month, day of the week.', examples: ['30 9 * * MON-FRI'] },
    timezone: { type: 'string', description: 'The zone whose clocks count.', examples: ['Europe/Berlin'] },
    misfire: {
      enum: [...MISFIRES],
      default: 'once',
      description: 'What becomes of ticks that were missed: nothing, one start for all of them, or one for each.',
    },
  },
  required: ['cron', 'timezone'],
  check(reader) {
    const cron = reader.text('cron');
    const timezone = reader.text('timezone');
    reader.timezone(timezone);
    reader.optionalChoice('misfire', MISFIRES);
    const wrong = cron === undefined ? null : cronProblem(cron);
    if (wrong !== null) reader.problem('cron', wrong);
  },
} satisfies TriggerKind<ScheduleTrigger>;

/** One start by a schedule. */
export interface Tick {
  at: Date;
  /** The first of the ticks that were missed and that this one stands for; null when there are none. */
  missedSince: Date | null;
  /** Missed, and to be skipped: it is there to say so. */
  tooLate: boolean;
}

/** The most ticks that one look at a schedule makes: what is left comes with the next one. */
const MOST_TICKS = 100;

/** The ticks that are due `now`, the first of them at `due`, and when the next one is. At least one tick. */
export function ticksDue(trigger: ScheduleTrigger, due: Date, now: Date): { ticks: Tick[]; next: Date } {
  const schedule = new CronSchedule(trigger.cron, trigger.timezone);
  const { misfire = 'once' } = trigger;
  if (misfire === 'each') {
    const ticks: Tick[] = [];
    let at = due;
    for (; at <= now && ticks.length < MOST_TICKS; at = schedule.next(at)) ticks.push({ at, missedSince: null, tooLate: false });
    return { ticks, next: at };
  }
  const at = schedule.last(due, now);
  const tooLate = misfire === 'skip' && now.getTime() - at.getTime() > ON_TIME_MS;
  return { ticks: [{ at, missedSince: at > due ? due : null, tooLate }], next: schedule.next(now) };
}

/** The next times of a schedule, each as a moment. Null for what is none: see {@link cronProblem}. */
export function nextTicks(cron: string, timezone: string, after: Date, count: number): Date[] | null {
  if (cronProblem(cron) !== null || !isTimezone(timezone)) return null;
  const schedule = new CronSchedule(cron, timezone);
  const ticks: Date[] = [];
  for (let at = after; ticks.length < count; ) {
    at = schedule.next(at);
    ticks.push(at);
  }
  return ticks;
}
