import pg from 'pg';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { WakeUp } from '../../../src/engine/wake-up.js';
import type { Caller } from '../../../src/host/access.js';
import { machinesOf } from '../../engine/support/machines.js';
import { atLeast, type BenchContext, median, NO_TARGET, ratios, type Suite, spread, type Table, whole } from '../report.js';
import { ADMIN, type BenchHost, benchDatabase, benchHost, inParallel } from '../support.js';

/** Instances of one machine, in ten states. */
const INSTANCES = Number(process.env.BENCH_INSTANCES ?? 1_000_000);
/** Events on their records, in each round. */
const EVENTS = Number(process.env.BENCH_MACHINE_EVENTS ?? 10_000);
/** Timeouts that are due at one moment. */
const TIMEOUTS = Number(process.env.BENCH_TIMEOUTS ?? 100_000);
/** Another workspace has an event every so often while they fire. */
const EVERY_MS = 50;
const ALONE_MS = 5_000;

const STATES = 10;
const CONNECTIONS = 8;
const RIVAL: Caller = { ...ADMIN, workspaceId: 'rival' };
const UPDATED = { type: 'event', module: 'leads', event: 'updated' };

/** A ring: each event of a record takes its instance one state on. */
const RING = {
  start: { trigger: { type: 'event', module: 'leads', event: 'created' } },
  states: Array.from({ length: STATES }, (_, n) => ({ code: `S${n}`, ...(n === 0 && { initial: true }) })),
  transitions: Array.from({ length: STATES }, (_, n) => ({
    code: `to_${(n + 1) % STATES}`,
    from: [`S${n}`],
    to: `S${(n + 1) % STATES}`,
    trigger: UPDATED,
    conditions: { field: 'source', operator: 'equals', value: 'Web Form' },
  })),
};

const ESCALATING = {
  start: { trigger: { type: 'event', module: 'leads', event: 'deleted' } },
  states: [{ code: 'OPEN', initial: true, timeout: { after: 'PT48H', transition: 'escalate' } }, { code: 'ESCALATED' }],
  transitions: [{ code: 'escalate', from: ['OPEN'], to: 'ESCALATED', trigger: { type: 'timeout' } }],
};

/** Events on the records of a million instances, against what one would write by hand; and many timeouts at one moment. */
export const machines: Suite = {
  name: 'machines',
  async run({ serverUrl, rounds, progress }: BenchContext): Promise<Table> {
    const url = await benchDatabase(serverUrl, 'bench_machines');
    const host = await benchHost(url, { worker: { enabled: false } });
    try {
      const of = machinesOf({ query: (...args: [string]) => host.source.query(...args), module: host.context } as never);
      progress(`${whole(INSTANCES)} instances …`);
      const ring = await of.publish(RING);
      await fill(host.source, ring, INSTANCES, 'S');
      await host.source.query(FLOOR_TABLES);
      await host.source.query('INSERT INTO floor_instances SELECT record_id, state, now() FROM automation.instances');
      await host.source.query('VACUUM ANALYZE');
      const floor: number[] = [];
      const engine: number[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        progress(`round ${round} of ${rounds}: ${whole(EVENTS)} events, the hand-written floor …`);
        floor.push(EVENTS / (await runFloor(url, someRecords())));
        progress(`round ${round}: the engine …`);
        engine.push(EVENTS / (await runEngine(host, url, someRecords())));
      }
      progress(`${whole(TIMEOUTS)} timeouts …`);
      const timed = await timeouts(host, url, of);
      return {
        title: `State machines: ${whole(INSTANCES)} instances in ${STATES} states`,
        columns: ['', 'measured', 'target', 'verdict'],
        rows: [
          ['transitions a second, hand-written: a transaction per event, plain `pg`, 8 connections', whole(median(floor)), ...NO_TARGET],
          ['transitions a second, one worker on a backlog of events', whole(median(engine)), ...NO_TARGET],
          ['the same to the floor', spread(ratios(engine, floor)), ...atLeast(median(ratios(engine, floor)), 0.8)],
          [
            `${whole(TIMEOUTS)} timeouts due at one moment, until the last had fired: ${whole(TIMEOUTS / timed.seconds)} a second`,
            `${timed.seconds.toFixed(1)} s`,
            ...NO_TARGET,
          ],
          ['another workspace meanwhile: from its event to the end of the run, p95', `${timed.beside.toFixed(1)} ms`, ...NO_TARGET],
          ['the same alone', `${timed.alone.toFixed(1)} ms`, ...NO_TARGET],
        ],
        notes: [`Medians of ${rounds} rounds in turn, ${whole(EVENTS)} events each, one condition asked, no steps.`],
      };
    } finally {
      await host.close();
    }
  },
};

