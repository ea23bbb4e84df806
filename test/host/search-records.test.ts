import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RecordData } from '../../src/core/event.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { Account, Article, Deal, Lead, User } from './crm-entities.js';
import { CrmFixture } from './crm-fixture.js';

describe('searching records', () => {
  let fixture: CrmFixture;
  beforeAll(async () => {
    fixture = await CrmFixture.create();
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  const find = (search: string, { host = fixture.host, module = 'leads', workspaceId = 'acme', limit = 10 } = {}): Promise<RecordData[]> =>
    fixture.inTransaction((tx) => host.searchRecords(tx, module, { search, limit }), workspaceId);
  const names = async (...asked: Parameters<typeof find>) => (await find(...asked)).map(({ name }) => name);

  it('finds what holds every word, whatever the letter case, in the order of names; what is the text itself comes first', async () => {
    for (const name of ['Johanna Meyer', 'Anna Schmidt', 'Anna', 'Hannah Anna Meyer', 'Bob']) await fixture.lead({ name });
    expect(await names('anna')).toEqual(['Anna', 'Anna Schmidt', 'Hannah Anna Meyer', 'Johanna Meyer']);
    expect(await names('  meyer ANNA ')).toEqual(['Hannah Anna Meyer', 'Johanna Meyer']);
    expect(await names('anna', { limit: 2 })).toEqual(['Anna', 'Anna Schmidt']);
    expect(await names('zoe')).toEqual([]);
  });

  it('finds by id, of any type, and no id breaks it', async () => {
    const [lead, deal] = [await fixture.lead({ name: 'Ada' }), await fixture.deal({ title: 'Engine' })];
    expect(await names(lead.id)).toEqual(['Ada']);
    expect(await names(` ${lead.id.toUpperCase()} `)).toEqual(['Ada']);
    expect(await find(String(deal.id), { module: 'opportunities' })).toMatchObject([{ title: 'Engine' }]);
    for (const odd of ['99999999999999999999', '-1', '1e3', '0x1', "'", '\\', 'a\0b', ' ']) expect(await find(odd)).toEqual([]);
  });

  it('takes the signs of LIKE for what they are, and no text for SQL', async () => {
    for (const name of ['100% sure', '1000 sure', 'a_b', 'acb', 'back\\slash', "O'Hara; --"]) await fixture.lead({ name });
    expect(await names('100%')).toEqual(['100% sure']);
    expect(await names('a_b')).toEqual(['a_b']);
    expect(await names('k\\s')).toEqual(['back\\slash']);
    expect(await names("o'hara; --")).toEqual(["O'Hara; --"]);
    expect(await names('%')).toEqual(['100% sure']);
    expect(await names("' OR true --")).toEqual([]);
  });

  it("finds nothing of other workspaces, nothing deleted, and what is everybody's", async () => {
    await fixture.lead({ name: 'Theirs', workspaceId: 'rival' });
    const gone = await fixture.lead({ name: 'Gone' });
    await fixture.dataSource.getRepository(Lead).softDelete(gone.id);
    expect(await names('theirs')).toEqual([]);
    expect(await names('gone')).toEqual([]);
    expect(await names(gone.id)).toEqual([]);
    expect(await names('theirs', { workspaceId: 'rival' })).toEqual(['Theirs']);
    await fixture.dataSource.manager.insert(Article, { code: 'faq', body: 'enc:Hello' });
    expect(await find('faq', { module: 'articles', workspaceId: 'rival' })).toMatchObject([{ id: 'faq', body: 'Hello' }]);
  });

  it('never looks at hidden fields, nor at what is stored in another form than it is shown', async () => {
    await fixture.lead({ name: 'Ada', secret: 'password' });
    expect(await find('password')).toEqual([]);
    expect(Object.keys((await find('ada'))[0] as object)).not.toContain('secret');
    const host = typeOrmCrm(
      { deals: { entity: Deal, fields: { slug: { hidden: true } }, search: ['title'] } },
      { users: { entity: User, name: 'firstName' } },
    );
    host.attach(fixture.dataSource);
    await fixture.deal({ title: 'Engine', slug: 'hush' });
    expect(await find('hush', { host, module: 'deals' })).toEqual([]);
    expect(await find('engine', { host, module: 'deals' })).toMatchObject([{ title: 'Engine' }]);
    const refused = (option: object) => () =>
      typeOrmCrm({ deals: { entity: Deal, ...option }, accounts: { entity: Account } }).attach(fixture.dataSource);
    const hidden = { fields: { slug: { hidden: true } } };
    expect(refused({ ...hidden, search: ['slug'] })).toThrow("deals cannot be searched by 'slug'");
    expect(refused({ search: ['titel'] })).toThrow('Did you mean "title"?');
    expect(refused({ search: ['amount'] })).toThrow("'amount'");
    expect(refused({ ...hidden, title: 'slug' })).toThrow("The title of deals names the field 'slug', which there is not.");
  });

  it('is one statement, and looks at what the host says', async () => {
    const host = typeOrmCrm({ leads: { entity: Lead, title: ['name', 'score'], search: ['address.street', 'name'] } });
    host.attach(fixture.dataSource);
    expect(host.describeModules()[0]?.titleFields).toEqual(['name', 'score']);
    await fixture.lead({ name: 'Ada', address: { street: 'Long Lane', since: null } });
    fixture.forgetStatements();
    expect(await names('lane ada', { host })).toEqual(['Ada']);
    expect(fixture.statements).toHaveLength(1);
  });
});

describe('listing users', () => {
  let fixture: CrmFixture;
  beforeAll(async () => {
    fixture = await CrmFixture.create();
    await fixture.user({ firstName: 'Grace', lastName: 'Hopper', email: 'grace@navy.test', roles: ['sales', 'lead'] });
    await fixture.user({ firstName: 'Ada', lastName: 'Lovelace', email: null, roles: ['sales'] });
    await fixture.user({ firstName: 'Ada', lastName: 'Byron', active: false, roles: ['gone'] });
    await fixture.user({ firstName: 'Eve', lastName: 'Rival', workspaceId: 'rival', roles: ['spy'] });
  });
  afterAll(() => fixture.close());

  const list = async (query: { search?: string; role?: string; limit?: number } = {}, workspaceId = 'acme') =>
    (
      await fixture.inTransaction(
        (tx) => fixture.host.listUsers!(tx, { search: query.search ?? null, role: query.role ?? null, limit: query.limit ?? 10 }),
        workspaceId,
      )
    ).map(({ name }) => name);

  it('tells active users of the workspace, by name, by words of name and e-mail, by role', async () => {
    expect(await list()).toEqual(['Ada Lovelace', 'Grace Hopper']);
    expect(await list({ limit: 1 })).toEqual(['Ada Lovelace']);
    expect(await list({ search: 'hopper GRACE' })).toEqual(['Grace Hopper']);
    expect(await list({ search: '@navy' })).toEqual(['Grace Hopper']);
    expect(await list({ search: 'byron' })).toEqual([]);
    expect(await list({ search: '%' })).toEqual([]);
    expect(await list({ search: '\0' })).toEqual([]);
    expect(await list({ role: 'lead' })).toEqual(['Grace Hopper']);
    expect(await list({ role: 'spy' })).toEqual([]);
    expect(await list({}, 'rival')).toEqual(['Eve Rival']);
  });

  it('tells the roles that active users have', async () => {
    const roles = (workspaceId: string) => fixture.inTransaction((tx) => fixture.host.listRoles!(tx), workspaceId);
    expect(await roles('acme')).toEqual(['lead', 'sales']);
    expect(await roles('rival')).toEqual(['spy']);
    expect(await roles('nobody')).toEqual([]);
  });

  it('is the host where its people are kept elsewhere, and there is none where it does not say', async () => {
    const ada = { id: '1', name: 'Ada', email: null, roles: [] };
    const find = async () => [ada];
    const without = typeOrmCrm({ leads: { entity: Lead } }, { users: { find } });
    expect([without.listUsers, without.listRoles]).toEqual([undefined, undefined]);
    expect(typeOrmCrm({ leads: { entity: Lead } }).listUsers).toBeUndefined();
    const host = typeOrmCrm(
      { leads: { entity: Lead } },
      { users: { find, list: async ({ workspaceId }) => [{ ...ada, name: workspaceId }], listRoles: async () => ['x'] } },
    );
    host.attach(fixture.dataSource);
    const tx = { manager: fixture.dataSource.manager, workspaceId: 'acme' };
    expect(await host.listUsers?.(tx, { search: null, role: null, limit: 1 })).toEqual([{ ...ada, name: 'acme' }]);
    expect(await host.listRoles?.(tx)).toEqual(['x']);
  });
});
