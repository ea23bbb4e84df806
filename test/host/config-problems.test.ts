import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Column, CreateDateColumn, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { AutomationError, Problem } from '../../src/core/errors.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

@Entity('deals')
class Deal {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) stage!: string;
}

@Entity('shops')
class Shop {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) companyId!: string;
  @Column({ type: 'text' }) name!: string;
}

@Entity('chores')
class Chore {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) title!: string;
  @Column({ type: 'text', nullable: true }) doneBy!: string | null;
}

@Entity('errands')
class Errand {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) title!: string;
  @Column({ type: 'text', nullable: true }) assigneeId!: string | null;
  @Column({ type: 'timestamptz', nullable: true }) dueAt!: Date | null;
  @Column({ type: 'text' }) createdById!: string;
  @Column({ type: 'text' }) kind: string = 'errand';
  @Column({ type: 'integer', default: 0 }) position!: number;
  @CreateDateColumn() createdAt!: Date;
}

@Entity('messages')
class Message {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) userId!: string;
  @Column({ type: 'text' }) title!: string;
  @Column({ type: 'text' }) type!: string;
  @Column({ type: 'text' }) source!: string;
}

let database: TestDatabase;
let source: DataSource;
beforeAll(async () => {
  database = await createTestDatabase();
  source = await new DataSource({ type: 'postgres', url: database.url, entities: [Deal, Shop, Chore, Errand, Message] }).initialize();
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

const crm = (modules: unknown, options: unknown = {}) => typeOrmCrm(modules as never, options as never);

function problems(modules: unknown, options: unknown = {}): readonly Problem[] {
  try {
    crm(modules, options).attach(source);
    return [];
  } catch (error) {
    expect(error).toMatchObject({ code: 'crm_config_invalid' });
    return (error as AutomationError).problems ?? [];
  }
}

describe('what is wrong with the configuration of a CRM', () => {
  it('is told at once, with the path of each part and the names that are meant', () => {
    const found = problems(
      { shops: { entity: Shop }, deals: { entity: Deal, stage: 'stgae' } },
      { users: { entity: Shop }, tasks: { entity: Chore, properties: { assignee: 'doneby' } }, notifications: { entity: Shop } },
    );
    expect(found).toMatchObject([
      { path: 'shops', message: expect.stringContaining("Shop has no property 'workspaceId'") },
      { path: 'users (second argument)', message: expect.stringContaining("Shop has no property 'workspaceId'") },
      { path: 'deals', message: expect.stringContaining('\'stgae\'. Did you mean "stage"?') },
      { path: 'tasks (second argument)', message: expect.stringContaining('\'doneby\'. Did you mean "doneBy"?') },
      { path: 'notifications (second argument)', message: expect.stringContaining("Shop has no property 'workspaceId'") },
    ]);
  });

  it('is told of one entity at once: its tenant, its fields, its stage and its owner', () => {
    const option = { entity: Shop, stage: 'nmae', owner: 'ownr', fields: { colour: { hidden: true } } };
    expect(problems({ shops: option }).map(({ path, message }) => `${path}: ${message.slice(0, 70)}`)).toEqual([
      expect.stringContaining("shops: The entity Shop has no property 'workspaceId'"),
      expect.stringContaining('shops: '),
    ]);
    const { fields: _, ...plain } = option;
    expect(problems({ shops: plain })).toMatchObject([
      { path: 'shops', message: expect.stringContaining("Shop has no property 'workspaceId'") },
      { path: 'shops', message: expect.stringContaining("'ownr'") },
    ]);
    expect(problems({ shops: { ...plain, workspace: 'companyId', owner: undefined } })).toMatchObject([
      { path: 'shops', message: expect.stringContaining('\'nmae\'. Did you mean "name"?') },
    ]);
  });

  it.each<[string, unknown, unknown, string, RegExp]>([
    ['no object', null, {}, 'the first argument', /must be an object/],
    ['options that are none', {}, null, 'the second argument', /must be an object/],
    ['the entity itself', { deals: Deal }, {}, 'deals', /\{ entity: … \}/],
    ['an entity that is undefined', { deals: { entity: undefined } }, {}, 'deals.entity', /is undefined.*import each other/],
    ['no entity', { deals: {} }, {}, 'deals.entity', /is missing/],
    ['users that are undefined', {}, { users: { entity: undefined } }, 'users.entity (second argument)', /is undefined/],
    ['an unknown member', { deals: { entity: Deal, stages_: [] } }, {}, 'deals.stages_', /Did you mean "stages"/],
    ['an unknown option', { deals: { entity: Deal } }, { user: { entity: Shop } }, 'user (second argument)', /Did you mean "users"\?/],
    [
      'an event on an unknown field',
      { deals: { entity: Deal, events: { won: { on: 'changed', field: 'stgae' } } } },
      {},
      'deals',
      /won.*"stage"\?/,
    ],
    [
      'an event without a known rule',
      { deals: { entity: Deal, events: { won: { on: 'never' } } } },
      {},
      'deals',
      /no rule 'never'.*created/,
    ],
    [
      'notifications for nobody',
      {},
      { notifications: { entity: Chore } },
      'notifications (second argument)',
      /no property 'userId'.*recipientId/,
    ],
    [
      'notifications whose user goes nowhere',
      {},
      { notifications: { entity: Chore, properties: { user: null } } },
      'notifications (second argument)',
      /whom/,
    ],
  ])('is never a TypeError: %s', (_, modules, options, path, message) => {
    expect(problems(modules, options)).toMatchObject([{ path, message: expect.stringMatching(message) }]);
  });

  it('can be asked for without attaching anything', () => {
    const host = crm({ deals: { entity: Deal, stage: 'stgae' } });
    expect(() => host.check(source)).toThrow(expect.objectContaining({ code: 'crm_config_invalid' }));
    const right = crm({ deals: { entity: Deal } });
    right.check(source);
    expect(() => right.describeModules()).toThrow(expect.objectContaining({ code: 'crm_not_attached' }));
  });
});

describe('what a CRM cannot do as it is configured', () => {
  const warnings = (modules: unknown, options: unknown = {}) => {
    const host = crm(modules, options);
    host.attach(source);
    return host.warnings();
  };

  it('is warned of by name: a stage without stages, tasks without what they need', () => {
    expect(warnings({ deals: { entity: Deal, stage: 'stage' } }, { tasks: { entity: Chore } })).toEqual([
      "deals: nothing says which stages 'stage' may take; give `stages`.",
      expect.stringMatching(/^tasks: Chore has no property 'assigneeId', so the assignee of a task is lost/),
      expect.stringMatching(/^tasks: Chore has no property 'dueAt', so the dueAt of a task is lost/),
    ]);
  });

  it('is not warned of where the host has said so', () => {
    expect(
      warnings(
        { deals: { entity: Deal, stage: 'stage', stages: ['New'] } },
        { tasks: { entity: Chore, properties: { assignee: 'doneBy', dueAt: null } } },
      ),
    ).toEqual([]);
  });

  it('is warned of by name: columns that every insert needs and nobody fills', () => {
    const [one, two, ...more] = warnings({}, { tasks: { entity: Errand }, notifications: { entity: Message } });
    expect(one).toMatch(/^tasks: Errand wants 'createdById', .*give `map`/);
    expect(two).toMatch(/^notifications: Message wants 'type', 'source', /);
    expect(more).toEqual([]);
    const map = () => ({});
    expect(warnings({}, { tasks: { entity: Errand, map }, notifications: { entity: Message, map } })).toEqual([]);
  });
});

describe('the fields of a module', () => {
  const requiredOf = (entity: unknown, more: object = {}) => {
    const host = crm({ ones: { entity, ...more } });
    host.attach(source);
    return host
      .describeModules()
      .flatMap(({ fields }) => fields)
      .flatMap(({ name, required }) => (required ? [name] : []));
  };

  it('say which a new record needs: neither a default, nor its class, nor the module gives them a value', () => {
    expect(requiredOf(Errand)).toEqual(['title', 'createdById']);
    expect(requiredOf(Chore)).toEqual(['title']);
  });

  it('say nothing of it where the host fills in what it likes', () => {
    const subscriber = { listenTo: () => Errand, beforeInsert: () => undefined };
    source.subscribers.push(subscriber);
    try {
      expect([requiredOf(Errand), requiredOf(Chore)]).toEqual([[], ['title']]);
    } finally {
      source.subscribers.splice(source.subscribers.indexOf(subscriber), 1);
    }
  });
});
