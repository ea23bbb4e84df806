import { randomUUID } from 'node:crypto';
import { HttpException, type Logger } from '@nestjs/common';
import { AutomationError, type Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { isConnectionLoss, sqlState } from '../engine/failures.js';
import { codeForStatus, STATUS_BY_CODE } from './error-status.js';

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
/** The database is up but cannot serve this now: too many connections, deadlock, serialization failure, lock or statement timeout. */
const BUSY = /^(53...|40...|55P03|57014)$/;

/** Turns whatever was thrown into what the API answers. Causes of unexpected errors are logged under an id, never shown. */
export function errorBody(thrown: unknown, logger: Pick<Logger, 'error' | 'warn'>): ErrorBody {
  if (thrown instanceof AutomationError) {
    const statusCode = STATUS_BY_CODE[thrown.code];
    if (statusCode !== undefined) {
      const { code, message, hint, problems, details } = thrown;
      return { statusCode, code, message, ...(hint && { hint }), ...(problems && { problems }), ...(details && { details }) };
    }
  }
  if (thrown instanceof HttpException) return httpExceptionBody(thrown);
  const state = sqlState(thrown);
  if (isConnectionLoss(thrown) || hasSocketCode(thrown) || (state !== null && BUSY.test(state))) {
    logger.warn(`The database is unavailable: ${String(thrown)}`);
    return {
      statusCode: 503,
      code: 'database_unavailable',
      message: 'The database cannot be reached or is too busy right now.',
      hint: 'Try again in a moment; look first whether a change was made after all.',
    };
  }
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

/** Errors of the host's guards and pipes, and of Nest itself. */
function httpExceptionBody(exception: HttpException): ErrorBody {
  const statusCode = exception.getStatus();
  const response = exception.getResponse();
  const messages = typeof response === 'object' && 'message' in response ? response.message : undefined;
  const body = { statusCode, code: codeForStatus(statusCode), message: exception.message };
  if (!Array.isArray(messages)) return body;
  return { ...body, message: 'The request is not valid.', problems: messages.map((message) => ({ path: '', message: String(message) })) };
}

/** A refused or broken socket, which Node reports by names that look like SQLSTATEs (EPIPE). */
function hasSocketCode(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    /^E(PIPE|CONN|TIMEDOUT|NOTFOUND|HOSTUNREACH|NETUNREACH|AI_AGAIN)/.test(String((thrown as NodeJS.ErrnoException).code))
  );
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? '' : ` (caused by ${String(thrown.cause)})`;
  return `${thrown.name}: ${thrown.message}${cause}`;
}
