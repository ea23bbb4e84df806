import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../core/errors.js';
import type { Actor, ParentStep, StartTarget } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';
import type { Waiting } from '../core/plan/plan.js';
import { QueryParts, within } from './query-parts.js';
import { RUN_STATUSES, type RunStatus } from './runs/run.js';
import { sql } from './sql.js';

/** What a list of runs shows. Times are ISO 8601. */
export interface RunItem {
  id: string;
  workflowId: string;
  /** The present name, or that of a workflow that has been deleted since; null when a release before 0.2 has deleted it. */
  workflowName: string | null;
  version: number;
  status: RunStatus;
  module: string | null;
  recordId: string | null;
  eventId: string | null;
  /** Why it was skipped (`conditions`, `loop`, …), failed (the error's code) or cancelled. */
  reason: string | null;
  error: LoggedError | null;
  waiting: Waiting[] | null;
  /** Steps that failed without failing the run. */
  failedSteps: number;
  /** The step of another run that started it. */
  parent: ParentStep | null;
  /** The run that this one repeats from the start, and the run that repeats this one. */
  retryOf: string | null;
  retriedAs: string | null;
  createdAt: string;
  startedAt: string | null;
  /** When a person sent it back to its failed step, the last time. */
  resumedAt: string | null;
  finishedAt: string | null;
  /** From its start to its end; of one that was sent back, from then on. */
  durationMs: number | null;
}

/** Which runs are meant. */
export interface RunFilter {
  workflowId?: string;
  status?: RunStatus;
  module?: string;
  recordId?: string;
  reason?: string;
  /** Created at or after. */
  from?: Date;
  /** Created before. */
  to?: Date;
  /** Only those that could be retried: not repeated yet, and neither their workflow nor their event is gone. */
  retriable?: boolean;
}

/** Newest first; `before` is the id of the last item that was seen. */
export interface Paging {
  before?: string;
  limit: number;
}

type Stored<Item> = Omit<Item, 'durationMs' | TimeKeys> & Record<Extract<keyof Item, TimeKeys>, Date | null>;
type TimeKeys = 'createdAt' | 'startedAt' | 'resumedAt' | 'finishedAt' | 'occurredAt' | 'routedAt' | 'wakeAt';

const RUN_COLUMNS = `r.id, r.workflow_id AS "workflowId", w.name AS "workflowName", r.version, r.status, r.module, r.record_id AS "recordId",
  r.event_id AS "eventId", r.reason, r.error, r.waiting, r.failed_steps AS "failedSteps", r.parent, r.retry_of AS "retryOf", r.retried_as AS "retriedAs", r.created_at AS "createdAt",
  r.started_at AS "startedAt", r.resumed_at AS "resumedAt", r.finished_at AS "finishedAt"`;
const WORKFLOW = 'LEFT JOIN automation.workflow_names w ON w.workspace_id = r.workspace_id AND w.id = r.workflow_id';

function toRunItem(row: Stored<RunItem>): RunItem {
  return {
    ...row,
    createdAt: iso(row.createdAt) ?? '',
    startedAt: iso(row.startedAt),
    resumedAt: iso(row.resumedAt),
    finishedAt: iso(row.finishedAt),
    durationMs: duration(row.resumedAt ?? row.startedAt, row.finishedAt),
  };
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}

function duration(from: Date | null, to: Date | null): number | null {
  return from && to ? Math.max(0, to.getTime() - from.getTime()) : null;
}

/** False for a run that was started by an event which retention has removed: its input is gone. For a FROM that calls the runs `r`. */
const HAS_INPUT = `(r.event_id IS NULL OR EXISTS (SELECT 1 FROM automation.events e WHERE e.workspace_id = r.workspace_id AND e.id = r.event_id))`;
const HAS_WORKFLOW = 'EXISTS (SELECT 1 FROM automation.workflows x WHERE x.workspace_id = r.workspace_id AND x.id = r.workflow_id)';

