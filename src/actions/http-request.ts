import { ArrayMaxSize, IsArray, IsIn, IsInt, IsNotEmpty, IsObject, IsOptional, IsString, Max, Min } from 'class-validator';
import type { Condition } from '../core/condition/tree.js';
import { MASK } from '../core/definition/mask.js';
import { AutomationError, type Problem } from '../core/errors.js';
import { isJsonObject, type Json, type JsonObject } from '../core/json.js';
import { renderJson } from '../core/template/template.js';
import type { ExternalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import type { AddressGuard } from './outbound/address-guard.js';
import { excerptOf, isExpected, readBody, statusError } from './outbound/answer.js';
import { headerProblems } from './outbound/headers.js';
import { AUTH_SCHEMA, authHeader, authProblems, type Credentials, credentialsOf, type HttpAuth } from './outbound/http-auth.js';
import { OutboundHttp, type OutboundMethod, type OutboundRequest, type OutboundResponse, outboundUrl } from './outbound/outbound-http.js';
import { askResponse, responseConditionProblems } from './outbound/response-condition.js';
import { revealedHeaders, withoutSecrets } from './outbound/secret-arguments.js';
import { urlProblems } from './outbound/url-problems.js';
import { isKnown, MayBeAbsent, Rule, refuse } from './rules.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const;
const BODIES = ['json', 'form', 'text'] as const;
/** Of an answer these are left out of the output: they let whoever reads the log in. */
const PRIVATE_HEADERS: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2']);
const FIELDS = 'an object whose values are texts, numbers, true or false, or lists of them';

/** What http_request takes. */
class HttpRequestArguments {
  @Describe('The URL to call: http or https, on the public internet. In its path and query expressions are encoded as one part each.', {
    example: 'https://api.example.com/v1/customers/{{record.externalId}}',
  })
  @IsString()
  @IsNotEmpty()
  url!: string;

  @Describe('The HTTP method.', { default: 'GET' })
  @MayBeAbsent()
  @IsIn(METHODS)
  method?: OutboundMethod;

  @Describe('Put behind the URL, encoded; a list gives a parameter for each of its values, null none.', {
    example: { page: 1, tag: ['a', 'b'] },
  })
  @IsOptional()
  @Rule('isFields', { type: 'object' }, (value) => (isFields(value) ? null : `must be ${FIELDS}`))
  query?: JsonObject;

  @Describe('Headers to send. Their values are secret: nobody reads them again. A value may be a secret of the workspace.', {
    example: { 'x-api-version': '2025-01-01' },
  })
  @IsOptional()
  @IsObject()
  headers?: JsonObject;

  @Describe('Who calls, by secrets of the workspace: basic, bearer, api_key, or oauth2 (client credentials).', {
    example: { type: 'bearer', token: { $secret: 'stripe' } },
  })
  @IsOptional()
  @Rule('isAuth', AUTH_SCHEMA, (value) => (isJsonObject(value) ? null : 'must be an object'))
  auth?: HttpAuth;

  @Describe('What to send as JSON.', { example: { name: '{{record.name}}' } })
  @MayBeAbsent()
  @Rule('isJson', {}, () => null)
  json?: Json;

  @Describe('What to send as a form (application/x-www-form-urlencoded).', { example: { amount: '{{record.amount}}' } })
  @IsOptional()
  @Rule('isFields', { type: 'object' }, (value) => (isFields(value) ? null : `must be ${FIELDS}`))
  form?: JsonObject;

  @Describe('What to send as text, as it is; `headers` says its content type where it is not text/plain.')
  @IsOptional()
  @IsString()
  text?: string;

  @Describe('The statuses that count as success. Default: all from 200 to 299.', { example: [200, 404] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @IsInt({ each: true })
  @Min(200, { each: true })
  @Max(599, { each: true })
  expectedStatus?: number[];

  @Describe('A condition that the answer must fulfil, on response.status, response.headers and response.body; otherwise the step fails.', {
    example: { all: [{ field: 'response.body.state', operator: 'equals', value: 'accepted' }] },
    control: 'condition',
    module: [],
  })
  @IsOptional()
  @IsObject()
  assert?: Condition;
}

/** Calls an API and keeps its answer. */
export const httpRequest = defineAction({
  type: 'http_request',
  label: 'HTTP request',
  description: 'Calls an API, with credentials from the secrets of the workspace, checks its answer and keeps it for later steps.',
  effect: 'external',
  arguments: HttpRequestArguments,
  formats: { url: 'url', assert: 'condition' },
  output: { status: 'number', headers: 'json', body: 'json', truncated: 'boolean' },
  secret: ['headers'],
  secretsGoTo: 'url',
  takesSecrets: {
    'headers.*': ['url'],
    'auth.password': ['url'],
    'auth.token': ['url'],
    'auth.value': ['url'],
    'auth.clientSecret': ['auth.tokenUrl', 'url'],
  },
  check: (args, { inject }) => {
    const guard = inject?.(OutboundHttp).guard;
    return [...urlProblems(args.url, 'url', guard), ...requestProblems(args, guard)];
  },
  async execute(args, step) {
    checkRendered(args, step);
    const response = await sendWith(await credentialsOf(args.auth, args.url, step), args, step);
    const body = step.secrets.redact(readBody(response));
    const { host } = outboundUrl(args.url);
    if (!isExpected(response.status, args.expectedStatus)) throw statusError('http', response, body, host);
    const headers = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !PRIVATE_HEADERS.has(name)));
    const { status, truncated } = response;
    assertAnswer(args, { status, headers, body, truncated }, host, step);
    return { status, headers, body, truncated };
  },
  async preview(args, step) {
    checkRendered(args, step);
    const name = authHeader(args.auth);
    const { headers, ...request } = step
      .inject(OutboundHttp)
      .preview(await requestOf(args, name === null ? {} : { [name]: 'secret' }, step));
    const secret = new Set([...Object.keys(args.headers ?? {}).map((header) => header.toLowerCase()), ...(name === null ? [] : [name])]);
    const shown = Object.entries(headers).map(([header, value]) => [header, secret.has(header) ? MASK : value]);
    return { kind: 'request', ...request, headers: Object.fromEntries(shown) };
  },
});

/** Before anything is sent. What a condition compares with must be there, although it is rendered when the condition is asked. */
function checkRendered(args: HttpRequestArguments, { scope }: ExternalStep): void {
  refuse(requestProblems(args as unknown as JsonObject));
  renderJson({ assert: (args.assert ?? null) as Json }, scope);
}

/** A token that the API does not accept any more is renewed once. */
async function sendWith({ headers, renew }: Credentials, args: HttpRequestArguments, step: ExternalStep): Promise<OutboundResponse> {
  const response = await step.inject(OutboundHttp).send(await requestOf(args, headers, step));
  return response.status === 401 && renew ? sendWith(await renew(), args, step) : response;
}

async function requestOf(args: HttpRequestArguments, credentials: Record<string, string>, step: ExternalStep): Promise<OutboundRequest> {
  const { method = 'GET', headers } = args;
  const body = bodyOf(args);
  const given = { ...(await revealedHeaders(headers ?? {}, [args.url], step)), ...credentials };
  const named = new Set(Object.keys(given).map((name) => name.toLowerCase()));
  const defaults = {
    'user-agent': 'nestjs-crm-automation',
    accept: 'application/json, */*;q=0.5',
    ...(body && { 'content-type': body.type }),
    // The same for every attempt, so that the receiver can tell a repetition.
    ...(method !== 'GET' && method !== 'HEAD' && { 'idempotency-key': step.idempotencyKey }),
  };
  return {
    method,
    url: urlOf(args),
    headers: { ...Object.fromEntries(Object.entries(defaults).filter(([name]) => !named.has(name))), ...given },
    ...(body && { body: body.text }),
    signal: step.signal,
    ...(step.timeoutMs !== undefined && { timeoutMs: step.timeoutMs }),
  };
}

function urlOf({ url, query }: HttpRequestArguments): string {
  const target = outboundUrl(url);
  for (const [name, value] of pairs(query)) target.searchParams.append(name, value);
  return target.href;
}

function bodyOf({ json, form, text }: HttpRequestArguments): { text: string; type: string } | null {
  if (json !== undefined) return { text: JSON.stringify(json), type: 'application/json' };
  if (form) return { text: new URLSearchParams(pairs(form)).toString(), type: 'application/x-www-form-urlencoded' };
  return typeof text === 'string' ? { text, type: 'text/plain; charset=utf-8' } : null;
}

function pairs(fields: JsonObject | undefined | null): [string, string][] {
  return Object.entries(fields ?? {}).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((one): [string, string][] => (one === null ? [] : [[name, String(one)]])),
  );
}

