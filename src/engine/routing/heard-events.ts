import type { ModuleDescription } from '../../core/catalog.js';
import { diffRecords, sameJson } from '../../core/derive-events.js';
import type { LoggedError } from '../../core/errors.js';
import type { FieldChange, RecordData } from '../../core/event.js';
import type { ClaimedEvent, HeardEvent } from '../../store/event-claims.js';

/** What becomes of an event that was heard, not published, once its record was looked at. */
export type Finding =
  /** It happened. Conditions and steps see the record as it is, whatever the payload said. */
  | { kind: 'true'; record: RecordData | null; changes: Record<string, FieldChange> | null }
  /** Its transaction may still be open. */
  | { kind: 'not_yet' }
  | { kind: 'never'; error: LoggedError };

/**
 * Holds an event that was heard against the record as it is committed: null where there is none. Whoever emits has mostly not
 * committed yet, and may roll back. So what was created must be there, what was deleted must be gone, and a change must
 * show, or all transactions that were open when it was heard must be over; for all that it waits, for a bounded time.
 */
export function holdAgainst(event: ClaimedEvent, heard: HeardEvent, record: RecordData | null, module: ModuleDescription): Finding {
  const rule = module.events.find(({ name }) => name === event.event)?.rule ?? { on: 'custom' };
  if (rule.on === 'deleted') {
    if (record === null && (heard.isSettled || heard.isOverdue)) return { kind: 'true', record: event.record, changes: event.changes };
    return heard.isOverdue || (record !== null && heard.isSettled) ? never(STILL_THERE) : { kind: 'not_yet' };
  }
  // Not by `isSettled`: a transaction that emits before its first write was not known to be open.
  if (record === null) return heard.isOverdue ? never(notFound(event)) : { kind: 'not_yet' };
  // What the host computes is in no payload.
  const computed = new Set(module.fields.flatMap(({ name, computed }) => (computed ? [name] : [])));
  const stored = Object.fromEntries(Object.entries(record).filter(([name]) => !computed.has(name)));
  const isVisible = rule.on === 'created' || showsIn(event.record, stored);
  if (!isVisible && !heard.isSettled && !heard.isOverdue) return { kind: 'not_yet' };
  // What had to be cut cannot be compared.
  const changes = event.cut ? event.changes : diffRecords(event.previous, stored, { relations: module.relations.map(({ name }) => name) });
  if (event.changes !== null && changes === null) return never(NOTHING_CHANGED);
  return { kind: 'true', record, changes };
}

/** Whether the payload held the whole record, and that is what is committed. */
function showsIn(said: RecordData | null, record: RecordData): boolean {
  return said !== null && Object.entries(record).every(([field, value]) => Object.hasOwn(said, field) && sameJson(said[field], value));
}

function never(error: LoggedError): Finding {
  return { kind: 'never', error };
}

function notFound({ module, recordId }: ClaimedEvent): LoggedError {
  return {
    code: 'record_not_found',
    message: `The event was emitted, but there is no record '${recordId}' in ${module}: its transaction was rolled back, or took too long.`,
    hint: 'Publish in the transaction: the event then exists if and only if it commits.',
  };
}

const STILL_THERE: LoggedError = {
  code: 'change_not_committed',
  message: 'The event was emitted, but the record is still there: its transaction was rolled back.',
};

const NOTHING_CHANGED: LoggedError = {
  code: 'change_not_committed',
  message: 'The event was emitted, but the record is as it was before: its transaction was rolled back, or the change was undone.',
};
