/** Wakes waiting loops. A signal raised while nobody waits is not lost: the next wait ends at once. */
export class WorkSignal {
  private raised = false;
  private readonly waiting = new Set<() => void>();

  /** Wakes everyone who waits, or the next one who does. */
  raise(): void {
    if (this.waiting.size === 0) this.raised = true;
    for (const wake of this.waiting) wake();
  }

  /** Resolves at the next signal, after `timeoutMs` at the latest. */
  async wait(timeoutMs: number): Promise<void> {
    if (this.raised) {
      this.raised = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.waiting.add(done);
    });
  }
}
