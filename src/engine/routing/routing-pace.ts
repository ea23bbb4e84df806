import { Injectable } from '@nestjs/common';
import type { HeldRun } from '../running/held-run.js';
import { groupedByWorkspace, HeldRuns } from '../running/held-runs.js';
import type { StepTransaction } from '../running/step-transaction.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';

/** How long a workspace's events wait for room at a stretch, in milliseconds: where calls take longer, other processes may have room sooner for runs. */
const PATIENCE_MS = 1_000;
/** How old the oldest event of a workspace may be for others to wait behind it: a wait is to look like one to nobody who watches over the backlog. */
const MOST_AGE_MS = 10_000;

/** What one turn may take of workspaces that are routed at the pace of their runs. */
interface Pace {
  /** Those of which it may take nothing: there is no room now. */
  readonly waiting: readonly string[];
  /** Of the others, how many events of each. */
  readonly shares: ReadonlyMap<string, number>;
  /** To be called when the turn is over. */
  end(): void;
}

/** A turn that takes whatever there is. */
export const UNPACED: Pace = { waiting: [], shares: new Map(), end: () => undefined };

/**
 * Workspaces whose events are routed as fast as this process has room for their runs. A run that finds none is queued, claimed
 * and loaded: a version of its row, three statements and a commit more than one that begins with the transaction that routes it.
 *
 * Only where nothing comes of routing sooner: all that is active in the workspace begins with calls to the outside, and
 * there has been room a moment ago. Events that wait are not claimed: who has room elsewhere takes them.
 */
@Injectable()
export class RoutingPace {
  /** Until when, by our own clock, events of each wait for room. */
  private readonly until = new Map<string, number>();
  /** Room that turns under way are about to fill. */
  private readonly promised = new Map<string, number>();

  constructor(
    private readonly held: HeldRuns,
    private readonly active: ActiveWorkflows,
  ) {}

  /** How long there may be events that wait for room, in milliseconds; null: none do. */
  get patienceMs(): number | null {
    return this.workspaces().length > 0 ? PATIENCE_MS : null;
  }

  /** A turn begins; `except` are left alone by it anyway, and keep their room for another. */
  begin(except: readonly string[] = []): Pace {
    const waiting: string[] = [];
    const shares = new Map<string, number>();
    for (const workspaceId of this.workspaces()) {
      if (except.includes(workspaceId)) continue;
      const room = this.promised.has(workspaceId) ? 0 : this.held.roomToRefill(workspaceId);
      if (room === 0) waiting.push(workspaceId);
      else shares.set(workspaceId, room);
    }
    if (waiting.length === 0 && shares.size === 0) return UNPACED;
    for (const [workspaceId, room] of shares) this.promised.set(workspaceId, room);
    const end = (): void => {
      for (const workspaceId of shares.keys()) this.promised.delete(workspaceId);
    };
    return { waiting, shares, end };
  }

  /**
   * Notes which workspaces are to be routed at the pace of their runs: those of which all that is active needs room, and whose
   * runs in a transaction, in the order of their events, ask for half of what there is, or more.
   */
  async note(
    { manager, now }: Pick<StepTransaction, 'manager' | 'now'>,
    runs: readonly HeldRun[],
    generations: ReadonlyMap<string, string | null>,
  ): Promise<void> {
    const asking = runs.filter(({ version }) => version.firstAdvance === 'by_router_with_room');
    for (const some of groupedByWorkspace(asking)) {
      const [{ workspaceId, event }] = some as [HeldRun];
      const room = this.held.roomFor(workspaceId);
      const ageMs = now.getTime() - Date.parse(event?.occurredAt ?? '');
      if (ageMs >= MOST_AGE_MS || !(await this.active.needsRoom(manager, workspaceId, generations.get(workspaceId) ?? null)))
        this.until.delete(workspaceId);
      else if (room > 0 && some.length >= room / 2) this.until.set(workspaceId, performance.now() + PATIENCE_MS);
    }
  }

  private workspaces(): string[] {
    const now = performance.now();
    for (const [workspaceId, until] of this.until) if (until <= now) this.until.delete(workspaceId);
    return [...this.until.keys()];
  }
}
