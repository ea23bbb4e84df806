import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, JoinTable, ManyToMany, PrimaryGeneratedColumn, type Relation, VirtualColumn } from 'typeorm';
import { addTag } from '../../src/actions/add-tag.js';
import { removeTag } from '../../src/actions/remove-tag.js';
import { CrmUnitOfWork } from '../../src/host/crm-session.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

@Entity('t_tags')
class Tag {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
}

@Entity('t_deals')
class Deal {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
  @ManyToMany(() => Tag)
  @JoinTable({ name: 't_deal_tags', joinColumn: { name: 'deal' }, inverseJoinColumn: { name: 'tag' } })
  tags!: Relation<Tag>[];
  @VirtualColumn({
    type: 'json',
    query: (deal) =>
      `SELECT coalesce(json_agg(t.name ORDER BY t.name), '[]') FROM t_deal_tags j JOIN t_tags t ON t.id = j.tag WHERE j.deal = ${deal}.id`,
  })
  tagNames!: string[];
}

const ORIGIN = { actor: { type: 'system', id: null }, cause: null, timezone: 'UTC' } as const;

describe('tags that are rows of their own', () => {
  let database: TestDatabase;
  let source: DataSource;
  const host = typeOrmCrm({
    deals: {
      entity: Deal,
      fields: { tagNames: { type: 'list' } },
      tags: {
        field: 'tagNames',
        async set({ manager, workspaceId }, id, names) {
          if (names.includes('forbidden')) throw new Error('the host says no');
          const known = await manager.findBy(Tag, { workspaceId });
          const made = names.filter((name) => !known.some((tag) => tag.name === name)).map((name) => ({ workspaceId, name }));
          const all = [...known, ...(await manager.save(Tag, made))];
          await manager.save(Deal, { id, tags: all.filter(({ name }) => names.includes(name)) });
        },
      },
    },
  });
  beforeAll(async () => {
    database = await createTestDatabase();
    source = await new DataSource({ type: 'postgres', url: database.url, entities: [Tag, Deal], synchronize: true }).initialize();
    host.attach(source);
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  const deal = async (): Promise<string> => (await source.getRepository(Deal).save({ workspaceId: 'acme', name: 'D' })).id;
  const tag = (id: string, action: typeof addTag, tags: string[], workspaceId = 'acme') =>
    source.transaction(async (manager) => {
      const unit = new CrmUnitOfWork(host, manager);
      const step = { crm: unit.forStep({ workspaceId, ...ORIGIN }), record: { module: 'deals', id }, module: unit.module('deals') };
      const output = await action.execute({ tags }, step as never);
      return { output, events: unit.takeEvents().map(({ event, changes }) => [event, changes]) };
    });

  it('are added and taken off by the host, each change an event like any other', async () => {
    const id = await deal();
    expect(await tag(id, addTag, ['vip', 'new'])).toEqual({
      output: { tags: ['new', 'vip'], added: ['new', 'vip'] },
      events: [['updated', { tagNames: { from: [], to: ['new', 'vip'] } }]],
    });
    expect(await tag(id, addTag, ['VIP'])).toEqual({ output: { tags: ['new', 'vip'], added: [] }, events: [] });
    expect(await tag(id, removeTag, ['new'])).toMatchObject({ output: { tags: ['vip'], removed: ['new'] } });
    const other = await deal();
    await tag(other, addTag, ['vip']);
    expect(await source.query('SELECT name FROM t_tags ORDER BY name')).toEqual([{ name: 'new' }, { name: 'vip' }]);
  });

  it('are written beside other fields, and to a new record', async () => {
    const id = await deal();
    const found = await source.transaction(async (manager) => {
      const tx = { manager, workspaceId: 'acme' };
      await host.updateRecords(tx, 'deals', [
        { id, set: { name: 'Both', tagNames: ['a'] } },
        { id: await deal(), set: { name: 'Plain' } },
      ]);
      const made = await host.createRecord(tx, 'deals', { name: 'Made', tagNames: ['b'] });
      return [...(await host.findRecords(tx, 'deals', [id, String(made.id)], { lock: false, relations: [] })).values()];
    });
    expect(found.map(({ name, tagNames }) => [name, tagNames])).toEqual(
      expect.arrayContaining([
        ['Both', ['a']],
        ['Made', ['b']],
      ]),
    );
  });

  it('reach no record of another workspace, and what the host throws keeps nothing', async () => {
    const id = await deal();
    await expect(tag(id, addTag, ['vip'], 'rival')).rejects.toMatchObject({ code: 'record_not_found' });
    await expect(tag(id, addTag, ['forbidden'])).rejects.toThrow('the host says no');
    expect(await source.query('SELECT 1 FROM t_deal_tags WHERE deal = $1', [id])).toEqual([]);
  });

  it('are refused at start where nothing shows them as a list', () => {
    const set = async (): Promise<void> => undefined;
    const wrong = typeOrmCrm({ deals: { entity: Deal, tags: { field: 'name', set } } });
    expect(() => wrong.attach(source)).toThrow(expect.objectContaining({ code: 'crm_config_invalid' }));
  });
});
