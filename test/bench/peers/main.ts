import { fork } from 'node:child_process';
import { cpus } from 'node:os';
import { benchPostgres, quantile } from '../support.js';
import { installPackages } from './install.js';
import { PEERS } from './list.js';
import type { Answer, Order } from './measure-one.js';
import type { Peer, Settings } from './peer.js';

/**
 * `npm run bench:peers`: durable-execution engines and queues at the same workflow (one condition, three local actions),
 * against our engine, on one durable Postgres in one run. Peers are installed outside the project. Every measurement is a
 * process of its own, and each is preceded by one of ours, by which its ratio is made: a machine that slows down slows both.
 * A peer that does not install or run gets a line that says why: BullMQ asks for a Redis (REDIS_URL, or a redis-server on
 * the PATH), Absurd for its schema (ABSURD_SQL).
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const RUNS = { ours: Number(process.env.BENCH_RUNS ?? 10_000), engine: 1_500, queue: Number(process.env.BENCH_RUNS ?? 10_000) };
const TARGET = { engine: 10, queue: 1.5 };
/** Names of peers, or parts of them, to measure only those. */
const ONLY = process.argv.slice(2);

/** Beyond the time that a measurement gives itself: for setting up a database, and for ending. */
const GRACE_SECONDS = 30;

/** Rates of a contestant, and of ours just before each. */
interface Pairs {
  rates: number[];
  ours: number[];
}
interface Row extends Pairs {
  peer: Peer;
  settings: Settings | null;
  failed: string | null;
}

const chosen = PEERS.filter(({ name }) => ONLY.length === 0 || ONLY.some((part) => name.toLowerCase().includes(part.toLowerCase())));
const rows: Row[] = chosen.map((peer) => ({ peer, settings: null, rates: [], ours: [], failed: null }));
const floor: Pairs = { rates: [], ours: [] };
const live: Pairs = { rates: [], ours: [] };

for (const row of rows) {
  await installPackages(row.peer.folder, row.peer.packages).catch((error: Error) => {
    row.failed = error.message;
  });
}
const server = await benchPostgres();
try {
  for (const row of rows) if (!row.failed) await chooseSettings(row);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const label = `round ${round} of ${ROUNDS}`;
    await oursThen(floor, { subject: 'floor', runs: RUNS.ours }, label);
    await oursThen(live, { subject: 'live', runs: RUNS.ours }, label);
    for (const row of rows) {
      if (row.failed || !row.settings) continue;
      const { peer, settings } = row;
      const failed = await oursThen(row, { subject: { peer: peer.name, settings }, runs: RUNS[peer.kind] }, label);
      // What earlier rounds measured stays; the output says what went wrong in this one.
      if (row.rates.length === 0) row.failed = failed;
    }
  }
} finally {
  // Also when our own measurement failed: what there is took ten minutes.
  print();
  await server.stop();
}

/** Tries what a peer lets one tune with a third of the runs and keeps the fastest. */
async function chooseSettings(row: Row): Promise<void> {
  let best = 0;
  for (const settings of row.peer.candidates) {
    const runs = Math.ceil(RUNS[row.peer.kind] / 3);
    const answer = await measure({ subject: { peer: row.peer.name, settings }, runs }, 'trying');
    if ('failed' in answer) row.failed = answer.failed;
    else if (answer.rate > best) [best, row.settings] = [answer.rate, settings];
  }
  // One setting that works is enough: the others' failures are in the output.
  if (row.settings) row.failed = null;
}

/** Measures ours and then the other; answers why the other did not run, or null. */
async function oursThen(pairs: Pairs, order: Pick<Order, 'subject' | 'runs'>, label: string): Promise<string | null> {
  const own = await measure({ subject: 'backlog', runs: RUNS.ours }, label);
  if ('failed' in own) throw new Error(`our own measurement failed: ${own.failed}`);
  const other = await measure(order, label);
  if ('failed' in other) return other.failed;
  pairs.ours.push(own.rate);
  pairs.rates.push(other.rate);
  return null;
}

