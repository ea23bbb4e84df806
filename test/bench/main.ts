import { describeMachine } from './machine.js';
import { type Suite, toMarkdown } from './report.js';
import { activeWorkflows } from './suites/active-workflows.js';
import { conditions } from './suites/conditions.js';
import { dates } from './suites/dates.js';
import { external } from './suites/external.js';
import { failing } from './suites/failing.js';
import { history } from './suites/history.js';
import { importing } from './suites/import.js';
import { latency } from './suites/latency.js';
import { machines } from './suites/machines.js';
import { memory } from './suites/memory.js';
import { parked } from './suites/parked.js';
import { processes } from './suites/processes.js';
import { publish } from './suites/publish.js';
import { retention } from './suites/retention.js';
import { startup } from './suites/startup.js';
import { throughput } from './suites/throughput.js';
import { triggerUrl } from './suites/trigger-url.js';
import { waits } from './suites/waits.js';
import { benchPostgres } from './support.js';

/**
 * `npm run bench`: the numbers of RESULTS.md, on one durable Postgres in one run. What is compared takes turns in rounds,
 * so that a machine that slows down slows all of it. Tables go to stdout, progress to stderr.
 *
 * BENCH_ONLY=latency,history picks suites. BENCH_FULL=1 adds the history of 10 million runs, retention beside it, and the load of ten minutes.
 * BENCH_ROUNDS and the BENCH_ variables at the head of each suite change how much is measured.
 */
const SUITES: readonly Suite[] = [
  throughput,
  failing,
  publish,
  latency,
  conditions,
  activeWorkflows,
  history,
  retention,
  waits,
  parked,
  triggerUrl,
  dates,
  machines,
  processes,
  memory,
  importing,
  startup,
  external,
];

const wanted = process.env.BENCH_ONLY?.split(',').map((name) => name.trim()) ?? SUITES.map(({ name }) => name);
const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`BENCH_ONLY names ${unknown.join(', ')}; there are ${SUITES.map(({ name }) => name).join(', ')}.`);
  process.exit(1);
}
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const server = await benchPostgres();
try {
  console.log(`${await describeMachine(server.url)}\n`);
  for (const suite of SUITES.filter(({ name }) => wanted.includes(name))) {
    const started = performance.now();
    const table = await suite.run({
      serverUrl: server.url,
      full: process.env.BENCH_FULL === '1',
      rounds,
      progress: (text) => console.error(`${suite.name}: ${text}`),
    });
    console.log(`${toMarkdown(table)}\n`);
    console.error(`${suite.name}: done in ${Math.round((performance.now() - started) / 1000)} s`);
  }
} finally {
  await server.stop();
}
