import { QueryParts } from '../query-parts.js';

/** Which instances. All that is given has to hold. */
export interface InstanceFilter {
  /** Those of these ids. */
  ids?: readonly string[];
  machineId?: string;
  /** In one of these states. */
  state?: readonly string[];
  module?: string;
  recordId?: string;
  /** The run of an integration that it follows. */
  runKey?: string;
  /** The timeout of its state is over, and has not been seen to yet. */
  overdue?: boolean;
  /** A transition is under way. */
  transitioning?: boolean;
  /** The last transition out of its state has failed. */
  failed?: boolean;
  /** In its state since an earlier moment, or since this one or a later one. */
  enteredBefore?: Date;
  enteredFrom?: Date;
}

/** The filter within a workspace. */
export interface InstanceQuestion {
  workspaceId: string;
  filter: InstanceFilter;
  /** All modules that there are: the index by record begins with them. */
  modules: readonly string[];
}

/** A place in a list: the value that it is sorted by, as a text of the database, and the id. */
export interface InstancePlace {
  at: string;
  id: string;
}

/** Where an instance is read from. */
export const BEING = 'automation.instances i';
/** A machine that was deleted may have left some, for a while. */
export const HAS_MACHINE = 'EXISTS (SELECT FROM automation.workflows m WHERE m.workspace_id = i.workspace_id AND m.id = i.machine_id)';
/** Or it came due while the machine was disabled, and waits for whoever enables that to decide about. */
export const OVERDUE = '(i.timeout_at <= now() OR i.missed_timeout = i.entry)';

/** How a list is found: the index, what it is sorted by, and in which direction. */
interface Way {
  /** A test that the index stands for. */
  test: string | null;
  sortedBy: string;
  /** How the value reads as a text, and its type. */
  asText: string;
  type: 'timestamptz' | 'text';
  direction: 'ASC' | 'DESC';
  /** Whether each machine and state is looked through by itself, so that the index of both gives the order. */
  byState: boolean;
}

const moment = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const NEWEST: Way = {
  test: null,
  sortedBy: 'i.entered_at',
  asText: moment('i.entered_at'),
  type: 'timestamptz',
  direction: 'DESC',
  byState: true,
};
/** Few, by their ids or of one record or run: sorted when they are found. */
const OF_RECORD: Way = { ...NEWEST, byState: false };
/** What was missed no longer says since when: it stands by when its state was entered. */
const OVERDUE_SINCE = 'coalesce(i.timeout_at, i.entered_at)';
const MOST_OVERDUE: Way = {
  test: null,
  sortedBy: OVERDUE_SINCE,
  asText: moment(OVERDUE_SINCE),
  type: 'timestamptz',
  direction: 'ASC',
  byState: false,
};
const LONGEST_UNDER_WAY: Way = {
  test: 'i.transition IS NOT NULL',
  sortedBy: 'i.transition_since',
  asText: moment('i.transition_since'),
  type: 'timestamptz',
  direction: 'ASC',
  byState: false,
};
/** By the run that failed, whose id tells the time. */
const NEWEST_FAILED: Way = {
  test: 'i.failure IS NOT NULL',
  sortedBy: "(i.failure->>'runId')",
  asText: "(i.failure->>'runId')",
  type: 'text',
  direction: 'DESC',
  byState: false,
};

/** Returns how the instances of a filter are found. */
export function wayOf({ ids, recordId, runKey, overdue, transitioning, failed }: InstanceFilter): Way {
  if (ids !== undefined || recordId !== undefined || runKey !== undefined) return OF_RECORD;
  if (overdue === true) return MOST_OVERDUE;
  if (transitioning === true) return LONGEST_UNDER_WAY;
  return failed === true ? NEWEST_FAILED : NEWEST;
}

/** Whether the list is sorted by a moment, as its places show it; else by an id. */
export function isSortedByMoment(filter: InstanceFilter): boolean {
  return wayOf(filter).type === 'timestamptz';
}

