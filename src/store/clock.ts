import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';

/** What pg answers to one of several statements. */
export interface StatementResult {
  rows: object[];
}

/** What the settings of a transaction end in, where its work asks for the time first: that is no round trip of its own then. */
export const TELL_TIME = 'SELECT now() AS now';

const known = new WeakMap<EntityManager, Date>();

/** Notes the time that was told at the start of the manager's transaction, if it was. */
export function noteTime(manager: EntityManager, results: readonly StatementResult[]): void {
  const [row] = (results.at(-1)?.rows ?? []) as { now: Date }[];
  if (row) known.set(manager, row.now);
}

/** Returns the database's clock: in a transaction, that at its start. */
export async function databaseNow(manager: EntityManager): Promise<Date> {
  const told = known.get(manager);
  if (told) return told;
  const [row] = await sql<{ now: Date }>(manager, TELL_TIME);
  return (row as { now: Date }).now;
}
