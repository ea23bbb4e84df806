import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  type EntitySubscriberInterface,
  In,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';
import type { JsonObject } from '../../src/core/json.js';
import type { CrmTransaction } from '../../src/host/crm-host.js';
import { CrmUnitOfWork } from '../../src/host/crm-session.js';
import { type TypeOrmCrmHost, typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** A shop whose orders belong to channels, as Vendure's do, and whose people may work for several companies. */

@Entity('channels')
class Channel {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'text', default: '' }) code!: string;
}

@Entity('currencies')
class Currency {
  @PrimaryGeneratedColumn() id!: number;
}

@Entity('people')
class Person {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'text', array: true, default: [] }) roles!: string[];
  @ManyToMany(() => Channel)
  @JoinTable()
  channels?: Relation<Channel>[];
}

/** As many CRMs have it: one text for the whole name, one role. */
@Entity('colleagues')
class Colleague {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'integer' }) channelId!: number;
  @Column({ type: 'text' }) fullName!: string;
  @Column({ type: 'text' }) role!: string;
}

/** Roles that are rows of their own, and nothing but an address to call somebody by. */
@Entity('accounts')
class Account {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'integer' }) channelId!: number;
  @Column({ type: 'text' }) email!: string;
  @ManyToMany(() => Channel)
  @JoinTable()
  roles?: Relation<Channel>[];
}

@Entity('members')
class Membership {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Person) person?: Relation<Person>;
  @Column({ type: 'integer' }) channelId!: number;
  @Column({ type: 'text' }) role!: string;
  @Column({ type: 'boolean', default: true }) active!: boolean;
}

@Entity('orders')
class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'text' }) state!: string;
  @Column({ type: 'integer', nullable: true }) ownerId!: number | null;
  @ManyToMany(() => Channel)
  @JoinTable()
  channels?: Relation<Channel>[];
  @ManyToOne(() => Currency, { nullable: true }) currency?: Relation<Currency> | null;
  @ManyToOne(() => Person, { nullable: true }) reviewer?: Relation<Person> | null;
  @DeleteDateColumn({ type: 'timestamptz' }) deletedAt!: Date | null;
}

@Entity('invoices')
class Invoice {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'text', default: 'open' }) state!: string;
  @ManyToOne(() => Order, { nullable: true }) order?: Relation<Order> | null;
}

@Entity('shop_states')
class ShopState {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'integer', default: 0 }) position!: number;
  @ManyToOne(() => Channel) channel?: Relation<Channel>;
}

@Entity('chores')
class Chore {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'text' }) title!: string;
  @ManyToOne(() => Order, { nullable: true }) order?: Relation<Order> | null;
}

@Entity('rings')
class Ring {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'integer' }) userId!: number;
  @Column({ type: 'text' }) title!: string;
}

const inChannel = (workspaceId: string) => ({ channels: { id: Number(workspaceId) } });
const ofOrder = (workspaceId: string) => ({ order: inChannel(workspaceId) });

