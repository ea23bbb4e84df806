import { Injectable, Logger } from '@nestjs/common';
import type { LoggedError } from '../../core/errors.js';
import { AutomationDatabase } from '../../store/database.js';
import { postponeRun, releaseRuns } from '../../store/runs/progress.js';
import type { RunClaim } from '../../store/runs/run.js';
import { sql } from '../../store/sql.js';
import { isConnectionLoss } from '../failures.js';
import { type ClaimedEnd, RunEndings } from './run-endings.js';

/** A run whose own transaction was refused for a passing reason (a lock, a deadlock) is looked at again after this. */
const BUSY_PAUSE_MS = 1_000;

/** What becomes of runs that their process cannot take on: given back, put off, or ended. Each write is fenced. */
@Injectable()
export class RunReturns {
  private readonly logger = new Logger('AutomationRuns');
  /** Runs that could not be given back because the database was away; else they would wait for their leases to end. */
  private debts: RunClaim[] = [];

  constructor(
    private readonly database: AutomationDatabase,
    private readonly endings: RunEndings,
  ) {}

  /** Is there anything that could not be given back yet? */
  get owesAny(): boolean {
    return this.debts.length > 0;
  }

  /** Ends a run that cannot be advanced at all. */
  async fail(run: ClaimedEnd, error: LoggedError): Promise<void> {
    const ended = await this.database.transaction(async (manager) => {
      const [clock] = await sql<{ now: Date }>(manager, 'SELECT now() AS now');
      const finishedAt = (clock?.now ?? new Date(0)).toISOString();
      return this.endings.end(manager, [{ ...run, status: 'failed', reason: error.code, error, failedSteps: 0, finishedAt }]);
    });
    this.endings.tell(ended);
  }

  /** Gives a run back for a little later: what stood in its way passes. */
  async postpone(run: RunClaim): Promise<void> {
    await this.database.transaction((manager) => postponeRun(manager, run, BUSY_PAUSE_MS));
  }

  /** Gives runs back, due at once; when the database is away, as soon as it is there again, or else their leases run out. */
  async release(runs: readonly RunClaim[]): Promise<void> {
    if (runs.length === 0) return;
    try {
      await this.database.transaction((manager) => releaseRuns(manager, runs));
    } catch (error) {
      this.debts.push(...runs.map(claimOf));
      this.logger.warn(`Could not give ${runs.length} runs back, trying again later: ${String(error)}`);
    }
  }

  /** Gives back what could not be given back before. Fails while the database is away. */
  async settleDebts(): Promise<void> {
    if (this.debts.length === 0) return;
    const { debts } = this;
    this.debts = [];
    try {
      // Fenced: what was claimed by somebody since then stays theirs.
      await this.database.transaction((manager) => releaseRuns(manager, debts));
    } catch (error) {
      // Whatever else it is must not keep this process from claiming: the leases run out.
      if (!isConnectionLoss(error)) return this.logger.error(`Could not give ${debts.length} runs back: ${String(error)}`);
      this.debts.push(...debts);
      throw error;
    }
  }

  /** The last chance: these, and what is owed. */
  async releaseAll(runs: readonly RunClaim[]): Promise<void> {
    await this.release([...runs, ...this.debts.splice(0)]);
  }
}

function claimOf({ workspaceId, id, fence }: RunClaim): RunClaim {
  return { workspaceId, id, fence };
}
