/** How many batches, and how large. */
export interface FairBatches {
  /** Batches under way at the same time; as many again for workspaces of which none has anything. */
  mostAtOnce: number;
  /** Items of a batch while all are of one workspace. */
  alone: number;
  /** Items of a batch while there are some of several: they wait for its end. */
  crowded: number;
}

interface Owned {
  readonly workspaceId: string;
}

interface Waiting<T> {
  item: T;
  settle: (outcome: Promise<void>) => void;
}

/**
 * Group commit for what belongs to several workspaces: what comes while batches are under way shares the next one. Each has
 * an item of every workspace that waits, in turns. A workspace that has nothing in a batch under way waits for none of them:
 * a hundred calls of another that were answered at one moment are no reason to wait for a hundred results.
 */
export class FairGroupCommit<T extends Owned> {
  /** By workspace, in the order of their turns. */
  private readonly waiting = new Map<string, Waiting<T>[]>();
  /** The workspaces of each batch. */
  private readonly underWay = new Set<ReadonlySet<string>>();
  private isAboutToBegin = false;

  constructor(
    private readonly write: (items: T[]) => Promise<void>,
    private readonly batches: FairBatches,
  ) {}

  /** Settles as the batch with this item does. */
  add(item: T): Promise<void> {
    return new Promise<void>((settle) => {
      const queue = this.waiting.get(item.workspaceId);
      if (queue) queue.push({ item, settle });
      else this.waiting.set(item.workspaceId, [{ item, settle }]);
      this.beginSoon();
    });
  }

  /** When all that this turn of the event loop brings is there: of twenty answers that came at once, the first would begin a batch alone. */
  private beginSoon(): void {
    if (this.isAboutToBegin) return;
    this.isAboutToBegin = true;
    setImmediate(() => {
      this.isAboutToBegin = false;
      while (this.next());
    });
  }

  /** Begins the next batch. False: there is none that may. */
  private next(): boolean {
    const batch = this.take();
    if (batch.length === 0) return false;
    const workspaces = new Set(batch.map(({ item }) => item.workspaceId));
    this.underWay.add(workspaces);
    const written = this.write(batch.map(({ item }) => item));
    for (const { settle } of batch) settle(written);
    const ended = (): void => {
      this.underWay.delete(workspaces);
      this.next();
    };
    written.then(ended, ended);
    return true;
  }

  /** The next batch; empty, when nobody may begin one. */
  private take(): Waiting<T>[] {
    const { mostAtOnce, alone, crowded } = this.batches;
    const busy = new Set([...this.underWay].flatMap((workspaces) => [...workspaces]));
    const mayBegin = (workspaceId: string): boolean =>
      this.underWay.size < mostAtOnce || (this.underWay.size < 2 * mostAtOnce && !busy.has(workspaceId));
    let turns = [...this.waiting.keys()].filter(mayBegin);
    const isCrowded = new Set([...busy, ...this.waiting.keys()]).size > 1;
    const most = isCrowded ? crowded : alone;
    const batch: Waiting<T>[] = [];
    while (turns.length > 0 && batch.length < most) {
      turns = turns.filter((workspaceId) => {
        if (batch.length === most) return true;
        const queue = this.waiting.get(workspaceId) ?? [];
        batch.push(queue.shift() as Waiting<T>);
        // To the end: the others come first next time.
        this.waiting.delete(workspaceId);
        if (queue.length === 0) return false;
        this.waiting.set(workspaceId, queue);
        return true;
      });
    }
    return batch;
  }
}
