import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { httpRequest } from '../../src/actions/http-request.js';
import { OAuthTokens } from '../../src/actions/outbound/oauth-tokens.js';
import { OutboundHttp, type OutboundOptions } from '../../src/actions/outbound/outbound-http.js';
import { describeAction, maskArguments, prepareArguments } from '../../src/actions/prepare-arguments.js';
import { MASK } from '../../src/core/definition/mask.js';
import type { JsonObject } from '../../src/core/json.js';
import { eventually } from '../support/eventually.js';
import { httpPeer, Peers, type Received, rejection } from './support/peers.js';
import { externalStep, LEADS, scopeOf, secretsOf } from './support/steps.js';
import { TEST_CERTIFICATE } from './support/tls.js';

const peers = new Peers();
afterEach(() => peers.close());

type Answer = (response: ServerResponse, request: Received) => void;
const ended: Answer = (response) => void response.end();
const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

/** A receiver, and steps that call it with the secret `api` and `oauth`. */
async function receiver(answer: Answer = ended, options: { secure?: boolean; outbound?: OutboundOptions } = {}) {
  const peer = peers.add(await httpPeer((request, response) => answer(response, request), options));
  const origin = `http${options.secure ? 's' : ''}://127.0.0.1:${peer.port}`;
  const http = peers.add(new OutboundHttp({ allow: ['127.0.0.1'], ...options.outbound }));
  const tokens = new OAuthTokens(http);
  const step = () =>
    externalStep([http, tokens], {
      secrets: secretsOf({ api: { value: 'sk_live_1', origin }, oauth: { value: 'client s&cret', origin } }),
    });
  const execute = (args: JsonObject, more: Partial<ReturnType<typeof step>> = {}) => {
    const one = { ...step(), ...more };
    return httpRequest.execute(prepareArguments(httpRequest, { url: `${origin}/x`, ...args }, one.scope), one) as Promise<JsonObject>;
  };
  return { origin, received: peer.received, execute, step };
}

const problemsOf = (args: JsonObject) =>
  describeAction(httpRequest)
    .check({ url: 'https://api.test/', ...args }, { module: LEADS })
    .map(({ path, message }) => `${path}: ${message}`);

describe('what http_request sends', () => {
  it.each<[string, JsonObject, string, string]>([
    [
      'JSON',
      { json: { name: '{{record.name}}', amount: '{{record.amount}}' } },
      'application/json',
      '{"name":"Ann <b>Lee</b>","amount":10.1}',
    ],
    ['JSON that is null', { json: null }, 'application/json', 'null'],
    ['a form', { form: { a: 'x&y', list: [1, true], none: null } }, 'application/x-www-form-urlencoded', 'a=x%26y&list=1&list=true'],
    ['a text', { text: 'id {{record.id}}' }, 'text/plain; charset=utf-8', 'id l-1'],
    ['a text of another type', { text: '<a/>', headers: { 'Content-Type': 'text/xml' } }, 'text/xml', '<a/>'],
  ])('is %s, with the key of the step', async (_, args, type, body) => {
    const { execute, received } = await receiver();
    await execute({ method: 'POST', ...args });
    expect(received).toMatchObject([{ method: 'POST', body, headers: { 'content-type': type, 'idempotency-key': 'run-1.hello' } }]);
  });

  it('is a GET with its query encoded behind that of the URL, and without a key', async () => {
    const { execute, received, origin } = await receiver();
    await execute({ url: `${origin}/{{record.name}}?a=1`, query: { b: '{{record.name}}', tag: ['x', 'y'], none: null } });
    expect(received[0]).toMatchObject({ method: 'GET', body: '' });
    const url = new URL(origin + received[0]?.url);
    expect([url.pathname, [...url.searchParams]]).toEqual([
      '/Ann%20%3Cb%3ELee%3C%2Fb%3E',
      [
        ['a', '1'],
        ['b', 'Ann <b>Lee</b>'],
        ['tag', 'x'],
        ['tag', 'y'],
      ],
    ]);
    expect(received[0]?.headers).not.toHaveProperty('idempotency-key');
    expect(received[0]?.headers).not.toHaveProperty('content-type');
  });

  it('has a key of its own where the API wants another', async () => {
    const { execute, received } = await receiver();
    await execute({ method: 'POST', headers: { 'Idempotency-Key': 'k-{{record.id}}' } });
    expect(received[0]?.headers['idempotency-key']).toBe('k-l-1');
  });
});

