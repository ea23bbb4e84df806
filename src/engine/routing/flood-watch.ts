import { Injectable } from '@nestjs/common';
import type { EventRef } from '../../store/event-store.js';

/** How long a claim tells what a workspace has to do, in milliseconds: longer than a turn takes on a machine that is busy otherwise. */
const KNOWN_MS = 3_000;
/** How often a turn for those that flood looks at the others' events too, as the poll does that wakes the other loop: what nobody has announced is found by it. */
const LOOK_MS = 1_000;
/** Workspaces of each kind that are known at most: a claim walks past each. */
const MOST_KNOWN = 100;

/**
 * Which workspaces have had more events than their share of a claim lately, and which had some and no more. While there are
 * both, each kind is claimed by itself: an event of somebody who has little to do waits neither for a place in a flood's
 * batch nor for the end of one, but goes in a short transaction of its own.
 */
@Injectable()
export class FloodWatch {
  /** Until when, by our own clock, each is known to flood, and which are known not to. */
  private readonly floods = new Map<string, number>();
  private readonly others = new Map<string, number>();
  private lookedAt = Number.NEGATIVE_INFINITY;

  /** Whether somebody has had little to do lately while another one flooded. */
  get isCrowded(): boolean {
    return known(this.floods).length > 0 && known(this.others).length > 0;
  }

  /** The workspaces that a turn for those that flood leaves to the other loop of this process. */
  get exceptOthers(): string[] {
    if (!this.isCrowded) return [];
    const now = performance.now();
    if (now - this.lookedAt < LOOK_MS) return known(this.others);
    this.lookedAt = now;
    return [];
  }

  /** The workspaces that a turn for the others leaves alone. */
  get exceptFloods(): string[] {
    return known(this.floods);
  }

  /** Nobody floods any more. */
  forget(): void {
    this.floods.clear();
  }

  /** Notes what a claim of at most `most` events took; of those of `shares` it could not take more than these. */
  note(claimed: readonly EventRef[], most: number, shares: ReadonlyMap<string, number>): void {
    const counts = new Map<string, number>();
    for (const { workspaceId } of claimed) counts.set(workspaceId, (counts.get(workspaceId) ?? 0) + 1);
    const share = Math.max(2, Math.floor(most / counts.size));
    for (const [workspaceId, count] of counts) {
      const [is, isNot] =
        count >= Math.min(share, shares.get(workspaceId) ?? share) ? [this.floods, this.others] : [this.others, this.floods];
      isNot.delete(workspaceId);
      is.delete(workspaceId);
      is.set(workspaceId, performance.now() + KNOWN_MS);
      const [oldest] = is.keys();
      if (is.size > MOST_KNOWN && oldest !== undefined) is.delete(oldest);
    }
  }
}

function known(until: Map<string, number>): string[] {
  const now = performance.now();
  for (const [workspaceId, end] of until) if (end <= now) until.delete(workspaceId);
  return [...until.keys()];
}