/** Makes instances of a machine, spread over its states. */
async function fill(source: DataSource, machineId: string, count: number, prefix: string): Promise<void> {
  await source.query(
    `INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final)
     SELECT w.workspace_id, gen_random_uuid(), w.id, w.published_version_id, 'leads', $3 || n, $4 || n % $5, false
     FROM automation.workflows w, generate_series(1, $2::int) AS n WHERE w.id = $1`,
    [machineId, count, 'lead-', prefix, STATES],
  );
  await countStates(source, machineId);
}

async function countStates(source: DataSource, machineId: string): Promise<void> {
  await source.query(
    `INSERT INTO automation.instance_counts (workspace_id, machine_id, version_id, state, slot, instances)
     SELECT workspace_id, machine_id, version_id, state, 0, count(*) FROM automation.instances WHERE machine_id = $1 GROUP BY 1, 2, 3, 4`,
    [machineId],
  );
}

function someRecords(): string[] {
  return Array.from({ length: EVENTS }, () => `lead-${1 + Math.floor(Math.random() * INSTANCES)}`);
}

const FLOOR_TABLES = `
  CREATE TABLE floor_instances (record_id text PRIMARY KEY, state text NOT NULL, entered_at timestamptz NOT NULL) WITH (fillfactor = 70);
  CREATE TABLE floor_machine_events (id uuid PRIMARY KEY, record_id text NOT NULL, record jsonb, at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE floor_history (id uuid PRIMARY KEY, record_id text NOT NULL, from_state text, to_state text, event_id uuid, ms bigint,
    at timestamptz NOT NULL DEFAULT now());
  CREATE INDEX ON floor_history (record_id, id);`;

/** A transaction per event: note it, lock the row, check, update, insert the history. Returns the seconds. */
async function runFloor(url: string, records: readonly string[]): Promise<number> {
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
  const started = performance.now();
  await inParallel(records, CONNECTIONS, async (recordId) => {
    const client = await pool.connect();
    try {
      const eventId = uuidv7();
      const record = recordOf(recordId);
      await client.query('BEGIN');
      await client.query({
        name: 'event',
        text: 'INSERT INTO floor_machine_events (id, record_id, record) VALUES ($1, $2, $3)',
        values: [eventId, recordId, JSON.stringify(record)],
      });
      const found = await client.query<{ state: string; ms: string }>({
        name: 'lock',
        text: `SELECT state, (extract(epoch FROM now() - entered_at) * 1000)::bigint AS ms FROM floor_instances WHERE record_id = $1 FOR NO KEY UPDATE`,
        values: [recordId],
      });
      const [instance] = found.rows;
      if (instance && record.source === 'Web Form') {
        const to = `S${(Number(instance.state.slice(1)) + 1) % STATES}`;
        await client.query({
          name: 'move',
          text: 'UPDATE floor_instances SET state = $2, entered_at = now() WHERE record_id = $1',
          values: [recordId, to],
        });
        await client.query({
          name: 'history',
          text: 'INSERT INTO floor_history (id, record_id, from_state, to_state, event_id, ms) VALUES ($1, $2, $3, $4, $5, $6)',
          values: [uuidv7(), recordId, instance.state, to, eventId, instance.ms],
        });
      }
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  });
  const seconds = (performance.now() - started) / 1_000;
  await pool.end();
  return seconds;
}

/** One worker that finds the events there. Returns the seconds from its first claim on; each event must have moved its instance. */
async function runEngine(host: BenchHost, url: string, records: readonly string[]): Promise<number> {
  await publishAll(host, records);
  const before = await firedOf(host.source);
  const worker = await benchHost(url);
  const started = performance.now();
  try {
    for (;;) {
      const fired = (await firedOf(host.source)) - before;
      if (fired === records.length) return (performance.now() - started) / 1_000;
      await pause(20);
    }
  } finally {
    await worker.close();
  }
}

async function publishAll(host: BenchHost, records: readonly string[]): Promise<void> {
  for (let at = 0; at < records.length; at += 500) {
    await host.source.transaction(async (manager) => {
      for (const id of records.slice(at, at + 500)) {
        await host.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'updated', record: recordOf(id) }, manager);
      }
    });
  }
}

