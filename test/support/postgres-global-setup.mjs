import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { loadLauncher } from './postgres-launcher.mjs';

/** Many times what the servers of a run hold at once. A container has 64 MB there by default. */
const MEMORY_NEEDED = 4 * 2 ** 30;

/** The longest path of a Unix socket on macOS; Linux allows a little more. */
const LONGEST_SOCKET = 103;

/** One Postgres for the whole jest run, in memory-speed mode; or the server that DATABASE_URL names. None for `core` alone, which is pure. */
export default async function setup({ testPathPatterns: { patterns } }) {
  if (patterns.length > 0 && patterns.every((pattern) => pattern.startsWith('test/core'))) return;
  // Names what template-databases.ts builds for this run.
  process.env.TEST_TEMPLATES = `test_template_${randomBytes(8).toString('hex')}`;
  const parent = await dataFolder();
  await removeOrphans(parent);
  const folder = await mkdtemp(join(parent, `nestjs-crm-automation-test-${process.pid}-`));
  await chmod(folder, 0o711);
  // For servers that single files start, too.
  process.env.TEST_DATA = folder;
  globalThis.__TEST_DATA__ = folder;
  if (process.env.DATABASE_URL) {
    process.env.TEST_DATABASE_URL = process.env.DATABASE_URL;
    return;
  }
  const { startPostgres } = await loadLauncher();
  const sockets = await socketFolder(folder);
  const server = await startPostgres({
    dataDir: join(folder, 'postgres'),
    fsync: false,
    settings: {
      ...{ max_connections: 300, synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '64MB' },
      ...(sockets !== null && { unix_socket_directories: sockets }),
    },
  });
  globalThis.__TEST_POSTGRES__ = server;
  const url = new URL(server.url);
  if (sockets !== null) url.hostname = encodeURIComponent(sockets);
  process.env.TEST_DATABASE_URL = url.href;
  await connectCheaply(url.href);
}

/**
 * Where the server has its socket: a statement and its answer take less of the processor by one than by TCP. Null where the
 * system has none, or no path as long.
 */
async function socketFolder(folder) {
  const sockets = join(folder, 'sockets');
  if (process.platform === 'win32' || join(sockets, '.s.PGSQL.65535').length > LONGEST_SOCKET) return null;
  await mkdir(sockets);
  await chmod(sockets, 0o777);
  return sockets;
}

/** Proving the password costs both sides more than all else of a connection, and there are thousands. */
async function connectCheaply(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('SET scram_iterations = 1');
  await client.query(`ALTER ROLE ${pg.escapeIdentifier(client.user)} PASSWORD ${pg.escapeLiteral(client.password)}`);
  await client.end();
}

/**
 * In memory where the system has room there: a database is hundreds of files, and copying them takes a journalling file
 * system up to twenty times as much of the processor. What a server has committed outlives that server there, too.
 */
async function dataFolder() {
  const { bavail, bsize } = await statfs('/dev/shm').catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize < MEMORY_NEEDED ? tmpdir() : '/dev/shm';
}

/** What runs that were killed have left, each named by its process. */
async function removeOrphans(parent) {
  for (const name of await readdir(parent)) {
    const [, pid] = /^nestjs-crm-automation-test-(\d+)-/.exec(name) ?? [];
    if (pid === undefined) continue;
    try {
      process.kill(Number(pid), 0);
    } catch (error) {
      if (error.code === 'ESRCH') await rm(join(parent, name), { recursive: true, force: true });
    }
  }
}
