import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { atMost, type BenchContext, median, ms, NO_TARGET, type Suite, type Table } from '../report.js';

const RUNS = Number(process.env.BENCH_IMPORT_RUNS ?? 11);
const TARGET_MS = 150;
/** What every host of this package has loaded before it. */
const PEERS = [
  'reflect-metadata',
  'rxjs',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'typeorm',
  'pg',
  'class-validator',
  'class-transformer',
];

/** What is imported before the clock starts, and what is timed. */
interface Case {
  name: string;
  by: 'import' | 'require';
  before: readonly string[];
  timed: readonly string[];
}

const ours = 'nestjs-crm-automation';
/** For what does not know Node's conditions. */
const esBuild = resolve('dist/src/index.js');
const CASES: readonly Case[] = [
  { name: 'this package, in an ESM host that has Nest, TypeORM, pg and class-validator', by: 'import', before: PEERS, timed: [ours] },
  { name: 'this package, in a CommonJS host that has them', by: 'require', before: PEERS, timed: [ours] },
  { name: 'its ES build, as Jest and bundlers take it', by: 'import', before: PEERS, timed: [esBuild] },
  { name: 'what the host has', by: 'import', before: [], timed: PEERS },
  { name: 'this package and what it imports, in an empty process', by: 'import', before: [], timed: [ours] },
];

/** What importing the package costs, each time in a process of its own. */
export const importing: Suite = {
  name: 'import',
  async run({ progress }: BenchContext): Promise<Table> {
    const times = CASES.map((): number[] => []);
    for (let run = 1; run <= RUNS; run += 1) {
      progress(`run ${run} of ${RUNS} …`);
      for (const [at, one] of CASES.entries()) times[at]?.push(await timeOf(one));
    }
    return {
      title: 'Importing the package',
      columns: ['', 'median', 'best', 'target', 'verdict'],
      rows: CASES.map(({ name, before }, at) => {
        const taken = times[at] as number[];
        const middle = median(taken);
        return [name, ms(middle), ms(Math.min(...taken)), ...(before.length === 0 ? NO_TARGET : atMost(middle, TARGET_MS, ' ms'))];
      }),
      notes: [`${RUNS} processes each, taking turns; the time of \`import()\` or \`require()\`.`],
    };
  },
};

async function timeOf({ by, before, timed }: Case): Promise<number> {
  const program = `(async () => {
    for (const name of ${JSON.stringify(before)}) await ${by}(name);
    const started = performance.now();
    for (const name of ${JSON.stringify(timed)}) await ${by}(name);
    console.log(performance.now() - started);
  })()`;
  const type = by === 'import' ? 'module' : 'commonjs';
  const { stdout } = await promisify(execFile)(process.execPath, [`--input-type=${type}`, '--eval', program]);
  return Number(stdout);
}
