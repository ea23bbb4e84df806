import { boundedCount } from './run-filter.js';

/** The API counts so many at the most. */
const MOST_COUNTED = 10_000;

/** Returns a number of tasks in words: `10,000+` is as many, or more. */
export function taskCount(count: number): string {
  return boundedCount(count, count < MOST_COUNTED);
}
