import { Inject, Injectable, Logger } from '@nestjs/common';
import { AutomationDatabase } from '../../store/database.js';
import { claimRuns } from '../../store/runs/claim.js';
import { extendLeases } from '../../store/runs/progress.js';
import type { ClaimedRun } from '../../store/runs/run.js';
import { sql } from '../../store/sql.js';
import { Turns } from '../../store/turns.js';
import { within } from '../../store/within.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { isConnectionLoss, isPassing, type LoggedFailure, toLoggedFailure } from '../failures.js';
import { StalledWorkspaces } from '../stalled-workspaces.js';
import type { ExternalAttempt, ExternalOutcome } from './external-attempt.js';
import { ExternalSlots } from './external-slots.js';
import { FairSlots } from './fair-slots.js';
import { GroupCommit } from './group-commit.js';
import type { HeldRun } from './held-run.js';
import { HeldRuns } from './held-runs.js';
import { AnsweredMeanwhile, LeaseLost } from './progress-writer.js';
import type { AdvancedRun } from './run-advancer.js';
import { type LoadedRuns, RunLoader } from './run-loader.js';
import { RunReturns } from './run-returns.js';
import { RunTransactions } from './run-transactions.js';
import { logLostAttempts } from './step-log.js';
import { Tasks } from './tasks.js';

/** How soon what the database did not take is offered to it again. */
const RETRY_PAUSE_MS = 500;
/** How long a stop waits, after its grace, for the database to take back what is left. */
const GIVE_BACK_MS = 2_000;
/**
 * Runs with news that come in while so many of their transactions are under way share the next one, of at most so many: a
 * neighbour's should not wait long. A worker whose 20 calls were answered at once wrote 20 transactions, and whoever came
 * then took four times as long as usual.
 */
const NEWS = { transactions: 2, batch: 10 };

/**
 * Drives the runs that this process holds, one advance of a run at a time. A run comes from the router that started it or
 * from a claim; it is advanced in a transaction with others; what that leaves to be done outside is done, and its results
 * advance the run again. A run with an attempt under way or a result that is not written is neither parked nor forgotten.
 */
@Injectable()
export class RunDriver {
  /** Called when a driver that was full has room again. */
  onRoom: (() => void) | null = null;
  /** Called when a piece of work is over: it may have left some behind. */
  onWorkDone: (() => void) | null = null;
  private readonly logger = new Logger('AutomationRuns');
  private readonly held = new HeldRuns();
  private readonly tasks = new Tasks();
  private readonly turns = new Turns();
  private readonly ownTransactions: FairSlots;
  private readonly news = new GroupCommit<HeldRun, void>((runs) => this.advance(runs), NEWS.transactions, NEWS.batch);
  private stopping = false;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly loader: RunLoader,
    private readonly transactions: RunTransactions,
    private readonly returns: RunReturns,
    private readonly slots: ExternalSlots,
    private readonly stalled: StalledWorkspaces,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {
    const { ownTransactions } = settings;
    // No more than these: each holds a connection of the pool. Half of them for one workspace: when its actions hang,
    // another one has as many as it has alone.
    this.ownTransactions = new FairSlots(ownTransactions, Math.max(1, Math.floor(ownTransactions / 2)));
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
    await this.returns.settleDebts();
    const { batchSize, concurrency, leaseMs } = this.settings;
    const mostOfOne = this.room > 0 ? concurrency : 1;
    const limit = Math.min(batchSize, Math.max(1, this.room));
    const leasedUntil = this.leaseFromNow();
    const full = this.held.workspacesWith(mostOfOne);
    const claimed = await this.database.statement((manager) => claimRuns(manager, { limit, mostOfOne, leaseMs, full }, this.turns));
    if (claimed.length > 0) await this.take(claimed, leasedUntil);
    return claimed.length;
  }

  /**
   * How many more runs of the workspace the router may hand over: beyond twice its slots it leaves them in the queue, so that
   * there is room for others too.
   */
  roomFor(workspaceId: string): number {
    if (this.stopping) return 0;
    return Math.max(0, Math.min(this.room, 2 * this.settings.concurrency - this.held.of(workspaceId)));
  }

