import { Inject, Injectable } from '@nestjs/common';
import type { ReadyStep } from '../../core/plan/plan.js';
import { decideStep, type StepEffect } from '../../core/steps/index.js';
import type { Decision } from '../../core/steps/step-kind.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { sqlState, toLoggedFailure } from '../failures.js';
import type { HeldRun } from './held-run.js';
import { beginAttempt, logDecision, logFailure } from './step-log.js';
import { StepScopes } from './step-scopes.js';
import type { StepTransaction } from './step-transaction.js';

/**
 * Does what decisions of one kind of step ask for: may read, and leaves what is to be written in the lists of the
 * transaction, so that it is written by one statement for all runs, and a preview (which performs it too) writes nothing.
 * What it throws fails the step.
 */
export interface EffectPerformer<Kind extends StepEffect['kind'] = StepEffect['kind']> {
  perform(
    run: HeldRun,
    ready: ReadyStep,
    effect: Extract<StepEffect, { kind: Kind }>,
    decision: Decision<StepEffect>,
    tx: StepTransaction,
  ): Promise<void> | void;
}

/** Who performs which effect. */
export type EffectPerformers = { readonly [Kind in StepEffect['kind']]?: EffectPerformer<Kind> };

/** Injection token of {@link EffectPerformers}. */
export const EFFECT_PERFORMERS = Symbol('EFFECT_PERFORMERS');

/** Performs flow control: the core decides, and what the decision asks for is done in the same transaction. */
@Injectable()
export class FlowSteps {
  constructor(
    private readonly scopes: StepScopes,
    @Inject(EFFECT_PERFORMERS) private readonly performers: EffectPerformers,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  async perform(run: HeldRun, ready: ReadyStep, tx: StepTransaction): Promise<void> {
    const attempt = beginAttempt(tx);
    try {
      const scope = await this.scopes.of(run, ready, { unit: tx.unit, now: attempt.startedAt }, 'read');
      const decision = decideStep(ready.step, scope, tx.now, run.version.conditionOf, this.settings.limits);
      const { effect } = decision;
      if (effect !== undefined) {
        // By its own kind: the types of a map and of its key do not meet.
        const performer = this.performers[effect.kind] as EffectPerformer | undefined;
        await performer?.perform(run, ready, effect, decision, tx);
      }
      logDecision(run, ready, attempt, decision);
    } catch (error) {
      if (sqlState(error) !== null) throw error;
      logFailure(run, ready, attempt, toLoggedFailure(error));
    }
  }
}
