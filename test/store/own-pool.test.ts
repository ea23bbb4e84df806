import { EventEmitter } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { BaseEntity, Column, DataSource, Entity, type Logger, PrimaryColumn } from 'typeorm';
import { isConnectionLoss } from '../../src/host/postgres-errors.js';
import { AutomationDatabase, outliveLostConnections } from '../../src/store/database.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import type { TestDatabase } from '../support/database.js';
import { createMigratedDatabase } from '../support/template-databases.js';

@Entity('asked_themselves')
class AskedItself extends BaseEntity {
  @PrimaryColumn('text')
  id!: string;

  @Column('text')
  name!: string;
}

describe('the pool of our own, whatever the host has set for its own', () => {
  let database: TestDatabase;
  let host: DataSource;
  let own: AutomationDatabase;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    host = new DataSource({
      type: 'postgres',
      url: database.url,
      isolationLevel: 'SERIALIZABLE',
      extra: { max: 1, statement_timeout: 77_000 },
    });
    own = new AutomationDatabase(host, { poolSize: 5, migrations: MIGRATIONS, migrate: 'auto' });
    await own.connect();
  });
  afterAll(async () => {
    await own.close();
    await database.drop();
  });

  it('takes one statement of a transaction after the other, however many are sent at once', async () => {
    let under = 0;
    let most = 0;
    const answers = await own.transaction(async (manager) => {
      const client = (await manager.queryRunner?.connect()) as { query(...args: unknown[]): Promise<unknown> };
      const { query } = client;
      client.query = async (...args) => {
        under += 1;
        most = Math.max(most, under);
        return query.apply(client, args).finally(() => {
          under -= 1;
        });
      };
      try {
        return await Promise.all([manager.query('SELECT 1 AS said'), manager.query('SELECT 2 AS said'), manager.query('SELECT 3 AS said')]);
      } finally {
        client.query = query;
      }
    });
    expect(most).toBe(1);
    expect(answers).toEqual([[{ said: 1 }], [{ said: 2 }], [{ said: 3 }]]);
  });

  it('has as many connections as it was told', async () => {
    let all = (): void => undefined;
    const together = new Promise<void>((resolve) => {
      all = resolve;
    });
    const backends = new Set<number>();
    const open = (): Promise<void> =>
      own.transaction(async (manager) => {
        const [{ pid }] = (await manager.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
        backends.add(pid);
        if (backends.size === 5) all();
        await together;
      });
    await Promise.all(Array.from({ length: 5 }, open));
    expect(backends.size).toBe(5);
  });

  it('reads what is committed: a router that waited for Pause must see it', async () => {
    const shown = await own.transaction((manager) => manager.query('SHOW transaction_isolation'));
    expect(shown).toEqual([{ transaction_isolation: 'read committed' }]);
  });

  it.each([
    { logging: undefined, heard: 0 },
    { logging: true, heard: 1 },
  ])('tells the host’s logger of its statements only when asked to: $logging', async ({ logging, heard }) => {
    const told: string[] = [];
    const logger = {
      logQuery: (sql: string) => told.push(sql),
      logSchemaBuild: () => undefined,
      logMigration: () => undefined,
    } as unknown as Logger;
    const loud = new DataSource({ type: 'postgres', url: database.url, logging: true, logger });
    const quiet = new AutomationDatabase(loud, { poolSize: 3, migrations: MIGRATIONS, migrate: 'auto', ...(logging && { logging }) });
    await quiet.connect();
    await quiet.dataSource.query('SELECT 4711');
    await quiet.close();
    expect(told.filter((sql) => sql === 'SELECT 4711')).toHaveLength(heard);
    expect(told.length > 0).toBe(heard > 0);
  });

  it('is closed even when a connection is never given back, and when one does not answer', async () => {
    const closing = new AutomationDatabase(host, { poolSize: 3, migrations: MIGRATIONS, migrate: 'auto' });
    await closing.connect();
    const pool = (closing.dataSource.driver as unknown as { master: Pool }).master;
    const kept = await pool.connect();
    const asking = await pool.connect();
    const cut = asking.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
    await closing.close(20);
    expect(() => closing.dataSource).toThrow('not connected');
    expect(isConnectionLoss(await cut)).toBe(true);
    await expect(kept.query('SELECT 1')).rejects.toThrow();
  });

  it('outlives a connection that is cut before anybody listens to it', () => {
    const [master, client] = [new EventEmitter(), new EventEmitter()];
    outliveLostConnections({ driver: { master } } as unknown as DataSource);
    for (const event of ['connect', 'acquire', 'acquire']) master.emit(event, client);
    expect(client.emit('error', new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(client.listenerCount('error')).toBe(1);
  });

  it('leaves entities that are asked themselves with the host’s pool, and knows them as the host has built them', async () => {
    const crm = await new DataSource({ type: 'postgres', url: database.url, entities: [AskedItself], synchronize: true }).initialize();
    const beside = new AutomationDatabase(crm, { poolSize: 3, migrations: MIGRATIONS, migrate: 'auto' });
    try {
      await beside.connect();
      expect(AskedItself.getRepository().manager.connection).toBe(crm);
      await AskedItself.save(AskedItself.create({ id: '1', name: 'Ada' }));
      expect(await beside.dataSource.getRepository(AskedItself).findOneBy({ id: '1' })).toEqual({ id: '1', name: 'Ada' });
      expect(beside.dataSource.getMetadata(AskedItself)).toBe(crm.getMetadata(AskedItself));
    } finally {
      await beside.close();
      await crm.destroy();
    }
  });

  it('keeps the rest of what the host says to its driver', async () => {
    expect(await own.dataSource.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '77s' }]);
  });
});
