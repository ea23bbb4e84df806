import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Cause } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import { beginningBy, type Choice, CREATE, chooseTransition, loopRule, type NotFired } from '../../core/machine/choose.js';
import { type CompiledTransition, runKeyOf } from '../../core/machine/compiled-machine.js';
import type { DecisionContext } from '../../core/start/start.js';
import type { ClaimedEvent } from '../../store/event-claims.js';
import {
  type Firing,
  type InstanceSubject,
  insertInstances,
  type LockedInstance,
  lockInstances,
  lockInstancesOf,
  type NewInstance,
} from '../../store/machines/instances.js';
import { Calendars } from '../calendars.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { type Admission, EntitledStarts } from '../routing/entitled-starts.js';
import { type Candidate, unreadableRun } from '../routing/new-runs.js';
import type { UnstartedRun } from '../running/progress-writer.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import { InstanceChanges, timeoutOf } from './instance-changes.js';
import { isDelivery, noteUnmet } from './machine-deliveries.js';
import { type MachineVersion, MachineVersions } from './machine-versions.js';
import type { MachineInUse } from './machines-in-use.js';
import { StateTimeouts } from './state-timeouts.js';

/** An event, and a machine that hears of it, or that it names. */
export interface AskedMachine {
  event: ClaimedEvent;
  machineId: string;
  /** Null: the machine is disabled. */
  inUse: MachineInUse | null;
  /** What is to be known of the event's record. */
  version: Pick<MachineInUse, 'conditionRelations' | 'conditionComputed' | 'conditionMachines'>;
}

/** What machines make of a batch of events. */
export interface FiredTransitions {
  /** Runs of the steps of transitions that begin. */
  candidates: readonly Candidate[];
  /** The same of versions that this process cannot read. */
  unreadable: readonly UnstartedRun[];
  /** Writes where the instances are now; before the ends of their runs are written. */
  write(): Promise<void>;
  /** Counts what starts for the plans, last. */
  noteStarts(): Promise<void>;
}

/** Of a batch that no machine hears of. */
export const NOTHING_FIRED: FiredTransitions = {
  candidates: [],
  unreadable: [],
  write: async () => undefined,
  noteStarts: async () => undefined,
};

/** Events of one instance that wait for the end of a transition. Who has more of them gets an explanation instead. */
const MOST_DEFERRED = 100;

/** What is kept while a batch is decided. */
interface Batch {
  manager: EntityManager;
  generations: ReadonlyMap<string, string | null>;
  instances: ReadonlyMap<string, LockedInstance>;
  /** Those that were made in this transaction, by whom, and whether that event is asked, too. */
  made: Map<LockedInstance, { by: ClaimedEvent; machine: MachineVersion['machine']; isAsked: boolean }>;
  changes: InstanceChanges;
  candidates: Candidate[];
  unreadable: UnstartedRun[];
  plans: Map<string, Admission>;
}

