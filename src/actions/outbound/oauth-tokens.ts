import { createHash } from 'node:crypto';
import { AutomationError } from '../../core/errors.js';
import { isJsonObject, type Json } from '../../core/json.js';
import { excerptOf, readBody, retryAfter } from './answer.js';
import { OutboundHttp, outboundUrl } from './outbound-http.js';

/** Who asks for a token, and where. */
export interface TokenRequest {
  workspaceId: string;
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  scope?: string;
  audience?: string;
  /** How the client says who it is: by HTTP Basic (as the standard prefers), or in the body. */
  clientAuth?: 'basic' | 'body';
}

interface KeptToken {
  text: string;
  /** By the process's own clock, as `performance.now()` has it. */
  until: number;
}

/** So long before its end a token is not used any more: the call that carries it takes its time. */
const MARGIN_MS = 30_000;
/** Of a token whose end is not told. */
const UNTOLD_MS = 60_000;
const LONGEST_MS = 24 * 60 * 60_000;
const MOST_KEPT = 1_000;

/**
 * Access tokens by client credentials (RFC 6749, 4.4). In the memory of this process alone: a token that is lost is asked for
 * again, and none is stored anywhere. Steps that need the same one wait for one request. Under the value of the secret too,
 * so that a secret that was changed is used at once.
 */
export class OAuthTokens {
  private readonly kept = new Map<string, KeptToken>();
  private readonly asked = new Map<string, Promise<string>>();

  constructor(private readonly http: OutboundHttp) {}

  /** Throws `http_token_refused`, `http_token_unavailable`, and what calls throw. Whoever waits may stop to; the request goes on. */
  async tokenFor(request: TokenRequest, signal: AbortSignal): Promise<string> {
    const key = keyOf(request);
    const known = this.kept.get(key);
    if (known && performance.now() < known.until) return known.text;
    let asked = this.asked.get(key);
    if (!asked) {
      asked = this.ask(key, request).finally(() => this.asked.delete(key));
      this.asked.set(key, asked);
    }
    return abortable(asked, signal);
  }

  /** Forgets a token that was not accepted; another one, which somebody has got since, stays. */
  forget(request: TokenRequest, token: string): void {
    const key = keyOf(request);
    if (this.kept.get(key)?.text === token) this.kept.delete(key);
  }

  private async ask(key: string, request: TokenRequest): Promise<string> {
    const began = performance.now();
    const response = await this.http.send({ method: 'POST', url: request.tokenUrl, ...tokenCall(request) });
    const body = readBody(response);
    const token = isJsonObject(body) ? body.access_token : undefined;
    if (response.status !== 200 || typeof token !== 'string' || token === '') {
      throw refused(
        outboundUrl(request.tokenUrl).host,
        response.status,
        response.headers['retry-after'],
        response.status === 200 ? null : body,
      );
    }
    const seconds = isJsonObject(body) ? Number(body.expires_in) : Number.NaN;
    const lifeMs = seconds > 0 ? Math.min(seconds * 1000 - MARGIN_MS, LONGEST_MS) : UNTOLD_MS;
    this.kept.delete(key);
    // The oldest goes first; whoever needs it asks again.
    for (const oldest of this.kept.keys()) {
      if (this.kept.size < MOST_KEPT) break;
      this.kept.delete(oldest);
    }
    if (lifeMs > 0) this.kept.set(key, { text: token, until: began + lifeMs });
    return token;
  }
}

function keyOf({ workspaceId, tokenUrl, clientId, clientSecret, scope = '', audience = '', clientAuth = 'basic' }: TokenRequest): string {
  const parts = [workspaceId, tokenUrl, clientId, clientSecret, scope, audience, clientAuth];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

function tokenCall({ clientId, clientSecret, scope, audience, clientAuth = 'basic' }: TokenRequest): {
  headers: Record<string, string>;
  body: string;
} {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope === undefined ? {} : { scope }),
    ...(audience === undefined ? {} : { audience }),
    ...(clientAuth === 'body' ? { client_id: clientId, client_secret: clientSecret } : {}),
  });
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'nestjs-crm-automation',
  };
  // The standard wants both parts encoded as in forms first.
  const basic = { authorization: basicAuth(encodeURIComponent(clientId), encodeURIComponent(clientSecret)) };
  return { headers: clientAuth === 'basic' ? { ...headers, ...basic } : headers, body: form.toString() };
}

/** The value of a header that says name and password. */
export function basicAuth(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function refused(target: string, status: number, wish: string | undefined, body: Json): AutomationError {
  const details = { status, target, ...excerptOf(body) };
  if (status >= 500 || status === 429) {
    const retryAfterMs = retryAfter(wish, new Date());
    return new AutomationError('http_token_unavailable', `${target} gave no access token: it answered ${status}`, {
      hint: 'The service that gives tokens is busy or has a problem of its own. The call itself was not made.',
      details,
      retry: { kind: 'transient', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    });
  }
  const what = status === 200 ? 'its answer has no access_token' : `it answered ${status}`;
  return new AutomationError('http_token_refused', `${target} gave no access token: ${what}`, {
    hint: 'Check tokenUrl, clientId, scope and the secret. The call itself was not made.',
    details,
  });
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
