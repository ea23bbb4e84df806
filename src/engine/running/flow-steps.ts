import { Injectable } from '@nestjs/common';
import type { ReadyStep } from '../../core/plan/plan.js';
import { decideStep } from '../../core/steps/index.js';
import { sqlState, toLoggedFailure } from '../failures.js';
import type { HeldRun } from './held-run.js';
import { beginAttempt, logDecision, logFailure } from './step-log.js';
import { StepScopes } from './step-scopes.js';
import type { StepTransaction } from './step-transaction.js';
import { SubRuns } from './sub-runs.js';

/** Performs flow control: the core decides, and what the decision asks for is done in the same transaction. */
@Injectable()
export class FlowSteps {
  constructor(
    private readonly scopes: StepScopes,
    private readonly subRuns: SubRuns,
  ) {}

  async perform(run: HeldRun, ready: ReadyStep, tx: StepTransaction): Promise<void> {
    const attempt = beginAttempt(tx);
    try {
      const scope = await this.scopes.of(run, ready, { unit: tx.unit, now: attempt.startedAt }, 'read');
      const decision = decideStep(ready.step, scope, tx.now, run.version.conditionOf);
      if (decision.effect?.kind === 'start_run') await this.subRuns.start(run, ready, decision.effect, tx);
      logDecision(run, ready, attempt, decision);
    } catch (error) {
      if (sqlState(error) !== null) throw error;
      logFailure(run, ready, attempt, toLoggedFailure(error));
    }
  }
}
