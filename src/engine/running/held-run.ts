import type { Actor, Cause, DomainEvent, ParentStep, RecordData, RecordRef } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import { type ContextView, contextAt } from '../../core/plan/contexts.js';
import type { RunHistory, StepAddress } from '../../core/plan/history.js';
import { type HistoryIndex, indexHistory } from '../../core/plan/history-index.js';
import { stepOutputs } from '../../core/plan/plan.js';
import type { Scope } from '../../core/scope.js';
import type { Calendar } from '../../core/time/calendar.js';
import type { RunAnswers } from '../../store/runs/inbox.js';
import type { RunClaim } from '../../store/runs/run.js';
import type { LoggedExecution } from '../../store/step-store.js';
import type { CompiledVersion } from '../workflows/compiled-version.js';
import type { ExternalAttempt, ExternalResult } from './external-attempt.js';
import type { Slot } from './fair-slots.js';
import { withoutTokens } from './hidden-tokens.js';
import { stableUuids } from './stable-uuids.js';

/** What a held run is made of. */
export interface HeldRunState {
  workspaceId: string;
  id: string;
  version: CompiledVersion;
  event: DomainEvent | null;
  record: RecordRef | null;
  actor: Actor;
  parent: ParentStep | null;
  fence: number;
  /** Not in the table yet: it is inserted, not updated. */
  isNew: boolean;
  /** What its time limit counts from: its beginning, or when it was sent back. */
  startedAt: string;
  firstStartedAt: string;
  executions: LoggedExecution[];
  answers: RunAnswers;
  leasedUntil: number;
  wasRecovered: boolean;
}

/**
 * One run in the hands of this process: what it is, what has happened, what of that is not committed yet, which attempts
 * are under way, and what came in meanwhile. It lives for as long as the process holds the run; the truth is in the tables.
 *
 * A transaction that advances it ends in {@link committed} or {@link rolledBack}; results and answers that came in stay
 * until a transaction with them has committed, so a failed one loses nothing.
 */
export class HeldRun implements RunHistory, RunClaim {
  readonly workspaceId: string;
  readonly id: string;
  readonly version: CompiledVersion;
  readonly event: DomainEvent | null;
  readonly record: RecordRef | null;
  readonly actor: Actor;
  readonly parent: ParentStep | null;
  readonly fence: number;
  readonly startedAt: string;
  readonly firstStartedAt: string;
  readonly executions: LoggedExecution[];
  /** Who has it: nobody but the driver's list, a queue, or the transaction that advances it. One advance at a time. */
  stage: 'idle' | 'queued' | 'advancing' = 'idle';
  /** Answers from outside, as far as they were read. */
  answers: RunAnswers;
  /** There may be answers that were not read yet. */
  hasUnreadAnswers = false;
  /** A COMMIT was not answered: what the tables say of the run is read before it goes on. */
  isUncertain = false;
  /** When a wait of another branch than that of its attempts is over, by our own clock. */
  wakeAt = Number.POSITIVE_INFINITY;
  /** Its next external step has asked for a slot. */
  waitsForSlot = false;
  /** Until when, by our own clock (`performance.now()`), it is ours for certain. */
  leasedUntil: number;
  /** Whether it was taken up after a dead worker: that is forgotten when it gets on. */
  readonly wasRecovered: boolean;
  /** The workflow's own values when the run began; null for versions that use none. */
  contextAtStart: { values: JsonObject; isWritten: boolean } | null = null;
  /** The workflow's context had no room for what the run put there: until a transaction commits, its steps may put nothing there. */
  isContextFull = false;
  /** Attempts whose calls are under way, and what tells each to give up. */
  private readonly underWay = new Map<ExternalAttempt, AbortController>();
  /** Results that no committed transaction has taken yet. */
  private results: ExternalResult[] = [];
  /** Attempts whose intents the open transaction writes. */
  private intended: ExternalAttempt[] = [];
  /** A slot that came free for its next external step. */
  private slot: Slot | null = null;
  /** The executions by path; made when it is asked for, kept for as long as executions only come to it. */
  private indexed: HistoryIndex<LoggedExecution> | null = null;
  private inserted: boolean;
  private committedLength: number;
  /** What executions that the open transaction changes were before. */
  private changed: Map<LoggedExecution, LoggedExecution> | null = null;
  private removed: LoggedExecution[] = [];
  private hidden: Set<string> | null = null;
  private takenResults = 0;
  /** The open transaction gives it a new lease. */
  private renewsLease = false;

  constructor(run: HeldRunState) {
    this.workspaceId = run.workspaceId;
    this.id = run.id;
    this.version = run.version;
    this.event = run.event;
    this.record = run.record;
    this.actor = run.actor;
    this.parent = run.parent;
    this.fence = run.fence;
    this.startedAt = run.startedAt;
    this.firstStartedAt = run.firstStartedAt;
    this.executions = run.executions;
    this.answers = run.answers;
    this.leasedUntil = run.leasedUntil;
    this.wasRecovered = run.wasRecovered;
    this.inserted = !run.isNew;
    this.committedLength = run.executions.length;
  }

