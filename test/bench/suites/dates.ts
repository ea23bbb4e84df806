import type { DataSource } from 'typeorm';
import type { Caller } from '../../../src/host/access.js';
import { atMost, type BenchContext, NO_TARGET, type Suite, type Table, whole } from '../report.js';
import { ADMIN, type BenchHost, benchDatabase, benchHost } from '../support.js';

/** Records of one workspace whose dates are due at one moment. */
const CROWD = Number(process.env.BENCH_DATES ?? 100_000);
/** Events of another workspace, one every {@link EVERY_MS}, alone and then from that moment on. */
const OTHERS = 100;
const EVERY_MS = 50;
/** The moment: so long after the dates are moved there. */
const AHEAD_MS = 3_000;

const RIVAL: Caller = { ...ADMIN, workspaceId: 'rival' };
const STEPS = [{ id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } }];
const TELL = [{ id: 'tell', type: 'send_notification', with: { to: 'u-1', title: '{{record.title}}' } }];

/** "A day before it is due": the dates of a crowd of records, built when their workflow is published, due at one moment. */
export const dates: Suite = {
  name: 'dates',
  async run({ serverUrl, progress }: BenchContext): Promise<Table> {
    const url = await benchDatabase(serverUrl, 'bench_dates');
    const host = await benchHost(url, { worker: { enabled: false } });
    const worker = await benchHost(url);
    try {
      const lead = { trigger: { type: 'event', module: 'leads', event: 'created' }, steps: STEPS };
      await publish(host, RIVAL, lead);
      await trickle(host, 'warm');
      progress(`${OTHERS} events alone …`);
      const alone = await trickle(host, 'alone');
      progress(`noting ${whole(CROWD)} dates …`);
      await host.source.query(
        `INSERT INTO crm_tasks (id, "workspaceId", title, "dueAt")
         SELECT gen_random_uuid(), 'acme', 'Task ' || n, now() + interval '1 year' FROM generate_series(1, $1::int) AS n`,
        [CROWD],
      );
      await host.source.query('ANALYZE crm_tasks');
      const published = performance.now();
      await publish(host, ADMIN, { trigger: { type: 'date', module: 'tasks', field: 'dueAt', offset: 'P0D' }, steps: TELL });
      await until(host.source, `SELECT count(*) = ${CROWD} AS done FROM automation.date_triggers`);
      const built = (performance.now() - published) / 1_000;
      progress('all of them are due …');
      const moment = await makeDue(host.source);
      await until(host.source, `SELECT now() >= $1::timestamptz AS done`, [moment]);
      const beside = await trickle(host, 'beside');
      await until(
        host.source,
        `SELECT NOT EXISTS (SELECT FROM automation.date_triggers) AND NOT EXISTS (SELECT FROM automation.events WHERE routed_at IS NULL)
           AND NOT EXISTS (SELECT FROM automation.runs WHERE status IN ('queued', 'running', 'waiting')) AS done`,
      );
      const crowd = await lastEnd(host.source, moment);
      return {
        title: `${whole(CROWD)} dates that are due at one moment`,
        columns: ['', 'time', 'target', 'verdict'],
        rows: [
          ['noted when the workflow was published', `${built.toFixed(1)} s`, ...NO_TARGET],
          [
            `from the moment to the last run's end: ${whole(CROWD / crowd)} a second`,
            `${crowd.toFixed(1)} s`,
            ...atMost(Math.round(crowd), 60, ' s'),
          ],
          ['events of another workspace meanwhile, p50', `${beside.p50.toFixed(1)} ms`, ...NO_TARGET],
          ['the same alone', `${alone.p50.toFixed(1)} ms`, ...NO_TARGET],
          ['events of another workspace meanwhile, p95', `${beside.p95.toFixed(1)} ms`, ...NO_TARGET],
          ['the same alone', `${alone.p95.toFixed(1)} ms`, ...NO_TARGET],
        ],
        notes: [
          'One worker process. Each date starts a run with one local step, after a look at the record as it is then.',
          "The other workspace's events: from their own time to the end of their run, by the database's clock.",
        ],
      };
    } finally {
      await worker.close();
      await host.close();
    }
  },
};

async function publish(host: BenchHost, caller: Caller, definition: object): Promise<void> {
  const { id } = await host.workflows.create({ name: 'Dates', definition: definition as never }, caller);
  await host.workflows.publish(id, caller);
}

/** Moves all dates to one moment just ahead, and returns it. */
function makeDue(source: DataSource): Promise<Date> {
  return source.transaction(async (manager) => {
    const [clock] = (await manager.query(`SELECT date_trunc('milliseconds', now()) + $1 * interval '1 ms' AS moment`, [AHEAD_MS])) as {
      moment: Date;
    }[];
    await manager.query('UPDATE crm_tasks SET "dueAt" = $1', [clock?.moment]);
    await manager.query('UPDATE automation.date_triggers SET due_at = $1', [clock?.moment]);
    return clock?.moment ?? new Date(0);
  });
}

/** Events of the other workspace at a steady pace; how long each took, in milliseconds, when all are done. */
async function trickle(host: BenchHost, prefix: string): Promise<{ p50: number; p95: number }> {
  for (let n = 1; n <= OTHERS; n += 1) {
    const record = { id: `${prefix}-${n}`, name: `Lead ${n}`, source: 'Web Form', stage: 'New' };
    await host.source.transaction(async (manager) => {
      const insert = `INSERT INTO crm_leads (id, "workspaceId", name, source) VALUES ($1, 'rival', $2, 'Web Form')`;
      await manager.query(insert, [record.id, record.name]);
      await host.automation.publish({ workspaceId: 'rival', module: 'leads', event: 'created', record }, manager);
    });
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  const like = `${prefix}-%`;
  await until(
    host.source,
    `SELECT count(*) = ${OTHERS} AS done FROM automation.runs WHERE workspace_id = 'rival' AND record_id LIKE $1 AND status = 'succeeded'`,
    [like],
  );
  const [row] = (await host.source.query(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::float8 AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY ms)::float8 AS p95
     FROM (SELECT extract(epoch FROM r.finished_at - e.occurred_at) * 1000 AS ms FROM automation.runs r JOIN automation.events e ON e.id = r.event_id
       WHERE r.workspace_id = 'rival' AND r.record_id LIKE $1) AS runs`,
    [like],
  )) as { p50: number; p95: number }[];
  return row ?? { p50: Number.NaN, p95: Number.NaN };
}

/** Seconds from the moment to the end of the crowd's last run; each must have one. */
async function lastEnd(source: DataSource, moment: Date): Promise<number> {
  const [row] = (await source.query(
    `SELECT count(*) FILTER (WHERE status = 'succeeded')::int AS runs, extract(epoch FROM max(finished_at) - $1::timestamptz)::float8 AS last
     FROM automation.runs WHERE workspace_id = 'acme'`,
    [moment],
  )) as { runs: number; last: number }[];
  if (row?.runs !== CROWD) throw new Error(`${row?.runs} of ${CROWD} runs succeeded: the numbers would mean nothing`);
  return row.last;
}

/** Waits until a statement says `done`. */
async function until(source: DataSource, statement: string, parameters: unknown[] = []): Promise<void> {
  for (;;) {
    const [row] = (await source.query(statement, parameters)) as { done: boolean }[];
    if (row?.done) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
