import type { EntityManager } from 'typeorm';
import { TASK_COLUMNS, TASKS, type TaskRow, type TaskStatus } from './human-tasks.js';
import { QueryParts } from './query-parts.js';
import { sql } from './sql.js';

/** Who asks, and what is theirs. */
export interface TaskViewer {
  workspaceId: string;
  userId: string;
  /** The queues that they work in. */
  queues: readonly string[];
  /** Do they see everybody's? */
  seesAll: boolean;
  /** All modules that there are. */
  modules: readonly string[];
}

/** Which tasks. All that is given has to hold. */
export interface TaskFilter {
  /** Theirs to do, or in one of their queues; left out: all that they see. */
  whose?: 'mine' | 'queues';
  queue?: string;
  overdue?: boolean;
  module?: string;
  recordId?: string;
  runId?: string;
  status?: TaskStatus;
  kind?: string;
  /** A text in what is asked, or in what the record is called. */
  search?: string;
}

/** Which page: the tasks behind the one of this id. What is over has no due date that matters: `newest` for all but open ones. */
export interface TaskPage {
  sort: 'due' | 'newest';
  after?: string;
  limit: number;
}

/** The most tasks that a search looks at, in the order of the list. */
const MOST_SEARCHED = 10_000;

/**
 * One page of tasks. What is open is found by due date: one's own by human_task_people_mine, those of a queue by
 * human_tasks_queue, each queue by itself, all by human_tasks_open; what is over by human_tasks_status; those about a record by
 * human_tasks_record. Of each way the page's length is read, and the first of all are the page.
 */
export async function listTasks(manager: EntityManager, viewer: TaskViewer, filter: TaskFilter, page: TaskPage): Promise<TaskRow[]> {
  const parts = new QueryParts();
  const ids = taskIds(parts, viewer, filter, page);
  if (ids === null) return [];
  return sql<TaskRow>(
    manager,
    `SELECT ${TASK_COLUMNS} FROM ${TASKS} JOIN (${ids}) AS page ON page.id = t.id
     WHERE t.workspace_id = ${parts.bind(viewer.workspaceId)}
     ORDER BY ${page.sort === 'due' ? 't.due_at, t.id' : 't.id DESC'}`,
    parts.parameters,
  );
}

/** How many there are of each kind of interest, each counted up to `most`. */
export async function countTasks(
  manager: EntityManager,
  viewer: TaskViewer,
  filters: Readonly<Record<string, TaskFilter>>,
  most: number,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [name, filter] of Object.entries(filters)) {
    const parts = new QueryParts();
    const ids = taskIds(parts, viewer, filter, { sort: 'due', limit: most });
    const [row] =
      ids === null ? [] : await sql<{ count: number }>(manager, `SELECT count(*)::int AS count FROM (${ids}) AS found`, parts.parameters);
    counts[name] = row?.count ?? 0;
  }
  return counts;
}

/** A query for the ids of a page, in any order; null where there can be none. */
function taskIds(parts: QueryParts, viewer: TaskViewer, filter: TaskFilter, page: TaskPage): string | null {
  const { search, ...plain } = filter;
  const limit = parts.bind(search === undefined ? page.limit : MOST_SEARCHED);
  const scans = scansOf(parts, viewer, plain, page, limit);
  if (scans.length === 0) return null;
  // The same task may be one's own and in one's queue.
  const found = `SELECT id, due_at FROM (${scans.map((scan) => `(${scan})`).join(' UNION ')}) AS found ${orderOf(page, 'found')} LIMIT ${limit}`;
  if (search === undefined) return found;
  const pattern = parts.bind(`%${search.replace(/[\\%_]/g, '\\$&')}%`);
  return `SELECT s.id, s.due_at FROM (${found}) AS s, LATERAL (
      SELECT t.title, t.message, t.record_title FROM automation.human_tasks t
      WHERE t.workspace_id = ${parts.bind(viewer.workspaceId)} AND t.id = s.id OFFSET 0) t
    WHERE t.title ILIKE ${pattern} OR t.message ILIKE ${pattern} OR t.record_title ILIKE ${pattern}
    ${orderOf(page, 's')} LIMIT ${parts.bind(page.limit)}`;
}

