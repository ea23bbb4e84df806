import { Logger } from '@nestjs/common';
import type { EngineSettings } from './engine-settings.js';
import { isConnectionLoss } from './failures.js';
import type { EventRouter, Routed } from './routing/event-router.js';
import type { RunWorker } from './running/run-worker.js';
import type { Scheduler } from './timing/retention.js';
import type { WakeUp } from './wake-up.js';
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
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 5_000;

/**
 * Keeps routing and running going in this process: loops that work until there is nothing left, then wait for a hint or
 * the next poll. Nothing is kept in memory that is not in the tables: kill it anywhere.
 */
export class AutomationEngine {
  private readonly logger = new Logger('Automation');
  private readonly events = new WorkSignal();
  private readonly runs = new WorkSignal();
  private loops: Promise<void>[] = [];
  private timers: NodeJS.Timeout[] = [];
  private readonly rounds = new Set<Promise<void>>();
  private stopListening: (() => void) | null = null;
  private stopping = false;

  constructor(
    private readonly router: EventRouter,
    private readonly worker: RunWorker,
    private readonly scheduler: Scheduler,
    private readonly wakeUp: WakeUp,
    private readonly settings: EngineSettings,
  ) {}

  /** Starts the loops, where this process is to work. */
  async start(): Promise<void> {
    this.stopping = false;
    await this.wakeUp.start();
    // Also for hosts that tick themselves: a step may take longer than a lease.
    this.every(this.settings.leaseMs / HEARTBEATS_A_LEASE, 'heartbeat', () => this.worker.heartbeat());
    if (!this.settings.workerEnabled) return;
    this.stopListening = this.wakeUp.onWork((kind) => this[kind].raise());
    this.worker.onRoom = () => this.runs.raise();
    for (let index = 0; index < LOOPS; index += 1) {
      this.loops.push(this.loop('route', this.events, async () => (await this.route()).more));
      this.loops.push(this.loop('run', this.runs, async () => (await this.worker.tick()) > 0));
    }
    this.every(this.settings.retention.intervalMs, 'retention', () => this.scheduler.round(() => this.stopping));
  }

  /** Claims nothing more, waits for what is under way (bounded), gives the rest back. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.stopListening?.();
    this.events.raiseAll();
    this.runs.raiseAll();
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
    await Promise.all([...this.loops, ...this.rounds]);
    this.loops = [];
    await this.worker.drain(this.settings.shutdownGraceMs);
    await this.wakeUp.stop();
  }

  /**
   * One round: routes one batch, advances one batch of due runs, waits for their external steps. For tests and for hosts
   * that drive the engine themselves (`worker: { enabled: false }`).
   */
  async tick(): Promise<Tick> {
    const { events } = await this.route();
    const runs = await this.worker.tick();
    await this.worker.settled();
    return { events, runs };
  }

  /** Ticks until nothing is due now. Answers the totals. */
  async drain(): Promise<Tick> {
    const total: Tick = { events: 0, runs: 0 };
    for (;;) {
      const { events, runs } = await this.tick();
      total.events += events;
      total.runs += runs;
      if (events === 0 && runs === 0) return total;
    }
  }

  /** Removes what is past its retention now. */
  async cleanUp(): Promise<void> {
    await this.scheduler.round();
  }

  private async route(): Promise<Routed> {
    const routed = await this.router.route();
    const { started, queued, full } = routed;
    this.worker.adopt(started);
    // There is probably more, for the other loop to begin with.
    if (full) this.events.raise();
    if (queued) this.runs.raise();
    return routed;
  }

  private async loop(name: string, signal: WorkSignal, work: () => Promise<boolean>): Promise<void> {
    let pause = 0;
    while (!this.stopping) {
      try {
        const more = await work();
        if (pause > 0) this.logger.log(`${name}: the database is back.`);
        pause = 0;
        if (!more && !this.stopping) await signal.wait(this.settings.pollIntervalMs);
      } catch (error) {
        // A lost database is waited for; whatever else it is, the loop must not die of it.
        if (pause === 0) {
          const what = isConnectionLoss(error) ? 'the database is away, trying again' : 'failed, trying again';
          this.logger.error(`${name}: ${what}: ${error instanceof Error ? error.message : String(error)}`);
        }
        pause = Math.min(Math.max(pause * 2, FIRST_PAUSE_MS), LAST_PAUSE_MS);
        if (!this.stopping) await signal.wait(pause);
      }
    }
  }

  private every(ms: number, name: string, work: () => Promise<unknown>): void {
    let round: Promise<void> | null = null;
    const timer = setInterval(() => {
      if (round) return;
      const running = work()
        .then(() => undefined)
        .catch((error: unknown) => this.logger.warn(`${name}: ${error instanceof Error ? error.message : String(error)}`))
        .finally(() => {
          this.rounds.delete(running);
          round = null;
        });
      round = running;
      this.rounds.add(running);
    }, ms);
    timer.unref();
    this.timers.push(timer);
  }
}
