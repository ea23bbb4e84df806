import { AutomationError } from '../../core/errors.js';
import type { Json } from '../../core/json.js';
import { checkShape, invalidRequest, tooLarge } from '../../core/json-shape.js';
import { isForbiddenKey, toStorableJson } from '../../core/storable-json.js';
import type { IncomingDelivery } from '../../engine/hooks/incoming-delivery.js';
import { type HttpRequest, header } from '../http-request.js';
import { isJsonInUtf8, MAX_BODY_BYTES } from '../request-shape.guard.js';
import { bytesOf, type HookRequest } from './hook-body.js';

const BODY_LIMITS = { bytes: MAX_BODY_BYTES, depth: 32 };
const QUERY_LIMITS = { bytes: 8 * 1024, depth: 2 };
const LONGEST_HEADER = 4_000;
const LONGEST_KEY = 200;

/** A request to a trigger URL, whatever the platform. */
export type HookCall = HttpRequest & HookRequest & { ip?: unknown };

/**
 * Reads a delivery and checks its form, which is the same for every URL. Throws `unsupported_media_type`, `invalid_json`,
 * `payload_too_large`, `invalid_request`.
 */
export function readDelivery(token: string, request: HookCall): IncomingDelivery {
  if (!isJsonInUtf8(header(request, 'content-type') ?? '') || header(request, 'content-encoding') !== undefined) {
    throw new AutomationError('unsupported_media_type', 'The body must be JSON in UTF-8, without an encoding.', {
      hint: 'Send the header `Content-Type: application/json`.',
    });
  }
  if (Number(header(request, 'content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge(MAX_BODY_BYTES);
  const raw = bytesOf(request);
  const body = raw ? parsed(raw) : (request.body ?? null);
  checkShape(body, 'body', BODY_LIMITS);
  const headers = headersOf(request);
  return { token, body: body as Json, raw, headers, query: queryOf(request), from: addressOf(request), key: keyOf(headers) };
}

function parsed(raw: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch {
    throw new AutomationError('invalid_json', 'The body is not valid JSON.');
  }
}

function headersOf({ headers }: HookCall): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const [text] = [value].flat();
    if (text !== undefined && !isForbiddenKey(name)) read[name.toLowerCase()] = String(toStorableJson(text.slice(0, LONGEST_HEADER)));
  }
  return read;
}

/** From the URL itself: hosts have parsers of their own taste. */
function queryOf({ originalUrl, url }: HookCall): Record<string, string | string[]> {
  const [, text = ''] = (originalUrl ?? url).split('?', 2);
  if (text.length > QUERY_LIMITS.bytes) throw invalidRequest([{ path: 'query', message: 'The query is too long.' }]);
  const query: Record<string, string | string[]> = {};
  const search = new URLSearchParams(text);
  for (const name of new Set(search.keys())) {
    if (isForbiddenKey(name)) continue;
    const [first = '', ...further] = search.getAll(name);
    query[name] = further.length === 0 ? first : [first, ...further];
  }
  checkShape(query, 'query', QUERY_LIMITS);
  return query;
}

/** As the platform tells it: behind a proxy it has to be told whom to trust (`trust proxy`). */
function addressOf({ ip }: HookCall): string | null {
  return typeof ip === 'string' && ip !== '' ? ip.slice(0, 100) : null;
}

/** The sender's own name for the delivery; Standard Webhooks have one each. */
function keyOf(headers: Readonly<Record<string, string>>): string | null {
  const key = headers['idempotency-key'] ?? headers['webhook-id'];
  if (key === undefined) return null;
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= LONGEST_KEY) return key;
  throw invalidRequest([{ path: 'Idempotency-Key', message: `must be 1 to ${LONGEST_KEY} letters, digits and signs of ASCII` }]);
}
