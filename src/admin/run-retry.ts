import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { parseDefinition } from '../core/definition/parser.js';
import type { WorkflowDefinition } from '../core/definition/types.js';
import type { AutomationError } from '../core/errors.js';
import type { StepExecution } from '../core/plan/history.js';
import { plan } from '../core/plan/plan.js';
import type { Entitlements } from '../core/start/entitlements.js';
import { measureRun } from '../core/statistics/run-measure.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { writeAudit } from '../store/audit-store.js';
import {
  type HeldWorkflow,
  holdWorkflows,
  type LockedRun,
  loadDefinitions,
  requeueFailed,
  restartRuns,
  supersede,
} from '../store/run-command-store.js';
import type { RunStatus } from '../store/runs/run.js';
import { addStats } from '../store/stats-store.js';
import type { LoggedExecution } from '../store/step-store.js';
import { DayDeltas } from '../store/workflow-days.js';
import { fromHistories } from './histories.js';
import { RestartPlan } from './restart-plan.js';
import { RetriedTransitions } from './retried-transitions.js';

/** How runs are repeated. */
export interface RetryCommand {
  /** `failed_step`: the same run goes on where it failed. `start`: a new run repeats it. */
  from: 'failed_step' | 'start';
  /** For `start`: the version of the run (default), or the one published now. */
  version?: 'same' | 'newest';
  /** Why, in the person's own words. */
  reason?: string | null;
  /** The bulk retry that it is a part of. */
  batchId?: string;
}

/** What a run has executed, it was allowed to. */
const NO_LIMITS = { maxSteps: Number.POSITIVE_INFINITY, maxLoopSteps: Number.POSITIVE_INFINITY };

/** Which runs may be repeated from the start. */
export const RESTARTABLE: readonly RunStatus[] = ['failed', 'cancelled', 'succeeded'];

/** A run that was repeated, and the run that goes on: itself, or the new one. */
export interface RetriedRun {
  id: string;
  goesOnAs: string;
}

/** What became of runs that were to be retried. */
export interface RetriedRuns {
  retried: RetriedRun[];
  /** Those that the plan does not give, with `plan_required`; of transitions those whose instances have gone on, with `transition_over`. */
  refused: { id: string; error: AutomationError }[];
}

/**
 * Retries locked runs: state, steps, counters and audit in the caller's transaction. Runs that cannot be retried (any
 * more) are left out of the answer, and so are runs whose workflow is gone. New runs are starts, which the workspace's plan has
 * to give; the answer says which ones it refused.
 */
export async function retryLocked(
  manager: EntityManager,
  runs: readonly LockedRun[],
  command: RetryCommand,
  plan: Entitlements | null,
  caller: Caller,
): Promise<RetriedRuns> {
  const { workspaceId } = caller;
  // Against a deletion that has looked for unfinished runs before these became unfinished again.
  const workflows = await holdWorkflows(manager, workspaceId, [...new Set(runs.map((run) => run.workflowId))]);
  const possible = runs.filter((run) => run.hasInput && workflows.has(run.workflowId));
  if (possible.length === 0) return { retried: [], refused: [] };
  const transitions = await RetriedTransitions.open(manager, workspaceId, possible);
  const refusals = new Map(possible.map((run) => [run, transitions.refusalOf(run)]));
  const allowed = possible.filter((run) => refusals.get(run) === null);
  const { retried, refused } =
    command.from === 'start'
      ? await restart(manager, allowed, workflows, command, plan, caller)
      : { retried: await resume(manager, allowed, workspaceId), refused: [] };
  for (const [{ id }, error] of refusals) if (error !== null) refused.push({ id, error });
  await transitions.takeUp(manager, retried);
  await writeAudit(
    manager,
    retried.map(({ id, goesOnAs }) => ({
      workspaceId,
      actor: callerAsActor(caller),
      action: 'run.retried',
      targetType: 'run',
      targetId: id,
      before: { status: runs.find((run) => run.id === id)?.status ?? null },
      after: {
        from: command.from,
        ...(command.from === 'start' ? { version: command.version ?? 'same', newRunId: goesOnAs } : {}),
        ...(command.batchId !== undefined && { batchId: command.batchId }),
      },
      note: command.reason ?? null,
    })),
  );
  return { retried, refused };
}

async function resume(manager: EntityManager, runs: readonly LockedRun[], workspaceId: string): Promise<RetriedRun[]> {
  const requeued = await requeueFailed(
    manager,
    workspaceId,
    runs.map((run) => run.id),
  );
  const resumed = runs.filter((run) => requeued.has(run.id));
  const definitions = await loadDefinitions(manager, workspaceId, [...new Set(resumed.map((run) => run.versionId))]);
  const parsed = new Map<string, WorkflowDefinition>();
  for (const [versionId, json] of definitions) {
    const outcome = parseDefinition(json, null);
    if (outcome.ok) parsed.set(versionId, outcome.definition);
  }
  const sentBack = await fromHistories(manager, workspaceId, resumed, (run, executions) => {
    const paths = failedPaths(parsed.get(run.versionId), executions, run.startedAt);
    const again = executions.filter(({ path }) => paths.includes(path));
    return { paths, steps: countedSteps(run, again) };
  });
  await supersede(
    manager,
    workspaceId,
    resumed.map((run) => ({ runId: run.id, paths: sentBack.get(run.id)?.paths ?? [] })),
  );
  // They count by what becomes of them in the end.
  const taken = [...countedBy(resumed.map((run) => run.workflowId))];
  await addStats(
    manager,
    taken.map(([workflowId, count]) => ({ workspaceId, workflowId, started: 0, succeeded: 0, failed: -count, skipped: 0, cancelled: 0 })),
    takenBack(workspaceId, resumed, ({ id }) => sentBack.get(id)?.steps ?? []),
  );
  return resumed.map((run) => ({ id: run.id, goesOnAs: run.id }));
}

