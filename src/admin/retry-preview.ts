import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import type { Effect } from '../core/catalog.js';
import { diffDefinitions } from '../core/definition/diff.js';
import { parseDefinition } from '../core/definition/parser.js';
import type { WorkflowDefinition } from '../core/definition/types.js';
import { statusOfCode } from '../core/error-codes.js';
import { AutomationError } from '../core/errors.js';
import { isJsonObject, type Json } from '../core/json.js';
import type { Entitlements } from '../core/start/entitlements.js';
import { findStep } from '../core/steps/tree.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { findInstancesOfRuns, isTransitionOver } from '../store/machines/run-transition.js';
import { loadDefinitions } from '../store/run-command-store.js';
import { versionsToRun } from '../store/run-groups.js';
import { findEvent, findRun, type RunRow } from '../store/run-log-store.js';
import { type LoggedExecution, loadExecutions } from '../store/step-store.js';
import { findWorkflow } from '../store/workflow-list-store.js';
import { EntitlementCheck } from './entitlement-check.js';
import { RestartPlan } from './restart-plan.js';
import { transitionOver } from './retried-transitions.js';
import { failedPaths, type RetryCommand } from './run-retry.js';
import { assertHasVersion, assertRetriable } from './run-service.js';

/** A step of a run as a preview names it. */
export interface RetriedStep {
  path: string;
  name: string | null;
  type: string;
  /** Null: flow control, which does nothing to the world; and actions that are no longer known. */
  effect: Effect | null;
}

/** What a retry would do. */
export interface RetryPreview {
  /** Steps that have been performed, or tried, and would be again. What was never reached follows in any case. */
  again: RetriedStep[];
  /** Steps that are not performed again: what they left is used. */
  kept: RetriedStep[];
  /** Of those that are performed again, the ones that did something, or may have: it would happen twice. */
  mayRepeat: RetriedStep[];
  version: {
    /** That of the run. */
    same: number;
    /** The one published now; null when there is none. */
    newest: number | null;
    /** Where the newest differs: `trigger.event`, `steps.welcome.with.template`, `steps.welcome` for one that was added, moved or removed. */
    differs: string[];
  };
  /** Why the retry would be refused; null when it would not. */
  refused: AutomationError | null;
}

/** Failures after which nobody knows whether the far side acted. */
const OPEN_OUTCOMES: ReadonlySet<string> = new Set([
  'smtp_outcome_unknown',
  'outbound_timeout',
  'outbound_connection_failed',
  'outbound_response_invalid',
  'step_timed_out',
]);

