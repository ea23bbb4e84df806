import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { NotFired } from '../../core/machine/choose.js';
import type { MachineState } from '../../core/machine/types.js';
import type { Calendar } from '../../core/time/calendar.js';
import { addDuration, parseDuration } from '../../core/time/duration.js';
import { MACHINE_ENTERED } from '../../core/trigger/machine-entered.js';
import { insertStarts, type StartRow } from '../../store/event-store.js';
import { addInstanceCounts, type CountDelta } from '../../store/machines/counts.js';
import { type DeferredEvent, deferEvents, routeDeferred } from '../../store/machines/deferred.js';
import { insertHistory, type TransitionRow } from '../../store/machines/history.js';
import { type Firing, type InstanceFailure, type LockedInstance, writeInstances } from '../../store/machines/instances.js';
import type { RunEnd } from '../../store/runs/run.js';
import { startRow } from '../../store/start-row.js';

/** What workflows hear of a state that a record has entered. */
type EnteredState = StartRow & { module: string };

/** How an instance enters a state. */
export interface Move {
  machine: { code: string };
  transition: string;
  to: MachineState;
  firing: Firing;
  /** The run of the steps; null where there were none. */
  runId: string | null;
  calendar: Calendar;
}

/** How a person puts an instance into a state. */
export interface Reset {
  to: MachineState;
  actor: Actor;
  reason: string | null;
  calendar: Calendar;
}

const RESET = 'reset';

/** How a transition under way has failed. */
export interface FailedTransition {
  kind: Exclude<RunEnd['status'], 'succeeded'>;
  failure: InstanceFailure;
}

/** What one transaction does to instances that it has locked: kept as it goes, written at its end by some statements for all. */
export class InstanceChanges {
  private readonly touched = new Set<LockedInstance>();
  private readonly history: TransitionRow[] = [];
  private readonly counts = new Map<string, CountDelta>();
  private readonly deferred: DeferredEvent[] = [];
  private readonly released: LockedInstance[] = [];
  private readonly entered: EnteredState[] = [];

  private soonestMs = Number.POSITIVE_INFINITY;

  constructor(private readonly listenedTo: (manager: EntityManager, events: EnteredState[]) => Promise<EnteredState[]>) {}

  /** How long until the first of the timeouts that it has set, in milliseconds. */
  get nextTimeoutMs(): number {
    return this.soonestMs;
  }

  /** An instance was made, where it begins. */
  created(instance: LockedInstance, machine: { code: string }, firing: Firing): void {
    this.note(instance, { kind: 'created', toState: instance.state, ...told(firing) });
    this.count(instance, 1);
    this.enter(instance, machine, { from: null, transition: null }, firing);
  }

  /** Something was asked of the instance, and nothing came of it. */
  notFired(instance: LockedInstance, firing: Firing, reasons: readonly NotFired[]): void {
    const [only, ...others] = reasons;
    const transition = others.length === 0 ? (only?.transition ?? null) : null;
    this.note(instance, {
      kind: 'not_fired',
      transition,
      fromState: instance.state,
      ...told(firing),
      explanation: reasons as unknown as Json,
    });
  }

  /** The instance enters a state. */
  move(instance: LockedInstance, { machine, transition, to, firing, runId, calendar }: Move): void {
    const { now, state: from } = instance;
    this.note(instance, {
      kind: 'fired',
      transition,
      fromState: from,
      toState: to.code,
      ...told(firing),
      runId,
      timeInStateMs: Math.max(0, now.getTime() - instance.enteredAt.getTime()),
    });
    this.count(instance, -1);
    Object.assign(instance, {
      state: to.code,
      isFinal: to.final === true,
      entry: instance.entry + 1,
      enteredAt: now,
      timeoutAt: timeoutOf(to, now, calendar),
      lastTransition: transition,
      lastTrigger: firing.trigger,
      lastActor: firing.actor,
      lastRunId: runId,
      failure: null,
    });
    this.count(instance, 1);
    this.enter(instance, machine, { from, transition }, firing);
    this.rest(instance);
  }

  /** A person puts the instance into a state: no steps are run, and nobody hears of it; its timeout counts from now. */
  reset(instance: LockedInstance, { to, actor, reason, calendar }: Reset): void {
    const { now, state: fromState } = instance;
    this.note(instance, {
      kind: 'reset',
      fromState,
      toState: to.code,
      trigger: RESET,
      actor,
      explanation: reason === null ? null : { reason },
      timeInStateMs: Math.max(0, now.getTime() - instance.enteredAt.getTime()),
    });
    this.count(instance, -1);
    Object.assign(instance, {
      state: to.code,
      isFinal: to.final === true,
      entry: instance.entry + 1,
      enteredAt: now,
      timeoutAt: timeoutOf(to, now, calendar),
      lastTransition: null,
      lastTrigger: RESET,
      lastActor: actor,
      lastRunId: null,
      failure: null,
    });
    this.count(instance, 1);
    this.rest(instance);
  }

