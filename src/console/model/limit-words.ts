import type { Json, JsonObject } from '../../core/json.js';
import { isObject } from './catalog.js';
import { durationWords } from './time.js';
import { numberWords } from './words.js';

/** Triggers whose workflows are jobs: one at a time and half an hour, where they do not say otherwise. */
const JOBS: ReadonlySet<Json | undefined> = new Set(['schedule', 'webhook']);

/** Returns what bounds the runs of a workflow, in sentences: how many at once, in which order, how often on one record, how long. */
export function limitWords({ trigger, settings }: JsonObject): string[] {
  const isJob = isObject(trigger) && JOBS.has(trigger.type);
  const { reentry, maxConcurrentRuns = isJob ? 1 : 0, order, maxDuration = isJob ? 'PT30M' : 'P30D' } = isObject(settings) ? settings : {};
  return [
    concurrencyWords(Number(maxConcurrentRuns)),
    reentryWords(reentry),
    ...(order === 'per_record' ? ['The runs of one record go one after the other.'] : []),
    `A run that takes longer than ${durationWords(String(maxDuration))} is failed.`,
  ];
}

function concurrencyWords(most: number): string {
  if (most === 0) return 'Any number of runs at a time.';
  return most === 1
    ? 'One run at a time; others wait in the queue.'
    : `At most ${numberWords(most)} runs at a time; others wait in the queue.`;
}

/** Returns when a workflow runs again on the same record. */
export function reentryWords(reentry: Json | undefined): string {
  if (reentry === 'not_while_active') return 'Not on a record that a run is under way on.';
  if (reentry === 'once_per_record') return 'Once on each record.';
  return isObject(reentry)
    ? `Once on each record in any ${durationWords(String(reentry.oncePer)).replace(/^1 /, '')}.`
    : 'Every time, on the same record too.';
}
