import { setTimeout as sleep } from 'node:timers/promises';
import { measureBurst, publishLead } from '../burst.js';
import { publishWorkflow } from '../many-workflows.js';
import { atMost, type BenchContext, median, megabytes, NO_TARGET, type Suite, type Table, whole } from '../report.js';
import { type BenchHost, benchDatabase, benchHost, insertLeads, THREE_ACTIONS } from '../support.js';
import { WorkerProcess } from '../worker-client.js';
import type { WorkerMemory } from '../worker-process.js';

const BURST = Number(process.env.BENCH_BURST ?? 100_000);
const LOAD_MINUTES = Number(process.env.BENCH_LOAD_MINUTES ?? 10);
const LOAD_PER_SECOND = Number(process.env.BENCH_LOAD_RATE ?? 200);
/** A tenth of the burst must not need much less: memory that grows with the backlog has no bound. */
const BURST_FACTOR = 1.25;
const GROWTH_FACTOR = 1.05;

/** What one worker process holds: at rest, under a burst, and (BENCH_FULL) over minutes of steady load. */
export const memory: Suite = {
  name: 'memory',
  async run({ serverUrl, full, progress }: BenchContext): Promise<Table> {
    const url = await benchDatabase(serverUrl, 'bench_memory');
    const host = await benchHost(url, { worker: { enabled: false } });
    let worker: WorkerProcess | null = null;
    const rows: string[][] = [];
    const add = (name: string, { rss, heapUsed }: WorkerMemory, verdict: readonly string[] = NO_TARGET): void => {
      rows.push([name, megabytes(rss), megabytes(heapUsed), ...verdict]);
    };
    try {
      const counted = { workspaceId: 'acme', workflowId: await publishWorkflow(host, 'Bench', THREE_ACTIONS) };
      worker = await WorkerProcess.start(url);
      add('at rest, just started', await worker.memory({ collect: true }));
      const peaks: number[] = [];
      for (const events of [BURST / 10, BURST]) {
        progress(`a burst of ${events} events …`);
        const peak = await peakDuring(worker, () => measureBurst(host, counted, `burst-${events}-`, events));
        peaks.push(peak.rss);
        const verdict = events === BURST ? atMost(peak.rss / (peaks[0] as number), BURST_FACTOR, ' of the peak above') : NO_TARGET;
        add(`peak under a burst of ${whole(events)} events`, peak, verdict);
      }
      add('after it, at rest', await worker.memory({ collect: true }));
      if (full) rows.push(...(await steadyLoad(host, worker, progress)));
    } finally {
      await worker?.stop();
      await host.close();
    }
    return {
      title: 'Memory of a worker process',
      columns: ['', 'resident', 'heap', 'target', 'verdict'],
      rows,
      notes: [
        '1 condition + 3 local actions, one worker process; at rest: after a garbage collection; sampled every 100 ms.',
        ...(full ? [`Steady load: ${LOAD_PER_SECOND} events a second for ${LOAD_MINUTES} minutes, after a minute of the same.`] : []),
      ],
    };
  },
};

/** The largest of each that was seen while `work` went on; the resident set as the kernel knows it. */
async function peakDuring(worker: WorkerProcess, work: () => Promise<unknown>): Promise<WorkerMemory> {
  const peak: WorkerMemory = { rss: 0, heapUsed: 0, peakRss: 0 };
  await sampling(worker, 100, work, ({ rss, heapUsed, peakRss }) => {
    peak.rss = Math.max(peak.rss, rss);
    peak.heapUsed = Math.max(peak.heapUsed, heapUsed);
    peak.peakRss = peakRss;
  });
  return peak;
}

async function sampling(worker: WorkerProcess, everyMs: number, work: () => Promise<unknown>, take: (sample: WorkerMemory) => void) {
  let over = false;
  const working = work().finally(() => {
    over = true;
  });
  const watching = (async () => {
    while (!over) {
      take(await worker.memory());
      await sleep(everyMs);
    }
  })();
  await Promise.all([working, watching]);
}

async function steadyLoad(host: BenchHost, worker: WorkerProcess, progress: (text: string) => void): Promise<string[][]> {
  progress('steady load, a minute to warm up …');
  await publishSteadily(host, 'warm-load-', 60);
  const before = await worker.memory({ collect: true });
  const samples: { at: number; rss: number; heapUsed: number }[] = [];
  const started = performance.now();
  progress(`steady load, ${LOAD_MINUTES} minutes …`);
  await sampling(
    worker,
    1_000,
    () => publishSteadily(host, 'load-', LOAD_MINUTES * 60),
    ({ rss, heapUsed }) => samples.push({ at: performance.now() - started, rss, heapUsed }),
  );
  const after = await worker.memory({ collect: true });
  // A fifth of the time at each end: two minutes of ten.
  const fifth = (LOAD_MINUTES * 60_000) / 5;
  const part = (from: number, to: number, what: 'rss' | 'heapUsed'): number =>
    median(samples.filter(({ at }) => at >= from && at < to).map((sample) => sample[what]));
  const row = (name: string, from: number, verdict: readonly string[] = NO_TARGET): string[] => [
    `steady load, ${name} fifth, median`,
    megabytes(part(from, from + fifth, 'rss')),
    megabytes(part(from, from + fifth, 'heapUsed')),
    ...verdict,
  ];
  const growth = part(4 * fifth, 5 * fifth, 'rss') / part(0, fifth, 'rss');
  return [
    row('first', 0),
    row('last', 4 * fifth, atMost(growth, GROWTH_FACTOR, ' of the first')),
    ['before it, at rest', megabytes(before.rss), megabytes(before.heapUsed), ...NO_TARGET],
    [
      'after it, at rest',
      megabytes(after.rss),
      megabytes(after.heapUsed),
      ...atMost(after.heapUsed / before.heapUsed, GROWTH_FACTOR, ' of the heap before'),
    ],
  ];
}

/** One transaction an event, by the clock: what a slow moment leaves out is made up for. */
async function publishSteadily(host: BenchHost, prefix: string, seconds: number): Promise<void> {
  const leads = await insertLeads(host.source, seconds * LOAD_PER_SECOND, prefix);
  const started = performance.now();
  for (const [index, id] of leads.entries()) {
    const early = (index / LOAD_PER_SECOND) * 1_000 - (performance.now() - started);
    if (early > 0) await sleep(early);
    await publishLead(host, id);
  }
}
