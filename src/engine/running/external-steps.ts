import { Injectable } from '@nestjs/common';
import { type ActionDefinition, maskArguments, prepareArguments } from '../../actions/define-action.js';
import { ActionRegistry } from '../../actions/registry.js';
import type { JsonObject } from '../../core/json.js';
import type { ReadyStep } from '../../core/plan/plan.js';
import { namedSecrets } from '../../core/secrets/secret-uses.js';
import type { ActionStep } from '../../core/steps/action.js';
import { sqlState, toLoggedFailure } from '../failures.js';
import { SecretVault } from '../secrets/secret-vault.js';
import { CrmReader } from './crm-reader.js';
import { ExternalSlots } from './external-slots.js';
import type { HeldRun } from './held-run.js';
import { beginAttempt, logFailure, logIntent } from './step-log.js';
import { storableOutput } from './step-output.js';
import { StepScopes } from './step-scopes.js';
import { timeoutOf, withTimeout } from './step-timeout.js';
import type { StepTransaction } from './step-transaction.js';

/** Begins external steps: an intent in the history, performed when its transaction has committed. */
@Injectable()
export class ExternalSteps {
  constructor(
    private readonly actions: ActionRegistry,
    private readonly scopes: StepScopes,
    private readonly reader: CrmReader,
    private readonly slots: ExternalSlots,
    private readonly vault: SecretVault,
  ) {}

  /**
   * Takes a slot, renders the arguments and writes the intent into the history; a failure to do so is the attempt's failure.
   * Without a slot nothing is written: an intent says that the call is about to be made.
   */
  async begin(run: HeldRun, ready: ReadyStep, tx: StepTransaction): Promise<'begun' | 'failed' | 'no_slot'> {
    const step = ready.step as ActionStep;
    const action = this.actions.get(step.type) as ActionDefinition & { effect: 'external' };
    const slot = run.takeSlot() ?? this.slots.tryTake(run.workspaceId);
    if (slot === null) return 'no_slot';
    const attempt = beginAttempt(tx);
    try {
      const scope = await this.scopes.of(
        run,
        ready,
        { manager: tx.manager, unit: tx.unit, now: attempt.startedAt, writes: tx.writes },
        'read',
      );
      const names = secretsOf(action, step.with);
      const read = names.length === 0 ? undefined : await this.vault.readWithin(tx.manager, run.workspaceId, names);
      const args = prepareArguments(action, step.with, scope);
      const execution = logIntent(run, ready, attempt, maskArguments(action, args));
      const timeoutMs = timeoutOf(step);
      const secrets = this.vault.forAttempt(run.workspaceId, read);
      // Assigned, not spread: see step-log.ts.
      const context = Object.assign(this.scopes.contextOf(run, ready, scope, attempt.startedAt), {
        crm: this.reader.forWorkspace(run.workspaceId),
        secrets,
        timeoutMs: step.timeout === undefined ? undefined : timeoutMs,
      });
      run.intend({
        execution,
        ready,
        slot,
        scope,
        perform: (controller) =>
          withTimeout(
            timeoutMs,
            { id: step.id, effect: 'external' },
            async (signal) => storableOutput(secrets.redact(await action.execute(args, Object.assign(context, { signal })))),
            controller,
          ),
        redact: (value) => secrets.redact(value),
      });
      return 'begun';
    } catch (error) {
      slot.release();
      if (sqlState(error) !== null) throw error;
      logFailure(run, ready, attempt, toLoggedFailure(error));
      return 'failed';
    }
  }
}

/** By the arguments as the definition holds them: versions never change. */
const named = new WeakMap<JsonObject, readonly string[]>();

function secretsOf({ takesSecrets }: ActionDefinition, args: JsonObject): readonly string[] {
  if (takesSecrets === undefined) return [];
  const names = named.get(args) ?? namedSecrets(args, takesSecrets);
  named.set(args, names);
  return names;
}
