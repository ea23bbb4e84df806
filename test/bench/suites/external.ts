import { type ChildProcess, fork } from 'node:child_process';
import type { Answer, Order } from '../external/measure-one.js';
import { PEERS } from '../peers/list.js';
import type { Settings } from '../peers/peer.js';
import { atLeast, type BenchContext, median, NO_TARGET, ratios, type Suite, spread, type Table, whole } from '../report.js';

// Calls to the outside, side by side with queues that make the same signed call with the same client and keep its result in a
// table of Postgres. Each measurement is a process of its own, and so is the receiver.
//
// BullMQ needs a Redis (REDIS_URL, or a redis-server on the PATH), and no package of npm carries one: redis-memory-server
// downloads its source from elsewhere and compiles it in an install script, which peers are installed without, and
// redis-server only starts one that the system has. Where there is none, its line says so.

const RUNS = Number(process.env.BENCH_EXTERNAL_RUNS ?? 5_000);
const FAST_RUNS = Number(process.env.BENCH_EXTERNAL_FAST_RUNS ?? 5_000);
const QUEUES = ['graphile-worker', 'BullMQ'];
const SLOW = 50;
/** Calls at once: fewer than there are slow ones, and the default. */
const CONCURRENCIES = [20, 100];

interface Measured {
  ours: number[];
  theirs: number[];
  settings: Settings | null;
  failed: string | null;
}

export const external: Suite = {
  name: 'external',
  async run({ serverUrl, rounds, progress }: BenchContext): Promise<Table> {
    const receiver = fork(new URL('../external/receiver-process.js', import.meta.url));
    try {
      const origin = `http://127.0.0.1:${(await answerOf<{ port: number }>(receiver)).port}`;
      const measure = async (subject: Order['subject'], runs: number): Promise<number> => {
        const answer = await measureOne({ subject, serverUrl, origin, runs });
        if ('failed' in answer) throw new Error(answer.failed);
        progress(`${JSON.stringify(subject)}: ${whole(answer.rate)} in a second`);
        return answer.rate;
      };
      const literal: number[] = [];
      const stored: number[] = [];
      const queues = new Map<string, Measured>();
      for (const name of QUEUES) queues.set(name, await fastest(name, measure));
      const beside = CONCURRENCIES.map((concurrency) => ({ concurrency, alone: [] as number[], with: [] as number[] }));
      for (let round = 1; round <= rounds; round += 1) {
        progress(`round ${round} of ${rounds} …`);
        literal.push(await measure({ ours: 'literal' }, RUNS));
        stored.push(await measure({ ours: 'stored' }, RUNS));
        for (const [name, measured] of queues) {
          if (measured.settings === null) continue;
          measured.ours.push(await measure({ ours: 'stored' }, RUNS));
          measured.theirs.push(await measure({ peer: name, settings: measured.settings }, RUNS));
        }
        for (const one of beside) {
          one.alone.push(await measure({ beside: 0, concurrency: one.concurrency }, FAST_RUNS));
          one.with.push(await measure({ beside: SLOW, concurrency: one.concurrency }, FAST_RUNS));
        }
      }
      return {
        title: 'External steps: a run with one signed webhook',
        columns: ['', 'calls in a second', 'ours ÷ it, or of those alone', 'target', 'verdict'],
        rows: [
          ['ours, signed by a secret of the workspace', rate(stored), '1', ...NO_TARGET],
          ['ours, signed by a literal secret', rate(literal), '', ...NO_TARGET],
          ...[...queues].map(([name, measured]) => queueRow(name, measured)),
          ...beside.flatMap(({ concurrency, alone, with: both }) => {
            const kept = ratios(both, alone);
            const verdict = concurrency > SLOW ? atLeast(median(kept), 0.9) : NO_TARGET;
            return [
              [`fast calls alone, worker.concurrency ${concurrency}`, rate(alone), '', ...NO_TARGET],
              [`the same beside ${SLOW} receivers that take 2 s, worker.concurrency ${concurrency}`, rate(both), spread(kept), ...verdict],
            ];
          }),
        ],
        notes: [
          `Medians of ${rounds} rounds of ${whole(RUNS)} calls from a backlog, the receiver in a process of its own. Ours from the commit of the backlog, by a worker that is up, with the default of 100 calls at once; a queue from its first job, with the fastest of its settings. Each has made as many calls before: after 1,000 ours still takes a quarter more of a processor for one than after 5,000. Every contestant makes the same call with our guarded client, a connection for each call. A queue keeps one row, the result; ours keeps run, step and the intent before the call.`,
          `Fast calls beside slow ones: ${whole(FAST_RUNS)}, published while they are made; ${SLOW} slow ones are begun every 2 s. Where fewer calls may be made at once than there are slow ones, the fast ones wait for them: \`worker.concurrency\` says how many.`,
        ],
      };
    } finally {
      receiver.disconnect();
    }
  },
};

const rate = (rates: readonly number[]): string => whole(median(rates));

function queueRow(name: string, { ours, theirs, settings, failed }: Measured): string[] {
  if (settings === null || theirs.length === 0) return [`${name}: not run: ${failed}`, '', '', ...NO_TARGET];
  const parts = ratios(ours, theirs);
  const tuned = Object.entries(settings).map(([setting, value]) => `${setting} ${value}`);
  return [`${name} (${tuned.join(', ')})`, rate(theirs), spread(parts), ...atLeast(median(parts), 1)];
}

/** Tries what a peer lets one tune with a third of the runs. */
async function fastest(name: string, measure: (subject: Order['subject'], runs: number) => Promise<number>): Promise<Measured> {
  const measured: Measured = { ours: [], theirs: [], settings: null, failed: null };
  let best = 0;
  for (const settings of PEERS.find((peer) => peer.name === name)?.candidates ?? []) {
    try {
      const reached = await measure({ peer: name, settings }, Math.ceil(RUNS / 3));
      if (reached > best) [best, measured.settings] = [reached, settings];
    } catch (error) {
      measured.failed = (error as Error).message;
    }
  }
  return measured;
}

async function measureOne(order: Order): Promise<Answer> {
  const child = fork(new URL('../external/measure-one.js', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const answer = answerOf<Answer>(child);
  child.send(order);
  return answer.catch((error: Error): Answer => ({ failed: error.message }));
}

function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('exit', (code, signal) => reject(new Error(`its process ended with ${code ?? signal}`)));
  });
}
