import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import { sqlState } from '../postgres-errors.js';

/** The database refused one step's write, which was taken back: the transaction, and all that others wrote in it, stands. */
export class WriteRefused extends Error {
  override readonly name = 'WriteRefused';
  constructor(refusal: unknown) {
    super('the database refused the write of a step', { cause: refusal });
  }
}

/**
 * Writes the items of many steps by one statement. When the database refuses it, it is taken back to a savepoint and what is
 * wrong with one item is that item's alone: it is tried apart from the others when Postgres names its row, else each half is.
 * With 1 % of the items refused, repeating whole transactions had cost the others 39 % of their throughput. A single item
 * has no savepoint: its failure is its own. `nameOf` says what tells an item's row from the others', where something does.
 */
export async function writeTogether<Item, Result>(
  manager: EntityManager,
  items: readonly Item[],
  write: (items: readonly Item[]) => Promise<Result[]>,
  nameOf: (item: Item) => string | null = () => null,
): Promise<(Result | WriteRefused)[]> {
  return items.length < 2 ? write(items) : attempt(manager, items, write, nameOf);
}

async function attempt<Item, Result>(
  manager: EntityManager,
  items: readonly Item[],
  write: (items: readonly Item[]) => Promise<Result[]>,
  nameOf: (item: Item) => string | null,
): Promise<(Result | WriteRefused)[]> {
  await manager.query('SAVEPOINT writes');
  try {
    // Not released: that is a round trip, and the next one of this name takes its place.
    return await write(items);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await manager.query('ROLLBACK TO SAVEPOINT writes');
    if (items.length === 1) return [new WriteRefused(error)];
    const named = namedIn(error, items, nameOf);
    if (named === null) {
      const middle = Math.ceil(items.length / 2);
      const first = await attempt(manager, items.slice(0, middle), write, nameOf);
      return [...first, ...(await attempt(manager, items.slice(middle), write, nameOf))];
    }
    const others = items.filter((_, at) => at !== named);
    const written = await attempt(manager, others, write, nameOf);
    // Only a hint: it is tried, too.
    const alone = await attempt(manager, items.slice(named, named + 1), write, nameOf);
    return [...written.slice(0, named), ...alone, ...written.slice(named)];
  }
}

/** The place of the one item that the refusal names: "Failing row contains (lead-17, …)". Null when it names none, or several. */
function namedIn<Item>(error: unknown, items: readonly Item[], nameOf: (item: Item) => string | null): number | null {
  const { detail } = ((error as { driverError?: { detail?: unknown } }).driverError ?? {}) as { detail?: unknown };
  if (typeof detail !== 'string') return null;
  const values = new Set(detail.slice(detail.indexOf('(') + 1).split(/, |\)$/));
  const named = items.flatMap((item, at) => (values.has(nameOf(item) ?? '') ? [at] : []));
  return named.length === 1 ? (named[0] ?? null) : null;
}

/** What the host's code refuses while it writes: found out after the write, which must not stay; or by rules that only what is made of an item can be held to. */
const HOSTS_REFUSALS: ReadonlySet<string> = new Set(['outside_workspace', 'change_refused', 'value_invalid']);

/** The data were refused (a wrong value, a broken rule, what a trigger raises), rather than the moment (a lock, a deadlock, a lost connection). */
function isRefusal(error: unknown): boolean {
  if (error instanceof AutomationError && HOSTS_REFUSALS.has(error.code)) return true;
  return /^(22|23|44|P0)/.test(sqlState(error) ?? '');
}
