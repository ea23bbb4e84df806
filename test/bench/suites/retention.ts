import pg from 'pg';
import { DataSource } from 'typeorm';
import { CreateAutomation1763600000000 } from '../../../migrations/1763600000000-create-automation.js';
import { Retention1763700000000 } from '../../../migrations/1763700000000-retention.js';
import { AutomationDatabase } from '../../../src/store/database.js';
import { Retention } from '../../../src/store/retention.js';
import { eventually } from '../../support/eventually.js';
import { loadHistory, WORKFLOWS_WITH_HISTORY } from '../history/load.js';
import { oldRound } from '../history/old-retention.js';
import { addOtherWorkflows } from '../many-workflows.js';
import { atMost, type BenchContext, ms, type Suite, type Table, whole } from '../report.js';
import { benchDatabase, benchHost } from '../support.js';

/** Of each kind: finished runs and events. */
const DUE = Number(process.env.BENCH_RETENTION_DUE ?? 100_000);
const DAY_MS = 86_400_000;
/** What the default options keep, and a day more, in which it is loaded and measured: nothing of the history is older. */
const NOTHING_DUE = { runsMs: 181 * DAY_MS, skippedRunsMs: 31 * DAY_MS, eventsMs: 31 * DAY_MS, batchSize: 1_000, intervalMs: 600_000 };
/** A round of the release before is given up after so long. */
const MOST_MS = 120_000;

type Limits = typeof NOTHING_DUE;

/** What one round took. */
interface Measured {
  runs: number;
  events: number;
  ms: number;
  /** Blocks of 8 KB that were read from tables and indexes, from memory or disk. */
  blocks: number;
  gaveUp?: boolean;
}

/** What retention costs beside a long history: where nothing is due, and where 100,000 runs and events are. */
export const retention: Suite = {
  name: 'retention',
  async run({ serverUrl, full, progress }: BenchContext): Promise<Table> {
    const size = Number(process.env.BENCH_RETENTION_RUNS ?? (full ? 10_000_000 : 1_000_000));
    const url = await benchDatabase(serverUrl, 'bench_retention');
    const host = await benchHost(url, { worker: { enabled: false } });
    await addOtherWorkflows(host, WORKFLOWS_WITH_HISTORY);
    const workflows = (await host.source.query('SELECT id FROM automation.workflows ORDER BY name')) as { id: string }[];
    await host.close();
    await loadHistory(
      url,
      workflows.map(({ id }) => id),
      size,
      progress,
    );
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    try {
      // What retention reads is measured; vacuum would read as well.
      for (const table of ['runs', 'events', 'step_executions']) {
        await admin.query(`ALTER TABLE automation.${table} SET (autovacuum_enabled = false)`);
      }
      const due = await limitsFor(admin, DUE);
      const indexes = await dropOurIndexes(admin);
      const before: Measured[] = [];
      for (const limits of [NOTHING_DUE, due]) {
        progress('a round of 0.1.0 …');
        before.push(await measure(url, admin, () => rolledBack(url, limits)));
      }
      const builds: string[] = [];
      for (const { name, definition } of indexes) {
        const started = performance.now();
        await admin.query(definition);
        builds.push(`${name} ${Math.round((performance.now() - started) / 100) / 10} s`);
      }
      await admin.query('VACUUM (ANALYZE) automation.runs, automation.events, automation.step_executions');
      const after: Measured[] = [];
      for (const limits of [NOTHING_DUE, due, due]) {
        progress('a round …');
        after.push(await measure(url, admin, () => ourRound(url, limits)));
      }
      return report(size, before, after, builds);
    } finally {
      await admin.end();
    }
  },
};

/** Ages by which so many finished runs and events are due, and no skipped ones: they are younger than any of these runs. */
async function limitsFor(admin: pg.Client, count: number): Promise<Limits> {
  const ageOf = async (what: string): Promise<number> => {
    const { rows } = await admin.query(`SELECT extract(epoch FROM now() - at) * 1000 AS ms FROM (${what} LIMIT 1) AS moment(at)`);
    return Number(rows[0].ms);
  };
  const runsMs = await ageOf(
    `SELECT finished_at FROM automation.runs WHERE status IN ('succeeded', 'failed', 'cancelled') ORDER BY finished_at OFFSET ${count}`,
  );
  const eventsMs = await ageOf(`SELECT routed_at FROM automation.events WHERE routed_at IS NOT NULL ORDER BY routed_at OFFSET ${count}`);
  return { ...NOTHING_DUE, runsMs, eventsMs };
}

