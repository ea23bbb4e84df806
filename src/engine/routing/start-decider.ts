import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { DomainEvent, StartTarget } from '../../core/event.js';
import { keysOf, meantBy } from '../../core/machine/compiled-machine.js';
import { admitStart, asksForEarlierRuns, type DecisionContext, matchStart, type StartDecision } from '../../core/start/start.js';
import { CRM_HOST, type CrmHost } from '../../host/crm-host.js';
import { shareActiveWorkflows } from '../../store/active-workflows.js';
import { type ClaimedEvent, unclaimEvents } from '../../store/event-claims.js';
import { keyOf, loadEarlierRuns, lockAndLoadEarlierRuns } from '../../store/runs/earlier-runs.js';
import { stillWaiting } from '../../store/runs/left-sub-runs.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { Calendars } from '../calendars.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import type { AskedMachine } from '../machines/asked-instances.js';
import { isDelivery } from '../machines/machine-deliveries.js';
import type { UnstartedRun } from '../running/progress-writer.js';
import type { StepTransaction } from '../running/step-transaction.js';
import { StalledWorkspaces } from '../stalled-workspaces.js';
import { DatedRecords } from '../timing/dated-records.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import type { CompiledVersion } from '../workflows/compiled-version.js';
import { completeRecords } from './complete-records.js';
import { type Admission, EntitledStarts } from './entitled-starts.js';
import { type Candidate, unreadableRun } from './new-runs.js';
import { findSubjects, type Seeker } from './subjects.js';

/** What was decided about a batch of events. */
export interface DecidedStarts {
  /** Those that were decided about; the others are left for later. */
  events: readonly ClaimedEvent[];
  decided: { candidate: Candidate; decision: StartDecision }[];
  /** What machines hear of, in the order of the events. */
  asked: readonly AskedMachine[];
  /** Runs of versions that this process cannot read. */
  unreadable: UnstartedRun[];
  /** Starts of workflows that are gone. */
  gone: DomainEvent[];
  /** Events that were heard and are not to be seen yet. */
  waiting: ReadonlySet<DomainEvent>;
  /** Events that were heard and did not happen. */
  never: ClaimedEvent[];
  /** The active workflows of each workspace that the decisions stand on. */
  generations: Map<string, string | null>;
  /** Counts what starts for the plans. To be called last: other routers of the workspace wait for the row until the transaction ends. */
  noteStarts: () => Promise<void>;
}

/** What would be decided about a start. */
export interface ForeseenStart {
  version: CompiledVersion;
  decision: StartDecision;
}

/** Decides for every workflow that listens to an event, or that a start names, whether a run of it starts. */
@Injectable()
export class StartDecider {
  private readonly logger = new Logger('AutomationRouting');

