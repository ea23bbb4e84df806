import { types } from 'node:util';
import { AutomationError, type LoggedError, type Retryability } from '../core/errors.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { toStorableJson } from '../core/storable-json.js';

/** A failure as the log keeps it, and whether trying again makes sense. */
export interface LoggedFailure {
  error: LoggedError;
  retry: Retryability;
}

/** How much of a message is kept: SMTP servers and databases may answer at length. */
const MESSAGE_LENGTH = 2_000;

/** Turns whatever was thrown into what the log keeps. Never throws. */
export function toLoggedFailure(thrown: unknown): LoggedFailure {
  if (!types.isProxy(thrown) && thrown instanceof AutomationError) {
    return {
      error: clean({
        code: thrown.code,
        message: thrown.message,
        ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
        ...(thrown.details === undefined ? {} : { details: thrown.details }),
        ...(thrown.problems === undefined ? {} : { problems: thrown.problems }),
        ...causesOf(thrown),
      }),
      retry: thrown.retry,
    };
  }
  const state = sqlState(thrown);
  if (state !== null) {
    return {
      error: clean({
        code: 'database_error',
        message: `The database refused the step's write: ${messageOf(thrown)}`,
        hint: isTransientState(state)
          ? 'The database was busy or away; the step is tried again by itself.'
          : "The value breaks a rule of the CRM's table. Correct the workflow or the record, then retry.",
        details: { sqlState: state },
      }),
      retry: isTransientState(state) ? { kind: 'transient' } : { kind: 'permanent' },
    };
  }
  return {
    error: clean({ code: 'action_failed', message: messageOf(thrown), ...causesOf(thrown) }),
    retry: { kind: 'transient' },
  };
}

/** Does the error say of itself that trying again makes sense? A plain Error, which may be anything, does not. */
export function isPassing(thrown: unknown): boolean {
  const says = (!types.isProxy(thrown) && thrown instanceof AutomationError) || sqlState(thrown) !== null || isConnectionLoss(thrown);
  return says && toLoggedFailure(thrown).retry.kind === 'transient';
}

/** The SQLSTATE of an error of Postgres, however TypeORM wrapped it; null for anything else. */
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

/** Serialization failure, deadlock, lock, statement or idle timeout, out of resources, connection trouble. */
function isTransientState(state: string): boolean {
  return /^(40|53|55P03|57|08|25P03)/.test(state);
}

/** Also an error of another realm, whose class Error is not ours: sockets' errors inside a `vm` context. */
function isError(thrown: unknown): thrown is Error {
  return types.isNativeError(thrown);
}

function messageOf(thrown: unknown): string {
  const text = textOf(thrown);
  return text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH)}…` : text;
}

/** Also of what cannot be turned into a text: an object without a prototype, a revoked proxy, a list nested too deep. */
function textOf(thrown: unknown): string {
  try {
    return isError(thrown) ? String(thrown.message || thrown.name) : String(thrown);
  } catch {
    return `something that cannot be shown was thrown (${typeof thrown})`;
  }
}

function causesOf(thrown: unknown): { causes?: string[] } {
  const causes: string[] = [];
  for (let cause = isError(thrown) ? thrown.cause : undefined; cause !== undefined && causes.length < 5; ) {
    causes.push(messageOf(cause));
    cause = isError(cause) ? cause.cause : undefined;
  }
  return causes.length === 0 ? {} : { causes };
}

function clean(error: LoggedError): LoggedError {
  const stored = toStorableJson(error);
  return isJsonObject(stored) ? (stored as JsonObject & LoggedError) : { code: error.code, message: '' };
}
