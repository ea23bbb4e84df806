/** How much is drawn at once: what is in sight, and about a screen more. */
const AT_ONCE = 32;
/** How much in one go later on: a few milliseconds. */
const IN_A_GO = 16;

/** Calls back when the page has nothing else to do; not every browser tells when that is. */
export const whenIdle: (run: () => void) => void = globalThis.requestIdleCallback ?? ((run) => setTimeout(run, 16));

/** What is drawn at once of many things, and who waits until the page has nothing else to do: a little at a time, in order. */
export class Turns {
  private left = AT_ONCE;
  private readonly waiting = new Set<() => void>();
  private isUnderWay = false;

  /** Returns whether one more has room in what is being drawn now. */
  take(): boolean {
    this.left -= 1;
    return this.left >= 0;
  }

  /** Calls `draw` when it is its turn. Returns what leaves the line. */
  wait(draw: () => void): () => void {
    this.waiting.add(draw);
    if (!this.isUnderWay) this.goOn();
    return () => this.waiting.delete(draw);
  }

  private goOn(): void {
    this.isUnderWay = this.waiting.size > 0;
    if (this.isUnderWay) whenIdle(() => void this.go());
    this.left = this.isUnderWay ? 0 : AT_ONCE;
  }

  private async go(): Promise<void> {
    this.left = IN_A_GO;
    for (const draw of this.waiting) {
      if (!this.take()) break;
      this.waiting.delete(draw);
      draw();
      // It is drawn before the next is asked: what is in it has its share of the room.
      await undefined;
    }
    this.goOn();
  }
}
