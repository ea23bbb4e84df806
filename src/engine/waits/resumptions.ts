import { Inject, Injectable } from '@nestjs/common';
import { AutomationError } from '../../core/errors.js';
import { invalidRequest } from '../../core/json-shape.js';
import { findStep } from '../../core/steps/tree.js';
import type { WaitForWebhookStep } from '../../core/steps/wait-for-webhook.js';
import { seenHeaders } from '../../core/trigger/seen-request.js';
import { AutomationDatabase } from '../../store/database.js';
import { type FoundWait, findWait, type WaitState } from '../../store/wait-tokens.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { GroupCommit } from '../group-commit.js';
import { BodyValidator } from '../hooks/body-validator.js';
import { digitsOf, tooManyRequests, unknownKey, waitsFor } from '../hooks/hook-rates.js';
import { hashOf } from '../hooks/hook-token.js';
import type { IncomingDelivery } from '../hooks/incoming-delivery.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import { Inbox } from './inbox.js';

/** Calls that are worked on at the same time, of the few connections that there are. */
const AT_ONCE = 2;
/** What waits for a database that does not answer is kept in memory: so few, of 256 KB each. */
const MOST_UNDER_WAY = 200;

/**
 * The door for calls of resume URLs: the body, the headers that may be seen and the query are the answer to the step that waits
 * for them, durably taken before the call is answered. The first wins, also before the wait has begun.
 */
@Injectable()
export class Resumptions {
  private readonly validator = new BodyValidator();
  private readonly calls: GroupCommit<IncomingDelivery, void>;
  private underWay = 0;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly active: ActiveWorkflows,
    private readonly inbox: Inbox,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {
    this.calls = new GroupCommit(async ([call]) => this.resume(call as IncomingDelivery), AT_ONCE, 1);
  }

  /**
   * Takes a call. Throws `wait_answered` for one that another came before, `wait_over`, `invalid_request` with the problems of
   * the body, `too_many_requests`, `busy`; and where the options ask for it, `not_found` for a URL that nobody has.
   */
  async take(call: IncomingDelivery): Promise<void> {
    if (this.underWay >= MOST_UNDER_WAY) throw tooMany();
    this.underWay += 1;
    try {
      await this.calls.add(call);
    } finally {
      this.underWay -= 1;
    }
  }

  private async resume(call: IncomingDelivery): Promise<void> {
    const { manager } = this.database.dataSource;
    const hash = hashOf(call.token);
    const wait = await findWait(manager, hash, 'resume');
    await this.count(hash, wait);
    if (wait === null) {
      if (this.settings.hooks.unknown === 'not_found') throw new AutomationError('not_found', 'There is nothing here.');
      return;
    }
    assertOpen(wait.state);
    const step = await this.stepOf(wait);
    if (step.schema !== undefined) {
      const check = await this.validator.of(`${wait.versionId} ${step.id}`, step.schema);
      const problems = check(call.body);
      if (problems.length > 0) throw invalidRequest(problems);
    }
    const headers = seenHeaders(call.headers, step.headers ?? []);
    const taken = await this.inbox.answer(wait, { body: call.body, headers, query: call.query });
    // Somebody or something was faster: what it was is committed by now.
    if (taken !== 'taken') assertOpen((await findWait(manager, hash, 'resume'))?.state ?? 'over', 'over');
  }

  /** There may be a million URLs, each called once: they have counters in common. */
  private async count(hash: string, wait: FoundWait | null): Promise<void> {
    const { manager } = this.database.dataSource;
    const { perMinute, workspacePerMinute } = this.settings.hooks;
    const key = wait === null ? unknownKey(hash) : { workspaceId: wait.workspaceId, key: `resume ${digitsOf(hash)}` };
    const [waitMs = 0] = await waitsFor(manager, [key], perMinute);
    if (waitMs > 0) throw tooManyRequests(waitMs);
    if (wait === null) return;
    const [ofWorkspace = 0] = await waitsFor(manager, [{ workspaceId: wait.workspaceId, key: 'resume' }], workspacePerMinute);
    if (ofWorkspace > 0) throw tooManyRequests(ofWorkspace);
  }

  private async stepOf({ workspaceId, versionId, path }: FoundWait): Promise<WaitForWebhookStep> {
    const versions = await this.active.versionsOf(this.database.dataSource.manager, [{ workspaceId, versionId }]);
    const found = versions.get(versionId);
    const step = found?.kind === 'compiled' ? findStep(found.version.definition.steps, path) : null;
    if (step?.kind === 'wait_for_webhook') return step;
    // Another process may know it: this one is of an older release, or the run is about to fail for it.
    throw new AutomationError('unavailable', 'The application cannot take the call right now.', { retry: { kind: 'transient' } });
  }
}

/** Throws `wait_answered` and `wait_over`. `instead`: what a wait is taken to be that seems open still. */
function assertOpen(state: WaitState, instead: WaitState = state): void {
  switch (state === 'open' ? instead : state) {
    case 'answered':
      throw new AutomationError('wait_answered', 'This URL was called before: it works once.');
    case 'renewed':
      throw new AutomationError('wait_over', 'The step was retried since, and waits by a URL of its own: this one is dead.', {
        hint: 'The URL that it waits by stands in the run, as `resumeUrl` of what it waits for.',
      });
    case 'over':
      throw new AutomationError('wait_over', 'Nothing waits for this call any more.');
    case 'open':
  }
}

function tooMany(): AutomationError {
  return new AutomationError('busy', 'Too many calls are being taken right now.', {
    hint: 'Send again in a moment.',
    retry: { kind: 'transient', retryAfterMs: 1_000 },
  });
}
