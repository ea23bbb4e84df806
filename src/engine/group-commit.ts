/** An item that waits for a batch. */
interface Waiting<T, R> {
  item: T;
  settle: (outcome: Promise<R>) => void;
}

/**
 * Group commit: what arrives while earlier batches are being written shares the next one. Alone an item waits for nobody;
 * of twenty webhooks that are answered in the same moment, each would else pay for a transaction of its own.
 */
export class GroupCommit<T, R> {
  private readonly waiting: Waiting<T, R>[] = [];
  private writing = 0;

  constructor(
    private readonly write: (items: T[]) => Promise<R>,
    /** Batches under way at the same time: with one alone, a record that somebody else has locked would hold up everybody. */
    private readonly mostAtOnce: number,
    private readonly mostInOne: number,
  ) {}

  /** Returns what the batch with this item returned, or fails as it did. */
  add(item: T): Promise<R> {
    return new Promise<R>((settle) => {
      this.waiting.push({ item, settle });
      this.next();
    });
  }

  private next(): void {
    if (this.writing >= this.mostAtOnce || this.waiting.length === 0) return;
    const batch = this.waiting.splice(0, this.mostInOne);
    this.writing += 1;
    const written = this.write(batch.map(({ item }) => item));
    for (const { settle } of batch) settle(written);
    const ended = (): void => {
      this.writing -= 1;
      this.next();
    };
    written.then(ended, ended);
  }
}
