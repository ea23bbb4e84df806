import { Injectable, Logger } from '@nestjs/common';
import { ActionRegistry } from '../../actions/registry.js';
import type { Callback } from '../../core/definition/callback.js';
import { parseDefinition } from '../../core/definition/parser.js';
import type { WorkflowDefinition } from '../../core/definition/types.js';
import type { JsonObject } from '../../core/json.js';
import { runOutput } from '../../core/plan/run-output.js';
import { decideRetry, retryNote } from '../../core/retry.js';
import { AutomationDatabase } from '../../store/database.js';
import {
  CALLBACK_PATH,
  closeCallbackAttempts,
  type DueCallback,
  hasDueCallbacks,
  settleCallback,
  takeCallbacks,
} from '../../store/runs/callbacks.js';
import { type LoggedExecution, loadExecutions, writeExecutions } from '../../store/step-store.js';
import { toLoggedFailure } from '../failures.js';
import { HostInjector } from '../host-injector.js';
import { SecretVault } from '../secrets/secret-vault.js';
import type { WorkSignal } from '../work-signal.js';
import { CrmReader } from './crm-reader.js';
import { RunEndings } from './run-endings.js';
import { storableOutput } from './step-output.js';
import { withTimeout } from './step-timeout.js';

/** Ends that are told at the same time; those of one workspace at most so many and a round: its receivers may hang, and no other waits for them. */
const AT_A_TIME = 20;
const OF_A_WORKSPACE = 5;
const TIMEOUT_MS = 15_000;
/** When a call of which nothing was heard is taken for lost: its process has given it up long before. */
const LEASE_MS = 60_000;
/** Over half a day: receivers are deployed, too. */
const POLICY = { maxAttempts: 8, initialInterval: 'PT30S', multiplier: 3, maxInterval: 'PT6H' };
const LOST = {
  code: 'attempt_lost',
  message: 'The process that made this call went away before it could note the result.',
  hint: 'The far side may have received it. Every attempt carries the same idempotency key.',
};

/** A call whose intent is committed. */
interface Call {
  due: DueCallback;
  execution: LoggedExecution;
  args: JsonObject;
}

/**
 * Tells whoever the settings of a workflow name how its runs have ended: an intent first, then the call, then its result, as
 * external steps do, and in the log of the run as they are. The end is committed before, and whatever becomes of the call,
 * it stays as it is.
 */
@Injectable()
export class Callbacks {
  /** Raised when there may be somebody to tell. */
  readonly signal: WorkSignal;
  private readonly logger = new Logger('AutomationRuns');
  /** Calls that are being made. */
  private readonly underWay = new Set<{ workspaceId: string; made: Promise<void> }>();

  constructor(
    endings: RunEndings,
    private readonly database: AutomationDatabase,
    private readonly actions: ActionRegistry,
    private readonly reader: CrmReader,
    private readonly vault: SecretVault,
    private readonly host: HostInjector,
  ) {
    this.signal = endings.callbacks;
  }

  /** Begins calls that are due, where there is room for more. Returns how many. */
  async round(): Promise<number> {
    const room = Math.min(OF_A_WORKSPACE, AT_A_TIME - this.underWay.size);
    if (room <= 0 || !(await this.database.statement(hasDueCallbacks))) return 0;
    const calls = await this.database.transaction(async (manager) => {
      const taken = await takeCallbacks(manager, room, LEASE_MS, this.busyWorkspaces());
      if (taken.length === 0) return [];
      await closeCallbackAttempts(manager, taken, LOST);
      const histories = await loadExecutions(
        manager,
        taken.map(({ workspaceId, runId: id }) => ({ workspaceId, id })),
      );
      const begun: Call[] = [];
      for (const due of taken) {
        const parsed = parseDefinition(due.definition, null);
        const callback = parsed.ok ? parsed.definition.settings[due.kind] : undefined;
        if (parsed.ok && callback) begun.push(callOf(due, callback, bodyOf(due, parsed.definition, histories.get(due.runId) ?? [])));
        else await settleCallback(manager, due, null);
      }
      await writeExecutions(manager, begun.map(logged));
      return begun;
    });
    for (const call of calls) this.begin(call);
    return calls.length;
  }

