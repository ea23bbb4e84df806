import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';

/** Returns the database's clock: in a transaction, that at its start. */
export async function databaseNow(manager: EntityManager): Promise<Date> {
  const [row] = await sql<{ now: Date }>(manager, 'SELECT now() AS now');
  return (row as { now: Date }).now;
}