  constructor(
    private readonly active: ActiveWorkflows,
    private readonly calendars: Calendars,
    private readonly dated: DatedRecords,
    private readonly stalled: StalledWorkspaces,
    private readonly entitled: EntitledStarts,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** Returns what starts and what does not, within the transaction that has claimed the events. */
  async decide(tx: StepTransaction, claimed: readonly ClaimedEvent[]): Promise<DecidedStarts> {
    const { manager, now } = tx;
    await this.calendars.prepare(claimed.map(({ workspaceId }) => workspaceId));
    const generations = await this.shareGenerations(manager, claimed);
    const { candidates, ...rest } = await this.answered(tx, claimed, generations);
    const { decisions, plans } = await this.decisions(manager, candidates, generations, now, lockAndLoadEarlierRuns);
    await this.skipUnawaited(manager, candidates, decisions);
    const decided = candidates.map((candidate, index) => ({ candidate, decision: decisions[index] as StartDecision }));
    return { ...rest, decided, generations, noteStarts: async () => plans?.note() };
  }

  /** Skips sub-runs that were to be waited for, by a step that waits no more: its run was cancelled before they began. */
  private async skipUnawaited(manager: EntityManager, candidates: readonly Candidate[], decisions: StartDecision[]): Promise<void> {
    const parents = candidates.flatMap(({ event: { workspaceId, parent } }) => (parent?.waits ? [{ workspaceId, ...parent }] : []));
    if (parents.length === 0) return;
    const waiting = await stillWaiting(manager, parents);
    for (const [index, { event }] of candidates.entries()) {
      const { parent } = event;
      if (!parent?.waits || decisions[index]?.kind !== 'start' || waiting.has(`${parent.runId}/${parent.path}/${parent.attempt}`)) continue;
      const rule = 'The run that was to wait for it waits no more.';
      decisions[index] = { kind: 'skip', reason: 'parent_over', explanation: { rule, runId: parent.runId } };
    }
  }

  /**
   * Returns what would be decided now about starts that name their workflow, in their order, and writes nothing; null of
   * those about which nothing can be said: the CRM does not answer, the workflow is gone, or this process cannot read it.
   */
  async foresee(manager: EntityManager, starts: readonly ClaimedEvent[], now: Date): Promise<(ForeseenStart | null)[]> {
    await this.calendars.prepare(starts.map(({ workspaceId }) => workspaceId));
    const generations = await this.shareGenerations(manager, starts);
    const { candidates } = await this.candidates(manager, starts, generations);
    const { payloadBytes } = this.settings.limits;
    const { unanswered } = await completeRecords({ manager, crm: this.crm, catalog: this.catalog, payloadBytes }, candidates, []);
    const { decisions } = await this.decisions(manager, candidates, generations, now, loadEarlierRuns);
    const foreseen = new Map(
      candidates.map(({ event, version }, index) => [event, { version, decision: decisions[index] as StartDecision }]),
    );
    return starts.map((start) => (unanswered.has(start) ? null : (foreseen.get(start) ?? null)));
  }

  /** The workflows that listen to an event now, and would be asked about it. */
  async listenersTo(manager: EntityManager, { workspaceId, module, event }: DomainEvent): Promise<string[]> {
    const generation = (await shareActiveWorkflows(manager, [workspaceId])).get(workspaceId) ?? null;
    const listeners = await this.active.listeners(manager, workspaceId, generation);
    return listeners(module, event).map((one) => (one.kind === 'compiled' ? one.version.workflow.id : one.row.workflowId));
  }

  /** Every workspace of the batch, null where nothing was ever published. Pause and publish wait from here on. */
  private async shareGenerations(manager: EntityManager, events: readonly ClaimedEvent[]): Promise<Map<string, string | null>> {
    const generations = new Map<string, string | null>();
    const changing = new Set<string>();
    for (const { workspaceId, sharing } of events) {
      if (sharing === null) changing.add(workspaceId);
      else generations.set(workspaceId, sharing.generation);
    }
    if (changing.size === 0) return generations;
    const read = await shareActiveWorkflows(manager, [...changing]);
    for (const workspaceId of changing) generations.set(workspaceId, read.get(workspaceId) ?? null);
    return generations;
  }

  /**
   * Finds the candidates of the events, with all that their conditions need. Leaves out events about which the CRM did not
   * answer and those that were heard and are not to be seen yet, for later; and for good those that did not happen.
   */
  private async answered(tx: StepTransaction, claimed: readonly ClaimedEvent[], generations: ReadonlyMap<string, string | null>) {
    const { manager } = tx;
    const found = await this.candidates(manager, claimed, generations);
    const { payloadBytes } = this.settings.limits;
    const context = { manager, crm: this.crm, catalog: this.catalog, payloadBytes };
    const heard = claimed.filter((event) => event.heard !== null);
    // Whom nobody listens to, but a date or a release that this one cannot read.
    const others = heard.length === 0 ? [] : await this.followedOtherwise(manager, heard, found.unreadable, generations);
    const timezoneOf = (workspaceId: string): string => this.calendars.of(workspaceId).timezone;
    const unfound = await findSubjects(
      tx,
      this.crm,
      [...found.candidates, ...found.asked.filter(({ event }) => isDelivery(event)).map(seekerOf)],
      timezoneOf,
    );
    const { unanswered, waiting, never } = await completeRecords(
      context,
      [...found.candidates, ...found.asked.filter(wantsRecord)],
      others,
    );
    for (const event of unfound) unanswered.add(event);
    const undecided = new Set([...unanswered, ...waiting, ...never]);
    const unfollowed = await this.dated.follow(
      manager,
      claimed.filter((event) => !undecided.has(event)),
      generations,
    );
    for (const event of unfollowed) for (const left of [unanswered, undecided]) left.add(event);
    if (undecided.size === 0) return { ...found, events: claimed, waiting, never: [] };
    await unclaimEvents(manager, [...unanswered]);
    for (const workspaceId of new Set([...unanswered].map((event) => event.workspaceId))) {
      this.stalled.routing.add(workspaceId);
      this.logger.warn(`Workspace ${workspaceId}: the CRM does not answer; its events wait.`);
    }
    const events = claimed.filter((event) => !undecided.has(event));
    return { ...(await this.candidates(manager, events, generations)), events, waiting, never: [...never] };
  }

  /** Of events that were heard those that matter to somebody besides the candidates: they, too, must have happened. */
  private async followedOtherwise(
    manager: EntityManager,
    heard: readonly ClaimedEvent[],
    unreadable: readonly UnstartedRun[],
    generations: ReadonlyMap<string, string | null>,
  ): Promise<ClaimedEvent[]> {
    const followed = await this.dated.followed(manager, heard, generations);
    return heard.filter((event) => followed.has(event) || unreadable.some(({ eventId }) => eventId === event.id));
  }

  /** The workflows that may start: those that listen to an event, or the one that a start names; and the machines that hear of it. */
  private async candidates(
    manager: EntityManager,
    events: readonly ClaimedEvent[],
    generations: ReadonlyMap<string, string | null>,
  ): Promise<{ candidates: Candidate[]; asked: AskedMachine[]; unreadable: UnstartedRun[]; gone: DomainEvent[] }> {
    const candidates: Candidate[] = [];
    const asked: AskedMachine[] = [];
    const unreadable: UnstartedRun[] = [];
    const gone: DomainEvent[] = [];
    const named: (ClaimedEvent & { target: StartTarget })[] = [];
    for (const event of events) {
      if (!isNamed(event)) continue;
      const { byId } = await this.active.machines(manager, event.workspaceId, generations.get(event.workspaceId) ?? null);
      const machine = byId.get(event.target.workflowId);
      // Mostly it is in use, and nobody has to be asked what it is.
      if (machine === undefined) named.push(event);
      else asked.push({ event, machineId: machine.id, inUse: machine, version: machine });
    }
    const targets = await this.active.targets(
      manager,
      named.map(({ workspaceId, target }) => ({ workspaceId, ...target })),
    );
    for (const [index, event] of named.entries()) {
      const target = targets[index];
      if (target?.kind === 'machine') asked.push({ event, machineId: event.target.workflowId, inUse: null, version: DISABLED });
      else if (!target?.version) gone.push(event);
      else if (target.version.kind === 'compiled')
        candidates.push({ runId: uuidv7(), event, version: target.version.version, status: target.status });
      else unreadable.push(unreadableRun(event, target.version.row));
    }
    for (const event of events) {
      if (event.target !== null) continue;
      const listeners = await this.active.listeners(manager, event.workspaceId, generations.get(event.workspaceId) ?? null);
      for (const outcome of listeners(event.module, event.event)) {
        if (outcome.kind === 'compiled') candidates.push({ runId: uuidv7(), event, version: outcome.version, status: 'active' });
        else unreadable.push(unreadableRun(event, outcome.row));
      }
      const { byKey } = await this.active.machines(manager, event.workspaceId, generations.get(event.workspaceId) ?? null);
      if (byKey.size === 0) continue;
      const meant = meantBy(event);
      for (const machine of new Set(keysOf(event).flatMap((key) => byKey.get(key) ?? []))) {
        if (meant === null || machine.code === meant) asked.push({ event, machineId: machine.id, inUse: machine, version: machine });
      }
    }
    // Starts that name a machine come among the events that it hears.
    if (asked.length > 1) asked.sort((one, other) => (one.event.id < other.event.id ? -1 : 1));
    return { candidates, asked, unreadable, gone };
  }

  private async decisions(
    manager: EntityManager,
    candidates: readonly Candidate[],
    generations: ReadonlyMap<string, string | null>,
    now: Date,
    loadEarlier: typeof loadEarlierRuns,
  ): Promise<{ decisions: StartDecision[]; plans: Admission | null }> {
    const { chainDepth } = this.settings.limits;
    const contextOf = ({ workspaceId }: DomainEvent): DecisionContext => {
      const calendar = this.calendars.of(workspaceId);
      return { now, timezone: calendar.timezone, calendar, chainDepth };
    };
    const decisions = candidates.map(({ event, version, status }) => matchStart(event, version, status, contextOf(event)));
    const asking = candidates.filter(
      ({ event, version }, index) => decisions[index]?.kind === 'start' && asksForEarlierRuns(event, version),
    );
    const starting = (_: Candidate, index: number): boolean => decisions[index]?.kind === 'start';
    const plans = this.entitled.isOn ? await this.entitled.open(manager, candidates.filter(starting), generations) : null;
    const earlier = await loadEarlier(manager, asking.map(onRecord));
    for (const [index, candidate] of candidates.entries()) {
      if (decisions[index]?.kind !== 'start') continue;
      const asks = asksForEarlierRuns(candidate.event, candidate.version);
      const key = asks ? keyOf(onRecord(candidate)) : '';
      const admitted = admitStart(candidate.event, candidate.version, asks ? (earlier.get(key) ?? null) : null, contextOf(candidate.event));
      const decision = plans !== null && admitted.kind === 'start' ? plans.admit(candidate) : admitted;
      decisions[index] = decision;
      // The next event of this very batch meets the run that this one starts.
      if (asks && decision.kind === 'start') {
        const run = { id: candidate.runId, createdAt: now };
        earlier.set(key, { active: run, newest: run, newestFailed: earlier.get(key)?.newestFailed ?? null });
      }
    }
    return { decisions, plans };
  }
}

/** Of a disabled machine nothing is to be known of the record. */
const DISABLED: AskedMachine['version'] = { conditionRelations: [], conditionComputed: [], conditionMachines: [] };

function isNamed<Event extends DomainEvent>(event: Event): event is Event & { target: StartTarget } {
  return event.target !== null;
}

/** A machine creates no record, so it looks for one also while it is disabled: whose instance it is, its history says. */
function seekerOf({ event, machineId, inUse }: AskedMachine): Seeker {
  return { event, status: 'active', version: { workflow: { id: machineId, name: inUse?.code ?? '' } } };
}

/** Whether a machine looks at the event's record, or the event is to be held against it. */
function wantsRecord({ event, inUse }: AskedMachine): boolean {
  return event.heard !== null || inUse?.hasConditions === true;
}

function onRecord({ event, version }: Candidate) {
  return {
    workspaceId: event.workspaceId,
    workflowId: version.workflow.id,
    module: event.module ?? '',
    recordId: event.recordId ?? '',
  };
}
