import type { EntityManager } from 'typeorm';
import type { Catalog } from '../core/catalog.js';
import { knownExplanation } from '../core/condition/known-explanation.js';
import type { LoggedError } from '../core/errors.js';
import type { Actor, ParentStep, StartTarget } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';
import type { Waiting } from '../core/plan/plan.js';
import { runSummary } from '../core/summary/run-summary.js';
import { RUN_TRANSITION, type RunTransition } from './machines/run-transition.js';
import { QueryParts, within } from './query-parts.js';
import { type RunQuestion, runIds } from './run-filter.js';
import type { RunStatus } from './runs/run.js';
import { sql } from './sql.js';

/** What a list of runs shows. Times are ISO 8601. */
export interface RunItem {
  id: string;
  workflowId: string;
  /** The present name, or that of a workflow that has been deleted since; null when a release before 0.2 has deleted it. */
  workflowName: string | null;
  version: number;
  /** Of a run that does the steps of a machine's transition; null for workflows, and where the machine was deleted. */
  transition: RunTransition | null;
  status: RunStatus;
  /** What has become of it, in one sentence. */
  summary: string;
  module: string | null;
  recordId: string | null;
  eventId: string | null;
  /** Why it was skipped (`conditions`, `loop`, …), failed (the error's code) or cancelled. */
  reason: string | null;
  error: LoggedError | null;
  waiting: (Waiting & { resumeUrl?: string })[] | null;
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

/** Newest first; `before` is the id of the last item that was seen. */
export interface Paging {
  before?: string;
  limit: number;
}

/** A row as the driver gives it. */
export type Stored<Item> = Omit<Item, 'durationMs' | 'summary' | TimeKeys> & Record<Extract<keyof Item, TimeKeys>, Date | null>;
/** A run as stored, with what its summary needs beside. */
export type StoredRun<Item> = Stored<Item> & { skippedFor: Json };
type TimeKeys = 'createdAt' | 'startedAt' | 'resumedAt' | 'finishedAt' | 'occurredAt' | 'routedAt' | 'wakeAt';

/** What an item takes, of a FROM that calls the runs `r` and joins {@link WORKFLOW}. */
export const RUN_COLUMNS = `r.id, r.workflow_id AS "workflowId", w.name AS "workflowName", r.version, r.status, r.module, r.record_id AS "recordId",
  r.event_id AS "eventId", r.reason, r.error, r.waiting, r.failed_steps AS "failedSteps", r.parent, r.retry_of AS "retryOf", r.retried_as AS "retriedAs", r.created_at AS "createdAt",
  r.started_at AS "startedAt", r.resumed_at AS "resumedAt", r.finished_at AS "finishedAt",
  CASE r.status WHEN 'skipped' THEN r.explanation END AS "skippedFor", ${RUN_TRANSITION} AS transition`;
export const WORKFLOW = 'LEFT JOIN automation.workflow_names w ON w.workspace_id = r.workspace_id AND w.id = r.workflow_id';

/** Values of fields that were hidden since are not told by the summary either. */
export function toRunItem<Item extends RunItem>({ skippedFor, ...row }: StoredRun<Item>, catalog: Catalog): Item {
  const { module } = row;
  const about = module === null ? null : (catalog.modules.get(module) ?? null);
  return {
    ...row,
    summary: runSummary({ ...row, explanation: knownExplanation(catalog, module, skippedFor), about }),
    createdAt: iso(row.createdAt) ?? '',
    startedAt: iso(row.startedAt),
    resumedAt: iso(row.resumedAt),
    finishedAt: iso(row.finishedAt),
    durationMs: duration(row.resumedAt ?? row.startedAt, row.finishedAt),
  } as unknown as Item;
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}

function duration(from: Date | null, to: Date | null): number | null {
  return from && to ? Math.max(0, to.getTime() - from.getTime()) : null;
}

/** Runs, newest first; see {@link runIds} for the index that serves each filter. */
export async function listRuns(
  manager: EntityManager,
  question: RunQuestion,
  { before, limit }: Paging,
  catalog: Catalog,
): Promise<RunItem[]> {
  const parts = new QueryParts();
  const ids = runIds(parts, question, { limit, order: 'newest', ...(before !== undefined && { before }) });
  const rows = await sql<StoredRun<RunItem>>(
    manager,
    `SELECT ${RUN_COLUMNS} FROM (${ids}) f JOIN automation.runs r ON r.workspace_id = ${parts.bind(question.workspaceId)} AND r.id = f.id
     ${WORKFLOW} ORDER BY r.id DESC`,
    parts.parameters,
  );
  return rows.map((row) => toRunItem(row, catalog));
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
export async function findRun(manager: EntityManager, workspaceId: string, id: string, catalog: Catalog): Promise<RunRow | null> {
  const [row] = await sql<StoredRun<RunRow>>(
    manager,
    `SELECT ${RUN_COLUMNS}, r.version_id AS "versionId", w.code AS "workflowCode", r.explanation, r.actor, r.cause
     FROM automation.runs r ${WORKFLOW} WHERE r.workspace_id = $1 AND r.id = $2`,
    [workspaceId, id],
  );
  return row ? toRunItem(row, catalog) : null;
}

/** The runs that a run's steps have started, oldest first; at most 500, as many steps as a run may have. Served by runs_parent. */
export async function listChildren(manager: EntityManager, workspaceId: string, runId: string, catalog: Catalog): Promise<RunItem[]> {
  const rows = await sql<StoredRun<RunItem>>(
    manager,
    `SELECT ${RUN_COLUMNS} FROM automation.runs r ${WORKFLOW}
     WHERE r.workspace_id = $1 AND r.parent IS NOT NULL AND r.parent->>'runId' = $2 ORDER BY r.id LIMIT 500`,
    [workspaceId, runId],
  );
  return rows.map((row) => toRunItem(row, catalog));
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

export function toEventItem<Row extends Stored<EventItem>>(row: Row): Row & EventItem {
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
export async function listRunsOfEvent(
  manager: EntityManager,
  workspaceId: string,
  eventId: string,
  catalog: Catalog,
): Promise<EventLook[]> {
  const rows = await sql<StoredRun<EventLook>>(
    manager,
    `WITH RECURSIVE looked AS (
       SELECT f.* FROM automation.runs f WHERE f.workspace_id = $1 AND f.event_id = $2 AND f.retry_of IS NULL
       UNION ALL
       SELECT n.* FROM looked o JOIN automation.runs n ON n.workspace_id = $1 AND n.id = o.retried_as
     )
     SELECT ${RUN_COLUMNS}, r.explanation FROM looked r ${WORKFLOW} ORDER BY r.id`,
    [workspaceId, eventId],
  );
  return rows.map((row) => toRunItem(row, catalog));
}
