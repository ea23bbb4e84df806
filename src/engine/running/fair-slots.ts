/** The right to have one piece of work under way. */
export interface Slot {
  /** Gives it back; once, however often it is called. */
  release(): void;
}

/**
 * Lets at most `most` pieces of work be under way at the same time, and at most `mostOfOne` of one workspace. A slot that
 * comes free goes to the workspace that holds the fewest of those that wait; of several to the one that was served longest
 * ago. So a flood of one workspace's slow calls leaves `most - mostOfOne` slots to the others, and takes turns with them
 * for the rest. An eighth of all slots is only for who holds none: two workspaces whose calls hang do not keep out a third.
 * (p-limit and p-queue limit by number and by priority; bottleneck's groups limit each key by itself.)
 */
export class FairSlots {
  private readonly held = new Map<string, number>();
  private readonly waiting = new Map<string, ((slot: Slot) => void)[]>();
  private readonly forNewcomers: number;
  private taken = 0;

  constructor(
    private readonly most: number,
    private readonly mostOfOne: number,
  ) {
    this.forNewcomers = Math.floor(most / 8);
  }

  /** A slot, if there is one right now. Whoever may take one has nobody before it: slots that come free are handed on at once. */
  tryTake(workspaceId: string): Slot | null {
    return this.mayTake(workspaceId) ? this.take(workspaceId) : null;
  }

  /** A slot, as soon as there is one. */
  async wait(workspaceId: string): Promise<Slot> {
    const free = this.tryTake(workspaceId);
    if (free) return free;
    return new Promise((resolve) => {
      const queue = this.waiting.get(workspaceId) ?? [];
      queue.push(resolve);
      this.waiting.set(workspaceId, queue);
    });
  }

  /** Performs the work when it has a slot; the slot is free again when it has ended, however it ends. */
  async run<T>(workspaceId: string, work: () => Promise<T>): Promise<T> {
    const slot = await this.wait(workspaceId);
    try {
      return await work();
    } finally {
      slot.release();
    }
  }

  private take(workspaceId: string): Slot {
    this.taken += 1;
    this.held.set(workspaceId, this.heldBy(workspaceId) + 1);
    let open = true;
    return {
      release: () => {
        if (!open) return;
        open = false;
        this.release(workspaceId);
      },
    };
  }

  private release(workspaceId: string): void {
    this.taken -= 1;
    const left = this.heldBy(workspaceId) - 1;
    if (left === 0) this.held.delete(workspaceId);
    else this.held.set(workspaceId, left);
    const next = this.next();
    if (next === null) return;
    const queue = this.waiting.get(next) ?? [];
    // To the end: of those who hold as many, the others come first next time.
    this.waiting.delete(next);
    const start = queue.shift();
    if (queue.length > 0) this.waiting.set(next, queue);
    start?.(this.take(next));
  }

  private next(): string | null {
    let best: string | null = null;
    for (const workspaceId of this.waiting.keys()) {
      if (this.mayTake(workspaceId) && (best === null || this.heldBy(workspaceId) < this.heldBy(best))) best = workspaceId;
    }
    return best;
  }

  private mayTake(workspaceId: string): boolean {
    const held = this.heldBy(workspaceId);
    const most = held === 0 ? this.most : this.most - this.forNewcomers;
    return this.taken < most && held < this.mostOfOne;
  }

  private heldBy(workspaceId: string): number {
    return this.held.get(workspaceId) ?? 0;
  }
}
