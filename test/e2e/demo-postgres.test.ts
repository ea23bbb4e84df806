import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres/embedded-postgres.js';

describe('the Postgres launcher', () => {
  let folder: string;
  let server: PostgresServer | null = null;

  beforeAll(async () => {
    folder = await mkdtemp(join(process.env.TEST_DATA as string, 'launcher-test-'));
    await chmod(folder, 0o711);
  });

  afterAll(async () => {
    await server?.stop('immediate');
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (port?: number): Promise<PostgresServer> => {
    server = await startPostgres({ dataDir: join(folder, 'data'), port, fsync: false });
    return server;
  };

  it('keeps data, port and password over an immediate stop and another start', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept (n int)');
    await query(first.url, 'INSERT INTO kept VALUES (1)');
    await first.stop('immediate');

    const second = await start(first.port);

    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('starts again when the predecessor was killed and left its lock file', async () => {
    const killed = server ?? (await start());
    process.kill(killed.pid, 'SIGKILL');

    const next = await start(killed.port);

    expect(await query(next.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('lets nobody in without the password', async () => {
    const { url } = server ?? (await start());
    const wrong = url.replace(/:[^:@]+@/, ':guess@');
    await expect(query(wrong, 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  it('says what is in the way when another server uses the same data', async () => {
    if (server === null) await start();
    await expect(startPostgres({ dataDir: join(folder, 'data'), timeoutMs: 3_000 })).rejects.toThrow(/postmaster\.pid.*already exists/s);
  });

  it('tells when the server ends, and stopping it then is no error', async () => {
    const running = server ?? (await start());
    process.kill(running.pid, 'SIGINT');
    expect(await running.exited).toContain('database system is shut down');
    await running.stop();
    server = null;
  });
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
