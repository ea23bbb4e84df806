import type { ActionDefinition, StepContext } from '../actions/define-action.js';
import { maskArguments, prepareArguments } from '../actions/define-action.js';
import type { ActionRegistry } from '../actions/registry.js';
import type { Catalog } from '../core/catalog.js';
import type { ActionStep } from '../core/definition.js';
import { durationToMs, parseDuration } from '../core/duration.js';
import { AutomationError } from '../core/errors.js';
import type { RecordData } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import { expireWait, plan, type ReadyStep } from '../core/plan.js';
import { decideRetry } from '../core/retry.js';
import type { Scope } from '../core/scope.js';
import type { CrmHost } from '../host/crm-host.js';
import { CrmUnitOfWork } from '../host/crm-session.js';
import type { LoggedExecution } from '../store/step-store.js';
import type { CrmReader } from './crm-reader.js';
import type { EngineSettings } from './engine-settings.js';
import { toEventRow } from './event-row.js';
import { performFlowStep } from './flow-steps.js';
import { type LoggedFailure, sqlState, toLoggedFailure } from './logged-failure.js';
import type { Advance, PreparedStep, RunState } from './run-state.js';
import { lendManager } from './step-manager.js';
import { storableOutput } from './step-output.js';
import type { StepTransaction } from './step-transaction.js';
import { withTimeout } from './with-timeout.js';

/** A shared transaction cannot be saved: a step failed after it had written, or the database refused a statement. */
class SharedTransactionSpoiled extends Error {
  override readonly name = 'SharedTransactionSpoiled';
}

/** How long an attempt may take when its step does not say. */
const DEFAULT_TIMEOUT_MS = 15_000;

/** Takes runs as far as they go: asks the planner, performs what is ready, notes it in the history, asks again. */
export class StepRunner {
  constructor(
    private readonly actions: ActionRegistry,
    private readonly catalog: Catalog,
    private readonly crm: CrmHost,
    private readonly reader: CrmReader,
    private readonly inject: StepContext['inject'],
    private readonly settings: EngineSettings,
    private readonly random: () => number,
  ) {}

  /** Advances one run inside the transaction until it ends, waits, needs the outside world or a transaction of its own. */
  async advance(run: RunState, tx: StepTransaction): Promise<Advance> {
    for (;;) {
      const next = plan(run.version.definition, run, tx.now, { maxSteps: this.settings.limits.stepsPerRun });
      if (next.outcome) return { kind: 'finished', outcome: next.outcome };
      let progressed = this.recordElapsed(run, next.elapsed, tx.now);
      const external: { ready: ReadyStep; step: ActionStep; action: ActionDefinition & { effect: 'external' } }[] = [];
      for (const ready of next.ready) {
        if (ready.step.kind !== 'action') {
          await this.performFlow(run, ready, tx);
          progressed = true;
          continue;
        }
        const action = this.actions.get(ready.step.type);
        if (action === undefined) {
          this.recordFailure(run, ready, tx.now, unknownAction(ready.step.type));
          progressed = true;
        } else if (action.effect === 'external') {
          external.push({ ready, step: ready.step, action });
        } else if (action.transaction === 'own' && tx.kind === 'shared') {
          return { kind: 'own_transaction' };
        } else {
          await this.performLocal(run, ready, ready.step, action, tx);
          progressed = true;
        }
      }
      if (progressed) continue;
      if (external.length > 0) {
        const steps: PreparedStep[] = [];
        for (const { ready, step, action } of external) {
          const prepared = await this.prepareExternal(run, ready, step, action, tx);
          if (prepared) steps.push(prepared);
        }
        if (steps.length > 0) return { kind: 'performing', steps };
        continue;
      }
      const moments = [next.deadline, ...next.waiting.map((wait) => wait.until ?? next.deadline)].map((moment) => Date.parse(moment));
      return { kind: 'parked', waiting: next.waiting, until: new Date(Math.min(...moments)).toISOString() };
    }
  }

  /** Notes the result of an external step in the history. */
  recordResult(run: RunState, step: PreparedStep, result: StepResult, now: Date): void {
    if (result.kind === 'succeeded') {
      run.change(step.execution, { status: 'succeeded', output: result.output, finishedAt: now.toISOString() });
      return;
    }
    run.change(step.execution, { ...this.failed(step.ready, now, result.failure), finishedAt: now.toISOString() });
  }