  private get room(): number {
    return Math.max(0, 2 * this.slots.most - this.held.lastingSize);
  }

  /**
   * Goes on with runs that a committed transaction has advanced: lets go of what is over or parked, performs what is to be
   * performed. `leasedUntil`: until when, by our own clock, those that stay held are ours; the transaction has renewed their leases.
   */
  proceed(advanced: readonly AdvancedRun[], leasedUntil: number): void {
    for (const { run, advance } of advanced) {
      const attempts = run.committed();
      run.leasedUntil = leasedUntil;
      run.stage = 'idle';
      switch (advance.kind) {
        case 'finished':
        case 'parked':
        case 'queued':
          this.letGo(run);
          break;
        case 'own_transaction':
          this.advanceAlone(run);
          break;
        case 'held':
          this.held.keep(run);
          run.wakeAt = performance.now() + advance.wakeInMs;
          for (const attempt of attempts) this.track(run, this.perform(run, attempt));
          // One that came free for it and was not used is somebody else's.
          run.takeSlot()?.release();
          if (advance.wantsSlot) this.waitForSlot(run);
          if (run.hasNews) this.hear(run);
          break;
      }
    }
  }

  /** There may be answers for runs that this process holds. */
  hearAnswers(runIds: readonly string[]): void {
    for (const id of runIds) {
      const run = this.held.get(id);
      if (!run) continue;
      run.hasUnreadAnswers = true;
      this.hear(run);
    }
  }

