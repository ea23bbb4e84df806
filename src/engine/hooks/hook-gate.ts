import { Inject, Injectable } from '@nestjs/common';
import { AutomationError } from '../../core/errors.js';
import { AutomationDatabase } from '../../store/database.js';
import { type AskedDelivery, countUnrouted, type TakenDelivery, takeDeliveries } from '../../store/deliveries.js';
import type { FoundToken } from '../../store/trigger-tokens.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { GroupCommit } from '../group-commit.js';
import { LastUsed } from '../last-used.js';
import { tooManyRequests } from './hook-rates.js';

/** Deliveries that one transaction takes. */
const BATCH = 200;
/** How long it is believed how many events wait for routing. */
const DEPTH_MS = 1_000;
/** When a sender may come again whose workspace has a full queue. */
const FULL_MS = 5_000;
/** How long it is believed that too many deliveries come to a URL, without asking. */
const LIMITED_MS = 1_000;
/** Tokens that are kept in memory; those not used for longest go first. */
const KEPT_TOKENS = 10_000;

/** What has become of a delivery that was let in. */
export type LetIn = Extract<TakenDelivery, { outcome: 'other' | 'counted' | 'captured' }>;

/**
 * Lets deliveries in: one statement looks whether their tokens are what we know of them, counts them and captures them, for
 * all that come while the one before is written. What we know of a token comes from such an answer: it is believed by nobody
 * before the statement has looked at it again.
 */
@Injectable()
export class HookGate {
  private readonly takes: GroupCommit<AskedDelivery, Map<AskedDelivery, TakenDelivery>>;
  private readonly tokens = new LastUsed<FoundToken | null>(KEPT_TOKENS);
  /** Tokens of which too many deliveries have come: until when that is believed, and when their minute ends, by our own clock. */
  private readonly limited = new LastUsed<{ until: number; endsAt: number }>(KEPT_TOKENS);
  private readonly depths = new Map<string, { at: number; waiting: Promise<number>; sinceThen: number }>();

  constructor(
    private readonly database: AutomationDatabase,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {
    this.takes = new GroupCommit((asked) => this.write(asked), 1, BATCH);
  }

  /** What is known of a token so far; null: nothing. */
  known(hash: string): FoundToken | null {
    return this.tokens.get(hash) ?? null;
  }

  /**
   * Throws `too_many_requests` while too many deliveries come to a URL, as the last one was told a moment ago: before anything
   * of the next is checked, and without the database. Who floods drives nobody to compute signatures.
   */
  assertNotLimited(hash: string): void {
    const limited = this.limited.get(hash);
    const now = performance.now();
    if (limited && now < limited.until) throw tooManyRequests(limited.endsAt - now);
  }

  /** Counts the delivery, and captures it. `other`: neither, for its token is another one than was known. Throws `too_many_requests` and `queue_full`. */
  async take(asked: AskedDelivery): Promise<LetIn> {
    const isFull = asked.known !== null && (await this.isFull(asked.known.workspaceId));
    const one = isFull ? { ...asked, row: null } : asked;
    const taken = (await this.takes.add(one)).get(one) as TakenDelivery;
    if (taken.outcome === 'limited') {
      this.limited.set(asked.hash, {
        until: performance.now() + Math.min(LIMITED_MS, taken.waitMs),
        endsAt: performance.now() + taken.waitMs,
      });
      throw tooManyRequests(taken.waitMs);
    }
    if (taken.outcome !== 'other') {
      if (isFull) throw queueFull();
      return taken;
    }
    // Of what nobody has nothing is kept, but that it is gone: whoever tries tokens drives no other out.
    if (taken.token || asked.known) this.tokens.set(asked.hash, taken.token);
    return taken;
  }

  private async write(asked: readonly AskedDelivery[]): Promise<Map<AskedDelivery, TakenDelivery>> {
    // A statement alone is a transaction of its own.
    const taken = await takeDeliveries(this.database.dataSource.manager, asked, this.settings.hooks);
    return new Map(asked.map((one, index) => [one, taken[index] as TakenDelivery]));
  }

  /** A workspace's own deliveries since the last look count too. */
  private async isFull(workspaceId: string): Promise<boolean> {
    const { queue } = this.settings.hooks;
    const now = performance.now();
    for (const [id, { at }] of this.depths) if (now - at >= DEPTH_MS) this.depths.delete(id);
    const depth = this.depths.get(workspaceId) ?? { at: now, waiting: this.countWaiting(workspaceId), sinceThen: 0 };
    this.depths.set(workspaceId, depth);
    const waiting = await depth.waiting;
    depth.sinceThen += 1;
    return waiting + depth.sinceThen > queue;
  }

  private async countWaiting(workspaceId: string): Promise<number> {
    try {
      return await countUnrouted(this.database.dataSource.manager, workspaceId, this.settings.hooks.queue + 1);
    } catch (error) {
      this.depths.delete(workspaceId);
      throw error;
    }
  }
}

function queueFull(): AutomationError {
  return new AutomationError('queue_full', 'More deliveries wait to be processed than may wait.', {
    hint: 'Send again after the time that `Retry-After` says: nothing that was accepted is lost.',
    retry: { kind: 'transient', retryAfterMs: FULL_MS },
  });
}
