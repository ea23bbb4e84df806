import { Logger } from '@nestjs/common';
import type { CrmHost } from '../../host/crm-host.js';
import type { AutomationDatabase } from '../../store/database.js';
import { type ClaimedRun, claimDueRuns, extendLeases, type HeldRun, updateRuns } from '../../store/run-store.js';
import { sql } from '../../store/sql.js';
import { writeExecutions } from '../../store/step-store.js';
import { Turns } from '../../store/turns.js';
import type { EngineSettings } from '../engine-settings.js';
import { isConnectionLoss, isPassing, toLoggedFailure } from '../failures.js';
import type { ActiveWorkflows } from '../routing/active-workflows.js';
import { FairSlots } from './fair-slots.js';
import { GroupCommit } from './group-commit.js';
import { HeldRuns } from './held-runs.js';
import { type LoadedRuns, loadRuns } from './run-loader.js';
import { type AdvancedRun, LeaseLost, type RunRecorder } from './run-recorder.js';
import { RunReturns } from './run-returns.js';
import type { PreparedStep, RunState } from './run-state.js';
import type { StepLog, StepResult } from './step-log.js';
import type { StepRunner } from './step-runner.js';
import { advanceAll, openStepTransaction, type StepTransaction, shareCatalogue } from './step-transaction.js';
import { UnderWay } from './under-way.js';

/** A result that waits to be written. */
interface Finished {
  run: RunState;
  step: PreparedStep;
  result: StepResult;
}

/** How soon a result that the database did not take is offered to it again. */
const RECORD_PAUSE_MS = 500;
/** How many hints are kept; a run that loses its hint costs one more failed batch. */
const MOST_SET_APART = 10_000;
/**
 * Results that come in while so many transactions with results are under way share the next one, of at most so many: a
 * neighbour's should not wait long. A worker whose 20 calls were answered at once wrote 20 transactions, and whoever came
 * then took four times as long as usual.
 */
const RESULTS = { transactions: 2, batch: 10 };

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
  private readonly results = new GroupCommit<Finished, ReadonlySet<Finished>>(
    (batch) => this.takeResults(batch),
    RESULTS.transactions,
    RESULTS.batch,
  );
  private readonly held = new HeldRuns();
  private readonly returns: RunReturns;
  private readonly turns = new Turns();
  private readonly underWay = new UnderWay();
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
    random: () => number,
    private readonly onFinished: (finished: readonly AdvancedRun[]) => void,
  ) {
    const { concurrency, ownTransactions } = settings;
    this.returns = new RunReturns(database, random);
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
    await this.returns.giveBackOwed();
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
    await this.returns.giveBackAll(left);
  }

  /** From its loading on, each run is answered for by itself: a neighbour's trouble must not undo what was committed for it. */
  private async take(claimed: readonly ClaimedRun[]): Promise<void> {
    const { runs, broken } = await this.load(claimed).catch(async (error: unknown) => {
      await this.returns.giveBack(claimed);
      throw error;
    });
    for (const run of runs) this.held.add(run);
    for (const { id, recoveries } of claimed) if (recoveries > 1) this.setApart(id);
    for (const { run, failure } of broken) this.track(run, this.returns.fail(run, failure));
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
      await this.returns.giveBack(runs.filter((run) => !lost.has(run.id)));
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
      if (isConnectionLoss(error)) return this.returns.giveBack([run]);
      if (isPassing(error)) return this.returns.postpone(run);
      const { workspaceId, id, fence, version } = run;
      return this.returns.fail({ workspaceId, id, fence, workflowId: version.workflow.id }, toLoggedFailure(error));
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
    if (result === null) return;
    const finished: Finished = { run, step, result };
    const unwritten = await (this.alone.has(run.id) ? this.takeResults([finished], 'own') : this.results.add(finished));
    if (unwritten.has(finished)) await this.saveResult(finished);
  }

  /**
   * Writes results and goes on from them in one transaction. Answers those that it could not write: they must not get lost,
   * and are to be saved each by itself.
   */
  private async takeResults(results: readonly Finished[], kind: StepTransaction['kind'] = 'shared'): Promise<ReadonlySet<Finished>> {
    const ours = results.filter(({ run, step }) => {
      if (this.held.has(run)) return true;
      this.logger.warn(`Run ${run.id}: the lease was lost while step ${step.ready.path} was performed; its result is dropped.`);
      return false;
    });
    if (ours.length === 0) return new Set();
    const runs = [...new Set(ours.map(({ run }) => run))];
    let advanced: AdvancedRun[];
    try {
      advanced = await this.inTransaction(kind, (tx) => {
        for (const { run, step, result } of ours) this.log.resulted(run, step, result, tx.now);
        return advanceAll(runs, (run) => this.runner.advance(run, tx));
      });
    } catch (error) {
      const lost = error instanceof LeaseLost ? error.runIds : new Set();
      for (const run of runs) {
        if (lost.has(run.id)) this.held.forget(run);
        else if (lost.size === 0 && !isConnectionLoss(error)) this.setApart(run.id);
      }
      return new Set(ours.filter(({ run }) => !lost.has(run.id)));
    }
    this.goOn(advanced);
    return new Set();
  }

  /**
   * The result without any further step, again and again for as long as the run is ours: the far side has acted, and a
   * result that is lost would have it act twice. The run is then taken up anew.
   */
  private async saveResult({ run, step, result }: Finished): Promise<void> {
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