/** The ids of a page, in its order; `any`: of as many as there may be, whichever come first. */
export function instanceIds(
  parts: QueryParts,
  { workspaceId, filter, modules }: InstanceQuestion,
  way: Way,
  { after, limit, order }: { after?: InstancePlace; limit: number; order: 'listed' | 'any' },
): string {
  const { ids, machineId, state, recordId, runKey, module, overdue, transitioning, failed, enteredBefore, enteredFrom } = filter;
  const tests = new QueryParts(parts.parameters);
  const workspace = parts.bind(workspaceId);
  if (way !== MOST_OVERDUE) tests.and(`i.workspace_id = ${workspace}`);
  if (way.test !== null) tests.and(way.test);
  if (ids !== undefined) tests.and(`i.id = ANY(${parts.bind(ids)}::uuid[])`);
  if (recordId !== undefined && module === undefined) tests.and(`i.module = ANY(${parts.bind(modules)}::text[])`);
  tests.equals('i.module', module).equals('i.record_id', recordId).equals('i.run_key', runKey);
  const truth = (name: string, wanted: boolean | undefined): void => {
    if (wanted !== undefined) tests.and(`(${name}) IS ${wanted ? '' : 'NOT '}TRUE`);
  };
  if (way !== MOST_OVERDUE) truth(OVERDUE, overdue);
  if (way !== LONGEST_UNDER_WAY) truth('i.transition IS NOT NULL', transitioning);
  if (way !== NEWEST_FAILED) truth('i.failure IS NOT NULL', failed);
  if (enteredBefore) tests.and(`i.entered_at < ${parts.bind(enteredBefore)}`);
  if (enteredFrom) tests.and(`i.entered_at >= ${parts.bind(enteredFrom)}`);
  const sort = `${way.sortedBy} ${way.direction}, i.id ${way.direction}`;
  const place = after && `(${parts.bind(after.at)}::${way.type}, ${parts.bind(after.id)}::uuid)`;
  if (place && way !== MOST_OVERDUE) tests.and(`(${way.sortedBy}, i.id) ${way.direction === 'ASC' ? '>' : '<'} ${place}`);
  const most = parts.bind(limit);
  if (!way.byState) {
    if (machineId !== undefined) tests.and(`i.machine_id = ${parts.bind(machineId)}::uuid`);
    if (state !== undefined) tests.and(`i.state = ANY(${parts.bind(state)}::text[])`);
    tests.and(HAS_MACHINE);
    if (way === MOST_OVERDUE) return overdueIds(tests.where, { workspace, place, most, order });
    return `SELECT i.id FROM ${BEING} WHERE ${tests.where} ${order === 'any' ? '' : `ORDER BY ${sort}`} LIMIT ${most}`;
  }
  return `SELECT first.id FROM (${statesOf(parts, { workspace, machineId, state })}) AS s
    JOIN automation.workflows m ON m.workspace_id = ${workspace} AND m.id = s.machine_id, LATERAL (
      SELECT i.id, ${way.sortedBy} AS sorted FROM ${BEING} WHERE i.machine_id = s.machine_id AND i.state = s.state AND ${tests.where}
      ORDER BY ${sort} LIMIT ${most}) AS first
    ORDER BY first.sorted ${way.direction}, first.id ${way.direction} LIMIT ${most}`;
}

/**
 * Each kind by its own index; instances_due begins with the workspace in the order of bytes. What was missed is in no order there:
 * to sort the half a million that a machine may have missed takes 400 ms, to count the first 10,000 of them 20.
 */
function overdueIds(
  where: string,
  { workspace, place, most, order }: { workspace: string; place: string | undefined; most: string; order: 'listed' | 'any' },
): string {
  const sorted = (by: string): string => (order === 'any' ? '' : `ORDER BY ${by}`);
  const first = (test: string, since: string): string => `(SELECT i.id, ${since} AS since FROM ${BEING}
      WHERE ${test} AND ${where}${place ? ` AND (${since}, i.id) > ${place}` : ''} ${sorted(`${since}, i.id`)} LIMIT ${most})`;
  const due = first(`i.workspace_id COLLATE "C" = ${workspace} AND i.timeout_at IS NOT NULL AND i.timeout_at <= now()`, 'i.timeout_at');
  const missed = first(`i.workspace_id = ${workspace} AND i.timeout_at IS NULL AND i.missed_timeout = i.entry`, 'i.entered_at');
  return `SELECT id FROM (${due} UNION ALL ${missed}) AS overdue ${sorted('since, id')} LIMIT ${most}`;
}

/**
 * Each machine and state that has instances: walks down the index from one to the next, a probe each, however many instances
 * there are of it.
 */
function statesOf(
  parts: QueryParts,
  { workspace, machineId, state }: { workspace: string; machineId: string | undefined; state: readonly string[] | undefined },
): string {
  const machine = machineId === undefined ? null : `${parts.bind(machineId)}::uuid`;
  const states = state === undefined ? null : `${parts.bind(state)}::text[]`;
  if (machine !== null && states !== null)
    return `SELECT ${machine} AS machine_id, state FROM (SELECT DISTINCT unnest(${states})) AS w(state)`;
  const where = `workspace_id = ${workspace}${machine === null ? '' : ` AND machine_id = ${machine}`}`;
  const next = (test: string): string =>
    `SELECT machine_id, state FROM automation.instances WHERE ${where}${test} ORDER BY machine_id, state LIMIT 1`;
  return `WITH RECURSIVE known(machine_id, state) AS (
      (${next('')}) UNION ALL
      SELECT further.machine_id, further.state FROM known AS k, LATERAL (${next(' AND (machine_id, state) > (k.machine_id, k.state)')}) AS further
    ) SELECT machine_id, state FROM known${states === null ? '' : ` WHERE state = ANY(${states})`}`;
}
