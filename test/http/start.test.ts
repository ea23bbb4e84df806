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

  describe('with values that the workflow asks for', () => {
    const asking = {
      trigger: {
        type: 'manual',
        module: 'leads',
        input: [
          { name: 'discount', type: 'number', required: true },
          { name: 'until', type: 'date', default: '2030-01-01' },
          { name: 'tier', type: 'choice', options: ['Gold', 'Silver'] },
        ],
      },
      steps: [{ id: 'call', type: 'create_task', with: { title: '{{trigger.input.discount}} % until {{trigger.input.until}}' } }],
    };
    let asks: { id: string };
    beforeAll(async () => {
      asks = await publishedWorkflow(real as never, asking);
    });

    it('gives steps what was sent, and the defaults of what was not', async () => {
      const { body } = await start({ input: { discount: 5 }, record: { module: 'leads', id: 'ours' } }, 'support', asks.id).expect(202);
      await real.automation.drain();
      const event = (await real.call('get', `/automation/events/${body.eventId}`, 'viewer').expect(200)).body;
      expect(event.trigger).toEqual({ type: 'manual', input: { discount: 5, until: '2030-01-01', tier: null } });
      expect(event.runs).toMatchObject([{ status: 'succeeded' }]);
    });

    it.each([
      [{}, [{ path: 'input.discount', message: 'is missing' }]],
      [
        { discount: '5', tier: 'Tin', tire: 'Gold' },
        [
          { path: 'input.tire', message: 'is not asked for.', hint: 'Did you mean "tier"?' },
          { path: 'input.discount', message: 'must be a number' },
          { path: 'input.tier', message: 'must be one of: Gold, Silver' },
        ],
      ],
    ])('refuses %j with the path of each problem', async (input, problems) => {
      const { body } = await start({ input }, 'support', asks.id).expect(422);
      expect(body).toMatchObject({ code: 'start_invalid', problems });
      expect(await written()).toEqual([]);
    });

    it('refuses records of another module than the workflow runs on', async () => {
      const { body } = await start({ input: { discount: 1 }, record: { module: 'accounts', id: 'x' } }, 'support', asks.id);
      expect(body).toMatchObject({ code: expect.stringMatching(/^(start_invalid|record_not_found)$/) });
      expect(await written()).toEqual([]);
    });

    it('checks what other workflows and the host’s code start it with, too', async () => {
      await expect(real.automation.start({ workspaceId: 'acme', workflow: asks.id, input: { discount: 'x' } })).rejects.toMatchObject({
        code: 'start_invalid',
        problems: [{ path: 'input.discount' }],
      });
      const parent = await publishedWorkflow(real as never, {
        trigger: { type: 'manual' },
        steps: [{ id: 'sub', type: 'run_workflow', workflow: asks.id, input: { discount: 'much' } }],
      });
      const { body } = await start({}, 'support', parent.id).expect(202);
      await real.automation.drain();
      const { runs } = (await real.call('get', `/automation/events/${body.eventId}`, 'viewer')).body;
      expect(runs).toMatchObject([{ status: 'failed', reason: 'start_invalid' }]);
    });
  });

  describe('on many records', () => {
    let once: { id: string };
    beforeAll(async () => {
      for (const [id, source] of [
        ['web', 'Web'],
        ['fair', 'Fair'],
        ['web-2', 'Web'],
      ])
        await rows(real.database, `INSERT INTO crm_leads (id, "workspaceId", name, source) VALUES ($1, 'acme', $1, $2)`, [id, source]);
      once = await publishedWorkflow(real as never, {
        trigger: { type: 'manual', module: 'leads' },
        conditions: { field: 'source', operator: 'equals', value: 'Web' },
        steps: [{ id: 'call', type: 'create_task', with: { title: 'x' } }],
        settings: { reentry: 'once_per_record' },
      });
    });
    const records = { module: 'leads', ids: ['web', 'fair', 'web-2', 'nobody', 'theirs', 'web'] };
    const batchOf = async (id: string) => (await real.call('get', `/automation/start-batches/${id}`, 'viewer').expect(200)).body;

    it('previews how many would start and why the others would not, and leaves nothing behind', async () => {
      const { body } = await start({ records, dryRun: true }, 'support', once.id).expect(202);
      expect(body).toEqual({
        eventId: null,
        isNew: true,
        batch: {
          id: null,
          dryRun: true,
          records: 5,
          starts: 2,
          refused: [
            {
              reason: 'record_not_found',
              count: 2,
              sample: [
                { recordId: 'nobody', explanation: null },
                { recordId: 'theirs', explanation: null },
              ],
            },
            { reason: 'conditions', count: 1, sample: [{ recordId: 'fair', explanation: expect.objectContaining({ result: false }) }] },
          ],
        },
      });
      expect(await written()).toEqual([]);
    });

    it('starts a run on each, under an id by which they can be followed, and the audit knows of them', async () => {
      const { body } = await start({ records, reason: 'The spring offer.' }, 'support', once.id).expect(202);
      expect(body.batch).toMatchObject({ id: expect.any(String), starts: 3, refused: [{ reason: 'record_not_found', count: 2 }] });
      expect(await batchOf(body.batch.id)).toMatchObject({ workflowId: once.id, module: 'leads', records: 3, pending: 3, outcomes: [] });
      await real.automation.drain();
      const batch = await batchOf(body.batch.id);
      expect(batch).toMatchObject({
        actor: { id: 'u-support' },
        pending: 0,
        outcomes: [
          { status: 'succeeded', reason: null, count: 2 },
          { status: 'skipped', reason: 'conditions', count: 1, sample: [{ recordId: 'fair', runId: expect.any(String) }] },
        ],
      });
      expect(await rows(real.database, 'SELECT action, after, note FROM automation.audit_log')).toEqual([
        { action: 'workflow.started', after: { batchId: body.batch.id, module: 'leads', records: 3 }, note: 'The spring offer.' },
      ]);
      const [run] = await rows(real.database, `SELECT id FROM automation.runs WHERE record_id = 'web'`);
      const again = (await start({ records, dryRun: true }, 'support', once.id).expect(202)).body.batch;
      expect(again.starts).toBe(0);
      const refused = again.refused.find(({ reason }: { reason: string }) => reason === 'reentry');
      expect(refused).toMatchObject({ count: 2, sample: [{ recordId: 'web', explanation: { runId: run?.id } }, { recordId: 'web-2' }] });
      const forced = (await start({ records, dryRun: true, force: ['reentry', 'conditions'] }, 'support', once.id).expect(202)).body.batch;
      expect(forced.starts).toBe(3);
    });

    it('counts once on each record for a key: who repeats it, with more records too, is told of the same batch', async () => {
      const named = (ids: string[]) => start({ records: { module: 'leads', ids }, key: 'spring' }, 'support', once.id).expect(202);
      const first = (await named(['web', 'fair'])).body;
      expect(first).toMatchObject({ isNew: true, batch: { starts: 2 } });
      expect((await named(['fair', 'web'])).body).toEqual({ ...first, isNew: false });
      expect((await named(['web-2', 'web', 'fair'])).body).toMatchObject({ isNew: true, batch: { id: first.batch.id, starts: 3 } });
      expect(await batchOf(first.batch.id)).toMatchObject({ records: 3, pending: 3 });
      expect(await rows(real.database, 'SELECT after FROM automation.audit_log ORDER BY at')).toMatchObject([
        { after: { batchId: first.batch.id, key: 'spring', records: 2 } },
        { after: { batchId: first.batch.id, key: 'spring', records: 1 } },
      ]);
    });

    it('takes the key of another workflow, and of a start on one record, for another one', async () => {
      const many = { records: { module: 'leads', ids: ['web'] }, key: 'spring' };
      await start({ record: { module: 'leads', id: 'web' }, key: 'spring' }, 'support', once.id).expect(202);
      const { body } = await start(many, 'support', once.id).expect(202);
      const other = (await start(many).expect(202)).body;
      expect([body.isNew, other.isNew]).toEqual([true, true]);
      expect(other.batch.id).not.toBe(body.batch.id);
    });

    it('counts once for a key that is sent by two at the same time, in whatever order', async () => {
      const ids = Array.from({ length: 300 }, (_, n) => `n-${n}`);
      await rows(real.database, `INSERT INTO crm_leads (id, "workspaceId", name) SELECT id, 'acme', id FROM unnest($1::text[]) AS id`, [
        ids,
      ]);
      const send = (some: string[]) => start({ records: { module: 'leads', ids: some }, key: 'twice' }).expect(202);
      const answers = await Promise.all([send(ids), send([...ids].reverse())]);
      expect(answers.map(({ body }) => body.isNew).sort()).toEqual([false, true]);
      expect(await rows(real.database, 'SELECT count(*)::int AS starts FROM automation.events')).toEqual([{ starts: 300 }]);
    });

    it('refuses an input that is too large on so many', async () => {
      const ids = Array.from({ length: 1_000 }, (_, n) => String(n));
      const input = { text: 'x'.repeat(20_000) };
      const refused = await start({ records: { module: 'leads', ids }, input }).expect(413);
      expect(refused.body).toMatchObject({ code: 'payload_too_large', hint: expect.stringContaining('fewer records') });
      expect(await written()).toEqual([]);
      await start({ records: { module: 'leads', ids: ids.slice(0, 500) }, input }).expect(202);
    });

    it.each([
      ['no record', { records: { module: 'leads', ids: [] } }],
      ['too many', { records: { module: 'leads', ids: Array.from({ length: 1_001 }, (_, n) => String(n)) } }],
      ['one and many', { record: { module: 'leads', id: 'web' }, records }],
      ['a key of a preview', { records, key: 'k', dryRun: true }],
      ['a rule that nobody may set aside', { records, force: ['loop'] }],
      ['a preview of one', { dryRun: true }],
    ])('is refused with %s', async (_, body) => {
      expect((await start(body, 'support', once.id).expect(400)).body.code).toBe('invalid_request');
      expect(await written()).toEqual([]);
    });
  });

  it('with force is a run although the rules would keep it out, and the event and the audit say so', async () => {
    const once = await publishedWorkflow(real as never, {
      trigger: { type: 'manual' },
      conditions: { field: 'source', operator: 'equals', value: 'Nowhere' },
      steps: [{ id: 'call', type: 'create_task', with: { title: 'x' } }],
      settings: { reentry: 'once_per_record' },
    });
    const record = { module: 'leads', id: 'ours' };
    const reasons: string[] = [];
    for (const force of [undefined, ['conditions'], ['conditions'], ['conditions', 'reentry']]) {
      const { body } = await start({ record, ...(force && { force }), reason: 'Asked by phone.' }, 'support', once.id).expect(202);
      await real.automation.drain();
      const event = (await real.call('get', `/automation/events/${body.eventId}`, 'viewer')).body;
      expect(event.target).toEqual({ workflowId: once.id, ...(force && { force }) });
      reasons.push(event.runs[0].reason ?? event.runs[0].status);
    }
    expect(reasons).toEqual(['conditions', 'succeeded', 'reentry', 'succeeded']);
    const [last] = await rows(real.database, 'SELECT after, note FROM automation.audit_log ORDER BY id DESC LIMIT 1');
    expect(last).toMatchObject({ after: { force: ['conditions', 'reentry'] }, note: 'Asked by phone.' });
  });
});