  /** Attempts whose process died: whether they took effect is unknown, and the log says so. */
  recordLost(run: RunState, now: Date): void {
    for (const execution of run.executions) {
      if (execution.status !== 'running') continue;
      run.change(execution, {
        status: 'lost',
        finishedAt: now.toISOString(),
        error: {
          code: 'attempt_lost',
          message: 'The process that performed this attempt went away before it could note the result.',
          hint: 'The far side may have received it. A further attempt carries the same idempotency key.',
        },
      });
    }
  }

  private recordElapsed(
    run: RunState,
    elapsed: readonly { path: string; attempt: number; step: ReadyStep['step'] | object }[],
    now: Date,
  ): boolean {
    for (const { path, attempt, step } of elapsed) {
      const waiting = run.executions.find((execution) => execution.path === path && execution.attempt === attempt);
      if (waiting) run.change(waiting, { ...expireWait(step as Parameters<typeof expireWait>[0]), finishedAt: now.toISOString() });
    }
    return elapsed.length > 0;
  }

  private async performFlow(run: RunState, ready: ReadyStep, tx: StepTransaction): Promise<void> {
    try {
      const scope = await this.scopeOf(run, ready, tx);
      const done = performFlowStep(ready.step, run.version, scope, tx.now);
      run.add({
        ...addressOf(ready),
        ...done,
        finishedAt: done.status === 'waiting' ? null : tx.now.toISOString(),
        startedAt: tx.now.toISOString(),
      });
    } catch (error) {
      if (sqlState(error) !== null) throw error;
      this.recordFailure(run, ready, tx.now, toLoggedFailure(error));
    }
  }

  private async performLocal(
    run: RunState,
    ready: ReadyStep,
    step: ActionStep,
    action: ActionDefinition & { effect: 'local' },
    tx: StepTransaction,
  ): Promise<void> {
    if (tx.kind === 'own') return this.performInSavepoint(run, ready, step, action, tx);
    const session = this.sessionFor(run, tx.unit);
    const started = performance.now();
    let input: JsonObject | null = null;
    try {
      const scope = await this.scopeOf(run, ready, tx);
      const args = prepareArguments(action, step.with, scope);
      input = maskArguments(action, args);
      if (action.transaction !== 'shared') throw new SharedTransactionSpoiled('an own-transaction action in a shared transaction');
      const output = await action.execute(args, { ...this.contextOf(run, ready, scope, tx.now), crm: session });
      this.recordSuccess(run, ready, input, storableOutput(output), tx.now, started);
    } catch (error) {
      // The step's own writes cannot be taken back here, nor those of its neighbours be saved: everybody starts over alone.
      if (session.wrote || sqlState(error) !== null)
        throw new SharedTransactionSpoiled('a step failed after it had written', { cause: error });
      this.recordFailure(run, ready, tx.now, toLoggedFailure(error), input, started);
    }
  }

  private async performInSavepoint(
    run: RunState,
    ready: ReadyStep,
    step: ActionStep,
    action: ActionDefinition & { effect: 'local' },
    tx: StepTransaction,
  ): Promise<void> {
    const { manager } = tx;
    const started = performance.now();
    let input: JsonObject | null = null;
    await manager.query('SAVEPOINT step');
    const lent = lendManager(manager);
    // Its own unit: what a failed step read and wrote is forgotten with it.
    const unit = new CrmUnitOfWork(this.crm, lent.manager);
    try {
      const scope = await this.scopeOf(run, ready, { ...tx, unit });
      const args = prepareArguments(action, step.with, scope);
      input = maskArguments(action, args);
      const context = { ...this.contextOf(run, ready, scope, tx.now), crm: this.sessionFor(run, unit), manager: lent.manager };
      const output = await withTimeout(timeoutOf(step), step.id, () => action.execute(args, context)).finally(lent.close);
      await manager.query('RELEASE SAVEPOINT step');
      tx.events.push(...unit.takeEvents().map(toEventRow));
      this.recordSuccess(run, ready, input, storableOutput(output), tx.now, started);
    } catch (error) {
      await manager.query('ROLLBACK TO SAVEPOINT step');
      this.recordFailure(run, ready, tx.now, toLoggedFailure(error), input, started);
    }
    // What branches and external steps read of the record through the transaction's unit is out of date now.
    tx.unit.forget();
  }

