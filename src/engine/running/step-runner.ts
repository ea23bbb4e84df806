import type { ActionDefinition, StepContext } from '../../actions/define-action.js';
import { maskArguments, prepareArguments } from '../../actions/define-action.js';
import type { ActionRegistry } from '../../actions/registry.js';
import type { Catalog } from '../../core/catalog.js';
import type { ActionStep } from '../../core/definition/types.js';
import { AutomationError } from '../../core/errors.js';
import type { RecordData } from '../../core/event.js';
import { plan, type ReadyStep } from '../../core/plan/plan.js';
import type { Scope } from '../../core/scope.js';
import { durationToMs, parseDuration } from '../../core/time/duration.js';
import type { CrmHost } from '../../host/crm-host.js';
import { CrmUnitOfWork } from '../../host/crm-session.js';
import type { EngineSettings } from '../engine-settings.js';
import { type LoggedFailure, sqlState, toLoggedFailure } from '../failures.js';
import type { CrmReader } from './crm-reader.js';
import { performFlowStep } from './flow-steps.js';
import type { Advance, PreparedStep, RunState } from './run-state.js';
import { beginAttempt, type StepLog } from './step-log.js';
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
    private readonly log: StepLog,
  ) {}

  /** Advances one run inside the transaction until it ends, waits, needs the outside world or a transaction of its own. */
  async advance(run: RunState, tx: StepTransaction): Promise<Advance> {
    for (;;) {
      const next = plan(run.version.definition, run, tx.now, { maxSteps: this.settings.limits.stepsPerRun });
      if (next.outcome) return { kind: 'finished', outcome: next.outcome };
      this.log.elapsed(run, next.elapsed, tx.now);
      let progressed = next.elapsed.length > 0;
      const external: { ready: ReadyStep; step: ActionStep; action: ActionDefinition & { effect: 'external' } }[] = [];
      for (const ready of next.ready) {
        if (ready.step.kind !== 'action') {
          await this.performFlow(run, ready, tx);
          progressed = true;
          continue;
        }
        const action = this.actions.get(ready.step.type);
        if (action === undefined) {
          this.log.failed(run, ready, beginAttempt(tx.now), unknownAction(ready.step.type));
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

  private async performFlow(run: RunState, ready: ReadyStep, tx: StepTransaction): Promise<void> {
    try {
      const scope = await this.scopeOf(run, ready, tx);
      this.log.decided(run, ready, performFlowStep(ready.step, run.version, scope, tx.now), tx.now);
    } catch (error) {
      if (sqlState(error) !== null) throw error;
      this.log.failed(run, ready, beginAttempt(tx.now), toLoggedFailure(error));
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
    const attempt = beginAttempt(tx.now);
    try {
      const scope = await this.scopeOf(run, ready, tx);
      const args = prepareArguments(action, step.with, scope);
      attempt.input = maskArguments(action, args);
      if (action.transaction !== 'shared') throw new SharedTransactionSpoiled('an own-transaction action in a shared transaction');
      const output = await action.execute(args, Object.assign(this.contextOf(run, ready, scope, tx.now), { crm: session }));
      this.log.succeeded(run, ready, attempt, storableOutput(output));
    } catch (error) {
      // The step's own writes cannot be taken back here, nor those of its neighbours be saved: everybody starts over alone.
      if (session.wrote || sqlState(error) !== null)
        throw new SharedTransactionSpoiled('a step failed after it had written', { cause: error });
      this.log.failed(run, ready, attempt, toLoggedFailure(error));
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
    const attempt = beginAttempt(tx.now);
    await manager.query('SAVEPOINT step');
    const lent = lendManager(manager);
    // Its own unit: what a failed step read and wrote is forgotten with it.
    const unit = new CrmUnitOfWork(this.crm, lent.manager);
    try {
      const scope = await this.scopeOf(run, ready, { ...tx, unit });
      const args = prepareArguments(action, step.with, scope);
      attempt.input = maskArguments(action, args);
      const context = { ...this.contextOf(run, ready, scope, tx.now), crm: this.sessionFor(run, unit), manager: lent.manager };
      const output = await withTimeout(timeoutOf(step), { id: step.id, effect: 'local' }, () => action.execute(args, context)).finally(
        lent.close,
      );
      await manager.query('RELEASE SAVEPOINT step');
      tx.events.push(...unit.takeEvents());
      this.log.succeeded(run, ready, attempt, storableOutput(output));
    } catch (error) {
      await manager.query('ROLLBACK TO SAVEPOINT step');
      this.log.failed(run, ready, attempt, toLoggedFailure(error));
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
      const execution = this.log.intended(run, ready, tx.now, maskArguments(action, args));
      const context = { ...this.contextOf(run, ready, scope, tx.now), crm: this.reader.forWorkspace(run.workspaceId) };
      return {
        execution,
        ready,
        perform: (signal) =>
          withTimeout(timeoutOf(step), { id: step.id, effect: 'external' }, async (timeout) =>
            storableOutput(await action.execute(args, { ...context, signal: AbortSignal.any([signal, timeout]) })),
          ),
      };
    } catch (error) {
      if (sqlState(error) !== null) throw error;
      this.log.failed(run, ready, beginAttempt(tx.now), toLoggedFailure(error));
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
}

function timeoutOf(step: ActionStep): number {
  const duration = step.timeout === undefined ? null : parseDuration(step.timeout);
  return duration === null ? DEFAULT_TIMEOUT_MS : durationToMs(duration);
}

function unknownAction(type: string): LoggedFailure {
  return toLoggedFailure(
    new AutomationError('action_unknown', `This process knows no action '${type}'.`, {
      hint: "The CRM's developers have removed it, or this process runs an older release. Publish the workflow without it, or retry later.",
    }),
  );
}
