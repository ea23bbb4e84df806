import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import type { DomainEvent, RecordData } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import { addDuration, parseDuration } from '../../core/time/duration.js';
import type { CrmHost } from '../../host/crm-host.js';
import type { AutomationDatabase } from '../../store/database.js';
import { claimUnroutedEvent, claimUnroutedEvents, type EventRef, markUnroutable } from '../../store/event-store.js';
import { type EarlierRun, lockAndLoadEarlierRuns } from '../../store/run-store.js';
import { Turns } from '../../store/turns.js';
import type { EngineSettings } from '../engine-settings.js';
import { isConnectionLoss, isPassing, toLoggedFailure } from '../failures.js';
import { type AdvancedRun, type RunRecorder, type UnstartedRun } from '../running/run-recorder.js';
import type { Advance, RunState } from '../running/run-state.js';
import type { StepRunner } from '../running/step-runner.js';
import { advanceAll, openStepTransaction } from '../running/step-transaction.js';
import type { ActiveWorkflows } from './active-workflows.js';
import type { CompiledVersion } from './compiled-version.js';
import { type Candidate, type Decision, newRun, skippedRun, unreadableRun } from './new-runs.js';

/** What one routing transaction did. */
export interface Routed {
  /** Events that were routed; 0: there was nothing to do. */
  events: number;
  /** Runs that were started, as far as this transaction took them. */
  started: AdvancedRun[];
  /** Some runs wait for a worker now. */
  queued: boolean;
  /** Whether to come again at once. */
  more: boolean;
  /** It took as many events as it may: there is probably enough for somebody else too. */
  full: boolean;
}

/**
 * Runs that are advanced in the transaction that routes them; further ones are queued. A batch of events may start many
 * times as many runs, and one transaction must not hold the records of thousands.
 */
const MOST_INLINE = 200;
/**
 * While several workspaces have events, each waits for the end of the others' transactions: beside a flood, with 100 events
 * in each, seven times as long as alone (p95, two workers on two cores). So transactions are short then, and one loop does
 * not take part in the flood but stands by for whoever comes: a few events at a time, and only when several have some.
 */
const CROWDED_BATCH = 12;
const STANDBY_BATCH = 2;

/**
 * Takes events to runs. One transaction claims a batch of events, decides for every workflow that listens, executes the
 * local steps at the head of the runs it starts, and writes all of it together: for most workflows that is the whole
 * run, at a few statements and one commit a batch. When such a transaction fails, its events are routed again without
 * executing anything: the runs are queued and each is advanced on its own.
 */
