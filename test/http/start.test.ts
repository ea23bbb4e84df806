import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, rows } from './support/seed.js';

const DEFINITION = {
  trigger: { type: 'manual' },
  steps: [{ id: 'call', type: 'create_task', with: { title: 'Offer {{trigger.input.discount}} %' } }],
};

describe('a start by hand', () => {
  let real: RealApp;
  let workflow: { id: string };
  beforeAll(async () => {
    real = await startRealApp();
    workflow = await publishedWorkflow(real as never, DEFINITION);
    for (const [id, workspaceId] of [
      ['ours', 'acme'],
      ['theirs', 'rival'],
    ]) {
      await rows(real.database, 'INSERT INTO crm_leads (id, "workspaceId", name) VALUES ($1, $2, $1)', [id, workspaceId]);
    }
  });
  beforeEach(() => rows(real.database, 'TRUNCATE automation.events, automation.runs, automation.step_executions, automation.audit_log'));
  afterAll(() => real?.close());

  const start = (body: object, token = 'support', id = workflow.id) =>
    real.call('post', `/automation/workflows/${id}/runs`, token).send(body);
  const written = () => rows(real.database, 'SELECT id FROM automation.events UNION ALL SELECT id FROM automation.audit_log');

  it('is a run with its input, on its record, in the name of who asked, and the audit knows why', async () => {
    const record = { module: 'leads', id: 'ours' };
    const { body } = await start({ input: { discount: 10, toString: 'x' }, record, reason: 'Asked by phone.' }).expect(202);
    expect(body).toEqual({ eventId: expect.any(String), isNew: true });
    await real.automation.drain();
    const event = (await real.call('get', `/automation/events/${body.eventId}`, 'viewer').expect(200)).body;
    expect(event).toMatchObject({
      event: 'manual',
      module: 'leads',
      recordId: 'ours',
      actor: { type: 'user', id: 'u-support' },
      target: { workflowId: workflow.id },
      trigger: { type: 'manual', input: { discount: 10, toString: 'x' } },
      runs: [{ workflowId: workflow.id, status: 'succeeded' }],
    });
    const [task] = await rows(real.database, 'SELECT title, "recordId" FROM crm_tasks');
    expect(task).toEqual({ title: 'Offer 10 %', recordId: 'ours' });
    expect(await rows(real.database, 'SELECT action, target_id, after, note, actor FROM automation.audit_log')).toEqual([
      {
        action: 'workflow.started',
        target_id: workflow.id,
        after: { eventId: body.eventId, record },
        note: 'Asked by phone.',
        actor: expect.objectContaining({ id: 'u-support' }),
      },
    ]);
  });

  it('counts once for a key: who repeats it is told the id of the first', async () => {
    const first = (await start({ key: 'once' }).expect(202)).body;
    expect((await start({ key: 'once' }).expect(202)).body).toEqual({ eventId: first.eventId, isNew: false });
    expect((await start({ key: 'twice' }).expect(202)).body.isNew).toBe(true);
    expect(await rows(real.database, 'SELECT action FROM automation.audit_log')).toHaveLength(2);
  });

  it('needs no record, and may be about nothing', async () => {
    const { body } = await start({}).expect(202);
    expect((await real.call('get', `/automation/events/${body.eventId}`).expect(200)).body).toMatchObject({ module: null, recordId: null });
  });

  it.each([
    ['a record that nobody has', { record: { module: 'leads', id: 'nobody' } }, 404, 'record_not_found'],
    ["another workspace's record", { record: { module: 'leads', id: 'theirs' } }, 404, 'record_not_found'],
    ['a module that nobody knows', { record: { module: 'ships', id: 'ours' } }, 422, 'start_invalid'],
    ['a record without an id', { record: { module: 'leads' } }, 400, 'invalid_request'],
    ['an input that is a list', { input: [1] }, 400, 'invalid_request'],
  ])('is refused with %s, and leaves nothing behind', async (_what, body, status, code) => {
    const answer = await start(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await written()).toEqual([]);
  });

  it('is refused for a workflow that was never published, and for one that is named by its code', async () => {
    const draft = await real.call('post', '/automation/workflows').send({ name: 'Draft', definition: DEFINITION }).expect(201);
    const before = await written();
    expect((await start({}, 'support', draft.body.id).expect(409)).body.code).toBe('workflow_not_published');
    expect((await start({}, 'support', draft.body.code).expect(404)).body.code).toBe('workflow_not_found');
    expect(await written()).toEqual(before);
  });
});
