import type { EntityManager } from 'typeorm';
import type { Catalog } from '../core/catalog.js';
import type { Cause, FieldChange, RecordData } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import { CLOCK_SLACK_MS, firstUuidOf, timeOfUuid } from './query-parts.js';
import {
  type EventItem,
  type EventLook,
  RUN_COLUMNS,
  type Stored,
  type StoredRun,
  toEventItem,
  toRunItem,
  WORKFLOW,
} from './run-log-store.js';
import { sql } from './sql.js';

/** A record whose timeline is read. */
export interface TimelineRecord {
  workspaceId: string;
  module: string;
  recordId: string;
}

/**
 * A place in a timeline. `moment` is UTC with microseconds, as the database keeps time, so that texts sort as moments do;
 * `key` tells items of one moment apart.
 */
export interface TimelinePlace {
  moment: string;
  key: string;
}

/** Which part of a timeline: what comes before (is older than) a place. */
export interface TimelinePaging {
  before: TimelinePlace | null;
  limit: number;
}

/** Something that happened to the record. */
export interface TimelineEvent extends TimelinePlace {
  item: EventItem;
  changes: Record<string, FieldChange> | null;
  cause: Cause | null;
}

/** What a step of a workflow did, by its execution. */
export interface TimelineChange extends TimelinePlace {
  runId: string;
  workflowId: string;
  workflowName: string | null;
  version: number;
  path: string;
  type: string;
  output: JsonObject | null;
}

/** Before every place there is. */
const BEGIN = '1970-01-01T00:00:00.000000Z';
/** After every place there is. */
const END: TimelinePlace = { moment: '9999-12-31T23:59:59.999999Z', key: '' };

function idAt(moment: string, slackMs: number): string {
  return firstUuidOf(Date.parse(moment) + slackMs);
}

