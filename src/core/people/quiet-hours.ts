import type { Problem } from '../errors.js';
import { DAY_MS, dayOfMoment, MINUTE_MS, momentAtWall } from '../time/zones.js';

/** When nobody is told of tasks, by the clocks of the workspace: `{ from: '20:00', to: '07:00' }`. */
export interface QuietHours {
  from: string;
  to: string;
}

const CLOCK = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

/** What is wrong with quiet hours. */
export function quietHoursProblems({ from, to }: QuietHours): Problem[] {
  const problems = (['from', 'to'] as const)
    .filter((name) => typeof { from, to }[name] !== 'string' || !CLOCK.test({ from, to }[name]))
    .map((path) => ({ path, message: 'must be a time of day, such as 20:00' }));
  return problems.length === 0 && from === to ? [{ path: 'to', message: 'must be another time than "from"' }] : problems;
}

/** When the quiet hours that a moment falls in are over; null when it falls in none. */
export function quietUntil(quiet: QuietHours | null, now: Date, timezone: string): Date | null {
  if (quiet === null) return null;
  const [from, to] = [minutesOf(quiet.from) * MINUTE_MS, minutesOf(quiet.to) * MINUTE_MS];
  const today = dayOfMoment(now.getTime(), timezone);
  // Those that began yesterday may still last.
  for (const day of [today - 1, today]) {
    const begin = momentAtWall(day * DAY_MS + from, timezone);
    const end = momentAtWall((from < to ? day : day + 1) * DAY_MS + to, timezone);
    if (begin <= now.getTime() && now.getTime() < end) return new Date(end);
  }
  return null;
}

function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
}
