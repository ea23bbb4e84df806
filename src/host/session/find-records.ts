import { AutomationError } from '../../core/errors.js';
import type { RecordData } from '../../core/event.js';
import type { RecordQuery } from '../crm-host.js';

/** Which records a step looks for. */
export interface RecordLookUp extends Pick<RecordQuery, 'anyOf' | 'sort'> {
  limit: number;
  /** Relations that `accepts` looks at. */
  relations: readonly string[];
  /** Whether it is one of those. */
  accepts(record: RecordData): boolean;
}

/** How many records are read at a time, and how many are looked at for one step. */
const PAGE = 200;
const MOST_LOOKED_AT = 10_000;

/** How to list a page of ids, and how to read the records. */
interface Pages {
  list(query: RecordQuery): Promise<string[]>;
  read(ids: readonly string[], relations: readonly string[]): Promise<(RecordData | null)[]>;
}

/**
 * Returns the records that are accepted, in order, at most `limit`. What the database can test narrows them down; the condition
 * itself is asked of each record, so that it means what it means everywhere else.
 */
export async function findRecords(module: string, lookUp: RecordLookUp, pages: Pages): Promise<RecordData[]> {
  const found = new Map<string, RecordData>();
  for (let offset = 0; offset < MOST_LOOKED_AT; offset += PAGE) {
    const ids = await pages.list({ anyOf: lookUp.anyOf, sort: lookUp.sort, offset, limit: PAGE });
    const records = await pages.read(ids, lookUp.relations);
    for (const [index, record] of records.entries()) {
      if (!record || !lookUp.accepts(record)) continue;
      found.set(ids[index] as string, record);
      if (found.size === lookUp.limit) return [...found.values()];
    }
    if (ids.length < PAGE) return [...found.values()];
  }
  throw new AutomationError('too_many_records', `The step would have to look at more than ${MOST_LOOKED_AT} records of ${module}.`, {
    hint: 'Narrow the search down by a field that equals something: a reference, the owner, the stage, a number.',
    details: { module },
  });
}
