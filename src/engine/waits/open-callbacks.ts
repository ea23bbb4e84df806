import { Injectable } from '@nestjs/common';
import type { ReadyStep } from '../../core/plan/plan.js';
import type { Decision } from '../../core/steps/step-kind.js';
import type { OpenCallback } from '../../core/steps/wait-for-webhook.js';
import type { EffectPerformer } from '../running/flow-steps.js';
import type { HeldRun } from '../running/held-run.js';
import type { StepTransaction } from '../running/step-transaction.js';
import { WaitTokens } from './wait-tokens.js';

/** Opens the address of a step that begins to wait for a call; it may have been sent out before. */
@Injectable()
export class OpenCallbacks implements EffectPerformer<'open_callback'> {
  constructor(private readonly tokens: WaitTokens) {}

  /** Throws `links_not_configured`. */
  perform(run: HeldRun, { path, attempt }: ReadyStep, _effect: OpenCallback, _decision: Decision<object>, tx: StepTransaction): void {
    const { token, row } = this.tokens.issue({ workspaceId: run.workspaceId, runId: run.id, path, attempt }, 'resume');
    run.hide(token);
    tx.writes.tokens.push(row);
  }
}
