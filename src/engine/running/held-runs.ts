import type { HeldRun } from './held-run.js';

/** The runs that this process holds. A run may be claimed anew after it was let go: it is the claim that is held, not the id. */
export class HeldRuns {
  private readonly claims = new Map<string, HeldRun>();
  /** Those that are held beyond their first advance: by a call, a slot, a transaction of their own. */
  private readonly lasting = new Set<HeldRun>();
  private readonly counts = new Map<string, number>();

  get size(): number {
    return this.claims.size;
  }

  /** How many are held beyond their first advance. */
  get lastingSize(): number {
    return this.lasting.size;
  }

  get ids(): string[] {
    return [...this.claims.keys()];
  }

  get all(): HeldRun[] {
    return [...this.claims.values()];
  }

  get(id: string): HeldRun | undefined {
    return this.claims.get(id);
  }

  /** Is this claim still ours? */
  has(run: HeldRun): boolean {
    return this.claims.get(run.id) === run;
  }

  add(run: HeldRun): void {
    const before = this.claims.get(run.id);
    if (before === run) return;
    if (before) this.letGo(before);
    this.claims.set(run.id, run);
  }

  /** The run stays: there is more to it than the advance it was claimed for. */
  keep(run: HeldRun): void {
    this.add(run);
    if (this.lasting.has(run)) return;
    this.lasting.add(run);
    this.counts.set(run.workspaceId, this.of(run.workspaceId) + 1);
  }

  /** How many runs of the workspace are held beyond their first advance. */
  of(workspaceId: string): number {
    return this.counts.get(workspaceId) ?? 0;
  }

  /** The workspaces of which so many, or more, are. */
  workspacesWith(count: number): string[] {
    return [...this.counts].filter(([, has]) => has >= count).map(([workspaceId]) => workspaceId);
  }

  /** The claim is done with, lost, or given up: what is under way for it ends. */
  letGo(run: HeldRun): void {
    run.letGo();
    if (this.has(run)) this.claims.delete(run.id);
    if (!this.lasting.delete(run)) return;
    const left = this.of(run.workspaceId) - 1;
    if (left === 0) this.counts.delete(run.workspaceId);
    else this.counts.set(run.workspaceId, left);
  }
}
