import type { EntityManager } from 'typeorm';
import type { Problem } from '../../core/errors.js';
import type { Actor } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import type { MachineSummary } from '../../core/machine/summary.js';
import { countUpTo } from '../bounded-count.js';
import { DEFINITION, DRAFT } from '../definition-columns.js';
import { QueryParts } from '../query-parts.js';
import { sql } from '../sql.js';
import type { PublishedVersion } from '../workflow-list-store.js';
import type { WorkflowStatus } from '../workflow-store.js';

/** What a list of machines shows. Times are ISO 8601. */
export interface MachineItem {
  id: string;
  code: string;
  name: string;
  description: string | null;
  status: Exclude<WorkflowStatus, 'archived'>;
  /** Whether instances are made and transitions are asked. */
  enabled: boolean;
  /** What an instance follows: `{ module }` or `{ integration }`; of the published definition, else of the draft. */
  for: JsonObject | null;
  initialState: string | null;
  /** The published version; null before the first publish. */
  version: number | null;
  hasUnpublishedChanges: boolean;
  /** How many problems keep the draft from being published. */
  problemCount: number;
  /** Instances in states that are not final. */
  activeInstances: number;
  instances: number;
  /** Who disabled it, and why; null unless it is disabled. */
  disabledBy: Actor | null;
  disabledReason: string | null;
  /** Who changed it last. */
  updatedBy: Actor | null;
  /** To be sent back with an edit. */
  revision: number;
  createdAt: string;
  updatedAt: string;
}

/** Everything about one machine. */
export interface MachineRow extends MachineItem {
  /** The draft: the definition as last saved. */
  definition: JsonObject;
  problems: Problem[];
  published: PublishedVersion | null;
}

/** Which machines a list shows. Search looks into name and code. */
export interface MachineListQuery {
  status?: MachineItem['status'];
  module?: string;
  search?: string;
  sort: { field: MachineSortField; descending: boolean };
  /** From 1. */
  page: number;
  limit: number;
}

/** What a list can be sorted by, and the column behind it. */
const SORT_COLUMNS = {
  name: 'lower(w.name)',
  code: 'w.code',
  status: 'w.status',
  createdAt: 'w.created_at',
  updatedAt: 'w.updated_at',
} as const;
export type MachineSortField = keyof typeof SORT_COLUMNS;
export const MACHINE_SORT_FIELDS = Object.keys(SORT_COLUMNS) as MachineSortField[];

const ITEM_COLUMNS = `w.id, w.code, w.name, w.description, w.status, w.trigger AS summary, w.published_version AS version,
  w.has_unpublished_changes AS "hasUnpublishedChanges", jsonb_array_length(w.problems) AS "problemCount", w.revision,
  w.created_at AS "createdAt", w.updated_at AS "updatedAt"`;

/**
 * What is told of each of the few machines that are shown, for a FROM that calls them `p`: instances by their counters, a row
 * for each state, version and slot however many instances there are; people by audit_log_target.
 */
const SHOWN = `
  LEFT JOIN LATERAL (SELECT greatest(0, sum(c.instances)) AS instances, greatest(0, sum(c.instances) FILTER (WHERE NOT jsonb_path_exists(
      coalesce(v.definition, '{}'), '$.states[*] ? (@.code == $state && @.final == true)', jsonb_build_object('state', c.state)))) AS active
    FROM (SELECT version_id, state, sum(instances) AS instances FROM automation.instance_counts
      WHERE workspace_id = $1 AND machine_id = p.id GROUP BY version_id, state) c
    LEFT JOIN automation.workflow_versions v ON v.workspace_id = $1 AND v.id = c.version_id) i ON true
  LEFT JOIN LATERAL (SELECT a.actor FROM automation.audit_log a
    WHERE a.workspace_id = $1 AND a.target_type = 'machine' AND a.target_id = p.id ORDER BY a.id DESC LIMIT 1) u ON true
  LEFT JOIN LATERAL (SELECT a.actor, a.note FROM automation.audit_log a
    WHERE p.status = 'paused' AND a.workspace_id = $1 AND a.target_type = 'machine' AND a.target_id = p.id
      AND a.after->>'status' = 'paused' ORDER BY a.id DESC LIMIT 1) h ON true`;
