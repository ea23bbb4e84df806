import type { DataSource } from 'typeorm';
import type { Caller } from '../../../src/host/access.js';
import { atMost, type BenchContext, NO_TARGET, type Suite, type Table, whole } from '../report.js';
import { ADMIN, type BenchHost, benchDatabase, benchHost, inParallel } from '../support.js';

/** Waits of one workspace that end at one moment. */
const CROWD = Number(process.env.BENCH_WAITS ?? 100_000);
/** Waits of another workspace that end at the same moment. */
const OTHERS = 100;
/** The moment: so long after the waits are moved there. */
const AHEAD_MS = 15_000;

const RIVAL: Caller = { ...ADMIN, workspaceId: 'rival' };
const DEFINITION = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [
    { id: 'cool', type: 'delay', for: 'P1D' },
    { id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } },
  ],
};

/** From the moment at which the waits were over to the end of their runs, in seconds. */
interface Lateness {
  p50: number;
  p95: number;
  last: number;
}

/** "At nine o'clock": a workspace with a crowd of waits that end at one moment, and another with a few. */
export const waits: Suite = {
  name: 'waits',
  async run({ serverUrl, progress }: BenchContext): Promise<Table> {
    const url = await benchDatabase(serverUrl, 'bench_waits');
    const host = await benchHost(url, { worker: { enabled: false } });
    try {
      for (const caller of [ADMIN, RIVAL]) {
        const { id } = await host.workflows.create({ name: 'Waits', definition: DEFINITION as never }, caller);
        await host.workflows.publish(id, caller);
      }
      progress(`${OTHERS} waits alone …`);
      await park(host, 'rival', OTHERS, 'alone');
      const alone = await lateness(host.source, await endAll(host.source, url), 'alone');
      progress(`parking ${whole(CROWD)} runs …`);
      await park(host, 'acme', CROWD, 'crowd');
      await park(host, 'rival', OTHERS, 'beside');
      progress('all of them are due …');
      const moment = await endAll(host.source, url);
      const beside = await lateness(host.source, moment, 'beside');
      const crowd = await lateness(host.source, moment, 'crowd');
      return {
        title: `${whole(CROWD)} waits that end at one moment`,
        columns: ['', 'p50', 'p95', 'the last', 'target', 'verdict'],
        rows: [
          line(`${OTHERS} waits of another workspace, alone`, alone, NO_TARGET),
          line('the same beside the crowd', beside, atMost(Number(beside.p95.toFixed(1)), 2, ' s')),
          line(`the crowd: ${whole(CROWD / crowd.last)} a second`, crowd, NO_TARGET),
        ],
        notes: ['From the moment at which the wait was over to the end of its run: one local step after it. One worker process.'],
      };
    } finally {
      await host.close();
    }
  },
};

/** Starts so many runs on new leads, and takes them to their wait. */
async function park(host: BenchHost, workspaceId: string, count: number, prefix: string): Promise<void> {
  await host.source.query(
    `INSERT INTO crm_leads (id, "workspaceId", name, source) SELECT $2 || '-' || n, $3, 'Lead ' || n, 'Web Form' FROM generate_series(1, $1::int) AS n`,
    [count, prefix, workspaceId],
  );
  await host.source.query('ANALYZE crm_leads');
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  await inParallel(numbers, 8, async (n) => {
    const record = { id: `${prefix}-${n}`, name: `Lead ${n}`, source: 'Web Form', stage: 'New' };
    await host.source.transaction((manager) =>
      host.automation.publish({ workspaceId, module: 'leads', event: 'created', record }, manager),
    );
  });
  await host.automation.drain();
  const [row] = (await host.source.query(
    `SELECT count(*)::int AS waiting FROM automation.runs WHERE workspace_id = $1 AND record_id LIKE $2 AND status = 'waiting'`,
    [workspaceId, `${prefix}-%`],
  )) as { waiting: number }[];
  if (row?.waiting !== count) throw new Error(`${row?.waiting} of ${count} runs wait: the numbers would mean nothing`);
}

/** Moves all waits to one moment, lets a worker end them, and returns the moment. */
async function endAll(source: DataSource, url: string): Promise<Date> {
  const worker = await benchHost(url);
  try {
    const moment = await source.transaction(async (manager) => {
      const [clock] = (await manager.query(`SELECT now() + $1 * interval '1 ms' AS moment`, [AHEAD_MS])) as { moment: Date }[];
      await manager.query(`UPDATE automation.step_executions SET wake_at = $1 WHERE status = 'waiting'`, [clock?.moment]);
      await manager.query(`UPDATE automation.runs SET due_at = $1 WHERE status = 'waiting'`, [clock?.moment]);
      return clock?.moment ?? new Date(0);
    });
    for (let open = 1; open > 0; await new Promise((resolve) => setTimeout(resolve, 200))) {
      const [row] = (await source.query(
        `SELECT count(*)::int AS open FROM automation.runs WHERE status IN ('waiting', 'queued', 'running')`,
      )) as { open: number }[];
      open = row?.open ?? 0;
    }
    return moment;
  } finally {
    await worker.close();
  }
}

async function lateness(source: DataSource, moment: Date, prefix: string): Promise<Lateness> {
  const [row] = (await source.query(
    `SELECT bool_and(status = 'succeeded') AS succeeded,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY late)::float8 AS p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY late)::float8 AS p95,
       max(late)::float8 AS last
     FROM (SELECT status, extract(epoch FROM finished_at - $1::timestamptz) AS late FROM automation.runs WHERE record_id LIKE $2) AS runs`,
    [moment, `${prefix}-%`],
  )) as (Lateness & { succeeded: boolean })[];
  if (!row?.succeeded) throw new Error('a run did not succeed: the numbers would mean nothing');
  return row;
}

function line(name: string, { p50, p95, last }: Lateness, verdict: readonly string[]): string[] {
  return [name, ...[p50, p95, last].map((seconds) => `${seconds.toFixed(2)} s`), ...verdict];
}