  get isNew(): boolean {
    return !this.inserted;
  }

  /** Has it results that no committed transaction has taken yet? */
  get hasResults(): boolean {
    return this.results.length > 0;
  }

  /** Has it attempts under way, or results that nobody has written? Such a run is neither parked nor forgotten. */
  get hasWork(): boolean {
    return this.underWay.size > 0 || this.results.length > 0;
  }

  /** Has something come in that the last advance did not see? */
  get hasNews(): boolean {
    return this.results.length > 0 || this.hasUnreadAnswers;
  }

  /** The chain that events made by this run's steps carry. */
  get causeOfItsEvents(): Cause {
    const { workflow, transition } = this.version;
    const { id: workflowId, name: workflowName } = workflow;
    const of = transition === null ? {} : { transition };
    const link = { workflowId, workflowName, module: this.record?.module ?? '', recordId: this.record?.id ?? null, ...of };
    return { runId: this.id, depth: (this.event?.cause?.depth ?? 0) + 1, path: [...(this.event?.cause?.path ?? []), link] };
  }

  /** Who makes the changes of its steps: the workflow. */
  get actorOfItsEvents(): Actor {
    return { type: 'workflow', id: this.version.workflow.id, name: this.version.workflow.name };
  }

  /** Keeps a token out of the history, whatever steps are given and whatever they leave. */
  hide(token: string): void {
    this.hidden ??= new Set();
    this.hidden.add(token);
  }

  get index(): HistoryIndex<LoggedExecution> {
    this.indexed ??= indexHistory(this.executions);
    return this.indexed;
  }

  /** Returns the attempt of this number of the step at this path. */
  attemptAt(path: string, attempt: number): LoggedExecution | undefined {
    const current = this.index.get(path)?.current;
    if (current?.attempt === attempt) return current;
    return this.executions.find((execution) => execution.path === path && execution.attempt === attempt);
  }

  /** Adds an execution to the history. */
  add(execution: Omit<LoggedExecution, 'position'>): LoggedExecution {
    const last = this.executions.at(-1);
    // Assigned, not spread: see step-log.ts.
    const added = Object.assign({ position: last === undefined ? 0 : last.position + 1 }, execution);
    if (this.hidden !== null) Object.assign(added, withoutTokens(added, this.hidden));
    this.executions.push(added);
    this.indexed?.add(added);
    return added;
  }

  /** Changes an execution of the history. */
  change(execution: LoggedExecution, change: Partial<LoggedExecution>): void {
    this.changed ??= new Map();
    if (!this.changed.has(execution)) this.changed.set(execution, Object.assign({}, execution));
    Object.assign(execution, this.hidden === null ? change : withoutTokens(change, this.hidden));
  }

  /** Takes an execution out of the history: an intent that was never sent. */
  remove(execution: LoggedExecution): void {
    const at = this.executions.indexOf(execution);
    if (at < 0) return;
    this.executions.splice(at, 1);
    this.indexed = null;
    if (at < this.committedLength) {
      this.committedLength -= 1;
      this.removed.push(execution);
    }
  }

  /** The executions that are new in the open transaction. */
  get added(): LoggedExecution[] {
    return this.executions.slice(this.committedLength);
  }

  /** The executions of earlier transactions that the open one changes. */
  get altered(): LoggedExecution[] {
    const { changed } = this;
    if (changed === null) return [];
    return this.executions.slice(0, this.committedLength).filter((execution) => changed.has(execution));
  }

  /** The executions that the open transaction has to write. */
  get unwritten(): LoggedExecution[] {
    return [...this.altered, ...this.added];
  }

  /** Has the open transaction anything of the history to write? */
  get hasUnwritten(): boolean {
    return this.executions.length > this.committedLength || this.changed !== null || this.removed.length > 0;
  }

  /** The open transaction gives it a new lease. */
  renewLease(): void {
    this.renewsLease = true;
  }

  /** The executions that the open transaction has to remove. */
  get withdrawn(): readonly LoggedExecution[] {
    return this.removed;
  }

  /** The open transaction begins an external attempt; it is performed when it has committed. */
  intend(attempt: ExternalAttempt): void {
    this.intended.push(attempt);
  }

  /** The results that came in; they stay until a transaction that took them commits. */
  takeResults(): readonly ExternalResult[] {
    this.takenResults = this.results.length;
    return this.results;
  }

  /** The open transaction has committed; where it gave a new lease, that lasts until `leasedUntil`. Returns the attempts that are to be performed now. */
  committed(leasedUntil: number): readonly ExternalAttempt[] {
    if (this.renewsLease) this.leasedUntil = leasedUntil;
    this.renewsLease = false;
    this.inserted = true;
    this.isUncertain = false;
    this.isContextFull = false;
    if (this.contextAtStart) this.contextAtStart.isWritten = true;
    this.committedLength = this.executions.length;
    this.changed = null;
    if (this.removed.length > 0) this.removed = [];
    if (this.takenResults > 0) this.results = this.results.slice(this.takenResults);
    this.takenResults = 0;
    const { intended } = this;
    if (intended.length > 0) this.intended = [];
    return intended;
  }

