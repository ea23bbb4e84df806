import { AutomationError } from '../../core/errors.js';
import type { Json } from '../../core/json.js';
import { toStorableJson } from '../../core/storable-json.js';
import type { OutboundResponse } from './outbound-http.js';

/** Statuses that may be different next time, beside 5xx. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);
const EXCERPT = 1000;

/** Whether a status is what the step wants: one of its list, or 200 to 299. */
export function isExpected(status: number, expected: readonly number[] | undefined | null): boolean {
  return expected && expected.length > 0 ? expected.includes(status) : status >= 200 && status < 300;
}

/** JSON where the receiver says that it is and it is whole, else text; null when it is compressed or empty. */
export function readBody(response: OutboundResponse): Json {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' || response.body.length === 0) {
    return null;
  }
  const text = response.body.toString('utf8');
  if (!response.truncated && /^application\/(?:[\w.+-]+\+)?json\b/i.test(response.headers['content-type'] ?? '')) {
    try {
      return toStorableJson(JSON.parse(text));
    } catch {
      // not what it says it is: the text then tells more than an error would
    }
  }
  return toStorableJson(text);
}

/** The beginning of a body, for the log. */
export function excerptOf(body: Json): { body?: string } {
  const text = typeof body === 'string' ? body : body === null ? '' : JSON.stringify(body);
  return text ? { body: text.slice(0, EXCERPT) } : {};
}

/** What a status that nobody wants means to the person who reads the log, and whether trying again can help. */
export function statusError(kind: 'webhook' | 'http', response: OutboundResponse, body: Json, target: string): AutomationError {
  const { status } = response;
  const options = { details: { status, target, ...excerptOf(body) } };
  if (status >= 300 && status < 400) {
    const location = response.headers.location?.slice(0, 500);
    return new AutomationError(`${kind}_redirected`, `${target} answered ${status} and points to another address, which is not followed`, {
      hint: 'Put the final address into the step.',
      details: { ...options.details, ...(location === undefined ? {} : { location }) },
    });
  }
  if (status >= 500 || TRANSIENT_STATUSES.has(status)) {
    const retryAfterMs = status === 429 || status === 503 ? retryAfter(response.headers['retry-after'], new Date()) : undefined;
    return new AutomationError(status === 429 ? `${kind}_rate_limited` : `${kind}_unavailable`, `${target} answered ${status}`, {
      ...options,
      hint:
        status === 429
          ? 'The receiver gets too many calls: send fewer, or ask whoever runs it for more.'
          : 'The receiver has a problem of its own. If it lasts, ask whoever runs it.',
      retry: { kind: 'transient', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    });
  }
  return new AutomationError(`${kind}_rejected`, `${target} refused the call with status ${status}`, {
    ...options,
    hint: 'Its answer may say why: check address, headers and body of the step. If this status is fine, add it to expectedStatus.',
  });
}

/** The wish of a Retry-After header in milliseconds: seconds, or a date. undefined when it cannot be read. */
export function retryAfter(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) {
    return Number(text) * 1000;
  }
  const at = /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
