import { v7 as uuidv7 } from 'uuid';
import type { NewEvent } from '../../host/crm-session.js';
import type { EventRow } from '../../store/event-store.js';

/** The row of an event that a step caused. It has no key: it commits once, with its step. */
export function toEventRow(event: NewEvent): EventRow {
  return { ...event, id: uuidv7(), source: 'workflow', key: null };
}
