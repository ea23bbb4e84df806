import type { EntityManager } from 'typeorm';
import type { DomainEvent } from '../core/event.js';
import { type EventRecord, toDomainEvent } from './event-store.js';
import { QueryParts, within } from './query-parts.js';
import { sql } from './sql.js';

/** A kind of event: its module and name. */
export interface EventKind {
  module: string;
  event: string;
}

/** Some of the past, newest first. */
export interface PastEvents {
  events: DomainEvent[];
  /** The id down to which all events have been looked through; null when there are no older ones in the period. */
  end: string | null;
}

/**
 * Events of these kinds in a part of the past: those since `from` that are older than the event `before`, among the next `window`
 * of any kind, `most` at the most. So one statement looks at no more rows than that, however rare the kinds are, and reads no
 * more than that, however large they are. Without starts that named a
 * workflow, and without what turned out not to have happened. Served by the primary key backwards.
 */
export async function loadPastEvents(
  manager: EntityManager,
  workspaceId: string,
  kinds: readonly EventKind[],
  { from, before, window, most }: { from: Date; before: string | null; window: number; most: number },
): Promise<PastEvents> {
  const parts = new QueryParts();
  parts.and(`e.workspace_id = ${parts.bind(workspaceId)}`);
  within(parts, { id: 'e.id', at: 'e.occurred_at' }, from, undefined);
  if (before !== null) parts.and(`e.id < ${parts.bind(before)}::uuid`);
  const { where } = parts;
  const last = `SELECT e.id FROM automation.events e WHERE ${where} ORDER BY e.id DESC OFFSET ${parts.bind(window - 1)} LIMIT 1`;
  const [end] = await sql<{ id: string }>(manager, last, parts.parameters);
  const wanted = new QueryParts([...parts.parameters.slice(0, -1)]);
  wanted.and(where).and('e.target IS NULL AND e.error IS NULL');
  if (end) wanted.and(`e.id >= ${wanted.bind(end.id)}::uuid`);
  const some = kinds.map(({ module, event }) => `(e.module = ${wanted.bind(module)} AND e.event = ${wanted.bind(event)})`);
  const rows = await sql<EventRecord>(
    manager,
    `SELECT e.workspace_id, e.id, e.module, e.event, e.record_id, e.record, e.previous, e.changes, e.cut, e.actor, e.cause, e.trigger, e.target,
       e.parent, e.occurred_at
     FROM automation.events e WHERE ${wanted.where} AND (${some.join(' OR ')}) ORDER BY e.id DESC LIMIT ${wanted.bind(most)}`,
    wanted.parameters,
  );
  const lastRead = rows.length === most ? rows.at(-1)?.id : undefined;
  return { events: rows.map(toDomainEvent), end: lastRead ?? end?.id ?? null };
}
