import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import { AutomationDatabase } from '../../src/store/database.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import type { TestDatabase } from '../support/database.js';
import { createMigratedDatabase } from '../support/template-databases.js';

describe.each(['repeatable read', 'serializable'])('our transactions where the database defaults to %s', (byDefault) => {
  let database: TestDatabase;
  let host: DataSource;
  let own: AutomationDatabase;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    host = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    await host.query(`DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = %L', current_database(), '${byDefault}');
    END $$`);
    await host.query('CREATE TABLE seen (n integer)');
    own = new AutomationDatabase(host, { poolSize: 3, migrations: MIGRATIONS, migrate: 'auto' });
    await own.connect();
  });
  afterAll(async () => {
    await own.close();
    await host.destroy();
    await database.drop();
  });

  const opened: [string, (work: (manager: EntityManager) => Promise<void>) => Promise<void>][] = [
    ['an ordinary one', (work) => own.transaction(work)],
    ['that of a claim', (work) => own.statement(work)],
    ['one that changes which workflows are active', (work) => own.activeWorkflowsTransaction('acme', work)],
  ];
  it.each(opened)('read what was committed after they began: %s', async (_, open) => {
    expect(await own.dataSource.query('SHOW transaction_isolation')).toEqual([{ transaction_isolation: byDefault }]);
    await host.query('TRUNCATE seen');
    const count = 'SELECT count(*)::int AS count FROM seen';
    await open(async (manager) => {
      expect(await manager.query(count)).toEqual([{ count: 0 }]);
      await host.query('INSERT INTO seen VALUES (1)');
      expect(await manager.query(count)).toEqual([{ count: 1 }]);
    });
  });
});
