import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BeforeUpdate,
  ChildEntity,
  Column,
  DataSource,
  Entity,
  type EntitySubscriberInterface,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  TableInheritance,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import type { RecordData } from '../../src/core/event.js';
import type { Json, JsonObject } from '../../src/core/json.js';
import { CrmUnitOfWork } from '../../src/host/crm-session.js';
import { type TypeOrmCrmHost, typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

class CustomFields {
  @Column({ type: 'text', nullable: true }) note!: string | null;
  @Column({ type: 'numeric', precision: 8, scale: 2, nullable: true }) rate!: string | null;
  @Column({ type: 'text', default: 'kept', update: false }) origin!: string;
}

enum Priority {
  Low = 1,
  High = 2,
}

/** As entities of real CRMs are: values that the class assigns, getters that throw, relations that cascade. */
@Entity('w_orders')
class Order {
  @PrimaryGeneratedColumn({ type: 'bigint' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) state = 'New';
  @Column({ type: 'enum', enum: Priority, default: Priority.Low }) priority!: Priority;
  @Column({ type: 'numeric', precision: 12, scale: 2, default: 0 }) amount!: string;
  @Column({ type: 'bigint', default: 0 }) views!: string;
  @Column({ type: 'bigint', default: 0 }) clicks!: bigint;
  @Column({ type: 'jsonb', nullable: true }) settings!: unknown;
  @Column({ type: 'timestamptz', nullable: true }) paidAt!: Date | null;
  @Column(() => CustomFields) customFields!: CustomFields;
  @Column({ type: 'boolean', nullable: true }) removed!: boolean | null;
  @VersionColumn() version!: number;
  @UpdateDateColumn({ type: 'timestamptz' }) updatedAt!: Date;
  @OneToMany(
    () => Line,
    (line) => line.order,
    { cascade: true },
  )
  lines!: Relation<Line>[];

  get total(): number {
    throw new Error('the lines are not loaded');
  }
}

@Entity('w_lines')
class Line {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'text' }) sku!: string;
  @ManyToOne(
    () => Order,
    (order) => order.lines,
  )
  order!: Relation<Order>;
}

@Entity('w_parties')
@TableInheritance({ column: { type: 'text', name: 'kind' } })
class Party {
  @PrimaryColumn({ type: 'numeric', precision: 10, scale: 0 }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'timestamptz', nullable: true }) removedAt!: Date | null;
}

@ChildEntity('customer')
class Customer extends Party {
  @Column({ type: 'text', nullable: true }) segment!: string | null;
}

@ChildEntity('supplier')
class Supplier extends Party {
  @Column({ type: 'text', nullable: true }) slug!: string | null;

  @BeforeUpdate()
  makeSlug(): void {
    this.slug = this.name.toLowerCase();
  }
}

@Entity('w_members')
class Member {
  @PrimaryColumn({ type: 'text' }) teamId!: string;
  @PrimaryColumn({ type: 'text' }) userId!: string;
}

const entities = [Order, Line, Party, Customer, Supplier, Member];

