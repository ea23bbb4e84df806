import { Inject, Injectable, Logger } from '@nestjs/common';
import { RELEASE_TOO_OLD } from '../store/release.js';
import { within } from '../store/within.js';
import { ENGINE_SETTINGS, type EngineSettings } from './engine-settings.js';
import { isConnectionLoss, sqlState } from './failures.js';
import { FirstTurns } from './first-turns.js';
import { type Routed, Router } from './routing/router.js';
import { RoutingTurns } from './routing/routing-turns.js';
import { Admissions } from './running/admissions.js';
import { Callbacks } from './running/callbacks.js';
import { Deadlocks } from './running/deadlocks.js';
import { LeftSubRuns } from './running/left-sub-runs.js';
import { RunDriver } from './running/run-driver.js';
import { DueLoops } from './timing/due-loops.js';
import { DueRunsQueue } from './timing/due-runs.js';
import { RetentionRounds } from './timing/retention-rounds.js';
import { Timing } from './timing/timing.js';
import { Watch } from './timing/watch.js';
import { WakeUp } from './wake-up.js';
import { WorkSignal } from './work-signal.js';

/** What one {@link AutomationEngine.tick} did. */
export interface Tick {
  /** Events routed. */
  events: number;
  /** Runs claimed and advanced; runs that routing itself advanced are not counted. */
  runs: number;
}

/** Loops of each kind: while one waits for Postgres, the other computes. More only add contention on two cores. */
const LOOPS = 2;
/** Two heartbeats may be missed before a lease runs out. */
const HEARTBEATS_A_LEASE = 3;
/** How soon a workspace that has enough in the queue is looked at again: at 2,500 runs a second 250 of its 1,000 are gone by then. */
const SOON_MS = 100;
/** Most transactions that emit commit at once. */
const LOOK_AGAIN_MS = 110;
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 5_000;
/** How long a stop waits for a database that may not answer, after its grace: to tell it that nobody listens here any more. */
const FAREWELL_MS = 1_000;

/**
 * Keeps routing and running going in this process: loops that work until there is nothing left, then wait for a hint, or for
 * the one loop that looks around. Nothing is kept in memory that is not in the tables: kill it anywhere.
 */
@Injectable()
export class AutomationEngine {
  private readonly logger = new Logger('Automation');
  private readonly events = new WorkSignal();
  private readonly runs = new WorkSignal();
  private readonly due: DueLoops;
  private readonly firstTurns = new FirstTurns();
  private loops: Promise<void>[] = [];
  private readonly rounds = new Set<Promise<void>>();
  /** Loops whose last turn failed, and why. */
  private readonly troubles = new Map<string, string>();
  private stopListening: (() => void) | null = null;
  private endHeartbeats: (() => void) | null = null;
  private endRetention: (() => void) | null = null;
  private stopping = false;

