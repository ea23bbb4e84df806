import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, seedRun, seedStep } from './support/seed.js';

describe('a preview of a retry', () => {
  let real: RealApp;
  let workflow: { id: string; versionId: string };
  const mail = (subject: string) => ({
    id: 'mail',
    name: 'Welcome mail',
    type: 'send_email',
    with: { to: 'a@b.test', subject, text: 'x' },
  });
  const DEFINITION = {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    steps: [
      { id: 'task', type: 'create_task', with: { title: 'x' } },
      mail('Hello'),
      { id: 'cool', type: 'delay', for: 'P1D' },
      { id: 'hook', type: 'webhook', with: { url: 'https://a.example.com/' } },
    ],
  };

  beforeAll(async () => {
    real = await startRealApp();
    workflow = await publishedWorkflow(real as never, DEFINITION);
  });
  afterAll(() => real?.close());

  const preview = async (id: string, body: object, token = 'support') =>
    (
      await real
        .call('post', `/automation/runs/${id}/retry`, token)
        .send({ ...body, dryRun: true })
        .expect(200)
    ).body;
  const paths = (steps: { path: string }[]) => steps.map(({ path }) => path);

  async function failedAt(hook: object): Promise<string> {
    const id = await seedRun(real.database, workflow);
    await seedStep(real.database, id, { path: 'task', position: 0, status: 'succeeded', output: {} });
    await seedStep(real.database, id, { path: 'mail', type: 'send_email', position: 1, status: 'succeeded', output: {} });
    await seedStep(real.database, id, { path: 'cool', type: 'delay', position: 2, status: 'succeeded', output: {} });
    await seedStep(real.database, id, { path: 'hook', type: 'webhook', position: 3, status: 'failed', ...hook });
    return id;
  }
  const failure = (code: string) => ({ error: { code, message: 'No.' } });

  it('names what is done again from the failed step, and what is kept; nothing happens', async () => {
    const id = await failedAt(failure('webhook_rejected'));
    const before = await real.state();
    const answer = await preview(id, { from: 'failed_step' });
    expect(answer).toEqual({
      again: [{ path: 'hook', name: null, type: 'webhook', effect: 'external' }],
      kept: [
        { path: 'task', name: null, type: 'create_task', effect: 'local' },
        { path: 'mail', name: 'Welcome mail', type: 'send_email', effect: 'external' },
        { path: 'cool', name: null, type: 'delay', effect: null },
      ],
      mayRepeat: [],
      version: { same: 1, newest: 1, differs: [] },
      refused: null,
    });
    expect(await real.state()).toBe(before);
  });

  it.each([
    ['whose answer never came', failure('outbound_timeout')],
    ['whose process went away', { status: 'lost' }],
    ['that failed in the host’s own words', failure('acme_says_no')],
  ])('warns of a call %s: it may happen twice', async (_what, hook) => {
    const id = await failedAt(hook);
    await seedStep(real.database, id, {
      path: 'hook',
      type: 'webhook',
      attempt: 2,
      position: 4,
      status: 'failed',
      ...failure('webhook_rejected'),
    });
    expect(paths((await preview(id, { from: 'failed_step' })).mayRepeat)).toEqual(['hook']);
  });

  it('counts an attempt that nobody has seen the end of among those', async () => {
    const id = await seedRun(real.database, workflow, { reason: 'run_abandoned' });
    await seedStep(real.database, id, { path: 'mail', type: 'send_email', position: 0, status: 'running' });
    const answer = await preview(id, { from: 'failed_step' });
    expect([paths(answer.again), paths(answer.mayRepeat)]).toEqual([['mail'], ['mail']]);
  });

  it('says of a repeat from the start that all that was done is done twice, on the newest version as far as it has the steps', async () => {
    const own = await publishedWorkflow(real as never, DEFINITION);
    const id = await seedRun(real.database, own, { status: 'succeeded' });
    await seedStep(real.database, id, { path: 'task', position: 0, status: 'succeeded', output: {} });
    await seedStep(real.database, id, { path: 'mail', type: 'send_email', position: 1, status: 'succeeded', output: {} });
    await seedStep(real.database, id, { path: 'cool', type: 'delay', position: 2, status: 'succeeded', output: {} });
    const same = await preview(id, { from: 'start' });
    expect([paths(same.again), same.kept, paths(same.mayRepeat)]).toEqual([['task', 'mail', 'cool'], [], ['task', 'mail']]);
    const newer = {
      ...DEFINITION,
      steps: [mail('Hello again'), { id: 'tell', type: 'send_notification', with: { to: 'owner', title: 'x' } }],
    };
    const { body } = await real.call('get', `/automation/workflows/${own.id}`);
    await real.call('patch', `/automation/workflows/${own.id}`).send({ revision: body.revision, definition: newer }).expect(200);
    await real.call('post', `/automation/workflows/${own.id}/publish`).expect(200);
    const newest = await preview(id, { from: 'start', version: 'newest' });
    expect([paths(newest.again), paths(newest.mayRepeat)]).toEqual([['mail'], ['mail']]);
    expect(newest.version).toEqual({
      same: 1,
      newest: 2,
      differs: expect.arrayContaining(['steps.mail.with.subject', 'steps.tell', 'steps.task']),
    });
  });

  it('tells why a retry would be refused, in the very words of the refusal', async () => {
    const id = await seedRun(real.database, workflow, { status: 'waiting' });
    const refused = await real.call('post', `/automation/runs/${id}/retry`, 'support').send({ from: 'start' }).expect(409);
    expect((await preview(id, { from: 'start' })).refused).toEqual(refused.body);
    const unpublished = await publishedWorkflow(real as never, DEFINITION);
    const run = await seedRun(real.database, unpublished);
    await real.call('post', `/automation/workflows/${unpublished.id}/unpublish`).expect(200);
    expect((await preview(run, { from: 'start', version: 'newest' })).refused).toMatchObject({
      statusCode: 409,
      code: 'workflow_not_published',
    });
    const { body } = await real
      .call('post', '/automation/runs/019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11/retry')
      .send({ from: 'start', dryRun: true })
      .expect(404);
    expect(body.code).toBe('run_not_found');
  });
});
