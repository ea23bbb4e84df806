import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CRM_HOST, type CrmHost } from '../../host/crm-host.js';
import { databaseNow, TELL_TIME } from '../../store/clock.js';
import { AutomationDatabase } from '../../store/database.js';
import { loadAnswers } from '../../store/runs/inbox.js';
import { stillHeld } from '../../store/runs/progress.js';
import { loadExecutions } from '../../store/step-store.js';
import type { HeldRun } from './held-run.js';
import { LeaseLost, ProgressWriter } from './progress-writer.js';
import { type AdvancedRun, RunAdvancer } from './run-advancer.js';
import { RunEndings } from './run-endings.js';
import { advanceTogether } from './shared-advance.js';
import { logResult } from './step-log.js';
import { STEP_SETTINGS, type StepTransaction, stepTransaction } from './step-transaction.js';

/** Transactions that advance held runs: open, advance, write, commit, tell. */
@Injectable()
export class RunTransactions {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly advancer: RunAdvancer,
    private readonly writer: ProgressWriter,
    private readonly endings: RunEndings,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /** Advances many runs side by side: of one workspace, where the database wants transactions of one. When it throws, nothing of it has happened. */
  shared(runs: readonly HeldRun[]): Promise<AdvancedRun[]> {
    return this.run('shared', runs, (tx) => advanceTogether(runs, tx, this.crm, (run) => this.advancer.advance(run, tx)));
  }

  /** Advances one run, with a savepoint for each step. */
  own(run: HeldRun): Promise<AdvancedRun[]> {
    return this.run('own', [run], async (tx) => [{ run, advance: await this.advancer.advance(run, tx) }]);
  }

  /** Writes the results that a run's attempts gave, and nothing else. */
  saveResults(run: HeldRun): Promise<void> {
    return this.transaction('shared', async (tx) => {
      const { manager } = tx;
      await reload(manager, run.isUncertain ? [run] : []);
      for (const result of run.takeResults()) logResult(run, result, tx.now);
      await this.writer.write(tx, { advanced: [{ run, advance: { kind: 'held', wantsSlot: false, wakeInMs: 0 } }], unstarted: [] });
    });
  }

  private transaction<T>(kind: StepTransaction['kind'], work: (tx: StepTransaction) => Promise<T>): Promise<T> {
    return this.database.transaction(async (manager) => {
      const now = await databaseNow(manager);
      return work(stepTransaction(manager, kind, this.crm, { now, begun: performance.now() }));
    }, `${STEP_SETTINGS[kind]}; ${TELL_TIME}`);
  }

  private async run(
    kind: StepTransaction['kind'],
    runs: readonly HeldRun[],
    advance: (tx: StepTransaction) => Promise<AdvancedRun[]>,
  ): Promise<AdvancedRun[]> {
    const uncertain = runs.filter((run) => run.isUncertain);
    const answered = runs.filter((run) => run.hasUnreadAnswers || run.isUncertain);
    // Whoever hears of an answer from here on says so again.
    for (const run of answered) run.hasUnreadAnswers = false;
    try {
      const { advanced, ended } = await this.transaction(kind, async (tx) => {
        const { manager } = tx;
        const [first] = runs;
        if (first) await this.database.enter(manager, first.workspaceId);
        await reload(manager, uncertain);
        const inboxes = await loadAnswers(manager, answered);
        for (const run of answered) run.answers = inboxes.get(run.id) ?? run.answers;
        const advanced = await advance(tx);
        return { advanced, ended: await this.writer.write(tx, { advanced, unstarted: [] }) };
      });
      this.endings.tell(ended);
      return advanced;
    } catch (error) {
      for (const run of answered) run.hasUnreadAnswers = true;
      throw error;
    }
  }
}

/** Settles what a COMMIT without an answer has done. Throws {@link LeaseLost} for runs that are not held any more: it ended or parked them, or somebody else has them. */
async function reload(manager: EntityManager, runs: readonly HeldRun[]): Promise<void> {
  if (runs.length === 0) return;
  const held = await stillHeld(manager, runs);
  const lost = runs.filter(({ id }) => !held.has(id));
  if (lost.length > 0) throw new LeaseLost(new Set(lost.map(({ id }) => id)));
  const histories = await loadExecutions(manager, runs);
  for (const run of runs) run.reload(histories.get(run.id) ?? []);
}