  /** Resolves when no call is being made. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all([...this.underWay].map(({ made }) => made));
  }

  private begin(call: Call): void {
    const { workspaceId, runId } = call.due;
    const made = this.make(call)
      .catch((error: unknown) =>
        this.logger.warn(`Run ${runId}: what came of telling its end could not be noted; it is told again: ${String(error)}`),
      )
      .then(() => {
        this.underWay.delete(one);
        this.signal.raise();
      });
    const one = { workspaceId, made };
    this.underWay.add(one);
  }

  private busyWorkspaces(): string[] {
    const counts = new Map<string, number>();
    for (const { workspaceId } of this.underWay) counts.set(workspaceId, (counts.get(workspaceId) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= OF_A_WORKSPACE).map(([workspaceId]) => workspaceId);
  }

  private async make({ due, execution, args }: Call): Promise<void> {
    const { workspaceId, runId, firstAttempt } = due;
    const secrets = this.vault.forAttempt(workspaceId);
    let again: Date | null = null;
    let result: Partial<LoggedExecution>;
    try {
      const action = this.actions.get('webhook');
      if (action?.effect !== 'external') throw new Error('there is no action that calls');
      const output = await withTimeout(TIMEOUT_MS, { id: execution.path, effect: 'external' }, (signal) =>
        action.execute(args, {
          workspaceId,
          runId,
          workflow: due.workflow,
          path: execution.path,
          attempt: execution.attempt,
          // Of this end: another one is no repetition.
          idempotencyKey: `${runId}.${execution.path}.${firstAttempt}`,
          module: null,
          record: null,
          scope: scopeOf(due),
          now: due.now,
          inject: this.host.inject,
          crm: this.reader.forWorkspace(workspaceId),
          secrets,
          signal,
        }),
      );
      result = { status: 'succeeded', output: storableOutput(secrets.redact(output)) };
    } catch (thrown) {
      const { error, retry } = secrets.redact(toLoggedFailure(thrown));
      const tries = execution.attempt - firstAttempt + 1;
      const decision = decideRetry(POLICY, tries, retry, due.now, Math.random());
      if (decision.kind === 'retry') again = decision.at;
      const note = retryNote(decision, POLICY, tries);
      result = {
        status: 'failed',
        error: { ...error, hint: error.hint === undefined ? note : `${error.hint} ${note}` },
        wakeAt: again?.toISOString() ?? null,
      };
    }
    await this.database.transaction(async (manager) => {
      if (!(await settleCallback(manager, due, again))) return;
      await writeExecutions(manager, [logged({ due, execution: { ...execution, ...result, finishedAt: new Date().toISOString() } })]);
    });
  }
}

function callOf(due: DueCallback, { url, secret }: Callback, body: JsonObject): Call {
  const execution: LoggedExecution = {
    path: CALLBACK_PATH + due.kind,
    attempt: due.lastAttempt + 1,
    position: due.lastPosition + 1,
    type: 'webhook',
    status: 'running',
    input: { url, body },
    output: null,
    error: null,
    wakeAt: null,
    startedAt: due.now.toISOString(),
    finishedAt: null,
  };
  return { due, execution, args: { url, body, ...(secret && { secret: { ...secret } }) } };
}

function logged({ due: { workspaceId, runId }, execution }: Pick<Call, 'due' | 'execution'>) {
  return { workspaceId, runId, ...execution };
}

/** What is told of an end. */
function bodyOf(due: DueCallback, definition: WorkflowDefinition, executions: readonly LoggedExecution[]): JsonObject {
  const { runId: id, status, reason, error, module, recordId, workflow, version, startedAt, finishedAt } = due;
  return {
    type: `run.${status}`,
    run: {
      id,
      status,
      reason,
      error: error && { code: error.code, message: error.message, step: error.step ?? null },
      startedAt: startedAt?.toISOString() ?? null,
      finishedAt: finishedAt?.toISOString() ?? null,
      output: status === 'succeeded' ? runOutput(definition, { startedAt: '', executions }) : null,
    },
    workflow: { ...workflow, version },
    record: module === null || recordId === null ? null : { module, id: recordId },
  };
}

/** A call about an end reads nothing of the run. */
function scopeOf({ runId, workflow, version, now, startedAt }: DueCallback) {
  return {
    record: null,
    previous: null,
    changes: {},
    trigger: {},
    context: {},
    steps: {},
    actor: { type: 'workflow' as const, id: workflow.id, name: workflow.name },
    workflow: { ...workflow, version },
    run: { id: runId, startedAt: (startedAt ?? now).toISOString() },
    now: now.toISOString(),
    timezone: 'UTC',
  };
}
