import { moduleOf } from '../model/catalog.js';
import { call } from './client.js';
import { useCatalog } from './me.js';
import { useAsk } from './query.js';

type Titles = ReadonlyMap<string, string>;

/** What is asked for in one moment, by module. */
const asking = new Map<string, { ids: Set<string>; found: Promise<Titles> }>();
/** As many as the API takes at once. */
const MOST = 100;

/**
 * Returns what people call a record; null while it is not known, where nothing names it, and where the CRM does not answer.
 * All records of a page are asked for at once, beside the page and not before it, and each once a minute.
 */
export function useRecordTitle(module: string | null, id: string | null): string | null {
  const isKnown = moduleOf(useCatalog(), module) !== null;
  const asked = useAsk<string | null>(`records/${module}/${id}/title`, {
    // A comma parts the ids of a question.
    enabled: isKnown && id !== null && !id.includes(','),
    fresh: 60_000,
    keep: false,
    ask: () => titleOf(String(module), String(id)),
  });
  return asked.data ?? null;
}

async function titleOf(module: string, id: string): Promise<string | null> {
  let batch = asking.get(module);
  if (!batch || batch.ids.size === MOST) {
    const ids = new Set<string>();
    batch = { ids, found: askSoon(module, ids) };
    asking.set(module, batch);
  }
  batch.ids.add(id);
  const title = (await batch.found).get(id);
  return title === id ? null : (title ?? null);
}

/** When the page is drawn: everything that it shows has asked by then. */
async function askSoon(module: string, ids: ReadonlySet<string>): Promise<Titles> {
  await new Promise((resolve) => setTimeout(resolve));
  if (asking.get(module)?.ids === ids) asking.delete(module);
  try {
    const { items } = await call<{ items: { id: string; title: string }[] }>('GET', 'records', { query: { module, ids: [...ids].join() } });
    return new Map(items.map(({ id, title }) => [id, title]));
  } catch {
    // A CRM that is away is not asked again and again: their ids have to do.
    return new Map();
  }
}
