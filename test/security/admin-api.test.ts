import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ValidationPipe } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { HttpAnswer } from '../http/support/http-call.js';
import { type RealApp, startRealApp } from './support/real-app.js';
import { furnish, type Ids, LISTS, pathOf, TARGETS, type Target, UNKNOWN, WITH_BODY, WITH_ID } from './support/routes.js';
import { type ApiDocument, bodyFields, queryParameters, unfitValues } from './support/wrong-types.js';

// Attacks by the form of a request, each on every route that it can be made on. See admin-access for who asks, and
// definitions for what a definition may hold.

const UTF8 = 'application/json';
const deep = (levels: number, open: string, close: string): string => open.repeat(levels) + close.repeat(levels);

/** The body of the route with something more in it, as JSON; `__proto__` cannot be written otherwise. */
const withMember = (member: string) => (body: object) => {
  const text = JSON.stringify(body);
  return text === '{}' ? `{${member}}` : `${text.slice(0, -1)},${member}}`;
};
type Body = (body: object) => string | Buffer;
const asIs: Body = (body) => JSON.stringify(body);
/** Made once: packing 20 MB takes longer than many requests. */
const packed = (text: string): Body => {
  let bytes: Buffer | undefined;
  return () => {
    bytes ??= gzipSync(text);
    return bytes;
  };
};

