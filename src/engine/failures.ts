import { types } from 'node:util';
import { AutomationError, type LoggedError, type Retryability } from '../core/errors.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { toStorableJson } from '../core/storable-json.js';
import { isConnectionLoss, isError, sqlState } from '../host/postgres-errors.js';

export { isConnectionLoss, sqlState };

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
          ? 'The database was busy or away.'
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

/** Serialization failure, deadlock, lock, statement or idle timeout, out of resources, connection trouble. */
function isTransientState(state: string): boolean {
  return /^(40|53|55P03|57|08|25P03)/.test(state);
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
