import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import type { CrmTransaction } from '../../src/host/crm-host.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { sampleCrm } from '../support/sample-crm.js';
import { rows, seedEvent } from './support/seed.js';

class SmsArguments {
  @IsString() to!: string;
}

describe('a workflow that is tried', () => {
  let real: RealApp;
  const sent: string[] = [];
  const sendSms = defineAction({
    type: 'send_sms',
    label: 'Send SMS',
    effect: 'external',
    arguments: SmsArguments,
    output: { messageId: 'text' },
    execute: async ({ to }) => {
      sent.push(to);
      return { messageId: 'real' };
    },
  });
  const callHost = defineAction({
    type: 'call_host',
    label: 'Call host',
    effect: 'local',
    arguments: SmsArguments,
    output: { count: 'number' },
    execute: async ({ to }) => {
      sent.push(to);
      return { count: 7 };
    },
  });

  beforeAll(async () => {
    const transport = { sendMail: async () => sent.push('mail'), use: () => undefined, close: () => undefined };
    real = await startRealApp({ actions: [sendSms, callHost], mail: { transport: transport as never, from: 'CRM <crm@acme.test>' } });
    await rows(
      real.database,
      `INSERT INTO crm_accounts (id, "workspaceId", name, industry) VALUES ('a-1', 'acme', 'Acme', 'Retail'), ('a-2', 'acme', 'Beta', 'Steel')`,
    );
    await rows(
      real.database,
      `UPDATE crm_leads SET name = 'Ann <b>Example</b>', amount = 900, "accountId" = 'a-1', "ownerId" = 'u-2' WHERE id = '42'`,
    );
  });
  afterAll(() => real?.close());

  const CREATED = { type: 'event', module: 'leads', event: 'created' };

  async function draft(definition: object): Promise<string> {
    const { body } = await real.call('post', '/automation/workflows', 'admin').send({ name: 'Tried', definition }).expect(201);
    return body.id;
  }

  async function tried(definition: object, subject: object = { recordId: '42' }, more: object = {}) {
    const id = await draft({ trigger: CREATED, ...definition });
    const { body } = await real
      .call('post', `/automation/workflows/${id}/test`, 'viewer')
      .send({ subject, ...more })
      .expect(200);
    return body;
  }

  /** Everything that a preview might have touched. */
  const world = async () =>
    JSON.stringify([
      await real.state(),
      await rows(real.database, 'SELECT * FROM crm_leads ORDER BY id'),
      await rows(real.database, 'SELECT * FROM crm_tasks'),
      await rows(real.database, 'SELECT * FROM crm_notifications'),
      await rows(real.database, 'SELECT * FROM automation.rotations'),
      sent,
    ]);

  it('shows a mail as HTML and text, with what records hold escaped', async () => {
    const { steps, outcome } = await tried({
      steps: [
        {
          id: 'mail',
          type: 'send_email',
          with: { to: '{{record.email}}', cc: 'owner', subject: 'Hi {{record.name}}', html: '<p>{{record.name}}</p>' },
        },
      ],
    });
    expect(outcome).toEqual({ status: 'succeeded' });
    expect(steps[0]).toMatchObject({ status: 'succeeded', isSample: true, output: { messageId: 'Sample messageId', accepted: [] } });
    expect(steps[0].would).toEqual([
      {
        kind: 'mail',
        from: { name: 'CRM', address: 'crm@acme.test' },
        to: [{ name: '', address: 'ann@lead.test' }],
        cc: [{ name: 'User 2', address: 'u2@acme.test' }],
        bcc: [],
        replyTo: [],
        subject: 'Hi Ann <b>Example</b>',
        html: '<p>Ann &lt;b&gt;Example&lt;/b&gt;</p>',
        text: 'Ann <b>Example</b>',
      },
    ]);
  });

  it('ends where it would show too much', async () => {
    const mail = { id: 'mail', type: 'send_email', with: { to: 'a@b.test', subject: 'Hi', text: '{{record.name}}' } };
    const loop = { id: 'each', type: 'for_each', in: '{{trigger.input.list}}', maxItems: 150, steps: [mail] };
    const subject = { sample: { name: 'x'.repeat(50_000) }, trigger: { input: { list: Array.from({ length: 150 }, (_, n) => n) } } };
    const { steps, moreSteps, outcome } = await tried({ trigger: { type: 'manual', module: 'leads' }, steps: [loop] }, subject);
    expect(outcome).toEqual({ status: 'open', waiting: [] });
    expect(steps.length + moreSteps).toBeGreaterThan(10);
    expect(steps.length + moreSteps).toBeLessThan(150);
  });

  it('shows a request as it would be sent, its secrets masked', async () => {
    const { steps } = await tried({
      steps: [
        {
          id: 'hook',
          type: 'webhook',
          with: {
            url: 'https://hooks.example.com/{{record.id}}',
            headers: { Authorization: 'Bearer hidden' },
            secret: 'whsec_c2VjcmV0LXRoYXQtaXMtbG9uZw==',
            body: { amount: '{{record.amount}}' },
          },
        },
      ],
    });
    const [request] = steps[0].would;
    expect(request).toMatchObject({
      kind: 'request',
      method: 'POST',
      url: 'https://hooks.example.com/42',
      body: '{"amount":900}',
      headers: { authorization: '••••••', 'webhook-signature': '••••••', 'content-type': 'application/json' },
    });
    expect(JSON.stringify(steps)).not.toMatch(/hidden|c2VjcmV0/);
    expect(steps[0].output).toMatchObject({ status: 1, body: null });
  });

  it('shows a change as before and after, and later steps see it', async () => {
    const { steps } = await tried({
      steps: [
        { id: 'move', type: 'move_stage', with: { next: true } },
        { id: 'add', type: 'change_field', with: { field: 'touches', increment: 2 } },
        {
          id: 'task',
          type: 'create_task',
          with: { title: 'At {{record.stage}} with {{record.touches}}, from {{steps.move.output.from}}' },
        },
        { id: 'tell', type: 'send_notification', with: { to: 'owner', title: 'Look' } },
      ],
    });
    expect(steps.map(({ would }: { would: unknown }) => would)).toEqual([
      [{ kind: 'change', module: 'leads', recordId: '42', changes: { stage: { from: 'New', to: 'Contacted' } } }],
      [{ kind: 'change', module: 'leads', recordId: '42', changes: { touches: { from: 0, to: 2 } } }],
      [
        {
          kind: 'task',
          task: expect.objectContaining({
            title: 'At Contacted with 2, from New',
            assigneeId: 'u-2',
            record: { module: 'leads', id: '42' },
          }),
        },
      ],
      [{ kind: 'notifications', notifications: [{ userId: 'u-2', title: 'Look', body: null, record: { module: 'leads', id: '42' } }] }],
    ]);
    expect(steps[0].output).toEqual({ from: 'New', to: 'Contacted' });
  });

  it('sees the related record that a change leads to', async () => {
    const { steps } = await tried({
      steps: [
        { id: 'move', type: 'change_field', with: { field: 'accountId', value: 'a-2' } },
        { id: 'task', type: 'create_task', with: { title: '{{record.account.name}}' } },
      ],
    });
    expect(steps[1].would[0].task.title).toBe('Beta');
  });

  it('is refused what a run would be refused: the step fails with the reason, and the run with it', async () => {
    const { steps, outcome } = await tried({
      steps: [
        { id: 'own', type: 'assign_owner', with: { userId: 'nobody' }, onError: 'continue' },
        { id: 'stage', type: 'move_stage', with: { stage: '{{record.source}}' } },
        { id: 'never', type: 'create_task', with: { title: 'x' } },
      ],
    });
    expect(steps).toHaveLength(2);
    expect(steps[0]).toMatchObject({ status: 'failed', would: [], error: { code: 'user_unknown' } });
    expect(steps[1]).toMatchObject({ status: 'failed', would: [], error: { code: 'stage_unknown', hint: expect.any(String) } });
    expect(outcome).toMatchObject({ status: 'failed', path: 'stage' });
  });

  it('asks a rotation who is next, and does not move it on', async () => {
    const rotating = { id: 'own', type: 'assign_owner', with: { strategy: 'round_robin', userIds: ['u-3', 'u-1'] } };
    for (let round = 0; round < 2; round += 1) {
      const { steps } = await tried({ steps: [rotating] });
      expect(steps[0].would).toEqual([
        { kind: 'change', module: 'leads', recordId: '42', changes: { ownerId: { from: 'u-2', to: 'u-3' } } },
      ]);
    }
  });

  it('follows the branch that holds, and says what it looked at', async () => {
    const task = (title: string) => [{ id: title, type: 'create_task', with: { title } }];
    const { steps } = await tried({
      steps: [
        {
          id: 'route',
          type: 'branch',
          branches: [
            { name: 'steel', when: { field: 'account.industry', operator: 'equals', value: 'Steel' }, steps: task('steel') },
            { name: 'retail', when: { field: 'account.industry', operator: 'equals', value: 'Retail' }, steps: task('retail') },
          ],
          otherwise: task('other'),
        },
      ],
    });
    expect(steps.map(({ path }: { path: string }) => path)).toEqual(['route', 'route.retail.retail']);
    expect(steps[0].input.looked).toMatchObject([
      { branch: 'steel', explanation: { result: false, seen: 'Retail', expected: 'Steel' } },
      { branch: 'retail', explanation: { result: true } },
    ]);
  });

  it('lets time pass: a delay says when it would end, and what comes behind it begins then', async () => {
    const { steps, endsAt } = await tried({
      steps: [
        { id: 'cool', type: 'delay', for: 'PT48H' },
        { id: 'task', type: 'create_task', with: { title: 'Call', dueIn: 'PT24H' } },
      ],
    });
    const later = (hours: number) => new Date(Date.parse(steps[0].startedAt) + hours * 3_600_000).toISOString();
    expect(steps[0]).toMatchObject({ type: 'delay', until: later(48), status: 'succeeded' });
    expect(steps[1]).toMatchObject({ startedAt: later(48), would: [{ task: { dueAt: later(72) } }] });
    expect(endsAt).toBe(later(48));
    const long = await tried({ steps: [{ id: 'cool', type: 'delay', for: 'P3D' }], settings: { maxDuration: 'P10D' } });
    expect(long.outcome).toEqual({ status: 'succeeded' });
    const field = { id: 'until', type: 'delay', until: '{{trigger.occurredAt}}' };
    expect((await tried({ steps: [field, { id: 'far', type: 'delay', until: '2090-01-01' }] })).outcome).toMatchObject({
      status: 'failed',
      error: { code: 'run_timed_out' },
    });
  });

  it('gives steps whose output nobody knows a sample, of the action or of the caller', async () => {
    const steps = [
      { id: 'sms', type: 'send_sms', with: { to: '1' } },
      { id: 'host', type: 'call_host', with: { to: '{{steps.sms.output.messageId}}' } },
      { id: 'task', type: 'create_task', with: { title: '{{steps.sms.output.messageId}} {{steps.host.output.count}}' } },
    ];
    const shown = await tried({ steps });
    expect(shown.steps.map(({ isSample }: { isSample: boolean }) => isSample)).toEqual([true, true, false]);
    expect(shown.steps[1]).toMatchObject({ input: { to: 'Sample messageId' }, output: { count: 1 }, would: [] });
    const given = await tried({ steps }, { recordId: '42' }, { samples: { sms: { messageId: 'm-9' }, host: { count: 3 } } });
    expect(given.steps[2].would[0].task.title).toBe('m-9 3');
    expect(sent).toEqual([]);
  });

  it('answers what is waited for: approved by default, or as the caller says', async () => {
    const steps = [
      { id: 'ask', type: 'approval', assignees: ['u-1'], message: 'Discount for {{record.name}}?' },
      { id: 'task', type: 'create_task', with: { title: '{{steps.ask.output.decision}}' } },
    ];
    expect((await tried({ steps })).steps[1].would[0].task.title).toBe('approved');
    const rejected = await tried({ steps }, { recordId: '42' }, { samples: { ask: { decision: 'rejected' } } });
    expect(rejected.outcome).toMatchObject({ status: 'cancelled', path: 'ask', code: 'approval_rejected' });
    expect(rejected.steps).toHaveLength(1);
  });

  it('shows the run of another workflow that it would start', async () => {
    const other = await draft({ trigger: { type: 'manual' }, steps: [{ id: 'a', type: 'create_task', with: { title: 'x' } }] });
    await real.call('post', `/automation/workflows/${other}/publish`, 'admin').expect(200);
    const { steps } = await tried({
      steps: [{ id: 'start', type: 'run_workflow', workflow: other, input: { who: '{{record.id}}' }, wait: true }],
    });
    expect(steps[0]).toMatchObject({ status: 'succeeded', would: [{ kind: 'start', workflowId: other, input: { who: '42' } }] });
  });

  it('explains trigger and conditions, whether they hold or not, and shows the steps all the same', async () => {
    const conditions = {
      all: [
        { field: 'source', operator: 'equals', value: 'Web' },
        { field: 'account.industry', operator: 'equals', value: 'Steel' },
      ],
    };
    const steps = [{ id: 'task', type: 'create_task', with: { title: 'x' } }];
    const kept = await tried({ conditions, steps });
    expect(kept.start).toMatchObject({
      starts: false,
      reason: 'conditions',
      trigger: { matched: true, reason: null },
      conditions: { result: false, all: [{ result: true }, { result: false, seen: 'Retail', expected: 'Steel' }] },
    });
    expect(kept.steps).toHaveLength(1);
    const stage = { type: 'event', module: 'leads', event: 'stage_changed', to: ['Won'] };
    const unchanged = await tried({ trigger: stage, steps });
    expect(unchanged.start).toMatchObject({
      starts: false,
      reason: 'trigger',
      trigger: { matched: false, reason: expect.stringContaining('stage') },
    });
    const won = await tried({ trigger: stage, steps }, { recordId: '42', changes: { stage: 'Won' } });
    expect(won.start).toMatchObject({ starts: true, reason: null });
    expect(won.event).toMatchObject({ record: { stage: 'Won' }, changes: { stage: { from: 'New', to: 'Won' } } });
  });

  it('is tried on an event as it was, and on a sample that nobody has', async () => {
    const steps = [{ id: 'task', type: 'create_task', with: { title: '{{record.name}} {{record.email}} {{trigger.event}}' } }];
    const eventId = await seedEvent(real.database, { record_id: 'gone', record: { id: 'gone', name: 'Was', email: 'was@lead.test' } });
    expect((await tried({ steps }, { eventId })).steps[0].would[0].task.title).toBe('Was was@lead.test created');
    const sample = await tried(
      { steps: [...steps, { id: 'set', type: 'change_field', with: { field: 'source', value: 'Fair' } }] },
      { sample: { name: 'Bob' } },
    );
    expect(sample.steps[0].would[0].task.title).toBe('Bob sample@example.com created');
    expect(sample.steps[1].would).toEqual([
      { kind: 'change', module: 'leads', recordId: 'sample', changes: { source: { from: 'Sample Source', to: 'Fair' } } },
    ]);
  });

  it('is tried with an input, where it is started by hand', async () => {
    const { steps, start } = await tried(
      {
        trigger: { type: 'manual' },
        steps: [{ id: 'hook', type: 'webhook', with: { url: 'https://a.example.com/', body: '{{trigger.input.n}}' } }],
      },
      { sample: {}, trigger: { input: { n: 5 } } },
    );
    expect(start).toMatchObject({ starts: true, trigger: { matched: true } });
    expect(steps[0].would[0].body).toBe('5');
  });

  it('says that a record which it has run on once would not start it again', async () => {
    const id = await draft({
      trigger: CREATED,
      steps: [{ id: 'task', type: 'create_task', with: { title: 'x' } }],
      settings: { reentry: 'once_per_record' },
    });
    await real.call('post', `/automation/workflows/${id}/publish`, 'admin').expect(200);
    const ask = () => real.call('post', `/automation/workflows/${id}/test`, 'viewer').send({ subject: { recordId: '42' }, version: '1' });
    expect((await ask().expect(200)).body).toMatchObject({ version: 1, start: { starts: true } });
    await rows(
      real.database,
      `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, module, record_id, status, actor)
       SELECT 'acme', gen_random_uuid(), id, published_version_id, 1, 'leads', '42', 'succeeded', '{}' FROM automation.workflows WHERE id = $1`,
      [id],
    );
    expect((await ask().expect(200)).body.start).toMatchObject({
      starts: false,
      reason: 'reentry',
      rule: 'the workflow runs once per record',
    });
  });

  it('leaves no trace: not in the CRM, not in our tables, not outside', async () => {
    const id = await draft({
      trigger: CREATED,
      steps: [
        { id: 'own', type: 'assign_owner', with: { strategy: 'least_busy', userIds: ['u-1', 'u-3'] } },
        { id: 'turn', type: 'assign_owner', with: { strategy: 'round_robin', role: 'senior' } },
        { id: 'set', type: 'change_field', with: { fields: { source: 'Fair', touches: 9 } } },
        { id: 'task', type: 'create_task', with: { title: 'x' } },
        { id: 'tell', type: 'send_notification', with: { to: 'owner', title: 'x' } },
        { id: 'mail', type: 'send_email', with: { to: 'owner', subject: 'x', text: 'x' } },
        { id: 'hook', type: 'webhook', with: { url: 'https://a.example.com/' } },
        { id: 'sms', type: 'send_sms', with: { to: '1' } },
        { id: 'host', type: 'call_host', with: { to: '1' } },
        { id: 'again', type: 'run_workflow', workflow: 'tried' },
      ],
    });
    const before = await world();
    const { body } = await real
      .call('post', `/automation/workflows/${id}/test`, 'viewer')
      .send({ subject: { recordId: '42' } })
      .expect(200);
    expect(body.steps.map(({ status }: { status: string }) => status).slice(0, 9)).toEqual(Array.from({ length: 9 }, () => 'succeeded'));
    expect(await world()).toBe(before);
  });

  it('is refused by the database whatever the CRM’s own rules would write', async () => {
    const crm = Object.assign(sampleCrm(), {
      validate: async (_module: string, _change: unknown, { manager }: CrmTransaction) => {
        await manager.query(`UPDATE crm_leads SET touches = 99`);
        return [];
      },
    });
    const writing = await startRealApp({ crm });
    const definition = {
      trigger: CREATED,
      steps: [
        { id: 'set', type: 'change_field', with: { field: 'source', value: 'Fair' }, onError: 'continue' },
        { id: 'task', type: 'create_task', with: { title: '{{record.source}}' } },
      ],
    };
    const { body } = await writing.call('post', '/automation/workflows', 'admin').send({ name: 'Tried', definition }).expect(201);
    const tried = await writing
      .call('post', `/automation/workflows/${body.id}/test`, 'viewer')
      .send({ subject: { recordId: '42' } })
      .expect(200);
    expect(tried.body.steps[0]).toMatchObject({ status: 'failed', would: [], error: { message: expect.stringContaining('read-only') } });
    // The steps after it go on, and see nothing of it.
    expect(tried.body.steps[1]).toMatchObject({ status: 'succeeded', would: [{ task: { title: 'Web' } }] });
    expect(await rows(writing.database, 'SELECT DISTINCT touches FROM crm_leads')).toEqual([{ touches: 0 }]);
    await writing.close();
  });

  it('is refused with a sentence when it has problems, is not there, or nobody says on what', async () => {
    const broken = await draft({ trigger: CREATED, steps: [{ id: 'x', type: 'create_task', with: {} }] });
    const ask = (id: string, body: object) => real.call('post', `/automation/workflows/${id}/test`, 'viewer').send(body);
    const invalid = (await ask(broken, { subject: { recordId: '42' } }).expect(422)).body;
    expect(invalid).toMatchObject({ code: 'definition_invalid', problems: [{ path: 'steps[0].with.title' }] });
    const fine = await draft({ trigger: CREATED, steps: [{ id: 'x', type: 'create_task', with: { title: 'x' } }] });
    expect((await ask(fine, { subject: { recordId: 'none' } }).expect(404)).body.code).toBe('record_not_found');
    expect((await ask(fine, { subject: { eventId: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' } }).expect(404)).body.code).toBe(
      'event_not_found',
    );
    expect((await ask(fine, { subject: {} }).expect(400)).body.problems[0].path).toBe('subject');
    expect(
      (await ask(fine, { subject: { eventId: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11', changes: {} } }).expect(400)).body.problems[0].path,
    ).toBe('subject.changes');
    expect((await ask(fine, { subject: { recordId: '42', changes: { nope: 1 } } }).expect(422)).body.code).toBe('field_unknown');
    expect((await ask(fine, { subject: { recordId: '42', changes: { id: 'x' } } }).expect(400)).body.problems[0].path).toBe('changes.id');
    expect((await ask(fine, { subject: { recordId: '42' }, samples: { x: 1 } }).expect(400)).body.problems[0].path).toBe('samples.x');
    expect((await ask(fine, { subject: { recordId: '42' }, version: 'published' }).expect(409)).body.code).toBe('workflow_not_published');
    expect((await ask(fine, { subject: { recordId: '42' }, version: '7' }).expect(404)).body.code).toBe('version_not_found');
  });
});
