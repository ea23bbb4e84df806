import { Inject, Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { tooLarge } from '../core/json-shape.js';
import { AccessGuard } from './access.guard.js';
import { adminControllers } from './admin/index.js';
import { ErrorFilter } from './error.filter.js';
import type { ErrorBody } from './error-body.js';
import { codeForStatus } from './error-status.js';
import { HTTP_PATH } from './http-path.js';
import { type HttpRequest, header } from './http-request.js';
import { literally, mountPattern } from './mount-pattern.js';
import { isJsonInUtf8, MAX_BODY_BYTES } from './request-shape.guard.js';

/** The first segments of our routes below that path. */
const RESOURCES = [...new Set(adminControllers.map((controller) => literally(String(Reflect.getMetadata('path', controller)))))].join('|');

/** An error of Express' body parser or router; `type` is the parser's own word for it. */
interface ParserError {
  status?: unknown;
  statusCode?: unknown;
  type?: unknown;
}

/**
 * The host's body parser refuses malformed, oversized and oddly encoded bodies before any of our code runs. On Express
 * this gives these errors our form, for our routes alone, and only to callers whom the access policy knows: the others
 * hear what they hear of every request, and learn nothing of the body. Everything else goes on to the host's handlers.
 * Other platforms (Fastify) answer 400, 413 or 415 in their own form to anybody. Trigger URLs read their bodies themselves.
 */
@Injectable()
export class ParserErrors implements OnModuleInit {
  private ours = /^$/;

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly config: ApplicationConfig,
    private readonly access: AccessGuard,
    private readonly errors: ErrorFilter,
    @Optional() @Inject(HTTP_PATH) private readonly path: string | null,
  ) {}

  /** Routes are registered by now and Nest's own error handler is not: ours stands between them. */
  onModuleInit(): void {
    const { httpAdapter } = this.adapterHost;
    if (httpAdapter?.getType() !== 'express') return;
    // Express takes paths in capitals too.
    this.ours = new RegExp(`${mountPattern(this.config, this.path)}/(${RESOURCES})(/|$)`, 'i');
    // Express takes a function for an error handler by its four parameters.
    const handler = (error: ParserError, request: HttpRequest, response: unknown, next: (error: unknown) => void): void => {
      // The path alone, as our own router has it: a query of the host's may name ours, and what is mounted below another application has a longer address.
      const [path = ''] = request.url.split('?', 1);
      const body = this.ours.test(path) ? parserErrorBody(error, request) : null;
      if (!body) {
        next(error);
        return;
      }
      this.access
        .authenticate(request)
        .then(
          () => httpAdapter.reply(response, body, body.statusCode),
          (refusal: unknown) => this.errors.answer(refusal, response),
        )
        .catch(next);
    };
    httpAdapter.use(handler);
  }
}

function parserErrorBody(error: ParserError, request: HttpRequest): ErrorBody | null {
  const contentType = header(request, 'content-type');
  const told = error.status ?? error.statusCode;
  if (typeof told !== 'number' || told < 400 || told > 499) return null;
  // Express decodes UTF-16 and UTF-32 too, and then fails on what we would refuse for its charset.
  const statusCode = contentType === undefined || isJsonInUtf8(contentType) ? told : 415;
  switch (statusCode) {
    case 413:
      return {
        statusCode,
        code: 'payload_too_large',
        ...(Number(header(request, 'content-length') ?? 0) > MAX_BODY_BYTES
          ? { message: tooLarge(MAX_BODY_BYTES).message }
          : {
              message: "The body is larger than the application's body parser allows.",
              hint: 'Definitions may have up to 256 KB: raise the limit of the parser (`app.useBodyParser("json", { limit: "256kb" })`).',
            }),
      };
    case 415:
      return { statusCode, code: 'unsupported_media_type', message: 'The body must be JSON in UTF-8, without an unknown encoding.' };
    default:
      return error.type === 'entity.parse.failed'
        ? { statusCode, code: 'invalid_json', message: 'The body is not valid JSON.' }
        : { statusCode, code: codeForStatus(statusCode), message: 'The request is malformed.' };
  }
}
