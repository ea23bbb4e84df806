/** How many batches, and how large. */
export interface FairBatches {
  /** Batches under way at the same time; as many again for workspaces of which none has anything. */
  mostAtOnce: number;
  /** Items of a batch while all are of one workspace. */
  alone: number;
  /** Items of a batch while there are some of several: they wait for its end. */
  crowded: number;
  /**
   * How long items of a workspace with a batch under way wait for company, in milliseconds, unless they fill a batch: mostly it
   * ends first, and they share the next one.
   */
  gatherMs: number;
}

interface Owned {
  readonly workspaceId: string;
}

interface Waiting<T> {
  item: T;
  since: number;
  settle: (outcome: Promise<void>) => void;
}

/**
 * Group commit for what belongs to several workspaces: what comes while batches are under way shares the next one. Each has
 * an item of every workspace that waits, in turns. A workspace that has nothing in a batch under way waits for none of them:
 * a hundred calls of another that were answered at one moment are no reason to wait for a hundred results. One that has
 * something there waits a moment for it to end: a batch costs as much for five items as for fifty.
 */
export class FairGroupCommit<T extends Owned> {
  /** By workspace, in the order of their turns. */
  private readonly waiting = new Map<string, Waiting<T>[]>();
  /** The workspaces of each batch. */
  private readonly underWay = new Set<ReadonlySet<string>>();
  private isAboutToBegin = false;
  private hasAlarm = false;

  constructor(
    private readonly write: (items: T[]) => Promise<void>,
    private readonly batches: FairBatches,
  ) {}

  /** Settles as the batch with this item does. */
  add(item: T): Promise<void> {
    return new Promise<void>((settle) => {
      const queue = this.waiting.get(item.workspaceId);
      const waiting = { item, since: performance.now(), settle };
      if (queue) queue.push(waiting);
      else this.waiting.set(item.workspaceId, [waiting]);
      this.beginSoon();
    });
  }

  /** When all that this turn of the event loop brings is there: of twenty answers that came at once, the first would begin a batch alone. */
  private beginSoon(): void {
    if (this.isAboutToBegin) return;
    this.isAboutToBegin = true;
    setImmediate(() => {
      this.isAboutToBegin = false;
      this.begin();
    });
  }

  /** Begins all batches that may. What has to wait for company looks again when that has lasted long enough. */
  private begin(): void {
    while (this.next());
    if (this.waiting.size === 0 || this.hasAlarm) return;
    this.hasAlarm = true;
    setTimeout(() => {
      this.hasAlarm = false;
      this.begin();
    }, this.batches.gatherMs).unref();
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
      this.begin();
    };
    written.then(ended, ended);
    return true;
  }

  /** The next batch; empty, when nobody may begin one. */
  private take(): Waiting<T>[] {
    const { mostAtOnce, alone, crowded, gatherMs } = this.batches;
    const busy = new Set([...this.underWay].flatMap((workspaces) => [...workspaces]));
    const isCrowded = new Set([...busy, ...this.waiting.keys()]).size > 1;
    const most = isCrowded ? crowded : alone;
    const patientSince = performance.now() - gatherMs;
    const mayBegin = ([workspaceId, queue]: [string, Waiting<T>[]]): boolean => {
      if (!busy.has(workspaceId)) return this.underWay.size < 2 * mostAtOnce;
      return this.underWay.size < mostAtOnce && (queue.length >= most || (queue[0]?.since ?? 0) <= patientSince);
    };
    let turns = [...this.waiting].filter(mayBegin).map(([workspaceId]) => workspaceId);
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
