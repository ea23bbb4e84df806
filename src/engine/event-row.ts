import { v7 as uuidv7 } from 'uuid';
import type { Actor, Cause, FieldChange, RecordData } from '../core/event.js';
import type { EventRow } from '../store/event-store.js';

/** An event that a step caused, as the unit of work collected it: values straight from the host's tables. */
export interface CausedEvent {
  workspaceId: string;
  module: string;
  event: string;
  recordId: string | null;
  record: RecordData | null;
  previous: RecordData | null;
  changes: Record<string, FieldChange> | null;
  actor: Actor;
  cause: Cause | null;
}

/** The row of an event that a step caused. It has no key: it commits once, with its step. */
export function toEventRow(event: CausedEvent): EventRow {
  return { ...event, id: uuidv7(), source: 'workflow', key: null };
}
