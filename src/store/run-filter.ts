import { validate as isUuid } from 'uuid';
import { TRANSITION_OVER } from './machines/run-transition.js';
import { QueryParts, within } from './query-parts.js';
import { RUN_STATUSES, type RunStatus } from './runs/run.js';

/** Which runs are meant. Several members have to hold together; of a list one has to. */
export interface RunFilter {
  ids?: readonly string[];
  workflowId?: string;
  workflowIds?: readonly string[];
  version?: number;
  status?: readonly RunStatus[];
  module?: string;
  recordId?: string;
  reason?: string;
  /** The id of a run, event or record as it is, or a part of the error's code or message: see {@link MOST_SEARCHED}. */
  search?: string;
  /** What one bulk retry or bulk cancel has taken up. */
  batchId?: string;
  /** Created at or after. */
  from?: Date;
  /** Created before. */
  to?: Date;
  /** Only those that could be retried: not repeated yet, and neither their workflow nor their event is gone. */
  retriable?: boolean;
  /** But not what this batch has taken up already. */
  notInBatch?: string;
}

/** In how many of the newest runs of the filter that failed or were cancelled a text is looked for. */
export const MOST_SEARCHED = 10_000;

/** Whose runs, which of them, and the catalog's modules for a search by record alone. */
export interface RunQuestion {
  workspaceId: string;
  filter: RunFilter;
  modules: readonly string[];
}

/** How many of them, and from which end; `any` where the order is of no concern. */
export interface RunPart {
  limit: number;
  order: 'newest' | 'oldest' | 'any';
  /** The id of the last one that was seen, newest first. */
  before?: string;
  /** A further test, in SQL. */
  also?: string;
}

/** False for a run that was started by an event which retention has removed: its input is gone. For a FROM that calls the runs `r`. */
export const HAS_INPUT = `(r.event_id IS NULL OR EXISTS (SELECT 1 FROM automation.events e WHERE e.workspace_id = r.workspace_id AND e.id = r.event_id))`;
export const HAS_WORKFLOW = 'EXISTS (SELECT 1 FROM automation.workflows x WHERE x.workspace_id = r.workspace_id AND x.id = r.workflow_id)';

/**
 * A query for the ids of the runs of a filter, each with an index that ends in the id, so that no filter walks through
 * history: record, ids and batch; workflow and status; reason; status; else the primary key backwards. (A module alone is
 * looked for along these.) Several statuses or workflows are merged from the newest of each: "the failures of a workflow"
 * would else be looked for among all of its runs (2.7 s at ten million when it never failed).
 */
export function runIds(parts: QueryParts, question: RunQuestion, part: RunPart): string {
  const { filter } = question;
  const scans = filter.search === undefined ? scansOf(parts, question, part) : searches(parts, question, part, filter.search);
  const limit = parts.bind(part.limit);
  if (scans.length === 0) return 'SELECT NULL::uuid AS id WHERE false';
  // What is found in two ways is one run; without a search nothing is.
  const all = scans.map((scan) => `(${scan})`).join(filter.search === undefined ? ' UNION ALL ' : ' UNION ');
  return `SELECT id FROM (${all}) AS found ${orderOf('id', part.order)} LIMIT ${limit}`;
}

/** The tests of a filter but for the search, for a FROM that calls the runs `r`: what was found is asked again under its lock. */
export function runTests(parts: QueryParts, { workspaceId, filter, modules }: RunQuestion): string {
  const statuses = filter.status === undefined ? [] : [`r.status = ANY(${parts.bind(filter.status)}::text[])`];
  const workflowIds = workflowsOf(filter);
  const workflows = workflowIds === undefined ? [] : [`r.workflow_id = ANY(${parts.bind(workflowIds)}::uuid[])`];
  const ids = filter.ids === undefined ? [] : [`r.id = ANY(${parts.bind(filter.ids)}::uuid[])`];
  const batch = filter.batchId === undefined ? [] : [inBatch(parts, filter.batchId)];
  return [plainTests(parts, workspaceId, filter, modules), ...statuses, ...workflows, ...ids, ...batch].join(' AND ');
}

function scansOf(parts: QueryParts, { workspaceId, filter, modules }: RunQuestion, part: RunPart): string[] {
  const statuses = filter.status;
  const workflowIds = workflowsOf(filter);
  const limit = parts.bind(part.limit);
  const where = plainTests(parts, workspaceId, filter, modules) + moreTests(parts, part);
  const scan = (...tests: string[]): string =>
    `SELECT r.id FROM automation.runs r WHERE ${[where, ...tests].join(' AND ')} ${orderOf('r.id', part.order)} LIMIT ${limit}`;
  const anyStatus = (): string[] => (statuses === undefined ? [] : [`r.status = ANY(${parts.bind(statuses)}::text[])`]);
  const anyWorkflow = (): string[] => (workflowIds === undefined ? [] : [`r.workflow_id = ANY(${parts.bind(workflowIds)}::uuid[])`]);
  if (filter.batchId !== undefined) {
    const ids = filter.ids === undefined ? [] : [`r.id = ANY(${parts.bind(filter.ids)}::uuid[])`];
    const tests = [where, `b.workspace_id = ${parts.bind(workspaceId)}`, `b.batch_id = ${parts.bind(filter.batchId)}::uuid`];
    return [
      `SELECT r.id FROM automation.run_batches b JOIN automation.runs r ON r.workspace_id = b.workspace_id AND r.id = b.run_id
       WHERE ${[...tests, ...anyStatus(), ...anyWorkflow(), ...ids].join(' AND ')} ${orderOf('b.run_id', part.order)} LIMIT ${limit}`,
    ];
  }
  if (filter.ids !== undefined) return [scan(`r.id = ANY(${parts.bind(filter.ids)}::uuid[])`, ...anyStatus(), ...anyWorkflow())];
  if (filter.recordId !== undefined) return [scan(...anyStatus(), ...anyWorkflow())];
  // Each status as a value of its own: the planner has to see that it is not one which a partial index leaves out.
  const ofStatus = (status: RunStatus): string => `r.status = ${parts.bind(status)}`;
  const ofWorkflows = (workflows: string, status: RunStatus): string =>
    `SELECT f.id FROM ${workflows}, LATERAL (${scan('r.workflow_id = w.id', ofStatus(status))}) f`;
  if (workflowIds !== undefined) {
    const workflows = `unnest(${parts.bind(workflowIds)}::uuid[]) AS w(id)`;
    return (statuses ?? RUN_STATUSES).map((status) => ofWorkflows(workflows, status));
  }
  if (statuses === undefined) return [scan()];
  if (filter.reason !== undefined) return [scan(...anyStatus())];
  return statuses.map((status) => {
    // No index holds them by status alone. Where the newest are asked for, they are found soon.
    if (status !== 'succeeded' || part.order !== 'any') return scan(ofStatus(status));
    return ofWorkflows(`(SELECT id FROM automation.workflow_names WHERE workspace_id = ${parts.bind(workspaceId)}) w`, status);
  });
}

