import { RunInsight } from '../../../src/admin/run-insight.js';
import { RunService } from '../../../src/admin/run-service.js';
import type { WorkflowService } from '../../../src/admin/workflow-service.js';
import { WorkflowStatisticsService } from '../../../src/admin/workflow-statistics.js';
import type { RunFilter } from '../../../src/store/run-filter.js';
import { ADMIN, type BenchHost, quantile } from '../support.js';
import { BUSY_RECORD, HARDLY_EVER_MATCHES, NEVER_FAILS, recordsOf } from './load.js';

/** One thing that people ask the log, with other values each time. */
interface Question {
  name: string;
  ask(): Promise<unknown>;
}

const SAMPLES = Number(process.env.BENCH_HISTORY_SAMPLES ?? 200);
/** The first answers come from the disk, as after a start. */
const WARM_UP = 20;
const PAGE = 50;
/** A question that takes so long that this is not enough for all samples is asked less often: the verdict is clear by then. */
const MOST_MS = 10_000;

/** Milliseconds at the 95th percentile, by the question's name. The services are asked, as the controllers ask them. */
export async function askAll(host: BenchHost, workflowIds: readonly string[], runs: number): Promise<Map<string, number>> {
  const ids = await someRunIds(host);
  const answers = new Map<string, number>();
  const services: Services = {
    runs: host.context.get(RunService),
    insight: host.context.get(RunInsight),
    statistics: host.context.get(WorkflowStatisticsService),
    workflows: host.workflows,
  };
  for (const { name, ask } of questions(services, { workflowIds, ids, records: recordsOf(runs) })) {
    const times: number[] = [];
    const until = performance.now() + MOST_MS;
    for (let index = -WARM_UP; index < SAMPLES && (performance.now() < until || times.length === 0); index += 1) {
      const started = performance.now();
      await ask();
      const took = performance.now() - started;
      if (index >= 0 || took > MOST_MS / 20) times.push(took);
    }
    answers.set(name, quantile(times, 0.95));
  }
  return answers;
}

interface Services {
  runs: RunService;
  insight: RunInsight;
  statistics: WorkflowStatisticsService;
  workflows: WorkflowService;
}

interface Known {
  workflowIds: readonly string[];
  ids: readonly string[];
  records: number;
}

function questions({ runs, insight, statistics, workflows }: Services, { workflowIds, ids, records }: Known): Question[] {
  const any = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;
  const list = (name: string, filter: () => RunFilter, deep = false): Question => ({
    name,
    ask: () => runs.list(filter(), { limit: PAGE, ...(deep && ids.length > 0 ? { before: any(ids) } : {}) }, ADMIN),
  });
  const both = (name: string, filter: () => RunFilter): Question[] => [
    list(`${name}, page 1`, filter),
    list(`${name}, deep`, filter, true),
  ];
  const record = (): string => `lead-${1 + Math.floor(Math.random() * records)}`;
  const month = (): RunFilter => {
    const from = new Date(Date.now() - Math.random() * 150 * 86_400_000);
    return { from, to: new Date(from.getTime() + 30 * 86_400_000) };
  };
  const workflowPage = (name: string, field: 'name' | 'runCount', page: number): Question => ({
    name,
    ask: () => workflows.list({ sort: { field, descending: field === 'runCount' }, page, limit: PAGE }, ADMIN),
  });
  return [
    ...both('runs', () => ({})),
    ...both('runs of a workflow', () => ({ workflowId: any(workflowIds) })),
    ...both('runs that succeeded', () => ({ status: ['succeeded'] })),
    ...both('runs that failed', () => ({ status: ['failed'] })),
    ...both('runs that were skipped', () => ({ status: ['skipped'] })),
    ...both('failed runs of a workflow', () => ({ workflowId: any(workflowIds), status: ['failed'] })),
    list('failed runs of a workflow that never failed', () => ({ workflowId: workflowIds[NEVER_FAILS] as string, status: ['failed'] })),
    list('succeeded runs of a workflow with hardly any', () => ({
      workflowId: workflowIds[HARDLY_EVER_MATCHES] as string,
      status: ['succeeded'],
    })),
    list('runs that wait (none does)', () => ({ status: ['waiting'] })),
    list('runs on a record', () => ({ module: 'leads', recordId: record() })),
    list('runs on a record, module not told', () => ({ recordId: record() })),
    ...both('runs on the busiest record', () => ({ module: 'leads', recordId: BUSY_RECORD })),
    list('failed runs on the busiest record', () => ({ module: 'leads', recordId: BUSY_RECORD, status: ['failed'] })),
    list('runs of a month', month),
    list('failed runs of a month', () => ({ ...month(), status: ['failed'] })),
    list('runs skipped for a rare reason (loop)', () => ({ status: ['skipped'], reason: 'loop' })),
    ...both('failed, cancelled and waiting runs', () => ({ status: ['failed', 'cancelled', 'waiting'] })),
    ...both('runs of five workflows', () => ({ workflowIds: Array.from({ length: 5 }, () => any(workflowIds)) })),
    list('a run looked for by its id', () => (ids.length > 0 ? { search: any(ids) } : {})),
    list('runs looked for by a text in their errors', () => ({ search: 'refused' })),
    { name: 'runs counted by status', ask: () => insight.counts({}, ADMIN) },
    { name: 'failed runs in groups', ask: () => insight.groups({}, 'cause', ADMIN) },
    { name: 'the statistics of a workflow', ask: () => statistics.get(any(workflowIds), ADMIN) },
    { name: 'a run with its steps and event', ask: async () => ids.length > 0 && runs.get(any(ids), ADMIN) },
    workflowPage('workflows by name, page 1', 'name', 1),
    workflowPage('workflows by name, page 8', 'name', 8),
    workflowPage('workflows by run count', 'runCount', 1),
    { name: 'a workflow with its counts', ask: () => workflows.get(any(workflowIds), ADMIN) },
  ];
}

/** Ids from everywhere in the history. */
async function someRunIds(host: BenchHost): Promise<string[]> {
  const rows = (await host.source.query(
    `SELECT (SELECT r.id FROM automation.runs r WHERE r.workspace_id = 'acme' AND r.created_at IS NOT NULL
       AND r.id >= (lpad(to_hex(ms), 12, '0') || '70008000000000000000')::uuid ORDER BY r.workspace_id, r.id LIMIT 1) AS id
     FROM (SELECT (extract(epoch FROM now() - random() * interval '175 days') * 1000)::bigint AS ms FROM generate_series(1, 300)) AS moments`,
  )) as { id: string | null }[];
  return rows.flatMap(({ id }) => (id === null ? [] : [id]));
}
