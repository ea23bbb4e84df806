import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import { AutomationDatabase } from '../../store/database.js';
import { countUnrouted } from '../../store/deliveries.js';
import { type FoundToken, findTokens } from '../../store/trigger-tokens.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { GroupCommit } from '../group-commit.js';
import { type CountKey, tooManyRequests, unknownKey, waitsFor } from './hook-rates.js';

/** Deliveries that one look takes. */
const BATCH = 200;
/** How long it is believed how many events wait for routing. */
const DEPTH_MS = 1_000;
/** When a sender may come again whose workspace has a full queue. */
const FULL_MS = 5_000;
const OF_WORKSPACE = 'workspace';

/** What stands behind a token; null: nothing. */
export type Admission = FoundToken | null;

interface Asked {
  hash: string;
}

interface Answer {
  token: Admission;
  refusal: AutomationError | null;
}

/**
 * The first half of a delivery: whose token it is, and whether there may be one more. Deliveries that come while others are
 * looked at share the next look: a few statements, whatever the number, and the same for tokens that nobody has.
 */
@Injectable()
export class HookGate {
  private readonly looks: GroupCommit<Asked, Map<Asked, Answer>>;
  private readonly depths = new Map<string, { count: number; at: number }>();

  constructor(
    private readonly database: AutomationDatabase,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {
    this.looks = new GroupCommit((asked) => this.look(asked), 1, BATCH);
  }

  /** Throws `too_many_requests` and `queue_full`. */
  async admit(hash: string): Promise<Admission> {
    const asked: Asked = { hash };
    const { token, refusal } = (await this.looks.add(asked)).get(asked) as Answer;
    if (refusal) throw refusal;
    return token;
  }

  /** Statement by statement, without a transaction around them: each stands for itself, and is half of the round trips. */
  private async look(asked: readonly Asked[]): Promise<Map<Asked, Answer>> {
    const hashes = asked.map(({ hash }) => hash);
    const { manager } = this.database.dataSource;
    const found = new Map((await findTokens(manager, [...new Set(hashes)])).map((token) => [token.hash, token]));
    const tokens = hashes.map((hash) => found.get(hash) ?? null);
    const waits = await this.waits(manager, hashes, tokens);
    await this.learnDepths(manager, tokens);
    return new Map(
      asked.map((one, index) => {
        const token = tokens[index] ?? null;
        return [one, { token, refusal: this.refusalOf(token, waits[index] ?? 0) }];
      }),
    );
  }

  /** How long each has to wait until its next may come; 0: it may. What one URL is refused counts for no other of the workspace. */
  private async waits(manager: EntityManager, hashes: readonly string[], tokens: readonly Admission[]): Promise<number[]> {
    const { perMinute, workspacePerMinute } = this.settings.hooks;
    const urls = tokens.map((token, index) => keyOf(token, hashes[index] as string));
    const waits = await waitsFor(manager, urls, perMinute);
    const workspaces = tokens.map((token, index) =>
      token && waits[index] === 0 ? { workspaceId: token.workspaceId, key: OF_WORKSPACE } : null,
    );
    const ofWorkspaces = await waitsFor(manager, workspaces, workspacePerMinute);
    return waits.map((wait, index) => ofWorkspaces[index] || wait);
  }

  private refusalOf(token: Admission, retryAfterMs: number): AutomationError | null {
    if (retryAfterMs > 0) return tooManyRequests(retryAfterMs);
    return token && this.isFull(token.workspaceId) ? queueFull() : null;
  }

  /** A workspace's own deliveries since the last look count too. */
  private isFull(workspaceId: string): boolean {
    const depth = this.depths.get(workspaceId);
    if (!depth) return false;
    depth.count += 1;
    return depth.count > this.settings.hooks.queue;
  }

  private async learnDepths(manager: EntityManager, tokens: readonly Admission[]): Promise<void> {
    const now = performance.now();
    for (const [workspaceId, { at }] of this.depths) if (now - at >= DEPTH_MS) this.depths.delete(workspaceId);
    for (const workspaceId of new Set(tokens.flatMap((token) => (token ? [token.workspaceId] : [])))) {
      if (this.depths.has(workspaceId)) continue;
      this.depths.set(workspaceId, { count: await countUnrouted(manager, workspaceId, this.settings.hooks.queue + 1), at: now });
    }
  }
}

function queueFull(): AutomationError {
  return new AutomationError('queue_full', 'More deliveries wait to be processed than may wait.', {
    hint: 'Send again after the time that `Retry-After` says: nothing that was accepted is lost.',
    retry: { kind: 'transient', retryAfterMs: FULL_MS },
  });
}

/** Old URLs of a workflow have a limit of their own: whoever floods one that was replaced takes nothing from the one that is right. */
function keyOf(token: Admission, hash: string): CountKey {
  if (token) return { workspaceId: token.workspaceId, key: token.isOver ? `old ${token.workflowId}` : token.workflowId };
  return unknownKey(hash);
}
