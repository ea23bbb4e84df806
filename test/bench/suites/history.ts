import { measureBurst } from '../burst.js';
import { loadHistory, WORKFLOWS_WITH_HISTORY } from '../history/load.js';
import { askAll } from '../history/questions.js';
import { addOtherWorkflows, publishWorkflow } from '../many-workflows.js';
import { atLeast, atMost, type BenchContext, median, ms, ratios, type Suite, spread, type Table, whole } from '../report.js';
import { type BenchHost, benchDatabase, benchHost, THREE_ACTIONS } from '../support.js';
import { WorkerProcess } from '../worker-client.js';

const EVENTS = Number(process.env.BENCH_HISTORY_EVENTS ?? 5_000);
const WORKFLOWS = 400;

/** A database with so many finished runs. */
interface Aged {
  runs: number;
  host: BenchHost;
  workflowId: string;
  worker: WorkerProcess;
  rates: number[];
  /** p95 in milliseconds, by question. */
  answers: Map<string, number>;
}

/** What a history costs: the engine's throughput beside it, and how long people wait for answers out of it. */
export const history: Suite = {
  name: 'history',
  async run({ serverUrl, full, rounds, progress }: BenchContext): Promise<Table> {
    const sizes = process.env.BENCH_HISTORY_RUNS?.split(',').map(Number) ?? [0, 1_000_000, ...(full ? [10_000_000] : [])];
    const all: Aged[] = [];
    try {
      for (const runs of sizes) all.push(await age(serverUrl, runs, progress));
      for (let round = 0; round <= rounds; round += 1) {
        for (const { runs, host, workflowId, rates } of all) {
          progress(round === 0 ? `warm, ${runs} runs …` : `round ${round} of ${rounds}: a burst of ${EVENTS} events on ${runs} runs …`);
          const time = await measureBurst(host, { workspaceId: 'acme', workflowId }, `round-${round}-`, EVENTS);
          if (round > 0) rates.push((EVENTS / time) * 1_000);
        }
      }
      return report(all, rounds);
    } finally {
      for (const { worker, host } of all) {
        await worker.stop();
        await host.close();
      }
    }
  },
};

async function age(serverUrl: string, runs: number, progress: (text: string) => void): Promise<Aged> {
  const url = await benchDatabase(serverUrl, `bench_history_${runs}`);
  const host = await benchHost(url, { worker: { enabled: false } });
  const workflowId = await publishWorkflow(host, 'Bench', THREE_ACTIONS);
  await addOtherWorkflows(host, WORKFLOWS);
  const others = (await host.source.query('SELECT id FROM automation.workflows WHERE id <> $1 ORDER BY name', [workflowId])) as {
    id: string;
  }[];
  const workflowIds = others.slice(0, WORKFLOWS_WITH_HISTORY).map(({ id }) => id);
  const started = performance.now();
  await loadHistory(url, workflowIds, runs, progress);
  progress(`${runs} runs loaded in ${Math.round((performance.now() - started) / 1000)} s; asking …`);
  const answers = await askAll(host, workflowIds, runs);
  return { runs, host, workflowId, worker: await WorkerProcess.start(url), rates: [], answers };
}

function report(all: readonly Aged[], rounds: number): Table {
  const base = (all[0] as Aged).rates;
  const last = all.at(-1) as Aged;
  const names = [...last.answers.keys()];
  const worst = (name: string): number => Math.max(...all.map(({ answers }) => answers.get(name) ?? 0));
  return {
    title: 'A history of finished runs',
    columns: ['', ...all.map(({ runs }) => `${whole(runs)} runs`), 'target', 'verdict'],
    rows: [
      ['throughput, runs/s', ...all.map(({ rates }) => whole(median(rates))), '', ''],
      [
        'throughput, of the first column',
        ...all.map(({ rates }) => spread(ratios(rates, base))),
        ...atLeast(Math.min(...all.map(({ rates }) => median(ratios(rates, base)))), 0.9),
      ],
      ...names.map((name) => [
        `p95: ${name}`,
        ...all.map(({ answers }) => ms(answers.get(name) ?? Number.NaN)),
        ...atMost(worst(name), 50, ' ms'),
      ]),
    ],
    notes: [
      `Throughput: 1 condition + 3 local actions, one worker process, bursts of ${whole(EVENTS)} events; medians of ${rounds} rounds in turn.`,
      `Times: through the services behind the admin API, 50 items a page; "deep" begins at a run from anywhere in the history. ${WORKFLOWS} workflows, ${WORKFLOWS_WITH_HISTORY} of them with runs of half a year.`,
    ],
  };
}
