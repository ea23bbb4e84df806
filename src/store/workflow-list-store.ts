import type { EntityManager } from 'typeorm';
import type { Problem } from '../core/errors.js';
import type { Actor } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import { countUpTo } from './bounded-count.js';
import { DEFINITION, DRAFT } from './definition-columns.js';
import { QueryParts } from './query-parts.js';
import { sql } from './sql.js';
import { FIRST_DAY } from './workflow-days.js';
import type { WorkflowStatus } from './workflow-store.js';
import { writesTest } from './workflow-writes.js';

/** What a list of workflows shows. Times are ISO 8601. */
export interface WorkflowItem {
  id: string;
  code: string;
  name: string;
  description: string | null;
  status: WorkflowStatus;
  /** The module it is about: of the published definition, else of the draft. */
  module: string | null;
  /** What starts it: of the published definition, else of the draft. */
  trigger: JsonObject | null;
  /** The published version; null before the first publish. */
  version: number | null;
  hasUnpublishedChanges: boolean;
  /** How many problems keep the draft from being published. */
  problemCount: number;
  /** Runs started; skipped ones are not in it. */
  runCount: number;
  lastRunAt: string | null;
  /** How many runs ended so in the last 7 days. */
  succeeded7d: number;
  failed7d: number;
  /** Who paused it, and why; null unless it is paused. */
  pausedBy: Actor | null;
  pausedReason: string | null;
  /** Who changed it last. */
  updatedBy: Actor | null;
  /** To be sent back with an edit. */
  revision: number;
  createdAt: string;
  updatedAt: string;
}

/** The version that runs now. */
export interface PublishedVersion {
  version: number;
  definition: JsonObject;
  publishedAt: string;
  publishedBy: Actor;
  /** Why, in the person's own words. */
  note: string | null;
  /** The earlier version that it is again. */
  restoredFrom: number | null;
}

/** Everything about one workflow. */
export interface WorkflowDetail extends WorkflowItem {
  /** The draft: the definition as last saved. */
  definition: JsonObject;
  problems: Problem[];
  published: PublishedVersion | null;
  counts: { started: number; succeeded: number; failed: number; skipped: number; cancelled: number };
}

/** Which workflows a list shows. Search looks into name and code. */
export interface WorkflowFilter {
  /** Of a list any. */
  status?: WorkflowStatus | readonly WorkflowStatus[];
  module?: string;
  /** The event of the trigger. */
  event?: string;
  search?: string;
  /** What it writes, as far as that is known: `leads.stage`, or anything in `leads`. See ./workflow-writes. */
  writes?: string;
}

/** What a list can be sorted by, and the column behind it. */
const SORT_COLUMNS = {
  name: 'lower(w.name)',
  code: 'w.code',
  status: 'w.status',
  module: 'w.module',
  runCount: 'coalesce(s.started, 0)',
  lastRunAt: 's."lastRunAt"',
  failed7d: 'coalesce(d.failed, 0)',
  successRate7d: 'd.succeeded / nullif(d.succeeded + d.failed, 0)',
  createdAt: 'w.created_at',
  updatedAt: 'w.updated_at',
} as const;
export type WorkflowSortField = keyof typeof SORT_COLUMNS;
export const WORKFLOW_SORT_FIELDS = Object.keys(SORT_COLUMNS) as WorkflowSortField[];

export interface WorkflowListQuery extends WorkflowFilter {
  sort: { field: WorkflowSortField; descending: boolean };
  /** From 1. */
  page: number;
  limit: number;
}

const ITEM_COLUMNS = `w.id, w.code, w.name, w.description, w.status, w.module, w.trigger, w.published_version AS version,
  w.has_unpublished_changes AS "hasUnpublishedChanges", jsonb_array_length(w.problems) AS "problemCount",
  coalesce(s.started, 0)::double precision AS "runCount", s."lastRunAt", w.revision, w.created_at AS "createdAt", w.updated_at AS "updatedAt"`;

/** The counters of each workflow, its slots added up. */
const STATS = `(SELECT workflow_id, sum(started) AS started, sum(succeeded) AS succeeded, sum(failed) AS failed, sum(skipped) AS skipped,
  sum(cancelled) AS cancelled, max(last_run_at) AS "lastRunAt" FROM automation.workflow_stats WHERE workspace_id = $1 GROUP BY workflow_id) s
  ON s.workflow_id = w.id`;

/** The last days of each workflow of a FROM that calls them so, by the primary key of workflow_days. */
const daysOf = (
  alias: 'p' | 'w',
): string => `LEFT JOIN LATERAL (SELECT greatest(0, sum(succeeded))::double precision AS succeeded, greatest(0, sum(failed))::double precision AS failed
    FROM automation.workflow_days d
    WHERE d.workspace_id = $1 AND d.workflow_id = ${alias}.id AND d.step = '' AND d.day >= ${FIRST_DAY}) d ON true`;

/** What is told of each of the few workflows that are shown, for a FROM that calls them `p`; who paused and changed them by audit_log_target. */
const SHOWN = `
  ${daysOf('p')}
  LEFT JOIN LATERAL (SELECT a.actor FROM automation.audit_log a
    WHERE a.workspace_id = $1 AND a.target_type = 'workflow' AND a.target_id = p.id ORDER BY a.id DESC LIMIT 1) u ON true
  LEFT JOIN LATERAL (SELECT a.actor, a.note FROM automation.audit_log a
    WHERE p.status = 'paused' AND a.workspace_id = $1 AND a.target_type = 'workflow' AND a.target_id = p.id
      AND a.after->>'status' = 'paused' ORDER BY a.id DESC LIMIT 1) h ON true`;
