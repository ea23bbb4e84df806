import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** Packages at exact versions: name to version. */
export type Packages = Readonly<Record<string, string>>;

/** Packages in a folder of their own, which the project itself does not depend on. */
export interface Installed {
  folder: string;
  /** Imports as a module inside that folder would; the caller says what it expects of the package. */
  load<T>(specifier: string): Promise<T>;
}

/** A package that npm cannot install here: `message` is npm's own reason, short enough for a cell of a table. */
export class NotInstalledError extends Error {
  readonly code = 'PEER_NOT_INSTALLED';
}

/**
 * Installs packages into the cache folder `name`, once: the same packages again cost nothing, other versions start over.
 * One folder a peer, so that one that does not install here takes no other with it. Install scripts do not run: what is
 * measured needs none, and some report to their authors.
 */
export async function installPackages(name: string, packages: Packages): Promise<Installed> {
  const folder = join(cacheFolder(), name);
  const wanted = JSON.stringify({ private: true, type: 'module', dependencies: packages }, null, 2);
  if (!(await isInstalled(folder, wanted))) await install(folder, wanted, packages);
  const { load } = (await import(pathToFileURL(join(folder, 'load.js')).href)) as { load: (specifier: string) => Promise<unknown> };
  return { folder, load: async <T>(specifier: string) => (await load(specifier)) as T };
}

/** `BENCH_PEERS_FOLDER`, or a folder below this project's `node_modules/.cache`, which git and the package leave out. */
function cacheFolder(): string {
  if (process.env.BENCH_PEERS_FOLDER) return resolve(process.env.BENCH_PEERS_FOLDER);
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, 'node_modules', '.cache', 'nestjs-crm-automation-bench');
}

async function isInstalled(folder: string, wanted: string): Promise<boolean> {
  return (await readFile(join(folder, 'installed.json'), 'utf8').catch(() => '')) === wanted;
}

async function install(folder: string, wanted: string, packages: Packages): Promise<void> {
  const list = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  console.error(`installing ${list.join(' ')} into ${folder} …`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), wanted);
  await writeFile(join(folder, 'load.js'), 'export const load = (specifier) => import(specifier);\n');
  await npmInstall(folder);
  // Written last: a folder whose installation was cut short has no such file and starts over.
  await writeFile(join(folder, 'installed.json'), wanted);
}

async function npmInstall(folder: string): Promise<void> {
  const options = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--loglevel=error'];
  // npm names itself to the scripts it runs; by that path it also starts where `npm` is a .cmd file, which execFile refuses.
  const self = process.env.npm_execpath;
  const [command, args] = self?.endsWith('.js') ? [process.execPath, [self, ...options]] : ['npm', options];
  try {
    await promisify(execFile)(command, args, { cwd: folder, timeout: 180_000 });
  } catch (error) {
    throw new NotInstalledError(reason(error as { stderr?: string; message: string }));
  }
}

/** npm's error code and the first line that says more, without addresses of registries or paths of logs. */
function reason(error: { stderr?: string; message: string }): string {
  const lines = (error.stderr ?? '')
    .split('\n')
    .flatMap((line) => line.match(/^npm error (?:code |notarget |404 )?(.+)$/)?.[1]?.trim() ?? []);
  const said = lines.filter((line) => !/https?:|log of this run/.test(line)).slice(0, 2);
  return said.length > 0 ? `npm: ${said.join(': ')}` : `npm: ${error.message.split('\n')[0]}`;
}
