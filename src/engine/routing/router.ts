import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { knownEvent } from '../../core/record-values.js';
import { admissionOf } from '../../core/start/admission.js';
import { CRM_HOST, type CrmHost } from '../../host/crm-host.js';
import { AutomationDatabase } from '../../store/database.js';
import { type ClaimedEvent, claimTheseEvents, claimUnroutedEvents, findUnroutedEvents, markUnroutable } from '../../store/event-claims.js';
import type { EventRef } from '../../store/event-store.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { isConnectionLoss, isPassing, toLoggedFailure } from '../failures.js';
import { MachineDecider, NOTHING_FIRED } from '../machines/machine-decider.js';
import { Admissions, type QueueNews } from '../running/admissions.js';
import { AdvanceCycle } from '../running/advance-cycle.js';
import type { HeldRun } from '../running/held-run.js';
import { HeldRuns } from '../running/held-runs.js';
import { ProgressWriter, type UnstartedRun } from '../running/progress-writer.js';
import { type AdvancedRun, RunAdvancer } from '../running/run-advancer.js';
import { type EndedRun, RunEndings } from '../running/run-endings.js';
import { advanceTogether } from '../running/shared-advance.js';
import { STEP_SETTINGS, type StepTransaction, stepTransaction } from '../running/step-transaction.js';
import { WorkflowContexts } from '../running/workflow-contexts.js';
import { StalledWorkspaces } from '../stalled-workspaces.js';
import { type ClaimTurn, ClaimTurns, type RoutingTurn } from './claim-turns.js';
import { FloodWatch } from './flood-watch.js';
import { newRun, queuedRun, skippedRun } from './new-runs.js';
import { RoutingPace } from './routing-pace.js';
import { StartDecider } from './start-decider.js';

/** What one routing transaction did. */
export interface Routed {
  /** Events that were routed; 0: there was nothing to do. */
  events: number;
  /** Some runs wait for a worker now. */
  queued: boolean;
  /** Some events wait for the record they tell of: to be looked at again soon. */
  waits: boolean;
  /** Whether to come again at once. */
  more: boolean;
  /** It took as many events as it may: there is probably enough for somebody else too. */
  full: boolean;
  /** Several workspaces have had events lately, and a single one of them has more than its share. */
  flood: boolean;
}

/**
 * What becomes of runs that may be advanced by who routes them: they are, or in a transaction of their own, or by whoever
 * claims them.
 */
type First = 'advance' | 'apart' | 'queue';

/** The only run that a transaction advanced has spoiled it: with nobody beside it, it had no savepoint. */
class SpoiledAlone extends Error {
  override readonly name = 'SpoiledAlone';
}

/** What one routing transaction did, to be gone on with once it has committed. */
interface Routing extends Routed {
  started: AdvancedRun[];
  ended: EndedRun[];
  /** Events that were heard and did not happen. */
  never: ClaimedEvent[];
  /** Where runs wait for their turn now. */
  queues: QueueNews[];
}

const NOTHING: Routed = { events: 0, queued: false, waits: false, more: false, full: false, flood: false };
/**
 * Runs that are advanced in the transaction that routes them; further ones are queued. A batch of events may start many
 * times as many runs, and one transaction must not hold the records of thousands.
 */
const MOST_ADVANCED = 200;
/**
 * Takes starts to runs. One transaction claims a batch of events, has the {@link StartDecider} decide what starts, advances
 * the runs whose first steps are local, and writes all of it together: for most workflows that is the whole run, at a few
 * statements and one commit a batch. When such a transaction fails, its events are routed again without advancing anything,
 * and then one by one, so that one that cannot be routed holds up no other.
 */
@Injectable()
export class Router {
  private readonly logger = new Logger('AutomationRouting');
  private readonly claims: ClaimTurns;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly decider: StartDecider,
    private readonly machines: MachineDecider,
    private readonly advancer: RunAdvancer,
    private readonly writer: ProgressWriter,
    private readonly endings: RunEndings,
    private readonly held: HeldRuns,
    private readonly admissions: Admissions,
    private readonly contexts: WorkflowContexts,
    private readonly cycle: AdvanceCycle,
    private readonly stalled: StalledWorkspaces,
    private readonly floods: FloodWatch,
    private readonly pace: RoutingPace,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {
    this.claims = new ClaimTurns(floods, settings.batchSize);
  }

  /** How long events may wait for room for their runs, in milliseconds; null: none do. */
  get patienceMs(): number | null {
    return this.pace.patienceMs;
  }

  /**
   * Routes one batch of events, and goes on with the runs it started. Beside another turn of this process it stands by for
   * whoever comes, where one workspace has more than others. Throws only when the database is away.
   */
  async route(turn: RoutingTurn = 'at_once'): Promise<Routed> {
    const claiming = this.claims.begin(turn, this.pace, this.stalled.routing.all);
    const route = this.database.isPerWorkspace ? this.routePerWorkspace(claiming) : this.routeTogether(claiming);
    const routed = await route.finally(claiming.release);
    const more = claiming.end(routed);
    const { isCrowded, standsBy } = claiming;
    return { ...routed, more, full: routed.full && !isCrowded, flood: routed.flood && !standsBy && this.claims.isCrowded };
  }

