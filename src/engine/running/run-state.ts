import type { Actor, Cause, DomainEvent, RecordData, RecordRef } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import type { RunHistory, StepAddress } from '../../core/plan/history.js';
import { type ReadyStep, type RunOutcome, stepOutputs, type Waiting } from '../../core/plan/plan.js';
import type { Scope } from '../../core/scope.js';
import type { LoggedExecution } from '../../store/step-store.js';
import type { CompiledVersion } from '../routing/compiled-version.js';

/**
 * One run in the hands of this process: what it is, what has happened, and what of that is not written yet. It lives for
 * as long as the process holds the run; the truth is in the tables.
 */
export class RunState implements RunHistory {
  readonly workspaceId: string;
  readonly id: string;
  readonly version: CompiledVersion;
  readonly event: DomainEvent | null;
  readonly record: RecordRef | null;
  readonly actor: Actor;
  readonly fence: number;
  private inserted: boolean;
  readonly startedAt: string;
  readonly executions: LoggedExecution[];
  private readonly unwritten = new Set<LoggedExecution>();

  constructor(run: {
    workspaceId: string;
    id: string;
    version: CompiledVersion;
    event: DomainEvent | null;
    record: RecordRef | null;
    actor: Actor;
    fence: number;
    isNew: boolean;
    startedAt: string;
    executions: LoggedExecution[];
  }) {
    this.workspaceId = run.workspaceId;
    this.id = run.id;
    this.version = run.version;
    this.event = run.event;
    this.record = run.record;
    this.actor = run.actor;
    this.fence = run.fence;
    this.inserted = !run.isNew;
    this.startedAt = run.startedAt;
    this.executions = run.executions;
  }

  /** Not in the table yet: it is inserted, not updated. */
  get isNew(): boolean {
    return !this.inserted;
  }

  /** The transaction that inserted it has committed. */
  markWritten(): void {
    this.inserted = true;
  }

  /** The chain that events made by this run's steps carry. */
  get causeOfItsEvents(): Cause {
    const { workflow } = this.version;
    const link = { workflowId: workflow.id, module: this.record?.module ?? '', recordId: this.record?.id ?? null };
    return { runId: this.id, depth: (this.event?.cause?.depth ?? 0) + 1, path: [...(this.event?.cause?.path ?? []), link] };
  }

  /** Who makes the changes of its steps: the workflow. */
  get actorOfItsEvents(): Actor {
    return { type: 'workflow', id: this.version.workflow.id, name: this.version.workflow.name };
  }

  /** Adds an execution to the history. */
  add(execution: Omit<LoggedExecution, 'position'>): LoggedExecution {
    const added = { ...execution, position: this.executions.length };
    this.executions.push(added);
    this.unwritten.add(added);
    return added;
  }

  /** Changes an execution of the history. */
  change(execution: LoggedExecution, change: Partial<LoggedExecution>): void {
    Object.assign(execution, change);
    this.unwritten.add(execution);
  }

  /** Has something happened that is not written yet? */
  get hasUnwritten(): boolean {
    return this.unwritten.size > 0;
  }

  /** The executions that are to be written; they count as written from now on. */
  takeUnwritten(): LoggedExecution[] {
    const executions = [...this.unwritten];
    this.unwritten.clear();
    return executions;
  }

  /** When the first attempt of the step at this path began, so that `now` in templates is the same for every attempt. */
  firstStartOf(path: string): string | undefined {
    return this.executions.find((execution) => execution.path === path)?.startedAt;
  }

  /** What the step at this address sees. */
  scopeAt(address: StepAddress, record: RecordData | null, now: Date, timezone: string): Scope {
    const { version, event } = this;
    return {
      record: record ?? event?.record ?? null,
      previous: event?.previous ?? null,
      changes: event?.changes ?? {},
      trigger: triggerVariables(event),
      context: {},
      steps: this.executions.length === 0 ? {} : stepOutputs(version.definition, this, address.path),
      actor: this.actor,
      workflow: { ...version.workflow, version: version.version },
      run: { id: this.id, startedAt: this.startedAt },
      now: this.firstStartOf(address.path) ?? now.toISOString(),
      timezone,
      ...(address.loop === undefined ? {} : { item: address.loop.item, index: address.loop.index }),
    };
  }
}

function triggerVariables(event: DomainEvent | null): JsonObject {
  if (event === null) return {};
  return {
    type: 'event',
    module: event.module,
    event: event.event,
    recordId: event.recordId,
    eventId: event.id,
    occurredAt: event.occurredAt,
  };
}

/** How far a run came in one transaction. */
export type Advance =
  | { kind: 'finished'; outcome: RunOutcome }
  /** Nothing to do before `until`; null: before somebody decides. */
  | { kind: 'parked'; waiting: Waiting[]; until: string | null }
  /** External steps whose intents are in the history: to be performed after the commit. */
  | { kind: 'performing'; steps: PreparedStep[] }
  /** The next step writes through the host's own code and wants a transaction to itself. */
  | { kind: 'own_transaction' }
  /** Not tried in this transaction: a worker takes it up. */
  | { kind: 'queued' };

/** An external step ready to be performed. */
export interface PreparedStep {
  execution: LoggedExecution;
  ready: ReadyStep;
  perform(signal: AbortSignal): Promise<JsonObject | null>;
}
