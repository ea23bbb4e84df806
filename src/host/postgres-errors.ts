import { types } from 'node:util';
import { AutomationError } from '../core/errors.js';

/** Returns the SQLSTATE of an error of Postgres, however TypeORM wrapped it; null for anything else. */
export function sqlState(thrown: unknown): string | null {
  for (let error: unknown = thrown, depth = 0; isError(error) && depth < 5; depth += 1) {
    const { code, driverError } = error as { code?: unknown; driverError?: unknown };
    // A digit in it tells a SQLSTATE from a system error of five letters: EPIPE.
    if (typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code)) return code;
    error = driverError ?? error.cause;
  }
  return null;
}

/**
 * Is the connection gone, rather than the statement refused? pg reports it by SQLSTATE class 08, by 57P0x (the server
 * shuts down), by 25P03 (it has waited too long for us), by a socket's error code, or by a message of its own that carries
 * no code.
 */
export function isConnectionLoss(thrown: unknown): boolean {
  const state = sqlState(thrown);
  if (state !== null) return state.startsWith('08') || state.startsWith('57P') || state === '25P03';
  for (let error: unknown = thrown, depth = 0; isError(error) && depth < 5; depth += 1) {
    const { code, driverError } = error as { code?: unknown; driverError?: unknown };
    if (typeof code === 'string' && /^E(CONN|PIPE|TIMEDOUT|HOSTUNREACH|AI_AGAIN)/.test(code)) return true;
    if (/^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/.test(error.message))
      return true;
    if (/QueryRunner(Provider)?AlreadyReleased|Client was closed|not queryable/.test(`${error.name} ${error.message}`)) return true;
    error = driverError ?? error.cause;
  }
  return false;
}

/** Has Postgres refused a statement, or is it gone? Then nothing more can succeed in the transaction. */
export function endsTransaction(thrown: unknown): boolean {
  return sqlState(thrown) !== null || isConnectionLoss(thrown);
}

/** SQLSTATE of a statement that was canceled while it ran: our own limit, or a person's pg_cancel_backend. */
export const QUERY_CANCELED = '57014';
/** The database is up but cannot serve this now: out of resources, deadlock, serialization failure, lock timeout. */
const BUSY = /^(53...|40...|55P03)$/;
/** A refused or broken socket, which Node reports by names that look like SQLSTATEs (EPIPE). */
const SOCKET = /^E(PIPE|CONN|TIMEDOUT|NOTFOUND|HOSTUNREACH|NETUNREACH|AI_AGAIN)/;
const PASSES = { retry: { kind: 'transient' } } as const;

/**
 * Returns what it means to the caller that the database does not serve a statement now (`query_timed_out`, `busy`,
 * `database_unavailable`); null for every other error.
 */
export function asBusyError(thrown: unknown): AutomationError | null {
  if (thrown instanceof AutomationError) return null;
  const state = sqlState(thrown);
  if (state === QUERY_CANCELED) {
    return new AutomationError('query_timed_out', 'The database took longer over this than a request may take.', {
      ...PASSES,
      hint: 'Ask for less: a workflow, a status, a record or a shorter period.',
      cause: thrown,
    });
  }
  if (state !== null && BUSY.test(state)) {
    return new AutomationError('busy', 'The database is too busy for this right now, or somebody else is changing the same rows.', {
      ...PASSES,
      hint: 'Try again in a moment.',
      cause: thrown,
    });
  }
  if (!isConnectionLoss(thrown) && !(isError(thrown) && SOCKET.test(String((thrown as NodeJS.ErrnoException).code)))) return null;
  return new AutomationError('database_unavailable', 'The database cannot be reached right now.', {
    ...PASSES,
    hint: 'Try again in a moment; look first whether a change was made after all.',
    cause: thrown,
  });
}

/** Is it an error? Also one of another realm, whose class Error is not ours: sockets' errors inside a `vm` context. */
export function isError(thrown: unknown): thrown is Error {
  return types.isNativeError(thrown);
}
