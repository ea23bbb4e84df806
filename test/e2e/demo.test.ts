import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningDemo, startDemo } from '../../src/demo/demo-app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';

// biome-ignore lint/suspicious/noExplicitAny: answers of an API, looked at by what each test expects of them
type Answer = any;

const SECRET = 'whsec_YSBzZWNyZXQgZm9yIHRoZSB0ZXN0cyBvZiB0aGUgZGVtbw==';

describe('the demo CRM', () => {
  let database: TestDatabase;
  let demo: RunningDemo;

  beforeAll(async () => {
    database = await createTestDatabase();
    demo = await startDemo({ databaseUrl: database.url, port: 0, sinkSecret: SECRET, logLevels: ['error', 'fatal'] });
  });

  afterAll(async () => {
    await demo?.close();
    await database?.drop();
  });

  const call = async (
    method: string,
    path: string,
    options: { body?: unknown; token?: string } = {},
  ): Promise<{ status: number; body: Answer }> => {
    const response = await fetch(`${demo.origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${options.token ?? 'demo-admin'}`, 'content-type': 'application/json' },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
  const get = async (path: string, token?: string): Promise<Answer> => {
    const { status, body } = await call('GET', path, { token });
    expect({ path, status }).toEqual({ path, status: 200 });
    return body;
  };
  const create = async (module: string, body: unknown): Promise<Answer> => {
    const answer = await call('POST', `/crm/${module}`, { body });
    expect(answer).toMatchObject({ status: 201 });
    return answer.body;
  };
  /** The one run of a workflow on a record, as soon as it has the status. */
  const run = (recordId: string, workflow: string, status: string): Promise<Answer> =>
    eventually(async () => {
      const { items } = await get(`/automation/runs?recordId=${recordId}`);
      const found = items.filter((item: Answer) => item.workflowName === workflow);
      expect(found.map((item: Answer) => item.status)).toEqual([status]);
      return get(`/automation/runs/${found[0].id}`);
    });
  const mailTo = async (address: string): Promise<Answer[]> =>
    (await get('/crm/mailbox')).items.filter((mail: Answer) => mail.to.includes(address));
  const tasksOf = async (recordId: string): Promise<Answer[]> => (await get(`/crm/tasks?relatedId=${recordId}`)).items;
  const webLead = (email: string): Promise<Answer> =>
    create('leads', { name: 'Nora Berg', email, company: 'Fjord AS', source: 'Web Form' });

  const WELCOME = 'Welcome web leads';

  it('has put its recipes to work, published and active', async () => {
    expect(demo.installed).toContain(WELCOME);
    const { items } = await get('/automation/workflows?limit=50');
    expect(items.map((item: Answer) => item.name).sort()).toEqual([...demo.installed].sort());
    for (const item of items) expect(item).toMatchObject({ status: 'active', version: 1 });
  });

  it('greets a web lead: an owner, a mail, a task, and a run that tells of every step', async () => {
    const lead = await webLead('nora@example.com');

    const { status, steps } = await run(lead.id, WELCOME, 'succeeded');

    expect(status).toBe('succeeded');
    expect(steps.map((step: Answer) => [step.path, step.status])).toEqual([
      ['owner', 'succeeded'],
      ['welcome', 'succeeded'],
      ['call', 'succeeded'],
    ]);
    const { ownerId } = await get(`/crm/leads/${lead.id}`);
    expect(['u-1', 'u-2', 'u-3']).toContain(ownerId);
    const mails = await mailTo('nora@example.com');
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({
      from: expect.stringContaining('crm@acme.test'),
      subject: expect.stringMatching(/\S/),
      messageId: expect.stringMatching(/\S/),
    });
    expect(mails[0].text).toContain('Nora');
    expect(mails[0].html).toContain('Nora');
    expect(await tasksOf(lead.id)).toMatchObject([
      { title: 'Call Nora Berg', assigneeId: ownerId, priority: 'High', relatedModule: 'leads' },
    ]);
  });

  it('gives leads that come one after the other to different owners', async () => {
    const owners = new Set<string>();
    for (const name of ['one', 'two', 'three']) {
      const lead = await webLead(`${name}@example.com`);
      await run(lead.id, WELCOME, 'succeeded');
      owners.add((await get(`/crm/leads/${lead.id}`)).ownerId);
    }
    expect([...owners].sort()).toEqual(['u-1', 'u-2', 'u-3']);
  });

  it('says why a lead from elsewhere did not start the workflow', async () => {
    const lead = await create('leads', { name: 'Olav', email: 'olav@example.com', source: 'Referral' });

    const skipped = await run(lead.id, WELCOME, 'skipped');

    const explanation = JSON.stringify(skipped.explanation);
    for (const part of ['source', 'equals', 'Referral', 'Web Form']) expect(explanation).toContain(part);
    expect(await mailTo('olav@example.com')).toEqual([]);
  });

  it('fails understandably while the mail server refuses mail, and goes on from there after repair and retry', async () => {
    expect(await call('POST', '/crm/mailbox/outage', { body: { mode: 'reject' } })).toEqual({ status: 200, body: { outage: 'reject' } });
    const lead = await webLead('late@example.com');

    const failed = await run(lead.id, WELCOME, 'failed');
    const { ownerId } = await get(`/crm/leads/${lead.id}`);

    expect(failed.error).toMatchObject({
      code: expect.stringMatching(/^[a-z_]+$/),
      message: expect.stringContaining('unavailable'),
      hint: expect.stringMatching(/\S/),
    });
    expect(failed.steps.map((step: Answer) => [step.path, step.status])).toEqual([
      ['owner', 'succeeded'],
      ['welcome', 'failed'],
    ]);
    expect(await tasksOf(lead.id)).toEqual([]);

    await call('POST', '/crm/mailbox/outage', { body: { mode: 'off' } });
    const retried = await call('POST', `/automation/runs/${failed.id}/retry`, { token: 'demo-support', body: { from: 'failed_step' } });
    expect(retried.status).toBeLessThan(300);

    const { steps } = await run(lead.id, WELCOME, 'succeeded');
    expect(steps.filter((step: Answer) => step.status === 'succeeded').map((step: Answer) => step.path)).toEqual([
      'owner',
      'welcome',
      'call',
    ]);
    expect(await mailTo('late@example.com')).toHaveLength(1);
    expect(await tasksOf(lead.id)).toHaveLength(1);
    expect((await get(`/crm/leads/${lead.id}`)).ownerId).toBe(ownerId);
  });

  it('waits out a mail server that is away for a moment', async () => {
    await call('POST', '/crm/mailbox/outage', { body: { mode: 'offline' } });
    const lead = await webLead('patient@example.com');
    await eventually(async () => {
      const { items } = await get(`/automation/runs?recordId=${lead.id}`);
      const { steps } = await get(`/automation/runs/${items[0].id}`);
      expect(steps).toContainEqual(expect.objectContaining({ path: 'welcome', status: 'failed', attempt: 1 }));
    });

    await call('POST', '/crm/mailbox/outage', { body: { mode: 'off' } });

    await run(lead.id, WELCOME, 'succeeded');
    expect(await mailTo('patient@example.com')).toHaveLength(1);
  });

  it('gives large, urgent and regulated deals to a senior, and others to nobody', async () => {
    const bank = await create('accounts', { name: 'North Bank', industry: 'Banking' });
    const workflow = 'Senior owner for urgent and large deals';
    const large = await create('opportunities', { name: 'Large', amount: 50_000.01 });
    const urgent = await create('opportunities', { name: 'Urgent', priority: 'Urgent' });
    const regulated = await create('opportunities', { name: 'Regulated', amount: 30_000, accountId: bank.id });
    const small = await create('opportunities', { name: 'Small', amount: 50_000 });
    const closed = await create('opportunities', { name: 'Closed', amount: 90_000, stage: 'Closed Lost' });

    for (const { id } of [large, urgent, regulated]) {
      await run(id, workflow, 'succeeded');
      const { ownerId } = await get(`/crm/opportunities/${id}`);
      expect(['u-4', 'u-5']).toContain(ownerId);
      expect((await get(`/crm/notifications?relatedId=${id}`)).items).toMatchObject([{ userId: ownerId }]);
    }
    for (const { id } of [small, closed]) {
      await run(id, workflow, 'skipped');
      expect((await get(`/crm/opportunities/${id}`)).ownerId).toBeNull();
    }
  });

  it('announces a won deal at the sink, signed, once', async () => {
    const account = await create('accounts', { name: 'Fjord AS' });
    const deal = await create('opportunities', { name: 'Boats', amount: 1200.5, stage: 'Negotiation', accountId: account.id });
    await call('PATCH', `/crm/opportunities/${deal.id}`, { body: { stage: 'Closed Won' } });

    await run(deal.id, 'Closed won to the billing system', 'succeeded');

    const arrived = (await get('/crm/sink')).items.filter((one: Answer) => one.body?.deal?.id === deal.id);
    expect(arrived).toHaveLength(1);
    expect(arrived[0].body).toEqual({
      type: 'deal.won',
      deal: { id: deal.id, name: 'Boats', amount: 1200.5 },
      customer: 'Fjord AS',
      owner: null,
      previousStage: 'Negotiation',
    });
    expect(arrived[0].signature).toBe('valid');
    expect(arrived[0].headers['webhook-id']).toMatch(/\.announce$/);
  });

  it('chases an overdue invoice once, however often it is looked for', async () => {
    const invoice = await create('invoices', { number: 'INV-7', amount: 99.9, dueDate: '2024-02-29', status: 'Sent', ownerId: 'u-2' });
    const draft = await create('invoices', { number: 'INV-8', amount: 10, dueDate: '2024-02-29' });
    await Promise.all([1, 2, 3].map(() => call('POST', '/crm/invoices/find-overdue')));

    await run(invoice.id, 'Chase overdue invoices', 'succeeded');

    expect(await get(`/crm/invoices/${invoice.id}`)).toMatchObject({ status: 'Overdue' });
    expect(await get(`/crm/invoices/${draft.id}`)).toMatchObject({ status: 'Draft' });
    expect((await get(`/crm/notifications?relatedId=${invoice.id}`)).items).toMatchObject([
      { userId: 'u-8', title: 'Invoice INV-7 is overdue', body: expect.stringContaining('29 Feb 2024') },
    ]);
    expect(await tasksOf(invoice.id)).toMatchObject([{ title: 'Chase invoice INV-7', assigneeId: 'u-2' }]);
  });

  it('branches on the size of a proposal and then waits for two days', async () => {
    const deal = await create('opportunities', { name: 'Ferries', amount: 250_000 });
    await call('PATCH', `/crm/opportunities/${deal.id}`, { body: { stage: 'Proposal' } });

    const waiting = await run(deal.id, 'Follow up on proposals', 'waiting');

    const done = waiting.steps.filter((step: Answer) => step.status === 'succeeded').map((step: Answer) => step.path);
    expect(done).toEqual(['size', 'size.large.seniors']);
    expect(waiting.steps).toContainEqual(expect.objectContaining({ path: 'patience', status: 'waiting' }));
  });

  it('keeps workflows from writing what a person could not save', async () => {
    const body = {
      name: 'Discount everything',
      definition: {
        trigger: { type: 'event', module: 'opportunities', event: 'created' },
        conditions: { field: 'name', operator: 'starts_with', value: 'Discount' },
        steps: [{ id: 'less', type: 'change_field', with: { field: 'amount', increment: -500 } }],
      },
    };
    const { body: workflow } = await call('POST', '/automation/workflows', { body });
    await call('POST', `/automation/workflows/${workflow.id}/publish`);
    const deal = await create('opportunities', { name: 'Discount ferries', amount: 400 });

    const { steps } = await run(deal.id, 'Discount everything', 'failed');

    expect(steps).toMatchObject([
      {
        path: 'less',
        attempt: 1,
        error: { code: 'change_refused', problems: [{ path: 'amount' }], details: { given: { amount: '-100' } } },
      },
    ]);
    expect(await get(`/crm/opportunities/${deal.id}`)).toMatchObject({ amount: 400 });
    expect(await call('PATCH', `/crm/opportunities/${deal.id}`, { body: { amount: -100 } })).toMatchObject({ status: 400 });
    await call('DELETE', `/automation/workflows/${workflow.id}`);
  });

  it("hears of contacts through EventEmitter2 and runs the CRM's own action", async () => {
    const contact = await create('contacts', { name: 'Pia', phone: '+47 99 88 77 66' });

    await run(contact.id, 'Text new contacts', 'succeeded');

    const sent = (await get('/crm/sms')).items.filter((sms: Answer) => sms.to === '+4799887766');
    expect(sent).toMatchObject([{ text: expect.stringContaining('Pia') }]);
  });

  it('keeps workspaces and permissions apart', async () => {
    const lead = await webLead('private@example.com');
    const { id } = await run(lead.id, WELCOME, 'succeeded');

    expect((await get('/crm/leads', 'demo-rival')).items).toEqual([]);
    expect((await get('/automation/runs', 'demo-rival')).items).toEqual([]);
    expect(await call('GET', `/crm/leads/${lead.id}`, { token: 'demo-rival' })).toMatchObject({ status: 404 });
    expect(await call('GET', `/automation/runs/${id}`, { token: 'demo-rival' })).toMatchObject({ status: 404 });
    expect(await call('POST', `/automation/runs/${id}/retry`, { token: 'demo-member', body: { from: 'start' } })).toMatchObject({
      status: 403,
    });
    const mails = async (token: string) =>
      (await get('/crm/mailbox', token)).items.filter((mail: Answer) => mail.to.includes('private@example.com'));
    expect([await mails('demo-admin'), await mails('demo-rival')]).toEqual([[expect.anything()], []]);
    // Nor does it empty what is not its own.
    expect((await call('DELETE', '/crm/mailbox', { token: 'demo-rival' })).status).toBe(204);
    expect(await mails('demo-support')).toHaveLength(1);
    // Nor does it break the mail of others.
    expect(await call('POST', '/crm/mailbox/outage', { token: 'demo-rival', body: { mode: 'reject' } })).toMatchObject({ status: 200 });
    const undisturbed = await webLead('undisturbed@example.com');
    await run(undisturbed.id, WELCOME, 'succeeded');
    expect([(await get('/crm/mailbox')).outage, (await get('/crm/mailbox', 'demo-rival')).outage]).toEqual(['off', 'reject']);
    const definition = {
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [{ id: 'mail', type: 'send_email', with: { to: '{{record.email}}', subject: 'Hi', text: 'Hi' } }],
    };
    const theirs = await call('POST', '/automation/workflows', { token: 'demo-rival', body: { name: 'Theirs', definition } });
    await call('POST', `/automation/workflows/${theirs.body.id}/publish`, { token: 'demo-rival' });
    const refused = await call('POST', '/crm/leads', { token: 'demo-rival', body: { name: 'Rolf', email: 'rolf@example.com' } });
    await eventually(async () => {
      const { items } = await get(`/automation/runs?recordId=${refused.body.id}`, 'demo-rival');
      expect(items).toMatchObject([{ status: 'failed', error: { code: 'smtp_rejected_recipient' } }]);
    });
    await call('POST', '/crm/mailbox/outage', { token: 'demo-rival', body: { mode: 'off' } });
    expect((await get('/crm/sms', 'demo-rival')).items).toEqual([]);
    await call('POST', '/crm/sink', { token: 'nobody', body: { to: 'acme' } });
    await call('POST', '/crm/sink/rival', { token: 'nobody', body: { to: 'rival' } });
    await call('POST', '/crm/sink/nobody', { token: 'nobody', body: { to: 'nobody' } });
    expect((await get('/crm/sink', 'demo-rival')).items.map(({ body }: Answer) => body)).toEqual([{ to: 'rival' }]);
    expect((await get('/crm/sink')).items[0].body).toEqual({ to: 'acme' });
    expect(await call('GET', '/automation/runs', { token: 'nobody' })).toMatchObject({ status: 401 });
    expect(await call('GET', '/crm/leads', { token: 'nobody' })).toMatchObject({ status: 401 });
  });

  it('lets support see, retry, cancel and replay, and edit nothing', async () => {
    const token = 'demo-support';
    expect((await get('/automation/me', token)).permissions).toEqual(['view', 'operate']);
    const definition = { trigger: { type: 'manual' }, steps: [{ id: 'wait', type: 'delay', for: 'P1D' }] };
    const { id, revision } = (await call('POST', '/automation/workflows', { body: { name: 'Slow', definition } })).body;
    for (const [method, path, body] of [
      ['POST', '/automation/workflows', { name: 'Mine', definition }],
      ['PATCH', `/automation/workflows/${id}`, { revision, name: 'Mine' }],
      ['POST', `/automation/workflows/${id}/publish`, {}],
      ['POST', `/automation/workflows/${id}/copy`, {}],
      ['POST', `/automation/workflows/${id}/archive`, {}],
      ['DELETE', `/automation/workflows/${id}`, {}],
    ] as const) {
      const refused = await call(method, path, { token, body });
      expect([path, refused.status, refused.body.code]).toEqual([path, 403, 'permission_denied']);
    }
    await call('POST', `/automation/workflows/${id}/publish`, { body: {} });
    const { eventId } = (await call('POST', `/automation/workflows/${id}/runs`, { token, body: {} })).body;
    const started = await eventually(async () => {
      const { items } = await get(`/automation/runs?workflowId=${id}&status=waiting`, token);
      expect(items).toHaveLength(1);
      return items[0];
    });
    expect(eventId).toEqual(expect.any(String));
    expect((await call('POST', `/automation/runs/${started.id}/cancel`, { token, body: {} })).status).toBe(200);
    // None of this id: whoever may not replay hears of that instead.
    expect((await call('POST', `/automation/events/${id}/replay`, { token, body: {} })).status).toBe(404);
    const again = await call('POST', `/automation/runs/${started.id}/retry`, { token, body: { from: 'start' } });
    expect(again.status).toBe(200);
    await eventually(async () =>
      expect((await call('POST', `/automation/runs/${again.body.id}/cancel`, { token, body: {} })).status).toBe(200),
    );
    expect((await call('DELETE', `/automation/workflows/${id}`, { body: {} })).status).toBe(204);
  });

  it.each([
    ['an unknown field', 'leads', { name: 'x', workspaceId: 'rival' }, 'workspaceId'],
    ['a wrong type', 'leads', { name: 'x', amount: '5' }, 'amount'],
    ['a missing field', 'invoices', { number: 'I-1', amount: 1 }, 'dueDate'],
    ['a date that does not exist', 'invoices', { number: 'I-1', amount: 1, dueDate: '2026-02-30' }, 'dueDate'],
    ['a stage of no pipeline', 'leads', { name: 'x', stage: 'Proposal' }, 'stage'],
    ['a user of another workspace', 'leads', { name: 'x', ownerId: 'r-1' }, 'ownerId'],
    ['U+0000', 'leads', { name: 'a\u0000b' }, 'name'],
    ['half a surrogate pair', 'contacts', { name: 'a\ud800b' }, 'name'],
    ['null where there must be a value', 'tasks', { title: 'x', status: null }, 'status'],
    ['deep nesting', 'leads', { name: { a: { b: { c: { d: { e: { f: 1 } } } } } } }, 'name.a.b.c.d'],
  ])('answers 400 with the path for %s', async (_, module, body, path) => {
    const answer = await call('POST', `/crm/${module}`, { body });
    expect(answer).toMatchObject({ status: 400, body: { statusCode: 400, code: 'invalid_input' } });
    expect(answer.body.problems.map((problem: Answer) => problem.path)).toContain(path);
  });

  it('waits for the answer of another system, which was called with the URL to answer at', async () => {
    const definition = {
      trigger: { type: 'manual' },
      steps: [
        { id: 'order', type: 'webhook', with: { url: `${demo.origin}/crm/sink`, body: { answerAt: '{{steps.wait.resumeUrl}}' } } },
        { id: 'wait', type: 'wait_for_webhook', expiresIn: 'P1D', schema: { type: 'object', required: ['price'] } },
        {
          id: 'note',
          type: 'send_notification',
          with: { to: ['{{actor.id}}'], title: 'They ask {{steps.wait.output.body.price}}', body: 'Look' },
        },
      ],
    };
    const workflow = (await call('POST', '/automation/workflows', { body: { name: 'Ask for a price', definition } })).body;
    expect((await call('POST', `/automation/workflows/${workflow.id}/publish`)).status).toBe(200);
    expect((await call('POST', `/automation/workflows/${workflow.id}/runs`, { body: {} })).status).toBe(202);
    const asked = await eventually(async () => {
      const found = (await get('/crm/sink')).items.find(({ body }: Answer) => body?.answerAt !== undefined);
      expect(found).toBeDefined();
      return found.body.answerAt as string;
    });
    expect(asked).toMatch(new RegExp(`^${demo.origin}/automation/resume/[\\w-]{43}$`));
    const send = async (body: object) =>
      (await fetch(asked, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).status;
    expect([await send({ cost: 7 }), await send({ price: 7 }), await send({ price: 8 })]).toEqual([400, 202, 409]);
    await eventually(async () => {
      const { items } = await get(`/automation/runs?workflowId=${workflow.id}`);
      expect(items).toMatchObject([{ status: 'succeeded' }]);
    });
  });

  it('documents the automation API', async () => {
    const page = await fetch(`${demo.origin}/automation/docs`);
    expect(page.status).toBe(200);
  });

  it('leaves a deleted recipe deleted at the next start', async () => {
    const { items } = await get('/automation/workflows?limit=50');
    const { id } = items.find((item: Answer) => item.code === 'text-new-contacts');
    await call('POST', `/automation/workflows/${id}/pause`);
    expect((await call('DELETE', `/automation/workflows/${id}`)).status).toBeLessThan(300);

    await demo.close();
    demo = await startDemo({ databaseUrl: database.url, port: 0, sinkSecret: SECRET, logLevels: ['error', 'fatal'] });

    expect(demo.installed).toEqual([]);
    expect((await get('/automation/workflows?limit=50')).items).toHaveLength(items.length - 1);
  });

  it('announces at its own sink after a start on another port, where the sink of the start before is gone', async () => {
    const before = demo.origin;
    await demo.close();
    demo = await startDemo({ databaseUrl: database.url, port: 0, sinkSecret: SECRET, logLevels: ['error', 'fatal'] });
    expect(demo.origin).not.toBe(before);

    const deal = await create('opportunities', { name: 'Elsewhere', amount: 5 });
    await call('PATCH', `/crm/opportunities/${deal.id}`, { body: { stage: 'Closed Won' } });

    const { version } = await run(deal.id, 'Closed won to the billing system', 'succeeded');
    expect(version).toBeGreaterThan(1);
    expect((await get('/crm/sink')).items).toMatchObject([{ signature: 'valid', body: { deal: { id: deal.id } } }]);
  });

  it('leaves workflows with the sink of another process on its database while that one answers', async () => {
    const other = await startDemo({ databaseUrl: database.url, port: 0, sinkSecret: SECRET, logLevels: ['error', 'fatal'] });
    try {
      const deal = await create('opportunities', { name: 'Shared', amount: 5 });
      await call('PATCH', `/crm/opportunities/${deal.id}`, { body: { stage: 'Closed Won' } });
      // Whichever of the two performs it.
      await run(deal.id, 'Closed won to the billing system', 'succeeded');
      expect((await get('/crm/sink')).items).toContainEqual(
        expect.objectContaining({ body: expect.objectContaining({ deal: expect.objectContaining({ id: deal.id }) }) }),
      );
    } finally {
      await other.close();
    }
  });
});
