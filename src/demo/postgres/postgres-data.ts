import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PUBLIC_TEMP } from './postgres-binaries.js';

const PREFIX = 'embedded-postgres-data-';

/**
 * Where the data really lies. Under a folder that the unprivileged user cannot enter (a project in /root) it has to
 * lie elsewhere, and `dataDir` becomes a link to it: removing the link is still how one starts afresh.
 */
export async function placeData(dataDir: string): Promise<string> {
  await mkdir(dirname(dataDir), { recursive: true });
  if (existsSync(dataDir)) return realpath(dataDir);
  if (process.getuid?.() !== 0 || (await everyoneCanEnter(dirname(dataDir)))) return dataDir;
  await removeOrphans();
  const elsewhere = await mkdtemp(join(PUBLIC_TEMP, PREFIX));
  await chmod(elsewhere, 0o755);
  await writeFile(join(elsewhere, 'linked-from'), dataDir);
  await mkdir(join(elsewhere, 'postgres'), { mode: 0o700 });
  await rm(dataDir, { force: true });
  await symlink(join(elsewhere, 'postgres'), dataDir);
  return realpath(dataDir);
}

async function everyoneCanEnter(folder: string): Promise<boolean> {
  if (((await stat(folder)).mode & 0o001) === 0) return false;
  return folder === dirname(folder) || everyoneCanEnter(dirname(folder));
}

/** Data whose link somebody has removed is data that nobody can find any more. */
async function removeOrphans(): Promise<void> {
  for (const name of await readdir(PUBLIC_TEMP)) {
    const folder = join(PUBLIC_TEMP, name);
    if (!name.startsWith(PREFIX) || (await stat(folder)).uid !== 0) continue;
    const link = await readFile(join(folder, 'linked-from'), 'utf8').catch(() => null);
    // Without the note it is half-made, by another process at this moment.
    if (link === null || (await readlink(link).catch(() => null)) === join(folder, 'postgres')) continue;
    if (!(await hasServer(join(folder, 'postgres', 'data', 'postmaster.pid')))) await rm(folder, { recursive: true, force: true });
  }
}

async function hasServer(pidFile: string): Promise<boolean> {
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
