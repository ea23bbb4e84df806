import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import pg from 'pg';
import { Webhook } from 'standardwebhooks';
import { MachineInstaller } from '../../src/demo/automation/machines.js';
import { RecipeInstaller } from '../../src/demo/automation/recipes.js';
import { demoModule } from '../../src/demo/demo.module.js';
import { freePort } from '../../src/demo/free-port.js';
import { MailServers } from '../../src/demo/mail/mail-servers.js';
import { AutomationTesting } from '../../src/testing/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

// Each shipped recipe, and the demo's state machines, at work in the demo, which installs them as an admin would. Tested as a host tests its
// application: with `nestjs-crm-automation/testing`. How the demo runs by itself: demo.test.ts.

// biome-ignore lint/suspicious/noExplicitAny: answers of an API, looked at by what each test expects of them
type Answer = any;

const SECRET = 'whsec_YSBzZWNyZXQgZm9yIHRoZSB0ZXN0cyBvZiB0aGUgZGVtbw==';

describe('in the demo', () => {
  let database: TestDatabase;
  let mailServers: MailServers;
  let app: NestExpressApplication;
  let origin: string;
  let crm: pg.Client;
  const testing = new AutomationTesting();
  const names = new Map<string, string>();
  const workflows = new Map<string, string>();

  beforeAll(async () => {
    database = await createTestDatabase();
    crm = new pg.Client({ connectionString: database.url });
    // The database goes away under it in the end.
    crm.on('error', () => undefined);
    await crm.connect();
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    mailServers = await MailServers.start();
    const demo = demoModule({ databaseUrl: database.url, origin, sinkSecret: SECRET }, mailServers);
    const module = await testing.prepare(Test.createTestingModule({ imports: [demo] })).compile();
    app = module.createNestApplication<NestExpressApplication>({ rawBody: true, logger: ['error', 'fatal'] });
    await app.listen(port, '127.0.0.1');
    await app.get(RecipeInstaller).install('acme');
    expect(await app.get(MachineInstaller).install('acme')).toEqual(['Order fulfilment', 'Lead nurturing']);
    expect(await app.get(MachineInstaller).install('acme')).toEqual([]);
    const atWork = new Map((await get('/automation/workflows?limit=100')).items.map((item: Answer) => [item.code, item.id]));
    for (const { code, name, description, definition, problems } of (await get('/automation/recipes')).items) {
      expect([code, problems]).toEqual([code, []]);
      names.set(code, name);
      if (atWork.has(code)) continue;
      const { id } = await send('POST', '/automation/workflows', { code, name, description, definition });
      workflows.set(code, id);
      await send('POST', `/automation/workflows/${id}/publish`);
    }
  });

  afterAll(async () => {
    await app?.close();
    await mailServers?.close();
    await crm?.end();
    await database?.drop();
  });

  const send = async (method: string, path: string, body?: unknown, token = 'demo-admin'): Promise<Answer> => {
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    expect([method, path, response.ok, response.ok || text]).toEqual([method, path, true, true]);
    return text === '' ? null : JSON.parse(text);
  };
  const get = (path: string): Promise<Answer> => send('GET', path);
  const create = async (module: string, body: unknown): Promise<string> => (await send('POST', `/crm/${module}`, body)).id;
  const patch = (module: string, id: string, body: unknown): Promise<Answer> => send('PATCH', `/crm/${module}/${id}`, body);
  /** The one run of a recipe on a record when all that is due is done; what was skipped is none, unless that is asked for. */
  const run = async (code: string, recordId: string, status = 'succeeded'): Promise<Answer> => {
    await testing.drain();
    const { items } = await get(`/automation/runs?recordId=${recordId}`);
    const ofRecipe = items.filter((item: Answer) => item.workflowName === names.get(code));
    const found = ofRecipe.filter((item: Answer) => item.status !== 'skipped' || status === 'skipped');
    expect(found.map((item: Answer) => [item.status, item.error])).toEqual([[status, null]]);
    return get(`/automation/runs/${found[0].id}`);
  };
  /** Lets the time of the run's delay pass. */
  const passTime = async (code: string, recordId: string): Promise<void> => {
    const { id } = await run(code, recordId, 'waiting');
    await crm.query('UPDATE automation.step_executions SET wake_at = now() WHERE run_id = $1 AND wake_at > now()', [id]);
    await crm.query('UPDATE automation.runs SET due_at = now() WHERE id = $1', [id]);
  };
  const tasks = async (recordId: string): Promise<string[]> =>
    (await get(`/crm/tasks?relatedId=${recordId}`)).items.map((task: Answer) => task.title).sort();
  const told = async (recordId: string): Promise<string[]> =>
    (await get(`/crm/notifications?relatedId=${recordId}`)).items.map((one: Answer) => `${one.userId}: ${one.title}`).sort();
  const mails = (address: string): Answer[] => testing.mails.filter(({ to }) => to.some((one) => one.address === address));

  /** What a record's run asks people. */
  const asked = async (recordId: string): Promise<Answer> => {
    await testing.drain();
    const { items } = await get(`/automation/tasks?recordId=${recordId}`);
    expect(items).toHaveLength(1);
    return items[0];
  };

  const deal = (values: object): Promise<string> => create('opportunities', { name: 'Boats', ownerId: 'u-1', ...values });

  const PLAYS: Record<string, (code: string) => Promise<void>> = {
    'closed-won-webhook': async (code) => {
      const id = await deal({ amount: 5 });
      await patch('opportunities', id, { stage: 'Closed Won' });
      await run(code, id);
      const [call] = testing.calls.filter(({ body }) => body?.includes(id));
      expect(new Webhook(SECRET).verify(call?.body ?? '', call?.headers as Record<string, string>)).toMatchObject({
        deal: { id, name: 'Boats', amount: 5 },
      });
    },
    'overdue-invoices': async (code) => {
      const id = await create('invoices', { number: 'I-1', amount: 5, dueDate: '2024-01-31', status: 'Sent' });
      await send('POST', '/crm/invoices/find-overdue');
      await run(code, id);
      expect(await tasks(id)).toEqual(['Chase invoice I-1']);
    },
    'key-leads': async (code) => {
      await create('leads', { name: 'Ole', company: 'Dahl Boats' });
      const id = await create('leads', { name: 'Freya', company: 'DAHL BOATS', amount: 60_000 });
      await run(code, id);
      expect((await get(`/crm/leads/${id}`)).tags).toEqual(['key']);
      const { rows } = await crm.query('SELECT body, "workspaceId" FROM notes WHERE "relatedId" = $1', [id]);
      expect(rows).toEqual([{ body: 'A key lead. 1 other leads come from DAHL BOATS.', workspaceId: 'acme' }]);
    },
    'web-form-by-url': async (code) => {
      const { url } = await send('POST', `/automation/workflows/${workflows.get(code)}/rotate-token`, {});
      // The form of a website has no token of ours.
      const post = (body: object) =>
        fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      expect((await post({ name: 'Nobody' })).status).toBe(400);
      for (const message of ['Call me', 'Really']) {
        expect((await post({ name: 'Freya Dahl', email: 'Freya@dahl.test', company: 'Dahl AS', message })).status).toBe(202);
      }
      await testing.drain();
      const leads = (await get('/crm/leads?limit=200')).items.filter((lead: Answer) => lead.email === 'freya@dahl.test');
      expect(leads).toMatchObject([{ name: 'Freya Dahl', company: 'Dahl AS', source: 'Web Form' }]);
      expect(await tasks(leads[0].id)).toEqual(expect.arrayContaining(['Call Freya Dahl']));
      const { items } = await get(`/automation/runs?recordId=${leads[0].id}&workflowId=${workflows.get(code)}`);
      expect(items.map((item: Answer) => item.status)).toEqual(['succeeded', 'succeeded']);
    },
    'unpaid-invoices-by-date': async (code) => {
      const id = await create('invoices', { number: 'I-2', amount: 5, dueDate: '2031-03-03', status: 'Sent' });
      await testing.drain();
      const { rows } = await crm.query(
        'SELECT state FROM automation.date_triggers JOIN automation.date_builds USING (workspace_id, workflow_id) WHERE record_id = $1',
        [id],
      );
      expect(rows).toEqual([{ state: 'done' }]);
      // As if the day had come.
      await crm.query(`UPDATE invoices SET "dueDate" = current_date - 30 WHERE id = $1`, [id]);
      await crm.query(`UPDATE automation.workflow_versions SET published_at = now() - interval '60 days' WHERE workflow_id = $1`, [
        workflows.get(code),
      ]);
      await crm.query('UPDATE automation.date_triggers SET due_at = now() WHERE record_id = $1', [id]);
      await run(code, id);
      expect(await tasks(id)).toContain('Call the customer about invoice I-2');
    },
    'proposal-follow-up': async (code) => {
      const id = await deal({ amount: 5 });
      await patch('opportunities', id, { stage: 'Proposal' });
      await passTime(code, id);
      await run(code, id);
      expect(await tasks(id)).toEqual(['Ask what Boats thinks of our proposal', 'Confirm that the proposal for Boats has arrived']);
    },
    'senior-owner-for-big-deals': async (code) => {
      const id = await deal({ amount: 60_000 });
      await run(code, id);
      expect(['u-4', 'u-5']).toContain((await get(`/crm/opportunities/${id}`)).ownerId);
    },
    'welcome-web-leads': async (code) => {
      const id = await create('leads', { name: 'Nora', email: 'nora@example.com', source: 'Web Form' });
      await run(code, id);
      expect(mails('nora@example.com')).toHaveLength(1);
    },
    'hot-lead-alert': async (code) => {
      const id = await create('leads', { name: 'Olav', company: 'Fjord AS', source: 'Event', priority: 'Urgent' });
      await run(code, id);
      const { ownerId } = await get(`/crm/leads/${id}`);
      expect(['u-4', 'u-5']).toContain(ownerId);
      expect(await told(id)).toEqual([`${ownerId}: Hot lead: Olav`]);
      expect(await tasks(id)).toEqual(['Call Olav within the hour']);
      const cold = await create('leads', { name: 'Cold', amount: 50_000 });
      await run(code, cold, 'skipped');
    },
    'quiet-leads': async (code) => {
      const [quiet, busy] = [await create('leads', { name: 'Quiet' }), await create('leads', { name: 'Busy' })];
      for (const id of [quiet, busy]) await patch('leads', id, { stage: 'Contacted' });
      await run(code, busy, 'waiting');
      await patch('leads', busy, { stage: 'Qualified' });
      for (const id of [quiet, busy]) await passTime(code, id);
      await run(code, quiet);
      await run(code, busy);
      expect(await tasks(quiet)).toEqual(['Contact Quiet again']);
      expect(await tasks(busy)).toEqual([]);
    },
    'referral-thanks': async (code) => {
      const id = await create('leads', { name: 'Pia <b>', email: 'pia@example.com', source: 'Referral' });
      await run(code, id);
      const [mail] = mails('pia@example.com');
      expect(mail).toMatchObject({ subject: 'You have been recommended to us', text: expect.stringContaining('Hello Pia <b>,') });
      expect(mail.html).toContain('Pia &lt;b&gt;');
      expect(await tasks(id)).toEqual(['Thank whoever referred Pia <b>']);
      await run(code, await create('leads', { name: 'No mail', source: 'Referral' }), 'skipped');
    },
    'converted-lead-handover': async (code) => {
      const id = await create('leads', { name: 'Rolf', company: 'Rolf AS' });
      await patch('leads', id, { stage: 'Converted' });
      await run(code, id);
      expect(await told(id)).toEqual(['u-7: New customer: Rolf AS']);
      expect(await tasks(id)).toEqual(['Write down what Rolf was promised']);
    },
    'deal-slips': async (code) => {
      const id = await deal({ closeDate: '2030-01-31' });
      await patch('opportunities', id, { closeDate: '2030-03-01' });
      await run(code, id);
      expect(await told(id)).toEqual(['u-4: Boats slips to 1 Mar 2030', 'u-5: Boats slips to 1 Mar 2030']);
      const sooner = await deal({ closeDate: '2030-01-31' });
      await patch('opportunities', sooner, { closeDate: '2030-01-30' });
      await run(code, sooner, 'skipped');
    },
    'deal-shrinks': async (code) => {
      const id = await deal({ amount: 40_000 });
      await patch('opportunities', id, { amount: 30_000 });
      await run(code, id);
      expect(await tasks(id)).toEqual(['Write down why Boats has shrunk']);
      expect(await told(id)).toEqual(['u-4: Boats has shrunk to 30,000', 'u-5: Boats has shrunk to 30,000']);
      const little = await deal({ amount: 40_000 });
      await patch('opportunities', little, { amount: 30_000.01 });
      await run(code, little, 'skipped');
    },
    'lost-deal-review': async (code) => {
      const [small, large] = [await deal({ amount: 5 }), await deal({ amount: 50_000 })];
      for (const id of [small, large]) await patch('opportunities', id, { stage: 'Closed Lost' });
      await run(code, small);
      await passTime(code, large);
      await run(code, large);
      expect(await tasks(small)).toEqual(['Write down why we lost Boats']);
      expect(await tasks(large)).toEqual(['Ask again about Boats', 'Write down why we lost Boats']);
      expect(await told(large)).toEqual(['u-4: Lost: Boats', 'u-5: Lost: Boats']);
    },
    'won-deal-onboarding': async (code) => {
      const id = await deal({ amount: 5 });
      await patch('opportunities', id, { stage: 'Closed Won' });
      await passTime(code, id);
      await run(code, id);
      expect(await told(id)).toEqual(['u-7: Won: Boats']);
      expect(await tasks(id)).toEqual(['Ask how Boats goes', 'Plan the kick-off of Boats']);
    },
    'paid-invoice-note': async (code) => {
      const accountId = await create('accounts', { name: 'Fjord AS', ownerId: 'u-7' });
      const id = await create('invoices', { number: 'I-2', amount: 10_000, dueDate: '2030-01-31', status: 'Sent', accountId });
      await patch('invoices', id, { status: 'Paid' });
      await run(code, id);
      expect(await told(id)).toEqual([
        expect.stringMatching(/^u-7: Fjord AS has paid .*10,000/),
        expect.stringMatching(/^u-8: Paid: invoice I-2, .*10,000/),
      ]);
    },
    'urgent-task-escalation': async (code) => {
      const [open, done] = [
        await create('tasks', { title: 'Open', priority: 'Urgent' }),
        await create('tasks', { title: 'Done', priority: 'Urgent' }),
      ];
      await patch('tasks', done, { status: 'Completed' });
      for (const id of [open, done]) await passTime(code, id);
      await run(code, open);
      await run(code, done);
      expect(await told(open)).toEqual(['u-4: Urgent and still open: Open', 'u-5: Urgent and still open: Open']);
      expect(await told(done)).toEqual([]);
    },
    'new-account-manager': async (code) => {
      const id = await create('accounts', { name: 'Nordlys' });
      await run(code, id);
      expect(await get(`/crm/accounts/${id}`)).toMatchObject({ ownerId: 'u-7' });
      expect(await tasks(id)).toEqual(['Introduce yourself to Nordlys']);
      await run(code, await create('accounts', { name: 'Taken', ownerId: 'u-1' }), 'skipped');
    },
    'incomplete-contacts': async (code) => {
      const id = await create('contacts', { name: 'Tor' });
      await run(code, id);
      expect(await tasks(id)).toEqual(['Find an address or a number of Tor']);
      await run(code, await create('contacts', { name: 'Una', email: 'una@example.com' }), 'skipped');
    },
    'hand-off-won-deals': async (code) => {
      const accountId = await create('accounts', { name: 'Fjord', ownerId: 'u-2' });
      const id = await deal({ accountId });
      await patch('opportunities', id, { stage: 'Closed Won' });
      const task = await asked(id);
      expect(task).toMatchObject({ kind: 'hand_off', title: 'Hand over the customer', assignee: { id: 'u-1' }, priority: 'high' });
      expect(task.message).toBe('Boats is won. How does Fjord start?');
      const complete = (values: object) => send('POST', `/automation/tasks/${task.id}/complete`, { values }, 'demo-member');
      await complete({ start: 'Guided', kickOffOn: '2031-02-03', manager: 'u-7', contact: 'fjord@example.com' });
      await run(code, id);
      expect(await tasks(id)).toEqual(expect.arrayContaining(['Kick-off with Fjord']));
      expect((await get(`/crm/opportunities/${id}`)).ownerId).toBe('u-7');
      expect(mails('fjord@example.com').map(({ subject }) => subject)).toEqual(['Welcome, Fjord']);
    },
    'discount-approval': async (code) => {
      const ask = async (): Promise<{ id: string; task: Answer }> => {
        const id = await deal({ amount: 5_000 });
        const start = { record: { module: 'opportunities', id }, input: { discount: 15, reason: 'They buy two' } };
        await send('POST', `/automation/workflows/${workflows.get(code)}/runs`, start);
        return { id, task: await asked(id) };
      };
      const { id, task } = await ask();
      expect(task).toMatchObject({ message: 'Ines Alvarez asks for 15 % on Boats: They buy two.', votes: { asked: 3, needed: 2 } });
      const post = (what: string, body: object, token?: string) => send('POST', `/automation/tasks/${task.id}/${what}`, body, token);
      await post('reassign', { from: 'u-5', userId: 'u-9' });
      expect(await post('complete', { decision: 'approved' }, 'demo-manager')).toEqual({ status: 'open', outcome: null });
      expect(await post('complete', { decision: 'approved', comment: 'Fine.' })).toMatchObject({ status: 'completed' });
      await run(code, id);
      expect(await tasks(id)).toEqual(['Offer Boats 15 % off']);
      const late = await ask();
      await crm.query('UPDATE automation.human_tasks SET escalate_at = now(), next_at = now() WHERE id = $1', [late.task.id]);
      await testing.drain();
      expect(await told(late.id)).toContain('u-9: Passed on to you: Discount (Boats)');
      await send('POST', `/automation/tasks/${late.task.id}/complete`, { decision: 'rejected', comment: 'Too much.' });
      await run(code, late.id);
      expect(await told(late.id)).toContain('u-1: No discount for Boats');
      expect(await tasks(late.id)).toEqual([]);
    },
    'renewal-offer': async (code) => {
      const id = await deal({});
      await send('POST', `/automation/workflows/${workflows.get(code)}/runs`, {
        record: { module: 'opportunities', id },
        input: { discount: 10 },
      });
      await passTime(code, id);
      await run(code, id);
      const { items } = await get(`/crm/tasks?relatedId=${id}`);
      expect(items).toContainEqual(expect.objectContaining({ title: 'Prepare the renewal of Boats', description: 'Discount: 10 %.' }));
      expect(await tasks(id)).toEqual(['Follow up on the renewal of Boats', 'Prepare the renewal of Boats']);
    },
  };

  it.each(Object.entries(PLAYS))('the recipe %s does what it says', (code, play) => play(code));

  it('every recipe is played here, and in the gallery with a description', async () => {
    const files = (await readdir(join('templates', 'recipes'))).map((file) => file.replace(/\.json$/, ''));
    expect(Object.keys(PLAYS).sort()).toEqual(files.sort());
    expect([...names.keys()].sort()).toEqual(files.sort());
    expect(files.length).toBeGreaterThanOrEqual(12);
    for (const { description } of (await get('/automation/recipes')).items) expect(description).toMatch(/^[A-Z].{30,}\.$/);
  });

  /** Where a record stands in a machine, when all that is due is done. */
  const stateOf = async (code: string, recordId: string): Promise<Answer> => {
    await testing.drain();
    const { items } = await get(`/automation/instances?recordId=${recordId}`);
    return items.find((item: Answer) => item.machineCode === code)?.state ?? null;
  };
  /** Lets the time that a record may stay in its state pass. */
  const timeOut = (recordId: string): Promise<unknown> =>
    crm.query('UPDATE automation.instances SET timeout_at = now() WHERE record_id = $1 AND timeout_at > now()', [recordId]);

  it('a won deal goes to the partner, and is confirmed, rejected or asked about after two days', async () => {
    const [confirmed, rejected, late, open] = await Promise.all([1, 2, 3, 4].map((amount) => deal({ amount })));
    const won = [confirmed, rejected, late] as string[];
    for (const id of won) await patch('opportunities', id, { stage: 'Closed Won' });
    expect(await stateOf('order-fulfilment', late as string)).toBe('NEW');
    expect(await stateOf('order-fulfilment', open as string)).toBeNull();
    expect(await send('POST', '/crm/partner/export', { ids: won })).toEqual({ exported: 3 });
    expect(await stateOf('order-fulfilment', late as string)).toBe('SUBMITTED');
    const orders = [
      { id: confirmed, status: 'confirmed', note: 'On Friday.' },
      { id: rejected, status: 'rejected' },
    ];
    expect(await send('POST', '/crm/partner/import', { orders })).toEqual({ imported: 2 });
    expect(await stateOf('order-fulfilment', confirmed as string)).toBe('CONFIRMED');
    expect(await told(confirmed as string)).toContain('u-1: The partner delivers Boats');
    expect(await stateOf('order-fulfilment', rejected as string)).toBe('REJECTED');
    expect(await tasks(rejected as string)).toContain('Call the customer: Boats was rejected');
    await timeOut(late as string);
    expect(await stateOf('order-fulfilment', late as string)).toBe('ESCALATED');
    expect(await tasks(late as string)).toContain('Ask the partner about Boats');
    expect(await send('POST', '/crm/partner/import', { orders: [{ id: late, status: 'confirmed' }] })).toEqual({ imported: 1 });
    expect(await stateOf('order-fulfilment', late as string)).toBe('CONFIRMED');
  });

  it('a lead that nobody contacts is thought of less and less often, until somebody does', async () => {
    const [forgotten, contacted] = [await create('leads', { name: 'Frida' }), await create('leads', { name: 'Cora' })];
    const states: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      states.push(await stateOf('lead-nurturing', forgotten));
      await timeOut(forgotten);
      if (round === 0) await timeOut(contacted);
    }
    expect(states).toEqual(['FRESH', 'REMINDED', 'COOLING', 'COLD']);
    expect(await tasks(forgotten)).toContain('Contact Frida');
    expect(await told(forgotten)).toContain('u-4: Nobody has contacted Frida for more than a week');
    expect((await get(`/crm/leads/${forgotten}`)).tags).toEqual(['cold']);
    expect(await stateOf('lead-nurturing', contacted)).toBe('REMINDED');
    await patch('leads', contacted, { stage: 'Contacted' });
    expect(await stateOf('lead-nurturing', contacted)).toBe('ENGAGED');
  });
});