function momentOf(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/**
 * The events of a record, newest first. Its ids are made by the clocks of processes, the moments by the database's: the id of the
 * last event that the page may need bounds what is read to the page, and to what was captured within the difference of the
 * clocks. Served by events_record backwards.
 */
export async function listRecordEvents(
  manager: EntityManager,
  { workspaceId, module, recordId }: TimelineRecord,
  { before, limit }: TimelinePaging,
): Promise<TimelineEvent[]> {
  const { moment, key } = before ?? END;
  const end = idAt(moment, CLOCK_SLACK_MS);
  const [last] = await sql<{ id: string }>(
    manager,
    `SELECT id FROM automation.events
     WHERE workspace_id = $1 AND module = $2 AND record_id = $3 AND id < $4 AND (occurred_at, ('event.' || id) COLLATE "C") < ($5::timestamptz, $6)
     ORDER BY id DESC OFFSET $7 LIMIT 1`,
    [workspaceId, module, recordId, end, moment, key, limit - 1],
  );
  const begin = firstUuidOf(last === undefined ? 0 : timeOfUuid(last.id) - 2 * CLOCK_SLACK_MS);
  const rows = await sql<TimelinePlace & Pick<TimelineEvent, 'changes' | 'cause'> & Stored<EventItem>>(
    manager,
    `SELECT ${momentOf('e.occurred_at')} AS moment, e.key, e.changes, e.cause, e.id, e.module, e.event, e.record_id AS "recordId", e.actor,
       e.source, e.target, e.parent, e.occurred_at AS "occurredAt", e.routed_at AS "routedAt", e.error
     FROM (SELECT 'event.' || id AS key, id, module, event, record_id, actor, source, target, parent, routed_at, error, changes, cause, occurred_at
           FROM automation.events
           WHERE workspace_id = $1 AND module = $2 AND record_id = $3 AND id >= $7 AND id < $8) AS e
     WHERE (e.occurred_at, e.key COLLATE "C") < ($4::timestamptz, $5)
     ORDER BY e.occurred_at DESC, e.key COLLATE "C" DESC LIMIT $6`,
    [workspaceId, module, recordId, moment, key, limit, begin, end],
  );
  return rows.map(({ moment, key, changes, cause, ...row }) => ({ moment, key, changes, cause, item: toEventItem(row) }));
}

/**
 * What the steps of workflows that ran on a record have done, newest first: every succeeded execution of an action but
 * those of `leftOut` types (flow control, what only reads, and what acts outside the CRM). One that changed nothing is none, and neither is
 * one whose events on the record are stored: those tell of it. `since`: the page needs nothing older, because it is full without;
 * runs that were over by then are passed by. Served by runs_record, the primary key of step_executions and events_record.
 */
export function listRecordChanges(
  manager: EntityManager,
  { workspaceId, module, recordId }: TimelineRecord,
  { before, limit, since }: TimelinePaging & { since: string | null },
  leftOut: readonly string[],
): Promise<TimelineChange[]> {
  const { moment, key } = before ?? END;
  const from = since ?? BEGIN;
  return sql<TimelineChange>(
    manager,
    `WITH done AS (
       SELECT s.finished_at AS at, 'change.' || r.id || '.' || lpad(s.position::text, 9, '0') AS key, r.id AS run_id, r.workflow_id,
         r.version, s.path, s.type, s.output
       FROM automation.runs r JOIN automation.step_executions s ON s.workspace_id = r.workspace_id AND s.run_id = r.id
       WHERE r.workspace_id = $1 AND r.module = $2 AND r.record_id = $3 AND r.status <> 'skipped'
         AND r.created_at <= $4::timestamptz AND COALESCE(r.finished_at, 'infinity') >= $8::timestamptz AND s.finished_at >= $8::timestamptz
         AND s.status = 'succeeded' AND s.type <> ALL($7::text[]) AND s.finished_at <= $4::timestamptz
     ), told AS (
       SELECT e.cause->>'runId' AS run_id, e.cause->>'step' AS path FROM automation.events e
       WHERE e.workspace_id = $1 AND e.module = $2 AND e.record_id = $3 AND e.source = 'workflow' AND e.id >= $9 AND e.id < $10
     )
     SELECT ${momentOf('d.at')} AS moment, d.key, d.run_id AS "runId", d.workflow_id AS "workflowId", w.name AS "workflowName",
       d.version, d.path, d.type, d.output
     FROM done d LEFT JOIN automation.workflow_names w ON w.workspace_id = $1 AND w.id = d.workflow_id
     WHERE (d.at, d.key COLLATE "C") < ($4::timestamptz, $5)
       AND CASE d.type
         WHEN 'move_stage' THEN d.output->'from' IS DISTINCT FROM d.output->'to'
         WHEN 'assign_owner' THEN d.output->'previousOwnerId' IS DISTINCT FROM d.output->'ownerId'
         WHEN 'add_tag' THEN d.output->'added' IS DISTINCT FROM '[]'
         WHEN 'remove_tag' THEN d.output->'removed' IS DISTINCT FROM '[]'
         WHEN 'update_related' THEN jsonb_typeof(d.output->'changes') IS DISTINCT FROM 'object'
           OR EXISTS (SELECT 1 FROM jsonb_each(d.output->'changes') c WHERE c.value->'from' IS DISTINCT FROM c.value->'to')
         WHEN 'change_field' THEN CASE WHEN d.output ? 'changes'
           THEN EXISTS (SELECT 1 FROM jsonb_each(d.output->'changes') c WHERE c.value->'from' IS DISTINCT FROM c.value->'to')
           ELSE d.output->'from' IS DISTINCT FROM d.output->'to' END
         ELSE true END
       AND NOT EXISTS (SELECT 1 FROM told t WHERE t.run_id = d.run_id::text AND t.path = d.path)
     ORDER BY d.at DESC, d.key COLLATE "C" DESC LIMIT $6`,
    [workspaceId, module, recordId, moment, key, limit, leftOut, from, idAt(from, -CLOCK_SLACK_MS), idAt(moment, CLOCK_SLACK_MS)],
  );
}

/** What workflows made of one event: the nearest to trouble first. */
export interface EventLooks {
  looks: EventLook[];
  /** How many more there are. */
  more: number;
}

/**
 * What workflows made of these events, `most` of each: what failed first, then what ran, then what was skipped; what repeats a
 * run included. Of one workflow alone, where it is given. Served by runs_event and runs_event_repeats.
 */
export async function listLooks(
  manager: EntityManager,
  workspaceId: string,
  eventIds: readonly string[],
  { most, workflowId }: { most: number; workflowId: string | null },
  catalog: Catalog,
): Promise<Map<string, EventLooks>> {
  const ofEvent = `SELECT f.* FROM automation.runs f WHERE f.workspace_id = $1 AND f.event_id = v.id AND ($4::uuid IS NULL OR f.workflow_id = $4)`;
  const rows = await sql<StoredRun<EventLook> & { eventId: string; looks: number }>(
    manager,
    `SELECT ${RUN_COLUMNS}, r.explanation, r.looks
     FROM unnest($2::uuid[]) AS v(id), LATERAL (
       SELECT l.*, CASE l.status WHEN 'failed' THEN 0 WHEN 'skipped' THEN 2 ELSE 1 END AS rank, count(*) OVER ()::integer AS looks
       FROM (${ofEvent} AND f.retry_of IS NULL UNION ALL ${ofEvent} AND f.retry_of IS NOT NULL) l
       ORDER BY rank, l.id LIMIT $3) r ${WORKFLOW} ORDER BY r.rank, r.id`,
    [workspaceId, eventIds, most, workflowId],
  );
  const found = new Map<string, EventLooks>();
  for (const { looks, ...row } of rows) {
    const of = found.get(row.eventId) ?? { looks: [], more: Math.max(0, looks - most) };
    of.looks.push(toRunItem<EventLook>(row, catalog));
    found.set(row.eventId, of);
  }
  return found;
}

/** The record as the newest kept event has it; null when none has. Served by events_record. */
export async function findNewestRecord(
  manager: EntityManager,
  { workspaceId, module, recordId }: TimelineRecord,
): Promise<RecordData | null> {
  const [row] = await sql<{ record: RecordData }>(
    manager,
    `SELECT record FROM automation.events WHERE workspace_id = $1 AND module = $2 AND record_id = $3 AND record IS NOT NULL
     ORDER BY id DESC LIMIT 1`,
    [workspaceId, module, recordId],
  );
  return row?.record ?? null;
}