describe('writes of workflows through the entities of a host', () => {
  let database: TestDatabase;
  let source: DataSource;
  const updates: { workspaceId: string; id: string; set: object }[] = [];
  const host = typeOrmCrm({
    orders: { entity: Order, deleted: 'removed' },
    parties: { entity: Party, deleted: 'removedAt' },
    suppliers: { entity: Supplier, deleted: 'removedAt' },
  });
  const served = typeOrmCrm({
    orders: {
      entity: Order,
      async update({ manager, workspaceId }, id, set) {
        updates.push({ workspaceId, id, set });
        if (set.state === 'Refused') throw new Error('the service says no');
        await manager.update(Order, { id }, set as object);
      },
    },
  });

  beforeAll(async () => {
    database = await createTestDatabase();
    source = await new DataSource({ type: 'postgres', url: database.url, entities, synchronize: true }).initialize();
    host.attach(source);
    served.attach(source);
  });
  afterEach(async () => {
    source.subscribers.length = 0;
    updates.length = 0;
    await source.query('TRUNCATE w_orders, w_lines, w_parties');
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  /** Writes as a step does, and returns the record's own fields. */
  const write = (
    module: string,
    id: string,
    change: JsonObject | ((record: RecordData) => JsonObject),
    { by = host, workspaceId = 'acme' }: { by?: TypeOrmCrmHost; workspaceId?: string } = {},
  ) =>
    source.transaction(async (manager) => {
      const unit = new CrmUnitOfWork(by, manager);
      const session = unit.forStep({ workspaceId, actor: { type: 'system', id: null }, cause: null });
      const { after } = await session.update({ module, id }, typeof change === 'function' ? change : () => change);
      return { after, events: unit.takeEvents() };
    });
  const read = (module: string, id: string, by = host) =>
    source.transaction(async (manager) =>
      (await by.findRecords({ manager, workspaceId: 'acme' }, module, [id], { lock: false, relations: [] })).get(id),
    );
  const order = async (values: object = {}): Promise<string> => {
    const saved = await source
      .getRepository(Order)
      .save({ workspaceId: 'acme', state: 'Open', lines: [{ sku: 'a' }, { sku: 'b' }], ...values });
    return saved.id;
  };
  const raw = async (id: string) => (await source.query('SELECT * FROM w_orders WHERE id = $1', [id]))[0];
  const lines = () => source.query('SELECT sku FROM w_lines WHERE "orderId" IS NOT NULL ORDER BY id');

  /** What a subscriber to every entity, as frameworks have them, got to see. */
  const subscribed = (more: EntitySubscriberInterface = {}) => {
    const seen: { entity: object | undefined; columns: string[]; name: string }[] = [];
    source.subscribers.push({
      beforeUpdate: ({ entity, updatedColumns }) => {
        const columns = updatedColumns.map(({ propertyPath }) => propertyPath);
        seen.push({ entity: entity && { ...entity }, columns, name: String(entity?.constructor.name) });
      },
      ...more,
    });
    return seen;
  };

  it.each(['alone', 'with a subscriber'])(
    'change what was asked, the version and the time of the update, and nothing else: %s',
    async (how) => {
      if (how !== 'alone') subscribed();
      const id = await order({ amount: '7.00', settings: { theme: 'dark' }, customFields: { note: 'old', rate: '1.50', origin: 'web' } });
      const before = await raw(id);
      const { after } = await write('orders', id, { priority: '2', amount: 12.5 });
      expect(after).toMatchObject({ id, state: 'Open', priority: '2', amount: 12.5, version: 2 });
      const { updatedAt, ...now } = await raw(id);
      expect(now).toEqual({ ...before, priority: '2', amount: '12.50', version: 2, updatedAt: undefined });
      expect(updatedAt.getTime()).toBeGreaterThan(before.updatedAt.getTime());
      expect(await lines()).toEqual([{ sku: 'a' }, { sku: 'b' }]);
    },
  );

  it('show subscribers an entity with its key and what changes, as the host declares it: no getter is called, nothing assigned by the way', async () => {
    const id = await order();
    const seen = subscribed();
    await write('orders', id, { amount: 12.5, views: 7, clicks: 8, priority: '2', paidAt: '2026-01-02T03:04:05Z' });
    expect(seen).toEqual([
      {
        name: 'Order',
        entity: { id, amount: '12.50', views: '7', clicks: 8n, priority: Priority.High, paidAt: new Date('2026-01-02T03:04:05Z') },
        columns: ['priority', 'amount', 'views', 'clicks', 'paidAt'],
      },
    ]);
  });

  it('take over what subscribers change, and what they save beside it', async () => {
    const id = await order();
    subscribed({
      beforeUpdate: ({ entity }) => {
        if (entity) entity.settings = { by: 'subscriber' };
      },
      afterUpdate: async ({ manager, entity }) => {
        if (entity && manager) await manager.save(Line, { sku: 'audit', order: { id } as Order });
        await manager.query(`UPDATE w_orders SET views = 9 WHERE id = ${id}`);
      },
    });
    const { after } = await write('orders', id, { state: 'Paid' });
    expect(after).toMatchObject({ state: 'Paid', settings: { by: 'subscriber' }, views: 9 });
    expect(await lines()).toEqual([{ sku: 'a' }, { sku: 'b' }, { sku: 'audit' }]);
  });

  it('go through the host’s own service where it names one, with the record locked, and what it throws fails the write', async () => {
    const [id, other] = [await order(), await order({ workspaceId: 'rival' })];
    const { after, events } = await write(
      'orders',
      id,
      { state: 'Paid', paidAt: '2026-01-02T03:04:05Z', 'customFields.note': 'n' },
      { by: served },
    );
    const set = { state: 'Paid', paidAt: new Date('2026-01-02T03:04:05Z'), customFields: { note: 'n' } };
    expect(updates).toEqual([{ workspaceId: 'acme', id, set }]);
    expect(after).toMatchObject({ state: 'Paid', version: 2, customFields: { note: 'n' } });
    expect(events.map(({ event }) => event)).toEqual(['updated']);
    await expect(write('orders', id, { state: 'Refused' }, { by: served })).rejects.toThrow('the service says no');
    await expect(write('orders', other, { state: 'Paid' }, { by: served })).rejects.toMatchObject({ code: 'record_not_found' });
    expect(await raw(id)).toMatchObject({ state: 'Paid' });
    expect(updates).toHaveLength(2);
  });

  it.each(['alone', 'with a subscriber'])('change one column of an embedded entity by itself: %s', async (how) => {
    const id = await order({ customFields: { note: 'old', rate: '1.50', origin: 'web' } });
    const seen = how === 'alone' ? [] : subscribed();
    const { after, events } = await write('orders', id, { 'customFields.note': 'new' });
    expect(after.customFields).toEqual({ note: 'new', rate: 1.5, origin: 'web' });
    expect(events).toMatchObject([{ changes: { customFields: { from: { note: 'old' }, to: { note: 'new' } } } }]);
    if (how !== 'alone') expect(seen).toMatchObject([{ entity: { id, customFields: { note: 'new' } }, columns: ['customFields.note'] }]);
    await write('orders', id, (record) => ({ 'customFields.rate': Number((record.customFields as JsonObject).rate) + 0.25 }));
    expect(await raw(id)).toMatchObject({ customFieldsNote: 'new', customFieldsRate: '1.75', customFieldsOrigin: 'web' });
  });

  it('refuse of an embedded entity what is none of its columns, what does not fit, and what is not to be written', async () => {
    const id = await order();
    const code = (set: JsonObject) =>
      write('orders', id, set).then(
        () => null,
        (error: { code: string }) => error.code,
      );
    expect(await code({ 'customFields.other': 1 })).toBe('field_unknown');
    expect(await code({ 'customFields.rate': 'many' })).toBe('value_invalid');
    expect(await code({ 'customFields.rate': 1.234 })).toBe('value_rounded');
    expect(await code({ 'customFields.origin': 'x' })).toBe('field_not_writable');
    expect(await code({ customFields: { note: 'n', origin: 'x' } })).toBe('field_not_writable');
    expect(await code({ customFields: { note: 'n', origin: 'kept' } })).toBeNull();
    expect(await code({ 'state.x': 1 })).toBe('field_unknown');
  });

  it.each<[string, Json, JsonObject, Json]>([
    ['beside others', { theme: 'dark', size: { w: 1, h: 2 } }, { 'settings.size.w': 5 }, { theme: 'dark', size: { w: 5, h: 2 } }],
    ['where there is nothing yet', null, { 'settings.size.w': 5 }, { size: { w: 5 } }],
    ['several at once', { a: 1 }, { 'settings.b': 2, 'settings.c': [3] }, { a: 1, b: 2, c: [3] }],
    ['after the whole', { a: 1 }, { settings: { z: 1 }, 'settings.b': 2 }, { z: 1, b: 2 }],
    ['to nothing', { a: 1, b: 2 }, { 'settings.a': null }, { a: null, b: 2 }],
  ])('change a part of a JSON column by its path: %s', async (_, settings, set, expected) => {
    const id = await order({ settings });
    const { after, events } = await write('orders', id, set);
    expect(after.settings).toEqual(expected);
    expect((await raw(id)).settings).toEqual(expected);
    expect(events).toMatchObject([{ changes: { settings: { from: settings, to: expected } } }]);
  });

  it('say what is in the way of a path, and write nothing for a part that has its value already', async () => {
    const id = await order({ settings: { list: [1], same: { a: 1 } } });
    await expect(write('orders', id, { 'settings.list.x': 1 })).rejects.toMatchObject({
      code: 'value_invalid',
      message: `'settings.list.x' of orders cannot be set: 'settings.list' of the record holds no object.`,
    });
    expect((await write('orders', id, { 'settings.same': { a: 1 } })).events).toEqual([]);
    expect(await raw(id)).toMatchObject({ version: 1 });
  });

  it('of several steps on one record leave what each set, whole or in part, in their order', async () => {
    const id = await order({ customFields: { note: 'n', rate: '1', origin: 'o' } });
    const after = await source.transaction(async (manager) => {
      const session = new CrmUnitOfWork(host, manager).forStep({ workspaceId: 'acme', actor: { type: 'system', id: null }, cause: null });
      const sets: JsonObject[] = [
        { 'customFields.note': 'lost' },
        { customFields: { rate: 3 } },
        { 'customFields.note': 'kept' },
        { 'settings.a': 1 },
      ];
      const results = await Promise.all(sets.map((set) => session.update({ module: 'orders', id }, () => set)));
      return results.map(({ after }) => [after.customFields, after.settings]);
    });
    const origin = 'o';
    expect(after).toEqual([
      [{ note: 'lost', rate: 1, origin }, null],
      [{ rate: 3 }, null],
      [{ note: 'kept', rate: 3 }, null],
      [{ note: 'kept', rate: 3, origin }, { a: 1 }],
    ]);
  });

  it('reach each class of a shared table as its own, by bigint and by numeric ids', async () => {
    await source.getRepository(Customer).save({ id: '7', workspaceId: 'acme', name: 'Ann', segment: 'A' });
    await source.getRepository(Supplier).save({ id: '8', workspaceId: 'acme', name: 'Bob' });
    const seen = subscribed();
    const [customer, supplier] = [await write('parties', '7', { name: 'Anne' }), await write('parties', '8', { name: 'Bobby' })];
    expect([customer.after, supplier.after]).toMatchObject([
      { id: '7', name: 'Anne' },
      { id: '8', name: 'Bobby' },
    ]);
    expect(seen.map(({ name }) => name)).toEqual(['Customer', 'Supplier']);
    expect(seen[0]?.entity).toEqual({ id: '7', name: 'Anne' });
    expect(await source.query('SELECT id, kind, name, segment, slug FROM w_parties ORDER BY id')).toEqual([
      { id: '7', kind: 'customer', name: 'Anne', segment: 'A', slug: null },
      { id: '8', kind: 'supplier', name: 'Bobby', segment: null, slug: 'bobby' },
    ]);
    await expect(write('suppliers', '7', { name: 'x' })).rejects.toMatchObject({ code: 'record_not_found' });
    expect((await write('suppliers', '8', { name: 'Rob' })).after).toMatchObject({ name: 'Rob', slug: 'rob' });
  });

  it('reach each class of a shared table as its own when steps of one moment write rows of both', async () => {
    await source.getRepository(Customer).save({ id: '7', workspaceId: 'acme', name: 'Ann', segment: 'A' });
    await source.getRepository(Supplier).save({ id: '8', workspaceId: 'acme', name: 'Bob' });
    const seen = subscribed();
    await source.transaction(async (manager) => {
      const session = new CrmUnitOfWork(host, manager).forStep({ workspaceId: 'acme', actor: { type: 'system', id: null }, cause: null });
      await Promise.all(['7', '8'].map((id) => session.update({ module: 'parties', id }, () => ({ name: `No ${id}` }))));
    });
    expect(seen.map(({ name }) => name).sort()).toEqual(['Customer', 'Supplier']);
    expect(await source.query('SELECT id, name, segment, slug FROM w_parties ORDER BY id')).toEqual([
      { id: '7', name: 'No 7', segment: 'A', slug: null },
      { id: '8', name: 'No 8', segment: null, slug: 'no 8' },
    ]);
  });

  it('find no row that a plain column marks as deleted: a boolean, or a date', async () => {
    const [gone, kept] = [await order({ removed: true }), await order({ removed: false })];
    await source.getRepository(Customer).save({ id: '9', workspaceId: 'acme', name: 'Old', removedAt: new Date() });
    expect([await read('orders', gone), await read('parties', '9')]).toEqual([undefined, undefined]);
    expect(await read('orders', kept)).toMatchObject({ id: kept });
    for (const [module, id] of [
      ['orders', gone],
      ['parties', '9'],
    ] as const) {
      await expect(write(module, id, module === 'orders' ? { state: 'x' } : { name: 'x' })).rejects.toMatchObject({
        code: 'record_not_found',
      });
    }
    const counted = typeOrmCrm({
      orders: { entity: Order, deleted: 'removed', owner: 'state' },
      lines: { entity: Line, workspace: null },
    });
    counted.attach(source);
    await source.transaction(async (manager) => {
      const tx = { manager, workspaceId: 'acme' };
      expect(await counted.countOwned(tx, 'orders', ['Open'])).toEqual(new Map([['Open', 1]]));
      expect(await counted.findReferenced(tx, 'lines', 'orderId', [gone, kept])).toEqual(new Set([kept]));
    });
    await expect(write('orders', kept, { removed: true })).rejects.toMatchObject({ code: 'field_not_writable' });
  });

  it('are refused for a key of several columns, with a sentence', () => {
    const composite = typeOrmCrm({ members: { entity: Member } });
    expect(() => composite.attach(source)).toThrow(
      'The entity Member has a key of several columns (teamId, userId); a record is found by one id.',
    );
  });
});
