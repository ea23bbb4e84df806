import { AutomationError } from '../core/errors.js';

/**
 * Runs an attempt with a bound on its time, whether it listens to the signal or not. The timer guards a call in flight;
 * no run depends on it, since a lease runs out by the database's clock.
 * Throws `step_timed_out` (transient) when the time is over.
 */
export async function withTimeout<T>(timeoutMs: number, stepId: string, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new AutomationError('step_timed_out', `Step '${stepId}' did not end within ${timeoutMs / 1000} s.`, {
        hint: 'The far side is slow or hangs. Give the step a longer `timeout`, or look there.',
        retry: { kind: 'transient' },
      });
      controller.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([attempt(controller.signal), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
