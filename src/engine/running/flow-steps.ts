import { Inject, Injectable } from '@nestjs/common';
import { extracts } from '../../core/extract.js';
import { loopAt } from '../../core/plan/loop-at.js';
import type { ReadyStep } from '../../core/plan/plan.js';
import { decideStep, type Step, type StepEffect } from '../../core/steps/index.js';
import type { Decision, StepResult } from '../../core/steps/step-kind.js';
import type { LoggedExecution } from '../../store/step-store.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { sqlState, toLoggedFailure } from '../failures.js';
import { extractedBy } from './extraction.js';
import type { HeldRun } from './held-run.js';
import { beginAttempt, logDecision, logFailure, logWaitEnd } from './step-log.js';
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

/** A step that has waited. */
interface WaitingStep {
  execution: LoggedExecution;
  step: Step;
}

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
      const scope = await this.scopes.of(
        run,
        ready,
        { manager: tx.manager, unit: tx.unit, now: attempt.startedAt, writes: tx.writes },
        'read',
      );
      const decision = decideStep(ready.step, scope, tx.now, run.version.conditionOf, this.settings.limits);
      // First: a step that cannot give what it is to give has failed, and has started nothing.
      const extracted = decision.status === 'succeeded' ? extractedBy(run, ready, scope, decision.output) : null;
      const { effect } = decision;
      if (effect !== undefined) {
        // By its own kind: the types of a map and of its key do not meet.
        const performer = this.performers[effect.kind] as EffectPerformer | undefined;
        await performer?.perform(run, ready, effect, decision, tx);
      }
      logDecision(run, ready, attempt, decision, extracted);
    } catch (error) {
      if (sqlState(error) !== null) throw error;
      logFailure(run, ready, attempt, toLoggedFailure(error));
    }
  }

  /** Ends a wait, and takes of its result what the step extracts. */
  async endWait(run: HeldRun, waiting: WaitingStep, result: StepResult, tx: StepTransaction): Promise<void> {
    const { execution, step } = waiting;
    if (result.status !== 'succeeded' || !extracts(step)) return logWaitEnd(run, execution, result, tx.clock());
    try {
      const { path, attempt } = execution;
      const loop = loopAt(run, path);
      const scope = await this.scopes.of(run, { path, attempt, ...(loop && { loop }) }, tx, 'read');
      const extracted = extractedBy(run, { step, path }, scope, result.output);
      logWaitEnd(run, execution, { ...result, extracted }, tx.clock());
    } catch (error) {
      if (sqlState(error) !== null) throw error;
      const failed = { status: 'failed' as const, wakeAt: null, output: result.output, error: toLoggedFailure(error).error };
      logWaitEnd(run, execution, failed, tx.clock());
    }
  }
}
