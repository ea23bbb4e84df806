import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../src/demo/free-port.js';
import { eventually } from './eventually.js';

/** Starts the PgBouncer of the given path in front of a database, in transaction mode. */
export async function startPgBouncer(program: string, databaseUrl: string): Promise<{ url: string; close(): Promise<void> }> {
  const { hostname, port, username, password } = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
  await chmod(folder, 0o755);
  const own = await freePort();
  const settings = `[databases]
* = host=${decodeURIComponent(hostname)} port=${port} user=${username} password=${decodeURIComponent(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 8
server_round_robin = 1
`;
  await writeFile(join(folder, 'pgbouncer.ini'), settings, { mode: 0o644 });
  // It refuses to run as root.
  const asUser = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const child = spawn(program, [join(folder, 'pgbouncer.ini')], { stdio: 'ignore', cwd: folder, ...asUser });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${own}`;
  await eventually(async () => {
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    await client.end();
  });
  return {
    url: url.href,
    async close() {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
