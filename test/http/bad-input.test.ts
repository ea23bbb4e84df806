import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ValidationPipe } from '@nestjs/common';
import { AutomationError } from '../../src/core/errors.js';
import type { AccessPolicy, Caller } from '../../src/host/access.js';
import { type AdminApp, CALLERS, DEFINITION, type Route, registeredRoutes, startAdminApp } from './support/admin-app.js';
import { publishedWorkflow, rows } from './support/seed.js';

const UNKNOWN = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11';

// Mistakes of form. Attacks that can be made on every route are in test/security.
// Once as a plain host runs it, once with the global pipe that most hosts have, which strips and converts.
describe.each([
  ['a plain host', undefined],
  [
    'a host with a converting global ValidationPipe',
    { whitelist: true, transform: true, transformOptions: { enableImplicitConversion: true } },
  ],
])('bad input on %s', (_host, pipeOptions) => {
  let admin: AdminApp;
  let id: string;
  beforeAll(async () => {
    admin = await startAdminApp({
      prepare: (app) => {
        app.useBodyParser('json', { limit: '1mb' });
        if (pipeOptions) app.useGlobalPipes(new ValidationPipe(pipeOptions));
      },
    });
    ({ id } = await publishedWorkflow(admin));
  });
  afterAll(() => admin?.close());

  const count = async (): Promise<number> => (await rows(admin.database, 'SELECT 1 FROM automation.workflows')).length;
  const post = (path: string, body: string | Buffer, contentType = 'application/json') =>
    admin.call('post', path).set('Content-Type', contentType).send(body);

  describe('of a body', () => {
    const valid = { name: 'A', definition: DEFINITION };
    const create = '/automation/workflows';
    it.each<[string, string, number, string, string]>([
      ['no name', JSON.stringify({ definition: DEFINITION }), 400, 'invalid_request', 'name'],
      ['a number for a name', JSON.stringify({ ...valid, name: 5 }), 400, 'invalid_request', 'name'],
      ['an object for a name', JSON.stringify({ ...valid, name: { $ne: 1 } }), 400, 'invalid_request', 'name'],
      ['a blank name', JSON.stringify({ ...valid, name: '   ' }), 400, 'invalid_request', 'name'],
      ['a name of 201 letters', JSON.stringify({ ...valid, name: 'x'.repeat(201) }), 400, 'invalid_request', 'name'],
      ['null for a code', JSON.stringify({ ...valid, code: null }), 400, 'invalid_request', 'code'],
      ['a code with a slash', JSON.stringify({ ...valid, code: 'a/b' }), 400, 'invalid_request', 'code'],
      ['a list for a definition', JSON.stringify({ ...valid, definition: [] }), 400, 'invalid_request', 'definition'],
      ['a text for a definition', JSON.stringify({ ...valid, definition: '{}' }), 400, 'invalid_request', 'definition'],
      ['null for a definition', JSON.stringify({ ...valid, definition: null }), 400, 'invalid_request', 'definition'],
      ['a list for everything', '[]', 400, 'invalid_request', 'body'],
      ['nothing', '', 400, 'invalid_request', 'name'],
      [
        '__proto__ inside',
        '{"name":"A","definition":{"steps":[{"with":{"__proto__":{}}}]}}',
        400,
        'invalid_request',
        'definition.steps[0].with',
      ],
      ['constructor inside', '{"name":"A","definition":{"constructor":{"prototype":{}}}}', 400, 'invalid_request', 'definition'],
      ['prototype inside', '{"name":"A","definition":{"trigger":{"prototype":1}}}', 400, 'invalid_request', 'definition.trigger'],
      ['U+0000 in a name', '{"name":"a\\u0000","definition":{}}', 400, 'invalid_request', 'name'],
      [
        'half of a surrogate pair in a definition',
        '{"name":"A","definition":{"x":["\\ud800"]}}',
        400,
        'invalid_request',
        'definition.x[0]',
      ],
      [
        'more than the parser of the host takes',
        JSON.stringify({ ...valid, description: 'x'.repeat(1100 * 1024) }),
        413,
        'payload_too_large',
        '',
      ],
    ])('%s', async (_what, body, status, code, path) => {
      const before = await count();
      const answer = await post(create, body);
      expect([answer.status, answer.body.statusCode, answer.body.code]).toEqual([status, status, code]);
      expect(answer.body.message).toEqual(expect.any(String));
      if (path !== '') expect(answer.body.problems).toEqual(expect.arrayContaining([{ path, message: expect.any(String) }]));
      expect(await count()).toBe(before);
    });

    it('of 256 KB is taken, with any name for UTF-8', async () => {
      const padding = 256 * 1024 - JSON.stringify({ name: 'Large', definition: { x: '' } }).length;
      const body = JSON.stringify({ name: 'Large', definition: { x: 'x'.repeat(padding - 40) } });
      expect((await post(create, body, 'application/json; charset="UTF-8"')).status).toBe(201);
    });

    it('that no setting would let in gets no hint at settings', async () => {
      const answer = await post(create, JSON.stringify({ ...valid, description: 'x'.repeat(1100 * 1024) }));
      expect(answer.body).toEqual({ statusCode: 413, code: 'payload_too_large', message: 'The request is larger than 256 KB.' });
    });

    it('sent in chunks is measured all the same', async () => {
      const { port } = admin.app.getHttpServer().address() as { port: number };
      const text = JSON.stringify({ name: 'A', definition: { x: 'x'.repeat(300 * 1024) } });
      const answer = await new Promise<string>((done, failed) => {
        const socket = connect(port, '127.0.0.1');
        let received = '';
        socket
          .on('data', (chunk) => (received += chunk))
          .on('end', () => done(received))
          .on('error', failed);
        socket.write(
          `POST ${create} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`,
        );
        socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`);
      });
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    });

    it.each<[string, string, object, string]>([
      ['patch', `/automation/workflows/:id`, { name: 'No revision' }, 'revision'],
      ['patch', `/automation/workflows/:id`, { revision: '1', name: 'A' }, 'revision'],
      ['patch', `/automation/workflows/:id`, { revision: 1.5 }, 'revision'],
      ['patch', `/automation/workflows/:id`, { revision: 3e9 }, 'revision'],
      ['patch', `/automation/workflows/:id`, { revision: 1, name: null }, 'name'],
      ['patch', `/automation/workflows/:id`, { revision: 1, definition: null }, 'definition'],
      ['patch', `/automation/workflows/:id`, { revision: 1, publishedVersion: 9 }, 'publishedVersion'],
      ['post', `/automation/workflows/:id/publish`, { revision: null }, 'revision'],
      ['post', `/automation/workflows/:id/pause`, { force: true }, 'force'],
      ['post', `/automation/workflows/:id/activate`, { toString: true }, 'toString'],
      ['post', `/automation/runs/:id/retry`, {}, 'from'],
      ['post', `/automation/runs/:id/retry`, { from: 'middle' }, 'from'],
      ['post', `/automation/runs/:id/retry`, { from: ['start'] }, 'from'],
      ['post', `/automation/runs/:id/retry`, { from: 'start', version: 7 }, 'version'],
      ['post', `/automation/runs/:id/retry`, { from: 'start', reason: 'x'.repeat(1001) }, 'reason'],
      ['post', `/automation/runs/:id/cancel`, { reason: {} }, 'reason'],
      ['post', `/automation/runs/retry`, { from: 'start' }, 'filter'],
      ['post', `/automation/runs/retry`, { from: 'start', filter: [] }, 'filter'],
      ['post', `/automation/runs/retry`, { from: 'start', filter: { status: 'succeeded' } }, 'filter.status'],
      ['post', `/automation/runs/retry`, { from: 'start', filter: { workflowId: 'x' } }, 'filter.workflowId'],
      ['post', `/automation/runs/retry`, { from: 'start', filter: { workflowId: null } }, 'filter.workflowId'],
      ['post', `/automation/runs/retry`, { from: 'start', filter: { from: null } }, 'filter.from'],
      ['post', `/automation/runs/retry`, { from: 'start', filter: {}, limit: 1001 }, 'limit'],
      ['post', `/automation/runs/retry`, { from: 'start', filter: {}, dryRun: 'true' }, 'dryRun'],
    ])('%s %s refuses %j', async (method, path, body, where) => {
      const answer = await admin.call(method as Route['method'], path.replace(':id', id)).send(body);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
      expect(answer.body.problems).toEqual(expect.arrayContaining([expect.objectContaining({ path: where, message: expect.any(String) })]));
    });
  });

  describe('of a query', () => {
    it.each([
      ['workflows', 'page=1e3'],
      ['workflows', 'limit='],
      ['workflows', 'search='],
      ['workflows', 'search=%00'],
      ['workflows', `search=${'x'.repeat(201)}`],
      ['runs', 'cursor=nonsense'],
      ['runs', 'workflowId=1'],
      ['runs', 'from=yesterday'],
      ['runs', 'from=2025-02-30'],
      ['runs', 'from=0000-01-01'],
      ['runs', 'from=1969-12-31'],
      ['runs', 'to=%2B275760-09-13T00:00:00Z'],
      ['events', 'to=now'],
    ])('GET %s?%s answers 400', async (resource, query) => {
      const answer = await admin.call('get', `/automation/${resource}?${query}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
      expect(answer.body.problems.length).toBeGreaterThan(0);
    });
  });

  it('answers every route with odd ids and odd bodies by a 4xx that has a code', async () => {
    const oddIds = [
      '%00',
      '%F0%9F%92%A9',
      '..%2f..%2fetc',
      "'%20OR%201=1--",
      '%E0%A4%A',
      '0',
      'null',
      '[object Object]',
      `${UNKNOWN}%00`,
      'x'.repeat(3000),
    ];
    const oddBodies: unknown[] = [
      undefined,
      [],
      'text',
      5,
      { a: { b: [1] } },
      { definition: null, name: [], revision: {}, from: 0, filter: 1 },
    ];
    for (const { method, path } of registeredRoutes()) {
      const ids = path.includes(':id') ? oddIds : [UNKNOWN];
      const bodies = method === 'get' ? [undefined] : oddBodies;
      // Each of both, with some of the other: which body comes with which id is nothing to either.
      for (let at = 0; at < Math.max(ids.length, bodies.length); at += 1) {
        const body = bodies[at % bodies.length];
        const url = path.replace(':id', ids[at % ids.length] as string);
        const test = admin.call(method, url).set('Content-Type', 'application/json');
        const answer = await (body === undefined ? test : test.send(JSON.stringify(body)));
        // A body is nothing to them; some need a parameter.
        if (method === 'get' && answer.status === 200 && !path.includes('/:')) continue;
        expect([url, body, answer.status >= 400 && answer.status < 500, typeof answer.body.code]).toEqual([url, body, true, 'string']);
      }
    }
  });

  it('tells the first hundred problems of a body with thousands of unknown members, at the top and inside', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 4_000 }, (_, index) => [`member${index}`, 1]));
    const paths = Array.from({ length: 100 }, (_, index) => `member${index}`);
    for (const [path, body, prefix] of [
      ['/automation/workflows', { name: 'A', definition: DEFINITION, ...unknown }, ''],
      ['/automation/runs/retry', { filter: unknown }, 'filter.'],
      [`/automation/workflows/${id}/archive`, unknown, ''],
    ] as const) {
      const answer = await post(path, JSON.stringify(body)).expect(400);
      expect(answer.body.problems.map((problem: { path: string }) => problem.path)).toEqual(paths.map((name) => prefix + name));
    }
  });

  it('takes names, searches and ids in any script', async () => {
    const name = 'Ωmega 🚀 عربى ‮ﬀ';
    const made = await admin.call('post', '/automation/workflows').send({ name, definition: DEFINITION }).expect(201);
    expect(made.body.name).toBe(name);
    const found = await admin.call('get', `/automation/workflows?search=${encodeURIComponent('🚀 عربى')}`).expect(200);
    expect(found.body.items.map((item: { id: string }) => item.id)).toEqual([made.body.id]);
    expect((await admin.call('get', `/automation/runs?module=leads&recordId=${encodeURIComponent('🚀')}`).expect(200)).body.items).toEqual(
      [],
    );
  });
});

