import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { AutomationOptions } from '../../src/automation.options.js';
import { FLOOR_TABLES, runFloor } from './floor.js';
import { ADMIN, type BenchHost, benchDatabase, benchHost, inParallel, insertLeads, THREE_ACTIONS } from './support.js';

/** One measurement: how long, and what the database was asked for. */
export interface Throughput {
  runs: number;
  seconds: number;
  statements: number;
  commits: number;
}

/** Another workflow than the usual one. */
export interface MeasuredWorkflow {
  definition?: object;
  actions?: AutomationOptions['actions'];
  /** Makes the database ready, before the workflow is published. */
  prepare?(source: DataSource): Promise<void>;
  /** Failed runs count as over; else they are an error of the measurement. */
  mayFail?: boolean;
}

/** The hand-written floor on a database of its own. */
export async function measureFloor(serverUrl: string, runs: number): Promise<Throughput> {
  const url = await benchDatabase(serverUrl, 'bench_floor');
  const host = await benchHost(url, { worker: { enabled: false } });
  try {
    await host.source.query(FLOOR_TABLES);
    await runFloor(url, await insertLeads(host.source, Math.ceil(runs / 5), 'warm-'));
    const leads = await insertLeads(host.source, runs, 'lead-');
    const measured = await measure(host.source, () => runFloor(url, leads));
    return { runs, ...measured };
  } finally {
    await host.close();
  }
}

/**
 * Ours, over when the last run is.
 * `live`: events are published by eight writers, each in a transaction of the host's own, while the engine of the same
 * process works. `backlog`: everything is published before the clock starts.
 */
export async function measureEngine(
  serverUrl: string,
  runs: number,
  mode: 'live' | 'backlog',
  { definition = THREE_ACTIONS, actions = [], prepare, mayFail = false }: MeasuredWorkflow = {},
): Promise<Throughput> {
  const url = await benchDatabase(serverUrl, 'bench_engine');
  const writer = await benchHost(url, { actions, worker: { enabled: mode === 'live' } });
  let worker: BenchHost | null = null;
  try {
    const { id } = await writer.workflows.create({ name: 'Bench', definition: definition as never }, ADMIN);
    await prepare?.(writer.source);
    await writer.workflows.publish(id, ADMIN);
    const warm = await insertLeads(writer.source, Math.ceil(runs / 5), 'warm-');
    await publishAll(writer, warm);
    if (mode === 'backlog') await writer.automation.drain();
    await finished(writer.source, warm.length, mayFail);
    const leads = await insertLeads(writer.source, runs, 'lead-');
    if (mode === 'backlog') await publishAll(writer, leads);
    const measured = await measure(writer.source, async () => {
      if (mode === 'live') await publishAll(writer, leads);
      else worker = await benchHost(url, { actions });
      await finished(writer.source, warm.length + runs, mayFail);
    });
    return { runs, ...measured };
  } finally {
    await (worker as BenchHost | null)?.close();
    await writer.close();
  }
}

async function publishAll(host: BenchHost, leads: readonly string[]): Promise<void> {
  await inParallel(leads, 8, async (id) => {
    await host.source.transaction(async (manager) => {
      const record = { id, workspaceId: 'acme', name: `Lead ${id}`, email: null, source: 'Web Form', stage: 'New', ownerId: null };
      await host.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record }, manager);
    });
  });
}

/** Waits until so many runs are over. Asking costs one small query every 20 ms, counted with the rest. */
async function finished(source: DataSource, runs: number, mayFail: boolean): Promise<void> {
  for (;;) {
    const [row] = (await source.query(
      `SELECT coalesce(sum(succeeded), 0)::int AS succeeded, coalesce(sum(failed), 0)::int AS failed, coalesce(sum(skipped + cancelled), 0)::int AS others FROM automation.workflow_stats`,
    )) as { succeeded: number; failed: number; others: number }[];
    const amiss = row === undefined ? 0 : row.others + (mayFail ? 0 : row.failed);
    if (amiss > 0) throw new Error(`${amiss} runs did not succeed: the numbers would mean nothing`);
    if (row && row.succeeded + row.failed >= runs) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function measure(source: DataSource, work: () => Promise<unknown>): Promise<Omit<Throughput, 'runs'>> {
  const commitsBefore = await commits(source);
  const counter = countStatements();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const statements = counter.stop();
  return { seconds, statements, commits: (await commits(source)) - commitsBefore };
}

/** Commits of the whole database; a backend reports its own at the latest a second after it went idle. */
async function commits(source: DataSource): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const [row] = (await source.query('SELECT xact_commit::int AS count FROM pg_stat_database WHERE datname = current_database()')) as {
    count: number;
  }[];
  return row?.count ?? Number.NaN;
}

/** Counts the statements that this process sends, by wrapping pg's one method. */
function countStatements(): { stop(): number } {
  const prototype = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const { query } = prototype;
  let count = 0;
  prototype.query = function counted(this: unknown, ...args: unknown[]) {
    count += 1;
    return query.apply(this, args);
  };
  return {
    stop() {
      prototype.query = query;
      return count;
    },
  };
}