  /** The next events of all workspaces in one transaction. */
  private async routeTogether({ most, turns, limits }: ClaimTurn): Promise<Routed> {
    const claimed: EventRef[] = [];
    const claim = async (manager: EntityManager): Promise<ClaimedEvent[]> => {
      const events = await claimUnroutedEvents(manager, most, turns, limits);
      this.floods.note(events, most, limits.shares);
      claimed.push(...events.map(({ workspaceId, id }) => ({ workspaceId, id })));
      return events;
    };
    const routed = await this.tried(() => this.transaction(claim, 'advance'), claimed);
    return { ...routed, full: claimed.length >= most, flood: isFlood(claimed, most) };
  }

  /**
   * The same events, each workspace's in a transaction of its own. They are not held in between: what another router takes
   * first is his.
   */
  private async routePerWorkspace({ most, turns, limits }: ClaimTurn): Promise<Routed> {
    const groups = await this.database.transaction((manager) => findUnroutedEvents(manager, most, turns, limits));
    this.floods.note(groups.flat(), most, limits.shares);
    const total = { ...NOTHING, full: groups.flat().length >= most, flood: isFlood(groups.flat(), most) };
    for (const group of groups) {
      add(total, await this.tried(() => this.transaction((manager) => claimTheseEvents(manager, group), 'advance'), group));
    }
    return total;
  }

  private async tried(route: () => Promise<Routed>, claimed: readonly EventRef[]): Promise<Routed> {
    try {
      return await route();
    } catch (error) {
      if (isConnectionLoss(error) || claimed.length === 0) throw error;
      return this.routeAgain(claimed, error instanceof SpoiledAlone ? 'apart' : 'queue');
    }
  }

  /** After a failure: without advancing anything, and where that fails too one event at a time. */
  private async routeAgain(events: readonly EventRef[], first: Exclude<First, 'advance'>): Promise<Routed> {
    try {
      return await this.transaction((manager) => claimTheseEvents(manager, events), first);
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
    }
    const total = { ...NOTHING };
    for (const event of events) add(total, await this.routeAlone(event));
    return total;
  }

  /**
   * This very event and no other, whoever has come before it meanwhile. What stands in its way and passes (a lock that
   * somebody holds) is waited for: the event stays unrouted. What does not pass is noted on the event, which is given up.
   */
  private async routeAlone(event: EventRef): Promise<Routed> {
    try {
      return await this.transaction((manager) => claimTheseEvents(manager, [event]), 'queue');
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
      if (isPassing(error)) return NOTHING;
      const failure = toLoggedFailure(error).error;
      await this.database.transaction(async (manager) => {
        const parent = await markUnroutable(manager, event, failure);
        const end = { workspaceId: event.workspaceId, id: null, parent, status: 'failed', reason: failure.code, error: failure };
        await this.endings.tellParents(manager, [end]);
      });
      this.logger.warn(`Event ${event.id} of workspace ${event.workspaceId} cannot be routed and is given up: ${failure.code}.`);
      return { ...NOTHING, events: 1, more: true };
    }
  }

  /** Routes what `claim` claims, commits, and goes on with what was started. */
  private async transaction(claim: (manager: EntityManager) => Promise<ClaimedEvent[]>, first: First): Promise<Routed> {
    const leasedUntil = performance.now() + this.settings.leaseMs;
    const runs: HeldRun[] = [];
    const routing = await this.database
      .transaction((manager) => this.routeIn(manager, claim, first, { runs, leasedUntil }), STEP_SETTINGS.shared, 'with_first_statement')
      .catch((error: unknown) => {
        // The slots that their calls have taken are free again.
        for (const run of runs) run.rolledBack();
        throw error;
      });
    const { started, ended, never, queues, ...routed } = routing;
    for (const { workspaceId, id, module, event, recordId } of never) {
      this.logger.warn(
        `${module}.${event} of ${recordId} was emitted, but not committed: event ${id} of workspace ${workspaceId} is given up.`,
      );
    }
    this.cycle.proceed(started, leasedUntil);
    this.endings.tell(ended);
    this.admissions.expect(queues);
    return routed;
  }

  /**
   * Routes starts in the transaction that has captured them, so that whoever asks for them is answered what has become of them.
   * All is decided and written; runs are left to whoever claims them. Returns what is to be told once it has committed.
   */
  async routeWithin(manager: EntityManager, starts: readonly EventRef[]): Promise<() => void> {
    await manager.query(STEP_SETTINGS.shared);
    const held = { runs: [], leasedUntil: performance.now() };
    const { ended, queues } = await this.routeIn(manager, (of) => claimTheseEvents(of, starts), 'queue', held);
    return () => {
      this.endings.tell(ended);
      this.admissions.expect(queues);
    };
  }

