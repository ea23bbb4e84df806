import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';

/** How long one of the engine's own statements may take: one that hangs must not hold a connection, and its locks, for ever. */
export const ENGINE_STATEMENT_MS = 30_000;

/** How long one of the engine's own transactions may be silent: of a process that is frozen in the middle, others can take over. */
export const ENGINE_IDLE_MS = 30_000;

/** What Postgres itself puts an end to in one transaction, in milliseconds; what is left out stays as the server has it. */
export interface TransactionLimits {
  /** Of one statement, its waiting for locks included. */
  statementMs: number;
  /** Of waiting for one lock. */
  lockMs?: number;
  /** Between two statements, after which the whole transaction is ended. */
  idleMs?: number;
}

/**
 * Returns the limits as expressions for the list of a SELECT, so that a transaction which begins with a SELECT sets them
 * without a further round trip. They end with the transaction and hold from its next statement on: unlike parameters of the
 * connection, that also works behind a pooler which gives each transaction another one.
 */
export function limitExpressions({ statementMs, lockMs, idleMs }: TransactionLimits): string {
  return Object.entries({ statement_timeout: statementMs, lock_timeout: lockMs, idle_in_transaction_session_timeout: idleMs })
    .flatMap(([name, ms]) => (ms === undefined ? [] : [`set_config('${name}', '${wholeMs(ms)}', true)`]))
    .join(', ');
}

/** Sets the limits of the transaction under way, in a statement of its own. */
export async function limitTransaction(manager: EntityManager, limits: TransactionLimits): Promise<void> {
  await sql(manager, `SELECT ${limitExpressions(limits)}`);
}

/** To Postgres, 0 is no limit at all. */
function wholeMs(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}
