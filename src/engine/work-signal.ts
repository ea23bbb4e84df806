/** Wakes waiting loops, one a signal. A signal raised while nobody waits is not lost: the next wait ends at once. */
export class WorkSignal {
  private raised = false;
  private readonly waiting: (() => void)[] = [];

  /** Wakes one who waits, or the next one who does: a second one would find the first one's work locked. */
  raise(): void {
    const wake = this.waiting.shift();
    if (wake) wake();
    else this.raised = true;
  }

  /** Wakes everyone. */
  raiseAll(): void {
    this.raised = true;
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Resolves at the next signal, after `timeoutMs` at the latest; null: whenever that is. */
  async wait(timeoutMs: number | null): Promise<void> {
    if (this.raised) {
      this.raised = false;
      return;
    }
    await new Promise<void>((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.waiting.push(wake);
      if (timeoutMs === null) return;
      timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(wake), 1);
        resolve();
      }, timeoutMs);
    });
  }
}
