import { type ArgumentsHost, Catch, HttpException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { crmError } from './crm-error.js';

const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  404: 'not_found',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
};

/** SQLSTATEs of a database that is away, shuts down or is out of connections, and what sockets say of one. */
const DATABASE_AWAY = /^(08...|57P0.|53...|ECONN[A-Z]+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN)$/;
/** What pg says of it without a code. */
const CONNECTION_LOST = /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/;

/**
 * Gives a code to the 4xx that Nest and Express answer on their own (bodies that cannot be parsed, paths that do not
 * exist), and answers 503 while the database is away.
 */
@Catch()
export class ErrorShapeFilter extends BaseExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    if (isDatabaseAway(error)) {
      super.catch(crmError(503, 'database_unavailable', 'The database cannot be reached right now. Try again in a moment.'), host);
      return;
    }
    const statusCode = statusOf(error);
    const code = CODES[statusCode];
    const isOurs = error instanceof HttpException && (error.getResponse() as { code?: unknown }).code !== undefined;
    if (isOurs || code === undefined) super.catch(error, host);
    else super.catch(new HttpException({ statusCode, code, message: (error as Error).message }, statusCode), host);
  }
}

/** Nest's exceptions and those of Express' parsers say it in different ways. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode, expose } = (error ?? {}) as { statusCode?: unknown; expose?: unknown };
  return typeof statusCode === 'number' && expose === true ? statusCode : 500;
}

/** TypeORM hangs the driver's own error on its; a pool that cannot connect throws it as it is. */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof HttpException) return false;
  const { driverError = error } = error as { driverError?: unknown };
  const { code } = driverError as { code?: unknown };
  return (typeof code === 'string' && DATABASE_AWAY.test(code)) || CONNECTION_LOST.test((driverError as Error).message);
}
