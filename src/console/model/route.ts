/** A place in the console: the segments of its path below the console, and its query. */
export interface Place {
  segments: readonly string[];
  query: URLSearchParams;
}

/** Returns the place of an address; null when it is not below the console, whose own address ends with a slash: `…/console/`. */
export function placeOf(address: URL, base: URL): Place | null {
  if (address.origin !== base.origin) return null;
  const home = base.pathname.replace(/\/$/, '');
  if (address.pathname !== home && !address.pathname.startsWith(`${home}/`)) return null;
  const segments = address.pathname
    .slice(home.length)
    .split('/')
    .filter((segment) => segment !== '')
    .map(decoded);
  return { segments, query: address.searchParams };
}

/** What belongs into a query: nothing of it for null, undefined and the empty text. */
export type QueryValues = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Returns the address of a place relative to the console, without a slash at the end: `runs/42?step=welcome`. */
export function hrefOf(path: string, query: QueryValues | URLSearchParams = {}): string {
  const text = queryOf(query).toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Returns the query without what is empty. */
export function queryOf(query: QueryValues | URLSearchParams): URLSearchParams {
  const entries = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  return new URLSearchParams(
    entries.flatMap(([name, value]) => (value === null || value === undefined || value === '' ? [] : [[name, String(value)]])),
  );
}

/** Returns a query with some values changed; those that become empty are left out. */
export function changedQuery(query: URLSearchParams, changes: QueryValues): URLSearchParams {
  return queryOf({ ...Object.fromEntries(query), ...changes });
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