describe('who http_request says that it is', () => {
  it.each<[string, JsonObject, string, string]>([
    ['basic', { type: 'basic', username: 'crm', password: { $secret: 'api' } }, 'authorization', `Basic ${btoa('crm:sk_live_1')}`],
    ['bearer', { type: 'bearer', token: { $secret: 'api' } }, 'authorization', 'Bearer sk_live_1'],
    ['api_key', { type: 'api_key', header: 'X-Api-Key', value: { $secret: 'api', prefix: 'Key ' } }, 'x-api-key', 'Key sk_live_1'],
  ])('%s: in its header, and masked where the answer repeats it', async (_, auth, header, value) => {
    const { execute, received, step, origin } = await receiver((response, request) =>
      json({ echo: request.headers[header] })(response, request),
    );
    const output = await execute({ auth });
    expect(received[0]?.headers[header]).toBe(value);
    expect(JSON.stringify(output)).not.toContain('sk_live_1');
    expect(JSON.stringify(output)).not.toContain(btoa('crm:sk_live_1'));
    expect(maskArguments(httpRequest, { auth })).toEqual({ auth });
    const preview = await httpRequest.preview?.(prepareArguments(httpRequest, { url: origin, auth }, scopeOf()), step());
    expect(preview).toMatchObject({ kind: 'request', headers: { [header]: MASK } });
  });

  it('is nobody where the secret must not go there, and nothing is sent', async () => {
    const { execute } = await receiver();
    const other = await receiver();
    const refused = execute({ url: `${other.origin}/`, auth: { type: 'bearer', token: { $secret: 'api' } } });
    expect((await rejection(refused)).message).toContain('must not go');
    expect(other.received).toEqual([]);
  });

  it('is not what a record says', async () => {
    const { execute, received } = await receiver();
    const scope = scopeOf(undefined, { context: { auth: { type: 'bearer', token: { $secret: 'api' } }, one: { $secret: 'api' } } });
    for (const args of [{ auth: '{{context.auth}}' }, { headers: { 'x-key': '{{context.one}}' } }]) {
      expect(() => execute(args, { scope })).toThrow(
        expect.objectContaining({ code: 'arguments_invalid', message: expect.stringContaining('must not choose one') }),
      );
    }
    expect(received).toEqual([]);
  });
});