/** Decides what events mean for the instances of machines, in the transaction that routes them: makes them, moves them, begins their transitions. */
@Injectable()
export class MachineDecider {
  constructor(
    private readonly versions: MachineVersions,
    private readonly active: ActiveWorkflows,
    private readonly calendars: Calendars,
    private readonly entitled: EntitledStarts,
    private readonly timeouts: StateTimeouts,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** Takes the events in their order. Their instances are locked until the transaction ends. */
  async decide(
    manager: EntityManager,
    asked: readonly AskedMachine[],
    generations: ReadonlyMap<string, string | null>,
  ): Promise<FiredTransitions> {
    const changes = new InstanceChanges((of, events) => this.active.listenedTo(of, events, generations));
    const made: Batch['made'] = new Map();
    const instances = await this.instancesOf(manager, asked, made);
    const batch: Batch = { manager, generations, instances, made, changes, candidates: [], unreadable: [], plans: new Map() };
    const unmet: { event: ClaimedEvent; isEnabled: boolean }[] = [];
    for (const one of asked) {
      const instance = batch.instances.get(nameOf(one) ?? '');
      if (instance) await this.ask(batch, one, instance);
      else unmet.push({ event: one.event, isEnabled: one.inUse !== null });
    }
    await noteUnmet(manager, unmet);
    const { candidates, unreadable, plans } = batch;
    return {
      candidates,
      unreadable,
      write: async () => {
        await changes.write(manager);
        this.timeouts.expect(manager, changes.nextTimeoutMs);
      },
      noteStarts: async () => {
        for (const plan of plans.values()) await plan.note();
      },
    };
  }

  /** The instances that the events are about, locked, by {@link nameOf}; makes those that are missing where an event makes one. */
  private async instancesOf(
    manager: EntityManager,
    asked: readonly AskedMachine[],
    made: Batch['made'],
  ): Promise<Map<string, LockedInstance>> {
    const ids = new Map<string, { workspaceId: string; id: string }>();
    const subjects = new Map<string, { workspaceId: string; machineId: string } & InstanceSubject>();
    for (const one of asked) {
      const { event, machineId } = one;
      const { workspaceId, target } = event;
      const subject = subjectOf(one);
      if (target?.instanceId !== undefined) ids.set(target.instanceId, { workspaceId, id: target.instanceId });
      else if (subject !== null) subjects.set(nameOf(one) as string, { workspaceId, machineId, ...subject });
    }
    const instances = new Map<string, LockedInstance>();
    const take = (locked: readonly LockedInstance[]): void => {
      for (const instance of locked) {
        // What one event names by its id and another by its record is one instance.
        const known = instances.get(instance.id) ?? instance;
        instances.set(known.id, known);
        instances.set(nameOfSubject(known), known);
      }
    };
    take(await lockInstancesOf(manager, [...subjects.values()]));
    take(
      await lockInstances(
        manager,
        [...ids.values()].filter(({ id }) => !instances.has(id)),
      ),
    );
    await this.makeMissing(manager, asked, instances, take, made);
    return instances;
  }

  private async makeMissing(
    manager: EntityManager,
    asked: readonly AskedMachine[],
    instances: ReadonlyMap<string, LockedInstance>,
    take: (locked: readonly LockedInstance[]) => void,
    made: Batch['made'],
  ): Promise<void> {
    const missing = new Map<string, { instance: NewInstance; by: ClaimedEvent; machine: MachineVersion['machine']; isAsked: boolean }>();
    for (const one of asked) {
      const { event, machineId, inUse } = one;
      const name = nameOf(one);
      const subject = subjectOf(one);
      if (name === null || subject === null || inUse === null || instances.has(name) || missing.has(name)) continue;
      if (event.target?.instanceId !== undefined || inUse.published?.kind !== 'compiled') continue;
      const { machine } = inUse.published;
      const beginning = beginningBy(machine, event, event.target?.transition ?? null, this.contextOf(event));
      if (beginning === 'none') continue;
      const { workspaceId, claimedAt: enteredAt } = event;
      const { initial } = machine;
      const { module = null, recordId = null, runKey = null } = subject as { module?: string; recordId?: string; runKey?: string };
      const place = { state: initial.code, isFinal: initial.final === true, enteredAt };
      const timeoutAt = timeoutOf(initial, enteredAt, this.calendars.of(workspaceId));
      const instance = { workspaceId, id: uuidv7(), machineId, versionId: inUse.versionId, module, recordId, runKey, ...place, timeoutAt };
      missing.set(name, { instance, by: event, machine: machine.machine, isAsked: beginning === 'created_and_asked' });
    }
    if (missing.size === 0) return;
    const all = [...missing.values()];
    const inserted = await insertInstances(
      manager,
      all.map(({ instance }) => instance),
    );
    for (const { instance, by, machine, isAsked } of all) {
      if (inserted.has(instance.id)) {
        const created = { ...instance, ...FRESH, now: by.claimedAt };
        made.set(created, { by, machine, isAsked });
        take([created]);
      }
    }
    // Somebody else has been faster, and has committed.
    const others = all.filter(({ instance }) => !inserted.has(instance.id)).map(({ instance }) => instance);
    take(await lockInstancesOf(manager, others as (NewInstance & InstanceSubject)[]));
  }

  private async ask(batch: Batch, asked: AskedMachine, instance: LockedInstance): Promise<void> {
    const { event, inUse } = asked;
    const { changes } = batch;
    const made = batch.made.get(instance);
    if (made !== undefined) {
      // What came before it was made is none of its business.
      if (made.by !== event) return;
      batch.made.delete(instance);
      changes.created(instance, made.machine, firingOf(event, 'event', null));
      if (!made.isAsked) return;
    }
    if (event.trigger?.type === CREATE) return;
    const { target } = event;
    const isTimeout = event.trigger?.type === 'timeout';
    const refuse = (...reasons: NotFired[]): void => changes.notFired(instance, firingOf(event, 'event', null), reasons);
    const named = target?.transition ?? null;
    if (event.trigger?.entry !== undefined && target !== null && event.trigger.entry !== instance.entry) {
      return refuse(because(named, 'moved', 'The instance has left the state that this was meant for.'));
    }
    if (inUse === null) {
      if (isTimeout) return changes.missTimeout(instance);
      return refuse(because(named, 'paused', 'The machine is disabled.'));
    }
    if (instance.transition !== null) {
      const rule = `The transition "${instance.transition}" was under way.`;
      // The next one comes by itself.
      if (event.trigger?.type === 'poll') return refuse(because(named, 'transitioning', rule));
      if (instance.deferred >= MOST_DEFERRED && !isTimeout) {
        return refuse(because(named, 'too_many', `${rule} ${MOST_DEFERRED} other events wait for its end already.`));
      }
      return changes.defer(instance, event.id);
    }
    const outcome = (await this.versions.load(batch.manager, [instance])).get(instance.versionId);
    if (outcome?.kind !== 'compiled') {
      return refuse(because(named, 'version_unreadable', outcome?.failure.error.message ?? 'The version of the machine is gone.'));
    }
    const { machine } = outcome;
    const wanted = isTimeout ? (machine.states.get(instance.state)?.timeout?.transition ?? null) : named;
    const { chosen, held, notFired } = chooseTransition(machine, instance.state, event, wanted, this.contextOf(event));
    if (chosen !== null) return this.fire(batch, { event, instance, machine, chosen, held, notFired });
    if (notFired.length > 0) return refuse(...notFired);
    if (isDelivery(event)) refuse(because(null, 'state', `No transition by webhook leaves "${instance.state}".`));
  }

  private async fire(
    batch: Batch,
    {
      event,
      instance,
      machine: version,
      chosen: { definition: transition },
      held,
      notFired,
    }: Omit<Choice, 'chosen'> & { event: ClaimedEvent; instance: LockedInstance; machine: MachineVersion; chosen: CompiledTransition },
  ): Promise<void> {
    const { changes } = batch;
    const { code } = transition;
    const { chainDepth } = this.settings.limits;
    const refuse = (reason: NotFired): void => changes.notFired(instance, firingOf(event, 'event', null), [...notFired, reason]);
    const loop = loopRule(event, version.machine, code, chainDepth);
    if (loop !== null) return refuse(because(code, 'loop', loop));
    const firing = firingOf(event, transition.trigger.type, explanationOf(event, held, notFired));
    const versionId = version.stepsOf[code];
    if (versionId === undefined) {
      const to = version.states.get(transition.to);
      const { machine } = version;
      const calendar = this.calendars.of(instance.workspaceId);
      if (to) changes.move(instance, { machine, transition: code, to, firing, runId: null, calendar });
      return;
    }
    const { workspaceId } = instance;
    const steps = (await this.active.versionsOf(batch.manager, [{ workspaceId, versionId }])).get(versionId);
    if (steps === undefined) return refuse(because(code, 'version_unreadable', 'The steps of the transition are gone.'));
    if (steps.kind === 'unreadable') {
      const run = unreadableRun(event, steps.row);
      batch.unreadable.push(run);
      return changes.begin(instance, code, run.id, { ...firing, cause: causeBehind(event, version.machine, code, run.id) });
    }
    const candidate: Candidate = { runId: uuidv7(), event, version: steps.version, status: 'active' };
    const lack = await this.lackOf(batch, candidate);
    if (lack !== null) return refuse({ transition: code, reason: 'plan', explanation: lack });
    batch.candidates.push(candidate);
    changes.begin(instance, code, candidate.runId, { ...firing, cause: causeBehind(event, version.machine, code, candidate.runId) });
  }

  /** What the workspace's plan does not give; null when it gives the run. */
  private async lackOf(batch: Batch, candidate: Candidate): Promise<Json | null> {
    if (!this.entitled.isOn) return null;
    const { workspaceId } = candidate.event;
    const plan = batch.plans.get(workspaceId) ?? (await this.entitled.open(batch.manager, [candidate], batch.generations));
    batch.plans.set(workspaceId, plan);
    const decision = plan.admit(candidate);
    return decision.kind === 'start' ? null : decision.explanation;
  }

  private contextOf({ workspaceId, claimedAt: now }: ClaimedEvent): DecisionContext {
    const calendar = this.calendars.of(workspaceId);
    return { now, timezone: calendar.timezone, calendar, chainDepth: this.settings.limits.chainDepth };
  }
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

function because(transition: string | null, reason: NotFired['reason'], rule: string): NotFired {
  return { transition, reason, explanation: { rule } };
}

/** What has set something off, as the history shows it: what a start calls itself, else the kind of trigger that heard it. */
function firingOf({ id: eventId, actor, trigger, cause }: ClaimedEvent, heardBy: string, explanation: Json): Firing {
  return { trigger: typeof trigger?.type === 'string' ? trigger.type : heardBy, actor, eventId, explanation, cause };
}

/** The chain behind what follows from the end of a transition's run. */
function causeBehind(
  { cause, module, recordId }: ClaimedEvent,
  machine: MachineVersion['machine'],
  transition: string,
  runId: string,
): Cause {
  const link = { workflowId: machine.id, workflowName: machine.name, module: module ?? '', recordId, transition };
  return { runId, depth: (cause?.depth ?? 0) + 1, path: [...(cause?.path ?? []), link] };
}

/** The comment of whoever fired it, its conditions, and those that were asked before it; null when there is nothing of it. */
function explanationOf({ trigger }: ClaimedEvent, held: Json, notFired: readonly NotFired[]): Json {
  const conditions = held === null ? {} : { conditions: held };
  const comment = typeof trigger?.comment === 'string' ? { comment: trigger.comment } : {};
  const asked = notFired.length === 0 ? {} : { notFired: notFired as unknown as Json };
  const explanation = { ...comment, ...conditions, ...asked };
  return Object.keys(explanation).length === 0 ? null : explanation;
}

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
