/** What the far side got, counted by idempotency key. */
export class Arrivals {
  private readonly times = new Map<string, number[]>();

  add(key: string): void {
    const times = this.times.get(key) ?? [];
    times.push(Date.now());
    this.times.set(key, times);
  }

  /** How often a key arrived. */
  count(key: string): number {
    return this.times.get(key)?.length ?? 0;
  }

  /** When a key arrived, by this process's clock. */
  at(key: string): readonly number[] {
    return this.times.get(key) ?? [];
  }

  /** Everything that arrived. */
  get total(): number {
    return [...this.times.values()].reduce((sum, times) => sum + times.length, 0);
  }

  get keys(): string[] {
    return [...this.times.keys()];
  }

  /** The keys that arrived more than once. */
  get repeated(): string[] {
    return this.keys.filter((key) => this.count(key) > 1);
  }

  clear(): void {
    this.times.clear();
  }
}
