import type { DataSource } from 'typeorm';
import { Lead } from '../support/sample-crm.js';
import { FLOOR_TABLES, runFloor } from './floor.js';
import { ADMIN, type BenchHost, benchDatabase, benchHost, inParallel, insertLeads, THREE_ACTIONS } from './support.js';

/** One measurement: how long, and what the database was asked for. */
export interface Throughput {
  runs: number;
  seconds: number;
  statements: number;
  commits: number;
}

/** The hand-written floor on a database of its own. */
export async function measureFloor(serverUrl: string, runs: number): Promise<Throughput> {
  const url = await benchDatabase(serverUrl, 'bench_floor');
  const host = await benchHost(url, { worker: { enabled: false } });
  try {
    await host.source.query(FLOOR_TABLES);
    await runFloor(url, await insertLeads(host.source, Math.ceil(runs / 5), 'warm-'));
    const leads = await insertLeads(host.source, runs, 'lead-');
    const before = await commits(host.source);
    const seconds = await runFloor(url, leads);
    return { runs, seconds, statements: runs * 11, commits: (await commits(host.source)) - before };
  } finally {
    await host.close();
  }
}

/**
 * Ours: events are published by eight writers, each in a transaction of the host's own, while the engine of the same
 * process works; over when the last run is. `backlog`: everything is published before the engine starts.
 */
export async function measureEngine(serverUrl: string, runs: number, mode: 'live' | 'backlog'): Promise<Throughput> {
  const url = await benchDatabase(serverUrl, 'bench_engine');
  let host = await benchHost(url, { worker: { enabled: mode === 'live' } });
  try {
    const { id } = await host.workflows.create({ name: 'Bench', definition: THREE_ACTIONS as never }, ADMIN);
    await host.workflows.publish(id, ADMIN);
    const warm = await insertLeads(host.source, Math.ceil(runs / 5), 'warm-');
    await publishAll(host, warm);
    if (mode === 'backlog') await host.automation.drain();
    await finished(host.source, warm.length);
    const leads = await insertLeads(host.source, runs, 'lead-');
    if (mode === 'backlog') {
      await publishAll(host, leads);
      await host.close();
    }
    const counter = countStatements();
    const before = mode === 'live' ? await commits(host.source) : 0;
    const started = performance.now();
    if (mode === 'backlog') host = await benchHost(url);
    else await publishAll(host, leads);
    await finished(host.source, warm.length + runs);
    const seconds = (performance.now() - started) / 1000;
    const statements = counter.stop();
    return { runs, seconds, statements, commits: mode === 'live' ? (await commits(host.source)) - before : Number.NaN };
  } finally {
    await host.close();
  }
}

async function publishAll(host: BenchHost, leads: readonly string[]): Promise<void> {
  await inParallel(leads, 8, async (id) => {
    await host.source.transaction(async (manager) => {
      const record = {
        id,
        workspaceId: 'acme',
        name: `Lead ${id}`,
        email: null,
        source: 'Web Form',
        stage: 'New',
        ownerId: null,
      } as Partial<Lead>;
      await host.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record }, manager);
    });
  });
}

/** Waits until so many runs of the workflow are over. The counting itself costs a query every 20 ms at most. */
async function finished(source: DataSource, runs: number): Promise<void> {
  for (;;) {
    const [row] = (await source.query(
      `SELECT (SELECT coalesce(sum(succeeded), 0)::int FROM automation.workflow_stats) AS succeeded,
        (SELECT coalesce(sum(failed), 0)::int FROM automation.workflow_stats) AS failed`,
    )) as { succeeded: number; failed: number }[];
    if (row && row.failed > 0) throw new Error(`${row.failed} runs failed: the numbers would mean nothing`);
    if (row && row.succeeded >= runs) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function commits(source: DataSource): Promise<number> {
  const [row] = (await source.query('SELECT xact_commit::int AS count FROM pg_stat_database WHERE datname = current_database()')) as {
    count: number;
  }[];
  return row?.count ?? Number.NaN;
}

/** Counts the statements that this process sends, by wrapping pg's one method. */
function countStatements(): { stop(): number } {
  const prototype = pgClientPrototype();
  const original = prototype.query;
  let count = 0;
  prototype.query = function counted(this: unknown, ...args: unknown[]) {
    count += 1;
    return (original as (...all: unknown[]) => unknown).apply(this, args);
  } as typeof original;
  return {
    stop() {
      prototype.query = original;
      return count;
    },
  };
}

import pg from 'pg';

function pgClientPrototype(): { query: (...args: never[]) => unknown } {
  return pg.Client.prototype as unknown as { query: (...args: never[]) => unknown };
}
