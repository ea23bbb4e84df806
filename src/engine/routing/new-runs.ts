import { v7 as uuidv7 } from 'uuid';
import type { DomainEvent } from '../../core/event.js';
import { type Admission, admissionOfStored } from '../../core/start/admission.js';
import type { StartDecision } from '../../core/start/start.js';
import type { VersionRow } from '../../store/active-workflows.js';
import type { ClaimedEvent } from '../../store/event-claims.js';
import type { RunIdentity } from '../../store/runs/run.js';
import { HeldRun } from '../running/held-run.js';
import type { UnstartedRun } from '../running/progress-writer.js';
import type { CompiledVersion } from '../workflows/compiled-version.js';

/** A start, and a workflow that it may make a run of. */
export interface Candidate {
  /** The id of the run that comes of it, skipped or not. */
  runId: string;
  event: ClaimedEvent;
  version: CompiledVersion;
  /** Is the workflow active? One that a start names need not be. */
  status: 'active' | 'paused';
}

/** A run that starts now, in the hands of this process until `leasedUntil`. */
export function newRun({ runId, event, version }: Candidate, now: Date, leasedUntil: number): HeldRun {
  return new HeldRun({
    workspaceId: event.workspaceId,
    id: runId,
    version,
    event,
    record: event.recordId === null || event.module === null ? null : { module: event.module, id: event.recordId },
    actor: event.actor,
    parent: event.parent,
    fence: 1,
    isNew: true,
    startedAt: now.toISOString(),
    firstStartedAt: now.toISOString(),
    executions: [],
    answers: { count: 0, answers: [] },
    leasedUntil,
    wasRecovered: false,
  });
}

/** A run that waits for its turn: whoever claims it then goes on with it. */
export function queuedRun({ runId, event, version }: Candidate, admission: Admission): UnstartedRun {
  const { workflow, versionId } = version;
  return {
    ...unstartedRun(runId, event, { workflowId: workflow.id, versionId, version: version.version }),
    status: 'queued',
    ...admission,
  };
}

/** A run that is written for the log alone, with the reason why it does not start. */
export function skippedRun(
  { runId, event, version }: Candidate,
  decision: Extract<StartDecision, { kind: 'skip' }>,
  now: Date,
): UnstartedRun {
  const { workflow, versionId } = version;
  // Assigned, not spread: see step-log.ts; an event may be no concern of a hundred workflows.
  return Object.assign(unstartedRun(runId, event, { workflowId: workflow.id, versionId, version: version.version }), {
    status: 'skipped' as const,
    reason: decision.reason,
    explanation: decision.explanation,
    finishedAt: now.toISOString(),
  });
}

/**
 * A run of a version that this process cannot read: a worker that claims it fails it with the reason, or runs it, being of a
 * release that can. So it waits for its turn as every run of the workflow.
 */
export function unreadableRun(event: DomainEvent, version: VersionRow): UnstartedRun {
  return { ...unstartedRun(uuidv7(), event, version), status: 'queued', ...admissionOfStored(version.definition, event) };
}

function unstartedRun(
  id: string,
  event: DomainEvent,
  { workflowId, versionId, version }: Pick<RunIdentity, 'workflowId' | 'versionId' | 'version'>,
): RunIdentity {
  return {
    workspaceId: event.workspaceId,
    id,
    workflowId,
    versionId,
    version,
    eventId: event.id,
    module: event.module,
    recordId: event.recordId,
    explanation: null,
    actor: event.actor,
    cause: event.cause,
    parent: event.parent,
  };
}
