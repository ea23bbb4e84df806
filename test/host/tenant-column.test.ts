import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, type EntitySubscriberInterface, PrimaryGeneratedColumn } from 'typeorm';
import { hasSubscriber } from '../../src/host/typeorm/entity-table.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

@Entity('errands')
class Errand {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) tenant!: string;
  @Column({ type: 'text' }) title!: string;
}

class UrgentErrand extends Errand {}

let database: TestDatabase;
let source: DataSource;
beforeAll(async () => {
  database = await createTestDatabase();
  source = await new DataSource({ type: 'postgres', url: database.url, entities: [Errand], synchronize: true }).initialize();
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

describe('a module that names the column of its workspace', () => {
  it('keeps its records apart by it, those that steps create as its tasks too', async () => {
    const host = typeOrmCrm({ errands: { entity: Errand, workspace: 'tenant' } }, { tasks: { entity: Errand } });
    host.attach(source);
    expect(host.taskModule).toBe('errands');
    const within = <T>(workspaceId: string, work: (tx: { manager: typeof source.manager; workspaceId: string }) => Promise<T>) =>
      source.transaction((manager) => work({ manager, workspaceId }));
    const task = { title: 'Call', description: null, assigneeId: null, dueAt: null, priority: null, record: null };
    const [created] = await within('acme', (tx) => host.createTasks(tx, [task]));
    expect(await source.getRepository(Errand).find()).toEqual([{ id: created?.id, tenant: 'acme', title: 'Call' }]);
    const found = (workspaceId: string) =>
      within(workspaceId, (tx) => host.findRecords(tx, 'errands', [String(created?.id)], { lock: false, relations: [] }));
    expect((await found('acme')).size).toBe(1);
    expect((await found('rival')).size).toBe(0);
  });
});

describe('a subscriber of the host', () => {
  class Other {}
  it.each<[string, EntitySubscriberInterface['listenTo'], boolean]>([
    ['nobody in particular', undefined, true],
    ['nothing', () => undefined as never, true],
    ['everything', () => Object, true],
    ['the entity', () => UrgentErrand, true],
    ['its base class', () => Errand, true],
    ['another entity', () => Other, false],
  ])('that listens to %s: %s', (_, listenTo, listens) => {
    const subscriber: EntitySubscriberInterface = { ...(listenTo && { listenTo }), afterInsert: () => undefined };
    source.subscribers.push(subscriber);
    try {
      expect(hasSubscriber(source, UrgentErrand, ['afterInsert'])).toBe(listens);
      expect(hasSubscriber(source, UrgentErrand, ['afterLoad', 'afterUpdate'])).toBe(false);
    } finally {
      source.subscribers.pop();
    }
  });
});
