import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type EntitySubscriberInterface, IsNull, Not, type UpdateEvent } from 'typeorm';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { Account, Deal, Lead, Notification, Stage, Task, User } from './crm-entities.js';
import { CrmFixture, crm } from './crm-fixture.js';

let fixture: CrmFixture;
beforeAll(async () => {
  fixture = await CrmFixture.create();
});
beforeEach(() => fixture.clear());
afterAll(() => fixture.close());

const plain = { lock: false, relations: [] };
const MISSING = '00000000-0000-0000-0000-000000000000';

describe('the description of modules', () => {
  const describeModule = (name: string) => {
    const module = fixture.host.describeModules().find((one) => one.name === name);
    if (!module) throw new Error(`no module ${name}`);
    return module;
  };

  it('takes types, nullability and options of fields from the metadata', () => {
    const fields = Object.fromEntries(
      describeModule('leads').fields.map(({ name, type, nullable }) => [name, nullable ? `${type}?` : type]),
    );
    expect(fields).toEqual({
      id: 'text',
      workspaceId: 'text',
      name: 'text',
      stage: 'text',
      amount: 'money?',
      budget: 'number?',
      exact: 'number?',
      views: 'number?',
      score: 'number',
      ratio: 'number?',
      optIn: 'boolean?',
      birthday: 'date?',
      contactedAt: 'datetime?',
      localAt: 'datetime?',
      extra: 'json?',
      tags: 'list',
      labels: 'list?',
      kinds: 'list?',
      address: 'json',
      'address.street': 'text?',
      'address.since': 'date?',
      accountId: 'text?',
      ownerId: 'text?',
      createdAt: 'datetime',
      updatedAt: 'datetime',
      version: 'number',
      deletedAt: 'datetime?',
    });
    expect(describeModule('leads').fields.find(({ name }) => name === 'kinds')?.options).toEqual(['a', 'b', 'c d']);
  });

  it('keeps workflows from what the database, TypeORM or the host keep to themselves', () => {
    const fixed = describeModule('leads').fields.filter(({ writable }) => !writable);
    expect(fixed.map(({ name }) => name)).toEqual(['id', 'workspaceId', 'score', 'createdAt', 'updatedAt', 'version', 'deletedAt']);
  });

  it('names modules, fields, the stage and the owner', () => {
    expect(describeModule('opportunities')).toMatchObject({
      singular: 'opportunity',
      label: 'Opportunities',
      stageField: 'stage',
      ownerField: 'ownerId',
    });
    expect(describeModule('leads').fields.find(({ name }) => name === 'name')?.label).toBe('Full name');
    expect(describeModule('leads').fields.find(({ name }) => name === 'contactedAt')?.label).toBe('Contacted at');
    expect(describeModule('articles').fields.map(({ name }) => name)).toEqual(['id', 'body']);
  });

  it('follows to-one relations to other modules only', () => {
    expect(describeModule('leads').relations).toEqual([{ name: 'account', module: 'accounts' }]);
    expect(describeModule('opportunities').relations).toEqual([{ name: 'account', module: 'accounts' }]);
    expect(describeModule('accounts').relations).toEqual([]);
  });

  it('has the usual events of each module, derived where the stages say so', () => {
    const events = (module: string) => Object.fromEntries(describeModule(module).events.map(({ name, rule }) => [name, rule]));
    expect(events('leads')).toEqual({
      created: { on: 'created' },
      updated: { on: 'updated' },
      stage_changed: { on: 'changed', field: 'stage' },
      converted: { on: 'changed', field: 'stage', to: ['Converted'] },
      disqualified: { on: 'custom' },
      deleted: { on: 'deleted' },
    });
    expect(events('opportunities')).toMatchObject({
      closed_won: { on: 'changed', field: 'stage', to: ['Won'] },
      closed_lost: { on: 'custom' },
      stalled: { on: 'custom' },
    });
    expect(describeModule('opportunities').events.find(({ name }) => name === 'stalled')?.label).toBe('Gone quiet');
    expect(events('tasks').completed).toEqual({ on: 'changed', field: 'status', to: ['Done'] });
    expect(Object.keys(events('articles'))).toEqual(['created', 'updated', 'deleted']);
  });

  it('lets the compiler refuse properties that the entity does not have', () => {
    // @ts-expect-error no such property
    typeOrmCrm({ leads: { entity: Lead, stage: 'nowhere' }, accounts: { entity: Account } });
    // @ts-expect-error no such property
    typeOrmCrm({ leads: { entity: Lead, stage: 'stage' } }, { users: { entity: User, email: 'nowhere' } });
  });

  it('is refused before the DataSource is attached', () => {
    expect(() => crm().describeModules()).toThrow(expect.objectContaining({ code: 'crm_not_attached' }));
  });

  it('refuses a configuration that does not fit the entities, naming what does not', () => {
    const attach = (host: ReturnType<typeof crm>) => () => host.attach(fixture.dataSource);
    const invalid = (text: string) => expect.objectContaining({ code: 'crm_config_invalid', message: expect.stringContaining(text) });
    expect(attach(typeOrmCrm({ leads: { entity: class Stranger {} } }))).toThrow(invalid('Stranger'));
    expect(attach(typeOrmCrm({ leads: { entity: Lead, stage: 'stge' as 'stage' } }))).toThrow(invalid("'stge'"));
    expect(attach(typeOrmCrm({ leads: { entity: Lead, fields: { nmae: {} } } }))).toThrow(invalid("'nmae'"));
    expect(attach(typeOrmCrm({ leads: { entity: Lead, relations: ['account'] } }))).toThrow(invalid("'account'"));
    expect(attach(typeOrmCrm({ accounts: { entity: Account }, leads: { entity: Lead, relations: ['name'] } }))).toThrow(invalid("'name'"));
    expect(
      attach(typeOrmCrm({ leads: { entity: Lead } }, { users: { entity: User, name: 'firstName', email: 'mail' as 'email' } })),
    ).toThrow(invalid("'mail'"));
  });
});

