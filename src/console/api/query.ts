import {
  keepPreviousData,
  QueryClient,
  type QueryKey,
  QueryObserver,
  type QueryObserverOptions,
  type QueryObserverResult,
} from '@tanstack/query-core';
import { useEffect, useReducer, useState } from 'preact/hooks';
import type { QueryValues } from '../model/route.js';
import { ApiError, call } from './client.js';

/** Of errors that pass by themselves. */
const TRANSIENT: ReadonlySet<number> = new Set([0, 429, 502, 503, 504]);
const LONGEST_PAUSE_MS = 30_000;

/** What was asked lately. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // Long enough for Back; a list that somebody pages through does not pile up.
      gcTime: 60_000,
      retry: (count, error) => error instanceof ApiError && TRANSIENT.has(error.status) && count < 6,
      retryDelay: (count, error) =>
        Math.max((error instanceof ApiError ? error.retryAfterMs : null) ?? 0, Math.min(1_000 * 2 ** count, LONGEST_PAUSE_MS)),
    },
  },
});
queries.mount();

/** How an answer is asked for and kept. */
export interface AskOptions<Answer> {
  query?: QueryValues;
  /** Not asked while false. */
  enabled?: boolean;
  /** Asks again after so many milliseconds while the tab is visible; false: not by itself. */
  every?: number | false | ((answer: Answer | undefined) => number | false);
  /** Shows the last answer until the one to changed questions is there. Default true. */
  keep?: boolean;
  /** For how long it is not asked again. */
  fresh?: number;
  /** How it is asked for, where the path is only what it is called. */
  ask?: () => Promise<Answer>;
}

/** An answer as it stands: what is known, what went wrong, whether it is being asked. */
export type Asked<Answer> = QueryObserverResult<Answer, ApiError>;

/** Asks the API by GET, keeps the answer and draws again when it changes. */
export function useAsk<Answer>(path: string, options: AskOptions<Answer> = {}): Asked<Answer> {
  const { query = {}, enabled = true, every = false, keep = true, fresh, ask } = options;
  return useQuery<Answer>({
    queryKey: [path, query],
    queryFn: ({ signal }) => ask?.() ?? call<Answer>('GET', path, { query, signal }),
    enabled,
    // Ever slower while it does not work.
    refetchInterval: (asked) => {
      const pause = typeof every === 'function' ? every(asked.state.data) : every;
      return pause !== false && asked.state.status === 'error' ? Math.min(8 * pause, 60_000) : pause;
    },
    ...(keep && { placeholderData: keepPreviousData }),
    ...(fresh !== undefined && { staleTime: fresh }),
  });
}

/** An observer of query-core as a hook: subscribed while mounted, drawn again when it says something new. */
function useQuery<Answer>(options: QueryObserverOptions<Answer, ApiError>): Asked<Answer> {
  const [observer] = useState(() => new QueryObserver<Answer, ApiError>(queries, options));
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => observer.subscribe(() => redraw(undefined)), [observer]);
  useEffect(() => observer.setOptions(options));
  // Only for what the component reads: an answer that says the same draws nothing again.
  return observer.trackResult(observer.getOptimisticResult(queries.defaultQueryOptions(options) as never)) as Asked<Answer>;
}

/** What is known of these paths is old: what of it is on the page is asked again. */
export async function forget(...paths: string[]): Promise<void> {
  await queries.invalidateQueries({ predicate: ({ queryKey }) => paths.some((path) => startsWith(queryKey, path)) });
}

/** What these paths are about is gone: nothing of it is asked again. */
export function drop(path: string): void {
  queries.removeQueries({ predicate: ({ queryKey }) => startsWith(queryKey, path) });
}

function startsWith([path]: QueryKey, start: string): boolean {
  return typeof path === 'string' && (path === start || path.startsWith(`${start}/`));
}