const SHOWN_COLUMNS = `coalesce(d.succeeded, 0) AS "succeeded7d", coalesce(d.failed, 0) AS "failed7d",
  h.actor AS "pausedBy", h.note AS "pausedReason", u.actor AS "updatedBy"`;

type ItemRow = Omit<WorkflowItem, 'lastRunAt' | 'createdAt' | 'updatedAt'> & { lastRunAt: Date | null; createdAt: Date; updatedAt: Date };

/** One page of workflows, and how many there are in all: exactly, or at least so many. */
export interface WorkflowPage {
  items: WorkflowItem[];
  total: number;
  totalIsExact: boolean;
}

/** One page of a workspace's workflows and how many there are in all. A workspace has hundreds, so pages are by number. */
export async function listWorkflows(manager: EntityManager, workspaceId: string, query: WorkflowListQuery): Promise<WorkflowPage> {
  const parts = new QueryParts();
  parts.and(`w.workspace_id = ${parts.bind(workspaceId)}`).and(`w.kind = 'workflow'`);
  if (query.status !== undefined) parts.and(`w.status = ANY(${parts.bind([query.status].flat())})`);
  parts.equals('w.module', query.module).equals(`w.trigger->>'event'`, query.event);
  if (query.search !== undefined) {
    const pattern = parts.bind(`%${query.search.replace(/[\\%_]/g, '\\$&')}%`);
    parts.and(`(w.name ILIKE ${pattern} OR w.code ILIKE ${pattern})`);
  }
  if (query.writes !== undefined) parts.and(writesTest(parts, workspaceId, query.writes));
  const total = await countUpTo(manager, 'automation.workflows w', parts);
  const direction = query.sort.descending ? 'DESC' : 'ASC';
  const { where } = parts;
  const column = SORT_COLUMNS[query.sort.field];
  const order = `${column} ${direction} NULLS LAST, w.id ${direction}`;
  // Of all that match only where they are sorted by it: else the days of the page's own are enough.
  const days = column.includes('d.') ? daysOf('w') : '';
  const limit = parts.bind(query.limit);
  const offset = parts.bind((query.page - 1) * query.limit);
  const rows = await sql<ItemRow>(
    manager,
    `SELECT p.*, ${SHOWN_COLUMNS} FROM (
       SELECT ${ITEM_COLUMNS}, row_number() OVER (ORDER BY ${order}) AS place FROM automation.workflows w LEFT JOIN ${STATS} ${days}
       WHERE ${where} ORDER BY ${order} LIMIT ${limit} OFFSET ${offset}) p ${SHOWN}
     ORDER BY p.place`,
    parts.parameters,
  );
  return { items: rows.map(toItem), total: total.count, totalIsExact: total.isExact };
}

/** Everything about one workflow; null when the workspace has none of that id. */
export async function findWorkflow(manager: EntityManager, workspaceId: string, id: string): Promise<WorkflowDetail | null> {
  type DetailRow = ItemRow & Omit<WorkflowDetail, keyof WorkflowItem | 'published'> & { published: WorkflowDetail['published'] };
  const [row] = await sql<DetailRow>(
    manager,
    `SELECT p.*, ${SHOWN_COLUMNS} FROM (SELECT ${ITEM_COLUMNS}, ${DRAFT} AS definition, w.problems,
       json_build_object('started', coalesce(s.started, 0), 'succeeded', coalesce(s.succeeded, 0), 'failed', coalesce(s.failed, 0),
         'skipped', coalesce(s.skipped, 0), 'cancelled', coalesce(s.cancelled, 0)) AS counts,
       (SELECT json_build_object('version', v.version, 'definition', ${DEFINITION}, 'publishedAt', v.published_at, 'publishedBy', v.published_by,
          'note', v.note, 'restoredFrom', v.restored_from)
        FROM automation.workflow_versions v WHERE v.workspace_id = w.workspace_id AND v.id = w.published_version_id) AS published
     FROM automation.workflows w LEFT JOIN ${STATS} WHERE w.workspace_id = $1 AND w.id = $2 AND w.kind = 'workflow') p ${SHOWN}`,
    [workspaceId, id],
  );
  if (!row) return null;
  const { definition, problems, counts, published } = row;
  return {
    ...toItem(row),
    definition,
    problems,
    published: published && { ...published, publishedAt: new Date(published.publishedAt).toISOString() },
    counts,
  };
}

function toItem(row: ItemRow): WorkflowItem {
  return {
    id: row.id,
    code: row.code,
    name: row.name,
    description: row.description,
    status: row.status,
    module: row.module,
    trigger: row.trigger,
    version: row.version,
    hasUnpublishedChanges: row.hasUnpublishedChanges,
    problemCount: row.problemCount,
    runCount: row.runCount,
    lastRunAt: row.lastRunAt?.toISOString() ?? null,
    succeeded7d: row.succeeded7d,
    failed7d: row.failed7d,
    pausedBy: row.pausedBy,
    pausedReason: row.pausedReason,
    updatedBy: row.updatedBy,
    revision: row.revision,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
