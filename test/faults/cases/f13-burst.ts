import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DataSource } from 'typeorm';
import { Automation, type JsonObject } from '../../../src/index.js';
import type { CrmWorker } from '../support/crm-worker.js';
import type { FaultLab } from '../support/fault-lab.js';

/** Events of one `publish`: what the intake takes in one statement. */
const A_STATEMENT = 1_000;
const SAMPLE_MS = 500;
/**
 * How much a worker may grow over what it had at rest, in MB. It holds a few batches of 100 and what V8 leaves lying about;
 * all 100,000 events in memory would be several hundred.
 */
const MOST_GROWTH_MB = 256;

/** What came of a burst. */
export interface Burst {
  runs: number;
  lost: number;
  doubled: number;
  notes: string[];
  violations: string[];
}

/** Leads and their events, so many in one transaction: they are there all at once. */
export async function publishAtOnce(lab: FaultLab, workspaceId: string, company: string, count: number): Promise<void> {
  const automation = lab.crm.context.get(Automation);
  await lab.crm.context.get(DataSource).transaction(async (manager) => {
    for (let left = count; left > 0; left -= A_STATEMENT) {
      const leads: { id: string }[] = await manager.query(
        `INSERT INTO leads (id, "workspaceId", name, company)
         SELECT gen_random_uuid(), $1, 'Lead ' || n, $2 FROM generate_series(1, $3::int) AS n RETURNING id, name, company, "workspaceId"`,
        [workspaceId, company, Math.min(left, A_STATEMENT)],
      );
      await automation.publish(
        leads.map((record) => ({ workspaceId, module: 'leads', event: 'created', record })),
        manager,
      );
    }
  });
}

/** A workflow for the leads of one company. */
export function onCompany(company: string, steps: JsonObject[]): JsonObject {
  return {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    conditions: { field: 'company', operator: 'equals', value: company },
    steps,
  };
}

/** So many events at once: each gets its run, once, and the workers' memory stays bounded. */
export async function burst(lab: FaultLab, count: number): Promise<Burst> {
  const company = 'Burst';
  const workflowId = await lab.crm.publishWorkflow(
    onCompany(company, [{ id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } }]),
    company,
  );
  const memory = new Memory(lab.fleet.workers);
  const atRest = await memory.sample();
  await publishAtOnce(lab, 'acme', company, count);
  const began = performance.now();
  memory.watch();
  const open = await lab.database.settle(900_000);
  const seconds = (performance.now() - began) / 1_000;
  const peaks = await memory.stop();
  const { runs, lost, doubled } = await lab.database.one<{ runs: number; lost: number; doubled: number }>(
    `SELECT count(*)::int AS runs, $2 - count(*) FILTER (WHERE r.status = 'succeeded' AND t.tasks >= 1)::int AS lost,
       count(*) FILTER (WHERE t.tasks > 1)::int + count(*)::int - count(DISTINCT r.record_id)::int AS doubled
     FROM automation.runs r LEFT JOIN (SELECT "relatedId"::text AS id, count(*) AS tasks FROM tasks GROUP BY 1) t ON t.id = r.record_id
     WHERE r.workflow_id = $1`,
    [workflowId, count],
  );
  const grown = peaks.map((peak, index) => peak - (atRest[index] ?? 0));
  const violations: string[] = [];
  if (open !== null) violations.push(open);
  if (lost > 0) violations.push(`${lost} of ${count} events have no finished run`);
  if (doubled > 0) violations.push(`${doubled} runs or tasks exist twice`);
  if (Math.max(...grown) > MOST_GROWTH_MB)
    violations.push(`a worker grew by ${Math.max(...grown)} MB; ${MOST_GROWTH_MB} are bounded enough`);
  return {
    runs,
    lost,
    doubled,
    violations,
    notes: [
      `${count} events at once: done after ${seconds.toFixed(0)} s (${Math.round(count / seconds)}/s with ${peaks.length} workers); RSS of the workers at rest ${atRest.join(', ')} MB, at the most ${peaks.join(', ')} MB`,
    ],
  };
}

/** The resident memory of worker processes, in MB. */
class Memory {
  private readonly pids: readonly number[];
  private peaks: number[] = [];
  private timer: NodeJS.Timeout | null = null;
  private sampling: Promise<unknown> = Promise.resolve();

  constructor(workers: readonly CrmWorker[]) {
    this.pids = workers.map(({ pid }) => pid);
  }

  /** In the order of the workers. */
  async sample(): Promise<number[]> {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,rss=', '-p', this.pids.join(',')]);
    const kilobytes = new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]),
    );
    const now = this.pids.map((pid) => Math.round((kilobytes.get(pid) ?? 0) / 1024));
    this.peaks = now.map((mb, index) => Math.max(mb, this.peaks[index] ?? 0));
    return now;
  }

  /** Samples until {@link stop}. */
  watch(): void {
    this.timer = setInterval(() => {
      this.sampling = this.sampling.then(() => this.sample());
    }, SAMPLE_MS);
  }

  /** The most that each had. */
  async stop(): Promise<number[]> {
    if (this.timer) clearInterval(this.timer);
    await this.sampling;
    await this.sample();
    return this.peaks;
  }
}
