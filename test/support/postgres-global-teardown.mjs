import { rm } from 'node:fs/promises';

/** Jest calls this after failed runs too; when jest itself is killed, the launcher's watcher stops the server. */
export default async function teardown() {
  const started = globalThis.__TEST_POSTGRES__;
  if (started === undefined) return;
  await started.server.stop('immediate');
  await rm(started.folder, { recursive: true, force: true });
}