function scansOf(parts: QueryParts, viewer: TaskViewer, filter: TaskFilter, page: TaskPage, limit: string): string[] {
  const queues = filter.queue === undefined ? viewer.queues : viewer.queues.filter((name) => name === filter.queue);
  if (filter.whose === 'mine') return [ofPerson(parts, viewer, filter, page, limit)];
  if (filter.whose === 'queues') return ofQueues(parts, viewer, filter, page, limit, queues);
  if (!viewer.seesAll) {
    const own = filter.queue === undefined ? [ofPerson(parts, viewer, filter, page, limit)] : [];
    return [...own, ...ofQueues(parts, viewer, filter, page, limit, queues)];
  }
  if (filter.queue !== undefined) return ofQueues(parts, viewer, filter, page, limit, [filter.queue]);
  return [
    `SELECT t.id, t.due_at FROM automation.human_tasks t WHERE ${tests(parts, viewer, filter, page)} ${orderOf(page, 't')} LIMIT ${limit}`,
  ];
}

/** Those that a person has been asked, or has taken: what is still to be done by its index, the others by their tasks. */
function ofPerson(parts: QueryParts, viewer: TaskViewer, filter: TaskFilter, page: TaskPage, limit: string): string {
  const isOpen = (filter.status ?? 'open') === 'open' ? ' AND p.is_open' : '';
  const { after } = page;
  // The index holds the due date too, so that the page begins where the last one ended.
  const behind =
    page.sort === 'due' && after !== undefined ? ` AND (p.due_at, p.task_id) > ${placeOf(parts, viewer.workspaceId, after)}` : '';
  return `SELECT t.id, t.due_at FROM automation.human_task_people p
    JOIN automation.human_tasks t ON t.workspace_id = p.workspace_id AND t.id = p.task_id
    WHERE p.workspace_id = ${parts.bind(viewer.workspaceId)} AND p.user_id = ${parts.bind(viewer.userId)}${isOpen}${behind}
      AND ${tests(parts, viewer, filter, page)}
    ORDER BY ${page.sort === 'due' ? 'p.due_at, p.task_id' : 'p.task_id DESC'} LIMIT ${limit}`;
}

function ofQueues(
  parts: QueryParts,
  viewer: TaskViewer,
  filter: TaskFilter,
  page: TaskPage,
  limit: string,
  queues: readonly string[],
): string[] {
  if (queues.length === 0) return [];
  const scan = `SELECT t.id, t.due_at FROM automation.human_tasks t WHERE ${tests(parts, viewer, filter, page)} AND t.queue = q.name ${orderOf(page, 't')} LIMIT ${limit}`;
  return [`SELECT f.id, f.due_at FROM unnest(${parts.bind(queues)}::text[]) AS q(name), LATERAL (${scan}) AS f`];
}

function tests(parts: QueryParts, { workspaceId, modules }: TaskViewer, filter: TaskFilter, { sort, after }: TaskPage): string {
  const own = new QueryParts(parts.parameters);
  own.and(`t.workspace_id = ${own.bind(workspaceId)}`);
  // As it is written in the partial indexes: the planner has to see it.
  if ((filter.status ?? 'open') === 'open') own.and(`t.status = 'open'`);
  else own.equals('t.status', filter.status);
  if (filter.overdue) own.and('t.due_at < now()');
  own.equals('t.kind', filter.kind).equals('t.module', filter.module).equals('t.record_id', filter.recordId);
  // The index by record begins with the module: without one in the filter, look into each.
  if (filter.recordId !== undefined && filter.module === undefined) own.and(`t.module = ANY (${own.bind(modules)}::text[])`);
  if (filter.runId !== undefined) own.and(`t.run_id = ${own.bind(filter.runId)}::uuid`);
  if (after !== undefined)
    own.and(sort === 'due' ? `(t.due_at, t.id) > ${placeOf(own, workspaceId, after)}` : `t.id < ${own.bind(after)}::uuid`);
  return own.where;
}

/** Where the task of this id stands among those by due date; each part by itself, or no index would begin there. */
function placeOf(parts: QueryParts, workspaceId: string, id: string): string {
  const task = parts.bind(id);
  return `((SELECT c.due_at FROM automation.human_tasks c WHERE c.workspace_id = ${parts.bind(workspaceId)} AND c.id = ${task}::uuid), ${task}::uuid)`;
}

function orderOf({ sort }: TaskPage, alias: string): string {
  return sort === 'due' ? `ORDER BY ${alias}.due_at, ${alias}.id` : `ORDER BY ${alias}.id DESC`;
}
