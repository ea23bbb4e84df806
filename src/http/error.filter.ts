import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { errorBody, retryAfterOf } from './error-body.js';
import { NotModified } from './not-modified.js';

/** Answers every error of our controllers in one form. Bound to the controllers, so the host's own filters are not touched. */
@Injectable()
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('AutomationApi');

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    this.answer(thrown, host.switchToHttp().getResponse());
  }

  /** Answers a request with what was thrown. */
  answer(thrown: unknown, response: unknown): void {
    const { httpAdapter } = this.adapterHost;
    if (thrown instanceof NotModified) {
      httpAdapter.reply(response, undefined, 304);
      return;
    }
    const body = errorBody(thrown, this.logger);
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    const retryAfter = retryAfterOf(thrown, body);
    if (retryAfter !== null) httpAdapter.setHeader(response, 'Retry-After', String(retryAfter));
    httpAdapter.reply(response, body, body.statusCode);
  }
}