describe('a database that is away', () => {
  it('is answered by 503 without a word about it, and the API goes on when it is back', async () => {
    const admin = await startAdminApp();
    const { id } = await publishedWorkflow(admin);
    await admin.database.close();
    for (const call of [admin.call('get', '/automation/workflows'), admin.call('post', `/automation/workflows/${id}/pause`)]) {
      const answer = await call;
      expect([answer.status, answer.body.code]).toEqual([503, expect.stringMatching(/^(database_unavailable|not_started)$/)]);
    }
    await admin.database.connect();
    // Connections that the server cuts: the call they hit may fail, with a 503; the pool recovers.
    await admin.database.dataSource
      .query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()')
      .catch(() => undefined);
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => admin.call('get', `/automation/workflows/${id}`)));
    for (const answer of answers) expect([200, 503]).toContain(answer.status);
    await admin.call('get', `/automation/workflows/${id}`).expect(200);
    await admin.close();
  });
});

describe('a database that is busy', () => {
  it('is answered by 503 with a code and when to ask again', async () => {
    const admin = await startAdminApp({ limits: { connections: 1, waiting: 0, queryTimeoutMs: 1_500 } });
    const { id } = await publishedWorkflow(admin);
    await admin.database.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM automation.workflows WHERE id = $1 FOR UPDATE', [id]);
      const paused = await admin.call('post', `/automation/workflows/${id}/pause`);
      expect([paused.status, paused.body.code, paused.headers['retry-after']]).toEqual([503, 'busy', '1']);
    });
    await admin.database.transaction(async (manager) => {
      await manager.query('LOCK TABLE automation.runs IN ACCESS EXCLUSIVE MODE');
      const answers = await Promise.all([1, 2].map(() => admin.call('get', '/automation/runs')));
      // One waits for the lock, which may be gone in a second; the other for a connection, which the first may keep for two.
      const busy = [503, 'busy', expect.stringMatching(/^[12]$/)];
      for (const answer of answers) expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual(busy);
    });
    await admin.call('get', '/automation/runs').expect(200);
    await admin.close();
  });
});

