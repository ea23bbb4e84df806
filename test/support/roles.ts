import pg from 'pg';
import type { TestDatabase } from './database.js';

/** A role of a test's own that may log in and nothing else. */
export interface TestRole {
  name: string;
  /** The test's database, as this role. */
  url: string;
  /** Runs SQL as the owner of the database. */
  asOwner(sql: string): Promise<void>;
  drop(): Promise<void>;
}

/** Makes a role in the name of the database: roles are the whole server's. */
export async function createTestRole(database: TestDatabase): Promise<TestRole> {
  const name = `role_${new URL(database.url).pathname.slice(1)}`;
  const asOwner = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await asOwner(`CREATE ROLE ${name} LOGIN PASSWORD 'secret' NOSUPERUSER NOBYPASSRLS`);
  const url = new URL(database.url);
  url.username = name;
  url.password = 'secret';
  return { name, url: url.href, asOwner, drop: () => asOwner(`DROP OWNED BY ${name}; DROP ROLE ${name}`) };
}
