import type { EntityManager } from 'typeorm';
import type { Catalog } from '../core/catalog.js';
import { parseDefinition } from '../core/definition/parser.js';
import type { WorkflowDefinition } from '../core/definition/types.js';
import type { Actor } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';
import { runKeyOf } from '../core/machine/compiled-machine.js';
import { failedSteps } from '../core/plan/failed-steps.js';
import { findStep } from '../core/steps/tree.js';
import { runSummary } from '../core/summary/run-summary.js';
import { triggerVariables } from '../engine/running/held-run.js';
import { loadAudit } from '../store/audit-store.js';
import { findInstanceAbout } from '../store/machines/run-transition.js';
import { loadDefinitions } from '../store/run-command-store.js';
import { type EventRecord, findEvent, findRun, listChildren, type RunItem } from '../store/run-log-store.js';
import { CALLBACK_PATH } from '../store/runs/callbacks.js';
import type { RunStatus } from '../store/runs/run.js';
import { loadExecutions } from '../store/step-store.js';
import { type RunStep, toRunStep } from './run-step.js';
import { type RunView, viewOf } from './run-view.js';

/** A retry by a person. */
export interface RunRetry {
  at: string;
  by: Actor;
  from: Json;
  version: Json;
  /** The run that repeats it, when it was retried from the start. */
  newRunId: Json;
  reason: string | null;
}

/** Everything about one run. */
export interface RunDetail extends RunItem, RunView {
  workflowCode: string | null;
  /** Of a machine's transition: the instance that it was for; null when that is gone, or not known any more. */
  instanceId: string | null;
  actor: Actor;
  cause: Json;
  /** Each condition with the value seen, the operator, the value expected and the result. */
  explanation: Json;
  /** What started it, as its steps see it; null when retention has removed that. */
  trigger: JsonObject | null;
  /** In the order they were begun. */
  steps: RunStep[];
  /** The runs that its steps have started. */
  children: RunItem[];
  /** What started it: the record before and after, and what changed; null when it was not an event, or retention has removed it. */
  event: EventRecord | null;
  retries: RunRetry[];
  /** Who ended it, and why; null unless a person did. */
  cancelled: { at: string; by: Actor; reason: string | null } | null;
}

const OVER: ReadonlySet<RunStatus> = new Set(['succeeded', 'failed', 'cancelled', 'skipped']);

/** Returns everything about one run; null when the workspace has none of that id. */
export async function loadRunDetail(manager: EntityManager, workspaceId: string, id: string, catalog: Catalog): Promise<RunDetail | null> {
  const row = await findRun(manager, workspaceId, id, catalog);
  if (!row) return null;
  const { versionId, ...run } = row;
  const executions = (await loadExecutions(manager, [{ workspaceId, id }])).get(id) ?? [];
  const parsed = parseDefinition((await loadDefinitions(manager, workspaceId, [versionId])).get(versionId), null);
  // The version may be gone, or of another release.
  const definition = parsed.ok ? parsed.definition : null;
  const event = run.eventId === null ? null : await findEvent(manager, workspaceId, run.eventId);
  const audit = await loadAudit(manager, workspaceId, 'run', id);
  const cancelled = audit.find((entry) => entry.action === 'run.cancelled');
  const isOver = OVER.has(run.status);
  const steps = executions.map((step) => toRunStep(step, isOver && !step.path.startsWith(CALLBACK_PATH)));
  return {
    ...run,
    ...(run.failedSteps > 0 &&
      definition && { summary: runSummary(run, failedSteps(definition, { startedAt: '', executions }).map(nameIn(definition))) }),
    ...viewOf(run, definition, steps),
    instanceId: run.transition && (await instanceOf(manager, workspaceId, run, event)),
    trigger: event && triggerVariables(event),
    steps,
    children: await listChildren(manager, workspaceId, id, catalog),
    event,
    retries: audit
      .filter((entry) => entry.action === 'run.retried')
      .map(({ at, actor, after, note }) => ({
        at: at.toISOString(),
        by: actor,
        from: after?.from ?? null,
        version: after?.version ?? null,
        newRunId: after?.newRunId ?? null,
        reason: note,
      })),
    cancelled: cancelled ? { at: cancelled.at.toISOString(), by: cancelled.actor, reason: cancelled.note } : null,
  };
}

/** As people call the step of a path, where it has a name. */
function nameIn({ steps }: WorkflowDefinition): (path: string) => string {
  return (path) => findStep(steps, path)?.name ?? path;
}

async function instanceOf(
  manager: EntityManager,
  workspaceId: string,
  { workflowId: machineId, module, recordId }: RunItem,
  event: EventRecord | null,
): Promise<string | null> {
  if (module !== null && recordId !== null) return findInstanceAbout(manager, { workspaceId, machineId, module, recordId });
  const runKey = event && runKeyOf(event);
  if (runKey !== null) return findInstanceAbout(manager, { workspaceId, machineId, runKey });
  return event?.target?.instanceId ?? null;
}
