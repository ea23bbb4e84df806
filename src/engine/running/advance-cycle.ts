import { Inject, Injectable, Logger } from '@nestjs/common';
import { AutomationDatabase } from '../../store/database.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { isConnectionLoss, isPassing } from '../failures.js';
import { FairGroupCommit } from '../fair-group-commit.js';
import { StalledWorkspaces } from '../stalled-workspaces.js';
import type { ExternalAttempt } from './external-attempt.js';
import { ExternalCalls } from './external-calls.js';
import { ExternalSlots } from './external-slots.js';
import { afterOwn, afterShared } from './failed-advance.js';
import { FairSlots } from './fair-slots.js';
import type { HeldRun } from './held-run.js';
import { groupedByWorkspace, HeldRuns } from './held-runs.js';
import type { AdvancedRun } from './run-advancer.js';
import { RunReturns } from './run-returns.js';
import { RunTasks } from './run-tasks.js';
import { RunTransactions } from './run-transactions.js';
import { ContextFull } from './workflow-contexts.js';

/** How soon what the database did not take is offered to it again. */
const RETRY_PAUSE_MS = 500;
/**
 * Runs with news that come in while so many of their transactions are under way share the next one: a worker whose 20 calls
 * were answered at once wrote 20 transactions, and whoever came then took four times as long as usual. A result alone costs
 * as many round trips as 50 do, so of one workspace there are many in one; a neighbour's should not wait long.
 */
const NEWS = { mostAtOnce: 2, alone: 50, crowded: 10, gatherMs: 50 };

/**
 * Advances held runs, one advance of a run at a time: in a transaction with others; what that leaves to be done outside is
 * done, and its results advance the run again. A run with an attempt under way or a result that is not written is neither
 * parked nor forgotten.
 */
@Injectable()
export class AdvanceCycle {
  private readonly logger = new Logger('AutomationRuns');
  private readonly ownTransactions: FairSlots;
  private readonly news = new FairGroupCommit<HeldRun>((runs) => this.advance(runs), NEWS);

