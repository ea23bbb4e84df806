import type { EntityManager } from 'typeorm';
import type { QueryParts } from './query-parts.js';
import { sql } from './sql.js';

/** Up to here things are counted; beyond it people are told "more than". */
export const MOST_COUNTED = 10_000;

/** How many there are: exactly, or at least so many. */
export interface BoundedCount {
  count: number;
  isExact: boolean;
}

export const NONE: BoundedCount = { count: 0, isExact: true };

/** Counts the rows of `from` that pass the tests, and stops at {@link MOST_COUNTED}: an exact number of millions is worth no scan. */
export async function countUpTo(manager: EntityManager, from: string, parts: QueryParts, most = MOST_COUNTED): Promise<BoundedCount> {
  const [row] = await sql<{ count: number }>(
    manager,
    `SELECT count(*)::int AS count FROM (SELECT FROM ${from} WHERE ${parts.where} LIMIT ${most + 1}) AS counted`,
    parts.parameters,
  );
  const count = row?.count ?? 0;
  return { count: Math.min(count, most), isExact: count <= most };
}
