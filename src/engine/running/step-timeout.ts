import type { Effect } from '../../core/catalog.js';
import { AutomationError } from '../../core/errors.js';
import type { ActionStep } from '../../core/steps/action.js';
import { durationToMs, parseDuration } from '../../core/time/duration.js';

/** How long an attempt that was told to stop may take to say how far it had come: this at most, and no longer than it had to work. */
const LAST_WORDS_MS = 1_000;

/**
 * Runs an attempt with a bound on its time, whether it listens to the signal or not. One that does listen gets a moment to
 * report what it knows: "the message was handed over, the answer never came" is worth more than "it took too long". The
 * timers guard a call in flight; no run depends on them, since a lease runs out by the database's clock, and a process that
 * has stopped does not live on for them. Whoever holds the controller may abort the attempt, too.
 * Throws the attempt's own error, or `step_timed_out` when it has none.
 */
export async function withTimeout<T>(
  timeoutMs: number,
  step: { id: string; effect: Effect },
  attempt: (signal: AbortSignal) => Promise<T>,
  controller = new AbortController(),
): Promise<T> {
  let timedOut: AutomationError | null = null;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = stepTimedOut(timeoutMs, step);
      timedOut = error;
      controller.abort(error);
      timer = setTimeout(() => reject(error), Math.min(LAST_WORDS_MS, timeoutMs)).unref();
    }, timeoutMs).unref();
  });
  try {
    return await Promise.race([attempt(controller.signal), timeout]);
  } catch (error) {
    throw timedOut !== null && !(error instanceof AutomationError) ? timedOut : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Made when it is needed: an error knows its stack, which is what it costs. */
function stepTimedOut(timeoutMs: number, { id, effect }: { id: string; effect: Effect }): AutomationError {
  return new AutomationError('step_timed_out', `Step '${id}' did not end within ${timeoutMs / 1000} s.`, {
    hint: 'The far side is slow or hangs. Give the step a longer `timeout`, or look there.',
    // What a local step had written is taken back; what an outside step had sent is not.
    retry: { kind: effect === 'local' ? 'transient' : 'ambiguous' },
  });
}

/** How long an attempt may take when its step does not say. */
const DEFAULT_TIMEOUT_MS = 15_000;

/** How long one attempt of the step may take, in milliseconds. */
export function timeoutOf(step: ActionStep): number {
  const duration = step.timeout === undefined ? null : parseDuration(step.timeout);
  return duration === null ? DEFAULT_TIMEOUT_MS : durationToMs(duration);
}
