import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Json } from '../../core/json.js';
import { type Choice, CREATE, chooseTransition, loopRule, type NotFired } from '../../core/machine/choose.js';
import type { CompiledTransition } from '../../core/machine/compiled-machine.js';
import type { DecisionContext } from '../../core/start/start.js';
import type { ClaimedEvent } from '../../store/event-claims.js';
import type { LockedInstance } from '../../store/machines/instances.js';
import { Calendars } from '../calendars.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { type Admission, EntitledStarts } from '../routing/entitled-starts.js';
import { type Candidate, unreadableRun } from '../routing/new-runs.js';
import type { UnstartedRun } from '../running/progress-writer.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import { AskedInstances, type AskedMachine } from './asked-instances.js';
import { because, causeBehind, explanationOf, firingOf } from './firings.js';
import { InstanceChanges } from './instance-changes.js';
import { isDelivery, noteUnmet } from './machine-deliveries.js';
import { type MachineVersion, MachineVersions } from './machine-versions.js';
import { StateTimeouts } from './state-timeouts.js';

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
  instances: AskedInstances;
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
    const instances = await AskedInstances.open(manager, asked, {
      contextOf: (event) => this.contextOf(event),
      calendarOf: (workspaceId) => this.calendars.of(workspaceId),
    });
    const batch: Batch = { manager, generations, instances, changes, candidates: [], unreadable: [], plans: new Map() };
    const unmet: { event: ClaimedEvent; isEnabled: boolean }[] = [];
    for (const one of asked) {
      const instance = instances.of(one);
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

  private async ask(batch: Batch, asked: AskedMachine, instance: LockedInstance): Promise<void> {
    const { event, inUse } = asked;
    const { changes, instances } = batch;
    const made = instances.makingOf(instance);
    if (made !== undefined) {
      // What came before it was made is none of its business.
      if (made.by !== event) return;
      instances.begun(instance);
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
