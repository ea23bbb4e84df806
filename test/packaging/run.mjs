// Packs the library as npm would publish it, installs the tarball into fresh hosts outside the repository and runs them:
// CommonJS on Nest 11 + TypeORM 0.3, ESM on Nest 12 + TypeORM 1 (see host/main.ts for what a host does), and one with
// nothing but the README's line. The line itself is tried with each package manager that can be had.
// Usage: node test/packaging/run.mjs   (DATABASE_URL: use that Postgres instead of an embedded one; KEEP=1: keep the hosts;
// ONLY=bare: that host alone)
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
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
    sources: ['host/main.ts', 'commonjs/crm.ts'],
    resolutions: ['commonjs/node10', 'nodenext/nodenext'],
    uses: /require\("nestjs-crm-automation"\)/,
  },
  {
    name: 'esm',
    title: 'ESM host, Nest 12, TypeORM 1',
    sources: ['host/main.ts', 'esm/crm.ts'],
    resolutions: ['nodenext/nodenext', 'esnext/bundler'],
    uses: /from 'nestjs-crm-automation'/,
  },
  {
    name: 'bare',
    title: "host with the README's line alone: no pages, no emitter",
    sources: ['bare/main.ts', 'bare/automation.spec.ts'],
    // As the Nest CLI sets them up, without a line about us.
    jest: ['jest.ts-jest.json', 'jest.swc.json'],
    resolutions: ['commonjs/node10', 'nodenext/nodenext'],
    uses: /require\("nestjs-crm-automation"\)/,
    readmeLine: true,
  },
];

/** Where the README's line is to succeed without flags: the tarball is loaded where the manager keeps packages apart. */
const installs = [
  {
    title: 'npm, Nest 11 that a framework brings along',
    nest: 11,
    framework: true,
    command: ['npm', 'install', '--package-lock-only', '--no-audit', '--no-fund'],
  },
  { title: 'npm, Nest 12', nest: 12, command: ['npm', 'install', '--package-lock-only', '--no-audit', '--no-fund'] },
  { title: 'pnpm, Nest 12', nest: 12, manager: 'pnpm@10', command: ['add'], load: [process.execPath], complains: /peer dependencies/ },
  {
    title: 'Yarn, Nest 11',
    nest: 11,
    manager: '@yarnpkg/cli-dist@4',
    command: ['add'],
    load: ['npx', '--yes', '@yarnpkg/cli-dist@4', 'node'],
    complains: /YN0002|YN0060|YN0086/,
  },
];

/** A process that imports and requires has the library once: instances of one copy are no strangers to the other. */
const ONE_COPY = `
  import assert from 'node:assert/strict';
  import { createRequire } from 'node:module';
  for (const entry of ['${LIBRARY}', '${LIBRARY}/testing']) {
    const imported = await import(entry);
    const required = createRequire(process.cwd() + '/')(entry);
    assert.deepEqual(Object.keys(imported), Object.keys(required).sort(), entry);
    for (const name of Object.keys(imported)) assert.equal(imported[name], required[name], entry + ': ' + name);
  }
`;

const only = process.env.ONLY;
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
    await Promise.all([
      // Computes while the hosts' installs wait for the network.
      lint(tarball),
      ...hosts.filter(({ name }) => !only || name === only).map((host) => check(host.title, () => tryHost(host, tarball, server))),
      // One after the other: they are about the network and the disk.
      (only ? [] : installs).reduce(
        (before, install) => before.then(() => check(`the README's line: ${install.title}`, () => tryInstall(install, tarball))),
        Promise.resolve(),
      ),
    ]);
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

/** Packs what is built of the sources as they are; answers the tarball's path. */
async function pack() {
  await run(process.execPath, [join(repository, '.ci', 'ensure-built.mjs')], { cwd: repository });
  const [{ filename, files }] = JSON.parse(await npm(repository, 'pack', '--ignore-scripts', '--json', '--pack-destination', work));
  const paths = files.map((file) => file.path);
  await check('the tarball holds what hosts need', () => {
    for (const wanted of [
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'dist/src/index.js',
      'dist/src/index.d.ts',
      'dist/cjs/package.json',
    ]) {
      if (!paths.includes(wanted)) throw new Error(`${wanted} is missing`);
    }
    for (const wanted of [/^dist\/cjs\/src\/.+\.d\.ts$/, /^templates\/email\/.+\.hbs$/]) {
      if (!paths.some((path) => wanted.test(path))) throw new Error(`nothing in it matches ${wanted}`);
    }
  });
  await check('the tarball holds nothing else: no demo, tests, sources or source maps', () => {
    const known =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|templates\/.+\.(hbs|json)|dist\/(cjs\/)?((src|migrations)\/.+\.d\.ts|src\/.+\.js|console\/(index\.html|assets\/[\w-]+\.(js|css)))|dist\/cjs\/package\.json)$/;
    const strays = paths.filter((path) => !known.test(path) || /(^|\/)(demo|test)\//.test(path));
    if (strays.length > 0) throw new Error(strays.join(', '));
  });
  return join(work, filename);
}

