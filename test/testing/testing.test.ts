import { afterEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { Automation, AutomationModule, type AutomationOptions, RunService, WorkflowService } from '../../src/index.js';
import { AutomationTesting, MemoryCrm } from '../../src/testing/index.js';
import { ADMIN } from '../support/automation-app.js';
import type { TestDatabase } from '../support/database.js';
import { createMigratedDatabase } from '../support/template-databases.js';

const text = (name: string, writable = true) => ({ name, label: name, type: 'text' as const, nullable: true, writable });

function memoryCrm(): MemoryCrm {
  return new MemoryCrm({
    modules: [
      {
        name: 'leads',
        singular: 'lead',
        label: 'Leads',
        fields: [text('id', false), text('name'), text('email'), text('stage'), text('ownerId'), text('accountId')],
        relations: [{ name: 'account', module: 'accounts' }],
        events: [{ name: 'created', label: 'Created', rule: { on: 'created' } }],
        stageField: 'stage',
        ownerField: 'ownerId',
        references: [],
        pipelineFields: [],
      },
      {
        name: 'accounts',
        singular: 'account',
        label: 'Accounts',
        fields: [text('id', false), text('industry')],
        relations: [],
        events: [],
      },
    ],
    users: [
      { id: 'u-1', name: 'Ann', email: 'ann@acme.test', roles: ['sales'] },
      { id: 'u-2', name: 'Bob', email: 'bob@acme.test', roles: ['sales'] },
    ],
    stages: { leads: ['New', 'Contacted'] },
  });
}

describe('what hosts test with', () => {
  let database: TestDatabase;
  let source: DataSource;
  let module: TestingModule;
  const crm = memoryCrm();
  afterEach(async () => {
    await module.close();
    await source.destroy();
    await database.drop();
  });

  /** An application as it is in production: its worker is on, its mail and its webhooks would go out. */
  async function start(testing: AutomationTesting): Promise<void> {
    database = await createMigratedDatabase();
    const dataSource = await new DataSource({ type: 'postgres', url: database.url, entities: [] }).initialize();
    source = dataSource;

    @Module({
      imports: [
        AutomationModule.forRootAsync({
          useFactory: (): AutomationOptions => ({
            dataSource,
            crm,
            mail: { transport: 'smtp://mail.acme.invalid', from: 'crm@acme.test' },
            outbound: { allow: ['127.0.0.1:8080'] },
          }),
        }),
      ],
    })
    class AppModule {}

    module = await testing.prepare(Test.createTestingModule({ imports: [AppModule] })).compile();
    module.useLogger(false);
    await module.init();
  }

  it('stands still until it is told to, and captures what would have left the process', async () => {
    const testing = new AutomationTesting();
    await start(testing);
    const workflows = module.get(WorkflowService);
    const { id, problems } = await workflows.create(
      {
        name: 'Welcome',
        definition: {
          trigger: { type: 'event', module: 'leads', event: 'created' },
          conditions: { field: 'account.industry', operator: 'equals', value: 'Steel' },
          steps: [
            { id: 'owner', type: 'assign_owner', with: { strategy: 'least_busy', role: 'sales' } },
            { id: 'stage', type: 'move_stage', with: { next: true } },
            { id: 'call', type: 'create_task', with: { title: 'Call {{record.name}}' } },
            { id: 'tell', type: 'send_notification', with: { to: 'u-1', title: 'New lead' } },
            { id: 'mail', type: 'send_email', with: { to: '{{record.email}}', subject: 'Welcome, {{record.name}}', text: 'Hello.' } },
            { id: 'hook', type: 'webhook', with: { url: 'https://hooks.acme.test/leads', body: { id: '{{record.id}}' } } },
            // Private, and allowed by the application.
            { id: 'near', type: 'webhook', with: { url: 'http://127.0.0.1:8080/leads', body: { id: '{{record.id}}' } } },
          ],
        } as never,
      },
      ADMIN,
    );
    expect(problems).toEqual([]);
    await workflows.publish(id, ADMIN);
    crm.put('acme', 'accounts', { id: 'a-1', industry: 'Steel' });
    const lead = { id: 'l-1', name: 'Ada', email: 'ada@lead.test', stage: 'New', ownerId: null, accountId: 'a-1' };
    crm.put('acme', 'leads', lead);
    crm.put('acme', 'leads', { ...lead, id: 'l-0', ownerId: 'u-1' });
    crm.put('rival', 'leads', { ...lead, ownerId: 'u-2' });
    testing.answer = () => ({ status: 202, body: '{"ok":true}' });

    await module.get(Automation).publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: lead });
    expect(testing.mails).toEqual([]);
    expect(await testing.drain()).toMatchObject({ events: 1 });

    const { items } = await module.get(RunService).list({ workflowId: id }, { limit: 10 }, ADMIN);
    expect(items.map(({ status, error }) => [status, error])).toEqual([['succeeded', null]]);
    expect(testing.mails).toMatchObject([{ to: [{ address: 'ada@lead.test' }], subject: 'Welcome, Ada' }]);
    const urls = ['https://hooks.acme.test/leads', 'http://127.0.0.1:8080/leads'];
    expect(testing.calls).toMatchObject(urls.map((url) => ({ method: 'POST', url, body: '{"id":"l-1"}' })));
    expect(crm.get('acme', 'leads', 'l-1')).toMatchObject({ stage: 'Contacted', ownerId: 'u-2' });
    expect(crm.get('rival', 'leads', 'l-1')).toMatchObject({ stage: 'New', ownerId: 'u-2' });
    expect(crm.tasks).toMatchObject([{ title: 'Call Ada', workspaceId: 'acme' }]);
    expect(crm.notifications).toMatchObject([{ userId: 'u-1', title: 'New lead' }]);
    expect(await testing.tick()).toEqual({ events: 0, runs: 0 });
  });
});