  /** A run was ended from outside: what is under way for it is told to stop. */
  ended(runId: string): void {
    const run = this.held.get(runId);
    if (run) this.letGo(run);
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
        this.letGo(run);
        continue;
      }
      run.leasedUntil = leasedUntil;
      if (answers > run.answers.count) this.hearAnswers([run.id]);
      else if (performance.now() >= run.wakeAt) this.hear(run);
    }
  }

  /** Begins nothing more, waits at most `graceMs` for what is under way, then gives the rest back. */
  async drain(graceMs: number): Promise<void> {
    this.stopping = true;
    this.slots.close();
    for (const run of this.held.all) if (!run.hasWork && run.stage === 'idle') this.giveBack(run);
    await within(graceMs, this.settled());
    const left = this.held.all;
    for (const run of left) this.letGo(run);
    // What a database that hangs does not take back in time waits for its lease to run out.
    await within(GIVE_BACK_MS, this.returns.releaseAll(left));
  }

  /** After {@link drain}: work may begin again. */
  open(): void {
    this.stopping = false;
    this.slots.open();
  }

  /** From its loading on, each run is answered for by itself: a neighbour's trouble must not undo what was committed for it. */
  private async take(claimed: readonly ClaimedRun[], leasedUntil: number): Promise<void> {
    const { runs, broken } = await this.load(claimed, leasedUntil).catch(async (error: unknown) => {
      await this.returns.release(claimed);
      throw error;
    });
    for (const { run, error } of broken) this.track(run, this.returns.fail(run, error));
    for (const run of runs) this.held.add(run);
    const recovered = new Set(claimed.filter(({ recoveries }) => recoveries > 1).map(({ id }) => id));
    for (const run of runs) if (recovered.has(run.id)) this.advanceAlone(run);
    await this.advance(runs.filter(({ id }) => !recovered.has(id)));
  }

  /** When a lease ends, by our own clock, that the database gives later than this moment. */
  private leaseFromNow(): number {
    return performance.now() + this.settings.leaseMs;
  }

  private load(claimed: readonly ClaimedRun[], leasedUntil: number): Promise<LoadedRuns> {
    return this.database.transaction(async (manager) => {
      const loaded = await this.loader.load(manager, claimed, leasedUntil);
      if (loaded.runs.some(({ executions }) => executions.some(({ status }) => status === 'running'))) {
        const [clock] = await sql<{ now: Date }>(manager, 'SELECT now() AS now');
        for (const run of loaded.runs) logLostAttempts(run, clock?.now ?? new Date(0));
      }
      return loaded;
    });
  }

  private letGo(run: HeldRun): void {
    const wasFull = this.room === 0;
    this.held.letGo(run);
    const left = this.held.of(run.workspaceId);
    // Worth a claim: this workspace was full until now, or everything was.
    if (left === this.settings.concurrency - 1 || (wasFull && this.room > 0)) this.onRoom?.();
  }

  /** Something has come in for the run. While it is being advanced, it is heard when that is over. */
  private hear(run: HeldRun): void {
    if (run.stage !== 'idle' || !this.held.has(run)) return;
    run.stage = 'queued';
    this.track(run, this.news.add(run));
  }

  /** Runs of which nobody else advances any: many in one transaction, those with the host's code apart, a workspace each. */
  private async advance(runs: readonly HeldRun[]): Promise<void> {
    const ours = runs.filter((run) => this.held.has(run));
    for (const run of ours) run.stage = 'advancing';
    const apart = new Set(ours.filter((run) => run.version.firstAdvance === 'by_worker' || this.stalled.running.has(run.workspaceId)));
    for (const group of groupedByWorkspace([...apart])) {
      const [first] = group;
      if (first)
        this.track(
          first,
          this.ownTransactions.run(first.workspaceId, () => this.advanceShared(group)),
        );
    }
    await this.advanceShared(ours.filter((run) => !apart.has(run)));
  }

  private async advanceShared(runs: readonly HeldRun[]): Promise<void> {
    const ours = runs.filter((run) => this.held.has(run));
    if (ours.length === 0) return;
    const groups = this.database.isPerWorkspace ? groupedByWorkspace(ours) : [ours];
    if (groups.length > 1) {
      for (const group of groups) await this.advanceShared(group);
      return;
    }
    let advanced: AdvancedRun[];
    const leasedUntil = this.leaseFromNow();
    try {
      advanced = await this.transactions.shared(ours);
    } catch (error) {
      return this.afterFailure(ours, error);
    }
    this.proceed(advanced, leasedUntil);
  }

  /** A shared transaction could not be saved, and nothing of it has happened. */
  private async afterFailure(runs: readonly HeldRun[], error: unknown): Promise<void> {
    for (const run of runs) run.rolledBack();
    if (error instanceof LeaseLost) {
      for (const run of runs) if (error.runIds.has(run.id)) this.letGo(run);
      return this.advanceShared(runs);
    }
    if (error instanceof AnsweredMeanwhile) {
      for (const run of runs) if (error.runIds.has(run.id)) run.hasUnreadAnswers = true;
      return this.advanceShared(runs);
    }
    if (isConnectionLoss(error)) return this.retryLater(runs);
    const [first] = runs;
    if (runs.length === 1 && first) return this.advanceAlone(first);
    // Writing failed, and nobody can say whose fault it was.
    const middle = Math.ceil(runs.length / 2);
    for (const half of [runs.slice(0, middle), runs.slice(middle)]) {
      const [only] = half;
      if (half.length === 1 && only) this.advanceAlone(only);
      else await this.advanceShared(half);
    }
  }

  /** One run in a transaction of its own. Few at a time: a host's code may hold its connection for long. */
  private advanceAlone(run: HeldRun): void {
    this.held.keep(run);
    run.stage = 'advancing';
    const work = this.ownTransactions.run(run.workspaceId, async () => {
      if (!this.held.has(run)) return;
      if (this.stopping && !run.hasWork) return this.giveBack(run);
      const leasedUntil = this.leaseFromNow();
      try {
        this.proceed(await this.transactions.own(run), leasedUntil);
      } catch (error) {
        run.rolledBack();
        await this.afterOwnFailure(run, error);
      }
    });
    this.track(run, work);
  }

  private async afterOwnFailure(run: HeldRun, error: unknown): Promise<void> {
    if (error instanceof LeaseLost) return this.letGo(run);
    if (error instanceof AnsweredMeanwhile) {
      run.hasUnreadAnswers = true;
      return this.advanceAlone(run);
    }
    if (isConnectionLoss(error) || (isPassing(error) && run.hasWork)) return this.retryLater([run]);
    // The far side has acted: what it answered belongs into the log, whatever becomes of the run.
    if (run.hasWork) return this.saveResults(run);
    this.letGo(run);
    if (isPassing(error)) return this.returns.postpone(run);
    const failure: LoggedFailure = toLoggedFailure(error);
    this.logger.error(`Run ${run.id}: cannot be advanced: ${failure.error.message}`);
    return this.returns.fail({ ...claimOf(run), answers: run.answers.count }, failure.error);
  }

  /**
   * The database is away. What has nothing to lose is given back; a result that came in, or is still to come, is kept and
   * written as soon as possible for as long as the run is ours: the far side has acted, and would act twice.
   */
  private async retryLater(runs: readonly HeldRun[]): Promise<void> {
    const kept = runs.filter((run) => run.hasWork && this.held.has(run));
    const given = runs.filter((run) => !kept.includes(run) && this.held.has(run));
    for (const run of kept) {
      run.isUncertain = true;
      run.stage = 'idle';
      this.track(
        run,
        pause(RETRY_PAUSE_MS).then(() => this.hear(run)),
      );
    }
    for (const run of given) this.letGo(run);
    await this.returns.release(given);
  }

  /** Writes the results that came in without going on from them, and gives the run back when nothing more is to come. */
  private async saveResults(run: HeldRun): Promise<void> {
    try {
      await this.transactions.saveResults(run);
    } catch (error) {
      run.rolledBack();
      if (isPassing(error) || isConnectionLoss(error)) return this.retryLater([run]);
      this.logger.error(`Run ${run.id}: the result of a step could not be written: ${String(error)}`);
      return this.letGo(run);
    }
    run.committed();
    run.stage = 'idle';
    if (!run.hasWork) await this.returns.release([run]).finally(() => this.letGo(run));
  }

  private giveBack(run: HeldRun): void {
    this.letGo(run);
    this.track(run, this.returns.release([run]));
  }

  private waitForSlot(run: HeldRun): void {
    if (this.stopping) {
      if (!run.hasWork) this.giveBack(run);
      return;
    }
    if (run.waitsForSlot) return;
    run.waitsForSlot = true;
    void this.slots.wait(run.workspaceId).then((slot) => {
      run.waitsForSlot = false;
      if (!this.held.has(run)) return slot.release();
      run.reserve(slot);
      this.hear(run);
    });
  }

  /** Performs an attempt whose intent has committed. One that has not begun when the lease may be over, or the process stops, is taken back. */
  private async perform(run: HeldRun, attempt: ExternalAttempt): Promise<void> {
    const { signal } = run;
    run.began(attempt);
    let outcome: ExternalOutcome;
    if (!this.held.has(run) || performance.now() >= run.leasedUntil) {
      outcome = { kind: 'not_sent' };
    } else {
      try {
        outcome = { kind: 'succeeded', output: await attempt.perform(signal) };
      } catch (error) {
        outcome = { kind: 'failed', failure: toLoggedFailure(error) };
      }
    }
    attempt.slot.release();
    run.ended({ attempt, outcome });
    if (this.held.has(run)) return this.hear(run);
    this.logger.warn(`Run ${run.id}: the lease was lost while step ${attempt.ready.path} was performed; its result is dropped.`);
  }

  private track(run: { id: string }, work: Promise<void> | void): void {
    if (!work) return;
    this.tasks.add(
      work
        .catch((error: unknown) => this.logger.error(`Run ${run.id}: could not be taken on: ${String(error)}`))
        .finally(() => this.onWorkDone?.()),
    );
  }
}

function claimOf(run: HeldRun) {
  const { workspaceId, id, fence, parent } = run;
  return {
    workspaceId,
    id,
    fence,
    parent,
    workflowId: run.version.workflow.id,
    module: run.record?.module ?? null,
    recordId: run.record?.id ?? null,
  };
}

function groupedByWorkspace(runs: readonly HeldRun[]): HeldRun[][] {
  const groups = new Map<string, HeldRun[]>();
  for (const run of runs) {
    const group = groups.get(run.workspaceId) ?? [];
    group.push(run);
    groups.set(run.workspaceId, group);
  }
  return [...groups.values()];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
