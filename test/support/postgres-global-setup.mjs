import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLauncher } from './postgres-launcher.mjs';

/** One Postgres for the whole jest run, in memory-speed mode; or the server that DATABASE_URL names. */
export default async function setup() {
  // Names what template-databases.ts builds for this run.
  process.env.TEST_TEMPLATES = `test_template_${randomBytes(8).toString('hex')}`;
  if (process.env.DATABASE_URL) {
    process.env.TEST_DATABASE_URL = process.env.DATABASE_URL;
    return;
  }
  const { startPostgres } = await loadLauncher();
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-crm-automation-test-'));
  await chmod(folder, 0o711);
  const server = await startPostgres({
    dataDir: join(folder, 'postgres'),
    fsync: false,
    settings: { max_connections: 300, synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '64MB' },
  });
  globalThis.__TEST_POSTGRES__ = { server, folder };
  process.env.TEST_DATABASE_URL = server.url;
}
