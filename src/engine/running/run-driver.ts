import { Inject, Injectable } from '@nestjs/common';
import { AutomationDatabase } from '../../store/database.js';
import { claimRuns } from '../../store/runs/claim.js';
import { extendLeases } from '../../store/runs/progress.js';
import type { ClaimedRun } from '../../store/runs/run.js';
import { Turns } from '../../store/turns.js';
import { within } from '../../store/within.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { AdvanceCycle } from './advance-cycle.js';
import { ExternalSlots } from './external-slots.js';
import { HeldRuns } from './held-runs.js';
import { RunLoader } from './run-loader.js';
import { RunReturns } from './run-returns.js';
import { RunTasks } from './run-tasks.js';

/** How long a stop waits, after its grace, for the database to take back what is left. */
const GIVE_BACK_MS = 2_000;

/**
 * Drives the runs that this process holds: claims queued ones and has them advanced, keeps their leases, hears of what came
 * in from outside, and gives them back when the process stops.
 */
@Injectable()
export class RunDriver {
  private readonly turns = new Turns();

  constructor(
    private readonly database: AutomationDatabase,
    private readonly loader: RunLoader,
    private readonly held: HeldRuns,
    private readonly cycle: AdvanceCycle,
    private readonly returns: RunReturns,
    private readonly tasks: RunTasks,
    private readonly slots: ExternalSlots,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** Called when a driver that was full has room again. */
  set onRoom(heard: () => void) {
    this.held.onRoom = heard;
  }

  /** Called when a piece of work is over: it may have left some behind. */
  set onWorkDone(heard: () => void) {
    this.tasks.onWorkDone = heard;
  }

  /** How many runs this process holds. */
  get holding(): number {
    return this.held.size;
  }

  /** How many pieces of work it has under way: calls, transactions of runs, waits for their turn. */
  get underWay(): number {
    return this.tasks.size;
  }

  /** Has it runs to give back that the database did not take? The next {@link tick} does. */
  get owesRuns(): boolean {
    return this.returns.owesAny;
  }

  /** The ids of the runs it holds. */
  get heldIds(): string[] {
    return this.held.ids;
  }

  /** Claims a batch of queued runs and takes them as far as they go without the outside world. Returns how many it claimed. */
  async tick(): Promise<number> {
    return (await this.claim()).claimed;
  }

  /**
   * The same. `more`: a claim right after it may find something. Not when the only workspace with work has filled what it may
   * hold: who comes free then says so, and half of all claims found nothing, at the price of those that do.
   */
  async claim(): Promise<{ claimed: number; more: boolean }> {
    await this.returns.settleDebts();
    const { batchSize, concurrency, leaseMs } = this.settings;
    const mostOfOne = this.held.room > 0 ? concurrency : 1;
    const limit = Math.min(batchSize, Math.max(1, this.held.room));
    const leasedUntil = this.leaseFromNow();
    const full = this.held.workspacesWith(mostOfOne);
    const claimed = await this.database.statement((manager) => claimRuns(manager, { limit, mostOfOne, leaseMs, full }, this.turns));
    const { isShared } = this.turns;
    if (claimed.length === 0) return { claimed: 0, more: false };
    await this.take(claimed, leasedUntil);
    return { claimed: claimed.length, more: isShared || !this.isFullOf(claimed) };
  }

  private isFullOf(claimed: readonly ClaimedRun[]): boolean {
    const full = new Set(this.held.workspacesWith(this.settings.concurrency));
    return claimed.every(({ workspaceId, recoveries }) => full.has(workspaceId) && recoveries <= 1);
  }

  /** There may be answers for runs that this process holds. */
  hearAnswers(runIds: readonly string[]): void {
    for (const id of runIds) {
      const run = this.held.get(id);
      if (!run) continue;
      run.hasUnreadAnswers = true;
      this.cycle.hear(run);
    }
  }

  /** A run was ended from outside: what is under way for it is told to stop. */
  ended(runId: string): void {
    const run = this.held.get(runId);
    if (run) this.held.letGo(run);
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.tasks.settled();
  }

  /** Moves the leases of everything held on; what is not ours any more is let go; what was answered, or waited beside a call until now, is advanced. */
  async heartbeat(): Promise<void> {
    const runs = this.held.all;
    if (runs.length === 0) return;
    const leasedUntil = this.leaseFromNow();
    const kept = await this.database.transaction((manager) => extendLeases(manager, runs, this.settings.leaseMs));
    for (const run of runs) {
      const answers = kept.get(run.id);
      if (answers === undefined) {
        this.held.letGo(run);
        continue;
      }
      run.leasedUntil = leasedUntil;
      if (answers > run.answers.count) this.hearAnswers([run.id]);
      else if (performance.now() >= run.wakeAt) this.cycle.hear(run);
    }
  }

  /** Begins nothing more, waits at most `graceMs` for what is under way, then gives the rest back. */
  async drain(graceMs: number): Promise<void> {
    this.slots.close();
    for (const run of this.held.all) if (!run.hasWork && run.stage === 'idle') this.cycle.giveBack(run);
    await within(graceMs, this.settled());
    const left = this.held.all;
    for (const run of left) this.held.letGo(run);
    // What a database that hangs does not take back in time waits for its lease to run out.
    await within(GIVE_BACK_MS, this.returns.releaseAll(left));
  }

  /** After {@link drain}: work may begin again. */
  open(): void {
    this.slots.open();
  }

  /** From its loading on, each run is answered for by itself: a neighbour's trouble must not undo what was committed for it. */
  private async take(claimed: readonly ClaimedRun[], leasedUntil: number): Promise<void> {
    const { runs, broken } = await this.loader.load(claimed, leasedUntil).catch(async (error: unknown) => {
      await this.returns.release(claimed);
      throw error;
    });
    for (const { run, error } of broken) this.tasks.track(run, this.returns.fail(run, error));
    for (const run of runs) this.held.add(run);
    const recovered = new Set(claimed.filter(({ recoveries }) => recoveries > 1).map(({ id }) => id));
    for (const run of runs) if (recovered.has(run.id)) this.cycle.advanceAlone(run);
    await this.cycle.advance(runs.filter(({ id }) => !recovered.has(id)));
  }

  /** When a lease ends, by our own clock, that the database gives later than this moment. */
  private leaseFromNow(): number {
    return performance.now() + this.settings.leaseMs;
  }
}
