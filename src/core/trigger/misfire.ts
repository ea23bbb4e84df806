import type { JsonObject } from '../json.js';

/**
 * What becomes of what was due while nobody was there to start it: nothing, one start for all that was missed, or a start
 * for each.
 */
export type Misfire = 'skip' | 'once' | 'each';

/** What is found so much later than it was due still counts as on time: a busy hour is no downtime. */
export const ON_TIME_MS = 15 * 60_000;

/** Why a start that came too late is skipped, as its trigger asks for; null for every other start. */
export function misfireRule(trigger: JsonObject | null): string | null {
  if (trigger?.tooLate !== true) return null;
  return `It was due at ${String(trigger.at)} and found only later: what is missed is skipped, as the trigger says ("misfire": "skip").`;
}