function isFields(value: unknown): value is JsonObject {
  const isPlain = (one: unknown): boolean => one === null || ['string', 'number', 'boolean'].includes(typeof one);
  return isJsonObject(value) && Object.values(value).every((one) => (Array.isArray(one) ? one.every(isPlain) : isPlain(one)));
}

/** Rules across arguments; on a definition as on what it was rendered to. */
function requestProblems(args: JsonObject, guard?: AddressGuard): Problem[] {
  const problems = authProblems(args.auth, guard);
  const bodies = BODIES.filter((name) => args[name] !== undefined && (name === 'json' || args[name] !== null));
  if (bodies.length > 1)
    problems.push({ path: bodies[1] ?? '', message: `give at most one of ${BODIES.join(', ')}, not ${bodies.join(' and ')}` });
  if (bodies[0] !== undefined && (args.method === undefined || args.method === 'GET' || args.method === 'HEAD'))
    problems.push({ path: bodies[0], message: `a ${String(args.method ?? 'GET')} carries no body: give another method` });
  if (isJsonObject(args.headers)) {
    const known = Object.entries(withoutSecrets(args.headers)).map(([name, value]) => [name, isKnown(value) ? value : '']);
    problems.push(...headerProblems(Object.fromEntries(known)));
    const taken = authProblems(args.auth).length === 0 ? authHeader(args.auth as unknown as HttpAuth | undefined) : null;
    const twice = Object.keys(args.headers).find((name) => name.toLowerCase() === taken);
    if (twice !== undefined) problems.push({ path: `headers.${twice}`, message: `the header ${twice} is set by auth: give one of them` });
  }
  if (args.assert !== undefined && args.assert !== null) problems.push(...responseConditionProblems(args.assert, 'assert'));
  return problems;
}

function assertAnswer(
  { assert }: HttpRequestArguments,
  { truncated, ...response }: { status: number; headers: JsonObject; body: Json; truncated: boolean },
  target: string,
  step: ExternalStep,
): void {
  if (!assert) return;
  const explanation = askResponse(assert, response, step);
  if (explanation.result) return;
  throw new AutomationError('http_assertion_failed', `${target} answered ${response.status}, but not as the step wants it`, {
    hint: truncated
      ? 'Its answer was larger than what is kept, and so could not be read: ask the API for less.'
      : 'The explanation says which test did not hold, and what the answer had instead.',
    details: { status: response.status, target, explanation: explanation as unknown as JsonObject, ...excerptOf(response.body) },
  });
}
