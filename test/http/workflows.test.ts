import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminApp, DEFINITION, startAdminApp } from './support/admin-app.js';
import { publishedWorkflow, rows, seedRun } from './support/seed.js';

const BROKEN = { trigger: { type: 'event', module: 'leads', event: 'vanished' }, steps: [{ id: 'x', type: 'fly', with: {} }] };
const UNKNOWN = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11';

describe('workflows over HTTP', () => {
  let admin: AdminApp;
  beforeAll(async () => {
    admin = await startAdminApp();
  });
  afterAll(() => admin?.close());

  const create = async (body: object): Promise<{ id: string; revision: number } & Record<string, unknown>> => {
    const answer = await admin.call('post', '/automation/workflows').send({ name: 'A workflow', definition: DEFINITION, ...body });
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const generation = async (): Promise<number> => {
    const [row] = await rows(admin.database, `SELECT generation FROM automation.catalogue_generations WHERE workspace_id = 'acme'`);
    return Number(row?.generation ?? 0);
  };

  it('goes through the whole life of a workflow', async () => {
    const { call } = admin;
    const draft = await create({ name: 'Welcome Web-Leads!', description: 'Says hello.' });
    expect(draft).toMatchObject({
      code: 'welcome-web-leads',
      status: 'draft',
      module: 'leads',
      trigger: DEFINITION.trigger,
      version: null,
      hasUnpublishedChanges: true,
      problems: [],
      runCount: 0,
      lastRunAt: null,
      revision: 1,
      published: null,
    });
    const path = `/automation/workflows/${draft.id}`;

    const published = await call('post', `${path}/publish`).send({ revision: 1 }).expect(200);
    expect(published.body).toMatchObject({ status: 'active', version: 1, hasUnpublishedChanges: false });
    expect(published.body.published).toMatchObject({ version: 1, definition: DEFINITION, publishedBy: { type: 'user', id: 'u-admin' } });

    const edited = await call('patch', path)
      .send({ revision: 1, definition: { ...DEFINITION, steps: [{ id: 'call', type: 'create_task', with: { title: 'Write' } }] } })
      .expect(200);
    expect(edited.body).toMatchObject({ status: 'active', version: 1, hasUnpublishedChanges: true, revision: 2 });
    expect(edited.body.published.definition).toEqual(DEFINITION);

    const again = await call('post', `${path}/publish`).expect(200);
    expect(again.body).toMatchObject({ version: 2, hasUnpublishedChanges: false });
    const versions = await rows(
      admin.database,
      'SELECT version, definition FROM automation.workflow_versions WHERE workflow_id = $1 ORDER BY version',
      [draft.id],
    );
    expect(versions.map((row) => row.version)).toEqual([1, 2]);
    expect(versions[0]?.definition).toEqual(DEFINITION);

    expect((await call('post', `${path}/pause`, 'support').expect(200)).body.status).toBe('paused');
    expect((await call('post', `${path}/activate`, 'support').expect(200)).body).toMatchObject({ status: 'active', version: 2 });
    await call('delete', path).expect(204);
    await call('get', path).expect(404);

    const audit = await rows(
      admin.database,
      'SELECT action, actor, before, after FROM automation.audit_log WHERE target_id = $1 ORDER BY id',
      [draft.id],
    );
    expect(audit.map((row) => row.action)).toEqual([
      'workflow.created',
      'workflow.published',
      'workflow.updated',
      'workflow.published',
      'workflow.paused',
      'workflow.activated',
      'workflow.deleted',
    ]);
    expect(audit[2]?.before).toEqual({ definition: DEFINITION });
    expect(audit[4]?.actor).toMatchObject({ id: 'u-support', name: 'Sam' });
  });

  it('saves a draft with problems, lists them with their paths, and refuses to publish or activate it', async () => {
    const draft = await create({ name: 'Broken', definition: BROKEN });
    const paths = (draft.problems as { path: string }[]).map((problem) => problem.path);
    expect(paths).toContain('trigger.event');
    expect(paths).toContain('steps[0].type');
    for (const action of ['publish', 'activate']) {
      const refused = await admin.call('post', `/automation/workflows/${draft.id}/${action}`).expect(422);
      expect(refused.body).toMatchObject({ statusCode: 422, code: 'definition_invalid', problems: draft.problems });
    }
    const after = await admin.call('get', `/automation/workflows/${draft.id}`).expect(200);
    expect(after.body).toMatchObject({ status: 'draft', version: null, problemCount: paths.length });
    const versions = await rows(admin.database, 'SELECT 1 FROM automation.workflow_versions WHERE workflow_id = $1', [draft.id]);
    expect(versions).toEqual([]);
  });

  it('refuses to publish what this version cannot run, and saves it all the same', async () => {
    const draft = await create({ definition: { ...DEFINITION, steps: [{ id: 'ask', type: 'wait_for_webhook', onExpiry: 'fail' }] } });
    const refused = await admin.call('post', `/automation/workflows/${draft.id}/publish`).expect(422);
    expect(refused.body.problems).toEqual([expect.objectContaining({ path: 'steps[0].type' })]);
  });

  it('takes a draft that is no definition at all, and keeps it as it was sent', async () => {
    const definition = { trigger: 'soon', toString: 'a member named like a method', nested: { valueOf: [1, { hasOwnProperty: null }] } };
    const draft = await create({ definition });
    expect(draft.definition).toEqual(definition);
    expect(draft).toMatchObject({ trigger: null, module: null });
    expect((draft.problems as unknown[]).length).toBeGreaterThan(0);
  });

  it('answers 409 with the current revision to an edit that is based on an older one, and writes nothing', async () => {
    const draft = await create({ name: 'Edited by two' });
    const path = `/automation/workflows/${draft.id}`;
    const answers = await Promise.all(['First', 'Second'].map((name) => admin.call('patch', path).send({ revision: 1, name })));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
    const refused = answers.find((answer) => answer.status === 409);
    expect(refused?.body).toMatchObject({ code: 'revision_conflict', details: { revision: 2 } });
    const won = answers.find((answer) => answer.status === 200);
    expect((await admin.call('get', path)).body).toMatchObject({ name: won?.body.name, revision: 2 });
    const stale = await admin.call('post', `${path}/publish`).send({ revision: 1 }).expect(409);
    expect(stale.body.code).toBe('revision_conflict');
  });

  it('publishes an unchanged draft no second time, whoever asks at the same moment', async () => {
    const draft = await create({});
    const path = `/automation/workflows/${draft.id}`;
    const answers = await Promise.all([1, 2, 3, 4].map(() => admin.call('post', `${path}/publish`)));
    expect(answers.map((answer) => [answer.status, answer.body.version])).toEqual([1, 2, 3, 4].map(() => [200, 1]));
  });

  it('takes an edit back to the published definition for no change', async () => {
    const { id } = await publishedWorkflow(admin);
    const other = await admin.call('patch', `/automation/workflows/${id}`).send({ revision: 1, definition: BROKEN }).expect(200);
    expect(other.body).toMatchObject({ hasUnpublishedChanges: true, module: 'leads', trigger: DEFINITION.trigger });
    const back = await admin.call('patch', `/automation/workflows/${id}`).send({ revision: 2, definition: DEFINITION }).expect(200);
    expect(back.body).toMatchObject({ hasUnpublishedChanges: false, problems: [] });
  });

  it('raises the generation of the workspace with each change of what is active, and with nothing else', async () => {
    const draft = await create({});
    const path = `/automation/workflows/${draft.id}`;
    const start = await generation();
    await admin.call('patch', path).send({ revision: 1, name: 'Renamed' }).expect(200);
    expect(await generation()).toBe(start);
    await admin.call('post', `${path}/activate`).expect(200);
    expect(await generation()).toBe(start + 1);
    await admin.call('patch', path).send({ revision: 2, name: 'Renamed while active' }).expect(200);
    expect(await generation()).toBe(start + 2);
    await admin.call('post', `${path}/pause`).expect(200);
    await admin.call('post', `${path}/pause`).expect(200);
    expect(await generation()).toBe(start + 3);
    await admin.call('delete', path).expect(204);
    expect(await generation()).toBe(start + 4);
  });

  it('lets somebody who may only operate toggle a workflow, but not publish it through activate', async () => {
    const draft = await create({});
    const refused = await admin.call('post', `/automation/workflows/${draft.id}/activate`, 'support').expect(403);
    expect(refused.body.code).toBe('permission_denied');
    await admin.call('post', `/automation/workflows/${draft.id}/pause`, 'support').expect(409);
  });

  it('keeps codes unique in the workspace, finds a free one for a name, and lets workspaces have the same', async () => {
    const first = await create({ name: 'Übergroße Leads' });
    const second = await create({ name: 'Übergroße Leads' });
    expect(first.code).toBe('ubergro-e-leads');
    expect(second.code).toMatch(/^ubergro-e-leads-[0-9a-f]{8}$/);
    expect((await create({ name: '顧客' })).code).toMatch(/^workflow/);
    const taken = { name: 'X', code: first.code, definition: DEFINITION };
    expect((await admin.call('post', '/automation/workflows').send(taken).expect(409)).body.code).toBe('code_taken');
    const renamed = await admin.call('patch', `/automation/workflows/${second.id}`).send({ revision: 1, code: first.code }).expect(409);
    expect(renamed.body.code).toBe('code_taken');
    const free = await admin.call('patch', `/automation/workflows/${second.id}`).send({ revision: 1, code: 'big-leads' }).expect(200);
    expect(free.body).toMatchObject({ code: 'big-leads', revision: 2 });
    // Its own code is not taken.
    await admin.call('patch', `/automation/workflows/${second.id}`).send({ revision: 2, code: 'big-leads' }).expect(200);
    await admin.call('post', '/automation/workflows', 'rival').send(taken).expect(201);
  });

  it('refuses to delete a workflow while a run is not over, and keeps the runs of a deleted one in the log under its name', async () => {
    const workflow = await publishedWorkflow(admin);
    const runId = await seedRun(admin.database, workflow, { status: 'waiting' });
    const refused = await admin.call('delete', `/automation/workflows/${workflow.id}`).expect(409);
    expect(refused.body.code).toBe('workflow_has_active_runs');
    await admin.call('post', `/automation/runs/${runId}/cancel`).expect(200);
    await admin.call('delete', `/automation/workflows/${workflow.id}`).expect(204);
    const run = await admin.call('get', `/automation/runs/${runId}`).expect(200);
    expect(run.body).toMatchObject({ status: 'cancelled', workflowName: 'Seeded', workflowCode: expect.stringMatching(/^seeded/) });
    const retry = await admin.call('post', `/automation/runs/${runId}/retry`).send({ from: 'start' }).expect(409);
    expect(retry.body.code).toBe('workflow_deleted');
  });

  it('adds up the counters of all slots', async () => {
    const { id } = await publishedWorkflow(admin);
    const unused = await admin.call('get', `/automation/workflows/${id}`).expect(200);
    expect(unused.body).toMatchObject({ runCount: 0, counts: { started: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 } });
    for (const [slot, at] of [
      [0, '2025-11-01T10:00:00Z'],
      [7, '2025-11-03T10:00:00Z'],
    ]) {
      await rows(
        admin.database,
        `INSERT INTO automation.workflow_stats (workspace_id, workflow_id, slot, started, succeeded, failed, skipped, last_run_at)
         VALUES ('acme', $1, $2, 5, 3, 2, 40, $3)`,
        [id, slot, at],
      );
    }
    const { body } = await admin.call('get', `/automation/workflows/${id}`).expect(200);
    expect(body).toMatchObject({ runCount: 10, lastRunAt: '2025-11-03T10:00:00.000Z' });
    expect(body.counts).toEqual({ started: 10, succeeded: 6, failed: 4, skipped: 80, cancelled: 0 });
  });

  it('answers ids that are malformed or unknown alike', async () => {
    for (const id of ['nonsense', '%00', `${UNKNOWN}x`, UNKNOWN]) {
      const answer = await admin.call('get', `/automation/workflows/${id}`);
      expect([answer.status, answer.body.code]).toEqual([404, 'workflow_not_found']);
    }
  });
});

describe('the list of workflows', () => {
  let admin: AdminApp;
  const names = ['Alpha mail', 'beta mail', 'Gamma 100%', 'delta_x'];
  beforeAll(async () => {
    admin = await startAdminApp();
    for (const name of names) {
      await admin
        .call('post', '/automation/workflows')
        .send({ name, definition: name === 'delta_x' ? {} : DEFINITION })
        .expect(201);
    }
    await admin.call('post', '/automation/workflows', 'rival').send({ name: 'Not yours', definition: DEFINITION }).expect(201);
    const alpha = (await list('search=alpha')).items[0];
    await admin.call('post', `/automation/workflows/${alpha?.id}/publish`).expect(200);
  });
  afterAll(() => admin?.close());

  const list = async (query: string): Promise<{ items: { id: string; name: string }[]; total: number }> =>
    (await admin.call('get', `/automation/workflows?${query}`).expect(200)).body;
  const namesOf = async (query: string): Promise<string[]> => (await list(query)).items.map((item) => item.name);

  it('shows the items of this workspace only, in the order of their names whatever the case', async () => {
    const { items, total } = await list('');
    expect(total).toBe(4);
    expect(items.map((item) => item.name)).toEqual(['Alpha mail', 'beta mail', 'delta_x', 'Gamma 100%']);
    expect(Object.keys(items[0] ?? {})).toEqual(
      expect.arrayContaining([
        'id',
        'code',
        'name',
        'description',
        'status',
        'module',
        'trigger',
        'version',
        'hasUnpublishedChanges',
        'runCount',
        'lastRunAt',
      ]),
    );
  });

  it('filters by status, module and event of the trigger', async () => {
    expect(await namesOf('status=active')).toEqual(['Alpha mail']);
    expect(await namesOf('status=active,paused')).toEqual(['Alpha mail']);
    expect(await namesOf('status=draft,active')).toEqual(await namesOf(''));
    expect(await namesOf('module=leads&status=draft')).toEqual(['beta mail', 'Gamma 100%']);
    expect(await namesOf('event=created&status=active')).toEqual(['Alpha mail']);
    expect(await namesOf('event=updated')).toEqual([]);
  });

  it('searches names and codes literally: % and _ are no wildcards', async () => {
    expect(await namesOf('search=MAIL')).toEqual(['Alpha mail', 'beta mail']);
    expect(await namesOf('search=100%25')).toEqual(['Gamma 100%']);
    expect(await namesOf('search=_')).toEqual(['delta_x']);
    expect(await namesOf('search=%5C')).toEqual([]);
    expect(await namesOf(`search=${encodeURIComponent("' OR 1=1 --")}`)).toEqual([]);
  });

  it('sorts by the fields it names, both ways, and pages', async () => {
    expect(await namesOf('sort=-name')).toEqual(['Gamma 100%', 'delta_x', 'beta mail', 'Alpha mail']);
    expect(await namesOf('sort=createdAt&limit=2')).toEqual(['Alpha mail', 'beta mail']);
    expect(await namesOf('sort=createdAt&limit=2&page=2')).toEqual(['Gamma 100%', 'delta_x']);
    expect(await list('page=99')).toEqual({ items: [], total: 4, totalIsExact: true });
    for (const sort of ['code', 'status', 'module', 'runCount', 'lastRunAt', 'failed7d', 'successRate7d', 'updatedAt'])
      expect(await namesOf(`sort=-${sort}`)).toHaveLength(4);
  });

  it('tells who paused a workflow and why, and who changed it last', async () => {
    const call = (method: 'post' | 'get', path: string, token: string, body?: object) =>
      admin
        .call(method, `/automation/workflows${path}`, token)
        .send(body)
        .expect(method === 'get' || path !== '' ? 200 : 201);
    const { id } = (await call('post', '', 'admin', { name: 'Paused', definition: DEFINITION })).body;
    expect((await call('post', `/${id}/publish`, 'admin')).body).toMatchObject({
      pausedBy: null,
      pausedReason: null,
      updatedBy: { name: 'Ada' },
    });
    const paused = { pausedBy: { type: 'user', id: 'u-support', name: 'Sam' }, pausedReason: 'The server is being moved.' };
    expect((await call('post', `/${id}/pause`, 'support', { reason: 'The server is being moved.' })).body).toMatchObject({
      ...paused,
      updatedBy: { name: 'Sam' },
    });
    await admin.call('patch', `/automation/workflows/${id}`).send({ revision: 1, description: 'Later.' }).expect(200);
    const listed = (await call('get', '?search=Paused', 'viewer')).body.items.find((item: { id: string }) => item.id === id);
    expect(listed).toMatchObject({ ...paused, updatedBy: { name: 'Ada' }, failed7d: 0, succeeded7d: 0 });
    expect((await call('post', `/${id}/activate`, 'support')).body).toMatchObject({ pausedBy: null, pausedReason: null });
  });
});
