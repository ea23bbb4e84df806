import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DeepPartial, EntitySubscriberInterface, ObjectLiteral } from 'typeorm';
import { EntityTable } from '../../src/host/typeorm/entity-table.js';
import { insertRows } from '../../src/host/typeorm/insert-rows.js';
import { Account, Lead } from './crm-entities.js';
import { CrmFixture } from './crm-fixture.js';

let fixture: CrmFixture;
let table: EntityTable;
let account: Account;

beforeAll(async () => {
  fixture = await CrmFixture.create();
  table = new EntityTable(fixture.dataSource, { entity: Lead }, 'workspaceId');
});
beforeEach(async () => {
  await fixture.clear();
  account = await fixture.dataSource.getRepository(Account).save({ workspaceId: 'acme', name: 'Acme' });
});
afterAll(() => fixture.close());

/** Sees every insert and changes nothing: with it, rows go through TypeORM. */
const watching: EntitySubscriberInterface<Lead> = { listenTo: () => Lead, beforeInsert: () => undefined };

/** Inserts leads, and answers what is in the table then, without what every row has of its own. */
async function inserted(leads: readonly DeepPartial<Lead>[]): Promise<ObjectLiteral[]> {
  const entities = leads.map((lead) => fixture.dataSource.manager.create(Lead, { workspaceId: 'acme', name: 'Ada', ...lead }));
  const rows = await fixture.inTransaction((tx) => insertRows(tx, table, entities));
  const records = await fixture.transaction((manager) => table.toRecords(manager, rows, 'c'));
  expect(records.map(({ name }) => name)).toEqual(entities.map(({ name }) => name));
  const saved = (await fixture.dataSource.query(`SELECT * FROM ${table.sql} ORDER BY name`)) as ObjectLiteral[];
  return saved.map(({ id: _id, createdAt: _created, updatedAt: _updated, ...row }) => row);
}

describe('rows without hooks', () => {
  it.each<[string, () => DeepPartial<Lead>]>([
    ['nothing but defaults', () => ({})],
    [
      'numbers, texts and truths',
      () => ({
        score: 7,
        ratio: 1.5,
        optIn: false,
        ownerId: 3,
        amount: '12.30',
        exact: '0.1000000000000000000001',
        views: '9007199254740993',
        budget: 5,
      }),
    ],
    [
      'moments and days',
      () => ({ birthday: '1815-12-10', contactedAt: new Date('2024-05-06T07:08:09.123Z'), localAt: new Date(1_715_000_000_123) }),
    ],
    ['lists', () => ({ tags: ['a', 'b "c"'], labels: ['x', 'y'], kinds: ['c d', 'a'] })],
    ['free JSON', () => ({ extra: { deep: [1, null, { 'ü"': '\\' }] } })],
    ['JSON that is a text', () => ({ extra: 'text' })],
    ['nulls', () => ({ extra: null, birthday: null, labels: null })],
    ['a relation', () => ({ account })],
    ['bytes, which have no form in JSON', () => ({ photo: Buffer.from([0, 255, 10]) })],
    ['SQL as a value', () => ({ score: (() => '40 + 2') as unknown as number })],
  ])('are what TypeORM makes of them: %s', async (_, lead) => {
    const ours = await inserted([lead()]);
    await fixture.clear();
    account = await fixture.dataSource.getRepository(Account).save({ workspaceId: 'acme', name: 'Acme' });
    const theirs = await fixture.withSubscriber(watching, () => inserted([lead()]));
    // A new account has a new id.
    const comparable = (rows: ObjectLiteral[]) => rows.map((row) => ({ ...row, account_ref: row.account_ref === null ? null : 'account' }));
    expect(comparable(ours)).toEqual(comparable(theirs));
    expect(ours).toMatchObject([{ version: 1 }]);
  });

  it('are one statement with one parameter, and one of TypeORM when they set different columns', async () => {
    fixture.forgetStatements();
    await inserted([{ name: 'A' }, { name: 'B' }]);
    expect(fixture.statements.filter((sql) => sql.startsWith('INSERT'))).toEqual([expect.stringContaining('jsonb_populate_recordset')]);
    await fixture.clear();
    fixture.forgetStatements();
    const rows = await inserted([{ name: 'A', score: 5 }, { name: 'B' }]);
    expect(rows).toMatchObject([{ score: 5 }, { score: 0 }]);
    expect(fixture.statements.filter((sql) => sql.startsWith('INSERT'))).toEqual([expect.stringContaining('VALUES')]);
  });
});
