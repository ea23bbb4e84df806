import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { WorkflowTests } from '../../src/admin/workflow-test.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Account, Lead, sampleCrm, Task } from '../support/sample-crm.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };

describe('actions on other records', () => {
  let app: AutomationApp;
  let number = 0;
  beforeAll(async () => {
    const notes = {
      entity: Task,
      map: ({ body, record }: { body: string; record: { module: string; id: string } }) => ({
        title: body,
        recordModule: record.module,
        recordId: record.id,
      }),
    };
    app = await startAutomationApp({
      crm: typeOrmCrm(
        { leads: { entity: Lead, stage: 'stage', stages: ['New', 'Won'] }, accounts: { entity: Account }, tasks: { entity: Task } },
        { tasks: { entity: Task }, notes },
      ),
    });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    number += 1;
  });

  const publish = async (...steps: object[]) => {
    const source = `Records ${number}`;
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: { field: 'source', operator: 'equals', value: source },
      steps,
    });
    const start = async (values: Partial<Lead> = {}) => {
      const lead = await app.createLead({ source, ...values });
      await app.automation.drain();
      return lead;
    };
    return {
      workflowId,
      start,
      latest: async () => (await app.runsOf({ workflowId })).filter(({ status }) => status !== 'skipped').at(-1),
    };
  };
  const account = async (id: string, values: Partial<Account> = {}) => {
    await app.source.manager.insert(Account, { id, workspaceId: 'acme', name: id, industry: null, ...values });
    return id;
  };
  const problemsOf = async (...steps: object[]) => {
    const { problems } = await app.workflows.create({ name: 'X', definition: { trigger: CREATED, steps } as never }, ADMIN);
    return problems.map(({ path, message }) => `${path}: ${message}`);
  };

  describe('create_record', () => {
    const create = (fields: object, module = 'leads') => ({ id: 'create', type: 'create_record', with: { module, fields } });

    it('creates a record whose fields later steps read, and that is an event like any other', async () => {
      const other = await app.publishWorkflow({
        trigger: CREATED,
        conditions: { field: 'source', operator: 'equals', value: 'From a workflow' },
        steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', value: 9 } }],
      });
      const { start, latest } = await publish(create({ name: 'Copy of {{record.name}}', source: 'From a workflow', amount: '12.50' }), {
        id: 'note',
        type: 'create_task',
        with: { title: 'Created {{steps.create.output.id}} {{steps.create.output.record.stage}}' },
      });
      const lead = await start({ name: 'Ann' });
      const run = await latest();
      expect(run?.steps[0]?.error).toBeNull();
      const id = run?.steps[0]?.output?.id;
      expect(run?.steps[1]?.input).toMatchObject({ title: `Created ${id} New` });
      expect(await app.query('SELECT "workspaceId", name, amount, touches FROM crm_leads WHERE id = $1', [id])).toEqual([
        { workspaceId: 'acme', name: 'Copy of Ann', amount: '12.5', touches: 9 },
      ]);
      const heard = (await app.runsOf({ workflowId: other })).at(-1);
      expect(heard).toMatchObject({ status: 'succeeded', recordId: id, cause: { depth: 1, path: [{ recordId: lead.id }] } });
    });

    it('does nothing that the CRM would not accept, and says what', async () => {
      const { start, latest } = await publish(create({ name: '{{record.name}}', accountId: 'a-none' }));
      await start();
      expect(await latest()).toMatchObject({ status: 'failed', steps: [{ error: { code: 'reference_unknown' } }] });
      expect(await problemsOf(create({ nme: 'x', createdAt: 'y', amount: 'z' }), { ...create({}, 'leeds'), id: 'two' })).toEqual([
        expect.stringMatching(/^steps\[0\]\.with\.fields\.nme: Leads have no field 'nme'/),
        expect.stringContaining("steps[0].with.fields.createdAt: the field 'createdAt' cannot be changed"),
        expect.stringMatching(/^steps\[0\]\.with\.fields\.amount: /),
        "steps[0].with.fields: a new record of Leads needs 'name': nothing else gives it a value",
        expect.stringMatching(/^steps\[1\]\.with\.module: the CRM has no module 'leeds'/),
      ]);
    });

    it('fails alone where the database refuses its record, beside others that it creates in the same transaction', async () => {
      const { workflowId, start } = await publish(create({ name: '{{record.name}}', stage: 'Won', email: '{{record.email}}' }));
      await app.query('CREATE UNIQUE INDEX one_email ON crm_leads (email) WHERE stage = $$Won$$');
      await Promise.all(['a@x.test', 'b@x.test', 'a@x.test'].map((email) => app.createLead({ source: `Records ${number}`, email })));
      await app.automation.drain();
      await app.query('DROP INDEX one_email');
      const statuses = (await app.runsOf({ workflowId })).map(({ status }) => status).filter((status) => status !== 'skipped');
      expect([...statuses].sort()).toEqual(['failed', 'succeeded', 'succeeded']);
      expect(await app.query("SELECT email FROM crm_leads WHERE stage = 'Won' ORDER BY email")).toEqual([
        { email: 'a@x.test' },
        { email: 'b@x.test' },
      ]);
      void start;
    });

    it('is shown in a preview and does not happen', async () => {
      const { workflowId } = await publish(create({ name: 'Preview of {{record.name}}' }), {
        id: 'n',
        type: 'add_note',
        with: { body: 'Hi', record: { module: 'leads', id: '{{steps.create.output.id}}' } },
      });
      const subject = { sample: { name: 'Ann', source: `Records ${number}` } };
      const tested = await app.module.get(WorkflowTests).test(workflowId, { subject }, ADMIN);
      expect(JSON.stringify(tested)).toContain('"kind":"create"');
      expect(JSON.stringify(tested)).toContain('"kind":"note"');
      expect(await app.query("SELECT 1 FROM crm_leads WHERE name LIKE 'Preview%'")).toEqual([]);
    });
  });

  describe('update_related', () => {
    it('changes the record that a relation leads to, or one that is named, and tells of it', async () => {
      const id = await account('a-related');
      const { start, latest } = await publish(
        { id: 'one', type: 'update_related', with: { relation: 'account', fields: { industry: 'Retail' } } },
        {
          id: 'two',
          type: 'update_related',
          with: { record: { module: 'accounts', id: '{{record.accountId}}' }, fields: { name: '{{record.name}}' } },
        },
      );
      await start({ accountId: id, name: 'Ann' });
      expect(await latest()).toMatchObject({
        status: 'succeeded',
        steps: [
          { output: { id, module: 'accounts', changes: { industry: { from: null, to: 'Retail' } } } },
          { output: { changes: { name: { from: id, to: 'Ann' } } } },
        ],
      });
    });

    it('fails clearly where there is no such record, or a relation that is none', async () => {
      const step = { id: 'one', type: 'update_related', with: { relation: 'account', fields: { industry: 'Retail' } } };
      const { start, latest } = await publish(step);
      await start();
      expect(await latest()).toMatchObject({ status: 'failed', steps: [{ error: { code: 'related_missing' } }] });
      expect(
        await problemsOf(
          { ...step, with: { relation: 'acount', fields: {} } },
          { ...step, id: 'b', with: { fields: { x: 1 } } },
          { ...step, id: 'c', with: { relation: 'account', fields: { size: 1 } } },
        ),
      ).toEqual([
        expect.stringContaining("steps[0].with.relation: Leads have no relation 'acount'"),
        expect.stringContaining('steps[1].with.relation: give exactly one of relation, record'),
        expect.stringContaining("steps[2].with.fields.size: Accounts have no field 'size'"),
      ]);
    });

    it('does not reach into another workspace', async () => {
      await account('a-foreign', { workspaceId: 'rival' });
      const { start, latest } = await publish({
        id: 'one',
        type: 'update_related',
        with: { record: { module: 'accounts', id: 'a-foreign' }, fields: { name: 'Taken' } },
      });
      await start();
      expect(await latest()).toMatchObject({ status: 'failed', steps: [{ error: { code: 'record_not_found' } }] });
      expect(await app.query("SELECT name FROM crm_accounts WHERE id = 'a-foreign'")).toEqual([{ name: 'a-foreign' }]);
    });
  });

  describe('find_records', () => {
    const find = (more: object) => ({ id: 'find', type: 'find_records', with: { module: 'accounts', ...more } });

    it('finds by a condition with the run around it, in order, for a loop to go through', async () => {
      for (const [id, industry] of [
        ['f-1', 'Retail'],
        ['f-2', 'retail'],
        ['f-3', 'Banking'],
        ['f-4', null],
      ] as const)
        await account(id, { industry, name: `Found ${id}` });
      await account('f-5', { industry: 'Retail', workspaceId: 'rival' });
      const where = {
        all: [
          { field: 'industry', operator: 'equals', value: '{{record.email}}' },
          { field: 'name', operator: 'starts_with', value: 'found' },
        ],
      };
      const { start, latest } = await publish(find({ where, sort: [{ field: 'name', direction: 'desc' }], fields: ['name'] }), {
        id: 'each',
        type: 'for_each',
        in: '{{steps.find.output.records}}',
        steps: [
          {
            id: 'mark',
            type: 'update_related',
            with: { record: { module: 'accounts', id: '{{item.id}}' }, fields: { industry: 'Marked' } },
          },
        ],
      });
      await start({ email: 'RETAIL' });
      const run = await latest();
      expect(run?.steps[0]?.output).toEqual({
        records: [
          { id: 'f-2', name: 'Found f-2' },
          { id: 'f-1', name: 'Found f-1' },
        ],
        count: 2,
        first: { id: 'f-2', name: 'Found f-2' },
      });
      expect(await app.query("SELECT id FROM crm_accounts WHERE industry = 'Marked' ORDER BY id")).toEqual([{ id: 'f-1' }, { id: 'f-2' }]);
    });

    it('finds what the database cannot test, over relations and with its own writes', async () => {
      const id = await account('r-1', { industry: 'Rail' });
      const { start, latest } = await publish(
        { id: 'up', type: 'update_related', with: { relation: 'account', fields: { industry: 'Rail & Road' } } },
        {
          id: 'find',
          type: 'find_records',
          with: {
            module: 'leads',
            where: { field: 'account.industry', operator: 'contains', value: 'road' },
            limit: 5,
            fields: ['name'],
          },
        },
      );
      const lead = await start({ accountId: id, name: 'Ann' });
      expect((await latest())?.steps[1]?.output).toMatchObject({ count: 1, first: { id: lead.id } });
    });

    it('compares with what it is given, whatever that looks like', async () => {
      await account('i-1', { name: 'inside', industry: 'x' });
      const { start, latest } = await publish(
        find({
          where: {
            all: [
              { field: 'name', operator: 'equals', value: '{{record.name}}' },
              { field: 'industry', operator: 'equals', value: 'x' },
            ],
          },
        }),
      );
      await start({ name: '{{default record.email "inside"}}' });
      expect((await latest())?.steps[0]?.output).toMatchObject({ count: 0 });
    });

    it('is told before it is published what it cannot look for, and fails where a value is missing', async () => {
      expect(
        await problemsOf(find({ where: { field: 'size', operator: 'equals', value: 1 }, sort: [{ field: 'nme' }], fields: ['indstry'] })),
      ).toEqual([
        expect.stringContaining('steps[0].with.where.field: Module "accounts" has no field "size"'),
        expect.stringContaining("steps[0].with.sort[0].field: Accounts have no field 'nme'"),
        expect.stringContaining("steps[0].with.fields[0]: Accounts have no field 'indstry'"),
      ]);
      const { start, latest } = await publish(find({ where: { field: 'name', operator: 'equals', value: '{{context.nothing}}' } }));
      await start();
      expect(await latest()).toMatchObject({ status: 'failed', steps: [{ error: { code: 'template_path_missing' } }] });
    });
  });

  describe('add_note', () => {
    it('writes a note about the record, as an event of its own module', async () => {
      const { start, latest } = await publish({ id: 'n', type: 'add_note', with: { body: 'About {{record.name}}' } });
      const lead = await start({ name: 'Ann' });
      expect((await latest())?.status).toBe('succeeded');
      expect(await app.query('SELECT title FROM crm_tasks WHERE "recordId" = $1', [lead.id])).toEqual([{ title: 'About Ann' }]);
    });

    it('is refused about a record that is not there, and in a CRM without notes', async () => {
      const { start, latest } = await publish({
        id: 'n',
        type: 'add_note',
        with: { body: 'x', record: { module: 'accounts', id: 'none' } },
      });
      await start();
      expect(await latest()).toMatchObject({ status: 'failed', steps: [{ error: { code: 'reference_unknown' } }] });
      const plain = await startAutomationApp({ crm: sampleCrm() }, { database: app.database });
      await plain.createLead({ source: `Records ${number}` });
      await plain.automation.drain();
      await plain.close();
      expect(await latest()).toMatchObject({ status: 'failed', steps: [{ error: { code: 'crm_unable' } }] });
    });
  });

  it('add_tag is refused before it is published where the module has no tags', async () => {
    expect(await problemsOf({ id: 't', type: 'add_tag', with: { tags: ['vip'] } })).toEqual([
      'steps[0].with: Leads have no tags: the CRM names no field for them',
    ]);
  });
});