describe('a body that cannot be read', () => {
  const bodies: [string, string, string, number, string][] = [
    ['no JSON', '{"name":', 'application/json', 400, 'invalid_json'],
    ['too large for the parser', JSON.stringify({ name: 'x'.repeat(200 * 1024) }), 'application/json', 413, 'payload_too_large'],
    ['not in UTF-8', '{}', 'application/json; charset=utf-32', 415, 'unsupported_media_type'],
  ];
  let admin: AdminApp;
  let authenticate: AccessPolicy['authenticate'];
  beforeAll(async () => {
    admin = await startAdminApp({ policy: { authenticate: (request) => authenticate(request) } });
  });
  afterAll(() => admin?.close());
  const post = (body: string, contentType: string) =>
    admin.call('post', '/automation/workflows').set('Content-Type', contentType).send(body);

  it.each(bodies)('is told of to who may call, and to nobody else: %s', async (_what, body, contentType, status, code) => {
    authenticate = async () => null;
    const refused = await post(body, contentType);
    expect([refused.status, refused.body]).toEqual([
      401,
      { statusCode: 401, code: 'unauthenticated', message: 'The request carries no valid credentials.' },
    ]);
    authenticate = async () => CALLERS.admin as Caller;
    const told = await post(body, contentType);
    expect([told.status, told.body.code]).toEqual([status, code]);
  });

  it("is the host's to answer on its own routes, though they hold the path of ours", async () => {
    authenticate = async () => CALLERS.admin as Caller;
    for (const path of ['/crm/automation/workflows', '/automation/workflows-of-mine', '/crm?to=/automation/workflows']) {
      const answer = await admin.call('post', path).set('Content-Type', 'application/json').send('{');
      expect([answer.status, answer.body.code]).toEqual([400, undefined]);
    }
    const inCapitals = await admin.call('post', '/Automation/Workflows').set('Content-Type', 'application/json').send('{');
    expect([inCapitals.status, inCapitals.body.code]).toEqual([400, 'invalid_json']);
  });

  it('is answered like every other request when the policy fails, is busy, or knows only half a caller', async () => {
    const answered: unknown[] = [];
    for (const policy of [
      () => Promise.reject(new Error('password=hunter2')),
      () => {
        throw new AutomationError('busy', 'Later.', { retry: { kind: 'transient' } });
      },
      async () => ({ userId: 'u' }) as Caller,
    ]) {
      authenticate = policy;
      const [unreadable, readable] = [await post('{', 'application/json'), await post('{}', 'application/json')];
      expect(JSON.stringify(unreadable.body)).not.toContain('hunter2');
      expect([unreadable.status, unreadable.body.code, unreadable.headers['retry-after']]).toEqual([
        readable.status,
        readable.body.code,
        readable.headers['retry-after'],
      ]);
      answered.push([unreadable.status, unreadable.body.code]);
    }
    expect(answered).toEqual([
      [500, 'internal_error'],
      [503, 'busy'],
      [403, 'caller_invalid'],
    ]);
  });
});