/** Says what a retry would do before anybody does it. */
@Injectable()
export class RetryPreviews {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly entitled: EntitlementCheck,
  ) {}

  /** Throws `run_not_found`; whatever else would refuse the retry is part of the answer. */
  async preview(id: string, command: RetryCommand, caller: Caller): Promise<RetryPreview> {
    const { workspaceId } = caller;
    const entitlements = await this.entitled.planOfRetry(command, caller);
    return this.database.read(async (manager) => {
      const run = isUuid(id) ? await findRun(manager, workspaceId, id, this.catalog) : null;
      if (!run) throw new AutomationError('run_not_found', 'There is no run of this id.');
      const hasInput = run.eventId === null || (await findEvent(manager, workspaceId, run.eventId)) !== null;
      const ran = (await loadDefinitions(manager, workspaceId, [run.versionId])).get(run.versionId) ?? null;
      const { published, newest, over } = await this.newestOf(manager, run, ran, workspaceId);
      const executions = (await loadExecutions(manager, [{ workspaceId, id }])).get(id) ?? [];
      const beyondPlan = entitlements && (await this.beyondPlan(manager, entitlements, id, command, caller));
      const startedAt = run.startedAt === null ? null : new Date(run.startedAt);
      return {
        ...this.steps(command, { ran, newest }, executions, startedAt),
        version: { same: run.version, newest: published?.publishedVersion ?? null, differs: differences(ran, newest) },
        refused: refusalOf(() => {
          assertRetriable({ ...run, hasInput }, command);
          assertHasVersion(published ?? undefined, command);
          if (over) throw over;
          if (beyondPlan) throw beyondPlan;
        }),
      };
    });
  }

  /** A transition belongs to the version of the machine that its instance is on, and is over when that has gone on. */
  private async newestOf(
    manager: EntityManager,
    { id, workflowId, version, transition }: RunRow,
    ran: Json,
    workspaceId: string,
  ): Promise<{ published: { publishedVersion: number | null } | null; newest: Json; over: AutomationError | null }> {
    if (transition !== null) {
      const isOver = await isTransitionOver(manager, workspaceId, id);
      const [now] = isOver ? await findInstancesOfRuns(manager, workspaceId, [id]) : [];
      return { published: { publishedVersion: version }, newest: ran, over: isOver ? transitionOver(transition.code, now) : null };
    }
    const workflow = await findWorkflow(manager, workspaceId, workflowId);
    const published = workflow && { publishedVersion: workflow.published?.version ?? null };
    return { published, newest: workflow?.published?.definition ?? null, over: null };
  }

  private async beyondPlan(
    manager: EntityManager,
    entitlements: Entitlements,
    id: string,
    { version = 'same' }: RetryCommand,
    { workspaceId }: Caller,
  ): Promise<AutomationError | null> {
    const [run] = await versionsToRun(manager, { workspaceId, filter: { ids: [id] }, modules: [] }, { version });
    if (!run) return null;
    return (await RestartPlan.open(manager, workspaceId, entitlements, [run.versionId])).admit(run);
  }

  private steps(
    { from, version }: RetryCommand,
    { ran, newest }: { ran: Json; newest: Json },
    executions: readonly LoggedExecution[],
    startedAt: Date | null,
  ): Pick<RetryPreview, 'again' | 'kept' | 'mayRepeat'> {
    const definition = parsed(ran);
    const target = from === 'start' && version === 'newest' ? parsed(newest) : definition;
    const last = new Map(executions.filter(({ superseded }) => !superseded).map((execution) => [execution.path, execution]));
    const sentBack = from === 'start' ? null : new Set(failedPaths(definition ?? undefined, executions, startedAt));
    const isAgain = ({ path, status }: LoggedExecution): boolean =>
      sentBack === null ? target === null || findStep(target.steps, path) !== null : sentBack.has(path) || status === 'running';
    const again = [...last.values()].filter(isAgain);
    const happened = again.filter(({ path }) => executions.some((one) => one.path === path && this.mayHaveHappened(one)));
    const shown = (some: readonly LoggedExecution[]): RetriedStep[] => some.map((one) => this.shown(one, definition));
    return {
      again: shown(again),
      kept: from === 'start' ? [] : shown([...last.values()].filter((execution) => !isAgain(execution))),
      mayRepeat: shown(happened),
    };
  }

  /** Of an action: it has succeeded, or nobody knows. A local step that failed has left nothing. */
  private mayHaveHappened({ type, status, error }: LoggedExecution): boolean {
    const effect = this.catalog.actions.get(type)?.effect;
    if (effect === undefined) return false;
    if (status === 'succeeded') return true;
    if (effect === 'local') return false;
    // A host's own code may stand for anything.
    return status !== 'failed' || !error || OPEN_OUTCOMES.has(error.code) || statusOfCode(error.code) === null;
  }

  private shown({ path, type }: LoggedExecution, definition: WorkflowDefinition | null): RetriedStep {
    const name = (definition && findStep(definition.steps, path)?.name) ?? null;
    return { path, name, type, effect: this.catalog.actions.get(type)?.effect ?? null };
  }
}

function parsed(json: Json): WorkflowDefinition | null {
  const outcome = parseDefinition(json, null);
  return outcome.ok ? outcome.definition : null;
}

function differences(ran: Json, newest: Json): string[] {
  if (!isJsonObject(ran) || !isJsonObject(newest)) return [];
  const { values, steps } = diffDefinitions(ran, newest);
  const ofSteps = steps.flatMap(({ id, changes, values: inside }) => [
    ...(changes.some((change) => change !== 'changed') ? [`steps.${id}`] : []),
    ...inside.map(({ path }) => `steps.${id}.${path}`),
  ]);
  return [...values.map(({ path }) => path), ...ofSteps];
}

function refusalOf(check: () => void): AutomationError | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof AutomationError) return error;
    throw error;
  }
}
