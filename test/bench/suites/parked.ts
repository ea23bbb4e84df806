import type { DataSource } from 'typeorm';
import { WakeUp } from '../../../src/engine/wake-up.js';
import type { Caller } from '../../../src/host/access.js';
import { atLeast, type BenchContext, median, NO_TARGET, type Suite, type Table, whole } from '../report.js';
import { ADMIN, type BenchHost, benchDatabase, benchHost, inParallel, THREE_ACTIONS } from '../support.js';

/** Runs that wait for a call, of one workspace. */
const PARKED = Number(process.env.BENCH_PARKED ?? 1_000_000);
/** Of these so many are answered at one moment. */
const WOKEN = Math.min(PARKED, Number(process.env.BENCH_WOKEN ?? 10_000));
/** Runs of others, in each round. */
const LOAD = Number(process.env.BENCH_PARKED_LOAD ?? 5_000);
/** Another workspace has an event every so often while they wake. */
const EVENT_EVERY_MS = 20;
const ALONE_MS = 3_000;

const LINKS = { publicUrl: 'https://crm.acme.test', secret: 'of no use but to this benchmark, which calls no URL' };
const STAGE = { id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } };
const RIVAL: Caller = { ...ADMIN, workspaceId: 'rival' };
const onLeads = (source: string, ...steps: object[]) => ({
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: { field: 'source', operator: 'equals', value: source },
  steps,
});

/** A million runs that wait for a call: what they cost the others, and what becomes of them when many are answered at once. */
export const parked: Suite = {
  name: 'parked',
  async run({ serverUrl, rounds, progress }: BenchContext): Promise<Table> {
    const fullUrl = await benchDatabase(serverUrl, 'bench_parked_full');
    const bare = await prepared(await benchDatabase(serverUrl, 'bench_parked_bare'));
    const full = await prepared(fullUrl);
    try {
      progress(`parking ${whole(PARKED)} runs …`);
      await park(full);
      const speeds: number[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        progress(`round ${round} of ${rounds} …`);
        // They take turns at going first.
        if (round % 2 === 1) {
          const without = await speedOf(bare, round);
          speeds.push((await speedOf(full, round)) / without);
        } else {
          const beside = await speedOf(full, round);
          speeds.push(beside / (await speedOf(bare, round)));
        }
      }
      const worker = await benchHost(fullUrl, LINKS);
      try {
        progress('another workspace alone …');
        const alone = await lateness(full, () => pause(ALONE_MS));
        progress(`waking ${whole(WOKEN)} …`);
        let wakingMs = 0;
        const beside = await lateness(full, async () => {
          wakingMs = await wake(full);
        });
        const ratio = Number(median(speeds).toFixed(2));
        return {
          title: `${whole(PARKED)} runs that wait for a call`,
          columns: ['', 'measured', 'target', 'verdict'],
          rows: [
            ['throughput of others, beside them to without them', ratio.toFixed(2), ...atLeast(ratio, 0.9)],
            [`${whole(WOKEN)} answered at one moment, until the last had ended`, `${(wakingMs / 1_000).toFixed(1)} s`, ...NO_TARGET],
            ['another workspace meanwhile: from its event to the end of the run, p95', `${Math.round(beside)} ms`, ...NO_TARGET],
            ['the same before', `${Math.round(alone)} ms`, ...NO_TARGET],
            ['a parked run: itself, its step, its token, with all indexes', `${whole(await bytesOfOne(full.source))} bytes`, ...NO_TARGET],
          ],
          notes: [
            'One worker process. Three local actions a run of the others; one after the call. The answers are written by one statement.',
          ],
        };
      } finally {
        await worker.close();
      }
    } finally {
      await bare.close();
      await full.close();
    }
  },
};

async function prepared(url: string): Promise<BenchHost> {
  const host = await benchHost(url, { ...LINKS, worker: { enabled: false } });
  const definitions: [Caller, object][] = [
    [ADMIN, onLeads('Parked', { id: 'ask', type: 'wait_for_webhook' }, STAGE)],
    [ADMIN, THREE_ACTIONS],
    [RIVAL, onLeads('Other', STAGE)],
  ];
  for (const [caller, definition] of definitions) {
    const { id } = await host.workflows.create({ name: 'Parked', definition: definition as never }, caller);
    await host.workflows.publish(id, caller);
  }
  return host;
}

/** The first is parked as runs are; the others are its copies, with ids and tokens of their own. */
async function park({ source, automation }: BenchHost): Promise<void> {
  await source.query(
    `INSERT INTO crm_leads (id, "workspaceId", name, source) SELECT 'p-' || n, 'acme', 'Lead ' || n, 'Parked' FROM generate_series(0, $1::int) AS n`,
    [PARKED],
  );
  await source.query('ANALYZE crm_leads');
  await publish({ source, automation }, 'acme', { id: 'p-0', source: 'Parked' });
  await automation.drain();
  await source.query(
    `CREATE TABLE bench_copies AS SELECT n, gen_random_uuid() AS id, (SELECT id FROM automation.runs WHERE status = 'waiting') AS of FROM generate_series(1, $1::int) AS n`,
    [PARKED - 1],
  );
  await copyRows(source, 'runs', { id: 'c.id', event_id: 'NULL', record_id: `'p-' || c.n` });
  await copyRows(source, 'step_executions', { run_id: 'c.id' });
  await copyRows(source, 'wait_tokens', { run_id: 'c.id', token_hash: 'sha256(c.id::text::bytea)' });
}