describe('OAuth 2 with client credentials', () => {
  const auth = (origin: string, more: JsonObject = {}): JsonObject => ({
    type: 'oauth2',
    tokenUrl: `${origin}/token`,
    clientId: 'crm id',
    clientSecret: { $secret: 'oauth' },
    ...more,
  });
  /** Gives tokens t1, t2, …; `accepts` says which one the API takes. */
  function provider({
    expiresIn = 3600 as number | undefined,
    accepts = (_token: string): boolean => true,
    token = undefined as Answer | undefined,
  } = {}): Answer {
    let given = 0;
    return (response, request) => {
      if (request.url === '/token') {
        given += 1;
        return (token ?? json({ access_token: `token-${given}`, ...(expiresIn !== undefined && { expires_in: expiresIn }) }))(
          response,
          request,
        );
      }
      return json({ used: request.headers.authorization }, accepts(String(request.headers.authorization).slice(7)) ? 200 : 401)(
        response,
        request,
      );
    };
  }
  const asked = (received: Received[]) => received.filter(({ url }) => url === '/token');

  it('asks for one token for many calls at a time, and keeps it', async () => {
    const { execute, received, origin } = await receiver(provider());
    const outputs = await Promise.all(Array.from({ length: 5 }, () => execute({ auth: auth(origin, { scope: 'a b', audience: 'api' }) })));
    await execute({ auth: auth(origin, { scope: 'a b', audience: 'api' }) });
    expect(asked(received)).toHaveLength(1);
    expect(asked(received)[0]).toMatchObject({ method: 'POST', body: 'grant_type=client_credentials&scope=a+b&audience=api' });
    expect(asked(received)[0]?.headers.authorization).toBe(`Basic ${btoa('crm%20id:client%20s%26cret')}`);
    expect(outputs[0]).toMatchObject({ status: 200, body: { used: `Bearer ${MASK}` } });
    expect(received.filter(({ url }) => url === '/x').map(({ headers }) => headers.authorization)).toEqual(Array(6).fill('Bearer token-1'));
    await execute({ auth: auth(origin, { scope: 'other' }) });
    expect(asked(received)).toHaveLength(2);
  });

  it('puts the client into the body where the provider wants it there', async () => {
    const { execute, received, origin } = await receiver(provider());
    await execute({ auth: auth(origin, { clientAuth: 'body' }) });
    expect(Object.fromEntries(new URLSearchParams(asked(received)[0]?.body))).toMatchObject({
      client_id: 'crm id',
      client_secret: 'client s&cret',
    });
    expect(asked(received)[0]?.headers).not.toHaveProperty('authorization');
  });

  it.each([
    [30, 2],
    [3600, 1],
    [undefined, 1],
  ])('uses none shortly before its end: one of %s s is asked for %s times by two calls', async (expiresIn, times) => {
    const { execute, received, origin } = await receiver(provider({ expiresIn }));
    await execute({ auth: auth(origin) });
    await execute({ auth: auth(origin) });
    expect(asked(received)).toHaveLength(times);
  });

  it('renews once a token that is not accepted any more, and then believes the API', async () => {
    const renewed = await receiver(provider({ accepts: (token) => token === 'token-2' }));
    expect(await renewed.execute({ auth: auth(renewed.origin) })).toMatchObject({ status: 200 });
    expect(asked(renewed.received)).toHaveLength(2);
    const refused = await receiver(provider({ accepts: () => false }));
    expect(await rejection(refused.execute({ auth: auth(refused.origin) }))).toMatchObject({
      code: 'http_rejected',
      details: { status: 401 },
    });
    expect(refused.received).toHaveLength(4);
  });

  it.each<[string, Answer, object]>([
    [
      'refuses',
      json({ error: 'invalid_client' }, 401),
      { code: 'http_token_refused', retry: { kind: 'permanent' }, details: { status: 401, body: '{"error":"invalid_client"}' } },
    ],
    ['answers without one', json({ token: 'x' }), { code: 'http_token_refused', details: { status: 200 } }],
    ['answers no JSON', (response) => void response.end('token'), { code: 'http_token_refused' }],
    [
      'is busy',
      json({}, 503, { 'retry-after': '7' }),
      { code: 'http_token_unavailable', retry: { kind: 'transient', retryAfterMs: 7000 } },
    ],
    ['goes away', (response) => void response.destroy(), { code: 'outbound_connection_failed' }],
  ])('makes no call when the provider %s, and asks again the next time', async (_, token, error) => {
    const { execute, received, origin } = await receiver(provider({ token }));
    expect(await rejection(execute({ auth: auth(origin) }))).toMatchObject(error);
    expect(await rejection(execute({ auth: auth(origin) }))).toMatchObject(error);
    expect(received.map(({ url }) => url)).toEqual(['/token', '/token']);
  });

  it('waits no longer than the step, and the token is there for the next one', async () => {
    const held: (() => void)[] = [];
    const { execute, received, origin } = await receiver(
      provider({ token: (response, request) => void held.push(() => json({ access_token: 'late' })(response, request)) }),
    );
    const controller = new AbortController();
    const given = rejection(execute({ auth: auth(origin) }, { signal: controller.signal }));
    await eventually(() => expect(held).toHaveLength(1));
    controller.abort(new Error('too long'));
    expect((await given).message).toBe('too long');
    const next = execute({ auth: auth(origin) });
    held[0]?.();
    expect(await next).toMatchObject({ status: 200 });
    expect(asked(received)).toHaveLength(1);
  });
});