  private async routeIn(
    manager: EntityManager,
    claim: (manager: EntityManager) => Promise<ClaimedEvent[]>,
    first: First,
    { runs, leasedUntil }: { runs: HeldRun[]; leasedUntil: number },
  ): Promise<Routing> {
    const begun = performance.now();
    const claimed = (await claim(manager)).map((event) => knownEvent(this.catalog, event));
    const [oldest] = claimed;
    if (!oldest) return { ...NOTHING, started: [], ended: [], never: [], queues: [] };
    const tx = stepTransaction(manager, 'shared', this.crm, { now: oldest.claimedAt, begun });
    await this.database.enter(manager, oldest.workspaceId);
    const { events, decided, asked, unreadable, gone, waiting, never, generations, noteStarts } = await this.decider.decide(tx, claimed);
    const fired = asked.length === 0 ? NOTHING_FIRED : await this.machines.decide(manager, asked, generations);
    const unstarted: UnstartedRun[] = [...unreadable, ...fired.unreadable];
    for (const candidate of fired.candidates) runs.push(newRun(candidate, tx.now, leasedUntil));
    for (const { candidate, decision } of decided) {
      const { event, version } = candidate;
      const admission = decision.kind === 'start' ? admissionOf(version.definition.settings, event) : null;
      if (decision.kind === 'skip') unstarted.push(skippedRun(candidate, decision, tx.now));
      else if (admission === null) runs.push(newRun(candidate, tx.now, leasedUntil));
      else unstarted.push(queuedRun(candidate, admission));
    }
    const queues = unstarted.filter((run) => run.status === 'queued' && run.admission !== undefined);
    await this.contexts.begin(manager, runs);
    const now = first === 'queue' ? new Set<HeldRun>() : this.advancedNow(runs);
    if (first === 'advance') await this.pace.note(tx, runs, generations);
    const later = runs.filter((run) => !now.has(run)).map((run): AdvancedRun => ({ run, advance: { kind: 'queued' } }));
    const advanced = first === 'apart' ? apart(now) : await this.advance([...now], tx);
    const started = [...advanced, ...later];
    if (asked.length > 0) await fired.write();
    const ended = await this.writer.write(tx, { advanced: started, unstarted, generations });
    // Deleted since the start was captured: there is no run to say so, but somebody may wait for its end.
    await this.endings.tellParents(
      manager,
      gone.map(({ workspaceId, parent }) => ({ workspaceId, id: null, parent, status: 'skipped', reason: 'workflow_gone', error: null })),
    );
    await noteStarts();
    if (asked.length > 0) await fired.noteStarts();
    const queued =
      unstarted.some((run) => run.status === 'queued' && run.admission === undefined) ||
      started.some(({ advance }) => advance.kind === 'queued');
    const routed = { events: events.length + never.length, queued, waits: waiting.size > 0, more: true, full: false, flood: false };
    return { ...routed, started, ended, never, queues };
  }

  /** One run alone has no savepoint, a round trip on the way of every event that comes alone: what spoils it is rare, and has its event routed again. */
  private async advance(runs: readonly HeldRun[], tx: StepTransaction): Promise<AdvancedRun[]> {
    const [only] = runs;
    if (only === undefined || runs.length > 1) return advanceTogether(runs, tx, this.crm, (run) => this.advancer.advance(run, tx));
    try {
      return [{ run: only, advance: await this.advancer.advance(only, tx) }];
    } catch (error) {
      throw isConnectionLoss(error) ? error : new SpoiledAlone('the transaction is spoiled', { cause: error });
    }
  }

  /** The runs to advance at once; see {@link FirstAdvance}. */
  private advancedNow(runs: readonly HeldRun[]): Set<HeldRun> {
    const taken = new Map<string, number>();
    const hasRoom = (workspaceId: string): boolean => {
      const already = taken.get(workspaceId) ?? 0;
      taken.set(workspaceId, already + 1);
      return already < this.held.roomFor(workspaceId);
    };
    const now = runs.filter(
      ({ version, workspaceId }) =>
        !this.stalled.running.has(workspaceId) &&
        (version.firstAdvance === 'by_router' || (version.firstAdvance === 'by_router_with_room' && hasRoom(workspaceId))),
    );
    return new Set(now.slice(0, MOST_ADVANCED));
  }
}

/** Whether a single workspace has filled its share of a claim. */
function isFlood(claimed: readonly EventRef[], most: number): boolean {
  const counts = new Map<string, number>();
  for (const { workspaceId } of claimed) counts.set(workspaceId, (counts.get(workspaceId) ?? 0) + 1);
  const share = Math.floor(most / counts.size);
  return [...counts.values()].filter((count) => count >= share).length === 1;
}

function apart(runs: Iterable<HeldRun>): AdvancedRun[] {
  return [...runs].map((run) => ({ run, advance: { kind: 'own_transaction' } }));
}

function add(total: Routed, routed: Routed): void {
  total.events += routed.events;
  total.queued ||= routed.queued;
  total.waits ||= routed.waits;
  total.more ||= routed.more;
}
