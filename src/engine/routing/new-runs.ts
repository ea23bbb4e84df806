import { v7 as uuidv7 } from 'uuid';
import type { DomainEvent } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { NewRun } from '../../store/run-store.js';
import type { UnstartedRun } from '../running/run-recorder.js';
import { RunState } from '../running/run-state.js';
import type { CompiledVersion } from './compiled-version.js';

/** Why an event starts no run of a workflow; `reason` is what run lists show. */
export type Decision = { kind: 'start' } | { kind: 'skip'; reason: 'trigger' | 'conditions' | 'loop' | 'reentry'; explanation: Json };

/** An event and a workflow that listens to it. */
export interface Candidate {
  event: DomainEvent;
  version: CompiledVersion;
}

/** A run that starts now, in the hands of this process. */
export function newRun({ event, version }: Candidate, now: Date): RunState {
  return new RunState({
    workspaceId: event.workspaceId,
    id: uuidv7(),
    version,
    event,
    record: event.recordId === null ? null : { module: event.module, id: event.recordId },
    actor: event.actor,
    fence: 1,
    isNew: true,
    startedAt: now.toISOString(),
    executions: [],
  });
}

/** A run that is written for the log alone, with the reason why it does not start. */
export function skippedRun({ event, version }: Candidate, decision: Extract<Decision, { kind: 'skip' }>, now: Date): UnstartedRun {
  const { workflow, versionId } = version;
  // Assigned, not spread: see step-log.ts; an event may be no concern of a hundred workflows.
  return Object.assign(unstartedRun(event, { workflowId: workflow.id, versionId, version: version.version }), {
    status: 'skipped' as const,
    reason: decision.reason,
    explanation: decision.explanation,
    due: { kind: 'never' as const },
    finishedAt: now.toISOString(),
  });
}

/** A run of a version that this process cannot read: a worker that claims it fails it with the reason, or runs it, being of a release that can. */
export function unreadableRun(event: DomainEvent, version: Pick<NewRun, 'workflowId' | 'versionId' | 'version'>): UnstartedRun {
  return { ...unstartedRun(event, version), status: 'queued', reason: null, explanation: null, due: { kind: 'now' }, finishedAt: null };
}

function unstartedRun(event: DomainEvent, { workflowId, versionId, version }: Pick<NewRun, 'workflowId' | 'versionId' | 'version'>) {
  return {
    workspaceId: event.workspaceId,
    id: uuidv7(),
    workflowId,
    versionId,
    version,
    eventId: event.id,
    module: event.module,
    recordId: event.recordId,
    error: null,
    waiting: null,
    actor: event.actor,
    cause: event.cause,
    fence: 0,
    startedAt: null,
  };
}
