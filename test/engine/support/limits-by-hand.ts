import { jest } from '@jest/globals';

/** A limit that waits to run out. */
interface Limit {
  ms: number;
  timer: NodeJS.Timeout;
  runOut(): void;
}

/**
 * Limits of these lengths, in milliseconds, run out when the test says so, until mocks are restored: when something hangs. By
 * the clock a short one also runs out under what only takes long, because the machine is busy with something else. Lengths
 * that nothing else has, and that no test lives to see.
 */
export class LimitsByHand {
  private readonly waiting = new Set<Limit>();
  /** What is set while a limit runs out: the moment that is left to whoever was told to stop. It is not waited for either. */
  private following: (() => void)[] | null = null;
  private onNext: ((limit: Limit) => void) | null = null;

  constructor(private readonly lengths: readonly number[]) {
    const [real, clear] = [globalThis.setTimeout, globalThis.clearTimeout];
    const far = (): NodeJS.Timeout => real(() => undefined, 2 ** 30).unref();
    jest.spyOn(globalThis, 'setTimeout').mockImplementation(((callback: () => void, ms?: number, ...args: []) => {
      if (this.following !== null) {
        this.following.push(callback);
        return far();
      }
      if (ms === undefined || !this.lengths.includes(ms)) return real(callback, ms, ...args);
      const limit = { ms, timer: far(), runOut: callback };
      this.waiting.add(limit);
      this.onNext?.(limit);
      this.onNext = null;
      return limit.timer;
    }) as never);
    jest.spyOn(globalThis, 'clearTimeout').mockImplementation(((timer: NodeJS.Timeout) => {
      for (const limit of this.waiting) if (limit.timer === timer) this.waiting.delete(limit);
      clear(timer);
    }) as never);
  }

  /** All that are of this length run out now. */
  runOut(ms: number): void {
    for (const limit of this.waiting) if (limit.ms === ms) this.end(limit);
  }

  /** Returns how to let the limit run out that is set next, in this very turn; it answers whether there was one. */
  next(): () => boolean {
    let mine: Limit | null = null;
    const take = (limit: Limit): void => {
      mine = limit;
    };
    this.onNext = take;
    queueMicrotask(() => {
      if (this.onNext === take) this.onNext = null;
    });
    return () => {
      if (mine !== null) this.end(mine);
      return mine !== null;
    };
  }

  private end(limit: Limit): void {
    if (!this.waiting.delete(limit)) return;
    this.following = [];
    try {
      limit.runOut();
    } finally {
      for (const callback of this.following) setImmediate(callback);
      this.following = null;
    }
  }
}