function recordOf(id: string) {
  return { id, name: `Lead ${id}`, email: null, source: 'Web Form', stage: 'New', ownerId: null };
}

/** By the rows' own count: the table begins empty. */
async function firedOf(source: DataSource): Promise<number> {
  const [row] = (await source.query(`SELECT count(*)::int AS fired FROM automation.transitions WHERE kind = 'fired'`)) as {
    fired: number;
  }[];
  return row?.fired ?? Number.NaN;
}

async function timeouts(
  host: BenchHost,
  url: string,
  of: ReturnType<typeof machinesOf>,
): Promise<{ seconds: number; alone: number; beside: number }> {
  const rival = {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    steps: [{ id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } }],
  };
  const { id } = await host.workflows.create({ name: 'Rival', definition: rival as never }, RIVAL);
  await host.workflows.publish(id, RIVAL);
  const machineId = await of.publish(ESCALATING);
  await host.source.query(
    `INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final, timeout_at)
     SELECT w.workspace_id, gen_random_uuid(), w.id, w.published_version_id, 'leads', 'timed-' || n, 'OPEN', false, now() + interval '1 day'
     FROM automation.workflows w, generate_series(1, $2::int) AS n WHERE w.id = $1`,
    [machineId, TIMEOUTS],
  );
  await countStates(host.source, machineId);
  await host.source.query('ANALYZE automation.instances');
  const before = await firedOf(host.source);
  const worker = await benchHost(url);
  try {
    const alone = await trickle(host, 'alone', () => pause(ALONE_MS));
    let seconds = 0;
    const beside = await trickle(host, 'beside', async () => {
      const started = performance.now();
      await host.source.query('UPDATE automation.instances SET timeout_at = now() WHERE machine_id = $1', [machineId]);
      worker.context.get(WakeUp).announce('timing');
      while ((await firedOf(host.source)) - before < TIMEOUTS) await pause(200);
      seconds = (performance.now() - started) / 1_000;
    });
    return { seconds, alone, beside };
  } finally {
    await worker.close();
  }
}

/** Events of the other workspace while `work` goes on: p95 from the event to the end of its run, by the database's clock. */
async function trickle(host: BenchHost, prefix: string, work: () => Promise<void>): Promise<number> {
  let isOver = false;
  let told = 0;
  const telling = (async () => {
    while (!isOver) {
      const id = `${prefix}-${told}`;
      told += 1;
      await host.source.transaction(async (manager) => {
        await manager.query(`INSERT INTO crm_leads (id, "workspaceId", name, source) VALUES ($1, 'rival', 'Lead', 'Web Form')`, [id]);
        await host.automation.publish({ workspaceId: 'rival', module: 'leads', event: 'created', record: recordOf(id) }, manager);
      });
      await pause(EVERY_MS);
    }
  })();
  await work();
  isOver = true;
  await telling;
  for (;;) {
    const [row] = (await host.source.query(
      `SELECT count(*)::int AS runs, percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM r.finished_at - e.occurred_at) * 1000)::float8 AS p95
       FROM automation.runs r JOIN automation.events e ON e.workspace_id = r.workspace_id AND e.id = r.event_id
       WHERE r.workspace_id = 'rival' AND r.record_id LIKE $1 AND r.status = 'succeeded'`,
      [`${prefix}-%`],
    )) as { runs: number; p95: number }[];
    if (row && row.runs >= told) return row.p95;
    await pause(100);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