/** The tests of a filter, for a FROM that calls the runs `r`. */
export function runTests(parts: QueryParts, workspaceId: string, filter: RunFilter, modules: readonly string[]): QueryParts {
  parts.and(`r.workspace_id = ${parts.bind(workspaceId)}`);
  if (filter.workflowId !== undefined) parts.and(`r.workflow_id = ${parts.bind(filter.workflowId)}::uuid`);
  // The index by record begins with the module: without one in the filter, look into each.
  if (filter.recordId !== undefined && filter.module === undefined) parts.and(`r.module = ANY(${parts.bind(modules)}::text[])`);
  parts.equals('r.status', filter.status).equals('r.module', filter.module);
  parts.equals('r.record_id', filter.recordId).equals('r.reason', filter.reason);
  within(parts, { id: 'r.id', at: 'r.created_at' }, filter.from, filter.to);
  if (filter.retriable) parts.and('r.retried_as IS NULL').and(HAS_INPUT).and(HAS_WORKFLOW);
  return parts;
}

/**
 * Runs, newest first. Each filter has an index that ends in the id (workflow and status, record, status, reason); without
 * one it is the primary key backwards. `modules`: those of the catalog, for a search by record alone.
 *
 * A workflow's runs of any status are merged from the newest of each status. So one index serves "the workflow's failures",
 * which would else be looked for among all of its runs (2.7 s at ten million when it never failed), and costs the hot path
 * no more than the index without the status that it took the place of.
 */
export async function listRuns(
  manager: EntityManager,
  workspaceId: string,
  filter: RunFilter,
  paging: Paging,
  modules: readonly string[],
): Promise<RunItem[]> {
  const parts = runTests(new QueryParts(), workspaceId, filter, modules);
  if (paging.before !== undefined) parts.and(`r.id < ${parts.bind(paging.before)}::uuid`);
  const { where } = parts;
  const limit = parts.bind(paging.limit);
  const byStatus = filter.workflowId !== undefined && filter.status === undefined && filter.recordId === undefined;
  const newest = (test: string): string => `SELECT r.* FROM automation.runs r WHERE ${test} ORDER BY r.id DESC LIMIT ${limit}`;
  const runs = byStatus
    ? `(SELECT r.* FROM unnest(${parts.bind(RUN_STATUSES)}::text[]) AS s(status), LATERAL (${newest(`${where} AND r.status = s.status`)}) r)`
    : `(${newest(where)})`;
  const rows = await sql<Stored<RunItem>>(
    manager,
    `SELECT ${RUN_COLUMNS} FROM ${runs} r ${WORKFLOW} ORDER BY r.id DESC LIMIT ${limit}`,
    parts.parameters,
  );
  return rows.map(toRunItem);
}

/** A run with what only its detail shows. */
export interface RunRow extends RunItem {
  versionId: string;
  workflowCode: string | null;
  explanation: Json;
  actor: Actor;
  cause: Json;
}

/** One run; null when the workspace has none of that id. */
export async function findRun(manager: EntityManager, workspaceId: string, id: string): Promise<RunRow | null> {
  const [row] = await sql<Stored<RunRow>>(
    manager,
    `SELECT ${RUN_COLUMNS}, r.version_id AS "versionId", w.code AS "workflowCode", r.explanation, r.actor, r.cause
     FROM automation.runs r ${WORKFLOW} WHERE r.workspace_id = $1 AND r.id = $2`,
    [workspaceId, id],
  );
  return row ? { ...row, ...toRunItem(row) } : null;
}

/** The runs that a run's steps have started, oldest first; at most 500, as many steps as a run may have. Served by runs_parent. */
export async function listChildren(manager: EntityManager, workspaceId: string, runId: string): Promise<RunItem[]> {
  const rows = await sql<Stored<RunItem>>(
    manager,
    `SELECT ${RUN_COLUMNS} FROM automation.runs r ${WORKFLOW}
     WHERE r.workspace_id = $1 AND r.parent IS NOT NULL AND r.parent->>'runId' = $2 ORDER BY r.id LIMIT 500`,
    [workspaceId, runId],
  );
  return rows.map(toRunItem);
}