describe('findRecords', () => {
  it('answers values as JSON of their types', async () => {
    const owner = await fixture.user();
    const contactedAt = new Date('2024-02-29T12:30:00.250Z');
    const saved = await fixture.lead({
      amount: '1234.50',
      budget: 99.99,
      exact: '0.1234567890123456789',
      views: '9007199254740993',
      ratio: 0.25,
      optIn: false,
      birthday: '1815-12-10',
      contactedAt,
      localAt: contactedAt,
      extra: { nested: [1, null, 'x'] },
      tags: ['a', 'b "c"'],
      labels: ['x', 'y'],
      kinds: ['a', 'c d'],
      photo: Buffer.from('png'),
      secret: 'hush',
      address: { street: 'Main St', since: '2020-01-31' },
      ownerId: owner.id,
    });
    const found = await fixture.inTransaction((tx) => fixture.host.findRecords(tx, 'leads', [saved.id], plain));
    expect(found.get(saved.id)).toEqual({
      id: saved.id,
      workspaceId: 'acme',
      name: 'Ada',
      stage: 'New',
      amount: 1234.5,
      budget: 99.99,
      exact: '0.1234567890123456789',
      views: '9007199254740993',
      score: 0,
      ratio: 0.25,
      optIn: false,
      birthday: '1815-12-10',
      contactedAt: '2024-02-29T12:30:00.250Z',
      localAt: '2024-02-29T12:30:00.250Z',
      extra: { nested: [1, null, 'x'] },
      tags: ['a', 'b "c"'],
      labels: ['x', 'y'],
      kinds: ['a', 'c d'],
      address: { street: 'Main St', since: '2020-01-31' },
      accountId: null,
      ownerId: String(owner.id),
      createdAt: saved.createdAt.toISOString(),
      updatedAt: saved.updatedAt.toISOString(),
      version: 1,
      deletedAt: null,
    });
  });

  it('finds by uuid, integer and text keys, and takes ids that the column cannot hold as not found', async () => {
    const lead = await fixture.lead();
    const deal = await fixture.deal();
    await fixture.dataSource.query(`INSERT INTO articles VALUES ('it''s "odd"', 'enc:hello')`);
    await fixture.inTransaction(async (tx) => {
      const find = async (module: string, ids: string[]) => [...(await fixture.host.findRecords(tx, module, ids, plain)).keys()];
      expect(await find('leads', ['abc', '', lead.id, lead.id.toUpperCase(), MISSING, '1'])).toEqual([lead.id]);
      const oddNumbers = ['abc', '007', '1.5', '9'.repeat(19), '9'.repeat(40), '2147483648', '-1', '\0'];
      expect(await find('opportunities', [...oddNumbers, String(deal.id)])).toEqual([String(deal.id)]);
      expect(await find('articles', ['nope', '\0', 'it\'s "odd"'])).toEqual(['it\'s "odd"']);
      expect(await find('leads', [])).toEqual([]);
    });
  });

  it("runs the host's afterLoad listeners", async () => {
    await fixture.dataSource.query(`INSERT INTO articles VALUES ('a', 'enc:hello')`);
    const found = await fixture.inTransaction((tx) => fixture.host.findRecords(tx, 'articles', ['a'], plain));
    expect(found.get('a')).toEqual({ id: 'a', body: 'hello' });
  });

  it('nests relations one hop away with the same statement', async () => {
    const account = await fixture.account();
    const [withAccount, without] = [await fixture.lead({ account }), await fixture.lead()];
    fixture.forgetStatements();
    const found = await fixture.inTransaction((tx) =>
      fixture.host.findRecords(tx, 'leads', [withAccount.id, without.id], { lock: true, relations: ['account'] }),
    );
    expect(fixture.statements).toHaveLength(1);
    expect(found.get(withAccount.id)?.account).toEqual({
      id: account.id,
      workspaceId: 'acme',
      name: 'Analytical Engines',
      industry: 'Machines',
      deletedAt: null,
    });
    expect(found.get(withAccount.id)?.accountId).toBe(account.id);
    expect(found.get(without.id)?.account).toBeNull();
  });

  it('refuses modules and relations it does not know', async () => {
    await fixture.inTransaction(async (tx) => {
      await expect(fixture.host.findRecords(tx, 'planets', ['1'], plain)).rejects.toMatchObject({ code: 'module_unknown' });
      const relations = ['owner'];
      await expect(fixture.host.findRecords(tx, 'leads', ['1'], { lock: false, relations })).rejects.toMatchObject({
        code: 'relation_unknown',
      });
    });
  });

  it('shows neither deleted records nor those of another workspace, related ones included', async () => {
    const foreign = await fixture.account({ workspaceId: 'rival' });
    const deleted = await fixture.account({ deletedAt: new Date() });
    const leads = [
      await fixture.lead({ workspaceId: 'rival' }),
      await fixture.lead({ deletedAt: new Date() }),
      await fixture.lead({ account: foreign }),
      await fixture.lead({ account: deleted }),
    ];
    const ids = leads.map(({ id }) => id);
    const found = await fixture.inTransaction((tx) => fixture.host.findRecords(tx, 'leads', ids, { lock: true, relations: ['account'] }));
    expect([...found.keys()].sort()).toEqual(ids.slice(2).sort());
    expect([...found.values()].map(({ account }) => account)).toEqual([null, null]);
  });

  it('locks the records against other writers until the transaction ends, but not the related ones', async () => {
    const account = await fixture.account();
    const lead = await fixture.lead({ account });
    await fixture.inTransaction(async (tx) => {
      await fixture.host.findRecords(tx, 'leads', [lead.id], { lock: true, relations: ['account'] });
      const tryLock = (table: string, id: string) =>
        fixture.dataSource.query(`SELECT 1 FROM "${table}" WHERE id = $1 FOR NO KEY UPDATE NOWAIT`, [id]);
      await expect(tryLock('crm leads', lead.id)).rejects.toMatchObject({ code: '55P03' });
      await expect(tryLock('companies', account.id)).resolves.toHaveLength(1);
    });
  });

  it('shows the relation as it is when it moved while we waited for the lock', async () => {
    const [before, after] = [await fixture.account({ name: 'Before' }), await fixture.account({ name: 'After' })];
    const lead = await fixture.lead({ account: before });
    const other = fixture.dataSource.createQueryRunner();
    await other.startTransaction();
    await other.query('UPDATE "crm leads" SET account_ref = $2 WHERE id = $1', [lead.id, after.id]);
    const reading = fixture.inTransaction((tx) => fixture.host.findRecords(tx, 'leads', [lead.id], { lock: true, relations: ['account'] }));
    let waiting = 0;
    while (waiting === 0) {
      [{ waiting }] = await fixture.dataSource.query(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
    }
    await other.commitTransaction();
    await other.release();
    expect((await reading).get(lead.id)).toMatchObject({ accountId: after.id, account: { name: 'After' } });
  });
});

describe('updateRecords', () => {
  const update = (module: string, id: string, set: Record<string, never> | object) =>
    fixture.inTransaction(async (tx) => (await fixture.host.updateRecords(tx, module, [{ id, set: { ...set } }])).get(id));

  it('writes every type, and answers the record as it is afterwards', async () => {
    const [lead, owner, account] = [await fixture.lead(), await fixture.user(), await fixture.account()];
    const set = {
      name: 'Ünï "quoted" \\ 😀',
      stage: 'it\'s "odd", \\really',
      amount: 0.1,
      budget: 12.34,
      exact: '12345678901234567890.123456789',
      views: '9007199254740993',
      ratio: 1e-7,
      optIn: true,
      birthday: '2024-02-29',
      contactedAt: '2024-07-01T10:00:00.123Z',
      localAt: '2024-07-01T10:00:00.123Z',
      extra: { a: [1, 'x', null, { b: true }] },
      tags: ['{a,b}', 'NULL', '"', ''],
      labels: ['p', 'q'],
      kinds: ['c d', 'b'],
      address: { street: 'New St', since: '2021-05-05' },
      accountId: account.id,
      ownerId: String(owner.id),
    };
    const after = await update('leads', lead.id, set);
    expect(after).toMatchObject(set);
    expect(after?.version).toBe(2);
    expect(Date.parse(String(after?.updatedAt))).toBeGreaterThan(lead.updatedAt.getTime());
    const read = await fixture.inTransaction((tx) => fixture.host.findRecords(tx, 'leads', [lead.id], plain));
    expect(read.get(lead.id)).toEqual(after);
    const entity = await fixture.dataSource.getRepository(Lead).findOneOrFail({ where: { id: lead.id }, relations: { account: true } });
    expect(entity).toMatchObject({
      budget: 12.34,
      localAt: new Date(set.localAt),
      birthday: '2024-02-29',
      kinds: ['c d', 'b'],
      account: { id: account.id },
    });
    const [raw] = await fixture.dataSource.query('SELECT budget, jsonb_typeof(extra) AS extra FROM "crm leads"');
    expect(raw).toEqual({ budget: '1234', extra: 'object' });
  });

  it('clears what may be empty, and keeps JSON that is a text a text', async () => {
    const lead = await fixture.lead({ amount: '1', tags: ['x'], extra: {}, birthday: '2024-01-01', address: { street: 'S', since: null } });
    const set = { amount: null, extra: null, birthday: null, tags: [], budget: null, address: {} };
    expect(await update('leads', lead.id, set)).toMatchObject({ ...set, address: { street: null, since: null } });
    expect(await update('leads', lead.id, { extra: '{"not": "parsed"}' })).toMatchObject({ extra: '{"not": "parsed"}' });
  });

  it('takes numbers, booleans, dates and texts in the forms that templates render', async () => {
    const lead = await fixture.lead();
    const set = { amount: '12.50', optIn: 'true', birthday: '2024-03-01T23:59:00Z', contactedAt: '2024-03-01', name: 42 };
    expect(await update('leads', lead.id, set)).toMatchObject({
      amount: 12.5,
      optIn: true,
      birthday: '2024-03-01',
      contactedAt: '2024-03-01T00:00:00.000Z',
      name: '42',
    });
  });

  it('writes many records with one statement for each set of fields', async () => {
    const leads = await Promise.all([fixture.lead(), fixture.lead(), fixture.lead(), fixture.lead()]);
    fixture.forgetStatements();
    const patches = leads.map(({ id }, at) => ({ id, set: at % 2 === 0 ? { name: `N${at}`, amount: at } : { amount: at } }));
    const updated = await fixture.inTransaction((tx) => fixture.host.updateRecords(tx, 'leads', patches));
    expect(fixture.statements).toHaveLength(2);
    expect(leads.map(({ id }) => [updated.get(id)?.name, updated.get(id)?.amount])).toEqual([
      ['N0', 0],
      ['Ada', 1],
      ['N2', 2],
      ['Ada', 3],
    ]);
  });

  it('reaches no record that is deleted, absent or of another workspace', async () => {
    const leads = [await fixture.lead({ workspaceId: 'rival' }), await fixture.lead({ deletedAt: new Date() })];
    const deal = await fixture.deal({ workspaceId: 'rival' });
    const ids = [...leads.map(({ id }) => id), MISSING, 'abc'];
    await fixture.inTransaction(async (tx) => {
      const set = { name: 'Stolen' };
      expect(
        await fixture.host.updateRecords(
          tx,
          'leads',
          ids.map((id) => ({ id, set })),
        ),
      ).toEqual(new Map());
      expect(await fixture.host.updateRecords(tx, 'opportunities', [{ id: String(deal.id), set: { title: 'Stolen' } }])).toEqual(new Map());
    });
    expect(await fixture.dataSource.getRepository(Lead).count({ where: { name: 'Stolen' }, withDeleted: true })).toBe(0);
    expect(await fixture.dataSource.getRepository(Deal).countBy({ title: 'Stolen' })).toBe(0);
  });

  it('refuses unknown and unwritable fields, and values that do not fit, before anything is written', async () => {
    const lead = await fixture.lead();
    const code = async (set: object) =>
      update('leads', lead.id, set).then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
    expect(await code({ nmae: 'x' })).toBe('field_unknown');
    expect(await code({ secret: 'x' })).toBe('field_unknown');
    expect(await code({ id: MISSING })).toBe('field_not_writable');
    expect(await code({ workspaceId: 'rival' })).toBe('field_not_writable');
    expect(await code({ name: null })).toBe('value_required');
    expect(await code({ name: { $ne: 1 } })).toBe('value_invalid');
    expect(await code({ amount: 'a lot' })).toBe('value_invalid');
    expect(await code({ birthday: '2024-02-30' })).toBe('value_invalid');
    expect(await code({ stage: 'Nowhere' })).toBe('value_not_allowed');
    expect(await code({ address: { city: 'x' } })).toBe('field_unknown');
    expect((await fixture.dataSource.getRepository(Lead).findOneByOrFail({ id: lead.id })).version).toBe(1);
  });

  it("passes Postgres's own refusals on", async () => {
    const lead = await fixture.lead();
    await expect(update('leads', lead.id, { accountId: MISSING })).rejects.toMatchObject({ code: '23503' });
  });

  it('stores text that Postgres cannot hold with its odd characters replaced', async () => {
    const lead = await fixture.lead();
    expect(await update('leads', lead.id, { name: 'a\0b\ud800', extra: { 'k\0': '\0' } })).toMatchObject({ name: 'a\ufffdb\ufffd' });
  });

  it('goes through TypeORM for entities with update listeners, so that they run', async () => {
    const [owner, account] = [await fixture.user(), await fixture.account()];
    const deal = await fixture.deal();
    const after = await update('opportunities', String(deal.id), {
      title: 'New Title',
      amount: '70',
      closedAt: '2024-01-01T00:00:00.000Z',
      accountId: account.id,
      ownerId: String(owner.id),
    });
    expect(after).toMatchObject({ title: 'New Title', slug: 'new-title', amount: 70, accountId: account.id, ownerId: String(owner.id) });
    expect(await update('opportunities', String(deal.id), { ownerId: null, accountId: null })).toMatchObject({
      ownerId: null,
      accountId: null,
    });
  });

  it("lets the host's subscribers see the entity before and after, and change it", async () => {
    const seen: unknown[] = [];
    const subscriber: EntitySubscriberInterface<Lead> = {
      listenTo: () => Lead,
      beforeUpdate: (event: UpdateEvent<Lead>) => {
        const { entity, databaseEntity, updatedColumns } = event;
        seen.push([
          databaseEntity.name,
          entity?.name,
          entity?.contactedAt instanceof Date,
          updatedColumns.map(({ propertyName }) => propertyName).sort(),
        ]);
        if (entity) entity.extra = { audited: true };
      },
      afterUpdate: async ({ manager, databaseEntity }) => {
        await manager.query('UPDATE "crm leads" SET score = 99 WHERE id = $1', [databaseEntity.id]);
      },
    };
    const lead = await fixture.lead();
    await fixture.withSubscriber(subscriber, async () => {
      const after = await update('leads', lead.id, { name: 'Grace', contactedAt: '2024-01-01T00:00:00.000Z' });
      expect(after).toMatchObject({ name: 'Grace', extra: { audited: true }, score: 99, version: 2 });
    });
    expect(seen).toEqual([['Ada', 'Grace', true, ['contactedAt', 'name']]]);
  });

  it("writes in sets again when the host's subscribers are for other entities", async () => {
    const leads = [await fixture.lead(), await fixture.lead()];
    fixture.forgetStatements();
    await fixture.withSubscriber({ listenTo: () => Account, beforeUpdate: () => undefined }, () =>
      fixture.inTransaction((tx) =>
        fixture.host.updateRecords(
          tx,
          'leads',
          leads.map(({ id }) => ({ id, set: { name: 'x' } })),
        ),
      ),
    );
    expect(fixture.statements).toHaveLength(1);
  });

  it('leaves nothing behind when the transaction is rolled back', async () => {
    const lead = await fixture.lead();
    const failing = fixture.inTransaction(async (tx) => {
      await fixture.host.updateRecords(tx, 'leads', [{ id: lead.id, set: { name: 'Gone' } }]);
      throw new Error('undo');
    });
    await expect(failing).rejects.toThrow('undo');
    expect((await fixture.dataSource.getRepository(Lead).findOneByOrFail({ id: lead.id })).name).toBe('Ada');
  });
});

describe('tasks and notifications', () => {
  const task = { title: 'Call', description: null, assigneeId: null, dueAt: null, priority: null, record: null };

  it('creates tasks with one statement, in order, with defaults for what is not given', async () => {
    const assignee = await fixture.user();
    fixture.forgetStatements();
    const record = { module: 'leads', id: MISSING };
    const tasks = [
      { ...task, title: 'First', assigneeId: String(assignee.id), dueAt: '2024-05-06T07:08:09.000Z', priority: 'High', record },
      { ...task, title: 'Second' },
    ];
    const records = await fixture.inTransaction((tx) => fixture.host.createTasks(tx, tasks));
    expect(fixture.statements).toHaveLength(1);
    expect(records).toMatchObject([
      {
        title: 'First',
        assigneeId: String(assignee.id),
        due: '2024-05-06',
        priority: 'High',
        recordModule: 'leads',
        recordId: MISSING,
        workspaceId: 'acme',
      },
      { title: 'Second', assigneeId: null, due: null, priority: 'Normal', status: 'Open', recordModule: null },
    ]);
    const found = await fixture.inTransaction((tx) =>
      fixture.host.findRecords(
        tx,
        'tasks',
        records.map(({ id }) => String(id)),
        plain,
      ),
    );
    expect(records.map(({ id }) => found.get(String(id)))).toEqual(records);
    expect(fixture.host.taskModule).toBe('tasks');
  });

  it("shows what the host's insert subscribers made of a task", async () => {
    const subscriber: EntitySubscriberInterface<Task> = {
      listenTo: () => Task,
      beforeInsert: ({ entity }) => {
        entity.description = 'by subscriber';
      },
      afterInsert: async ({ manager, entity }) => {
        await manager.query('UPDATE work_items SET priority = $2 WHERE id = $1', [entity.id, 'Urgent']);
      },
    };
    const records = await fixture.withSubscriber(subscriber, () =>
      fixture.inTransaction((tx) => fixture.host.createTasks(tx, [task, task])),
    );
    expect(records).toMatchObject(Array(2).fill({ description: 'by subscriber', priority: 'Urgent' }));
  });

  it("creates notifications by the host's own mapping, bound to the workspace", async () => {
    const ids = await fixture.inTransaction((tx) =>
      fixture.host.createNotifications(tx, [
        { userId: '7', title: 'A', body: 'one', record: null },
        { userId: '8', title: 'B', body: null, record: null },
      ]),
    );
    const saved = await fixture.dataSource.getRepository(Notification).find({ order: { id: 'ASC' } });
    expect(saved).toEqual([
      { id: ids[0], workspaceId: 'acme', userId: 7, text: 'A: one' },
      { id: ids[1], workspaceId: 'acme', userId: 8, text: 'B: ' },
    ]);
  });

  it('says what to configure when it was not told where tasks, notifications or users are', async () => {
    const host = typeOrmCrm({ leads: { entity: Lead } });
    host.attach(fixture.dataSource);
    await fixture.inTransaction(async (tx) => {
      const refused = { code: 'crm_config_invalid' };
      await expect(host.createTasks(tx, [task])).rejects.toMatchObject(refused);
      await expect(host.createNotifications(tx, [])).rejects.toMatchObject(refused);
      await expect(host.findUsers(tx, { ids: ['1'] })).rejects.toMatchObject(refused);
      await expect(host.countOwned(tx, 'leads', ['1'])).rejects.toMatchObject({ code: 'owner_unknown' });
    });
  });
});

describe('people and stages', () => {
  it('finds active users of the workspace by id and by role, in order of id', async () => {
    const [first, second] = [await fixture.user({ roles: ['sales', 'admin'], email: 'a@b.c' }), await fixture.user({ roles: ['sales'] })];
    const away = await fixture.user({ roles: ['sales'], active: false });
    const foreign = await fixture.user({ roles: ['sales'], workspaceId: 'rival' });
    const ids = [second, first, away, foreign].map(({ id }) => String(id));
    await fixture.inTransaction(async (tx) => {
      expect(await fixture.host.findUsers(tx, { ids: [...ids, 'abc'] })).toEqual([
        { id: String(first.id), name: 'Grace Hopper', email: 'a@b.c', roles: ['sales', 'admin'] },
        { id: String(second.id), name: 'Grace Hopper', email: null, roles: ['sales'] },
      ]);
      const withRole = async (role: string) => (await fixture.host.findUsers(tx, { role })).map(({ id }) => id);
      expect(await withRole('sales')).toEqual([String(first.id), String(second.id)]);
      expect(await withRole('admin')).toEqual([String(first.id)]);
      expect(await withRole('nobody')).toEqual([]);
    });
  });

  it('takes conditions for active users, and people who are kept elsewhere', async () => {
    const reachable = await fixture.user({ email: 'x@y.z' });
    const silent = await fixture.user();
    const ids = [String(reachable.id), String(silent.id)];
    const byCondition = typeOrmCrm({}, { users: { entity: User, name: 'lastName', active: { email: Not(IsNull()) } } });
    byCondition.attach(fixture.dataSource);
    const kept = { id: 'u-1', name: 'Ada', email: null, roles: [] };
    const elsewhere = typeOrmCrm({}, { users: { find: async () => [kept] } });
    elsewhere.attach(fixture.dataSource);
    await fixture.inTransaction(async (tx) => {
      expect(await byCondition.findUsers(tx, { ids })).toEqual([{ id: ids[0], name: 'Hopper', email: 'x@y.z', roles: [] }]);
      expect(await elsewhere.findUsers(tx, { role: 'any' })).toEqual([kept]);
    });
  });

  it('counts what each user owns and is open', async () => {
    const [busy, idle] = [await fixture.user(), await fixture.user()];
    for (const stage of ['Prospecting', 'Proposal', 'Won']) await fixture.deal({ owner: busy, stage });
    await fixture.deal({ owner: busy, workspaceId: 'rival' });
    await fixture.lead({ ownerId: idle.id });
    await fixture.lead({ ownerId: idle.id, deletedAt: new Date() });
    const ids = [String(busy.id), String(idle.id), 'abc'];
    await fixture.inTransaction(async (tx) => {
      expect(await fixture.host.countOwned(tx, 'opportunities', ids)).toEqual(new Map([[ids[0], 2]]));
      expect(await fixture.host.countOwned(tx, 'leads', ids)).toEqual(new Map([[ids[1], 1]]));
    });
  });

  it('takes stages from an enum, a list, a function or rows', async () => {
    await fixture.dataSource.getRepository(Stage).save([
      { workspaceId: 'acme', name: 'Second', position: 2, minimum: 5 },
      { workspaceId: 'acme', name: 'First', position: 1, minimum: 5 },
      { workspaceId: 'acme', name: 'Other', position: 1, minimum: 6 },
      { workspaceId: 'rival', name: 'Foreign', position: 0, minimum: 5 },
    ]);
    const host = typeOrmCrm({
      listed: { entity: Deal, stage: 'stage', stages: ['A', 'B'] },
      asked: { entity: Deal, stage: 'stage', stages: async (record) => [`for ${record.amount}`] },
    });
    host.attach(fixture.dataSource);
    fixture.forgetStatements();
    await fixture.inTransaction(async (tx) => {
      expect(await fixture.host.findStages(tx, 'leads', {})).toEqual(['New', 'Qualified', 'Converted', 'it\'s "odd", \\really']);
      const records = [{ amount: 5 }, { amount: 5 }, { amount: 6 }, { amount: 'x' }];
      const stages = await Promise.all(records.map((record) => fixture.host.findStages(tx, 'opportunities', record)));
      expect(stages).toEqual([['First', 'Second'], ['First', 'Second'], ['Other'], []]);
      expect(fixture.statements).toHaveLength(2);
      expect(await fixture.host.findStages(tx, 'accounts', {})).toBeNull();
      expect(await host.findStages(tx, 'listed', {})).toEqual(['A', 'B']);
      expect(await host.findStages(tx, 'asked', { amount: 5 })).toEqual(['for 5']);
    });
    expect(host.describeModules()[0]?.fields.find(({ name }) => name === 'stage')?.options).toEqual(['A', 'B']);
  });
});