describe('the answer to http_request', () => {
  it('is kept with its headers, but not its cookies', async () => {
    const { execute } = await receiver(json({ id: 7 }, 201, { 'x-request-id': 'r1', 'set-cookie': 'session=1' }));
    const output = await execute({});
    expect(output).toMatchObject({ status: 201, body: { id: 7 }, truncated: false, headers: { 'x-request-id': 'r1' } });
    expect(output.headers).not.toHaveProperty('set-cookie');
  });

  it('is cut at its bound, and says so; the rest is not read', async () => {
    const { execute } = await receiver(json({ text: 'x'.repeat(5_000_000) }), { outbound: { maxResponseBytes: 1000 } });
    const output = await execute({});
    expect(output).toMatchObject({ truncated: true, body: `{"text":"${'x'.repeat(991)}` });
  });

  it('is not unpacked, however small a bomb is', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const { execute } = await receiver((response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    expect(await execute({})).toMatchObject({ status: 200, body: null });
  });

  it('that claims to be JSON and is none is a text, and reaches for no prototype', async () => {
    const { execute } = await receiver(
      (response) => void response.setHeader('content-type', 'application/json').end('{"__proto__":{"polluted":1}'),
    );
    expect(await execute({})).toMatchObject({ body: '{"__proto__":{"polluted":1}' });
    const polluting = await receiver(
      (response) => void response.setHeader('content-type', 'application/json').end('{"__proto__":{"polluted":1},"a":1}'),
    );
    expect((await polluting.execute({})).body).toEqual({ a: 1 });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it.each<[number, Record<string, string>, object]>([
    [429, { 'retry-after': '120' }, { code: 'http_rate_limited', retry: { kind: 'transient', retryAfterMs: 120_000 } }],
    [503, { 'retry-after': '5' }, { code: 'http_unavailable', retry: { kind: 'transient', retryAfterMs: 5_000 } }],
    [500, { 'retry-after': '5' }, { code: 'http_unavailable', retry: { kind: 'transient' } }],
    [404, {}, { code: 'http_rejected', retry: { kind: 'permanent' } }],
  ])('of status %s is an error that says whether trying again can help', async (status, headers, error) => {
    const { execute } = await receiver(json({ message: 'why' }, status, headers));
    const thrown = await rejection(execute({}));
    expect(thrown).toMatchObject({ ...error, details: { status, body: '{"message":"why"}' } });
    expect((thrown as unknown as { retry: object }).retry).toEqual((error as { retry: object }).retry);
  });

  it('is a success where the step lists its status', async () => {
    const { execute } = await receiver(json({}, 404));
    expect(await execute({ expectedStatus: [200, 404] })).toMatchObject({ status: 404 });
  });

  it('that points elsewhere is not followed, least of all inside', async () => {
    const inside = await receiver();
    const { execute } = await receiver((response) => void response.writeHead(302, { location: `${inside.origin}/secret` }).end());
    expect(await rejection(execute({}))).toMatchObject({ code: 'http_redirected', details: { location: `${inside.origin}/secret` } });
    expect(inside.received).toEqual([]);
  });

  it('that never comes ends with the time of the step', async () => {
    const { execute, received } = await receiver(() => undefined);
    expect(await rejection(execute({}, { timeoutMs: 300 }))).toMatchObject({ code: 'outbound_timeout', retry: { kind: 'ambiguous' } });
    expect(received).toHaveLength(1);
  });

  it('comes over TLS from whom the host trusts, and from nobody else', async () => {
    const trusted = await receiver(json({ ok: true }), { secure: true, outbound: { ca: TEST_CERTIFICATE } });
    expect(await trusted.execute({ auth: { type: 'bearer', token: { $secret: 'api' } } })).toMatchObject({ body: { ok: true } });
    const unknown = await receiver(ended, { secure: true });
    expect(await rejection(unknown.execute({}))).toMatchObject({ code: 'outbound_tls_failed' });
    expect(unknown.received).toEqual([]);
  });

  it('is held against the condition of the step', async () => {
    const { execute } = await receiver(json({ state: 'accepted', id: 'l-1', items: [1] }, 200, { 'x-quota': '7' }));
    const assert = {
      all: [
        { field: 'response.status', operator: 'equals', value: 200 },
        { field: 'response.headers.x-quota', operator: 'equals', value: '7' },
        { field: 'response.body.id', operator: 'equals', value: '{{record.id}}' },
        { any: [{ field: 'response.body.state', operator: 'is_any_of', value: ['accepted', 'queued'] }] },
      ],
    };
    expect(await execute({ assert })).toMatchObject({ status: 200 });
    const failed = await rejection(execute({ assert: { all: [{ field: 'response.body.state', operator: 'equals', value: 'done' }] } }));
    expect(failed).toMatchObject({
      code: 'http_assertion_failed',
      retry: { kind: 'permanent' },
      details: { status: 200, explanation: { result: false, all: [{ seen: 'accepted', expected: 'done' }] } },
    });
  });
});

describe('what the condition of http_request compares with', () => {
  const told = (note: string) => ({ ...scopeOf(), record: { id: 'l-1', note }, context: { token: 'kept' } });

  it.each(['{{context.token}}', '{{oops', '{"field":"response.body.note"}'])('is what the record says, as it is: %s', async (note) => {
    const { execute, received } = await receiver((response, request) => json({ note: request.body })(response, request));
    const of = (value: string) => ({
      method: 'POST',
      text: value,
      assert: { all: [{ field: 'response.body.note', operator: 'equals', value: '{{record.note}}' }] },
    });
    expect(await execute(of('{{record.note}}'), { scope: told(note) })).toMatchObject({ body: { note } });
    expect(await rejection(execute(of('kept'), { scope: told(note) }))).toMatchObject({ code: 'http_assertion_failed' });
    expect(received).toHaveLength(2);
  });

  it('must be there before anything is sent', async () => {
    const { execute, received } = await receiver(json({}));
    const assert = { field: 'response.body.id', operator: 'equals', value: '{{steps.none.output.id}}' };
    expect(await rejection(execute({ assert }))).toMatchObject({ code: 'template_path_missing' });
    expect(received).toEqual([]);
  });
});

describe('http_request refuses when it is saved', () => {
  it.each<[string, JsonObject, string]>([
    ['an address inside', { url: 'http://10.0.0.1:99999/' }, 'url:'],
    ['a query of objects', { query: { a: { b: 1 } } }, 'query:'],
    ['two bodies', { method: 'POST', json: 1, text: 'x' }, 'text: give at most one of json, form, text, not json and text'],
    ['a body without a method for it', { json: 1 }, 'json: a GET carries no body: give another method'],
    [
      'an unknown kind of auth',
      { auth: { type: 'digest' } },
      'auth: auth must be an object whose "type" is one of: basic, bearer, api_key, oauth2',
    ],
    ['a literal secret', { auth: { type: 'bearer', token: 'sk_live' } }, 'auth.token: token must name a secret of the workspace'],
    ['a missing member', { auth: { type: 'basic', password: { $secret: 'a' } } }, 'auth.username: username must be a text'],
    ['an unknown member', { auth: { type: 'bearer', token: { $secret: 'a' }, tokne: 1 } }, 'auth.tokne: tokne is not known here.'],
    ['a header of auth that is none', { auth: { type: 'api_key', header: 'a b', value: { $secret: 'a' } } }, 'auth.header:'],
    [
      'the same header twice',
      { headers: { Authorization: 'x' }, auth: { type: 'bearer', token: { $secret: 'a' } } },
      'headers.Authorization: the header Authorization is set by auth',
    ],
    [
      'a rendered tokenUrl',
      { auth: { type: 'oauth2', tokenUrl: 'https://{{record.name}}/', clientId: 'a', clientSecret: { $secret: 'a' } } },
      'auth.tokenUrl: tokenUrl must be written out',
    ],
    [
      'an unknown clientAuth',
      { auth: { type: 'oauth2', tokenUrl: 'https://a.test', clientId: 'a', clientSecret: { $secret: 'a' }, clientAuth: 'jwt' } },
      'auth.clientAuth: clientAuth must be one of: basic, body',
    ],
    ['a header that smuggles', { headers: { 'Content-Length': '1' } }, 'headers.Content-Length:'],
    [
      'a condition on something else',
      { assert: { all: [{ field: 'record.name', operator: 'equals', value: 'x' }] } },
      'assert.all[0].field: Conditions about an answer read response.status',
    ],
    ['a condition that is none', { assert: { all: [{ field: 'response.body', operator: 'is_like' }] } }, 'assert.all[0].operator:'],
  ])('%s', (_, args, problem) => {
    expect(problemsOf(args)).toEqual([expect.stringContaining(problem)]);
  });

  it('nothing that is right, templates included', () => {
    const oauth = {
      type: 'oauth2',
      tokenUrl: 'https://a.test/',
      clientId: 'a',
      clientSecret: { $secret: 'a' },
      scope: 's',
      clientAuth: 'basic',
    };
    expect(
      problemsOf({
        url: 'https://api.test/{{record.id}}',
        method: 'POST',
        form: { a: '{{record.name}}' },
        auth: oauth,
        assert: { all: [] },
      }),
    ).toEqual([]);
  });
});
