import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresOptions, type PostgresServer, startPostgres } from '../../../src/demo/postgres/embedded-postgres.js';

/** A Postgres that its owner may stop, kill and start again; url and port stay the same. */
export interface OwnPostgres {
  readonly url: string;
  /** `immediate` is a crash: no checkpoint, connections cut, recovery at the next start. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

/**
 * Without fsync: a crash of the server's processes loses nothing that was committed, only a crash of the machine would.
 * `synchronous_commit` stays on: without it the server itself forgets commits when it crashes.
 */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(process.env.TEST_DATA ?? tmpdir(), 'nestjs-crm-automation-faults-'));
  await chmod(folder, 0o711);
  let options: PostgresOptions = { dataDir: join(folder, 'postgres'), fsync: false, settings: { max_connections: 300 } };
  let server: PostgresServer | null = await startPostgres(options);
  const { url, port } = server;
  options = { ...options, port };
  return {
    url,
    async stop(mode = 'fast') {
      await server?.stop(mode);
      server = null;
    },
    async start() {
      server ??= await startPostgres(options);
    },
    async remove() {
      await server?.stop('immediate');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