export class EventRouter {
  /** Events whose transaction failed here; only a hint, the next attempt elsewhere finds out for itself. */
  private readonly careful = new Set<string>();
  private readonly turns = new Turns();
  /** Transactions under way. */
  private routing = 0;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly active: ActiveWorkflows,
    private readonly crm: CrmHost,
    private readonly runner: StepRunner,
    private readonly settings: EngineSettings,
    private readonly recorder: RunRecorder,
    /** How many runs of a workspace this process can take on, to perform external steps or advance them in transactions of their own. */
    private readonly roomFor: (workspaceId: string) => number,
  ) {}

  /** Routes one batch of events. Throws only when the database is away. */
  async route(): Promise<Routed> {
    const { isCrowded } = this.turns;
    const standsBy = isCrowded && this.routing > 0;
    const most = Math.min(this.settings.batchSize, standsBy ? STANDBY_BATCH : isCrowded ? CROWDED_BATCH : Number.POSITIVE_INFINITY);
    const claimed: EventRef[] = [];
    this.routing += 1;
    try {
      const routed = await this.database.transaction((manager) => this.routeIn(manager, most, claimed));
      for (const { id } of claimed) this.careful.delete(id);
      const more = routed.events > 0 && (!standsBy || this.turns.isShared);
      return { ...routed, more, full: claimed.length >= most && !isCrowded };
    } catch (error) {
      if (isConnectionLoss(error) || claimed.length === 0) throw error;
      return this.routeCarefully(claimed);
    } finally {
      this.routing -= 1;
    }
  }

  /** After a failure: first without executing steps, then one event at a time. */
  private async routeCarefully(events: readonly EventRef[]): Promise<Routed> {
    const known = events.every(({ id }) => this.careful.has(id));
    for (const { id } of events) this.careful.add(id);
    if (!known) return { events: events.length, started: [], queued: false, more: true, full: false };
    const total: Routed = { events: 0, started: [], queued: false, more: false, full: false };
    for (const event of events) {
      const routed = await this.routeAlone(event);
      total.events += routed.events;
      total.more ||= routed.events > 0;
      total.started.push(...routed.started);
      total.queued ||= routed.queued;
    }
    return total;
  }

  /**
   * This very event and no other, whoever has come before it meanwhile. What stands in its way and passes (a lock that
   * somebody holds) is waited for: the event stays unrouted. What does not pass is noted on the event, which is given up.
   */
  private async routeAlone(event: EventRef): Promise<Routed> {
    try {
      const routed = await this.database.transaction((manager) => this.routeIn(manager, event));
      this.careful.delete(event.id);
      return routed;
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
      if (isPassing(error)) return { events: 0, started: [], queued: false, more: false, full: false };
      await this.database.transaction((manager) => markUnroutable(manager, event, toLoggedFailure(error).error));
      this.careful.delete(event.id);
      return { events: 1, started: [], queued: false, more: true, full: false };
    }
  }

  /** `refs` hears which events it is about, before anything can fail because of them. */
  private async routeIn(manager: EntityManager, wanted: number | EventRef, refs: EventRef[] = []): Promise<Routed> {
    const tx = await openStepTransaction(manager, 'shared', this.crm);
    const claimed =
      typeof wanted === 'number' ? await claimUnroutedEvents(manager, wanted, this.turns) : await claimUnroutedEvent(manager, wanted);
    if (claimed.length === 0) return { events: 0, started: [], queued: false, more: false, full: false };
    refs.push(...claimed.map(({ event: { workspaceId, id } }) => ({ workspaceId, id })));
    const candidates: Candidate[] = [];
    const unstarted: UnstartedRun[] = [];
    for (const { event, generation } of claimed) {
      const listeners = await this.active.listeners(manager, event.workspaceId, generation);
      for (const outcome of listeners(event.module, event.event)) {
        if (outcome.kind === 'compiled') candidates.push({ event, version: outcome.version });
        else unstarted.push(unreadableRun(event, outcome.row));
      }
    }
    await this.completeRecords(manager, candidates);
    const decisions = candidates.map((candidate) => this.decide(candidate, tx.now));
    await this.applyReentry(manager, candidates, decisions, tx.now);
    const runs: RunState[] = [];
    for (const [index, candidate] of candidates.entries()) {
      const decision = decisions[index] as Decision;
      if (decision.kind === 'skip') unstarted.push(skippedRun(candidate, decision, tx.now));
      else runs.push(newRun(candidate, tx.now));
    }
    const careful = refs.some(({ id }) => this.careful.has(id));
    const inline = new Set(careful ? [] : this.inlineOf(runs));
    const started = await advanceAll(
      runs,
      async (run): Promise<Advance> => (inline.has(run) ? this.runner.advance(run, tx) : { kind: 'queued' }),
    );
    const generations = new Map(claimed.map(({ event: { workspaceId }, generation }) => [workspaceId, generation]));
    await this.recorder.record(manager, { advanced: started, unstarted, events: tx.unit.takeEvents(), generations }, tx.now);
    return {
      events: claimed.length,
      more: true,
      full: false,
      started,
      queued: unstarted.some(({ status }) => status === 'queued') || started.some(({ advance }) => advance.kind === 'queued'),
    };
  }

  /** The runs to advance at once; see `Beginning`. */
  private inlineOf(runs: readonly RunState[]): RunState[] {
    const taken = new Map<string, number>();
    const hasRoom = (workspaceId: string): boolean => {
      const already = taken.get(workspaceId) ?? 0;
      taken.set(workspaceId, already + 1);
      return already < this.roomFor(workspaceId);
    };
    const may = { inside: () => true, with_room: hasRoom, queued: () => false };
    return runs.filter(({ version, workspaceId }) => may[version.begins](workspaceId)).slice(0, MOST_INLINE);
  }

  /**
   * Loads what conditions need beyond the event: records that were published by id alone, and related records. Without
   * locks: most events start nothing, and the CRM's writers must not wait for those.
   */
  private async completeRecords(manager: EntityManager, candidates: readonly Candidate[]): Promise<void> {
    const wanted = new Map<
      string,
      { workspaceId: string; module: string; ids: Set<string>; relations: Set<string>; events: Set<DomainEvent> }
    >();
    for (const { event, version } of candidates) {
      if (event.recordId === null || (event.record !== null && version.conditionRelations.length === 0)) continue;
      const { workspaceId, module } = event;
      const key = `${workspaceId}/${module}`;
      const group = wanted.get(key) ?? { workspaceId, module, ids: new Set(), relations: new Set(), events: new Set() };
      wanted.set(key, group);
      group.ids.add(event.recordId);
      group.events.add(event);
      for (const relation of version.conditionRelations) group.relations.add(relation);
    }
    for (const { workspaceId, module, ids, relations, events } of wanted.values()) {
      const names = [...relations];
      const found = await this.crm.findRecords({ manager, workspaceId }, module, [...ids], { lock: false, relations: names });
      for (const event of events) {
        const current = found.get(event.recordId as string);
        if (current) event.record = withRelations(event.record, current, names);
      }
    }
  }

  /** The trigger is asked first: an event that it does not mean is no loop. */
  private decide({ event, version }: Candidate, now: Date): Decision {
    const matched = version.trigger.explain(event);
    if (!matched.matched) return { kind: 'skip', reason: 'trigger', explanation: { rule: matched.reason ?? 'the trigger does not match' } };
    const link = event.cause?.path.find(
      (cause) => cause.workflowId === version.workflow.id && cause.module === event.module && cause.recordId === event.recordId,
    );
    const depth = event.cause?.depth ?? 0;
    const deepest = this.settings.limits.chainDepth;
    if (link !== undefined || depth >= deepest) {
      const rule = link ? 'this workflow is already in the chain for this record' : `a chain ends at ${deepest} runs`;
      return { kind: 'skip', reason: 'loop', explanation: { rule, depth, path: (event.cause?.path ?? []) as unknown as Json } };
    }
    if (version.conditions === null) return { kind: 'start' };
    const subject = {
      record: event.record,
      previous: event.previous,
      changes: event.changes ?? {},
      trigger: {},
      context: {},
      steps: {},
      actor: event.actor,
      now,
      timezone: this.settings.timezone,
    };
    if (version.conditions.test(subject)) return { kind: 'start' };
    return { kind: 'skip', reason: 'conditions', explanation: version.conditions.explain(subject) as unknown as Json };
  }

  private async applyReentry(manager: EntityManager, candidates: readonly Candidate[], decisions: Decision[], now: Date): Promise<void> {
    const limited = candidates
      .map((candidate, index) => ({ ...candidate, index }))
      .filter(
        ({ event, version, index }) =>
          version.definition.settings.reentry !== 'always' && decisions[index]?.kind === 'start' && event.recordId !== null,
      );
    if (limited.length === 0) return;
    const keyOf = (workflowId: string, module: string, recordId: string | null) => `${workflowId}/${module}/${recordId}`;
    const earlier = new Map(
      (
        await lockAndLoadEarlierRuns(
          manager,
          limited.map(({ event, version }) => ({
            workspaceId: event.workspaceId,
            workflowId: version.workflow.id,
            module: event.module,
            recordId: event.recordId as string,
          })),
        )
      ).map((run) => [keyOf(run.workflowId, run.module, run.recordId), run]),
    );
    for (const { event, version, index } of limited) {
      const key = keyOf(version.workflow.id, event.module, event.recordId);
      const before = earlier.get(key);
      const rule = before && reentryRule(version, before, now);
      if (rule) {
        decisions[index] = { kind: 'skip', reason: 'reentry', explanation: { rule, lastRunAt: before.createdAt.toISOString() } };
      } else {
        // The next event of this very batch meets the run that this one starts.
        earlier.set(key, {
          workflowId: version.workflow.id,
          module: event.module,
          recordId: event.recordId as string,
          active: true,
          createdAt: now,
        });
      }
    }
  }
}

function reentryRule(version: CompiledVersion, before: EarlierRun, now: Date): string | null {
  const { reentry } = version.definition.settings;
  if (reentry === 'always') return null;
  if (reentry === 'not_while_active') return before.active ? 'a run on this record is still active' : null;
  if (reentry === 'once_per_record') return 'the workflow runs once per record';
  const period = parseDuration(reentry.oncePer);
  if (period === null) throw new AutomationError('definition_invalid', `settings.reentry.oncePer '${reentry.oncePer}' is not a duration.`);
  return addDuration(before.createdAt, period) > now ? `the workflow runs once per ${reentry.oncePer} and record` : null;
}

/** The event's own values win: conditions are about the moment of the event. Only what it lacks is taken from the present. */
function withRelations(snapshot: RecordData | null, current: RecordData, relations: readonly string[]): RecordData {
  if (snapshot === null) return current;
  const related = Object.fromEntries(relations.map((name) => [name, current[name]] as const));
  return { ...related, ...snapshot };
}
