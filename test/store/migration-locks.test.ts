import { expect, it } from '@jest/globals';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { AutomationDatabase } from '../../src/store/database.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { createTestDatabase } from '../support/database.js';

/** Tables of the schema that a transaction of the migrations holds a lock on that keeps out writers. */
const LOCKED = `SELECT DISTINCT c.relname AS name FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
  WHERE l.pid = pg_backend_pid() AND c.relkind = 'r' AND c.relnamespace = to_regnamespace('automation')
    AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`;

/**
 * Processes of the release before work on beside it. Whoever held the lock of one table and waited for that of another would
 * be in the way of a transaction that takes them in the other order, and captures would stand still meanwhile.
 */
it('migrations of a database of 0.1.0 never hold more than one table of those that were there before', async () => {
  const database = await createTestDatabase();
  const host = new DataSource({ type: 'postgres', url: database.url });
  const [first, ...rest] = MIGRATIONS;
  const open = async (migrations: typeof MIGRATIONS): Promise<void> => {
    const automation = new AutomationDatabase(host, { poolSize: 4, migrations, migrate: 'auto' });
    await automation.connect();
    await automation.close();
  };
  await open(first ? [first] : []);
  await host.initialize();
  const existing = new Set(
    (await host.query<{ tablename: string }[]>(`SELECT tablename FROM pg_tables WHERE schemaname = 'automation'`)).map(
      ({ tablename }) => tablename,
    ),
  );
  await host.destroy();
  const together: string[] = [];
  const watched = rest.map((Migration) => {
    const watchedClass = class implements MigrationInterface {
      readonly own = new Migration();
      readonly name = this.own.name;
      async up(runner: QueryRunner): Promise<void> {
        const look = async (statement: string): Promise<void> => {
          const locked = (await query(LOCKED)) as { name: string }[];
          const old = locked.map(({ name }) => name).filter((name) => existing.has(name));
          if (old.length > 1) together.push(`${this.name}: ${old.sort().join(', ')} at ${statement.trim().slice(0, 60)}`);
        };
        const query = runner.query.bind(runner);
        runner.query = (async (statement: string, ...more: []) => {
          const answer: unknown = await query(statement, ...more);
          await look(statement);
          return answer;
        }) as typeof runner.query;
        await this.own.up(runner);
        runner.query = query;
      }
      down(runner: QueryRunner): Promise<void> {
        return this.own.down(runner);
      }
    };
    Object.defineProperty(watchedClass, 'name', { value: Migration.name });
    return watchedClass;
  });
  await open([...(first ? [first] : []), ...watched]);
  expect(together).toEqual([]);
  await database.drop();
});