it('finds and creates records and people in memory, each workspace its own', async () => {
  const crm = memoryCrm();
  const acme = { manager: null as never, workspaceId: 'acme' };
  const rival = { ...acme, workspaceId: 'rival' };
  crm.put('acme', 'leads', { id: 'l-1', name: 'Ada Byron', email: 'ada@lead.test' });
  crm.put('rival', 'leads', { id: 'l-2', name: 'Ada Byron', email: 'ada@lead.test' });
  const ids = (records: readonly { id?: unknown }[]) => records.map(({ id }) => id);
  const match = { match: { email: 'ada@lead.test' }, limit: 2 };
  expect(ids(await crm.findMatching(acme, 'leads', match))).toEqual(['l-1']);
  expect(ids(await crm.findMatching(acme, 'leads', { ...match, match: { email: 'ada@lead.test', name: 'Ada' } }))).toEqual([]);
  const made = await crm.createRecord(rival, 'leads', { name: 'Max' });
  expect(crm.get('rival', 'leads', String(made.id))).toMatchObject({ name: 'Max' });
  crm.put('rival', 'leads', { id: 'leads-2', name: 'Was there' });
  await crm.createRecord(rival, 'leads', { name: 'Moritz' });
  expect(crm.get('rival', 'leads', 'leads-2')).toMatchObject({ name: 'Was there' });
  await expect(crm.createRecord(rival, 'leads', { id: 'mine' })).rejects.toMatchObject({ code: 'field_not_writable' });
  expect(ids(await crm.searchRecords(rival, 'leads', { search: 'byron ADA', limit: 5 }))).toEqual(['l-2']);
  expect(ids(await crm.searchRecords(acme, 'leads', { search: 'l-1', limit: 5 }))).toEqual(['l-1']);
  expect(await crm.searchRecords(acme, 'leads', { search: 'Max', limit: 5 })).toEqual([]);
  expect(ids(await crm.listUsers(acme, { search: 'bob', role: 'sales', limit: 5 }))).toEqual(['u-2']);
  expect(ids(await crm.listUsers(acme, { search: null, role: null, limit: 1 }))).toEqual(['u-1']);
  expect(await crm.listRoles()).toEqual(['sales']);
  for (const [id, closes] of [
    ['l-4', '2030-01-02'],
    ['l-3', '2030-01-01'],
    ['l-5', '2020-01-01'],
  ] as const)
    crm.put('acme', 'leads', { id, name: id, closes });
  const range = { field: 'closes', from: '2030-01-01T00:00:00Z', limit: 5 };
  expect(await crm.listByDate(acme, 'leads', { ...range, after: null })).toEqual(['l-3', 'l-4']);
  expect(await crm.listByDate(acme, 'leads', { ...range, after: 'l-3' })).toEqual(['l-4']);
  const all = { anyOf: {}, sort: [], offset: 0, limit: 2 };
  expect(await crm.listIds(acme, 'leads', all)).toEqual(['l-1', 'l-3']);
  expect(await crm.listIds(acme, 'leads', { ...all, after: 'l-3' })).toEqual(['l-4', 'l-5']);
});

it('says what is missing when there is no application yet', async () => {
  await expect(new AutomationTesting().drain()).rejects.toThrow(/prepare\(\)/);
});