/** What others' tools say of the package. */
async function lint(tarball) {
  await check('publint finds nothing', () =>
    run(process.execPath, [join(repository, 'node_modules/publint/src/cli.js'), tarball, '--strict']),
  );
  await check('the types are right for every way to import (attw)', () =>
    run(process.execPath, [join(repository, 'node_modules/@arethetypeswrong/cli/dist/index.js'), tarball]),
  );
}

/** Installs the tarball in a fresh copy of the host, checks its types, compiles and runs it on a database of its own. */
async function tryHost(host, tarball, server) {
  const folder = join(work, host.name);
  await mkdir(join(folder, 'src'), { recursive: true });
  for (const settings of ['package.json', 'tsconfig.json']) await cp(join(here, host.name, settings), join(folder, settings));
  for (const config of host.jest ?? []) await cp(join(here, host.name, config), join(folder, config));
  for (const source of host.sources) await cp(join(here, source), join(folder, 'src', basename(source)));
  const packages = host.readmeLine ? await readmeLine(tarball) : [tarball];
  await npm(folder, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', ...packages);

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
    await run(process.execPath, ['--input-type=module', '--eval', ONE_COPY], { cwd: folder });
    const told = await npx(folder, database.url, 'check');
    if (!told.includes('The schema is up to date')) throw new Error(`npx ${LIBRARY} check says:\n${told}`);
    for (const config of host.jest ?? []) {
      await run(process.execPath, ['node_modules/jest/bin/jest.js', '--config', config], {
        cwd: folder,
        env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: database.url },
      });
    }
  } finally {
    await database.drop();
  }
}

/** What the README says to install, with the tarball in the place of the name. */
async function readmeLine(tarball) {
  const [, line] = /^npm install (nestjs-crm-automation .+)$/m.exec(await readFile(join(repository, 'README.md'), 'utf8')) ?? [];
  if (!line) throw new Error('the README has no line `npm install nestjs-crm-automation …`');
  return line.split(' ').map((name) => (name === LIBRARY ? tarball : name));
}

/** Installs by the README's line on a host of the Nest version; nothing may be missing, and what is installed can be loaded. */
async function tryInstall({ title, nest, framework, manager, command, load, complains }, tarball) {
  const folder = join(work, `install-${title.replace(/\W+/g, '-')}`);
  await mkdir(folder);
  const host = JSON.parse(await readFile(join(here, nest === 12 ? 'esm' : 'bare', 'package.json'), 'utf8'));
  for (const optional of ['@nestjs/swagger', '@nestjs/event-emitter', 'class-validator', 'class-transformer'])
    delete host.dependencies[optional];
  // What its tests need has nothing to do with us, and Yarn asks for the builds of every platform.
  delete host.devDependencies;
  if (framework) {
    const { dependencies } = host;
    const own = join(folder, 'framework');
    await mkdir(own);
    await writeFile(join(own, 'package.json'), JSON.stringify({ name: 'framework', version: '1.0.0', dependencies }));
    await npm(own, 'pack', '--pack-destination', folder);
    host.dependencies = { framework: 'file:framework-1.0.0.tgz' };
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify(host));
  await writeFile(join(folder, 'yarn.lock'), ''); // or Yarn takes the folder for a part of a project above it
  const [packages, registry] = await Promise.all([readmeLine(tarball), npm(folder, 'config', 'get', 'registry')]);
  const env = {
    ...process.env,
    YARN_NPM_REGISTRY_SERVER: registry.trim(),
    YARN_ENABLE_TELEMETRY: '0',
    YARN_GLOBAL_FOLDER: join(work, 'yarn'),
  };
  const [program, ...args] = manager ? ['npx', '--yes', manager, ...command] : command;
  const named = manager?.startsWith('@yarnpkg')
    ? packages.map((name) => (name === tarball ? `${LIBRARY}@file:${tarball}` : name))
    : packages;
  const { stdout, stderr } = await run(program, [...args, ...named], { cwd: folder, env, shell: process.platform === 'win32' });
  if (complains?.test(stdout + stderr)) throw new Error(`${program} ${args.join(' ')} complains:\n${stdout}${stderr}`);
  if (load) await run(load[0], [...load.slice(1), '--eval', `require('${LIBRARY}').AutomationModule.name`], { cwd: folder, env });
}

/** The host compiles under the resolution; and with all declaration files checked, none of ours is at fault. */
async function checkTypes(folder, resolution) {
  const [module, moduleResolution] = resolution.split('/');
  const options = ['--noEmit', '--skipLibCheck', 'false', '--module', module, '--moduleResolution', moduleResolution];
  const faults = await tsc(folder, ...options).then(
    () => [],
    (error) => error.message.split('\n').filter((line) => line.startsWith(`node_modules/${LIBRARY}/`) || line.startsWith('src/')),
  );
  if (faults.length > 0) throw new Error(`faults under ${resolution}:\n${faults.join('\n')}`);
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

/** The command line as a deployment runs it, from what is installed. */
function npx(folder, databaseUrl, command) {
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  return run('npx', ['--no-install', LIBRARY, command], { cwd: folder, env, shell: process.platform === 'win32' }).then(
    ({ stdout }) => stdout,
  );
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
