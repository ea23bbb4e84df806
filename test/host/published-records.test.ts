import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ObjectLiteral } from 'typeorm';
import { recordOf } from '../../src/core/record-values.js';
import { Account, Article, Deal, Lead } from './crm-entities.js';
import { CrmFixture } from './crm-fixture.js';

/** What the CRM's code has at hand when it publishes: entities. */
describe('an entity as an event keeps it', () => {
  let fixture: CrmFixture;
  beforeAll(async () => {
    fixture = await CrmFixture.create();
  });
  afterAll(() => fixture.close());

  const recorded = (module: string, given: object) => {
    const modules = new Map(fixture.host.describeModules().map((one) => [one.name, one]));
    const description = modules.get(module);
    if (!description) throw new Error(`no module ${module}`);
    return recordOf({ modules }, description, given, (name, entity, field) => fixture.host.fieldOf(name, entity, field));
  };
  const read = (module: string, id: string) =>
    fixture.inTransaction(async (tx) => {
      const found = await fixture.host.findRecords(tx, module, [id], { lock: false, relations: [] });
      return found.get(id);
    });

  it('is the record as it would be read, with what is loaded of its relations', async () => {
    const account = await fixture.account();
    const { id } = await fixture.lead({ account, amount: '12.50', address: { street: 'Main', since: '2020-02-01' }, ownerId: 7 });
    const lead = await fixture.dataSource.getRepository(Lead).findOneOrFail({ where: { id }, relations: { account: true } });
    const { account: kept, ...own } = recorded('leads', lead);
    const { localAt, ...stored } = (await read('leads', id)) ?? {};
    expect(own).toMatchObject({ ...stored, exact: null });
    expect(localAt).toBeNull();
    expect(kept).toMatchObject({ id: account.id, industry: 'Machines' });
  });

  it('has its id, whatever property holds it', () => {
    const article = Object.assign(new Article(), { code: 'a-1', body: 'text' });
    expect(recorded('articles', article)).toEqual({ id: 'a-1', body: 'text' });
    expect(recorded('articles', { id: 'a-2', body: 'text' })).toEqual({ id: 'a-2', body: 'text' });
  });

  it('has the key of a relation, from the property or from what is loaded', () => {
    const deal = (values: object) => recorded('opportunities', Object.assign(new Deal(), { id: 1 }, values));
    expect(deal({ owner: { id: 7, firstName: 'Grace' } })).toEqual({ id: '1', ownerId: '7' });
    expect(deal({ owner: null })).toEqual({ id: '1', ownerId: null });
    expect(deal({ owner: 8 })).toEqual({ id: '1', ownerId: '8' });
    expect(deal({ ownerId: 9 })).toEqual({ id: '1', ownerId: '9' });
    expect(deal({ accountId: 'a', account: Object.assign(new Account(), { id: 'b' }) })).toMatchObject({ accountId: 'a' });
    expect(deal({ account: Object.assign(new Account(), { id: 'b' }) })).toMatchObject({ accountId: 'b' });
    expect(deal({})).toEqual({ id: '1' });
  });

  it('asks no lazy relation, which would load', () => {
    const lazy: ObjectLiteral = new Deal();
    const load = (): never => {
      throw new Error('loaded');
    };
    Object.defineProperty(lazy, 'owner', { get: load, enumerable: true, configurable: true });
    expect(recorded('opportunities', Object.assign(lazy, { id: 1 }))).toEqual({ id: '1' });
  });
});
