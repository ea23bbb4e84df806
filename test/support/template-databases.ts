import pg from 'pg';
import { DataSource } from 'typeorm';
import { AutomationDatabase } from '../../src/store/database.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { administer, createTestDatabase, type TestDatabase } from './database.js';
import { sampleDataSource, seedUsers } from './sample-crm.js';

/** What Postgres says of a database that is not there. */
const NO_DATABASE = '3D000';

/** Makes a database with the tables of automation, brought up to date, and nothing else. */
export function createMigratedDatabase(): Promise<TestDatabase> {
  return copyOf('migrated', migrate);
}

/** Makes a database with the tables of automation and of the sample CRM, whose users are there. */
export function createSampleDatabase(): Promise<TestDatabase> {
  return copyOf('sample', async (url) => {
    await migrate(url);
    const source = await sampleDataSource(url, { synchronize: true }).initialize();
    await seedUsers(source, 'acme');
    await source.destroy();
  });
}

async function migrate(url: string): Promise<void> {
  const host = new DataSource({ type: 'postgres', url });
  const database = new AutomationDatabase(host, { poolSize: 1, migrations: MIGRATIONS, migrate: 'auto' });
  await database.connect();
  await database.close();
}

/**
 * Copies a template, which is built once a run by whoever needs it first: a copy takes 0.1 s where migrating takes 0.5, and
 * there are hundreds of them.
 */
async function copyOf(name: string, build: (url: string) => Promise<void>): Promise<TestDatabase> {
  const template = `${process.env.TEST_TEMPLATES}_${name}`;
  try {
    return await createTestDatabase(template);
  } catch (error) {
    if ((error as { code?: string }).code !== NO_DATABASE) throw error;
  }
  await administer(async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [template]);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (rowCount !== 0) return;
    const made = await createTestDatabase();
    await build(made.url);
    await client.query(
      `ALTER DATABASE ${pg.escapeIdentifier(new URL(made.url).pathname.slice(1))} RENAME TO ${pg.escapeIdentifier(template)}`,
    );
  });
  return createTestDatabase(template);
}