/** The indexes that came with this release: 0.1.0 is measured without them. */
async function dropOurIndexes(admin: pg.Client): Promise<{ name: string; definition: string }[]> {
  const { rows } = await admin.query(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE schemaname = 'automation'
       AND indexname = ANY('{runs_past,runs_past_skipped,runs_event_repeats,events_routed}') ORDER BY indexname`,
  );
  if (rows.length !== 4) throw new Error(`found ${rows.length} indexes of retention instead of 4`);
  for (const { name } of rows) await admin.query(`DROP INDEX automation.${name}`);
  return rows;
}

async function rolledBack(url: string, limits: Limits): Promise<Omit<Measured, 'ms' | 'blocks'>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    const removed = await oldRound(client, limits, MOST_MS);
    await client.query('ROLLBACK');
    return removed;
  } finally {
    await client.end();
  }
}

async function ourRound(url: string, limits: Limits): Promise<Omit<Measured, 'ms' | 'blocks'>> {
  const host = new DataSource({ type: 'postgres', url });
  const migrations = [CreateAutomation1763600000000, Retention1763700000000];
  const database = new AutomationDatabase(host, { poolSize: 3, migrations, migrate: 'check' });
  await database.connect();
  try {
    return await new Retention(database, limits).round('now');
  } finally {
    await database.close();
  }
}

async function measure(url: string, admin: pg.Client, round: () => Promise<Omit<Measured, 'ms' | 'blocks'>>): Promise<Measured> {
  const before = await blocksRead(url, admin);
  const started = performance.now();
  const removed = await round();
  const took = performance.now() - started;
  return { ...removed, ms: took, blocks: (await blocksRead(url, admin)) - before };
}

/** Backends tell their counts when they end, at the latest: asked on a connection of its own when all others have. */
async function blocksRead(url: string, admin: pg.Client): Promise<number> {
  await eventually(async () => {
    const { rows } = await admin.query(
      `SELECT count(*)::int AS others FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    if (rows[0].others > 0) throw new Error(`${rows[0].others} connections are still open`);
  });
  await admin.query('SELECT pg_stat_force_next_flush()');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    `SELECT sum(coalesce(heap_blks_read, 0) + coalesce(heap_blks_hit, 0) + coalesce(idx_blks_read, 0) + coalesce(idx_blks_hit, 0)
       + coalesce(toast_blks_read, 0) + coalesce(toast_blks_hit, 0) + coalesce(tidx_blks_read, 0) + coalesce(tidx_blks_hit, 0))::float8 AS blocks
     FROM pg_statio_user_tables WHERE schemaname = 'automation'`,
  );
  await client.end();
  return rows[0].blocks;
}

function report(size: number, before: readonly Measured[], after: readonly Measured[], builds: readonly string[]): Table {
  const line = (name: string, { runs, events, ms: took, blocks, gaveUp }: Measured, verdict: readonly string[]): string[] => [
    name,
    whole(runs),
    whole(events),
    `${gaveUp ? '> ' : ''}${ms(took)}`,
    `${gaveUp ? '> ' : ''}${whole(blocks)}`,
    ...verdict,
  ];
  const [idle, removing, again] = after as [Measured, Measured, Measured];
  const [oldIdle, oldRemoving] = before as [Measured, Measured];
  const each = removing.blocks / Math.max(1, removing.runs + removing.events);
  return {
    title: `Retention beside ${whole(size)} finished runs`,
    columns: ['one round', 'runs removed', 'events removed', 'time', 'blocks read', 'target', 'verdict'],
    rows: [
      line('0.1.0, nothing due', oldIdle, ['', '']),
      line('now, nothing due', idle, atMost(idle.blocks, 1_000, ' blocks')),
      line(`0.1.0, ${whole(DUE)} due of each`, oldRemoving, ['', '']),
      line(`now, ${whole(DUE)} due of each`, removing, atMost(Math.round(each), 100, ' blocks a row')),
      line('now, the round after it', again, atMost(again.blocks, 10_000, ' blocks')),
    ],
    notes: [
      `A round of 0.1.0 ran on every node, and is given up after ${MOST_MS / 1_000} s; a round now runs on one node of the fleet. Blocks are 8 KB of tables and indexes, from memory or disk.`,
      `Of ${whole(DUE)} events that are due, those of failed runs are kept. Connecting is part of the time.`,
      `The indexes were built in: ${builds.join(', ')}.`,
    ],
  };
}
