import { v7 as uuidv7 } from 'uuid';
import { cutToSize } from '../../core/event-size.js';
import type { NewEvent } from '../../host/crm-session.js';
import type { EventRow } from '../../store/event-store.js';

/** The row of an event that a step caused, of at most so many bytes. It has no key: it commits once, with its step. */
export function toEventRow(caused: NewEvent, bytes: number): EventRow {
  const { event, cut } = cutToSize(caused, bytes);
  return { ...event, cut, id: uuidv7(), source: 'workflow', key: null };
}
