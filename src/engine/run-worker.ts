import { Logger } from '@nestjs/common';
import type { CrmHost } from '../host/crm-host.js';
import type { AutomationDatabase } from '../store/database.js';
import { type ClaimedRun, claimDueRuns, extendLeases, type HeldRun, releaseRuns, updateRuns } from '../store/run-store.js';
import { sql } from '../store/sql.js';
import { addStats } from '../store/stats-store.js';
import { writeExecutions } from '../store/step-store.js';
import { Turns } from '../store/turns.js';
import type { ActiveWorkflows } from './active-workflows.js';
import type { EngineSettings } from './engine-settings.js';
import { FairSlots } from './fair-slots.js';
import { HeldRuns } from './held-runs.js';
import { isConnectionLoss, isPassing, type LoggedFailure, toLoggedFailure } from './logged-failure.js';
import { type LoadedRuns, loadRuns } from './run-loader.js';
import { type AdvancedRun, LeaseLost, type RunRecorder } from './run-recorder.js';
import type { PreparedStep, RunState } from './run-state.js';
import type { StepLog, StepResult } from './step-log.js';
import type { StepRunner } from './step-runner.js';
import { advanceAll, openStepTransaction, type StepTransaction, shareCatalogue } from './step-transaction.js';
import { UnderWay } from './under-way.js';

/** A result that waits to be written. */
interface Finished {
  step: PreparedStep;
  result: StepResult;
}

/** How soon a result that the database did not take is offered to it again. */
const RECORD_PAUSE_MS = 500;
/** How many hints are kept; a run that loses its hint costs one more failed batch. */
const MOST_SET_APART = 10_000;
/** A run whose own transaction was refused for a passing reason (a lock, a deadlock) is looked at again after this. */
const BUSY_PAUSE = '1 second';

/**
 * Drives runs: claims due ones, advances them in batches, performs their external steps and takes their results. What
 * it holds is covered by a lease; what it does not manage to write, it forgets: the next claim reads from the tables
 * what really happened.
 */
export class RunWorker {
  /** Called when a worker that was full has room again. */
  onRoom: (() => void) | null = null;
  private readonly logger = new Logger('AutomationWorker');
  private readonly external: FairSlots;
  private readonly ownTransactions: FairSlots;
  private readonly held = new HeldRuns();
  private readonly turns = new Turns();
  private readonly underWay = new UnderWay();
  /** Runs that could not be given back because the database was away; else they would wait for their leases to end. */
  private owed: HeldRun[] = [];
  /** Runs that spoiled a shared transaction here: they get one of their own. A hint, found out again elsewhere. */
  private readonly alone = new Set<string>();

  constructor(
    private readonly database: AutomationDatabase,
    private readonly active: ActiveWorkflows,
    private readonly crm: CrmHost,
    private readonly runner: StepRunner,
    private readonly log: StepLog,
    private readonly recorder: RunRecorder,
    private readonly settings: EngineSettings,
    private readonly random: () => number,
    private readonly onFinished: (finished: readonly AdvancedRun[]) => void,
  ) {
    const { concurrency, ownTransactions } = settings;
    this.external = new FairSlots(concurrency + forOthers(concurrency), concurrency);
    // No more than these: each holds a connection of the pool.
    this.ownTransactions = new FairSlots(ownTransactions, Math.max(1, ownTransactions - 1));
  }

  /** How many runs this worker holds. */
  get holding(): number {
    return this.held.size;
  }

  /** Claims a batch of due runs and takes them as far as they go without the outside world. Answers how many it claimed. */
  async tick(): Promise<number> {
    await this.giveBackOwed();
    const { batchSize, concurrency, leaseMs } = this.settings;
    const mostOfOne = this.room > 0 ? concurrency : 1;
    const limit = Math.min(batchSize, Math.max(1, this.room));
    const full = this.underWay.workspacesWith(mostOfOne);
    // One statement, so no transaction around it. What this worker holds is in good hands, whatever became of the lease.
    const claimed = await claimDueRuns(
      this.database.dataSource.manager,
      { limit, mostOfOne, leaseMs, except: this.held.ids, full },
      this.turns,
    );
    if (claimed.length > 0) await this.take(claimed);
    return claimed.length;
  }

