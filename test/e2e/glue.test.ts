import { readFile } from 'node:fs/promises';
import { afterEach, expect, test } from '@jest/globals';
import type { DynamicModule, Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DataSource, IsNull, type Relation } from 'typeorm';
import { WorkflowService } from '../../src/index.js';
import { AutomationTesting } from '../../src/testing/index.js';
import { ADMIN } from '../support/automation-app.js';
import type { TestDatabase } from '../support/database.js';
import { createMigratedDatabase } from '../support/template-databases.js';
import { Activity, CompanyModule, Deal, DealService, Membership, Notice, Person } from './hosts/company.js';
import { CompanyAutomation } from './hosts/company-automation.js';
import { Administrator, Channel, Order, OrderService, ShopModule } from './hosts/shop.js';
import { ShopAutomation } from './hosts/shop-automation.js';

// What a CRM has to write to have automation, for two that are made like real ones. All of it is in one file each.

/** Lines that are not blank, imports included. */
const MOST_LINES = 60;

let module: TestingModule;
let database: TestDatabase;
let testing: AutomationTesting;
afterEach(async () => {
  const source = module.get(DataSource);
  await module.close();
  await source.destroy();
  await database.drop();
});

test('a shop with numeric ids and channels needs at most 60 lines, and its orders run workflows in their own channel', async () => {
  expect(await linesOf('shop-automation.ts')).toBeLessThanOrEqual(MOST_LINES);
  const source = await start(ShopModule.on, ShopAutomation);
  const [one, two] = (await source.getRepository(Channel).save([{ code: 'one' }, { code: 'two' }])) as [Channel, Channel];
  const administrator = (firstName: string, channel: Channel) => ({
    ...{ firstName, lastName: 'Miller', emailAddress: `${firstName}@shop.test` },
    user: { identifier: firstName, roles: [{ channels: [channel] }] } as unknown as Relation<Administrator>['user'],
  });
  const [ann, bob] = await source.getRepository(Administrator).save([administrator('Ann', one), administrator('Bob', two)]);
  const handledBy = (person: Administrator | undefined) => ({
    trigger: { type: 'event', module: 'orders', event: 'stage_changed', to: 'PaymentSettled' },
    conditions: { field: 'total', operator: 'greater_than', value: 10_000 },
    steps: [
      { id: 'mark', type: 'change_field', with: { field: 'customFields.priority', value: 'express' } },
      { id: 'who', type: 'assign_owner', with: { userId: String(person?.id) } },
      { id: 'ship', type: 'move_stage', with: { stage: 'Shipped' } },
    ],
  });
  await publish(String(one.id), handledBy(ann));
  // Who works in another channel is nobody in this one.
  await expect(publish(String(one.id), handledBy(bob))).rejects.toMatchObject({ code: 'definition_invalid' });

  const orders = module.get(OrderService);
  const settled = async (channel: Channel, code: string, subTotal: number): Promise<Order> => {
    const ctx = { channelId: channel.id, user: { id: 1, identifier: 'superadmin' } };
    const { id } = await orders.create(ctx, { code, subTotal, shipping: 500 });
    await orders.transitionToState(ctx, id, 'PaymentSettled');
    await testing.drain();
    return source.getRepository(Order).findOneOrFail({ where: { id }, relations: { handler: true } });
  };
  expect(await settled(one, 'A1', 9_900)).toMatchObject({
    state: 'Shipped',
    customFields: { priority: 'express' },
    handler: { firstName: 'Ann' },
  });
  expect(await settled(one, 'A2', 1_000)).toMatchObject({ state: 'PaymentSettled', handler: null });
  expect(await settled(two, 'B1', 9_900)).toMatchObject({ state: 'PaymentSettled', handler: null });
});

test('a CRM of many companies needs at most 60 lines and none in its services', async () => {
  expect(await linesOf('company-automation.ts')).toBeLessThanOrEqual(MOST_LINES);
  const source = await start(CompanyModule.on, CompanyAutomation);
  const [acme, rival] = ['0193a0d0-0000-7000-8000-000000000001', '0193a0d0-0000-7000-8000-000000000002'] as const;
  const [ann, bob] = (await source.getRepository(Person).save([
    { name: 'Ann', email: 'ann@acme.test' },
    { name: 'Bob', email: 'bob@rival.test' },
  ])) as [Person, Person];
  await source.getRepository(Membership).save([
    { companyId: acme, personId: ann.id, role: 'sales' },
    { companyId: rival, personId: bob.id, role: 'sales' },
  ]);
  await publish(acme, {
    trigger: { type: 'event', module: 'deals', event: 'created' },
    conditions: { field: 'amount', operator: 'greater_than', value: 1_000 },
    steps: [
      { id: 'who', type: 'assign_owner', with: { strategy: 'round_robin', role: 'sales' } },
      { id: 'call', type: 'create_task', with: { title: 'Call about {{record.title}}', dueIn: 'P1D', assigneeId: '{{record.ownerId}}' } },
      { id: 'tell', type: 'send_notification', with: { role: 'sales', title: 'A deal: {{record.title}}' } },
    ],
  });

  const deals = module.get(DealService);
  const large = await deals.create(acme, { title: 'Umbrella', amount: '5000.00' });
  const strange = await deals.create(rival, { title: 'Elsewhere', amount: '5000.00' });
  await testing.drain();

  expect(await source.getRepository(Deal).findOneByOrFail({ id: large.id })).toMatchObject({ ownerId: ann.id, version: 2 });
  expect(await source.getRepository(Deal).findBy({ ownerId: IsNull() })).toMatchObject([{ id: strange.id }]);
  expect(await source.getRepository(Activity).find()).toMatchObject([
    { companyId: acme, subject: 'Call about Umbrella', assigneeId: ann.id, recordId: large.id, deadline: expect.any(Date) },
  ]);
  expect(await source.getRepository(Notice).find()).toMatchObject([{ companyId: acme, recipientId: ann.id, text: 'A deal: Umbrella' }]);
});

/** The host with its own module and what it has written for automation. */
async function start(on: (url: string) => DynamicModule, automation: Type): Promise<DataSource> {
  database = await createMigratedDatabase();
  testing = new AutomationTesting();
  module = await testing.prepare(Test.createTestingModule({ imports: [on(database.url), automation] })).compile();
  module.useLogger(false);
  await module.init();
  return module.get(DataSource);
}

async function publish(workspaceId: string, definition: object): Promise<void> {
  const caller = { ...ADMIN, workspaceId };
  const workflows = module.get(WorkflowService);
  const { id, problems } = await workflows.create({ name: 'W', definition: definition as never }, caller);
  expect(problems).toEqual([]);
  await workflows.publish(id, caller);
}

async function linesOf(file: string): Promise<number> {
  const text = await readFile(`test/e2e/hosts/${file}`, 'utf8');
  return text.split('\n').filter((line) => line.trim() !== '').length;
}
