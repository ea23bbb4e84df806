import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { type HttpRequest, header } from './http-request.js';
import { NotModified } from './not-modified.js';

/** Answers that are the same object every time are not hashed every time. */
const known = new WeakMap<object, string>();

/**
 * Gives an answer its `ETag`, and answers 304 without a body when the client has it already. For what is asked for again and
 * again: the catalogue, a run that somebody watches. On Express as on other platforms.
 */
@Injectable()
export class ConditionalGet implements NestInterceptor {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler<object>): Observable<object> {
    const http = context.switchToHttp();
    const ifNoneMatch = header(http.getRequest<HttpRequest>(), 'if-none-match');
    const { httpAdapter } = this.adapterHost;
    return next.handle().pipe(
      map((body) => {
        const tag = tagOf(body);
        httpAdapter.setHeader(http.getResponse(), 'ETag', tag);
        // It is somebody's own, and has to be asked for each time.
        httpAdapter.setHeader(http.getResponse(), 'Cache-Control', 'private, no-cache');
        if (matches(ifNoneMatch, tag)) throw new NotModified();
        return body;
      }),
    );
  }
}

/** Weak: what the platform makes of it on the way (compression) does not count. */
function tagOf(body: object): string {
  const tag = known.get(body) ?? `W/"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 27)}"`;
  known.set(body, tag);
  return tag;
}

/** As RFC 9110 has it: a list of tags, of which strong ones count like weak ones; `*` is whatever there is. */
function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const plain = (one: string): string => one.trim().replace(/^W\//, '');
  return ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((one) => plain(one) === plain(tag));
}
