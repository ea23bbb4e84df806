import { execFile } from 'node:child_process';
import { cp, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { installPackages, NotInstalledError, type Packages } from '../peers/install.js';
import { atMost, type BenchContext, median, ms, NO_TARGET, type Suite, type Table } from '../report.js';
import type { Start } from '../startup/host.js';
import { benchDatabase } from '../support.js';

const RUNS = Number(process.env.BENCH_STARTUP_RUNS ?? 11);
const TARGET_MS = 150;
const OURS = 'nestjs-crm-automation';
const PROGRAM = resolve('dist-programs/test/bench/startup/host.js');

/** What a CommonJS host has: Nest 12 is ESM only. */
const NEST_11: Packages = {
  '@nestjs/common': '11.2.10',
  '@nestjs/core': '11.2.10',
  // By the folders above its own it would find that of Nest 12.
  '@nestjs/event-emitter': '3.1.0',
  '@nestjs/platform-express': '11.2.10',
  '@nestjs/swagger': '11.4.7',
  '@nestjs/typeorm': '11.0.3',
  'class-transformer': '0.5.1',
  'class-validator': '0.15.1',
  pg: '8.23.1',
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
  typeorm: '1.1.1',
};

/** A host, and what its starts took with automation and without, pair by pair. */
interface Lane {
  name: string;
  by: 'require' | 'import';
  folder: string;
  url: string;
  with: Start[];
  without: Start[];
}

type Number_ = (start: Start) => number;
const PARTS: readonly { name: string; of: Number_; target?: number }[] = [
  { name: 'processor time until it listens', of: ({ listening }) => listening.cpu, target: TARGET_MS },
  { name: 'of it the import', of: ({ parts }) => parts.import.cpu },
  { name: 'of it options, injection, connecting', of: ({ parts }) => parts.create.cpu },
  { name: 'of it routes and bootstrap', of: ({ parts }) => parts.listen.cpu },
  { name: 'processor time of the main thread', of: ({ listening }) => listening.main, target: TARGET_MS },
  { name: 'processor time a second later', of: ({ settled }) => settled.cpu },
  { name: 'time until it listens', of: ({ listening }) => listening.wall, target: TARGET_MS },
];

/** What the module adds to the start of a small host, each start in a process of its own, with and without in turn. */
export const startup: Suite = {
  name: 'startup',
  async run({ serverUrl, progress }: BenchContext): Promise<Table> {
    const notes = [
      `${RUNS} processes each, with and without in turn; medians, the difference that of the pairs; processor time is that of all threads.`,
      'A host of 20 entities and 12 controllers with a global ValidationPipe and its own OpenAPI pages; 6 of the entities are modules. The schema is up to date, the worker is on.',
    ];
    const lanes: Lane[] = [];
    const lane = async (name: string, by: Lane['by'], folder: string) =>
      lanes.push({ name, by, folder, url: await benchDatabase(serverUrl, `bench_startup_${by}`), with: [], without: [] });
    try {
      await lane('CommonJS, Nest 11', 'require', await commonjsHost());
    } catch (error) {
      if (!(error instanceof NotInstalledError)) throw error;
      notes.push(`The CommonJS host was not run: ${error.message}`);
    }
    await lane('ESM, Nest 12', 'import', process.cwd());
    // Creates the tables of both.
    for (const one of lanes) await start(one, 'with', { SYNCHRONIZE: '1' });
    for (let run = 1; run <= RUNS; run += 1) {
      progress(`run ${run} of ${RUNS} …`);
      for (const one of lanes) {
        // Another one begins each time.
        for (const what of run % 2 ? (['without', 'with'] as const) : (['with', 'without'] as const))
          one[what].push(await start(one, what));
      }
    }
    return {
      title: 'Starting with a host',
      columns: ['', 'without', 'with', 'ratio', 'added', 'target', 'verdict'],
      rows: lanes.flatMap((one) => PARTS.map(({ name, of, target }) => row(`${one.name}: ${name}`, one, of, target))),
      notes,
    };
  },
};

function row(name: string, lane: Lane, of: Number_, target?: number): string[] {
  const [without, with_] = [lane.without.map(of), lane.with.map(of)];
  const added = median(with_.map((value, run) => value - (without[run] ?? Number.NaN)));
  const [base, all] = [median(without), median(with_)];
  const ratio = base < 1 ? '' : (all / base).toFixed(2);
  return [name, ms(base), ms(all), ratio, ms(added), ...(target === undefined ? NO_TARGET : atMost(added, target, ' ms'))];
}

async function start({ by, folder, url }: Lane, what: 'with' | 'without', more: NodeJS.ProcessEnv = {}): Promise<Start> {
  const env = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: url, ...more };
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, by, folder, what], { env });
  return JSON.parse(stdout) as Start;
}

/** A folder with a host's packages in which ours lies as npm would have put it there: by a link it would find another Nest. */
async function commonjsHost(): Promise<string> {
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8')) as { dependencies: Packages };
  const { folder } = await installPackages('startup', { ...NEST_11, ...dependencies });
  const installed = join(folder, 'node_modules', OURS);
  await rm(installed, { recursive: true, force: true });
  for (const shipped of ['package.json', 'templates', 'dist/cjs', 'dist/console', 'dist/src'])
    await cp(shipped, join(installed, shipped), { recursive: true });
  return folder;
}