  constructor(
    private readonly database: AutomationDatabase,
    private readonly held: HeldRuns,
    private readonly transactions: RunTransactions,
    private readonly calls: ExternalCalls,
    private readonly slots: ExternalSlots,
    private readonly returns: RunReturns,
    private readonly tasks: RunTasks,
    private readonly stalled: StalledWorkspaces,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {
    const { ownTransactions } = settings;
    // No more than these: each holds a connection of the pool. Half of them for one workspace: when its actions hang,
    // another one has as many as it has alone.
    this.ownTransactions = new FairSlots(ownTransactions, Math.max(1, Math.floor(ownTransactions / 2)));
  }

  /**
   * Goes on with runs that a committed transaction has advanced: lets go of what is over or parked, performs what is to be
   * performed. `leasedUntil`: until when, by our own clock, those are ours whose leases the transaction has renewed.
   */
  proceed(advanced: readonly AdvancedRun[], leasedUntil: number): void {
    for (const { run, advance } of advanced) {
      const attempts = run.committed(leasedUntil);
      run.stage = 'idle';
      switch (advance.kind) {
        case 'finished':
        case 'parked':
        case 'queued':
          this.held.letGo(run);
          break;
        case 'own_transaction':
          this.held.keep(run);
          this.perform(run, attempts);
          this.advanceAlone(run);
          break;
        case 'unfinished':
          this.held.keep(run);
          this.perform(run, attempts);
          if (this.slots.isClosed && !run.hasWork) this.giveBack(run);
          else this.hear(run);
          break;
        case 'held':
          this.held.keep(run);
          run.wakeAt = performance.now() + advance.wakeInMs;
          this.perform(run, attempts);
          // One that came free for it and was not used is somebody else's.
          run.takeSlot()?.release();
          if (advance.wantsSlot) this.waitForSlot(run);
          if (run.hasNews) this.hear(run);
          break;
      }
    }
  }

  /** Makes calls whose intents have committed, also those of a run that goes on at once: when one could not be begun, others were. */
  private perform(run: HeldRun, attempts: readonly ExternalAttempt[]): void {
    for (const attempt of attempts)
      this.tasks.track(
        run,
        this.calls.perform(run, attempt).then(() => this.hear(run)),
      );
  }

  /** Something has come in for the run. While it is being advanced, it is heard when that is over. */
  hear(run: HeldRun): void {
    if (run.stage !== 'idle' || !this.held.has(run)) return;
    run.stage = 'queued';
    this.tasks.track(run, this.news.add(run));
  }

  /** Runs of which nobody else advances any: many in one transaction, those with the host's code apart, a workspace each. */
  async advance(runs: readonly HeldRun[]): Promise<void> {
    const ours = runs.filter((run) => this.held.has(run));
    for (const run of ours) run.stage = 'advancing';
    const apart = new Set(ours.filter((run) => run.version.firstAdvance === 'by_worker' || this.stalled.running.has(run.workspaceId)));
    for (const group of groupedByWorkspace([...apart])) {
      const [first] = group;
      if (first)
        this.tasks.track(
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
    const leasedUntil = performance.now() + this.settings.leaseMs;
    try {
      advanced = await this.transactions.shared(ours);
    } catch (error) {
      return this.afterShared(ours, error);
    }
    this.proceed(advanced, leasedUntil);
  }

  /** A shared transaction could not be saved, and nothing of it has happened. */
  private async afterShared(runs: readonly HeldRun[], error: unknown): Promise<void> {
    for (const run of runs) run.rolledBack();
    const next = afterShared(runs, error);
    switch (next.kind) {
      case 'lost':
        for (const run of next.runs) this.held.letGo(run);
        return this.advanceShared(runs);
      case 'answered':
        for (const run of next.runs) run.hasUnreadAnswers = true;
        return this.advanceShared(runs);
      case 'context_full':
        for (const run of next.runs) run.isContextFull = true;
        return this.advanceShared(runs);
      case 'later':
        return this.retryLater(runs);
      case 'apart':
        for (const group of next.groups) {
          const [only] = group;
          if (group.length === 1 && only) this.advanceAlone(only);
          else await this.advanceShared(group);
        }
    }
  }

  /** One run in a transaction of its own. Few at a time: a host's code may hold its connection for long. */
  advanceAlone(run: HeldRun): void {
    this.held.keep(run);
    run.stage = 'advancing';
    const work = this.ownTransactions.run(run.workspaceId, async () => {
      if (!this.held.has(run)) return;
      if (this.slots.isClosed && !run.hasWork) return this.giveBack(run);
      const leasedUntil = performance.now() + this.settings.leaseMs;
      try {
        this.proceed(await this.transactions.own(run), leasedUntil);
      } catch (error) {
        await this.afterOwn(run, error);
      }
    });
    this.tasks.track(run, work);
  }

  private async afterOwn(run: HeldRun, error: unknown): Promise<void> {
    run.rolledBack();
    const next = afterOwn(run, error);
    switch (next.kind) {
      case 'lost':
        return this.held.letGo(run);
      case 'answered':
        run.hasUnreadAnswers = true;
        return this.advanceAlone(run);
      case 'context_full':
        run.isContextFull = true;
        return this.advanceAlone(run);
      case 'later':
        return this.retryLater([run]);
      case 'save_results':
        return this.saveResults(run);
      case 'postpone':
        this.held.letGo(run);
        return this.returns.postpone(run);
      case 'fail':
        this.held.letGo(run);
        this.logger.error(`Run ${run.id}: cannot be advanced: ${next.failure.error.message}`);
        return this.returns.fail({ ...claimOf(run), answers: run.answers.count }, next.failure.error);
    }
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
      this.tasks.track(
        run,
        pause(RETRY_PAUSE_MS).then(() => this.hear(run)),
      );
    }
    for (const run of given) this.held.letGo(run);
    await this.returns.release(given);
  }

  /** Writes the results that came in without going on from them, and gives the run back when nothing more is to come. */
  private async saveResults(run: HeldRun): Promise<void> {
    try {
      await this.transactions.saveResults(run);
    } catch (error) {
      run.rolledBack();
      if (error instanceof ContextFull) {
        run.isContextFull = true;
        return this.saveResults(run);
      }
      if (isPassing(error) || isConnectionLoss(error)) return this.retryLater([run]);
      this.logger.error(`Run ${run.id}: the result of a step could not be written: ${String(error)}`);
      return this.held.letGo(run);
    }
    run.committed(run.leasedUntil);
    run.stage = 'idle';
    if (!run.hasWork) await this.returns.release([run]).finally(() => this.held.letGo(run));
    // It came in while this was written.
    else if (run.hasResults) this.hear(run);
  }

  /** Lets go of a run with nothing under way; it is due at once. */
  giveBack(run: HeldRun): void {
    this.held.letGo(run);
    this.tasks.track(run, this.returns.release([run]));
  }

  private waitForSlot(run: HeldRun): void {
    if (this.slots.isClosed) {
      if (!run.hasWork) this.giveBack(run);
    } else if (!run.waitsForSlot) {
      void this.calls.reserveSlot(run).then(() => this.hear(run));
    }
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
