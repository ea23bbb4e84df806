import { Inject, Injectable } from '@nestjs/common';
import {
  type ActionDefinition,
  maskArguments,
  type OwnTransactionAction,
  prepareArguments,
  type SharedLocalAction,
} from '../../actions/define-action.js';
import { builtInActions } from '../../actions/index.js';
import type { ReadyStep } from '../../core/plan/plan.js';
import type { Scope } from '../../core/scope.js';
import type { ActionStep } from '../../core/steps/action.js';
import { CRM_HOST, type CrmHost } from '../../host/crm-host.js';
import { CrmUnitOfWork, WriteRefused } from '../../host/crm-session.js';
import { lendManager } from '../../host/lent-manager.js';
import { withoutLimit } from '../../host/limited-host.js';
import { Calendars } from '../calendars.js';
import { sqlState, toLoggedFailure } from '../failures.js';
import { stepMachines } from '../machines/step-machines.js';
import { extractedBy } from './extraction.js';
import type { HeldRun } from './held-run.js';
import { beginAttempt, logFailure, logSuccess } from './step-log.js';
import { storableOutput } from './step-output.js';
import { StepScopes } from './step-scopes.js';
import { timeoutOf, withTimeout } from './step-timeout.js';
import type { StepTransaction } from './step-transaction.js';

type LocalAction = ActionDefinition & { effect: 'local' };

/**
 * A step failed in a shared transaction after it had written, or the database refused a statement of it: what it wrote
 * cannot be taken back alone, so its run has to be repeated in a transaction of its own.
 */
class SharedTransactionSpoiled extends Error {
  override readonly name = 'SharedTransactionSpoiled';
}

/** Performs local steps: their effect commits together with their log. */
@Injectable()
export class LocalSteps {
  constructor(
    private readonly scopes: StepScopes,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    private readonly calendars: Calendars,
  ) {}

  /** In a shared transaction a failure before the first write is the step's; a later one is thrown as {@link SharedTransactionSpoiled}. */
  async perform(run: HeldRun, ready: ReadyStep, step: ActionStep, action: LocalAction, tx: StepTransaction): Promise<void> {
    if (tx.kind === 'own') return this.performInSavepoint(run, ready, step, action, tx);
    // The advancer asks for a transaction of its own before it comes here with any other, see needsOwnTransaction.
    if (action.transaction === 'shared') return this.performShared(run, ready, step, action, tx);
  }

  /**
   * Has the step to be performed in a transaction of its own? So when its action wants one, and when the host's code might
   * take longer than the shared one stays open: its neighbours would lose what they did, again and again.
   */
  needsOwnTransaction(step: ActionStep, action: LocalAction, tx: StepTransaction): boolean {
    if (tx.kind === 'own') return false;
    return action.transaction === 'own' || (isHosts(action) && performance.now() + timeoutOf(step) > tx.hostCodeUntil);
  }

  private async performShared(
    run: HeldRun,
    ready: ReadyStep,
    step: ActionStep,
    action: SharedLocalAction,
    tx: StepTransaction,
  ): Promise<void> {
    const session = this.sessionFor(run, ready, tx.unit);
    const attempt = beginAttempt(tx);
    let seen: Scope | undefined;
    try {
      const perform = async (): ReturnType<typeof action.execute> => {
        const scope = await this.scopes.of(
          run,
          ready,
          { manager: tx.manager, unit: tx.unit, now: attempt.startedAt, writes: tx.writes },
          purposeOf(run),
        );
        seen = scope;
        const args = prepareArguments(action, step.with, scope);
        attempt.input = maskArguments(action, args);
        return action.execute(
          args,
          Object.assign(this.scopes.contextOf(run, ready, scope, attempt.startedAt), {
            crm: session,
            machines: stepMachines(run, ready, tx),
          }),
        );
      };
      // Our own actions do nothing but ask the CRM: each statement has its limit, and so has each call of its code.
      const output = isHosts(action)
        ? await withTimeout(timeoutOf(step), { id: step.id, effect: 'local' }, perform).finally(() => session.close())
        : await perform();
      const stored = storableOutput(output);
      logSuccess(run, ready, attempt, stored, extractedBy(run, ready, seen as Scope, stored));
    } catch (error) {
      const refused = error instanceof WriteRefused;
      if (session.wrote || (sqlState(error) !== null && !refused)) {
        throw new SharedTransactionSpoiled(`step ${ready.path} of run ${run.id} spoiled a shared transaction`, { cause: error });
      }
      logFailure(run, ready, attempt, toLoggedFailure(refused ? error.cause : error));
    }
  }

  private async performInSavepoint(
    run: HeldRun,
    ready: ReadyStep,
    step: ActionStep,
    action: SharedLocalAction | OwnTransactionAction,
    tx: StepTransaction,
  ): Promise<void> {
    const { manager } = tx;
    const attempt = beginAttempt(tx);
    const timeoutMs = timeoutOf(step);
    // A statement that hangs is ended by the database, so that the connection can be used again.
    await manager.query(`SAVEPOINT step; SET LOCAL statement_timeout = ${timeoutMs}`);
    const lent = lendManager(manager);
    // Its own unit: what a failed step read and wrote is forgotten with it. Its limit is the step's.
    const unit = new CrmUnitOfWork(withoutLimit(this.crm), lent.manager);
    let seen: Scope | undefined;
    try {
      const output = await withTimeout(timeoutMs, { id: step.id, effect: 'local' }, async () => {
        const scope = await this.scopes.of(run, ready, { manager, unit, now: attempt.startedAt, writes: tx.writes }, purposeOf(run));
        seen = scope;
        const args = prepareArguments(action, step.with, scope);
        attempt.input = maskArguments(action, args);
        const context = this.scopes.contextOf(run, ready, scope, attempt.startedAt);
        return action.execute(
          args,
          Object.assign(context, { crm: this.sessionFor(run, ready, unit), machines: stepMachines(run, ready, tx), manager: lent.manager }),
        );
      }).finally(lent.close);
      const stored = storableOutput(output);
      // Before the savepoint goes: a step that cannot give what it is to give has failed, and its writes with it.
      const extracted = extractedBy(run, ready, seen as Scope, stored);
      await manager.query('RELEASE SAVEPOINT step');
      tx.writes.events.push(...unit.takeEvents());
      logSuccess(run, ready, attempt, stored, extracted);
    } catch (error) {
      await manager.query('ROLLBACK TO SAVEPOINT step');
      logFailure(run, ready, attempt, toLoggedFailure(error));
    }
    // What branches and external steps read of the record through the transaction's unit is out of date now.
    tx.unit.forget();
  }

  private sessionFor(run: HeldRun, { path }: ReadyStep, unit: CrmUnitOfWork) {
    const { timezone } = this.calendars.of(run.workspaceId);
    const cause = Object.assign(run.causeOfItsEvents, { step: path });
    return unit.forStep({
      workspaceId: run.workspaceId,
      actor: run.actorOfItsEvents,
      cause,
      timezone,
    });
  }
}

function isHosts(action: LocalAction): boolean {
  return !builtInActions.includes(action);
}

/**
 * A workflow that changes its record somewhere locks it at its first local step: the change then needs no second look, and
 * a batch locks all of its records by one statement, in one order.
 */
function purposeOf(run: HeldRun): 'read' | 'write' {
  return run.version.writesRecord ? 'write' : 'read';
}
