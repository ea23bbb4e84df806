import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AccessPolicy, Permission } from '../../src/host/access.js';
import { type AdminApp, CALLERS, DEFINITION, type Route, registeredRoutes, startAdminApp } from './support/admin-app.js';
import { publishedWorkflow, rows, seedEvent, seedRun } from './support/seed.js';

interface Expected {
  permission: Permission;
  body?: object;
  /** For collections: the status for somebody of another workspace, who sees only what is theirs. */
  foreign?: number;
}

/** What each route takes. A new route is missing here at first, and the first test says so. */
const ROUTES: Record<string, Expected> = {
  'get /automation/catalog': { permission: 'view', foreign: 200 },
  'get /automation/workflows': { permission: 'view', foreign: 200 },
  'post /automation/workflows': { permission: 'manage', body: { name: 'New', definition: DEFINITION }, foreign: 201 },
  'get /automation/workflows/:id': { permission: 'view' },
  'patch /automation/workflows/:id': { permission: 'manage', body: { revision: 1, name: 'Taken over' } },
  'delete /automation/workflows/:id': { permission: 'manage' },
  'post /automation/workflows/:id/publish': { permission: 'manage' },
  'post /automation/workflows/:id/activate': { permission: 'operate' },
  'post /automation/workflows/:id/pause': { permission: 'operate' },
  'get /automation/runs': { permission: 'view', foreign: 200 },
  'post /automation/runs/retry': { permission: 'operate', body: { from: 'start', filter: {} }, foreign: 200 },
  'get /automation/runs/:id': { permission: 'view' },
  'post /automation/runs/:id/retry': { permission: 'operate', body: { from: 'failed_step' } },
  'post /automation/runs/:id/cancel': { permission: 'operate' },
  'get /automation/events': { permission: 'view', foreign: 200 },
  'get /automation/events/:id': { permission: 'view' },
};
const routes = registeredRoutes();
const cases = routes.map((route) => [`${route.method} ${route.path}`, route] as const);
const PERMISSIONS: Permission[] = ['view', 'operate', 'manage', 'tasks'];

describe('access to every registered route', () => {
  let admin: AdminApp;
  let ids: Record<string, string>;

  beforeAll(async () => {
    // A token of the form `only:view` is a caller with that one permission.
    const policy: AccessPolicy = {
      authenticate: ({ headers }) => {
        const token = String(headers.authorization ?? '').replace('Bearer ', '');
        if (token.startsWith('only:')) return { userId: 'u', workspaceId: 'acme', permissions: [token.slice(5) as Permission] };
        return CALLERS[token] ?? null;
      },
    };
    admin = await startAdminApp({ policy });
    const workflow = await publishedWorkflow(admin);
    const eventId = await seedEvent(admin.database);
    ids = { workflows: workflow.id, runs: await seedRun(admin.database, workflow, { event_id: eventId }), events: eventId };
    await seedRun(admin.database, workflow, { status: 'waiting' });
  });
  afterAll(() => admin?.close());

  const send = (route: Route, token: string) => {
    const resource = route.path.split('/')[2] ?? '';
    const test = admin.call(route.method, route.path.replace(':id', ids[resource] ?? ''), token);
    const { body } = ROUTES[`${route.method} ${route.path}`] ?? {};
    return body ? test.send(body) : test;
  };
  /** All that a call could have changed in the workspace. */
  const state = async (): Promise<string> => {
    const tables = [
      'workflows',
      'workflow_versions',
      'workflow_stats',
      'catalogue_generations',
      'events',
      'runs',
      'step_executions',
      'audit_log',
    ];
    const contents = await Promise.all(
      tables.map((table) => rows(admin.database, `SELECT t::text FROM automation.${table} t WHERE workspace_id = 'acme' ORDER BY 1`)),
    );
    return JSON.stringify(contents);
  };

  it('is described above for each of them, and for no others', () => {
    expect(routes.map((route) => `${route.method} ${route.path}`).sort()).toEqual(Object.keys(ROUTES).sort());
  });

  it.each(cases)('%s answers another workspace as if nothing were there, and changes nothing', async (name, route) => {
    const before = await state();
    const answer = await send(route, 'rival');
    const expected = ROUTES[name]?.foreign ?? 404;
    expect([answer.status, answer.body]).toEqual([
      expected,
      expected === 404 ? expect.objectContaining({ statusCode: 404 }) : expect.anything(),
    ]);
    for (const id of Object.values(ids)) expect(JSON.stringify(answer.body)).not.toContain(id);
    expect(await state()).toBe(before);
  });

  it.each(cases)('%s takes exactly its permission', async (name, route) => {
    const before = await state();
    const needed = ROUTES[name]?.permission;
    for (const permission of PERMISSIONS.filter((other) => other !== needed)) {
      const refused = await send(route, `only:${permission}`);
      expect([permission, refused.status, refused.body.code]).toEqual([permission, 403, 'permission_denied']);
    }
    expect((await send(route, 'nobody')).status).toBe(403);
    expect(await state()).toBe(before);
    // With it the answer is anything but a refusal; to a workflow that is not there, so that this changes nothing either.
    if (route.path.includes(':id')) {
      const allowed = await admin
        .call(route.method, route.path.replace(':id', '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11'), `only:${needed}`)
        .send(ROUTES[name]?.body);
      expect(allowed.status).toBe(404);
    }
  });

  it.each(cases)('%s refuses a call without credentials', async (_name, route) => {
    for (const token of ['', 'wrong']) {
      const answer = await send(route, token);
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
    }
  });
});

describe('access without a policy, or with a broken one', () => {
  it('refuses every route while the application has none', async () => {
    const admin = await startAdminApp({ policy: null });
    for (const { method, path } of routes) {
      const answer = await admin.call(method, path.replace(':id', '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11'), 'admin');
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'access_not_configured']);
    }
    await admin.close();
  });

  it.each([
    ['no workspace', { userId: 'u', permissions: ['view'] }],
    ['a blank workspace', { userId: 'u', workspaceId: ' ', permissions: ['view'] }],
    ['a workspace that is no text', { userId: 'u', workspaceId: { $ne: '' }, permissions: ['view'] }],
    ['a workspace that cannot be stored', { userId: 'u', workspaceId: 'a\0', permissions: ['view'] }],
    ['no user', { workspaceId: 'acme', permissions: ['view'] }],
    ['permissions that are no list', { userId: 'u', workspaceId: 'acme', permissions: 'view' }],
    ['a text', 'admin'],
    ['true', true],
  ])('refuses a caller with %s', async (_what, caller) => {
    const admin = await startAdminApp({ policy: { authenticate: () => caller as never } });
    const answer = await admin.call('get', '/automation/workflows');
    expect([answer.status, answer.body.code]).toEqual([403, 'caller_invalid']);
    await admin.close();
  });

  it('answers 500 without a trace of the cause when the policy fails', async () => {
    const admin = await startAdminApp({
      policy: {
        authenticate: () => {
          throw new Error('secret of the session store');
        },
      },
    });
    const answer = await admin.call('get', '/automation/workflows');
    expect(answer.body).toEqual({
      statusCode: 500,
      code: 'internal_error',
      message: expect.stringContaining(answer.body.details.id),
      details: { id: expect.any(String) },
    });
    expect(answer.text).not.toContain('secret');
    await admin.close();
  });
});