  /** Renders the arguments and writes the intent into the history; a failure to do so is the attempt's failure. */
  private async prepareExternal(
    run: RunState,
    ready: ReadyStep,
    step: ActionStep,
    action: ActionDefinition & { effect: 'external' },
    tx: StepTransaction,
  ): Promise<PreparedStep | null> {
    try {
      const scope = await this.scopeOf(run, ready, tx);
      const args = prepareArguments(action, step.with, scope);
      const execution = run.add({
        ...addressOf(ready),
        status: 'running',
        input: maskArguments(action, args),
        output: null,
        error: null,
        wakeAt: null,
        startedAt: tx.now.toISOString(),
        finishedAt: null,
      });
      const context = { ...this.contextOf(run, ready, scope, tx.now), crm: this.reader.forWorkspace(run.workspaceId) };
      return {
        execution,
        ready,
        perform: (signal) =>
          withTimeout(timeoutOf(step), step.id, async (timeout) =>
            storableOutput(await action.execute(args, { ...context, signal: AbortSignal.any([signal, timeout]) })),
          ),
      };
    } catch (error) {
      if (sqlState(error) !== null) throw error;
      this.recordFailure(run, ready, tx.now, toLoggedFailure(error));
      return null;
    }
  }

  private async scopeOf(run: RunState, ready: ReadyStep, tx: StepTransaction): Promise<Scope> {
    let record: RecordData | null = null;
    if (run.record && this.catalog.modules.has(run.record.module)) {
      record = await tx.unit.read(run.workspaceId, run.record, run.version.stepRelations);
    }
    return run.scopeAt(ready, record, tx.now, this.settings.timezone);
  }

  private sessionFor(run: RunState, unit: CrmUnitOfWork) {
    return unit.forStep({ workspaceId: run.workspaceId, actor: run.actorOfItsEvents, cause: run.causeOfItsEvents });
  }

  private contextOf(run: RunState, ready: ReadyStep, scope: Scope, now: Date): StepContext {
    return {
      workspaceId: run.workspaceId,
      runId: run.id,
      workflow: run.version.workflow,
      path: ready.path,
      attempt: ready.attempt,
      idempotencyKey: `${run.id}.${ready.path}`,
      module: run.record ? (this.catalog.modules.get(run.record.module) ?? null) : null,
      record: run.record,
      scope,
      now,
      inject: this.inject,
    };
  }

  private recordSuccess(
    run: RunState,
    ready: ReadyStep,
    input: JsonObject | null,
    output: JsonObject | null,
    now: Date,
    started: number,
  ): void {
    run.add({
      ...addressOf(ready),
      status: 'succeeded',
      input,
      output,
      error: null,
      wakeAt: null,
      startedAt: now.toISOString(),
      finishedAt: after(now, started),
    });
  }

  private recordFailure(
    run: RunState,
    ready: ReadyStep,
    now: Date,
    failure: LoggedFailure,
    input: JsonObject | null = null,
    started = performance.now(),
  ): LoggedExecution {
    return run.add({
      ...addressOf(ready),
      ...this.failed(ready, now, failure),
      input,
      output: null,
      startedAt: now.toISOString(),
      finishedAt: after(now, started),
    });
  }

  /** A failed attempt, with the time of the next one if there is to be one. */
  private failed(ready: ReadyStep, now: Date, { error, retry }: LoggedFailure) {
    const policy = ready.step.kind === 'action' ? ready.step.retry : { maxAttempts: 1 };
    const decision = decideRetry(policy, ready.tries, retry, now, this.random());
    return { status: 'failed' as const, error, wakeAt: decision.kind === 'retry' ? decision.at.toISOString() : null };
  }
}

/** What became of an external step. */
export type StepResult = { kind: 'succeeded'; output: JsonObject | null } | { kind: 'failed'; failure: LoggedFailure };

function addressOf(ready: ReadyStep): Pick<LoggedExecution, 'path' | 'attempt' | 'type'> {
  return { path: ready.path, attempt: ready.attempt, type: ready.step.kind === 'action' ? ready.step.type : ready.step.kind };
}

function timeoutOf(step: ActionStep): number {
  const duration = step.timeout === undefined ? null : parseDuration(step.timeout);
  return duration === null ? DEFAULT_TIMEOUT_MS : durationToMs(duration);
}

/** A time on the database's clock, moved on by how long something took here. */
function after(now: Date, started: number): string {
  return new Date(now.getTime() + Math.round(performance.now() - started)).toISOString();
}

function unknownAction(type: string): LoggedFailure {
  return toLoggedFailure(
    new AutomationError('action_unknown', `This process knows no action '${type}'.`, {
      hint: "The CRM's developers have removed it, or this process runs an older release. Publish the workflow without it, or retry later.",
    }),
  );
}
