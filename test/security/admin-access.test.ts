import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AccessPolicy } from '../../src/host/access.js';
import { CALLERS } from '../http/support/admin-app.js';
import { type RealApp, startRealApp, tokenPolicy } from './support/real-app.js';
import {
  CONSOLE_ROUTES,
  furnish,
  type Ids,
  PERMISSIONS,
  PUBLIC_ROUTES,
  pathOf,
  REFUSED_METHODS,
  ROUTES,
  TARGETS,
  type Target,
  UNKNOWN,
  WITH_BODY,
  WITH_ID,
} from './support/routes.js';

// Attacks by who asks: a matrix of every route against every kind of caller. Public endpoints are in hooks.test.ts; the
// console does not exist yet, its attacks come with it.

const everyRoute = TARGETS.map((target) => [target.name, target] as const);

describe('every route of the application', () => {
  let real: RealApp;
  let ids: Ids;
  let policy: AccessPolicy | null = tokenPolicy;

  beforeAll(async () => {
    // The policy can be exchanged, so that a broken one needs no application of its own.
    real = await startRealApp({ access: { authenticate: (request) => (policy ?? tokenPolicy).authenticate(request) } });
    ids = await furnish(real);
  });
  afterAll(() => real?.close());

  const send = (target: Target, token: string) => {
    const test = real.call(target.method, pathOf(target, ids), token);
    return target.body === undefined ? test : test.send(target.body);
  };

  it('is in the table, as Express knows it and as the OpenAPI document describes it', async () => {
    expect(
      real
        .routes()
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    ).toEqual([...Object.keys(ROUTES), ...PUBLIC_ROUTES, ...REFUSED_METHODS, ...CONSOLE_ROUTES].sort());
    const { body } = await real.call('get', '/automation/docs-json', '').expect(200);
    const described = Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(described.sort()).toEqual([...Object.keys(ROUTES), ...PUBLIC_ROUTES].sort());
  });

  it.each(everyRoute)('%s: an admin of another workspace → 404, or only what is theirs; nothing changes', async (_name, target) => {
    const before = await real.state();
    const answer = await send(target, 'rival');
    const expected = target.path.includes(':id') ? 404 : target.foreign;
    expect(answer.status).toBe(expected);
    if (expected === 404) expect(answer.body).toMatchObject({ statusCode: 404, code: expect.stringMatching(/_not_found$/) });
    for (const id of Object.values(ids)) expect(JSON.stringify(answer.body)).not.toContain(id);
    expect(await real.state()).toBe(before);
  });

  it.each(WITH_ID.map((target) => [target.name, target] as const))(
    "%s: another workspace's id and one that nobody has → the same answer",
    async (_name, target) => {
      const unknown = await real.call(target.method, pathOf(target, {}), 'rival').send(target.body);
      const foreign = await send(target, 'rival');
      expect([foreign.status, foreign.body]).toEqual([unknown.status, unknown.body]);
    },
  );

  it.each(everyRoute.flatMap(([name, target]) => PERMISSIONS.map((permission) => [name, permission, target] as const)))(
    '%s: with `%s` alone → 403 unless that is its permission, or it takes none',
    async (_name, permission, target) => {
      if (permission === target.permission || target.permission === 'none') {
        // Anything but a refusal; where there is an id, one that nobody has, so that nothing changes.
        if (!target.path.includes(':id')) return expect((await send(target, `only:${permission}`)).status).toBeLessThan(300);
        const path = pathOf(target, {});
        const allowed = await real.call(target.method, path, `only:${permission}`).send(target.body);
        return expect(allowed.status).toBe(404);
      }
      const before = await real.state();
      const refused = await send(target, `only:${permission}`);
      expect([refused.status, refused.body.code]).toEqual([403, 'permission_denied']);
      expect(await real.state()).toBe(before);
    },
  );

  it.each(everyRoute)('%s: no permission at all → 403 where it takes one; no or unknown credentials → 401', async (_name, target) => {
    expect((await send(target, 'nobody')).status).toBe(target.permission === 'none' ? 200 : 403);
    // The names of members of every object are no tokens either.
    for (const token of ['', 'wrong', '__proto__', 'constructor', 'toString', 'only:', 'admin admin']) {
      const answer = await send(target, token);
      const known = target.permission === 'none' ? 200 : 403;
      expect([token, answer.status]).toEqual([token, token === 'only:' ? known : 401]);
      if (token !== 'only:') expect(answer.body.code).toBe('unauthenticated');
    }
  });

  it.each(WITH_BODY.map((target) => [target.name, target] as const))(
    '%s: no credentials → 401 whatever is sent; nobody is told what the form should be',
    async (_name, target) => {
      const malformed: [string, string][] = [
        ['a name of every object', '{"__proto__":{}}'],
        ['a member that nobody knows', '{"workspaceId":"acme"}'],
        ['a list', '[]'],
        ['no JSON', '{"reason":'],
        ['nested too deep', `{"reason":${'['.repeat(1_000)}${']'.repeat(1_000)}}`],
      ];
      const send = (body: string, token: string, type = 'application/json') =>
        real.call(target.method, pathOf(target, ids), token).set('Content-Type', type).send(body);
      for (const [what, body] of malformed) {
        expect([what, (await send(body, '')).status]).toEqual([what, 401]);
        expect([what, (await send(body, 'admin')).status]).toEqual([what, 400]);
      }
      expect((await send('name=A', '', 'application/x-www-form-urlencoded')).status).toBe(401);
      expect((await send('{}', '', 'application/json; charset=utf-32be')).status).toBe(401);
      expect((await send('name=A', 'admin', 'application/x-www-form-urlencoded')).status).toBe(415);
    },
  );

  it.each([
    ['no workspace', { userId: 'u', permissions: ['view'] }],
    ['a blank workspace', { userId: 'u', workspaceId: ' ', permissions: ['view'] }],
    ['a workspace that is no text', { userId: 'u', workspaceId: { $ne: '' }, permissions: ['view'] }],
    ['a list of workspaces', { userId: 'u', workspaceId: ['acme'], permissions: ['view'] }],
    ['a workspace that cannot be stored', { userId: 'u', workspaceId: 'a\0', permissions: ['view'] }],
    ['no user', { workspaceId: 'acme', permissions: ['view'] }],
    ['permissions that are a text', { userId: 'u', workspaceId: 'acme', permissions: 'view operate manage' }],
    ['nothing but a name', 'admin'],
    ['true', true],
  ])('a policy that answers a caller with %s → 403', async (_what, caller) => {
    policy = { authenticate: () => caller as never };
    for (const target of TARGETS) {
      const answer = await send(target, 'admin');
      expect([target.name, answer.status, answer.body.code]).toEqual([target.name, 403, 'caller_invalid']);
    }
    policy = null;
  });

  it('a policy that fails → 500 without a trace of the cause', async () => {
    policy = {
      authenticate: () => {
        throw new Error('password of the session store');
      },
    };
    const answer = await real.call('get', '/automation/workflows');
    policy = null;
    expect(answer.body).toEqual({
      statusCode: 500,
      code: 'internal_error',
      message: expect.stringContaining(answer.body.details.id),
      details: { id: expect.any(String) },
    });
    expect(answer.text).not.toContain('password');
  });
});

it('an application without a policy → 403 on every route, whoever asks', async () => {
  const real = await startRealApp({ access: undefined });
  for (const { method, path, body } of TARGETS) {
    for (const token of ['', ...Object.keys(CALLERS)]) {
      const answer = await real.call(method, path.replace(':id', UNKNOWN), token).send(body);
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'access_not_configured']);
    }
  }
  await real.close();
});
