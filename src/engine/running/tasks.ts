/** Work under way in this process. */
export class Tasks {
  private readonly running = new Set<Promise<void>>();

  get size(): number {
    return this.running.size;
  }

  /** Counts the work, which must not fail, until it ends. */
  add(work: Promise<void>): void {
    const tracked = work.then(() => {
      this.running.delete(tracked);
    });
    this.running.add(tracked);
  }

  /** Resolves when nothing is under way, what is added meanwhile included. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }
}
