import { cpus } from 'node:os';
import { measureIdleLatency, measurePublish } from './latency.js';
import { benchPostgres, quantile } from './support.js';
import { measureEngine, measureFloor, type Throughput } from './throughput.js';

/**
 * `npm run bench`: the numbers of the README, side by side in one run on one durable Postgres. Each throughput is the
 * median of ROUNDS rounds that take turns, so that a machine that slows down slows all of them.
 */
const RUNS = Number(process.env.BENCH_RUNS ?? 10_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);

const rate = ({ runs, seconds }: Throughput): number => runs / seconds;
const median = (all: Throughput[]): Throughput => [...all].sort((a, b) => rate(a) - rate(b))[Math.floor(all.length / 2)] as Throughput;
const row = (...cells: (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);

const server = await benchPostgres();
try {
  const floor: Throughput[] = [];
  const live: Throughput[] = [];
  const backlog: Throughput[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    console.error(`round ${round} of ${ROUNDS}, ${RUNS} runs each: hand-written floor …`);
    floor.push(await measureFloor(server.url, RUNS));
    console.error(`round ${round}: published while the engine works …`);
    live.push(await measureEngine(server.url, RUNS, 'live'));
    console.error(`round ${round}: a backlog …`);
    backlog.push(await measureEngine(server.url, RUNS, 'backlog'));
  }
  console.error('idle latency …');
  const idle = await measureIdleLatency(server.url, 300);
  console.error('what publish adds …');
  const publish = await measurePublish(server.url, 1_000);

  const base = median(floor);
  const ratios = (all: Throughput[]): string => {
    const each = all.map((one, index) => rate(one) / rate(floor[index] as Throughput));
    return `${quantile(each, 0.5).toFixed(2)} (${Math.min(...each).toFixed(2)}–${Math.max(...each).toFixed(2)})`;
  };
  const [cpu] = cpus();
  console.log(`\n${cpus().length} cores (${cpu?.model.trim()}), Node ${process.version}, Postgres on the same machine, fsync on\n`);
  row('1 condition + 3 local actions', 'runs/s', 'of the floor', 'statements/run', 'commits/run');
  row('---', '---:', '---:', '---:', '---:');
  const line = (name: string, all: Throughput[], ratio: string): void => {
    const one = median(all);
    row(name, Math.round(rate(one)), ratio, (one.statements / one.runs).toFixed(2), (one.commits / one.runs).toFixed(2));
  };
  line('hand-written: a transaction per event, plain `pg`, 8 connections', floor, '1');
  line('the engine on a backlog', backlog, ratios(backlog));
  line('the engine while 8 writers `publish`, each in a transaction of its own, same process', live, ratios(live));
  console.log('');
  row('time', 'p50', 'p95');
  row('---', '---:', '---:');
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  row("idle: from the host's commit to the first step's commit, same process", ms(idle.p50), ms(idle.p95));
  row("the host's transaction (one INSERT) without `publish`", ms(publish.without.p50), ms(publish.without.p95));
  row('the same with `publish`', ms(publish.with.p50), ms(publish.with.p95));
  console.log(
    `\npublish adds a factor of ${(publish.with.p50 / publish.without.p50).toFixed(2)} at p50; floor of ${Math.round(rate(base))} runs/s.`,
  );
} finally {
  await server.stop();
}
