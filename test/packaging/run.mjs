// Packs the library as npm would publish it, installs the tarball into two fresh hosts outside the repository and runs
// them: CommonJS on Nest 11 + TypeORM 0.3, ESM on Nest 12 + TypeORM 1. See host/main.ts for what a host does.
// Usage: node test/packaging/run.mjs   (DATABASE_URL: use that Postgres instead of an embedded one; KEEP=1: keep the hosts)
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { loadLauncher } from '../support/postgres-launcher.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, '..', '..');
const LIBRARY = 'nestjs-crm-automation';

const hosts = [
  {
    name: 'commonjs',
    title: 'CommonJS host, Nest 11, TypeORM 0.3',
    resolutions: ['commonjs/node10', 'nodenext/nodenext'],
    uses: /require\("nestjs-crm-automation"\)/,
  },
  {
    name: 'esm',
    title: 'ESM host, Nest 12, TypeORM 1',
    resolutions: ['nodenext/nodenext', 'esnext/bundler'],
    uses: /from 'nestjs-crm-automation'/,
  },
];

let passed = 0;
let failed = 0;
const work = await mkdtemp(join(tmpdir(), `${LIBRARY}-packaging-`));
await chmod(work, 0o711); // a Postgres started as root runs as another user
try {
  const tarball = await pack();
  const postgres = process.env.DATABASE_URL
    ? undefined
    : await (await loadLauncher()).startPostgres({ dataDir: join(work, 'postgres'), fsync: false });
  try {
    const server = process.env.DATABASE_URL ?? postgres.url;
    await Promise.all(hosts.map((host) => check(host.title, () => tryHost(host, tarball, server))));
  } finally {
    await postgres?.stop('immediate');
  }
} catch (error) {
  await check('building, packing and starting Postgres', () => Promise.reject(error));
} finally {
  if (process.env.KEEP) console.log(`kept ${work}`);
  else await rm(work, { recursive: true, force: true, maxRetries: 3 });
}
console.log(`${passed} of ${passed + failed} packaging checks passed`);
process.exitCode = failed > 0 ? 1 : 0;

/** Builds and packs; answers the tarball's path. */
async function pack() {
  await npm(repository, 'run', 'build');
  const [{ filename, files }] = JSON.parse(await npm(repository, 'pack', '--ignore-scripts', '--json', '--pack-destination', work));
  const paths = files.map((file) => file.path);
  await check('the tarball holds what hosts need', () => {
    for (const wanted of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist/src/index.js', 'dist/src/index.d.ts']) {
      if (!paths.includes(wanted)) throw new Error(`${wanted} is missing`);
    }
    for (const wanted of [/^dist\/migrations\/.+\.js$/, /^templates\/email\/.+\.hbs$/]) {
      if (!paths.some((path) => wanted.test(path))) throw new Error(`nothing in it matches ${wanted}`);
    }
  });
  await check('the tarball holds nothing else: no demo, tests, sources or source maps', () => {
    const known = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|templates\/.+\.(hbs|json)|dist\/(src|migrations)\/.+\.(js|d\.ts))$/;
    const strays = paths.filter((path) => !known.test(path) || /(^|\/)(demo|test)\//.test(path));
    if (strays.length > 0) throw new Error(strays.join(', '));
  });
  return join(work, filename);
}

/** Installs the tarball in a fresh copy of the host, checks its types, compiles and runs it on a database of its own. */
async function tryHost(host, tarball, server) {
  const folder = join(work, host.name);
  await cp(join(here, host.name), folder, { recursive: true });
  await mkdir(join(folder, 'src'));
  for (const source of ['main.ts', 'crm.ts']) {
    await cp(source === 'main.ts' ? join(here, 'host', source) : join(folder, source), join(folder, 'src', source));
  }
  await rm(join(folder, 'crm.ts'));
  await npm(folder, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', tarball);

  const installed = join(folder, 'node_modules', LIBRARY);
  const { peerDependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  const own = await readdir(join(installed, 'node_modules'), { recursive: true }).catch(() => []);
  const doubled = Object.keys(peerDependencies).filter((peer) => own.includes(join(...peer.split('/'))));
  if (doubled.length > 0) throw new Error(`peers installed twice: ${doubled.join(', ')}`);

  for (const resolution of host.resolutions) await checkTypes(folder, resolution);
  await tsc(folder);
  const program = await readFile(join(folder, 'dist', 'main.js'), 'utf8');
  if (!host.uses.test(program)) throw new Error(`the compiled host does not load the library by ${host.uses}`);

  const database = await createDatabase(server, `packaging_${host.name}_${process.pid}`);
  try {
    const { stdout } = await run(process.execPath, ['dist/main.js'], { cwd: folder, env: { ...process.env, DATABASE_URL: database.url } });
    if (!stdout.includes('HOST OK')) throw new Error(`the host ended without a result:\n${stdout}`);
  } finally {
    await database.drop();
  }
}

/** The host compiles under the resolution; and with all declaration files checked, none of ours is at fault. */
async function checkTypes(folder, resolution) {
  const [module, moduleResolution] = resolution.split('/');
  await tsc(folder, '--noEmit', '--module', module, '--moduleResolution', moduleResolution);
  const options = ['--noEmit', '--skipLibCheck', 'false', '--module', module, '--moduleResolution', moduleResolution];
  const faults = await tsc(folder, ...options).then(
    () => [],
    (error) => error.message.split('\n').filter((line) => line.startsWith(`node_modules/${LIBRARY}/`)),
  );
  if (faults.length > 0) throw new Error(`faulty declarations under ${resolution}:\n${faults.join('\n')}`);
}

async function createDatabase(server, name) {
  const administer = async (sql) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await administer(`CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function check(title, work) {
  const start = Date.now();
  try {
    await work();
    passed += 1;
    console.log(`ok      ${title} (${Math.round((Date.now() - start) / 1000)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${title}\n${String(error.message).replace(/^/gm, '        ')}`);
  }
}

function npm(folder, ...args) {
  // npm's own variables of the `npm run` that may have started us would point the inner npm at the repository.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|config_(local_)?prefix)/i.test(name)),
  );
  return run('npm', args, { cwd: folder, env, shell: process.platform === 'win32' }).then(({ stdout }) => stdout);
}

function tsc(folder, ...args) {
  return run(
    process.execPath,
    [join(folder, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', 'tsconfig.json', '--pretty', 'false', ...args],
    { cwd: folder },
  );
}

/** Runs a program to its end, five minutes at most; what it printed becomes the error's message when it fails. */
async function run(program, args, options) {
  try {
    return await promisify(execFile)(program, args, { timeout: 300_000, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024, ...options });
  } catch (error) {
    const how = error.killed ? 'was still running after 5 minutes' : `ended with ${error.code ?? error.signal}`;
    throw new Error(`${[program, ...args].join(' ')} ${how}\n${error.stdout ?? ''}${error.stderr ?? ''}`.trim());
  }
}
