import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { beginningBy } from '../../core/machine/choose.js';
import { runKeyOf } from '../../core/machine/compiled-machine.js';
import type { DecisionContext } from '../../core/start/start.js';
import type { Calendar } from '../../core/time/calendar.js';
import type { ClaimedEvent } from '../../store/event-claims.js';
import {
  type InstanceSubject,
  insertInstances,
  type LockedInstance,
  lockInstances,
  lockInstancesOf,
  type NewInstance,
} from '../../store/machines/instances.js';
import { timeoutOf } from './instance-changes.js';
import type { MachineVersion } from './machine-versions.js';
import type { MachineInUse } from './machines-in-use.js';

/** An event, and a machine that hears of it, or that it names. */
export interface AskedMachine {
  event: ClaimedEvent;
  machineId: string;
  /** Null: the machine is disabled. */
  inUse: MachineInUse | null;
  /** What is to be known of the event's record. */
  version: Pick<MachineInUse, 'conditionRelations' | 'conditionComputed' | 'conditionMachines'>;
}

/** By which event an instance was made in this transaction, and whether that event is asked, too. */
export interface Making {
  by: ClaimedEvent;
  machine: MachineVersion['machine'];
  isAsked: boolean;
}

/** What making an instance depends on beside its event. */
interface Surroundings {
  contextOf(event: ClaimedEvent): DecisionContext;
  calendarOf(workspaceId: string): Calendar;
}

/** The instances that a batch of events is about, locked until the transaction ends. */
export class AskedInstances {
  private readonly instances = new Map<string, LockedInstance>();
  private readonly made = new Map<LockedInstance, Making>();

  private constructor(private readonly manager: EntityManager) {}

  /** Locks them, and makes those that are missing where an event makes one. */
  static async open(manager: EntityManager, asked: readonly AskedMachine[], around: Surroundings): Promise<AskedInstances> {
    const opened = new AskedInstances(manager);
    await opened.lock(asked);
    await opened.makeMissing(asked, around);
    return opened;
  }

  /** The one that an event is about; undefined: there is none. */
  of(asked: AskedMachine): LockedInstance | undefined {
    return this.instances.get(nameOf(asked) ?? '');
  }

  /** How an instance was made in this transaction; undefined: it was there, or its event has been told already. */
  makingOf(instance: LockedInstance): Making | undefined {
    return this.made.get(instance);
  }

  /** The event that has made the instance has been told of it: what follows asks an instance like all others. */
  begun(instance: LockedInstance): void {
    this.made.delete(instance);
  }

  private async lock(asked: readonly AskedMachine[]): Promise<void> {
    const ids = new Map<string, { workspaceId: string; id: string }>();
    const subjects = new Map<string, { workspaceId: string; machineId: string } & InstanceSubject>();
    for (const one of asked) {
      const { event, machineId } = one;
      const { workspaceId, target } = event;
      const subject = subjectOf(one);
      if (target?.instanceId !== undefined) ids.set(target.instanceId, { workspaceId, id: target.instanceId });
      else if (subject !== null) subjects.set(nameOf(one) as string, { workspaceId, machineId, ...subject });
    }
    this.take(await lockInstancesOf(this.manager, [...subjects.values()]));
    const others = [...ids.values()].filter(({ id }) => !this.instances.has(id));
    this.take(await lockInstances(this.manager, others));
  }

  private take(locked: readonly LockedInstance[]): void {
    for (const instance of locked) {
      // What one event names by its id and another by its record is one instance.
      const known = this.instances.get(instance.id) ?? instance;
      this.instances.set(known.id, known);
      this.instances.set(nameOfSubject(known), known);
    }
  }

  private async makeMissing(asked: readonly AskedMachine[], around: Surroundings): Promise<void> {
    const missing = new Map<string, Making & { instance: NewInstance }>();
    for (const one of asked) {
      const name = nameOf(one);
      if (name === null || this.instances.has(name) || missing.has(name)) continue;
      const making = makingBy(one, around);
      if (making !== null) missing.set(name, making);
    }
    if (missing.size === 0) return;
    const all = [...missing.values()];
    const inserted = await insertInstances(
      this.manager,
      all.map(({ instance }) => instance),
    );
    for (const { instance, ...making } of all) {
      if (!inserted.has(instance.id)) continue;
      const created = { ...instance, ...FRESH, now: making.by.claimedAt };
      this.made.set(created, making);
      this.take([created]);
    }
    // Somebody else has been faster, and has committed.
    const others = all.filter(({ instance }) => !inserted.has(instance.id)).map(({ instance }) => instance);
    this.take(await lockInstancesOf(this.manager, others as (NewInstance & InstanceSubject)[]));
  }
}

/** The instance that an event makes of a machine that has none for what it is about; null: it makes none. */
function makingBy(asked: AskedMachine, { contextOf, calendarOf }: Surroundings): (Making & { instance: NewInstance }) | null {
  const { event, machineId, inUse } = asked;
  const subject = subjectOf(asked);
  if (subject === null || inUse === null) return null;
  if (event.target?.instanceId !== undefined || inUse.published?.kind !== 'compiled') return null;
  const { machine } = inUse.published;
  const beginning = beginningBy(machine, event, event.target?.transition ?? null, contextOf(event));
  if (beginning === 'none') return null;
  const { workspaceId, claimedAt: enteredAt } = event;
  const { initial } = machine;
  const { module = null, recordId = null, runKey = null } = subject as { module?: string; recordId?: string; runKey?: string };
  const place = { state: initial.code, isFinal: initial.final === true, enteredAt };
  const timeoutAt = timeoutOf(initial, enteredAt, calendarOf(workspaceId));
  const instance = { workspaceId, id: uuidv7(), machineId, versionId: inUse.versionId, module, recordId, runKey, ...place, timeoutAt };
  return { instance, by: event, machine: machine.machine, isAsked: beginning === 'created_and_asked' };
}

/** What an instance that was just made has not been through yet. */
const FRESH = {
  entry: 1,
  transition: null,
  runId: null,
  firing: null,
  lastTransition: null,
  lastTrigger: null,
  lastActor: null,
  lastRunId: null,
  failure: null,
  deferred: 0,
  missedTimeout: null,
} as const;

/** What an event is about, for this machine; null: nothing that it follows. */
function subjectOf({ event, inUse }: AskedMachine): InstanceSubject | null {
  const { module, recordId } = event;
  const definition = inUse?.published?.kind === 'compiled' ? inUse.published.machine.definition : null;
  if (definition && 'integration' in definition.for) {
    const runKey = event.trigger?.integration === definition.for.integration ? runKeyOf(event) : null;
    return runKey === null ? null : { runKey };
  }
  if (module === null || recordId === null) return null;
  return definition === null || ('module' in definition.for && definition.for.module === module) ? { module, recordId } : null;
}

/** By which name the instance that an event is about is found; null: by none. */
function nameOf(asked: AskedMachine): string | null {
  const { event, machineId } = asked;
  if (event.target?.instanceId !== undefined) return event.target.instanceId;
  const subject = subjectOf(asked);
  return subject && nameOfSubject({ workspaceId: event.workspaceId, machineId, module: null, recordId: null, runKey: null, ...subject });
}

function nameOfSubject({
  workspaceId,
  machineId,
  module,
  recordId,
  runKey,
}: Pick<LockedInstance, 'workspaceId' | 'machineId' | 'module' | 'recordId' | 'runKey'>): string {
  return JSON.stringify([workspaceId, machineId, module, recordId, runKey]);
}
