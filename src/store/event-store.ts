import type { EntityManager } from 'typeorm';
import type { Actor, Cause, DomainEvent, FieldChange, ParentStep, RecordData, StartTarget } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import { RowSet } from './row-set.js';
import { recordset, sql } from './sql.js';

/** An event on its way into the table. Everything is storable JSON already. */
export interface EventRow extends Omit<DomainEvent, 'occurredAt' | 'trigger' | 'target' | 'parent'> {
  /** What gave the key: `publish`, `emitter`, `workflow`, or the host's own word. */
  source: string;
  key: string | null;
}

/** A start with an input of its own, on its way into the table. */
export interface StartRow extends EventRow {
  trigger: JsonObject;
  target: StartTarget | null;
  parent: ParentStep | null;
  /** What it belongs to: of one of many starts the batch, of a replay the event that it repeats. */
  originId?: string;
}

/** Names an event. */
export interface EventRef {
  workspaceId: string;
  id: string;
}

/** An event's row, of which claims and look-ups make an event. */
export interface EventRecord {
  workspace_id: string;
  id: string;
  module: string | null;
  event: string;
  record_id: string | null;
  record: RecordData | null;
  previous: RecordData | null;
  changes: Record<string, FieldChange> | null;
  cut: string[] | null;
  actor: Actor;
  cause: Cause | null;
  trigger: JsonObject | null;
  target: StartTarget | null;
  parent: ParentStep | null;
  occurred_at: Date;
}

/** Returns the event of a row. */
export function toDomainEvent(row: EventRecord): DomainEvent {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    module: row.module,
    event: row.event,
    recordId: row.record_id,
    record: row.record,
    previous: row.previous,
    changes: row.changes,
    cut: row.cut,
    actor: row.actor,
    cause: row.cause,
    trigger: row.trigger,
    target: row.target,
    parent: row.parent,
    occurredAt: row.occurred_at.toISOString(),
  };
}

const GIVEN_COLUMNS = 'workspace_id, id, module, event, record_id, record, previous, changes, actor, cause, source, key, cut';

/** The values of {@link GIVEN_COLUMNS}. Told one by one: picking them by name took 0.005 ms more. */
function givenValues(event: EventRow): unknown[] {
  return [
    ...[event.workspaceId, event.id, event.module, event.event, event.recordId],
    ...[event.record, event.previous, event.changes, event.actor, event.cause],
    // A list as it is would become an array of Postgres.
    ...[event.source, event.key, event.cut ? JSON.stringify(event.cut) : null],
  ];
}

/**
 * So many events go as plain VALUES: 2 to 16 of them take 0.05 ms less than as a set, most of a round trip. With 50 it is
 * 0.1 ms more, with 500 4 ms of 11.
 */
const MOST_VALUES = 16;
const VALUES = Array.from({ length: MOST_VALUES }, (_, row) => {
  const places = GIVEN_COLUMNS.split(', ').map((__, column, { length }) => `$${row * length + column + 1}`);
  return `(${places.join(', ')})`;
});

const CAPTURED = new RowSet('e', {
  workspaceId: 'text',
  id: 'uuid',
  module: 'text',
  event: 'text',
  recordId: 'text',
  record: 'jsonb',
  previous: 'jsonb',
  changes: 'jsonb',
  actor: 'jsonb',
  cause: 'jsonb',
  source: 'text',
  key: 'text',
  cut: 'jsonb',
});

/**
 * Captures events: ONE statement on the caller's own connection, so that they exist if and only if the caller's
 * transaction commits. No NOTIFY in here: it takes a database-wide lock at commit (15,956 inserts/s without, 3,976 with).
 * An event whose (workspace, source, key) is known already is left out. Where none has a key, Postgres is not made to look
 * for conflicts: 0.015 of the 0.17 ms that publishing added to the host's transaction.
 */
export async function insertEvents(manager: EntityManager, events: readonly EventRow[]): Promise<void> {
  if (events.length === 0) return;
  const hasKeys = events.some(({ key }) => key !== null);
  const unlessKnown = hasKeys ? 'ON CONFLICT (workspace_id, source, key) WHERE key IS NOT NULL DO NOTHING' : '';
  if (events.length <= MOST_VALUES) {
    await sql(
      manager,
      `INSERT INTO automation.events (${GIVEN_COLUMNS}) VALUES ${VALUES.slice(0, events.length).join(', ')} ${unlessKnown}`,
      events.flatMap(givenValues),
    );
    return;
  }
  await sql(
    manager,
    `INSERT INTO automation.events (${GIVEN_COLUMNS})
     SELECT "workspaceId", id, module, event, "recordId", record, previous, changes, actor, cause, source, key, cut
     FROM ${CAPTURED.from}
     ${unlessKnown}`,
    CAPTURED.parameters(events),
  );
}

/**
 * Captures an event that was heard, not published: the transaction of what it tells of may still be open. Notes which ones
 * are, so that routing knows when it may believe what it sees of the record.
 */
export async function insertHeardEvent(manager: EntityManager, event: EventRow): Promise<void> {
  await sql(
    manager,
    `INSERT INTO automation.events (${GIVEN_COLUMNS}, visible_after)
     VALUES (${VALUES[0]?.slice(1, -1)}, pg_current_xact_id())
     ON CONFLICT (workspace_id, source, key) WHERE key IS NOT NULL DO NOTHING`,
    givenValues(event),
  );
}

/**
 * Captures starts that carry an input: few beside CRM events, whose statement stays as narrow as it is. Returns the ids
 * that were written; a key that is known already leaves its start out.
 */
export async function insertStarts(manager: EntityManager, starts: readonly StartRow[]): Promise<Set<string>> {
  if (starts.length === 0) return new Set();
  const rows = await sql<{ id: string }>(
    manager,
    `INSERT INTO automation.events (workspace_id, id, module, event, record_id, record, actor, cause, source, key, trigger, target, parent,
       origin_id, cut)
     SELECT "workspaceId", id, module, event, "recordId", record, actor, cause, source, key, trigger, target, parent, "originId", cut
     FROM json_to_recordset($1::json) AS s("workspaceId" text, id uuid, module text, event text, "recordId" text, record jsonb, actor jsonb,
       cause jsonb, source text, key text, trigger jsonb, target jsonb, parent jsonb, "originId" uuid, cut jsonb)
     ON CONFLICT (workspace_id, source, key) WHERE key IS NOT NULL DO NOTHING RETURNING id`,
    [recordset(starts)],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Returns the id of the event that has taken a key; null when there is none (any more). Served by events_key. */
export async function findKeyedEvent(manager: EntityManager, workspaceId: string, source: string, key: string): Promise<string | null> {
  const [row] = await sql<{ id: string }>(
    manager,
    'SELECT id FROM automation.events WHERE workspace_id = $1 AND source = $2 AND key = $3',
    [workspaceId, source, key],
  );
  return row?.id ?? null;
}

/** Events by id, keyed by id; ids that retention removed are missing. */
export async function loadEvents(manager: EntityManager, refs: readonly EventRef[]): Promise<Map<string, DomainEvent>> {
  if (refs.length === 0) return new Map();
  const rows = await sql<EventRecord>(
    manager,
    `SELECT workspace_id, id, module, event, record_id, record, previous, changes, actor, cause, trigger, target, parent, occurred_at
     FROM automation.events
     WHERE (workspace_id, id) IN (SELECT "workspaceId", id FROM json_to_recordset($1::json) AS r("workspaceId" text, id uuid))`,
    [recordset(refs)],
  );
  return new Map(rows.map((row) => [row.id, toDomainEvent(row)]));
}
