import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { ReplayService } from '../../src/admin/replay-service.js';
import { TriggerUrls } from '../../src/admin/trigger-urls.js';
import { Deliveries } from '../../src/engine/hooks/deliveries.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Lead, sampleCrm } from '../support/sample-crm.js';

const FIND = { module: 'leads', match: { email: '{{lower trigger.body.email}}' } };
const CREATE = {
  ...FIND,
  create: true,
  set: { name: '{{trigger.body.name}}', source: 'Web Form', ownerId: '{{default trigger.body.owner null}}' },
};
const TASK = { id: 'call', type: 'create_task', with: { title: 'Call {{record.name}}' } };

describe('the record that a delivery is about', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.query('TRUNCATE crm_leads, crm_tasks');
  });

  /** A published workflow; answers its id and how to deliver to it. */
  const workflow = async (record: object, on = app, further: object = {}) => {
    const id = await on.publishWorkflow({ trigger: { type: 'webhook', record }, steps: [TASK], ...further }, `By URL ${uuidv7()}`);
    const { token } = await on.module.get(TriggerUrls).rotate(id, {}, ADMIN);
    const deliver = (body: object, at = on) =>
      at.module.get(Deliveries).take({ token, body: body as never, raw: null, headers: {}, query: {}, from: null, key: null });
    return { id, deliver };
  };
  const ruleOf = (run: { explanation: unknown } | undefined) => (run?.explanation as { rule: string } | undefined)?.rule;
  const leads = () => app.query('SELECT id, name, email, source, "workspaceId" FROM crm_leads ORDER BY name');

  it('is found by its fields, and the run is about it', async () => {
    const lead = await app.createLead({ email: 'nora@lead.test', name: 'Nora' });
    await app.automation.drain();
    const { id, deliver } = await workflow(FIND);
    await deliver({ email: 'Nora@lead.test' });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId: id });
    expect(run).toMatchObject({ status: 'succeeded', module: 'leads', recordId: lead.id });
    expect(await app.query('SELECT title FROM crm_tasks')).toEqual([{ title: 'Call Nora' }]);
  });

  it('is looked for again when a delivery that had none is replayed', async () => {
    const { id, deliver } = await workflow(FIND);
    await deliver({ email: 'late@lead.test' });
    await app.automation.drain();
    const [skipped] = await app.runsOf({ workflowId: id });
    expect(skipped).toMatchObject({ status: 'skipped', reason: 'record' });
    const lead = await app.createLead({ email: 'late@lead.test', name: 'Late' });
    await app.automation.drain();
    await app.module.get(ReplayService).replay(skipped?.event?.id ?? '', {}, ADMIN);
    await app.automation.drain();
    expect((await app.runsOf({ workflowId: id })).at(-1)).toMatchObject({ status: 'succeeded', recordId: lead.id });
  });

  it('is created where there is none, with an event of its own that other workflows hear', async () => {
    const listener = await app.publishWorkflow(
      { trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [{ id: 'end', type: 'stop' }] },
      'Hears of new leads',
    );
    const { id, deliver } = await workflow(CREATE);
    await deliver({ email: 'Otto@lead.test', name: 'Otto' });
    await app.automation.drain();
    expect(await leads()).toEqual([
      { id: expect.any(String), name: 'Otto', email: 'otto@lead.test', source: 'Web Form', workspaceId: 'acme' },
    ]);
    const [run] = await app.runsOf({ workflowId: id });
    expect(run).toMatchObject({ status: 'succeeded', module: 'leads' });
    const [heard] = await app.runsOf({ workflowId: listener });
    expect(heard).toMatchObject({ status: 'succeeded', recordId: run?.recordId });
    // The next one about the same person finds it.
    await deliver({ email: 'otto@lead.test', name: 'Otto again' });
    await app.automation.drain();
    expect(await leads()).toHaveLength(1);
    await app.workflows.pause(listener, ADMIN);
  });

  it('is created once, however many deliveries about it two nodes route at once', async () => {
    const other = await startAutomationApp({}, { database: app.database });
    const { id, deliver } = await workflow(CREATE);
    await Promise.all(Array.from({ length: 40 }, (_, at) => deliver({ email: `p${at % 4}@lead.test`, name: 'P' }, at % 2 ? app : other)));
    await Promise.all([app.automation.drain(), other.automation.drain()]);
    await app.automation.drain();
    expect(await leads()).toHaveLength(4);
    expect((await app.runsOf({ workflowId: id })).map(({ status }) => status)).toEqual(Array(40).fill('succeeded'));
    await other.close();
  });

  it('is created for who asks for that, also beside deliveries that only look for it', async () => {
    const [finder, creator] = [await workflow(FIND), await workflow(CREATE)];
    const about = { email: 'both@lead.test', name: 'Both' };
    await finder.deliver(about);
    await creator.deliver(about);
    await app.automation.drain();
    expect(await leads()).toHaveLength(1);
    for (const { id } of [finder, creator]) expect(await app.runsOf({ workflowId: id })).toMatchObject([{ status: 'succeeded' }]);
  });

  it('is created for the next delivery about it when it is refused to the one before', async () => {
    const { id, deliver } = await workflow(CREATE);
    for (const name of [{ odd: true }, 'Right', 'Late']) await deliver({ email: 'next@lead.test', name });
    await app.automation.drain();
    expect((await leads()).map(({ name }) => name)).toEqual(['Right']);
    expect((await app.runsOf({ workflowId: id })).map(({ status }) => status).sort()).toEqual(['skipped', 'succeeded', 'succeeded']);
  });

  it('is of the workspace alone: another one’s record is not found', async () => {
    await app.createLead({ email: 'far@lead.test', name: 'Far', workspaceId: 'rival' });
    const { id, deliver } = await workflow(FIND);
    await deliver({ email: 'far@lead.test' });
    await app.automation.drain();
    expect(await app.runsOf({ workflowId: id })).toMatchObject([
      { status: 'skipped', reason: 'record', explanation: { rule: "There is no record in leads with email 'far@lead.test'." } },
    ]);
  });

  it.each([
    ['nothing to look for', { email: '' }, 'There is nothing to find the record by: email is empty.'],
    ['what the template reads is not there', {}, 'What to find the record by cannot be told (email)'],
    ['a value that the CRM refuses', { email: 'a@lead.test', name: 'A', owner: 'nobody' }, "'nobody' is not an active user"],
    ['a value that is no text', { email: 'b@lead.test', name: { first: 'B' } }, "does not fit the field 'name' of leads"],
  ])('starts nothing and says why: %s', async (_what, body, rule) => {
    const { id, deliver } = await workflow(CREATE);
    await deliver(body);
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId: id });
    expect(run).toMatchObject({ status: 'skipped', reason: 'record' });
    expect(ruleOf(run)).toContain(rule);
    expect(await leads()).toEqual([]);
  });

  it('is not guessed among several', async () => {
    for (const name of ['One', 'Two']) await app.createLead({ email: 'same@lead.test', name });
    const { id, deliver } = await workflow(CREATE);
    await deliver({ email: 'same@lead.test', name: 'Three' });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId: id });
    expect(ruleOf(run)).toContain('several records in leads');
  });

  it('is not created by a workflow that is paused by then, nor where the database refuses it; the neighbours go on', async () => {
    const paused = await workflow(CREATE);
    await paused.deliver({ email: 'x@lead.test', name: 'X' });
    await app.workflows.pause(paused.id, ADMIN);
    await app.query(`ALTER TABLE crm_leads ADD CONSTRAINT no_bad CHECK (name <> 'Bad')`);
    const { id, deliver } = await workflow(CREATE);
    await Promise.all([deliver({ email: 'bad@lead.test', name: 'Bad' }), deliver({ email: 'good@lead.test', name: 'Good' })]);
    await app.automation.drain();
    expect((await leads()).map(({ name }) => name)).toEqual(['Good']);
    expect((await app.runsOf({ workflowId: id })).map(({ status }) => status).sort()).toEqual(['skipped', 'succeeded']);
    expect(await app.runsOf({ workflowId: paused.id })).toMatchObject([{ status: 'skipped', reason: 'paused' }]);
    await app.query('ALTER TABLE crm_leads DROP CONSTRAINT no_bad');
  });

  it('is not looked for by what the database cannot read, and nobody beside it hears of that', async () => {
    const lead = await app.createLead({ email: 'nora@lead.test', name: 'Nora' });
    await app.automation.drain();
    const odd = await workflow({ module: 'leads', match: { amount: '{{trigger.body.amount}}' } });
    const { id, deliver } = await workflow(FIND);
    await Promise.all([odd.deliver({ amount: '1e400000' }), deliver({ email: 'nora@lead.test' }), odd.deliver({ amount: '-1e400000' })]);
    await app.automation.drain();
    expect(await app.runsOf({ workflowId: id })).toMatchObject([{ status: 'succeeded', recordId: lead.id }]);
    expect((await app.runsOf({ workflowId: odd.id })).map(({ status, reason }) => [status, reason])).toEqual(
      Array(2).fill(['skipped', 'record']),
    );
  });

  it('that somebody else in the CRM creates in the same moment is found', async () => {
    await app.query('CREATE UNIQUE INDEX one_email ON crm_leads (email)');
    const crm = sampleCrm();
    const { findMatching } = crm;
    let looks = 0;
    crm.findMatching = async (...call) => {
      looks += 1;
      if (looks > 1) return findMatching.apply(crm, call);
      await app.source.manager.insert(Lead, { id: 'theirs', workspaceId: 'acme', name: 'Theirs', email: 'race@lead.test' });
      return [];
    };
    const host = await startAutomationApp({ crm }, { database: app.database });
    const { id, deliver } = await workflow(CREATE, host);
    await deliver({ email: 'race@lead.test', name: 'Ours' });
    await host.automation.drain();
    expect(await host.runsOf({ workflowId: id })).toMatchObject([{ status: 'succeeded', recordId: 'theirs' }]);
    await host.close();
    await app.query('DROP INDEX one_email');
  });

  it('conditions see it, and re-entry is by it', async () => {
    const further = {
      conditions: { field: 'source', operator: 'equals', value: 'Web Form' },
      settings: { reentry: 'once_per_record' },
    };
    const { id, deliver } = await workflow(CREATE, app, further);
    for (const name of ['First', 'Second']) {
      await deliver({ email: 'cond@lead.test', name });
      await app.automation.drain();
    }
    expect((await app.runsOf({ workflowId: id })).map(({ status, reason }) => [status, reason])).toEqual([
      ['succeeded', null],
      ['skipped', 'reentry'],
    ]);
  });

  it('cannot be had of a CRM that looks for none', async () => {
    const crm = Object.assign(sampleCrm(), { findMatching: undefined });
    const host = await startAutomationApp({ crm: crm as never }, { database: app.database });
    const { id, deliver } = await workflow(FIND, host);
    await deliver({ email: 'a@lead.test' });
    await host.automation.drain();
    const [run] = await host.runsOf({ workflowId: id });
    expect(ruleOf(run)).toBe('This CRM cannot look for records by their fields.');
    await host.close();
  });

  it('is set by nobody but the author: a value with braces is a value', async () => {
    const { deliver } = await workflow(CREATE);
    await deliver({ email: 'brace@lead.test', name: '{{trigger.headers.cookie}}' });
    await app.automation.drain();
    expect((await leads())[0]?.name).toBe('{{trigger.headers.cookie}}');
  });
});