let database: TestDatabase;
let source: DataSource;
let one: Channel;
let two: Channel;
beforeAll(async () => {
  database = await createTestDatabase();
  const entities = [Channel, Currency, Person, Colleague, Account, Membership, Order, Invoice, ShopState, Chore, Ring];
  source = await new DataSource({ type: 'postgres', url: database.url, entities, synchronize: true }).initialize();
  [one, two] = (await source.getRepository(Channel).save([{ code: 'one' }, { code: 'two' }])) as [Channel, Channel];
});
afterEach(async () => {
  await source.query('TRUNCATE people, colleagues, accounts, members, orders, invoices, shop_states, chores, rings, currencies CASCADE');
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

function shop(users: Parameters<typeof typeOrmCrm>[1] = {}): TypeOrmCrmHost {
  const host = typeOrmCrm(
    {
      orders: {
        entity: Order,
        where: inChannel,
        stage: 'state',
        owner: 'ownerId',
        stages: { entity: ShopState, where: (workspaceId: string) => ({ channel: { id: Number(workspaceId) } }) },
      },
      invoices: { entity: Invoice, where: ofOrder },
    },
    users,
  );
  host.attach(source);
  return host;
}

function inWorkspace<T>(channel: Channel | string, work: (tx: CrmTransaction) => Promise<T>): Promise<T> {
  const workspaceId = typeof channel === 'string' ? channel : String(channel.id);
  return source.transaction((manager) => work({ manager, workspaceId }));
}

function order(channels: Channel[], values: Partial<Order> = {}): Promise<Order> {
  return source.getRepository(Order).save({ state: 'New', channels, ...values });
}

describe('an entity without the property that holds the workspace', () => {
  const attach = (modules: object, options: object = {}) => typeOrmCrm(modules as never, options as never).attach(source);
  const none = { code: 'crm_config_invalid' };
  it.each<[string, object, object]>([
    ['a module', { orders: { entity: Order } }, {}],
    ['the users', {}, { users: { entity: Person } }],
    ['the tasks', {}, { tasks: { entity: Chore } }],
    ['the notifications', {}, { notifications: { entity: Ring } }],
    ['the stages', { orders: { entity: Order, workspace: null, stage: 'state', stages: { entity: ShopState } } }, {}],
    ['the members', {}, { users: { entity: Person, members: { entity: Membership, user: 'person' } } }],
  ])('refuses to start: %s', (_, modules, options) => {
    expect(() => attach(modules, options)).toThrow(expect.objectContaining(none));
  });

  it('says which entity, which property, and what to write', () => {
    expect(() => attach({ orders: { entity: Order } })).toThrow(
      expect.objectContaining({
        problems: [
          {
            path: 'orders',
            message: expect.stringMatching(
              /^The entity Order has no property 'workspaceId', so nothing says .*workspace: 'companyId'.*`where`.*`workspace: null`/,
            ),
          },
        ],
      }),
    );
  });

  it('starts when `workspace: null` is written for it, and every workspace sees its rows', async () => {
    const host = typeOrmCrm(
      { orders: { entity: Order, workspace: null, stage: 'state', stages: { entity: ShopState, workspace: null } } },
      {
        users: { entity: Person, workspace: null },
        tasks: { entity: Chore, workspace: null },
        notifications: { entity: Ring, workspace: null },
      },
    );
    host.attach(source);
    const { id } = await order([one]);
    const found = await inWorkspace('anybody', (tx) => host.findRecords(tx, 'orders', [String(id)], { lock: false, relations: [] }));
    expect(found.size).toBe(1);
  });

  it('is no matter to a CRM of one workspace', () => {
    expect(() => attach({ orders: { entity: Order } }, { workspace: null, users: { entity: Person } })).not.toThrow();
  });

  it('may name a to-one relation in its place', async () => {
    const host = typeOrmCrm({ states: { entity: ShopState, workspace: 'channel' } });
    host.attach(source);
    const { id } = await source.getRepository(ShopState).save({ name: 'New', channel: one });
    const find = (channel: Channel) =>
      inWorkspace(channel, (tx) => host.findRecords(tx, 'states', [String(id)], { lock: true, relations: [] }));
    expect((await find(one)).size).toBe(1);
    expect((await find(two)).size).toBe(0);
  });

  it('cannot be written as somebody’s members: those belong to a workspace', () => {
    const members = { entity: Membership, user: 'person' };
    expect(() => attach({}, { workspace: null, users: { entity: Person, members } })).toThrow(expect.objectContaining(none));
    expect(() => attach({}, { users: { entity: Person, members: { ...members, user: 'nobody' } } })).toThrow(/no property 'nobody'/);
    expect(() => attach({}, { users: { entity: Person, members: { entity: 'Nothing' } } })).toThrow(/not one of the DataSource/);
  });
});

describe('a reference to an entity of which nothing says whose its rows are', () => {
  const writable = (host: TypeOrmCrmHost, field: string) =>
    host
      .describeModules()
      .find(({ name }) => name === 'orders')
      ?.fields.find(({ name }) => name === field)?.writable;

  it('cannot be written by workflows, unless the host says that everybody may refer to all of them', () => {
    expect(writable(shop(), 'currencyId')).toBe(false);
    const open = typeOrmCrm({ orders: { entity: Order, where: inChannel, fields: { currencyId: { writable: true } } } });
    open.attach(source);
    expect(writable(open, 'currencyId')).toBe(true);
  });

  it('is looked up among the workspace’s people when it points at users', async () => {
    const host = shop({ users: { entity: Person, where: inChannel } });
    const mine = await source.getRepository(Person).save({ name: 'Ada', channels: [one] });
    const theirs = await source.getRepository(Person).save({ name: 'Bob', channels: [two] });
    expect(writable(host, 'reviewerId')).toBe(true);
    const ids = [String(mine.id), String(theirs.id)];
    expect(await inWorkspace(one, (tx) => host.findReferenced(tx, 'orders', 'reviewerId', ids))).toEqual(new Set([String(mine.id)]));
  });
});

describe('people who may belong to several workspaces', () => {
  const byWhere = () => shop({ users: { entity: Person, where: inChannel } });
  const byMembers = () =>
    shop({ users: { entity: Person, members: { entity: Membership, user: 'person', workspace: 'channelId', roles: 'role' } } });

  async function person(name: string, channels: Channel[], role = 'agent'): Promise<string> {
    const { id } = await source.getRepository(Person).save({ name, roles: [role], channels });
    await source.getRepository(Membership).save(channels.map((channel) => ({ person: { id }, channelId: channel.id, role })));
    return String(id);
  }

  it.each([
    ['by a relation to their workspaces', byWhere],
    ['by an entity of memberships', byMembers],
  ])('are found in each of theirs, by id and by role: %s', async (_, host) => {
    const crm = host();
    const inOne = await person('Ada', [one]);
    const inBoth = await person('Bob', [one, two]);
    const ids = (channel: Channel | string, query: { ids: readonly string[] } | { role: string }) =>
      inWorkspace(channel, async (tx) => (await crm.findUsers(tx, query)).map(({ id }) => id));
    expect(await ids(one, { role: 'agent' })).toEqual([inOne, inBoth]);
    expect(await ids(two, { role: 'agent' })).toEqual([inBoth]);
    expect(await ids(two, { ids: [inOne, inBoth, '0', 'nobody'] })).toEqual([inBoth]);
    expect(await ids(one, { role: 'manager' })).toEqual([]);
    expect(await ids('no-number', { role: 'agent' })).toEqual([]);
    expect(await ids('no-number', { ids: [inOne] })).toEqual([]);
  });

  it('have the roles that they have there', async () => {
    const crm = byMembers();
    const id = Number(await person('Ada', [one], 'agent'));
    await source.getRepository(Membership).save([
      { person: { id }, channelId: one.id, role: 'lead' },
      { person: { id }, channelId: two.id, role: 'manager' },
      { person: { id }, channelId: two.id, role: 'owner', active: false },
    ]);
    const roles = (channel: Channel, role: string) =>
      inWorkspace(channel, async (tx) => (await crm.findUsers(tx, { role })).map((user) => [...user.roles].sort()));
    expect(await roles(one, 'agent')).toEqual([['agent', 'lead']]);
    expect(await roles(two, 'manager')).toEqual([['manager']]);
    expect(await roles(two, 'agent')).toEqual([]);
    expect(await roles(two, 'owner')).toEqual([]);
  });

  it('may have one role everywhere', async () => {
    const crm = shop({
      users: { entity: Person, members: { entity: Membership, user: 'person', workspace: 'channelId', active: { active: true } } },
    });
    const ada = await person('Ada', [one], 'agent');
    await person('Bob', [two], 'agent');
    const found = await inWorkspace(one, (tx) => crm.findUsers(tx, { role: 'agent' }));
    expect(found).toMatchObject([{ id: ada, roles: ['agent'] }]);
  });
});

describe('people of whom nobody says where their names and roles are', () => {
  it('go by what most CRMs have: a full name, and one role', async () => {
    const crm = shop({ users: { entity: Colleague, workspace: 'channelId' } });
    const { id } = await source.getRepository(Colleague).save({ channelId: one.id, fullName: 'Ada Lovelace', role: 'agent' });
    const ada = { id: String(id), name: 'Ada Lovelace', email: null, roles: ['agent'] };
    expect(await inWorkspace(one, (tx) => crm.findUsers(tx, { role: 'agent' }))).toEqual([ada]);
    expect(await inWorkspace(one, (tx) => crm.findUsers(tx, { role: 'manager' }))).toEqual([]);
  });

  it('have no roles where these are rows of their own, and an address for a name where there is nothing else', async () => {
    const crm = shop({ users: { entity: Account, workspace: 'channelId' } });
    const { id } = await source.getRepository(Account).save({ channelId: one.id, email: 'ada@shop.test', roles: [one] });
    const ada = { id: String(id), name: 'ada@shop.test', email: 'ada@shop.test', roles: [] };
    expect(await inWorkspace(one, (tx) => crm.findUsers(tx, { ids: [String(id)] }))).toEqual([ada]);
    expect(await inWorkspace(one, (tx) => crm.findUsers(tx, { role: '1' }))).toEqual([]);
    expect(() => shop({ users: { entity: Account, workspace: 'channelId', roles: 'roles' } })).toThrow(
      "The entity Account has no column for the property 'roles'",
    );
  });

  it('are refused where nothing names them, with what to write', () => {
    expect(() => shop({ users: { entity: Currency, workspace: null } })).toThrow(
      /Nothing says what Currency calls people: it has no property name, firstName and lastName, fullName.*users: \{ entity: User, name:/s,
    );
  });
});

describe('records that belong to a workspace by the host’s `where`', () => {
  const read = (host: TypeOrmCrmHost, channel: Channel | string, id: number, lock = false) =>
    inWorkspace(channel, (tx) => host.findRecords(tx, 'orders', [String(id)], { lock, relations: [] }));

  it('are read and locked in their own workspaces only', async () => {
    const host = shop();
    const { id } = await order([one]);
    const shared = await order([one, two]);
    for (const lock of [false, true]) {
      expect((await read(host, one, id, lock)).size).toBe(1);
      expect((await read(host, two, id, lock)).size).toBe(0);
      expect((await read(host, two, shared.id, lock)).size).toBe(1);
      expect((await read(host, 'abc', id, lock)).size).toBe(0);
    }
  });

  it('are written in their own workspaces only, with subscribers and without', async () => {
    const host = shop();
    const { id } = await order([one]);
    const write = (channel: Channel, state: string) =>
      inWorkspace(channel, (tx) => host.updateRecords(tx, 'orders', [{ id: String(id), set: { state } }]));
    const watching: EntitySubscriberInterface<Order> = { listenTo: () => Order, beforeUpdate: () => undefined };
    for (const [mine, theirs, subscribers] of [
      ['A', 'B', []],
      ['C', 'D', [watching]],
    ] as const) {
      source.subscribers.push(...subscribers);
      try {
        expect((await write(one, mine)).get(String(id))).toMatchObject({ state: mine });
        expect((await write(two, theirs)).size).toBe(0);
        expect(await source.getRepository(Order).findOneBy({ id })).toMatchObject({ state: mine });
      } finally {
        source.subscribers.splice(0);
      }
    }
  });

  it('are counted, referred to and nested in their own workspaces only', async () => {
    const host = shop();
    const mine = await order([one], { ownerId: 7 });
    const theirs = await order([two], { ownerId: 7 });
    const invoice = await source.getRepository(Invoice).save({ order: mine });
    await inWorkspace(one, async (tx) => {
      expect(await host.countOwned(tx, 'orders', ['7'])).toEqual(new Map([['7', 1]]));
      const ids = [String(mine.id), String(theirs.id)];
      expect(await host.findReferenced(tx, 'invoices', 'orderId', ids)).toEqual(new Set([String(mine.id)]));
      const found = await host.findRecords(tx, 'invoices', [String(invoice.id)], { lock: true, relations: ['order'] });
      expect(found.get(String(invoice.id))).toMatchObject({ order: { id: String(mine.id) } });
    });
    await inWorkspace('abc', async (tx) => expect((await host.countOwned(tx, 'orders', ['7'])).size).toBe(0));
  });

  it('have the stages of their workspace', async () => {
    const host = shop();
    await source.getRepository(ShopState).save([
      { name: 'New', channel: one },
      { name: 'Rival', channel: two },
    ]);
    const { id } = await order([one, two]);
    const stages = (channel: Channel | string) =>
      inWorkspace(channel, (tx) => host.findStages(tx, 'orders', { id: String(id), state: 'New' }));
    expect(await stages(one)).toEqual(['New']);
    expect(await stages(two)).toEqual(['Rival']);
    expect(await stages('abc')).toEqual([]);
  });

  it('cannot be moved out of it by a change: the step fails, and nothing is kept', async () => {
    const host = typeOrmCrm({ orders: { entity: Order, where: (workspaceId) => ({ state: workspaceId }) } });
    host.attach(source);
    const { id } = await order([], { state: 'here' });
    const move = () =>
      inWorkspace('here', (tx) => {
        const session = new CrmUnitOfWork(host, tx.manager).forStep({
          workspaceId: 'here',
          actor: { type: 'system' } as never,
          cause: null,
        });
        return session.update({ module: 'orders', id: String(id) }, () => ({ state: 'there' }));
      });
    await expect(move()).rejects.toMatchObject({ code: 'outside_workspace' });
    source.subscribers.push({ listenTo: () => Order, beforeUpdate: () => undefined });
    await expect(move()).rejects.toMatchObject({ code: 'outside_workspace' });
    source.subscribers.splice(0);
    expect(await source.getRepository(Order).findOneBy({ id })).toMatchObject({ state: 'here' });
  });

  it('cannot be moved out of it beside others, whose changes stand', async () => {
    const host = typeOrmCrm({ orders: { entity: Order, where: (workspaceId) => ({ state: workspaceId }) } });
    host.attach(source);
    const [mover, stayer] = [await order([], { state: 'here' }), await order([], { state: 'here' })];
    await inWorkspace('here', async (tx) => {
      const unit = new CrmUnitOfWork(host, tx.manager);
      const update = (id: number, set: JsonObject) =>
        unit
          .forStep({ workspaceId: 'here', actor: { type: 'system' } as never, cause: null })
          .update({ module: 'orders', id: String(id) }, () => set);
      const [moved, stayed] = await Promise.allSettled([update(mover.id, { state: 'there' }), update(stayer.id, { ownerId: 3 })]);
      expect(moved).toMatchObject({ status: 'rejected', reason: { cause: { code: 'outside_workspace' } } });
      expect(stayed).toMatchObject({ status: 'fulfilled', value: { after: { ownerId: 3 } } });
    });
    expect(await source.getRepository(Order).findOneBy({ id: mover.id })).toMatchObject({ state: 'here' });
    expect(await source.getRepository(Order).findOneBy({ id: stayer.id })).toMatchObject({ ownerId: 3 });
  });

  it('are created within it, or not at all', async () => {
    const mine = await order([one]);
    const tasks = { entity: Chore, where: ofOrder };
    const task = { title: 'Pack', description: null, assigneeId: null, dueAt: null, priority: null, record: null };
    const mapped = shop({ tasks: { ...tasks, map: () => ({ title: 'Pack', order: { id: mine.id } }) } });
    expect(await inWorkspace(one, (tx) => mapped.createTasks(tx, [task]))).toMatchObject([{ title: 'Pack' }]);
    await expect(inWorkspace(two, (tx) => mapped.createTasks(tx, [task]))).rejects.toMatchObject({ code: 'outside_workspace' });
    const unmapped = shop({ tasks });
    await expect(inWorkspace(one, (tx) => unmapped.createTasks(tx, [task]))).rejects.toMatchObject({ code: 'outside_workspace' });
    expect(await source.getRepository(Chore).count()).toBe(1);
  });
});

describe('the conditions of a `where`', () => {
  const find = (where: (workspaceId: string) => object | object[] | null, workspaceId: string) => async (id: number) => {
    const host = typeOrmCrm({ orders: { entity: Order, where: where as never } });
    host.attach(source);
    return (await inWorkspace(workspaceId, (tx) => host.findRecords(tx, 'orders', [String(id)], { lock: false, relations: [] }))).size;
  };

  it('may be several, of which one is enough, or operators', async () => {
    const { id } = await order([one]);
    const either = (workspaceId: string) => [{ state: workspaceId }, inChannel(workspaceId)];
    expect(await find(either, String(one.id))(id)).toBe(1);
    expect(await find(either, 'New')(id)).toBe(1);
    expect(await find(either, String(two.id))(id)).toBe(0);
    expect(await find((workspaceId) => ({ state: In([workspaceId]) }), 'New')(id)).toBe(1);
    expect(await find((workspaceId) => ({ state: In([workspaceId]) }), 'Old')(id)).toBe(0);
  });

  it('never show deleted rows', async () => {
    const { id } = await order([one], { deletedAt: new Date() });
    expect(await find(inChannel, String(one.id))(id)).toBe(0);
  });

  it('that are null, or ask for something that is missing, show nothing', async () => {
    const { id } = await order([one]);
    expect(await find(() => null, String(one.id))(id)).toBe(0);
    expect(await find(() => ({ channels: { id: undefined } }), String(one.id))(id)).toBe(0);
    expect(await find(() => ({ state: null }), String(one.id))(id)).toBe(0);
  });

  it.each([
    ['none at all', () => ({})],
    ['none of a relation', () => ({ channels: {} })],
    ['one that is open', () => [{ state: 'New' }, {}]],
  ])('that would show every row are refused: %s', async (_, where) => {
    const { id } = await order([two]);
    await expect(find(where, String(one.id))(id)).rejects.toMatchObject({
      code: 'crm_config_invalid',
      message: expect.stringContaining('Order'),
    });
  });
});
