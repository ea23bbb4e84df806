import { cpus } from 'node:os';
import { measureBurst } from '../burst.js';
import { publishWorkflow } from '../many-workflows.js';
import { type BenchContext, median, megabytes, ratios, type Suite, spread, type Table, whole } from '../report.js';
import { benchDatabase, benchHost, THREE_ACTIONS } from '../support.js';
import { WorkerProcess } from '../worker-client.js';

const COUNTS = [1, 2, 4];
const EVENTS = Number(process.env.BENCH_PROCESSES_EVENTS ?? 10_000);

interface Measured {
  rates: number[];
  /** Bytes, of each process. */
  rest: number[];
  peak: number[];
}

/** What more worker processes bring on one backlog. */
export const processes: Suite = {
  name: 'processes',
  async run({ serverUrl, rounds, progress }: BenchContext): Promise<Table> {
    const url = await benchDatabase(serverUrl, 'bench_processes');
    const host = await benchHost(url, { worker: { enabled: false } });
    const measured = COUNTS.map((): Measured => ({ rates: [], rest: [], peak: [] }));
    try {
      const counted = { workspaceId: 'acme', workflowId: await publishWorkflow(host, 'Bench', THREE_ACTIONS) };
      for (let round = 1; round <= rounds; round += 1) {
        for (const [at, count] of COUNTS.entries()) {
          progress(`round ${round} of ${rounds}: ${count} worker processes, a burst of ${EVENTS} events …`);
          const workers = await Promise.all(Array.from({ length: count }, () => WorkerProcess.start(url)));
          try {
            const { rates, rest, peak } = measured[at] as Measured;
            await measureBurst(host, counted, `warm-${round}-${count}-`, Math.ceil(EVENTS / 5));
            for (const worker of workers) rest.push((await worker.memory({ collect: true })).rss);
            rates.push((EVENTS / (await measureBurst(host, counted, `round-${round}-${count}-`, EVENTS))) * 1_000);
            for (const worker of workers) peak.push((await worker.memory()).peakRss);
          } finally {
            await Promise.all(workers.map((worker) => worker.stop()));
          }
        }
      }
    } finally {
      await host.close();
    }
    const base = (measured[0] as Measured).rates;
    return {
      title: 'Worker processes on one backlog',
      columns: ['', 'runs/s', 'of one process', 'memory per process at rest', 'at its peak'],
      rows: measured.map(({ rates, rest, peak }, at) => [
        `${COUNTS[at]} ${at === 0 ? 'process' : 'processes'}`,
        whole(median(rates)),
        spread(ratios(rates, base)),
        megabytes(median(rest)),
        megabytes(Math.max(...peak)),
      ]),
      notes: [
        `1 condition + 3 local actions, bursts of ${whole(EVENTS)} events, medians of ${rounds} rounds in turn. ${cpus().length} cores are shared by the workers, the publisher and Postgres.`,
        'Memory is the resident set, at rest after a garbage collection.',
      ],
    };
  },
};