  constructor(
    private readonly router: Router,
    private readonly driver: RunDriver,
    private readonly admissions: Admissions,
    private readonly deadlocks: Deadlocks,
    private readonly leftSubRuns: LeftSubRuns,
    private readonly callbacks: Callbacks,
    private readonly dueRuns: DueRunsQueue,
    private readonly watch: Watch,
    private readonly retention: RetentionRounds,
    private readonly timing: Timing,
    private readonly wakeUp: WakeUp,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {
    this.due = new DueLoops(timing, settings);
  }

  /** Whether the loops of this process turn. */
  get isWorking(): boolean {
    return this.loops.length > 0 && !this.stopping;
  }

  /** What keeps loops from working right now, a sentence each. */
  get trouble(): string[] {
    return [...this.troubles].map(([loop, reason]) => `${loop}: ${reason}`);
  }

  /** Starts the loops, where this process is to work. */
  async start(): Promise<void> {
    this.stopping = false;
    this.driver.open();
    await this.wakeUp.start();
    // Also for hosts that tick themselves: a step may take longer than a lease.
    this.endHeartbeats = this.every(this.settings.leaseMs / HEARTBEATS_A_LEASE, 'heartbeat', () => this.driver.heartbeat());
    if (!this.settings.workerEnabled) return;
    this.stopListening = this.wakeUp.onWork((kind) => {
      if (kind === 'events') this.events.raise();
      if (kind === 'runs') this.runs.raise();
      if (kind === 'queues') this.admissions.expectAny();
      if (kind === 'timing') this.due.hear();
      if (kind === 'expected') this.watch.stir();
      if (kind === 'answers') void this.driver.heartbeat().catch((error: unknown) => this.logger.debug(`answers: ${String(error)}`));
    });
    this.driver.onRoom = () => this.runs.raise();
    this.driver.onWorkDone = () => this.watch.stir();
    const turns = new RoutingTurns(this.router);
    for (let index = 0; index < LOOPS; index += 1) {
      // The others begin when there is enough for them.
      const begins = index === 0 ? 'now' : 'when woken';
      const route = async () => this.untilWoken((await turns.take((routed) => this.heed(routed))).more);
      this.loops.push(this.loop('route', this.events, route, begins));
      this.loops.push(this.loop('run', this.runs, () => this.run(), begins));
    }
    this.loops.push(
      this.loop('queues', this.admissions.signal, async () => {
        await this.admissions.round();
        return null;
      }),
    );
    this.loops.push(this.loop('callbacks', this.callbacks.signal, async () => ((await this.callbacks.round()) > 0 ? 0 : null)));
    this.loops.push(this.loop('watch', this.watch.signal, () => this.lookAround()));
    this.loops.push(this.loop('timing', this.due.signal, () => this.due.look()));
    for (const work of this.due.works) this.loops.push(this.loop(work.name, work.signal, () => work.turn()));
    this.endRetention = this.every(this.settings.retention.intervalMs, 'retention', () => this.retention.roundIfDue(() => this.stopping));
  }

  /** Claims nothing more, waits for what is under way (at most the grace, whatever hangs), gives the rest back. */
  async stop(): Promise<void> {
    const { shutdownGraceMs } = this.settings;
    const stopBy = performance.now() + shutdownGraceMs;
    this.stopping = true;
    this.stopListening?.();
    const workers = [this.admissions, this.callbacks, this.watch, this.due, ...this.due.works];
    for (const signal of [this.events, this.runs, ...workers.map((one) => one.signal)]) signal.raiseAll();
    this.endRetention?.();
    await within(
      shutdownGraceMs,
      Promise.all([...this.loops, ...this.rounds]).then(() => this.callbacks.settled()),
    );
    this.loops = [];
    // What is waited for stays ours meanwhile: a lease may be shorter than the grace, and another worker would call again.
    await this.driver.drain(Math.max(0, stopBy - performance.now()));
    this.endHeartbeats?.();
    await within(FAREWELL_MS, Promise.all(this.rounds));
    await within(FAREWELL_MS, this.wakeUp.stop());
  }

  /**
   * One round: captures starts that are due, routes one batch, queues what is due or whose turn it is, advances one batch of queued runs, waits
   * for their external steps. For tests and for hosts that drive the engine themselves (`worker: { enabled: false }`).
   */
  async tick(): Promise<Tick> {
    const { events, runs } = await this.turn();
    return { events, runs };
  }

  /** Ticks until nothing is due now. Returns the totals. */
  async drain(): Promise<Tick> {
    const total: Tick = { events: 0, runs: 0 };
    for (;;) {
      const { events, runs, more } = await this.turn();
      total.events += events;
      total.runs += runs;
      if (events === 0 && runs === 0 && !more) return total;
    }
  }

  private async turn(): Promise<Tick & { more: boolean }> {
    const { more } = await this.timing.round();
    const { events } = await this.route();
    await this.admissions.round('everywhere');
    await this.deadlocks.look();
    await this.leftSubRuns.look();
    await this.dueRuns.queue(() => this.driver.heldIds);
    const runs = await this.driver.tick();
    await this.driver.settled();
    while ((await this.callbacks.round()) > 0) await this.callbacks.settled();
    return { events, runs, more };
  }

  /** Removes what is past its retention now. */
  async cleanUp(): Promise<void> {
    await this.retention.round();
  }

  private async run(): Promise<number | null> {
    const { claimed, more } = await this.driver.claim();
    if (claimed > 0) this.watch.stir();
    // What is queued is older than what is not routed yet: now there is room for that.
    else if (this.router.patienceMs !== null) this.events.raise();
    return more ? 0 : null;
  }

  private async route(): Promise<Routed> {
    const routed = await this.router.route();
    this.heed(routed);
    return routed;
  }

  /** Wakes whoever has something to do now that this was routed. */
  private heed(routed: Routed): void {
    // There is probably more, for the other loop to begin with.
    if (routed.full) this.events.raise();
    if (routed.queued) this.runs.raise();
    // A hint: the poll finds them too.
    if (routed.waits) setTimeout(() => this.events.raise(), LOOK_AGAIN_MS).unref();
  }

  /** How long a loop waits for its signal: not at all while there is more, else for as long as it takes. */
  private untilWoken(more: boolean): number | null {
    if (!more) return this.router.patienceMs;
    this.watch.stir();
    return 0;
  }

  /** Wakes whoever has something to do. Returns when to look again, in milliseconds. */
  private async lookAround(): Promise<number> {
    if (this.driver.owesRuns) this.watch.stir();
    const { outlook, pauseMs } = await this.watch.look(this.driver.heldIds);
    if (outlook.events) this.events.raise();
    if (outlook.runs || this.driver.owesRuns) this.runs.raise();
    if (outlook.queues) {
      this.admissions.expectUntold();
      await this.lookFor('runs that wait for each other', this.deadlocks);
    }
    if (outlook.callbacks) this.callbacks.signal.raise();
    if (outlook.leftSubRuns) await this.lookFor('sub-runs that were left', this.leftSubRuns);
    if (outlook.nextEndInMs === null || outlook.nextEndInMs > 0) return pauseMs;
    const { queued, more } = await this.dueRuns.queue(() => this.driver.heldIds);
    if (queued) this.runs.raise();
    // The next one may end a moment later.
    if (queued || more === 'now') return 0;
    return more === 'soon' ? Math.min(SOON_MS, pauseMs) : pauseMs;
  }

  /** What is found once in a long while: when the look fails, that is no reason for waits and leases to end later. */
  private async lookFor(name: string, where: { look(): Promise<unknown> }): Promise<void> {
    try {
      await where.look();
      if (this.troubles.delete(name)) this.logger.log(`${name}: going on.`);
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
      if (!this.troubles.has(name)) this.logger.error(`${name}: ${whatStandsInTheWay(error)}`);
      this.troubles.set(name, whatStandsInTheWay(error));
    }
  }

  /** `work` returns how long to wait for a signal before it is called again: 0 for not at all, null for as long as it takes. */
  private async loop(
    name: string,
    signal: WorkSignal,
    work: () => Promise<number | null>,
    begins: 'now' | 'when woken' = 'now',
  ): Promise<void> {
    let pause = 0;
    const turn = async (): Promise<number | null> => {
      if (this.stopping) return 0;
      try {
        const waitMs = await work();
        if (pause > 0) {
          this.logger.log(`${name}: going on.`);
          this.troubles.delete(name);
        }
        pause = 0;
        return waitMs;
      } catch (error) {
        // A lost database is waited for; whatever else it is, the loop must not die of it.
        if (pause === 0) this.logger.error(`${name}: ${whatStandsInTheWay(error)}`);
        this.troubles.set(name, whatStandsInTheWay(error));
        pause = Math.min(Math.max(pause * 2, FIRST_PAUSE_MS), LAST_PAUSE_MS);
        return pause;
      }
    };
    let waitMs = begins === 'now' ? await this.firstTurns.take(turn) : null;
    while (!this.stopping) {
      if (waitMs !== 0) await signal.wait(waitMs);
      waitMs = await turn();
    }
  }

  /** Returns what ends it. */
  private every(ms: number, name: string, work: () => Promise<unknown>): () => void {
    let round: Promise<void> | null = null;
    const timer = setInterval(() => {
      if (round) return;
      const running = work()
        .then(() => undefined)
        .catch((error: unknown) => this.logger.warn(`${name}: ${messageOf(error)}`))
        .finally(() => {
          this.rounds.delete(running);
          round = null;
        });
      round = running;
      this.rounds.add(running);
    }, ms);
    timer.unref();
    return () => clearInterval(timer);
  }
}

function whatStandsInTheWay(error: unknown): string {
  if (sqlState(error) === RELEASE_TOO_OLD) {
    return 'this process runs an older release than the database and claims nothing; deploy the new one here too.';
  }
  return `${isConnectionLoss(error) ? 'the database is away' : 'failed'}, trying again: ${messageOf(error)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