/** What is sent, with which content type (and encoding), and what answers it. */
const BODIES: [attack: string, body: Body, contentType: string, status: number, code: string, encoding?: string][] = [
  ['an id', withMember(`"id":"${UNKNOWN}"`), UTF8, 400, 'invalid_request'],
  ['a workspaceId', withMember('"workspaceId":"rival"'), UTF8, 400, 'invalid_request'],
  ['a workspace_id', withMember('"workspace_id":"rival"'), UTF8, 400, 'invalid_request'],
  ['a status', withMember('"status":"active"'), UTF8, 400, 'invalid_request'],
  ['an unknown member', withMember('"isAdmin":true'), UTF8, 400, 'invalid_request'],
  ['a member named like a method', withMember('"toString":1'), UTF8, 400, 'invalid_request'],
  ['hasOwnProperty', withMember('"hasOwnProperty":1'), UTF8, 400, 'invalid_request'],
  ['__proto__', withMember('"__proto__":{"polluted":true}'), UTF8, 400, 'invalid_request'],
  ['__proto__, escaped', withMember('"__pr\\u006fto__":{"polluted":true}'), UTF8, 400, 'invalid_request'],
  ['constructor', withMember('"constructor":{"prototype":{"polluted":true}}'), UTF8, 400, 'invalid_request'],
  ['prototype', withMember('"prototype":{"polluted":true}'), UTF8, 400, 'invalid_request'],
  ['__proto__ inside', withMember('"definition":{"a":[{"__proto__":{"polluted":true}}]}'), UTF8, 400, 'invalid_request'],
  ['constructor inside', withMember('"filter":{"constructor":{"prototype":{"polluted":true}}}'), UTF8, 400, 'invalid_request'],
  ['U+0000', withMember('"reason":"a\\u0000b"'), UTF8, 400, 'invalid_request'],
  ['half of a surrogate pair', withMember('"reason":"\\ud800"'), UTF8, 400, 'invalid_request'],
  ['U+0000 in a name', withMember('"a\\u0000":1'), UTF8, 400, 'invalid_request'],
  ['a number beyond doubles', withMember('"revision":1e400'), UTF8, 400, 'invalid_request'],
  ['lists nested 45,000 deep', withMember(`"reason":${deep(45_000, '[', ']')}`), UTF8, 400, 'invalid_request'],
  ['objects nested 45,000 deep', withMember(`"reason":${'{"":'.repeat(45_000)}1${'}'.repeat(45_000)}`), UTF8, 400, 'invalid_request'],
  ['a list', () => '[]', UTF8, 400, 'invalid_request'],
  ['a list of bodies', (body) => JSON.stringify([body]), UTF8, 400, 'invalid_request'],
  ['a text', () => '"text"', UTF8, 400, 'invalid_json'],
  ['null', () => 'null', UTF8, 400, 'invalid_json'],
  ['half of its JSON', () => '{"name":', UTF8, 400, 'invalid_json'],
  ['JSON with something behind it', (body) => `${JSON.stringify(body)};alert(1)`, UTF8, 400, 'invalid_json'],
  ['257 KB', withMember(`"reason":"${'x'.repeat(257 * 1024)}"`), UTF8, 413, 'payload_too_large'],
  ['257 KB of white space', (body) => `${JSON.stringify(body)}${' '.repeat(257 * 1024)}`, UTF8, 413, 'payload_too_large'],
  ['20 MB, packed into a few KB', packed(`{"reason":"${'x'.repeat(20_000_000)}"}`), UTF8, 413, 'payload_too_large', 'gzip'],
  ['300 KB, packed', packed(`{"reason":"${'x'.repeat(300_000)}"}`), UTF8, 413, 'payload_too_large', 'gzip'],
  ['an encoding that nobody knows', asIs, UTF8, 415, 'unsupported_media_type', 'rot13'],
  ['a form', () => 'name=A&definition=%7B%7D', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
  ['a multipart form', () => '--x--', 'multipart/form-data; boundary=x', 415, 'unsupported_media_type'],
  ['text', asIs, 'text/plain', 415, 'unsupported_media_type'],
  ['text that calls itself JSON further on', asIs, 'text/plain; application/json', 415, 'unsupported_media_type'],
  ['a vendor type', asIs, 'application/vnd.api+json', 415, 'unsupported_media_type'],
  ['XML', () => '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 'application/xml', 415, 'unsupported_media_type'],
  ['utf-7', () => '+AHsAfQ-', 'application/json; charset=utf-7', 415, 'unsupported_media_type'],
  ['utf-16', (body) => Buffer.from(JSON.stringify(body), 'utf16le'), 'application/json; charset=utf-16le', 415, 'unsupported_media_type'],
  ['latin-1', asIs, 'application/json; charset=iso-8859-1', 415, 'unsupported_media_type'],
  ['two charsets', asIs, 'application/json; charset=utf-8; charset=utf-7', 415, 'unsupported_media_type'],
];

/** Put behind every list, whatever its parameters are. */
const QUERIES: [attack: string, status: number, query: string][] = [
  ['an unknown parameter', 400, 'unknown=1'],
  ['the workspace', 400, 'workspaceId=rival'],
  ['constructor', 400, 'constructor=1'],
  ['prototype', 400, 'prototype=1'],
  ['a path through constructor', 400, 'constructor[prototype][polluted]=1'],
  ['a method override', 400, '_method=DELETE'],
  ['fields to choose', 400, 'select=password&fields[]=secret'],
  ['a limit of nothing', 400, 'limit=0'],
  ['a negative limit', 400, 'limit=-1'],
  ['a limit above the most', 400, 'limit=101'],
  ['a limit in another notation', 400, 'limit=1e3'],
  ['a hexadecimal limit', 400, 'limit=0x10'],
  ['a limit with white space', 400, 'limit=%205'],
  ['an infinite limit', 400, 'limit=Infinity'],
  ['a limit beyond integers', 400, 'limit=99999999999999999999'],
  ['a statement for a limit', 400, 'limit=1;DROP%20TABLE%20automation.runs'],
  ['12,000 letters', 400, `module=${'x'.repeat(12_000)}`],
  ['a thousand parameters', 400, Array.from({ length: 1_000 }, (_, index) => `p${index}=1`).join('&')],
  ['more than Node reads of a request', 431, `module=${'x'.repeat(20_000)}`],
];

/** Attacks on one parameter of one list. */
const PARAMETERS: [list: string, query: string, status: number][] = [
  ...['password', 'draft', 'name;DROP TABLE x', 'name,code', 'name desc', '--name', '__proto__', '-constructor', '(select 1)', '1'].map(
    (sort): [string, string, number] => ['workflows', `sort=${encodeURIComponent(sort)}`, 400],
  ),
  ['workflows', 'status=gone', 400],
  ['workflows', 'page=0', 400],
  ['workflows', 'page=999999999', 400],
  ['workflows', 'page=100000&limit=100', 200],
  ['workflows', `search=${encodeURIComponent("'; DELETE FROM automation.workflows; --")}`, 200],
  ['workflows', `search=${encodeURIComponent("%' OR '1'='1")}`, 200],
  ['workflows', `search=${encodeURIComponent('\\')}`, 200],
  ['workflows', 'search=%ED%A0%80', 200],
  ['runs', 'status=done', 400],
  ['runs', "workflowId=1'%20OR%20'1'='1", 400],
  ['runs', `recordId=${encodeURIComponent("42' OR '1'='1")}`, 200],
  ['runs', `reason=${encodeURIComponent('$1; SELECT pg_sleep(9)')}`, 200],
  ['runs', 'from=2025-01-01T10:00:00', 400],
  ['runs', `to=${encodeURIComponent('+275760-09-13T00:00:00Z')}`, 400],
  ...['runs', 'events'].flatMap((list): [string, string, number][] => [
    [list, 'cursor=1', 400],
    [list, 'cursor=%00', 400],
    [list, 'cursor=%ED%A0%80', 400],
    [list, `cursor=${UNKNOWN}x`, 400],
    [list, `cursor=${encodeURIComponent(`${UNKNOWN}' OR 1=1 --`)}`, 400],
    [list, `cursor=${Buffer.from('{"workspaceId":"rival"}').toString('base64url')}`, 400],
    [list, 'cursor=..%2F..%2Fetc%2Fpasswd', 400],
    [list, 'cursor=ffffffff-ffff-ffff-ffff-ffffffffffff', 200],
  ]),
];

const ODD_IDS = [
  '%00',
  `${UNKNOWN}%00`,
  `${UNKNOWN}x`,
  '%ED%A0%80',
  '%E0%A4%A',
  '%F0%9F%92%A9',
  "'%20OR%201=1--",
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f',
  '__proto__',
  'constructor',
  'null',
  '0',
  '*',
  '%25',
  '[object Object]',
  'x'.repeat(3_000),
];

/** Bytes that are no UTF-8: half of a surrogate pair, half of a letter. */
const NO_URLS = new Set(['%ED%A0%80', '%E0%A4%A']);

/** Headers by which some servers let a caller choose another method, route or workspace. */
const HEADERS: [attack: string, headers: Record<string, string>][] = [
  ['X-HTTP-Method-Override', { 'X-HTTP-Method-Override': 'DELETE' }],
  ['X-HTTP-Method', { 'X-HTTP-Method': 'DELETE' }],
  ['X-Method-Override', { 'X-Method-Override': 'PATCH' }],
  ['X-Original-URL and X-Rewrite-URL', { 'X-Original-URL': '/automation/workflows', 'X-Rewrite-URL': '/automation/runs/retry' }],
  ['a workspace', { 'X-Workspace-Id': 'rival', 'X-Tenant': 'rival' }],
];

/** What a pipe of the host may change: all but what its parser refuses, which no pipe gets to see. */
const FOR_PIPES = BODIES.filter(([, , , status, code]) => status === 400 && code !== 'invalid_json');

/** Once as a plain host runs it, once as a host that reads queries as nested objects, strips and converts. */
const HOSTS: [string, number, typeof BODIES, (app: NestExpressApplication) => void][] = [
  ['a plain host', 400, BODIES, () => undefined],
  [
    'a host that converts',
    200,
    FOR_PIPES,
    (app) => {
      app.set('query parser', 'extended');
      app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true, transformOptions: { enableImplicitConversion: true } }));
    },
  ],
];

