/** What a process has under way, by workspace. */
export class UnderWay {
  private readonly works = new Set<Promise<void>>();
  private readonly counts = new Map<string, number>();

  get size(): number {
    return this.works.size;
  }

  get all(): Promise<void>[] {
    return [...this.works];
  }

  of(workspaceId: string): number {
    return this.counts.get(workspaceId) ?? 0;
  }

  /** The workspaces of which so many pieces of work, or more, are under way. */
  workspacesWith(count: number): string[] {
    return [...this.counts].filter(([, has]) => has >= count).map(([workspaceId]) => workspaceId);
  }

  /** Counts the work, which must not fail, until it ends; then `onEnd` hears how much of the workspace is left. */
  add(workspaceId: string, work: Promise<void>, onEnd: (left: number) => void): void {
    this.counts.set(workspaceId, this.of(workspaceId) + 1);
    const tracked = work.then(() => {
      this.works.delete(tracked);
      const left = this.of(workspaceId) - 1;
      if (left === 0) this.counts.delete(workspaceId);
      else this.counts.set(workspaceId, left);
      onEnd(left);
    });
    this.works.add(tracked);
  }
}