const SHOWN_COLUMNS = `coalesce(i.active, 0)::double precision AS "activeInstances", coalesce(i.instances, 0)::double precision AS instances,
  h.actor AS "disabledBy", h.note AS "disabledReason", u.actor AS "updatedBy"`;

type ItemRow = Omit<MachineItem, 'createdAt' | 'updatedAt' | 'enabled' | 'for' | 'initialState'> & {
  summary: MachineSummary | null;
  createdAt: Date;
  updatedAt: Date;
};

/** One page of machines, and how many there are in all: exactly, or at least so many. */
export interface MachinePage {
  items: MachineItem[];
  total: number;
  totalIsExact: boolean;
}

/** One page of a workspace's machines, which are few, so pages are by number. By the primary key of workflows. */
export async function listMachines(manager: EntityManager, workspaceId: string, query: MachineListQuery): Promise<MachinePage> {
  const parts = new QueryParts();
  parts.and(`w.workspace_id = ${parts.bind(workspaceId)}`).and(`w.kind = 'machine'`);
  parts.equals('w.status', query.status).equals('w.module', query.module);
  if (query.search !== undefined) {
    const pattern = parts.bind(`%${query.search.replace(/[\\%_]/g, '\\$&')}%`);
    parts.and(`(w.name ILIKE ${pattern} OR w.code ILIKE ${pattern})`);
  }
  const total = await countUpTo(manager, 'automation.workflows w', parts);
  const direction = query.sort.descending ? 'DESC' : 'ASC';
  const order = `${SORT_COLUMNS[query.sort.field]} ${direction}, w.id ${direction}`;
  const { where } = parts;
  const [limit, offset] = [parts.bind(query.limit), parts.bind((query.page - 1) * query.limit)];
  const rows = await sql<ItemRow>(
    manager,
    `SELECT p.*, ${SHOWN_COLUMNS} FROM (
       SELECT ${ITEM_COLUMNS}, row_number() OVER (ORDER BY ${order}) AS place FROM automation.workflows w
       WHERE ${where} ORDER BY ${order} LIMIT ${limit} OFFSET ${offset}) p ${SHOWN}
     ORDER BY p.place`,
    parts.parameters,
  );
  return { items: rows.map(toItem), total: total.count, totalIsExact: total.isExact };
}

/** Everything about one machine; null when the workspace has none of that id. */
export async function findMachine(manager: EntityManager, workspaceId: string, id: string): Promise<MachineRow | null> {
  const [row] = await sql<ItemRow & Pick<MachineRow, 'definition' | 'problems' | 'published'>>(
    manager,
    `SELECT p.*, ${SHOWN_COLUMNS} FROM (SELECT ${ITEM_COLUMNS}, ${DRAFT} AS definition, w.problems,
       (SELECT json_build_object('version', v.version, 'definition', ${DEFINITION}, 'publishedAt', v.published_at, 'publishedBy', v.published_by,
          'note', v.note, 'restoredFrom', v.restored_from)
        FROM automation.workflow_versions v WHERE v.workspace_id = w.workspace_id AND v.id = w.published_version_id) AS published
     FROM automation.workflows w WHERE w.workspace_id = $1 AND w.id = $2 AND w.kind = 'machine') p ${SHOWN}`,
    [workspaceId, id],
  );
  if (!row) return null;
  const { definition, problems, published } = row;
  return {
    ...toItem(row),
    definition,
    problems,
    published: published && { ...published, publishedAt: new Date(published.publishedAt).toISOString() },
  };
}

function toItem(row: ItemRow): MachineItem {
  return {
    id: row.id,
    code: row.code,
    name: row.name,
    description: row.description,
    status: row.status,
    enabled: row.status === 'active',
    for: row.summary?.for ?? null,
    initialState: row.summary?.initialState ?? null,
    version: row.version,
    hasUnpublishedChanges: row.hasUnpublishedChanges,
    problemCount: row.problemCount,
    activeInstances: row.activeInstances,
    instances: row.instances,
    disabledBy: row.disabledBy,
    disabledReason: row.disabledReason,
    updatedBy: row.updatedBy,
    revision: row.revision,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
