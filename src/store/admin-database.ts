import type { EntityManager } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import { asBusyError } from '../host/postgres-errors.js';
import type { AutomationDatabase } from './database.js';
import { sql } from './sql.js';
import { limitExpressions, limitTransaction, type TransactionLimits } from './transaction-limits.js';

/** What people's requests may take of the pool that they share with the engine. */
export interface AdminLimits {
  /** Connections at the same time. */
  connections: number;
  /** Requests that wait for one; further ones are refused at once. */
  waiting: number;
  /** Of one statement, of waiting for a turn, and of waiting for a connection. */
  queryTimeoutMs: number;
}

/** Of the time limit: a statement that waited for somebody's lock says so, rather than that it was slow. */
const LOCK_SHARE = 0.8;

/**
 * The database as the admin's side uses it: a part of our pool and a time limit for each statement, so that a few slow
 * questions cost neither heartbeats nor claims. Throws `busy` and `query_timed_out`, which say when to ask again.
 */
export class AdminDatabase {
  private taken = 0;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly database: AutomationDatabase,
    private readonly limits: AdminLimits,
  ) {}

  /** Runs `work`, which only reads, in one transaction. */
  read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.withConnection((begin) =>
      this.database.transaction(async (manager) => {
        begin();
        await sql(manager, `SELECT ${limitExpressions(this.statementLimits)}, set_config('transaction_read_only', 'on', true)`);
        return work(manager);
      }),
    );
  }

  /** Runs `work` in one transaction. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.withConnection((begin) =>
      this.database.transaction(async (manager) => {
        begin();
        await limitTransaction(manager, this.statementLimits);
        return work(manager);
      }),
    );
  }

  /** Says whose the transaction is, see {@link AutomationDatabase.enter}. */
  enter(manager: EntityManager, workspaceId: string): Promise<void> {
    return this.database.enter(manager, workspaceId);
  }

  /** Runs `work` in a transaction that no routing in the workspace overlaps, see {@link AutomationDatabase.activeWorkflowsTransaction}. */
  activeWorkflowsTransaction<T>(workspaceId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.withConnection((begin) =>
      this.database.activeWorkflowsTransaction(workspaceId, work, async (manager) => {
        begin();
        await limitTransaction(manager, this.statementLimits);
      }),
    );
  }

  private get statementLimits(): TransactionLimits {
    const { queryTimeoutMs } = this.limits;
    return { statementMs: queryTimeoutMs, lockMs: queryTimeoutMs * LOCK_SHARE };
  }

  /**
   * Runs a transaction that calls `begin` when it has its connection. One that comes too late, because the engine has all
   * of them, is not begun any more: nobody waits for it. Its place is free when the connection is.
   */
  private async withConnection<T>(transaction: (begin: () => void) => Promise<T>): Promise<T> {
    await this.take();
    const tooLate = tooMany(this.limits.queryTimeoutMs);
    let isTooLate = false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isTooLate = true;
        reject(tooLate);
      }, this.limits.queryTimeoutMs);
    });
    const begin = (): void => {
      clearTimeout(timer);
      if (isTooLate) throw tooLate;
    };
    // Asynchronous from the first line: a database that is not connected throws at once.
    const run = async (): Promise<T> => {
      try {
        return await transaction(begin);
      } finally {
        this.giveBack();
      }
    };
    try {
      return await Promise.race([run(), late]);
    } catch (error) {
      throw asBusyError(error) ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  private take(): Promise<void> {
    const { connections, waiting, queryTimeoutMs } = this.limits;
    if (this.taken < connections) {
      this.taken += 1;
      return Promise.resolve();
    }
    if (this.queue.length >= waiting) return Promise.reject(tooMany(queryTimeoutMs));
    return new Promise((resolve, reject) => {
      const proceed = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.queue.splice(this.queue.indexOf(proceed), 1);
        reject(tooMany(queryTimeoutMs));
      }, queryTimeoutMs);
      this.queue.push(proceed);
    });
  }

  /** Hands the connection to the one that waits longest. */
  private giveBack(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.taken -= 1;
  }
}

function tooMany(queryTimeoutMs: number): AutomationError {
  return new AutomationError('busy', 'Too many other requests are being answered right now.', {
    hint: 'Try again in a moment.',
    retry: { kind: 'transient', retryAfterMs: queryTimeoutMs },
  });
}
