import { randomUUID } from 'node:crypto';
import { HttpException, type Logger } from '@nestjs/common';
import { statusOfCode } from '../core/error-codes.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { hinted } from '../core/nearest.js';
import { asBusyError, sqlState } from '../host/postgres-errors.js';
import { codeForStatus } from './error-status.js';

/** What every error of the API looks like. */
export interface ErrorBody {
  statusCode: number;
  /** Stable, for programs. */
  code: string;
  message: string;
  /** What to do about it. */
  hint?: string;
  problems?: Problem[];
  details?: JsonObject;
}

/** Postgres refuses a text: characters it cannot store. Everything is checked before; this is for what is not. */
const UNSTORABLE_TEXT = new Set(['22021', '22P05']);
/** What a client that is told to come back is told at least, in seconds. */
const LEAST_RETRY_AFTER = 1;

/** Turns whatever was thrown into what the API answers. Causes of unexpected errors are logged under an id, never shown. */
export function errorBody(thrown: unknown, logger: Pick<Logger, 'error' | 'warn'>): ErrorBody {
  if (thrown instanceof AutomationError) return automationErrorBody(thrown, logger);
  if (thrown instanceof HttpException) return httpExceptionBody(thrown);
  const busy = asBusyError(thrown);
  if (busy) {
    logger.warn(`The database is unavailable: ${String(thrown)}`);
    return automationErrorBody(busy, logger);
  }
  const state = sqlState(thrown);
  if (state !== null && UNSTORABLE_TEXT.has(state)) {
    return { statusCode: 400, code: 'invalid_request', message: 'The request holds a character that cannot be stored.' };
  }
  const id = randomUUID();
  logger.error(`internal_error ${id}: ${describe(thrown)}`, thrown instanceof Error ? thrown.stack : undefined);
  return {
    statusCode: 500,
    code: 'internal_error',
    message: `Something went wrong; the application's log has it under ${id}.`,
    details: { id },
  };
}

/** Returns the `Retry-After` of an answer, in seconds: that of the error, where it names one; null where trying again is of no use. */
export function retryAfterOf(thrown: unknown, { statusCode }: ErrorBody): number | null {
  if (statusCode !== 503 && statusCode !== 429) return null;
  const retry = thrown instanceof AutomationError ? thrown.retry : undefined;
  const ms = retry?.kind === 'transient' ? (retry.retryAfterMs ?? 0) : 0;
  return Math.max(LEAST_RETRY_AFTER, Math.ceil(ms / 1_000));
}

/** A code that is not ours is a host's, whose actions may bring their own: its record or workflow is at fault, unless it may pass. */
function automationErrorBody(error: AutomationError, logger: Pick<Logger, 'error'>): ErrorBody {
  const { code, message, hint, problems, details } = error;
  const statusCode = statusOfCode(code) ?? (error.retry.kind === 'transient' ? 503 : 422);
  if (statusCode === 500) logger.error(`${code}: ${describe(error)}`, error.stack);
  return {
    statusCode,
    code,
    message,
    ...(hint && { hint }),
    ...(problems && { problems: problems.map(hinted) }),
    ...(details && { details }),
  };
}

/** Errors of the host's guards and pipes, and of Nest itself. */
function httpExceptionBody(exception: HttpException): ErrorBody {
  const statusCode = exception.getStatus();
  const response = exception.getResponse();
  const messages = typeof response === 'object' && 'message' in response ? response.message : undefined;
  const body = { statusCode, code: codeForStatus(statusCode), message: exception.message };
  if (!Array.isArray(messages)) return body;
  return { ...body, message: 'The request is not valid.', problems: messages.map((message) => ({ path: '', message: String(message) })) };
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? '' : ` (caused by ${String(thrown.cause)})`;
  return `${thrown.name}: ${thrown.message}${cause}`;
}
