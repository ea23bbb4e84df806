import { type ArgumentsHost, Catch, HttpException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';

const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  404: 'not_found',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
};

/** Gives a code to the 4xx that Nest and Express answer on their own: bodies that cannot be parsed, paths that do not exist. */
@Catch()
export class ErrorShapeFilter extends BaseExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
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
