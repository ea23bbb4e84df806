import { type Catalog, moduleOf } from './catalog.js';
import { durationMs, durationWords } from './time.js';
import { countWords, listWords, numberWords } from './words.js';

export const RUN_STATUSES = ['failed', 'waiting', 'running', 'queued', 'succeeded', 'skipped', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** How far back a list of runs may look, as the address says it. */
export const PERIODS = ['PT1H', 'P1D', 'P7D', 'P30D'] as const;

/** Which runs, as the address of the list tells it. */
export interface RunListFilter {
  status: readonly RunStatus[];
  search: string | null;
  workflowId: string | null;
  version: string | null;
  module: string | null;
  recordId: string | null;
  reason: string | null;
  batchId: string | null;
  ids: readonly string[];
  /** An ISO 8601 duration: created within it, counted from now. */
  period: string | null;
  /** The same: created longer ago than that. */
  olderThan: string | null;
}

const TEXTS = ['search', 'workflowId', 'version', 'module', 'recordId', 'reason', 'batchId', 'period', 'olderThan'] as const;
/** The names of what a list of runs can be filtered by, in its address. */
export const RUN_FILTER_NAMES = ['status', 'ids', ...TEXTS] as const;

/** Returns the filter of an address; what is no status is left out. */
export function runFilterOf(query: URLSearchParams): RunListFilter {
  const list = (name: string): string[] => (query.get(name) ?? '').split(',').filter((text) => text !== '');
  const texts = Object.fromEntries(TEXTS.map((name) => [name, query.get(name) || null])) as Record<(typeof TEXTS)[number], string | null>;
  return { ...texts, status: RUN_STATUSES.filter((status) => list('status').includes(status)), ids: list('ids') };
}

/** Returns what the API is asked with; a period begins at the full minute, so that the same question stays the same. */
export function runQueryOf({ status, ids, period, olderThan, ...texts }: RunListFilter, now: Date): Record<string, string | null> {
  const times = { from: momentBefore(period, now), to: momentBefore(olderThan, now) };
  return { ...texts, status: status.join(',') || null, ids: ids.join(',') || null, ...times };
}

/** Returns the filter as the API takes it in a body: for what is done to all that match. */
export function runFilterBody({ status, ids, period, olderThan, version, ...texts }: RunListFilter, now: Date): Record<string, unknown> {
  const [from, to] = [momentBefore(period, now), momentBefore(olderThan, now)];
  const given = Object.entries(texts).filter(([, text]) => text !== null);
  return {
    ...Object.fromEntries(given),
    ...(version !== null && { version: Number(version) }),
    ...(ids.length > 0 && { ids }),
    ...(from !== null && { from }),
    ...(to !== null && { to }),
    ...(status.length > 0 && { status }),
  };
}

/** Returns the moment so long ago, at the full minute, so that the same question stays the same; null for no period. */
export function momentBefore(period: string | null, now: Date): string | null {
  const length = period === null ? null : durationMs(period);
  if (length === null) return null;
  return new Date(Math.floor((now.getTime() - length) / 60_000) * 60_000).toISOString();
}

/** One thing that a list is narrowed by, in words, and what of the address drops it. */
export interface FilterWords {
  label: string;
  names: readonly string[];
}

/** Returns what the filter says, without statuses and what its own field shows. */
export function filterWords(filter: RunListFilter, catalog: Pick<Catalog, 'modules'> | null, workflowName: string | null): FilterWords[] {
  const { search, workflowId, version, module, recordId, reason, batchId, ids, period, olderThan } = filter;
  const moduleLabel = moduleOf(catalog, module)?.label ?? module;
  return [
    ...(search ? [{ label: `“${search}”`, names: ['search'] }] : []),
    ...(workflowId ? [{ label: workflowName ?? 'one workflow', names: ['workflowId', 'version'] }] : []),
    ...(version ? [{ label: `version ${version}`, names: ['version'] }] : []),
    ...(recordId ? [{ label: `${moduleLabel ?? 'Record'} ${shortId(recordId)}`, names: ['recordId', 'module'] }] : []),
    ...(module && !recordId ? [{ label: moduleLabel ?? module, names: ['module'] }] : []),
    ...(reason ? [{ label: `because of ${reason}`, names: ['reason'] }] : []),
    ...(batchId ? [{ label: 'taken up together', names: ['batchId'] }] : []),
    ...(ids.length > 0 ? [{ label: `${countWords(ids.length, 'chosen run')}`, names: ['ids'] }] : []),
    ...(period ? [{ label: `the last ${durationWords(period).replace(/^1 /, '')}`, names: ['period'] }] : []),
    ...(olderThan ? [{ label: `older than ${durationWords(olderThan)}`, names: ['olderThan'] }] : []),
  ];
}

/** Returns a filter in one sentence without its end: `failed or waiting, of Welcome web leads`. */
export function filterSentence(filter: RunListFilter, catalog: Pick<Catalog, 'modules'> | null, workflowName: string | null): string {
  const parts = [
    ...(filter.status.length > 0 ? [listWords(filter.status, 'or')] : []),
    ...filterWords(filter, catalog, workflowName).map(({ label }) => label),
  ];
  return parts.length === 0 ? 'all runs' : parts.join(', ');
}

/** Returns an id as it is shown in a row: the end of a long one, where ids that are made one after the other differ. */
export function shortId(id: string): string {
  return id.length > 14 ? `…${id.slice(-8)}` : id;
}

/** Returns a count that may be more than was counted. */
export function boundedCount(count: number, isExact: boolean): string {
  return isExact ? numberWords(count) : `${numberWords(count)}+`;
}