  /**
   * How many more runs of the workspace it may take on: beyond twice its slots a worker leaves them in the queue, for others
   * too. One run of a workspace that has none under way always finds room.
   */
  roomFor(workspaceId: string): number {
    const has = this.underWay.of(workspaceId);
    const room = Math.min(this.room, 2 * this.settings.concurrency - has);
    return Math.max(has === 0 ? 1 : 0, room);
  }

  /** How many steps and transactions of runs this worker has under way, those included that wait for a slot. */
  get busyWith(): number {
    return this.underWay.size;
  }

  private get room(): number {
    const { concurrency } = this.settings;
    return Math.max(0, 2 * (concurrency + forOthers(concurrency)) - this.underWay.size);
  }

  /** Takes over what a router's transaction started and committed. */
  adopt(started: readonly AdvancedRun[]): void {
    this.goOn(started);
  }

  /** Resolves when no external step is under way and every result is written. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay.all);
  }

  /** Moves the leases of everything held on; what is not ours any more is let go. */
  async heartbeat(): Promise<void> {
    const runs = this.held.all;
    if (runs.length === 0) return;
    const kept = await this.database.transaction((manager) => extendLeases(manager, runs, this.settings.leaseMs));
    for (const run of runs) if (!kept.has(run.id) && this.held.has(run)) this.held.letGo(run);
  }

