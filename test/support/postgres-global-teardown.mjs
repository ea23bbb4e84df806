import { rm } from 'node:fs/promises';
import pg from 'pg';

/** Jest calls this after failed runs too; when jest itself is killed, the launcher's watcher stops the server. */
export default async function teardown() {
  if (globalThis.__TEST_DATA__ === undefined) return;
  const server = globalThis.__TEST_POSTGRES__;
  if (server === undefined) await dropTemplates();
  else await server.stop('immediate');
  await rm(globalThis.__TEST_DATA__, { recursive: true, force: true });
}

/** On a server that stays. */
async function dropTemplates() {
  const client = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
  await client.connect();
  try {
    const { rows } = await client.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [process.env.TEST_TEMPLATES]);
    for (const { datname } of rows) await client.query(`DROP DATABASE ${pg.escapeIdentifier(datname)} WITH (FORCE)`);
  } finally {
    await client.end();
  }
}
