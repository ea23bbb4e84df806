import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationDatabase } from '../../store/database.js';
import { takeRuns } from '../../store/run-command-store.js';
import { hasLeftSubRuns, noteLeftSubRuns, takeLeftSubRuns } from '../../store/runs/left-sub-runs.js';
import { WakeUp } from '../wake-up.js';
import type { EndedWait, WaitCloser } from './ended-waits.js';
import { RunDriver } from './run-driver.js';
import { type EndedRun, RunEndings } from './run-endings.js';

/** Runs that one look takes. */
const LOOK = 100;
/** Why a sub-run was cancelled: nobody waits for it any more. */
const PARENT_OVER = 'parent_over';

/** Notes, in the transaction that ends them, the waits for sub-runs that nobody answers any more; {@link LeftSubRuns} does the rest. */
@Injectable()
export class SubRunWaits implements WaitCloser {
  async close(manager: EntityManager, ended: readonly EndedWait[]): Promise<void> {
    const left = ended.filter(({ step, end }) => end.kind === 'over' && (step === null || step.type === 'run_workflow'));
    if (left.length > 0)
      await noteLeftSubRuns(
        manager,
        left.map(({ workspaceId, runId }) => ({ workspaceId, runId })),
      );
  }
}

/**
 * Cancels the sub-runs that nobody waits for any more: of a run that was cancelled or has ended otherwise, of a branch that
 * lost a join. Not in the transaction that ends the wait, which has locked the run that waited: a sub-run that ends locks
 * the two the other way round. The note stays until it is done, and what a sub-run waits for is noted with its own end.
 */
@Injectable()
export class LeftSubRuns {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly endings: RunEndings,
    private readonly driver: RunDriver,
    private readonly wakeUp: WakeUp,
  ) {}

  /** Returns how many sub-runs were cancelled. */
  async look(): Promise<number> {
    if (!(await this.database.statement(hasLeftSubRuns))) return 0;
    let cancelled = 0;
    for (;;) {
      const { taken, ended } = await this.database.transaction((manager) => this.lookIn(manager));
      for (const { id } of ended) this.driver.ended(id);
      this.endings.tell(ended);
      cancelled += ended.length;
      // Those of these, and of the next hundred; what is looked at again later is later.
      if (ended.length === 0 && taken < LOOK) break;
    }
    if (cancelled > 0) this.wakeUp.announce('runs');
    return cancelled;
  }

  private async lookIn(manager: EntityManager): Promise<{ taken: number; ended: EndedRun[] }> {
    const { taken, left } = await takeLeftSubRuns(manager, LOOK);
    const ended: EndedRun[] = [];
    for (const workspaceId of new Set(left.map((run) => run.workspaceId))) {
      const ids = left.filter((run) => run.workspaceId === workspaceId).map(({ id }) => id);
      const claims = await takeRuns(manager, workspaceId, ids);
      const error = { code: PARENT_OVER, message: 'The run that waited for it waits no more.' };
      const ends = claims.map(({ now, ...claim }) => ({
        ...claim,
        status: 'cancelled' as const,
        reason: PARENT_OVER,
        error,
        failedSteps: 0,
        finishedAt: now.toISOString(),
      }));
      if (ends.length > 0) ended.push(...(await this.endings.end(manager, ends)));
    }
    return { taken, ended };
  }
}
