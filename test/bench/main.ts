import { benchPostgres } from './support.js';
import { measureEngine, measureFloor } from './throughput.js';

const RUNS = Number(process.env.BENCH_RUNS ?? 10_000);

const server = await benchPostgres();
try {
  const floor = await measureFloor(server.url, RUNS);
  console.log('floor', floor, Math.round(floor.runs / floor.seconds));
  const live = await measureEngine(server.url, RUNS, 'live');
  console.log('live', live, Math.round(live.runs / live.seconds), live.statements / live.runs, live.commits / live.runs);
  const backlog = await measureEngine(server.url, RUNS, 'backlog');
  console.log('backlog', backlog, Math.round(backlog.runs / backlog.seconds), backlog.statements / backlog.runs);
} finally {
  await server.stop();
}
