import { ArrayMaxSize, IsArray, IsIn, IsInt, IsNotEmpty, IsObject, IsOptional, IsString, Max, Min } from 'class-validator';
import type { Webhook } from 'standardwebhooks';
import { MASK } from '../core/definition/secrets.js';
import { AutomationError, type Problem } from '../core/errors.js';
import { isJsonObject, type Json, type JsonObject } from '../core/json.js';
import type { SecretReference } from '../core/secrets/secret-reference.js';
import type { ExternalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { standardwebhooks } from './libraries.js';
import type { AddressGuard } from './outbound/address-guard.js';
import { isExpected, readBody, statusError } from './outbound/answer.js';
import { headerProblems } from './outbound/headers.js';
import { OutboundHttp, type OutboundMethod, type OutboundRequest, outboundUrl } from './outbound/outbound-http.js';
import { revealed, revealedHeaders, SecretOrText, withoutSecrets } from './outbound/secret-arguments.js';
import { problemsOf, urlProblems } from './outbound/url-problems.js';
import { isKnown, MayBeAbsent, Rule, refuse } from './rules.js';

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'] as const;
/** Set by the step itself, so that the receiver can rely on them. */
const RESERVED = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

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
    control: 'secret',
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
    throw statusError('webhook', response, body, outboundUrl(args.url).host);
  },
  async preview(args, step) {
    const { headers, ...request } = step.inject(OutboundHttp).preview(await requestOf(args, step));
    const secret = new Set([...Object.keys(args.headers ?? {}), 'webhook-signature'].map((name) => name.toLowerCase()));
    const shown = Object.entries(headers).map(([name, value]) => [name, secret.has(name) ? MASK : value]);
    return { kind: 'request', ...request, headers: Object.fromEntries(shown) };
  },
});

async function requestOf(args: WebhookArguments, step: ExternalStep): Promise<OutboundRequest> {
  const { url, method = 'POST', body, secret } = args;
  const written = args.headers ?? {};
  refuse(headerProblems(withoutSecrets(written), 'headers', RESERVED));
  const signing = secret ? await revealed(secret, [url], step) : null;
  const headers = await revealedHeaders(written, [url], step);
  return { method, url, ...signedRequest(body, headers, signing, step), signal: step.signal, timeoutMs: step.timeoutMs };
}

function callProblems(args: JsonObject, guard: AddressGuard | undefined): Problem[] {
  const problems = urlProblems(args.url, 'url', guard);
  if (isKnown(args.secret) && typeof args.secret === 'string') {
    problems.push(...problemsOf('secret', () => signer(args.secret as string)));
  }
  if (isJsonObject(args.headers)) {
    const known = Object.fromEntries(
      Object.entries(withoutSecrets(args.headers)).map(([name, value]) => [name, isKnown(value) ? value : '']),
    );
    problems.push(...headerProblems(known, 'headers', RESERVED));
  }
  return problems;
}

/** Body and headers. The id is the same for every attempt, so that the receiver can tell a repetition. */
function signedRequest(
  given: Json | undefined,
  written: JsonObject,
  secret: string | null,
  { idempotencyKey }: ExternalStep,
): { body?: string; headers: Record<string, unknown> } {
  const body = given === undefined || typeof given === 'string' ? given : JSON.stringify(given);
  const headers: Record<string, unknown> = { 'user-agent': 'nestjs-crm-automation', accept: 'application/json, */*;q=0.5' };
  if (body !== undefined) headers['content-type'] = given === body ? 'text/plain; charset=utf-8' : 'application/json';
  for (const name of Object.keys(written)) delete headers[name.toLowerCase()];
  // Node's clock on purpose: receivers compare it with theirs
  const sentAt = new Date();
  const timestamp = String(Math.floor(sentAt.getTime() / 1000));
  Object.assign(headers, written, { 'webhook-id': idempotencyKey, 'webhook-timestamp': timestamp });
  if (secret) headers['webhook-signature'] = signer(secret).sign(idempotencyKey, sentAt, body ?? '');
  return body === undefined ? { headers } : { body, headers };
}

function signer(secret: string): Webhook {
  try {
    return new (standardwebhooks().Webhook)(secret);
  } catch (cause) {
    throw new AutomationError('webhook_secret_invalid', 'The secret cannot sign: it must be base64, with or without whsec_ before it', {
      hint: 'Copy the secret again from the receiver, whole.',
      cause,
    });
  }
}