/** What a list of events shows. */
export interface EventItem {
  id: string;
  /** Null for a start that is about no record. */
  module: string | null;
  /** `created`, `stage_changed`, …; of other starts their kind: `manual`, `workflow`. */
  event: string;
  recordId: string | null;
  actor: Actor;
  /** How it came in. */
  source: string;
  /** The one workflow that it is for; null: every one that listens. */
  target: StartTarget | null;
  /** The step of a run that started it. */
  parent: ParentStep | null;
  occurredAt: string;
  /** When workflows looked at it; null while it waits for that. */
  routedAt: string | null;
  /** Why it could not be routed, when that failed for good. */
  error: LoggedError | null;
}

/** An event as captured. */
export interface EventRecord extends EventItem {
  record: JsonObject | null;
  previous: JsonObject | null;
  changes: JsonObject | null;
  /** What of the three had to be cut: `record.description`, … */
  cut: string[] | null;
  cause: Json;
  /** Of a start that is no CRM event: its kind and input, as steps see it. */
  trigger: JsonObject | null;
  key: string | null;
}

export interface EventFilter {
  module?: string;
  event?: string;
  recordId?: string;
  from?: Date;
  to?: Date;
}

const EVENT_COLUMNS = `e.id, e.module, e.event, e.record_id AS "recordId", e.actor, e.source, e.target, e.parent, e.occurred_at AS "occurredAt",
  e.routed_at AS "routedAt", e.error`;

function toEventItem<Row extends Stored<EventItem>>(row: Row): Row & EventItem {
  return { ...row, occurredAt: iso(row.occurredAt) ?? '', routedAt: iso(row.routedAt) };
}

/** Events, newest first, without what they carry. Served by events_record or the primary key. */
export async function listEvents(
  manager: EntityManager,
  workspaceId: string,
  filter: EventFilter,
  paging: Paging,
  modules: readonly string[],
): Promise<EventItem[]> {
  const parts = new QueryParts();
  parts.and(`e.workspace_id = ${parts.bind(workspaceId)}`);
  if (filter.recordId !== undefined && filter.module === undefined) parts.and(`e.module = ANY(${parts.bind(modules)}::text[])`);
  parts.equals('e.module', filter.module).equals('e.event', filter.event).equals('e.record_id', filter.recordId);
  within(parts, { id: 'e.id', at: 'e.occurred_at' }, filter.from, filter.to);
  if (paging.before !== undefined) parts.and(`e.id < ${parts.bind(paging.before)}::uuid`);
  const { where } = parts;
  const rows = await sql<Stored<EventItem>>(
    manager,
    `SELECT ${EVENT_COLUMNS} FROM automation.events e WHERE ${where} ORDER BY e.id DESC LIMIT ${parts.bind(paging.limit)}`,
    parts.parameters,
  );
  return rows.map(toEventItem);
}

/** One event; null when the workspace has none of that id (any more). */
export async function findEvent(manager: EntityManager, workspaceId: string, id: string): Promise<EventRecord | null> {
  const [row] = await sql<Stored<EventRecord>>(
    manager,
    `SELECT ${EVENT_COLUMNS}, e.record, e.previous, e.changes, e.cut, e.cause, e.trigger, e.key
     FROM automation.events e WHERE e.workspace_id = $1 AND e.id = $2`,
    [workspaceId, id],
  );
  return row ? { ...row, ...toEventItem(row) } : null;
}

/** What one workflow made of an event. */
export interface EventLook extends RunItem {
  explanation: Json;
}

/**
 * Every run of an event, skipped ones included. The index by event holds first runs only; those that repeat them are
 * found along retried_as.
 */
export async function listRunsOfEvent(manager: EntityManager, workspaceId: string, eventId: string): Promise<EventLook[]> {
  const rows = await sql<Stored<EventLook>>(
    manager,
    `WITH RECURSIVE looked AS (
       SELECT f.* FROM automation.runs f WHERE f.workspace_id = $1 AND f.event_id = $2 AND f.retry_of IS NULL
       UNION ALL
       SELECT n.* FROM looked o JOIN automation.runs n ON n.workspace_id = $1 AND n.id = o.retried_as
     )
     SELECT ${RUN_COLUMNS}, r.explanation FROM looked r ${WORKFLOW} ORDER BY r.id`,
    [workspaceId, eventId],
  );
  return rows.map((row) => ({ ...row, ...toRunItem(row) }));
}