/** Ids as they are, each by its index; and a text in the errors of the newest that have one. */
function searches(parts: QueryParts, question: RunQuestion, part: RunPart, search: string): string[] {
  const { workspaceId, filter, modules } = question;
  const others = { ...filter, search: undefined };
  const more = moreTests(parts, part);
  const scans: string[] = [];
  if (filter.recordId === undefined || filter.recordId === search) {
    scans.push(...scansOf(parts, { ...question, filter: { ...others, recordId: search } }, part));
  }
  if (isUuid(search)) {
    const ids = filter.ids === undefined || filter.ids.includes(search) ? [search] : [];
    scans.push(...scansOf(parts, { ...question, filter: { ...others, ids } }, part));
    const where = runTests(parts, { workspaceId, filter: others, modules });
    const event = parts.bind(search);
    for (const kind of ['IS NULL', 'IS NOT NULL']) {
      const tests = `${where}${more} AND r.event_id = ${event}::uuid AND r.event_id IS NOT NULL AND r.retry_of ${kind}`;
      scans.push(`SELECT r.id FROM automation.runs r WHERE ${tests}`);
    }
    return scans;
  }
  const status = (['failed', 'cancelled'] as const).filter((one) => filter.status === undefined || filter.status.includes(one));
  if (status.length === 0) return scans;
  const newest = runIds(parts, { ...question, filter: { ...others, status } }, { limit: MOST_SEARCHED, order: 'newest' });
  const pattern = parts.bind(`%${search.replace(/[\\%_]/g, '\\$&')}%`);
  // OFFSET 0: each is read by its key, whatever the planner thinks of texts in the whole table.
  scans.push(
    `SELECT r.id FROM (${newest}) AS n, LATERAL (
       SELECT r.* FROM automation.runs r WHERE r.workspace_id = ${parts.bind(workspaceId)} AND r.id = n.id OFFSET 0) r
     WHERE (r.error->>'message' ILIKE ${pattern} OR r.reason ILIKE ${pattern})${more}`,
  );
  return scans;
}

/** What is tested whatever the index is. */
function plainTests(parts: QueryParts, workspaceId: string, filter: RunFilter, modules: readonly string[]): string {
  const own = new QueryParts(parts.parameters);
  own.and(`r.workspace_id = ${own.bind(workspaceId)}`);
  // The index by record begins with the module: without one in the filter, look into each.
  if (filter.recordId !== undefined && filter.module === undefined) own.and(`r.module = ANY(${own.bind(modules)}::text[])`);
  own.equals('r.module', filter.module).equals('r.record_id', filter.recordId).equals('r.reason', filter.reason);
  if (filter.version !== undefined) own.and(`r.version = ${own.bind(filter.version)}::integer`);
  within(own, { id: 'r.id', at: 'r.created_at' }, filter.from, filter.to);
  if (filter.retriable) own.and('r.retried_as IS NULL').and(HAS_INPUT).and(HAS_WORKFLOW).and(`NOT ${TRANSITION_OVER}`);
  if (filter.notInBatch !== undefined) own.and(`NOT ${inBatch(own, filter.notInBatch)}`);
  return own.where;
}

function moreTests(parts: QueryParts, { before, also }: RunPart): string {
  return `${before === undefined ? '' : ` AND r.id < ${parts.bind(before)}::uuid`}${also === undefined ? '' : ` AND ${also}`}`;
}

function inBatch(parts: QueryParts, batchId: string): string {
  return `EXISTS (SELECT 1 FROM automation.run_batches b WHERE b.workspace_id = r.workspace_id AND b.run_id = r.id
    AND b.batch_id = ${parts.bind(batchId)}::uuid)`;
}

function workflowsOf({ workflowId, workflowIds }: RunFilter): readonly string[] | undefined {
  if (workflowId === undefined) return workflowIds;
  return workflowIds === undefined || workflowIds.includes(workflowId) ? [workflowId] : [];
}

function orderOf(column: string, order: RunPart['order']): string {
  return order === 'any' ? '' : `ORDER BY ${column} ${order === 'newest' ? 'DESC' : 'ASC'}`;
}
