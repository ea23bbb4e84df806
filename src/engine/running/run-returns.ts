import { Logger } from '@nestjs/common';
import type { AutomationDatabase } from '../../store/database.js';
import { type HeldRun, releaseRuns, updateRuns } from '../../store/run-store.js';
import { sql } from '../../store/sql.js';
import { addStats } from '../../store/stats-store.js';
import { isConnectionLoss, type LoggedFailure } from '../failures.js';

/** A run whose own transaction was refused for a passing reason (a lock, a deadlock) is looked at again after this. */
const BUSY_PAUSE = '1 second';

/** What becomes of runs that their worker cannot take on: given back, put off, or ended. Each write is fenced. */
export class RunReturns {
  private readonly logger = new Logger('AutomationWorker');
  /** Runs that could not be given back because the database was away; else they would wait for their leases to end. */
  private owed: HeldRun[] = [];

  constructor(
    private readonly database: AutomationDatabase,
    private readonly random: () => number,
  ) {}

  /** Ends a run that cannot be advanced at all. */
  async fail(run: HeldRun & { workflowId: string }, { error }: LoggedFailure): Promise<void> {
    await this.database.transaction(async (manager) => {
      const [clock] = await sql<{ now: Date }>(manager, 'SELECT now() AS now');
      const ended = { reason: error.code, error, waiting: null, startedAt: null, finishedAt: clock?.now.toISOString() ?? null };
      const written = await updateRuns(manager, [{ ...claimOf(run), ...ended, status: 'failed', due: { kind: 'never' } }]);
      if (written.size === 0) return;
      const { workspaceId, workflowId } = run;
      await addStats(manager, [{ workspaceId, workflowId, started: 0, succeeded: 0, failed: 1, skipped: 0, cancelled: 0 }], this.random);
    });
  }

  /** Gives a run back for a little later: what stood in its way passes. */
  async postpone(run: HeldRun): Promise<void> {
    await this.database.transaction(async (manager) => {
      const [clock] = await sql<{ at: Date }>(manager, `SELECT now() + interval '${BUSY_PAUSE}' AS at`);
      const later = { reason: null, error: null, waiting: null, startedAt: null, finishedAt: null };
      await updateRuns(manager, [
        { ...claimOf(run), ...later, status: 'queued', due: { kind: 'at', at: clock?.at.toISOString() ?? null } },
      ]);
    });
  }

  /** Gives runs back, due at once; when the database is away, as soon as it is there again, or else their leases run out. */
  async giveBack(runs: readonly HeldRun[]): Promise<void> {
    if (runs.length === 0) return;
    try {
      await this.database.transaction((manager) => releaseRuns(manager, runs));
    } catch (error) {
      this.owed.push(...runs.map(claimOf));
      this.logger.warn(`Could not give ${runs.length} runs back, trying again later: ${String(error)}`);
    }
  }

  /** Gives back what could not be given back before. Fails while the database is away. */
  async giveBackOwed(): Promise<void> {
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

  /** The last chance: these, and what is owed. */
  async giveBackAll(runs: readonly HeldRun[]): Promise<void> {
    await this.giveBack([...runs, ...this.owed.splice(0)]);
  }
}

function claimOf({ workspaceId, id, fence }: HeldRun): HeldRun {
  return { workspaceId, id, fence };
}