/** The failures of these runs, and of those of their steps that are done again, out of the statistics of the days on which they ended. */
function takenBack(workspaceId: string, runs: readonly LockedRun[], stepsOf: (run: LockedRun) => string[]): DayDeltas {
  const days = new DayDeltas();
  for (const run of runs) {
    if (run.finishedAt === null) continue;
    days.takeBack({ workspaceId, workflowId: run.workflowId, day: run.finishedAt.toISOString().slice(0, 10), steps: stepsOf(run) });
  }
  return days;
}

/** The steps that statistics have of these executions, as they were counted when the run ended. What was sent back before is superseded. */
function countedSteps({ startedAt, finishedAt }: LockedRun, executions: readonly LoggedExecution[]): string[] {
  if (finishedAt === null) return [];
  const since = (startedAt ?? finishedAt).toISOString();
  return measureRun({ startedAt: since, firstStartedAt: since, executions }, finishedAt.toISOString()).steps.map(({ step }) => step);
}

/**
 * The paths of the steps that a failed run ended with: those that were to be tried again, and by the planner's own judgement
 * those that failed for good. It sends the one that the planner names back and asks again, because parallel branches may have
 * failed at several. Failures that `onError: continue` made good are not
 * among them: the run had gone on behind these steps. None for a failure of the run itself (timed out, too many steps).
 */
export function failedPaths(
  definition: WorkflowDefinition | undefined,
  executions: readonly StepExecution[],
  startedAt: Date | null,
): string[] {
  if (!definition) return [];
  const last = new Map(executions.filter(({ superseded }) => !superseded).map((execution) => [execution.path, execution]));
  const sentBack = new Set([...last.values()].filter(({ status, wakeAt }) => status === 'failed' && wakeAt).map(({ path }) => path));
  const now = startedAt ?? new Date(0);
  for (;;) {
    const history = executions
      // An attempt without a result is sent back in any case; the planner would wait for it.
      .filter((execution) => execution.status !== 'running')
      .map((execution) => (sentBack.has(execution.path) ? { ...execution, superseded: true } : execution));
    const { outcome } = plan(definition, { startedAt: now.toISOString(), executions: history }, now, NO_LIMITS);
    const path = outcome?.status === 'failed' ? outcome.path : null;
    if (path === null || sentBack.has(path) || !history.some((execution) => execution.path === path)) return [...sentBack];
    sentBack.add(path);
  }
}

async function restart(
  manager: EntityManager,
  runs: readonly LockedRun[],
  workflows: ReadonlyMap<string, HeldWorkflow>,
  command: RetryCommand,
  entitlements: Entitlements | null,
  caller: Caller,
): Promise<RetriedRuns> {
  const { workspaceId } = caller;
  const wanted = runs.flatMap((run) => {
    const workflow = workflows.get(run.workflowId);
    const { publishedVersionId: versionId, publishedVersion: version } =
      // A transition belongs to the version of the machine that its instance is on.
      command.version === 'newest' && workflow && run.transition === null
        ? workflow
        : { publishedVersionId: run.versionId, publishedVersion: run.version };
    return versionId === null || version === null ? [] : [{ id: run.id, workflowId: run.workflowId, newId: uuid(), versionId, version }];
  });
  const versionIds = wanted.map(({ versionId }) => versionId);
  const plan = await RestartPlan.open(manager, workspaceId, entitlements, versionIds);
  const refused: RetriedRuns['refused'] = [];
  const restarts = wanted.flatMap(({ workflowId, ...one }) => {
    const error = plan.admit({ workflowId, versionId: one.versionId });
    if (error === null) return [one];
    refused.push({ id: one.id, error });
    return [];
  });
  const made = await restartRuns(manager, workspaceId, restarts, RESTARTABLE);
  const done = restarts.filter(({ newId }) => made.has(newId));
  const workflowOf = new Map(runs.map((run) => [run.id, run.workflowId]));
  const started = countedBy(done.map(({ id }) => workflowOf.get(id) ?? ''));
  await addStats(
    manager,
    [...started].map(([workflowId, count]) => ({
      workspaceId,
      workflowId,
      started: count,
      succeeded: 0,
      failed: 0,
      skipped: 0,
      cancelled: 0,
    })),
  );
  // In the order of routers, which hold the one row before the other.
  await plan.note(manager, made.size);
  return { retried: done.map(({ id, newId }) => ({ id, goesOnAs: newId })), refused };
}

function countedBy(workflowIds: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of workflowIds) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
