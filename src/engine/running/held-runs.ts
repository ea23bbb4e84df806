import { Inject, Injectable } from '@nestjs/common';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { ExternalSlots } from './external-slots.js';
import type { HeldRun } from './held-run.js';

/**
 * The runs that this process holds, and how many more it has room for. A run may be claimed anew after it was let go: it is
 * the claim that is held, not the id.
 */
@Injectable()
export class HeldRuns {
  /** Called when a process that was full, of a workspace or of all, has room again. */
  onRoom: (() => void) | null = null;
  private readonly claims = new Map<string, HeldRun>();
  /** Those that are held beyond their first advance: by a call, a slot, a transaction of their own. */
  private readonly lasting = new Set<HeldRun>();
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly slots: ExternalSlots,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  get size(): number {
    return this.claims.size;
  }

  get ids(): string[] {
    return [...this.claims.keys()];
  }

  get all(): HeldRun[] {
    return [...this.claims.values()];
  }

  /** How many more runs may be held beyond their first advance. */
  get room(): number {
    return Math.max(0, 2 * this.slots.most - this.lasting.size);
  }

  /**
   * How many more runs of the workspace the router may hand over: beyond twice its slots it leaves them in the queue, so that
   * there is room for others too.
   */
  roomFor(workspaceId: string): number {
    if (this.slots.isClosed) return 0;
    return Math.max(0, Math.min(this.room, 2 * this.settings.concurrency - this.of(workspaceId)));
  }

  /** The same, when it is worth while to ask for several: none while more are held than it has slots. {@link onRoom} tells. */
  roomToRefill(workspaceId: string): number {
    return this.of(workspaceId) < this.settings.concurrency ? this.roomFor(workspaceId) : 0;
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
    if (before) this.remove(before);
    this.claims.set(run.id, run);
  }

  /** The run stays: there is more to it than the advance it was claimed for. */
  keep(run: HeldRun): void {
    this.add(run);
    if (this.lasting.has(run)) return;
    this.lasting.add(run);
    this.counts.set(run.workspaceId, this.of(run.workspaceId) + 1);
  }

  /** The workspaces of which so many, or more, are held beyond their first advance. */
  workspacesWith(count: number): string[] {
    return [...this.counts].filter(([, has]) => has >= count).map(([workspaceId]) => workspaceId);
  }

  /** The claim is done with, lost, or given up: what is under way for it ends. */
  letGo(run: HeldRun): void {
    const wasFull = this.room === 0;
    this.remove(run);
    // Worth a claim: this workspace was full until now, or everything was.
    if (this.of(run.workspaceId) === this.settings.concurrency - 1 || (wasFull && this.room > 0)) this.onRoom?.();
  }

  /** How many runs of the workspace are held beyond their first advance. */
  private of(workspaceId: string): number {
    return this.counts.get(workspaceId) ?? 0;
  }

  private remove(run: HeldRun): void {
    run.letGo();
    if (this.has(run)) this.claims.delete(run.id);
    if (!this.lasting.delete(run)) return;
    const left = this.of(run.workspaceId) - 1;
    if (left === 0) this.counts.delete(run.workspaceId);
    else this.counts.set(run.workspaceId, left);
  }
}

/** The runs, those of a workspace together. */
export function groupedByWorkspace(runs: readonly HeldRun[]): HeldRun[][] {
  const groups = new Map<string, HeldRun[]>();
  for (const run of runs) {
    const group = groups.get(run.workspaceId) ?? [];
    group.push(run);
    groups.set(run.workspaceId, group);
  }
  return [...groups.values()];
}
