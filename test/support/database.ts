import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of a test's own. */
export interface TestDatabase {
  url: string;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
}

/** Makes a database on the run's Postgres (see postgres-global-setup.mjs): empty, or a copy of another one that nobody is connected to. */
export async function createTestDatabase(template = 'template0'): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  // File by file: through the log, as is the default, costs twice as much.
  await administer((client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${pg.escapeIdentifier(template)} STRATEGY file_copy`));
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  const drop = (): Promise<void> => administer(async (client) => void (await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)));
  return { url: url.href, drop };
}

/** Works on the server, on a connection that is closed afterwards. */
export async function administer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl() });
  // A server that goes away in between fails the query; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function serverUrl(): string {
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined)
    throw new Error('TEST_DATABASE_URL is not set: run the tests with `npm run jest`, whose global setup starts Postgres.');
  return url;
}
