import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again until `attempt` neither throws nor rejects, and answers its result; after `timeoutMs` the last error stands. */
export async function eventually<T>(attempt: () => T | Promise<T>, timeoutMs = 60_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}
