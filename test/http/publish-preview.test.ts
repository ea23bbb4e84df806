import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, seedEvent, seedRun } from './support/seed.js';

describe('a preview of a publication', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp();
  });
  afterAll(() => real?.close());

  const preview = async (id: string, query = '') =>
    (await real.call('get', `/automation/workflows/${id}/publish-preview${query}`, 'viewer').expect(200)).body;
  const setSource = (value: string) => [{ id: 'set', type: 'change_field', with: { field: 'source', value } }];
  const CREATED = { type: 'event', module: 'leads', event: 'created' };

  async function edited(id: string, definition: object): Promise<void> {
    const { body } = await real.call('get', `/automation/workflows/${id}`).expect(200);
    await real.call('patch', `/automation/workflows/${id}`).send({ revision: body.revision, definition }).expect(200);
  }

  it('has what changes, the revision to publish, and the runs that stay on their versions', async () => {
    const workflow = await publishedWorkflow(real as never, {
      trigger: CREATED,
      steps: [{ id: 'a', type: 'create_task', with: { title: 'x' } }],
    });
    await seedRun(real.database, workflow, { status: 'waiting' });
    await seedRun(real.database, workflow, { status: 'waiting' });
    await seedRun(real.database, workflow, { status: 'queued' });
    await seedRun(real.database, workflow, { status: 'failed' });
    await edited(workflow.id, { trigger: CREATED, steps: [{ id: 'a', type: 'create_task', with: { title: 'y' } }] });
    expect(await preview(workflow.id)).toMatchObject({
      revision: 2,
      base: 1,
      diff: {
        from: 1,
        to: null,
        isSame: false,
        steps: [{ id: 'a', changes: ['changed'], values: [{ path: 'with.title', from: 'x', to: 'y' }] }],
      },
      problems: [],
      warnings: [],
      inFlight: [{ version: 1, queued: 1, running: 0, waiting: 2 }],
    });
    await real.call('post', `/automation/workflows/${workflow.id}/publish`).expect(200);
    expect(await preview(workflow.id, '?fromVersion=1')).toMatchObject({ base: 2, diff: { from: 2, to: 1, isSame: false } });
    await real.call('get', `/automation/workflows/${workflow.id}/publish-preview?fromVersion=9`, 'viewer').expect(404);
  });

  it('holds it against the last days beside what is published, by what would have started', async () => {
    const created = (name: string) =>
      seedEvent(real.database, { module: 'accounts', record_id: name, record: { id: name, name, industry: name } });
    for (const name of ['Retail', 'Energy', 'Energy']) await created(name);
    const definition = (industry: string, settings: object = {}) => ({
      trigger: { type: 'event', module: 'accounts', event: 'created' },
      conditions: { field: 'industry', operator: 'is_any_of', value: industry.split(' ') },
      steps: [{ id: 'a', type: 'create_task', with: { title: 'x' } }],
      settings,
    });
    const workflow = await publishedWorkflow(real as never, definition('Energy'));
    await edited(workflow.id, definition('Retail Energy', { reentry: 'once_per_record' }));
    const { matches } = await preview(workflow.id);
    expect(matches).toMatchObject({ days: 7, events: 3, published: 2, draft: 2, differingTotal: 2, partial: false });
    expect(matches.differing).toMatchObject([
      { recordId: 'Energy', starts: false, publishedStarts: true, reason: 'reentry' },
      { recordId: 'Retail', starts: true, publishedStarts: false, reason: null },
    ]);
    expect((await preview(workflow.id, '?fromVersion=1')).matches).toMatchObject({
      published: 2,
      draft: 2,
      differing: [],
      differingTotal: 0,
    });
    const { body: manual } = await real
      .call('post', '/automation/workflows')
      .send({ name: 'By hand', definition: { ...definition('x'), trigger: { type: 'manual' }, conditions: undefined } })
      .expect(201);
    expect(await preview(manual.id)).toMatchObject({ problems: [], matches: null });
  });

  it('tells the problems that are in the way, and then no warnings', async () => {
    const { body } = await real
      .call('post', '/automation/workflows')
      .send({ name: 'Draft', definition: { trigger: CREATED, steps: [] } })
      .expect(201);
    expect(await preview(body.id)).toMatchObject({
      base: null,
      diff: null,
      problems: [{ path: 'steps' }],
      warnings: [],
      inFlight: [],
      matches: null,
    });
  });

  it('warns of a loop by way of what is active now, and of a field that another one writes', async () => {
    const other = await publishedWorkflow(real as never, {
      trigger: { type: 'event', module: 'leads', event: 'updated', fields: ['source'] },
      steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
    });
    const rival = await publishedWorkflow(real as never, { trigger: CREATED, steps: setSource('Fair') });
    const definition = {
      trigger: { type: 'event', module: 'leads', event: 'updated', fields: ['touches'] },
      steps: setSource('{{record.name}}'),
    };
    const { body } = await real.call('post', '/automation/workflows').send({ name: 'Mine', definition }).expect(201);
    const { warnings } = await preview(body.id);
    expect(
      warnings.map(({ code, workflows }: { code: string; workflows: { id: string }[] }) => [code, workflows.map(({ id }) => id)]),
    ).toEqual([
      ['loop', [body.id, other.id]],
      ['field_shared', [rival.id]],
    ]);
    expect(warnings[0].message).toContain('"Mine" → "Seeded" → "Mine"');
    await real.call('post', `/automation/workflows/${other.id}/pause`).expect(200);
    expect((await preview(body.id)).warnings.map(({ code }: { code: string }) => code)).toEqual(['field_shared']);
    await real.call('post', `/automation/workflows/${rival.id}/pause`).expect(200);
  });

  it('knows nothing of other workspaces', async () => {
    const theirs = await publishedWorkflow(real as never, { trigger: CREATED, steps: setSource('Fair') }, 'rival');
    const { body } = await real
      .call('post', '/automation/workflows')
      .send({ name: 'Mine', definition: { trigger: CREATED, steps: setSource('Web') } });
    expect((await preview(body.id)).warnings).toEqual([]);
    await real.call('get', `/automation/workflows/${theirs.id}/publish-preview`, 'viewer').expect(404);
  });
});