  /** The open transaction was rolled back: the history is as it was before, slots are free again, results are still to be taken. */
  rolledBack(): void {
    for (const { slot } of this.intended.splice(0)) slot.release();
    this.renewsLease = false;
    this.executions.length = this.committedLength;
    this.indexed = null;
    for (const [execution, before] of this.changed ?? []) Object.assign(execution, before);
    this.changed = null;
    if (this.removed.length > 0) {
      this.executions.push(...this.removed.splice(0));
      this.executions.sort((a, b) => a.position - b.position);
      this.committedLength = this.executions.length;
    }
    this.takenResults = 0;
  }

  /** An attempt's call begins. Returns what tells it to give up when the run is let go. */
  began(attempt: ExternalAttempt): AbortController {
    const controller = new AbortController();
    this.underWay.set(attempt, controller);
    return controller;
  }

  /** An attempt's call has ended, however. */
  ended(result: ExternalResult): void {
    this.underWay.delete(result.attempt);
    this.results.push(result);
  }

  /**
   * Takes the history as the tables have it, after a COMMIT of which nobody knows whether it happened. An intent in it that
   * nobody here performs or has performed was written by that very transaction, and never sent: it is taken back.
   */
  reload(executions: readonly LoggedExecution[]): void {
    this.executions.splice(0, this.executions.length, ...executions);
    this.indexed = null;
    this.committedLength = executions.length;
    const ours = [...this.underWay.keys(), ...this.results.map(({ attempt }) => attempt)].map(({ execution }) => execution);
    for (const execution of executions) {
      const isOurs = ours.some(({ path, attempt }) => path === execution.path && attempt === execution.attempt);
      if (execution.status === 'running' && !isOurs) this.remove(execution);
    }
  }

  /** Keeps a slot for the next external step. */
  reserve(slot: Slot): void {
    this.slot?.release();
    this.slot = slot;
  }

  /** The slot that was kept, once. */
  takeSlot(): Slot | null {
    const { slot } = this;
    this.slot = null;
    return slot;
  }

  /** The process holds it no more: calls under way are told to end, and a slot kept for it comes free. */
  letGo(): void {
    this.takeSlot()?.release();
    // Mostly it is over, and an error with its stack for nobody cost each run with a call what a small query does.
    if (this.underWay.size === 0) return;
    const lost = new Error('the lease of the run was lost');
    for (const controller of this.underWay.values()) controller.abort(lost);
  }

  /** The number of the attempt at this path that counts, or of the one that will be the next. */
  attemptNumberAt(path: string): number {
    const state = this.index.get(path);
    return state?.current?.attempt ?? (state?.lastAttempt ?? 0) + 1;
  }

  /** When the first attempt of the step at this path began, so that `now` in templates is the same for every attempt. */
  firstStartOf(path: string): string | undefined {
    return this.index.get(path)?.first.startedAt;
  }

  /** What the step at this path has of the contexts. */
  contextAt(path: string): ContextView {
    const values = this.contextAtStart?.values ?? NO_VALUES;
    // Where nothing extracts, the history is not walked for it.
    if (!this.version.extracts) return { workflow: values, all: values };
    return contextAt(this.version.definition, this, path, values);
  }

  /** What the step at this address sees. */
  scopeAt(address: StepAddress, record: RecordData | null, now: Date, calendar: Calendar): Scope {
    const { version, event } = this;
    const scope: Scope = {
      record: record ?? event?.record ?? null,
      previous: event?.previous ?? null,
      changes: event?.changes ?? {},
      trigger: triggerVariables(event),
      context: this.contextAt(address.path).all,
      steps: this.executions.length === 0 ? {} : stepOutputs(version.definition, this, address.path),
      actor: this.actor,
      workflow: { ...version.workflow, version: version.version },
      run: { id: this.id, startedAt: this.firstStartedAt },
      now: this.firstStartOf(address.path) ?? now.toISOString(),
      uuid: stableUuids(this.id, address.path),
      timezone: calendar.timezone,
      calendar,
    };
    return address.loop === undefined ? scope : Object.assign(scope, { item: address.loop.item, index: address.loop.index });
  }
}

const NO_VALUES: JsonObject = Object.freeze({});

/** Returns what `trigger` holds. */
export function triggerVariables(
  event: Pick<DomainEvent, 'id' | 'trigger' | 'module' | 'event' | 'recordId' | 'occurredAt'> | null,
): JsonObject {
  if (event === null) return {};
  if (event.trigger !== null) return event.trigger;
  return {
    type: 'event',
    module: event.module,
    event: event.event,
    recordId: event.recordId,
    eventId: event.id,
    occurredAt: event.occurredAt,
  };
}
