import { Inject, Injectable } from '@nestjs/common';
import { ActionRegistry } from '../../actions/registry.js';
import { AutomationError } from '../../core/errors.js';
import { type PlanLimits, plan, type ReadyStep, type RunOutcome, type Waiting } from '../../core/plan/plan.js';
import { answerWait, expireWait } from '../../core/steps/index.js';
import { findStep } from '../../core/steps/tree.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { type LoggedFailure, toLoggedFailure } from '../failures.js';
import { ExternalSteps } from './external-steps.js';
import { FlowSteps } from './flow-steps.js';
import type { HeldRun } from './held-run.js';
import { LocalSteps } from './local-steps.js';
import { beginAttempt, logCancelled, logFailure, logResult, logRunEnd } from './step-log.js';
import type { StepTransaction } from './step-transaction.js';

/** How far a run came in one transaction. */
export type Advance =
  | { kind: 'finished'; outcome: RunOutcome }
  /** Nothing to do before `until`, an ISO 8601 moment, or before an answer comes. */
  | { kind: 'parked'; waiting: Waiting[]; until: string }
  /**
   * External attempts are under way, or begin once the transaction has committed. `wantsSlot`: another one waits for a slot.
   * `wakeInMs`: when another branch's wait is over, or the run's time.
   */
  | { kind: 'held'; wantsSlot: boolean; wakeInMs: number }
  /** The next step writes through the host's own code, or spoiled a shared transaction: it wants one to itself. */
  | { kind: 'own_transaction' }
  /** It has executed as many steps as one transaction should hold, and goes on in the next. */
  | { kind: 'unfinished' }
  /** Not tried in this transaction: whoever claims it takes it up. */
  | { kind: 'queued' };

/**
 * Only a run with a loop comes to so many in one go: its transaction would hold its neighbours' locks and effects back for
 * as long as the loop takes.
 */
const STEPS_PER_TRANSACTION = 200;

/** A run and how far it came in the transaction that is about to commit. */
export interface AdvancedRun {
  run: HeldRun;
  advance: Advance;
}

/** Takes a run as far as it goes: what came in is merged, the planner is asked, what is ready is performed, and again. */
@Injectable()
export class RunAdvancer {
  private readonly limits: PlanLimits;

  constructor(
    private readonly actions: ActionRegistry,
    private readonly flow: FlowSteps,
    // By what is called of them: a preview performs steps by others.
    @Inject(LocalSteps) private readonly local: Pick<LocalSteps, 'perform' | 'needsOwnTransaction'>,
    @Inject(ExternalSteps) private readonly external: Pick<ExternalSteps, 'begin'>,
    @Inject(ENGINE_SETTINGS) settings: EngineSettings,
  ) {
    const { stepsPerRun, loopSteps, runMs } = settings.limits;
    this.limits = { maxSteps: stepsPerRun, maxLoopSteps: loopSteps, maxRunMs: runMs };
  }

  /** Advances one run inside the transaction until it ends, waits, needs the outside world or a transaction of its own. */
  async advance(run: HeldRun, tx: StepTransaction): Promise<Advance> {
    for (const result of run.takeResults()) logResult(run, result, tx.now);
    let wantsSlot = false;
    for (let performed = 0; ; ) {
      if (run.answers.answers.length > 0) await this.mergeAnswers(run, tx);
      const next = plan(run.version.definition, run, tx.now, this.limits);
      for (const { path, attempt } of next.cancelled) {
        const execution = run.attemptAt(path, attempt);
        if (execution) logCancelled(run, execution, tx.clock());
      }
      if (next.outcome) {
        logRunEnd(run, tx.clock());
        return { kind: 'finished', outcome: next.outcome };
      }
      for (const { path, attempt, step } of next.elapsed) {
        const execution = run.attemptAt(path, attempt);
        if (execution) await this.flow.endWait(run, { execution, step }, expireWait(step), tx);
      }
      const external: ReadyStep[] = [];
      let progressed = next.elapsed.length > 0;
      for (const ready of next.ready) {
        const done = await this.perform(run, ready, tx);
        if (done === 'own_transaction') return { kind: 'own_transaction' };
        if (done === 'external') external.push(ready);
        else progressed = true;
      }
      performed += next.ready.length;
      if (progressed && performed < STEPS_PER_TRANSACTION) continue;
      if (progressed) return { kind: 'unfinished' };
      for (const ready of external) {
        const begun = await this.external.begin(run, ready, tx);
        if (begun === 'failed') progressed = true;
        if (begun === 'no_slot') wantsSlot = true;
      }
      // A step that could not be begun has failed; the planner says what that means.
      if (progressed) continue;
      const inFlight = external.length > 0 || next.waiting.some(({ reason }) => reason === 'in_flight');
      const moments = [next.deadline, ...next.waiting.map((wait) => wait.until ?? next.deadline)].map((moment) => Date.parse(moment));
      const until = Math.min(...moments);
      if (inFlight) return { kind: 'held', wantsSlot, wakeInMs: Math.max(0, until - tx.now.getTime()) };
      return { kind: 'parked', waiting: next.waiting, until: new Date(until).toISOString() };
    }
  }

  /** Answers whose step waits for them end the wait; others stay for when it begins. */
  private async mergeAnswers(run: HeldRun, tx: StepTransaction): Promise<void> {
    for (const { path, attempt, answer } of run.answers.answers) {
      const execution = run.attemptAt(path, attempt);
      if (execution?.status !== 'waiting' || execution.superseded) continue;
      const step = findStep(run.version.definition.steps, path);
      const result = step && answerWait(step, answer);
      if (result) await this.flow.endWait(run, { execution, step }, result, tx);
    }
  }

  private async perform(run: HeldRun, ready: ReadyStep, tx: StepTransaction): Promise<'done' | 'external' | 'own_transaction'> {
    if (ready.step.kind !== 'action') {
      await this.flow.perform(run, ready, tx);
      return 'done';
    }
    const action = this.actions.get(ready.step.type);
    if (action === undefined) {
      logFailure(run, ready, beginAttempt(tx), unknownAction(ready.step.type));
      return 'done';
    }
    if (action.effect === 'external') return 'external';
    if (this.local.needsOwnTransaction(ready.step, action, tx)) return 'own_transaction';
    await this.local.perform(run, ready, ready.step, action, tx);
    return 'done';
  }
}

function unknownAction(type: string): LoggedFailure {
  return toLoggedFailure(
    new AutomationError('action_unknown', `This process knows no action '${type}'.`, {
      hint: "The CRM's developers have removed it, or this process runs an older release. Publish the workflow without it, or retry later.",
    }),
  );
}
