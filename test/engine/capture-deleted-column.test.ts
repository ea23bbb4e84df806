import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** Soft-deleted by a boolean of its own. */
@Entity('tickets')
class Ticket {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) title!: string;
  @Column({ type: 'boolean', default: false }) isDeleted!: boolean;
}

/** Soft-deleted by a moment in a column that TypeORM takes for any other. */
@Entity('notes')
class Note {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) title!: string;
  @Column({ type: 'timestamptz', nullable: true }) archivedAt!: Date | null;
}

const KINDS = [
  { module: 'tickets', entity: Ticket, deleted: { isDeleted: true }, there: { isDeleted: false } },
  { module: 'notes', entity: Note, deleted: { archivedAt: new Date('2026-05-01T08:00:00Z') }, there: { archivedAt: null } },
] as const;

describe.each(['subscriber', 'database'] as const)('rows that a plain column marks as deleted, captured by the door %s', (door) => {
  let database: TestDatabase;
  let crm: DataSource;
  let app: AutomationApp;
  beforeAll(async () => {
    database = await createTestDatabase();
    crm = await new DataSource({ type: 'postgres', url: database.url, entities: [Ticket, Note], synchronize: true }).initialize();
    const host = typeOrmCrm({ tickets: { entity: Ticket, deleted: 'isDeleted' }, notes: { entity: Note, deleted: 'archivedAt' } });
    app = await startAutomationApp({ dataSource: crm, crm: host, capture: { tickets: door, notes: door } }, { database });
  });
  afterAll(async () => {
    await app?.close();
    await crm?.destroy();
    await database?.drop();
  });
  const taken = async (): Promise<string[]> => {
    const events = await app.query<{ event: string }>('SELECT event FROM automation.events ORDER BY id');
    await app.query('DELETE FROM automation.events');
    return events.map(({ event }) => event);
  };
  beforeEach(async () => {
    await taken();
  });

  it.each(KINDS)('$module: the mark is `deleted`, the end of it `updated`', async ({ entity, deleted, there }) => {
    const row = await crm.manager.save(crm.manager.create(entity as typeof Ticket, { workspaceId: 'acme', title: 'A' }));
    expect(await taken()).toEqual(['created']);
    await crm.manager.save(entity, { id: row.id, ...deleted } as never);
    expect(await taken()).toEqual(['deleted']);
    await crm.manager.save(entity, { id: row.id, ...there } as never);
    expect(await taken()).toEqual(['updated']);
  });

  it.each(KINDS)('$module: nothing is told of a row while it is marked, nor when it is removed at last', async ({ entity, deleted }) => {
    const values = { workspaceId: 'acme', title: 'A', ...deleted };
    const row = (await crm.manager.save(crm.manager.create(entity as typeof Ticket, values as never))) as unknown as Ticket;
    expect(await taken()).toEqual([]);
    await crm.manager.save(entity, { id: row.id, title: 'B' } as never);
    expect(await taken()).toEqual([]);
    await crm.manager.remove(await crm.manager.findOneByOrFail(entity as typeof Ticket, { id: row.id }));
    expect(await taken()).toEqual([]);
  });
});