  /** Waits for what is under way, at most `graceMs`, then gives the rest back. */
  async drain(graceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.settled(), grace]);
    clearTimeout(timer);
    const left = this.held.all;
    for (const run of left) this.held.letGo(run);
    await this.giveBack([...left, ...this.owed.splice(0)]);
  }

  /** From its loading on, each run is answered for by itself: a neighbour's trouble must not undo what was committed for it. */
  private async take(claimed: readonly ClaimedRun[]): Promise<void> {
    const { runs, broken } = await this.load(claimed).catch(async (error: unknown) => {
      await this.giveBack(claimed);
      throw error;
    });
    for (const run of runs) this.held.add(run);
    for (const { id, recoveries } of claimed) if (recoveries > 1) this.setApart(id);
    for (const { run, failure } of broken) this.track(run, this.fail(run, failure));
    const together = runs.filter((run) => !this.alone.has(run.id));
    for (const run of runs) if (this.alone.has(run.id)) this.track(run, this.advanceAlone(run));
    if (together.length > 0) await this.advanceTogether(together);
  }

  private load(claimed: readonly ClaimedRun[]): Promise<LoadedRuns> {
    return this.database.transaction(async (manager) => {
      const [clock] = await sql<{ now: Date }>(manager, 'SELECT now() AS now');
      const loaded = await loadRuns(manager, this.active, claimed, this.settings.limits.recoveries);
      for (const run of loaded.runs) this.log.lost(run, clock?.now ?? new Date(0));
      return loaded;
    });
  }

  /** Many runs in one transaction. When it fails, each goes on alone from what the tables say. */
  private async advanceTogether(runs: readonly RunState[]): Promise<void> {
    let advanced: AdvancedRun[];
    try {
      advanced = await this.inTransaction('shared', (tx) => advanceAll(runs, (run) => this.runner.advance(run, tx)));
    } catch (error) {
      const lost = error instanceof LeaseLost ? error.runIds : new Set();
      if (lost.size === 0 && !isConnectionLoss(error)) for (const run of runs) this.setApart(run.id);
      for (const run of runs) this.held.forget(run);
      await this.giveBack(runs.filter((run) => !lost.has(run.id)));
      return;
    }
    this.goOn(advanced);
  }

  /** One run in a transaction of its own, a savepoint a step. Few at a time: a host's code may hold its connection for long. */
  private async advanceAlone(run: RunState): Promise<void> {
    let advanced: AdvancedRun[];
    try {
      advanced = await this.ownTransactions.run(run.workspaceId, async () => {
        if (!this.held.has(run)) throw new LeaseLost(new Set([run.id]));
        return this.inTransaction('own', async (tx) => [{ run, advance: await this.runner.advance(run, tx) }]);
      });
    } catch (error) {
      this.held.forget(run);
      if (error instanceof LeaseLost) return;
      if (isConnectionLoss(error)) return this.giveBack([run]);
      if (isPassing(error)) return this.postpone(run);
      return this.fail({ ...pick(run), workflowId: run.version.workflow.id }, toLoggedFailure(error));
    }
    this.alone.delete(run.id);
    this.goOn(advanced);
  }

  /** After a commit: lets go of what is over or parked, performs what is to be performed. */
  private goOn(advanced: readonly AdvancedRun[]): void {
    const finished: AdvancedRun[] = [];
    for (const one of advanced) {
      const { run, advance } = one;
      switch (advance.kind) {
        case 'finished':
          this.held.forget(run);
          finished.push(one);
          break;
        case 'parked':
        case 'queued':
          this.held.forget(run);
          break;
        case 'own_transaction':
          this.held.add(run);
          this.track(run, this.advanceAlone(this.asWritten(run)));
          break;
        case 'performing':
          this.held.add(run);
          for (const step of advance.steps) this.track(run, this.perform(this.asWritten(run), step));
          break;
      }
    }
    if (finished.length > 0) this.onFinished(finished);
  }

  /** A run that a router inserted is a row from its commit on. */
  private asWritten(run: RunState): RunState {
    run.markWritten();
    return run;
  }

  private async perform(run: RunState, step: PreparedStep): Promise<void> {
    const signal = this.held.signalOf(run);
    const result = await this.external.run(run.workspaceId, async (): Promise<StepResult | null> => {
      // It may have waited for room until its lease was lost, or the process is about to end.
      if (!this.held.has(run)) return null;
      try {
        return { kind: 'succeeded', output: await step.perform(signal) };
      } catch (error) {
        return { kind: 'failed', failure: toLoggedFailure(error) };
      }
    });
    if (result) await this.takeResult(run, { step, result });
  }

  /** Writes a result and goes on from it in one transaction; when that fails, the result alone: it must not get lost. */
  private async takeResult(run: RunState, finished: Finished): Promise<void> {
    if (!this.held.has(run)) {
      this.logger.warn(`Run ${run.id}: the lease was lost while step ${finished.step.ready.path} was performed; its result is dropped.`);
      return;
    }
    let advanced: AdvancedRun[];
    try {
      advanced = await this.inTransaction(this.alone.has(run.id) ? 'own' : 'shared', async (tx) => {
        this.log.resulted(run, finished.step, finished.result, tx.now);
        return [{ run, advance: await this.runner.advance(run, tx) }];
      });
    } catch (error) {
      if (error instanceof LeaseLost) return this.held.forget(run);
      if (!isConnectionLoss(error)) this.setApart(run.id);
      return this.saveResult(run, finished);
    }
    this.goOn(advanced);
  }

  /**
   * The result without any further step, again and again for as long as the run is ours: the far side has acted, and a
   * result that is lost would have it act twice. The run is then taken up anew.
   */
  private async saveResult(run: RunState, { step, result }: Finished): Promise<void> {
    while (this.held.has(run)) {
      try {
        await this.database.transaction(async (manager) => {
          const [clock] = await sql<{ now: Date }>(manager, 'SELECT now() AS now');
          // Once more: the transaction that failed may not have come to it.
          this.log.resulted(run, step, result, clock?.now ?? new Date(0));
          const row = {
            workspaceId: run.workspaceId,
            id: run.id,
            fence: run.fence,
            status: 'queued' as const,
            due: { kind: 'now' as const },
          };
          const nothing = { reason: null, error: null, waiting: null, startedAt: null, finishedAt: null };
          await writeExecutions(manager, [{ ...step.execution, workspaceId: run.workspaceId, runId: run.id }]);
          const written = await updateRuns(manager, [{ ...row, ...nothing }]);
          if (!written.has(run.id)) throw new LeaseLost(new Set([run.id]));
        });
        return this.held.forget(run);
      } catch (error) {
        if (!isPassing(error)) {
          if (!(error instanceof LeaseLost)) {
            this.logger.error(`Run ${run.id}: the result of step ${step.ready.path} could not be written: ${String(error)}`);
          }
          return this.held.forget(run);
        }
        await new Promise((resolve) => setTimeout(resolve, RECORD_PAUSE_MS));
      }
    }
  }

  private inTransaction(kind: StepTransaction['kind'], work: (tx: StepTransaction) => Promise<AdvancedRun[]>): Promise<AdvancedRun[]> {
    return this.database.transaction(async (manager) => {
      const tx = await openStepTransaction(manager, kind, this.crm);
      const advanced = await work(tx);
      const events = [...tx.events, ...tx.unit.takeEvents()];
      if (kind === 'own' && events.length > 0) await shareCatalogue(manager);
      await this.recorder.record(manager, { advanced, unstarted: [], events }, tx.now);
      return advanced;
    });
  }

  /** Ends a run that cannot be advanced at all. */
  private async fail(run: HeldRun & { workflowId: string }, { error }: LoggedFailure): Promise<void> {
    await this.database.transaction(async (manager) => {
      const [clock] = await sql<{ now: Date }>(manager, 'SELECT now() AS now');
      const ended = { reason: error.code, error, waiting: null, startedAt: null, finishedAt: clock?.now.toISOString() ?? null };
      const written = await updateRuns(manager, [{ ...pick(run), ...ended, status: 'failed', due: { kind: 'never' } }]);
      if (written.size === 0) return;
      const { workspaceId, workflowId } = run;
      await addStats(manager, [{ workspaceId, workflowId, started: 0, succeeded: 0, failed: 1, skipped: 0, cancelled: 0 }], this.random);
    });
  }

  /** Gives a run back for a little later: what stood in its way passes. */
  private async postpone(run: HeldRun): Promise<void> {
    await this.database.transaction(async (manager) => {
      const [clock] = await sql<{ at: Date }>(manager, `SELECT now() + interval '${BUSY_PAUSE}' AS at`);
      const later = { reason: null, error: null, waiting: null, startedAt: null, finishedAt: null };
      await updateRuns(manager, [{ ...pick(run), ...later, status: 'queued', due: { kind: 'at', at: clock?.at.toISOString() ?? null } }]);
    });
  }

  /** Gives runs back, due at once; when the database is away, as soon as it is there again, or else their leases run out. */
  private async giveBack(runs: readonly HeldRun[]): Promise<void> {
    if (runs.length === 0) return;
    try {
      await this.database.transaction((manager) => releaseRuns(manager, runs));
    } catch (error) {
      this.owed.push(...runs.map(pick));
      this.logger.warn(`Could not give ${runs.length} runs back, trying again later: ${String(error)}`);
    }
  }

  private async giveBackOwed(): Promise<void> {
    if (this.owed.length === 0) return;
    const { owed } = this;
    this.owed = [];
    try {
      // Fenced: what was claimed by somebody since then stays theirs.
      await this.database.transaction((manager) => releaseRuns(manager, owed));
    } catch (error) {
      // Whatever else it is must not keep this worker from claiming: the leases run out.
      if (!isConnectionLoss(error)) return this.logger.error(`Could not give ${owed.length} runs back: ${String(error)}`);
      this.owed.push(...owed);
      throw error;
    }
  }

  private setApart(runId: string): void {
    if (this.alone.size >= MOST_SET_APART) this.alone.clear();
    this.alone.add(runId);
  }

  private track({ workspaceId }: HeldRun, work: Promise<void>): void {
    const ended = work.catch((error: unknown) => this.logger.error(`A run could not be taken on: ${String(error)}`));
    this.underWay.add(workspaceId, ended, (left) => {
      // Worth a claim: this workspace was full until now, or everything was.
      if (left === this.settings.concurrency - 1 || this.room === 1 || (this.room === 0 && left === 0)) this.onRoom?.();
    });
  }
}

/** Slots beyond those that one workspace may fill: while others' are slow, a newcomer's call does not wait for them. */
function forOthers(concurrency: number): number {
  return Math.ceil(concurrency / 4);
}

function pick({ workspaceId, id, fence }: HeldRun): HeldRun {
  return { workspaceId, id, fence };
}