async function copyRows(source: DataSource, table: string, changed: Readonly<Record<string, string>>): Promise<void> {
  const columns = (await source.query(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'automation' AND table_name = $1 AND is_generated = 'NEVER'`,
    [table],
  )) as { name: string }[];
  const names = columns.map(({ name }) => name);
  await source.query(
    `INSERT INTO automation.${table} (${names.join(', ')})
     SELECT ${names.map((name) => changed[name] ?? `o.${name}`).join(', ')}
     FROM bench_copies c JOIN automation.${table} o ON o.${table === 'runs' ? 'id' : 'run_id'} = c.of`,
  );
  await source.query(`VACUUM (ANALYZE) automation.${table}`);
}

function publish(
  { source, automation }: Pick<BenchHost, 'source' | 'automation'>,
  workspaceId: string,
  lead: { id: string; source: string },
): Promise<void> {
  const record = { name: 'Lead', stage: 'New', ...lead };
  return source.transaction(async (manager) => {
    await automation.publish({ workspaceId, module: 'leads', event: 'created', record }, manager);
  });
}

/** Runs a second of those that do not wait. */
async function speedOf(host: BenchHost, round: number): Promise<number> {
  const ids = Array.from({ length: LOAD }, (_, n) => `l-${round}-${n}`);
  await insertLeads(host.source, 'acme', 'Web Form', ids);
  await inParallel(ids, 8, (id) => publish(host, 'acme', { id, source: 'Web Form' }));
  const began = performance.now();
  await host.automation.drain();
  return LOAD / ((performance.now() - began) / 1_000);
}

async function insertLeads(source: DataSource, workspaceId: string, from: string, ids: readonly string[]): Promise<void> {
  await source.query(
    `INSERT INTO crm_leads (id, "workspaceId", name, email, source) SELECT id, $2, 'Lead', 'lead@acme.test', $3 FROM unnest($1::text[]) AS id`,
    [ids, workspaceId, from],
  );
}

/** Answers many at one moment. Returns how long it took until the runs of all had ended, in milliseconds. */
async function wake({ source, context }: BenchHost): Promise<number> {
  const began = performance.now();
  await source.query(
    `WITH answered AS (
       UPDATE automation.runs SET answers = answers + 1, due_at = now(), status = 'queued'
       WHERE (workspace_id, id) IN (SELECT workspace_id, id FROM automation.runs WHERE status = 'waiting' LIMIT $1) RETURNING workspace_id, id
     )
     INSERT INTO automation.run_inbox (workspace_id, run_id, path, attempt, answer)
     SELECT workspace_id, id, 'ask', 1, '{"body": {}}' FROM answered`,
    [WOKEN],
  );
  // As every door for answers does.
  context.get(WakeUp).announce('runs');
  for (;;) {
    const [row] = (await source.query(
      `SELECT count(*)::int AS ended FROM automation.run_inbox i JOIN automation.runs r ON r.workspace_id = i.workspace_id AND r.id = i.run_id
       WHERE r.status = 'succeeded'`,
    )) as { ended: number }[];
    if (row?.ended === WOKEN) return performance.now() - began;
    await pause(100);
  }
}

/** The 95th percentile of another workspace's runs beside some work, from the event to the end of the run, in milliseconds. */
async function lateness(host: BenchHost, work: () => Promise<void>): Promise<number> {
  const [clock] = (await host.source.query('SELECT clock_timestamp() AS at')) as { at: Date }[];
  let isDone = false;
  const events = (async () => {
    for (let n = 0; !isDone; n += 1) {
      const id = `r-${clock?.at.getTime()}-${n}`;
      await insertLeads(host.source, 'rival', 'Other', [id]);
      await publish(host, 'rival', { id, source: 'Other' });
      await pause(EVENT_EVERY_MS);
    }
  })();
  await work();
  isDone = true;
  await events;
  for (;;) {
    const [row] = (await host.source.query(
      `SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM r.finished_at - e.occurred_at) * 1000)::float8 AS p95,
         count(*) FILTER (WHERE r.status IS DISTINCT FROM 'succeeded')::int AS open
       FROM automation.events e LEFT JOIN automation.runs r ON r.workspace_id = e.workspace_id AND r.event_id = e.id
       WHERE e.workspace_id = 'rival' AND e.module = 'leads' AND e.cause IS NULL AND e.occurred_at >= $1`,
      [clock?.at],
    )) as { p95: number; open: number }[];
    if (row?.open === 0) return row.p95;
    await pause(50);
  }
}

async function bytesOfOne(source: DataSource): Promise<number> {
  const [row] = (await source.query(
    `SELECT sum(pg_total_relation_size(('automation.' || name)::regclass))::float8 / $1 AS bytes
     FROM unnest(ARRAY['runs', 'step_executions', 'wait_tokens']) AS name`,
    [PARKED],
  )) as { bytes: number }[];
  return row?.bytes ?? Number.NaN;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