async function measure(order: Pick<Order, 'subject' | 'runs'>, label: string): Promise<Answer> {
  const name = typeof order.subject === 'string' ? order.subject : `${order.subject.peer} (${describe(order.subject.settings)})`;
  const timeoutSeconds = 90;
  const child = fork(new URL('./measure-one.js', import.meta.url), {
    stdio: ['ignore', 'ignore', process.env.BENCH_VERBOSE ? 'inherit' : 'ignore', 'ipc'],
    // A group of its own, so that the server which a peer starts for itself can be ended with it.
    detached: true,
  });
  const answer = await new Promise<Answer>((resolve) => {
    child.once('message', (message) => resolve(message as Answer));
    child.once('exit', (code, signal) => resolve({ failed: `its process ended with ${code ?? signal}` }));
    child.send({ ...order, serverUrl: server.url, timeoutSeconds } satisfies Order);
    // Its own clock stands still when something blocks its event loop.
    const end = (): boolean => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
    const timer = setTimeout(end, (timeoutSeconds + GRACE_SECONDS) * 1_000).unref();
    child.once('exit', () => clearTimeout(timer));
  });
  console.error(`${label}: ${name}: ${'failed' in answer ? `not run: ${answer.failed}` : `${Math.round(answer.rate)} runs/s`}`);
  return answer;
}

function describe(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function print(): void {
  const line = (...cells: (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
  const whole = (rate: number): string => Math.round(rate).toLocaleString('en');
  const median = (rates: number[]): string => whole(quantile(rates, 0.5));
  const spread = (rates: number[]): string => `${whole(Math.min(...rates))}–${whole(Math.max(...rates))}`;
  console.log(`\n${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.version}, Postgres on the same machine, fsync on;`);
  console.log(`${RUNS.ours} runs of ours, ${RUNS.engine} of an engine, ${RUNS.queue} of a queue; ${ROUNDS} rounds in turn\n`);
  line('1 condition + 3 local actions', 'version', 'how', 'runs/s', 'spread', 'ours on a backlog ÷ it', 'target', 'verdict');
  line('---', '---', '---', '---:', '---:', '---:', '---:', '---');
  const own = [floor, live, ...rows].flatMap((pairs) => pairs.ours);
  line('**ours on a backlog**', '', 'local actions exactly once, run log', median(own), spread(own), 1, '', '');
  line('ours, published while it works', '', 'the same', median(live.rates), spread(live.rates), ratios(live), '', '');
  const byHand = 'a transaction per event with a run log, 8 connections';
  line('hand-written floor', '', byHand, median(floor.rates), spread(floor.rates), ratios(floor), '', '');
  for (const row of rows) {
    const { peer, settings, rates, failed } = row;
    const version = Object.values(peer.packages)[0] ?? '';
    const target = `≥ ${TARGET[peer.kind]}`;
    if (failed || !settings) {
      line(peer.name, version, peer.does, `not run: ${failed}`, '', '', target, '');
      continue;
    }
    const reached = ratio(row, 0.5) >= TARGET[peer.kind];
    line(
      peer.name,
      version,
      `${peer.does} (${describe(settings)})`,
      median(rates),
      spread(rates),
      ratios(row),
      target,
      reached ? 'reached' : '**missed**',
    );
  }
}

/** Ours by theirs, pair by pair. */
function ratio({ rates, ours }: Pairs, at: number): number {
  return quantile(
    rates.map((rate, index) => (ours[index] ?? Number.NaN) / rate),
    at,
  );
}

function ratios(pairs: Pairs): string {
  return `${ratio(pairs, 0.5).toFixed(1)} (${ratio(pairs, 0).toFixed(1)}–${ratio(pairs, 1).toFixed(1)})`;
}
