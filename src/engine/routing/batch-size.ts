/**
 * How many items a batch may have for it to take no longer than `mostMs`: whoever comes while it is under way waits for its end.
 * By halves and doubles, so that there are few sizes, each of which may be a statement of its own.
 */
export class BatchSize {
  private size: number;

  constructor(
    private readonly most: number,
    private readonly least: number,
    private readonly mostMs: number,
  ) {
    this.size = most;
  }

  get current(): number {
    return this.size;
  }

  /** Notes how long a batch took; one that was not full says nothing of one that is. */
  note(items: number, ms: number): void {
    if (items < this.size) return;
    if (ms > this.mostMs) this.size = Math.max(Math.min(this.least, this.most), Math.floor(this.size / 2));
    else if (ms < this.mostMs / 4) this.size = Math.min(this.most, this.size * 2);
  }
}
