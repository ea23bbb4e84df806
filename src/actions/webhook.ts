import { ArrayMaxSize, IsArray, IsIn, IsInt, IsNotEmpty, IsObject, IsOptional, IsString, Max, Min } from 'class-validator';
import { Webhook } from 'standardwebhooks';
import { MASK } from '../core/definition/secrets.js';
import { AutomationError, type Problem } from '../core/errors.js';
import { isJsonObject, type Json, type JsonObject } from '../core/json.js';
import type { SecretReference } from '../core/secrets/secret-reference.js';
import { toStorableJson } from '../core/storable-json.js';
import type { ExternalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import type { AddressGuard } from './outbound/address-guard.js';
import { headerProblems } from './outbound/headers.js';
import { OutboundHttp, type OutboundMethod, type OutboundRequest, type OutboundResponse, outboundUrl } from './outbound/outbound-http.js';
import { revealed, revealedHeaders, SecretOrText, withoutSecrets } from './outbound/secret-arguments.js';
import { isKnown, MayBeAbsent, Rule, refuse } from './rules.js';

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'] as const;
/** Set by the step itself, so that the receiver can rely on them. */
const RESERVED = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
/** Statuses that may be different next time, beside 5xx. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);
const EXCERPT = 1000;

/** What webhook takes. */
class WebhookArguments {
  @Describe('The URL to call: http or https, on the public internet. In its path and query expressions are encoded as one part each.', {
    example: 'https://hooks.example.com/crm',
  })
  @IsString()
  @IsNotEmpty()
  url!: string;

  @Describe('The HTTP method.', { default: 'POST' })
  @MayBeAbsent()
  @IsIn(METHODS)
  method?: OutboundMethod;

  @Describe('Headers to send. Their values are secret: nobody reads them again. A value may be a secret of the workspace.', {
    example: { authorization: { $secret: 'receiver', prefix: 'Bearer ' } },
  })
  @IsOptional()
  @IsObject()
  headers?: JsonObject;

  @Describe('What to send: JSON, or a text as it is.', { example: { id: '{{record.id}}', stage: '{{record.stage}}' } })
  @MayBeAbsent()
  @Rule('isJson', {}, () => null)
  body?: Json;

  @Describe('Signs the call as Standard Webhooks does: a secret of the workspace that is whsec_… or base64, or that text itself.', {
    example: { $secret: 'receiver-signing' },
  })
  @IsOptional()
  @SecretOrText()
  secret?: string | SecretReference;

  @Describe('The statuses that count as success. Default: all from 200 to 299.', { example: [200, 409] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @IsInt({ each: true })
  @Min(200, { each: true })
  @Max(599, { each: true })
  expectedStatus?: number[];
}

/** Calls another system over HTTP. */
export const webhook = defineAction({
  type: 'webhook',
  label: 'Call webhook',
  description: 'Sends an HTTP request to another system and keeps its answer.',
  effect: 'external',
  arguments: WebhookArguments,
  formats: { url: 'url' },
  output: { status: 'number', body: 'json', truncated: 'boolean' },
  secret: ['secret', 'headers'],
  secretsGoTo: 'url',
  takesSecrets: { secret: ['url'], 'headers.*': ['url'] },
  check: (args, { inject }) => callProblems(args, inject?.(OutboundHttp).guard),
  async execute(args, step) {
    const response = await step.inject(OutboundHttp).send(await requestOf(args, step));
    const body = step.secrets.redact(readBody(response));
    if (isExpected(response.status, args.expectedStatus)) {
      return { status: response.status, body, ...(response.truncated ? { truncated: true } : {}) };
    }
    throw statusError(response, body, outboundUrl(args.url).host);
  },
  async preview(args, step) {
    const { headers, ...request } = step.inject(OutboundHttp).preview(await requestOf(args, step));
    const secret = new Set([...Object.keys(args.headers ?? {}), 'webhook-signature'].map((name) => name.toLowerCase()));
    const shown = Object.entries(headers).map(([name, value]) => [name, secret.has(name) ? MASK : value]);
    return { kind: 'request', ...request, headers: Object.fromEntries(shown) };
  },
});

async function requestOf(args: WebhookArguments, step: ExternalStep): Promise<OutboundRequest> {
  const { url, method = 'POST', headers = {} } = args;
  refuse(headerProblems(withoutSecrets(headers ?? {}), 'headers', RESERVED));
  const secret = args.secret ? await revealed(args.secret, [url], step) : null;
  const signed = signedRequest({ ...args, headers: await revealedHeaders(headers ?? {}, [url], step) }, secret, step);
  return { method, url, ...signed, signal: step.signal, timeoutMs: step.timeoutMs };
}

function callProblems(args: JsonObject, guard: AddressGuard | undefined): Problem[] {
  const problems: Problem[] = [];
  if (isKnown(args.url) && typeof args.url === 'string') {
    problems.push(
      ...caught('url', () => {
        const { hostname, port, protocol } = outboundUrl(args.url as string);
        // What can be told without a lookup; a name is checked when it is connected to.
        guard?.check(hostname, port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port));
      }),
    );
  }
  if (isKnown(args.secret) && typeof args.secret === 'string') {
    problems.push(...caught('secret', () => signer(args.secret as string)));
  }
  if (isJsonObject(args.headers)) {
    const known = Object.fromEntries(
      Object.entries(withoutSecrets(args.headers)).map(([name, value]) => [name, isKnown(value) ? value : '']),
    );
    problems.push(...headerProblems(known, 'headers', RESERVED));
  }
  return problems;
}

function caught(path: string, check: () => unknown): Problem[] {
  try {
    check();
    return [];
  } catch (error) {
    return [{ path, message: (error as AutomationError).message }];
  }
}

/** Body and headers. The id is the same for every attempt, so that the receiver can tell a repetition. */
function signedRequest(
  args: Pick<WebhookArguments, 'body' | 'headers'>,
  secret: string | null,
  step: ExternalStep,
): { body?: string; headers: Record<string, unknown> } {
  const isText = typeof args.body === 'string';
  const body = args.body === undefined ? undefined : isText ? (args.body as string) : JSON.stringify(args.body);
  const named = new Set(Object.keys(args.headers ?? {}).map((name) => name.toLowerCase()));
  const defaults: Record<string, string> = {
    'user-agent': 'nestjs-crm-automation',
    accept: 'application/json, */*;q=0.5',
    ...(body === undefined ? {} : { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' }),
  };
  // Node's clock on purpose: receivers compare it with theirs
  const sentAt = new Date();
  return {
    ...(body === undefined ? {} : { body }),
    headers: {
      ...Object.fromEntries(Object.entries(defaults).filter(([name]) => !named.has(name))),
      ...args.headers,
      'webhook-id': step.idempotencyKey,
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
      ...(secret ? { 'webhook-signature': signer(secret).sign(step.idempotencyKey, sentAt, body ?? '') } : {}),
    },
  };
}

function signer(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch (cause) {
    throw new AutomationError('webhook_secret_invalid', 'The secret cannot sign: it must be base64, with or without whsec_ before it', {
      hint: 'Copy the secret again from the receiver, whole.',
      cause,
    });
  }
}

function isExpected(status: number, expected: readonly number[] | undefined | null): boolean {
  return expected && expected.length > 0 ? expected.includes(status) : status >= 200 && status < 300;
}

/** JSON where the receiver says that it is and it is whole, else text; null when it is compressed or empty. */
function readBody(response: OutboundResponse): Json {
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

function statusError(response: OutboundResponse, body: Json, target: string): AutomationError {
  const { status } = response;
  const text = typeof body === 'string' ? body : body === null ? '' : JSON.stringify(body);
  const options = { details: { status, target, ...(text ? { body: text.slice(0, EXCERPT) } : {}) } };
  if (status >= 300 && status < 400) {
    const location = response.headers.location?.slice(0, 500);
    return new AutomationError('webhook_redirected', `${target} answered ${status} and points to another address, which is not followed`, {
      hint: 'Put the final address into the step.',
      details: { ...options.details, ...(location === undefined ? {} : { location }) },
    });
  }
  if (status >= 500 || TRANSIENT_STATUSES.has(status)) {
    const retryAfterMs = status === 429 || status === 503 ? retryAfter(response.headers['retry-after'], new Date()) : undefined;
    return new AutomationError(status === 429 ? 'webhook_rate_limited' : 'webhook_unavailable', `${target} answered ${status}`, {
      ...options,
      hint:
        status === 429
          ? 'The receiver gets too many calls: send fewer, or ask whoever runs it for more.'
          : 'The receiver has a problem of its own. If it lasts, ask whoever runs it.',
      retry: { kind: 'transient', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    });
  }
  return new AutomationError('webhook_rejected', `${target} refused the call with status ${status}`, {
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