  /** A transition with steps begins: this is the run of its steps. */
  begin(instance: LockedInstance, transition: string, runId: string, firing: Firing): void {
    Object.assign(instance, { transition, runId, firing, failure: null });
    this.touched.add(instance);
  }

  /** The steps of the transition under way failed, or were cancelled. The instance stays where it is. */
  fail(instance: LockedInstance, { kind, failure }: FailedTransition): void {
    const { transition, runId, trigger, actor, eventId, cause, error } = failure;
    this.note(instance, {
      kind,
      transition,
      fromState: instance.state,
      ...told({ trigger, actor, eventId, explanation: error as unknown as Json, cause }),
      runId,
    });
    instance.failure = failure;
    this.rest(instance);
  }

  /** The event is asked again when the transition under way is over. */
  defer(instance: LockedInstance, eventId: string): void {
    this.deferred.push({ workspaceId: instance.workspaceId, instanceId: instance.id, eventId });
    instance.deferred += 1;
    this.touched.add(instance);
  }

  /** The timeout of its state came due while the machine was disabled. */
  missTimeout(instance: LockedInstance): void {
    instance.missedTimeout = instance.entry;
    this.touched.add(instance);
  }

  /** Writes it all. */
  async write(manager: EntityManager): Promise<void> {
    const gone = await routeDeferred(manager, this.released);
    for (const { instanceId, eventId } of gone) {
      const instance = this.released.find(({ id }) => id === instanceId) as LockedInstance;
      this.note(instance, { kind: 'not_fired', fromState: instance.state, eventId, explanation: [EVENT_GONE] as unknown as Json });
    }
    await writeInstances(manager, [...this.touched]);
    await insertHistory(manager, this.history);
    await deferEvents(manager, this.deferred);
    if (this.entered.length > 0) await insertStarts(manager, await this.listenedTo(manager, this.entered));
    await addInstanceCounts(
      manager,
      [...this.counts.values()].filter(({ instances }) => instances !== 0),
    );
  }

  /** Nothing is under way any more, so that what waited for that is asked again. */
  private rest(instance: LockedInstance): void {
    Object.assign(instance, { transition: null, runId: null, firing: null });
    if (instance.deferred > 0) this.released.push(instance);
    instance.deferred = 0;
    this.touched.add(instance);
  }

  /** Notes when its timeout comes, and tells workflows that the instance's record has entered a state, where one listens. */
  private enter(
    { workspaceId, module, recordId, state, timeoutAt, now }: LockedInstance,
    { code: machine }: { code: string },
    how: { from: string | null; transition: string | null },
    { actor, cause }: Firing,
  ): void {
    if (timeoutAt !== null) this.soonestMs = Math.min(this.soonestMs, timeoutAt.getTime() - now.getTime());
    if (module === null) return;
    const trigger = { type: MACHINE_ENTERED, machine, state, ...how };
    this.entered.push(startRow({ workspaceId, module, event: MACHINE_ENTERED, recordId, actor, cause, source: 'machine', trigger }));
  }

  private note(
    { workspaceId, id: instanceId, machineId }: LockedInstance,
    row: Partial<TransitionRow> & Pick<TransitionRow, 'kind'>,
  ): void {
    this.history.push(Object.assign({ workspaceId, instanceId, id: uuidv7(), machineId }, NOTHING, row));
  }

  private count({ workspaceId, machineId, versionId, state }: LockedInstance, instances: 1 | -1): void {
    const key = JSON.stringify([workspaceId, machineId, versionId, state]);
    const delta = this.counts.get(key) ?? { workspaceId, machineId, versionId, state, instances: 0 };
    delta.instances += instances;
    this.counts.set(key, delta);
  }
}

const NOTHING = {
  transition: null,
  fromState: null,
  toState: null,
  trigger: null,
  actor: null,
  eventId: null,
  runId: null,
  explanation: null,
  timeInStateMs: null,
};

const EVENT_GONE: NotFired = {
  transition: null,
  reason: 'event_gone',
  explanation: { rule: 'The event waited for the end of a transition for longer than events are kept.' },
};

function told({ trigger, actor, eventId, explanation }: Firing): Omit<Firing, 'cause'> {
  return { trigger, actor, eventId, explanation };
}

/** Returns when an instance that enters a state now has been there for too long; null: never. */
export function timeoutOf({ timeout }: MachineState, now: Date, calendar: Calendar): Date | null {
  const after = timeout && parseDuration(timeout.after);
  return after ? addDuration(now, after, calendar.timezone, calendar) : null;
}
