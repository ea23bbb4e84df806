import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AutomationError } from '../core/errors.js';
import { checkShape, REQUEST_LIMITS, tooLarge } from '../core/json-shape.js';
import { type HttpRequest, header } from './http-request.js';

/** The largest body, in bytes: a definition may have this size. The host's own body parser must allow as much. */
export const MAX_BODY_BYTES = REQUEST_LIMITS.bytes;
const MAX_QUERY_BYTES = 16 * 1024;
/** What browsers say of requests that no other site has made; other programs say nothing. */
const SAME_ORIGIN = new Set(['same-origin', 'none']);
const METHODS_WITH_BODY = new Set(['POST', 'PATCH', 'PUT', 'DELETE']);

/**
 * Refuses requests whose form alone is wrong, before pipes (the host's global ones included) work on them: other content
 * types than JSON in UTF-8, bodies too large or too deep, names and characters that have no business in JSON. A guard,
 * because guards are the last thing before pipes that needs nothing but the request.
 */
@Injectable()
export class RequestShapeGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    if (METHODS_WITH_BODY.has(request.method)) checkBody(request);
    checkShape(request.query ?? {}, 'query', { bytes: MAX_QUERY_BYTES, depth: 8 });
    return true;
  }
}

function checkBody(request: HttpRequest): void {
  const contentType = header(request, 'content-type');
  const length = Number(header(request, 'content-length') ?? 0);
  const hasBody = length > 0 || header(request, 'transfer-encoding') !== undefined;
  // A page of another site may send without asking whatever has no content type of its own, the host's cookies with it.
  const isOwn = SAME_ORIGIN.has(header(request, 'sec-fetch-site') ?? 'none');
  if ((contentType !== undefined || hasBody || !isOwn) && !isJsonInUtf8(contentType ?? '')) {
    throw new AutomationError('unsupported_media_type', 'The body must be JSON in UTF-8.', {
      hint: 'Send the header `Content-Type: application/json`.',
    });
  }
  if (length > MAX_BODY_BYTES) throw tooLarge(MAX_BODY_BYTES);
  checkShape(request.body ?? null, 'body', REQUEST_LIMITS);
}

/** True for `application/json`, with no other charset than UTF-8. */
export function isJsonInUtf8(contentType: string): boolean {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase());
  return type === 'application/json' && parameters.every((parameter) => /^(charset=("?)utf-?8\2)?$/.test(parameter));
}