/** What was asked, and an answer that was not the one to it. They are gathered: to expect each of 12,000 is a tenth of the time. */
type Other = [asked: unknown, answer: HttpAnswer];
const isAnswer = ({ status, body }: HttpAnswer, expected: number, code: string): boolean => status === expected && body.code === code;

describe.each(HOSTS)('on %s', (_host, dropped, bodies, prepare) => {
  let real: RealApp;
  let ids: Ids;
  let document: ApiDocument;
  let before: string;

  beforeAll(async () => {
    real = await startRealApp({}, prepare);
    ids = await furnish(real);
    document = (await real.call('get', '/automation/docs-json', '')).body;
    before = await real.state();
  });
  afterAll(() => real?.close());
  afterEach(async () => {
    expect(await real.state()).toBe(before);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  const post = (target: Target, body: string | Buffer, contentType = UTF8) =>
    real.call(target.method, pathOf(target, ids)).set('Content-Type', contentType).send(body);
  const list = (name: string, query: string) => real.call('get', `/automation/${name}?${query}`);

  it.each(
    bodies.map(([attack, body, contentType, status, code, encoding]) => [attack, status, code, { body, contentType, encoding }] as const),
  )('a body with or as %s → %d %s on every route', async (_attack, status, code, { body, contentType, encoding }) => {
    const others: Other[] = [];
    for (const target of WITH_BODY) {
      const request = post(target, body(target.body ?? {}), contentType);
      const answer = await (encoding ? request.set('Content-Encoding', encoding) : request);
      const { statusCode, message } = answer.body;
      if (!isAnswer(answer, status, code) || statusCode !== status || typeof message !== 'string') others.push([target.name, answer]);
    }
    expect(others).toEqual([]);
  });

  it.each(WITH_BODY.map((target) => [target.name, target] as const))(
    '%s: every member with every wrong type → 400',
    async (_name, target) => {
      const others: Other[] = [];
      for (const { path, schema } of bodyFields(document, target)) {
        const isProblem = (problem: { path: unknown; message: unknown }): boolean =>
          String(problem.path).includes(path.join('.')) && typeof problem.message === 'string';
        for (const value of unfitValues(schema)) {
          const body = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
          const filled = { ...target.body, ...body };
          const answer = await post(target, JSON.stringify(filled));
          if (!isAnswer(answer, 400, 'invalid_request') || !answer.body.problems.some(isProblem)) others.push([filled, answer]);
        }
      }
      expect(others).toEqual([]);
    },
  );

  it.each(QUERIES)('a query with %s → %d on every list', async (_attack, status, query) => {
    for (const target of LISTS) {
      const path = pathOf(target, ids);
      const answer = await real.call('get', `${path}?${query}`);
      expect([path, answer.status]).toEqual([path, status]);
      if (status === 400) expect(answer.body.problems.length).toBeGreaterThan(0);
    }
  });

  it.each(LISTS.map((target) => [target.name, target] as const))(
    '%s: every parameter twice, as a list, as an object, empty, with U+0000 → 400',
    async (_name, target) => {
      const others: Other[] = [];
      for (const { name, value } of queryParameters(document, target)) {
        const path = pathOf(target, ids);
        expect((await real.call('get', `${path}?${name}=${value}`)).status).toBe(200);
        for (const query of [
          `${name}=${value}&${name}=${value}`,
          `${name}[]=${value}`,
          `${name}[$ne]=${value}`,
          `${name}=`,
          `${name}=%00`,
        ]) {
          const answer = await real.call('get', `${path}?${query}`);
          if (!isAnswer(answer, 400, 'invalid_request')) others.push([query, answer]);
        }
      }
      expect(others).toEqual([]);
    },
  );

  it.each(PARAMETERS)('GET %s?%s → %d', async (name, query, status) => {
    const answer = await list(name, query);
    expect([answer.status, answer.body.code]).toEqual([status, status === 400 ? 'invalid_request' : undefined]);
    // Taken for what it is, a text: it finds what holds it, which is nothing.
    if (status === 200 && !query.startsWith('cursor')) expect(answer.body.items).toEqual([]);
  });

  it('__proto__ in a query → 400, or dropped by the parser of the host; never an assignment', async () => {
    for (const target of LISTS) {
      const path = pathOf(target, ids);
      expect((await real.call('get', `${path}?__proto__=1`)).status).toBe(dropped);
      expect((await real.call('get', `${path}?__proto__[polluted]=1`)).status).toBe(dropped);
      expect((await real.call('get', `${path}?__proto__.polluted=1`)).status).toBe(400);
    }
  });

  it("another workspace's cursor → only what is one's own", async () => {
    const own = (await list('runs', '')).body.items.map(({ id }: { id: string }) => id);
    const answer = await real.call('get', `/automation/runs?cursor=${own[0]}`, 'rival');
    expect([answer.status, answer.body.items]).toEqual([200, []]);
  });

  it.each(WITH_ID.map((target) => [target.name, target] as const))(
    '%s: odd ids → 404, or 400 where it is no URL',
    async (_name, target) => {
      const others: Other[] = [];
      for (const odd of ODD_IDS) {
        const query = target.query === undefined ? '' : `?${target.query}`;
        const answer = await real.call(target.method, target.path.replace(':id', odd) + query).send(target.body);
        if (answer.status !== (NO_URLS.has(odd) ? 400 : 404) || typeof answer.body.code !== 'string') others.push([odd, answer]);
      }
      expect(others).toEqual([]);
    },
  );

  it.each(TARGETS.filter(({ method }) => method !== 'get').map((target) => [target.name, target] as const))(
    '%s: from a page of another site, without a body that makes the browser ask first → 415',
    async (_name, target) => {
      for (const site of ['cross-site', 'same-site']) {
        const answer = await real.call(target.method, pathOf(target, ids)).set('Sec-Fetch-Site', site);
        expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_media_type']);
      }
      const nowhere = target.path.replace(':id', '01890000-0000-7000-8000-000000000000');
      for (const site of ['same-origin', 'none']) {
        expect((await real.call(target.method, nowhere).set('Sec-Fetch-Site', site)).status).not.toBe(415);
      }
      const asked = await real
        .call(target.method, nowhere)
        .set('Sec-Fetch-Site', 'cross-site')
        .set('Content-Type', 'application/json')
        .send('{}');
      expect(asked.status).not.toBe(415);
    },
  );

  it.each(HEADERS)('headers for %s → the request is what it is without them', async (_attack, headers) => {
    for (const target of LISTS) {
      const plain = await real.call('get', pathOf(target, ids));
      const dressed = await real.call('get', pathOf(target, ids)).set(headers);
      // Of a timeline, and of an instance, it is counted from the moment of the request.
      const said = ({ status, body: { eventsKeptSince: _, ...body } }: typeof plain) => [
        status,
        JSON.stringify(body).replace(/"timeInStateMs":\d+/g, ''),
      ];
      expect(said(dressed)).toEqual(said(plain));
    }
    const { status } = await real.call('get', `/automation/workflows/${ids.workflows}?_method=DELETE`).set(headers);
    expect(status).toBe(200);
    expect((await real.call('post', `/automation/workflows/${ids.workflows}`).set(headers).send({})).status).toBe(404);
  });

  it.each(['HEAD', 'OPTIONS', 'PUT', 'TRACE', 'PURGE'])('the method %s → acts on nothing, and shows nothing to nobody', async (method) => {
    const { default: request } = await import('supertest');
    for (const target of WITH_ID) {
      const answer = await new request.Test(real.app.getHttpServer(), method, pathOf(target, ids));
      expect(answer.text ?? '').not.toContain('Seeded');
      if (method === 'HEAD' && target.method === 'get') expect(answer.status).toBe(401);
    }
  });
});
