import { Inject, Injectable, Logger } from '@nestjs/common';
import { AutomationError } from '../core/errors.js';
import { type Entitlements, entitlementsProblems } from '../core/start/entitlements.js';
import { ENGINE_SETTINGS, type EngineSettings } from './engine-settings.js';
import { KeptAnswers } from './kept-answers.js';

const UNLIMITED: Entitlements = {};

/** What the workspaces may use, as the host says. */
@Injectable()
export class WorkspaceEntitlements {
  private readonly logger = new Logger('AutomationEntitlements');
  private readonly answers: KeptAnswers<Entitlements> | null;

  constructor(@Inject(ENGINE_SETTINGS) { entitlements: ask }: EngineSettings) {
    this.answers =
      ask &&
      new KeptAnswers(
        'entitlements',
        async (workspaceId) => checked(await ask(workspaceId)),
        (workspaceId, error) => {
          const known = this.answers?.of(workspaceId) === undefined ? 'nothing is limited' : 'the last answer goes on to count';
          this.logger.error(`What workspace '${workspaceId}' may use is not known, ${known}: ${String(error)}`);
        },
      );
  }

  /** Whether the host has plans at all. */
  get isOn(): boolean {
    return this.answers !== null;
  }

  /** Looks up what {@link of} is going to be asked for. */
  async prepare(workspaceIds: Iterable<string>): Promise<void> {
    await this.answers?.prepare(workspaceIds);
  }

  /** What a workspace that was prepared may use. */
  of(workspaceId: string): Entitlements {
    return this.answers?.of(workspaceId) ?? UNLIMITED;
  }

  /** What the host says now: somebody may have bought more a moment ago. */
  async renewed(workspaceId: string): Promise<Entitlements> {
    await this.answers?.renew(workspaceId);
    return this.of(workspaceId);
  }
}

function checked(given: Entitlements): Entitlements {
  const [problem] = entitlementsProblems(given);
  if (problem === undefined) return given;
  throw new AutomationError('options_invalid', `entitlements${problem.path && `.${problem.path}`} ${problem.message}`);
}
