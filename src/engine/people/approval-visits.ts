import { Inject, Injectable } from '@nestjs/common';
import { AutomationError } from '../../core/errors.js';
import { AutomationDatabase } from '../../store/database.js';
import { findLinkedTask, type LinkedTask } from '../../store/wait-tokens.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { GroupCommit } from '../group-commit.js';
import { digitsOf, tooManyRequests, unknownKey, waitsFor } from '../hooks/hook-rates.js';
import { hashOf } from '../hooks/hook-token.js';

/** Visits that are worked on at the same time, of the few connections that there are. */
const AT_ONCE = 2;
const MOST_UNDER_WAY = 200;

/**
 * Tells strangers from those who were sent a link, before anything is done for them: whoever tries tokens takes none of the
 * connections that people's requests have.
 */
@Injectable()
export class ApprovalVisits {
  private readonly visits: GroupCommit<string, LinkedTask | null>;
  private underWay = 0;

  constructor(
    private readonly database: AutomationDatabase,
    @Inject(ENGINE_SETTINGS) private readonly settings: Pick<EngineSettings, 'hooks'>,
  ) {
    this.visits = new GroupCommit(async ([token]) => this.look(token as string), AT_ONCE, 1);
  }

  /** The task behind a link; null: nobody has it. Throws `too_many_requests`, `busy`. */
  async find(token: string): Promise<LinkedTask | null> {
    if (this.underWay >= MOST_UNDER_WAY) throw tooMany();
    this.underWay += 1;
    try {
      return await this.visits.add(token);
    } finally {
      this.underWay -= 1;
    }
  }

  private async look(token: string): Promise<LinkedTask | null> {
    const { manager } = this.database.dataSource;
    const hash = hashOf(token);
    const found = await findLinkedTask(manager, hash);
    // Many links, each opened a few times: they have counters in common.
    const key = found === null ? unknownKey(hash) : { workspaceId: found.workspaceId, key: `approvals ${digitsOf(hash)}` };
    const [waitMs = 0] = await waitsFor(manager, [key], this.settings.hooks.perMinute);
    if (waitMs > 0) throw tooManyRequests(waitMs);
    return found;
  }
}

function tooMany(): AutomationError {
  return new AutomationError('busy', 'Too many links are being opened right now.', {
    hint: 'Try again in a moment.',
    retry: { kind: 'transient', retryAfterMs: 1_000 },
  });
}
