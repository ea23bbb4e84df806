import type { RunState } from './run-state.js';

/**
 * The runs that this process holds, each by the claim it made. A run may be claimed anew after it was let go, so what
 * happens to an earlier claim must not touch a later one: everything here is about a claim, not about an id.
 */
export class HeldRuns {
  private readonly claims = new Map<string, RunState>();
  private readonly aborts = new Map<RunState, AbortController>();

  get size(): number {
    return this.claims.size;
  }

  get ids(): string[] {
    return [...this.claims.keys()];
  }

  get all(): RunState[] {
    return [...this.claims.values()];
  }

  add(run: RunState): void {
    this.claims.set(run.id, run);
  }

  /** Is this claim still ours? */
  has(run: RunState): boolean {
    return this.claims.get(run.id) === run;
  }

  /** Tells the external steps of this claim to give up. */
  signalOf(run: RunState): AbortSignal {
    const abort = this.aborts.get(run) ?? new AbortController();
    this.aborts.set(run, abort);
    return abort.signal;
  }

  /** The claim is done with. */
  forget(run: RunState): void {
    if (this.has(run)) this.claims.delete(run.id);
    this.aborts.delete(run);
  }

  /** The claim is lost, or given up: what is under way for it ends. */
  letGo(run: RunState): void {
    this.aborts.get(run)?.abort(new Error('the lease of the run was lost'));
    this.forget(run);
  }
}
