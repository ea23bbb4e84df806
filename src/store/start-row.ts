import { v7 as uuidv7 } from 'uuid';
import type { StartRow } from './event-store.js';

/** What every start says of itself. */
type Told = Pick<StartRow, 'workspaceId' | 'event' | 'source' | 'actor' | 'trigger'>;

/**
 * Returns the row of a start. What it does not say is as of most: it has no key, nobody waits for it, and the record that it is
 * about is read when it is routed, because conditions and steps are about the record as it is then.
 */
export function startRow<Own extends Told & Partial<StartRow>>(own: Own): StartRow & Own {
  const usual: Omit<StartRow, keyof Told> = {
    id: uuidv7(),
    module: null,
    recordId: null,
    record: null,
    previous: null,
    changes: null,
    cause: null,
    key: null,
    target: null,
    parent: null,
  };
  return Object.assign(usual, own);
}
