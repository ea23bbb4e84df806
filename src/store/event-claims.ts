import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../core/errors.js';
import type { DomainEvent, ParentStep } from '../core/event.js';
import { type EventRecord, type EventRef, toDomainEvent } from './event-store.js';
import { prepared } from './prepared-statements.js';
import { recordset, sql } from './sql.js';
import type { Turn, Turns } from './turns.js';

/** An event that routing has claimed. */
export interface ClaimedEvent extends DomainEvent {
  /** Null: it was captured in the transaction of what it tells of. Else it was heard, and is to be held against the record. */
  heard: HeardEvent | null;
  /** The database's clock at the start of the transaction that has claimed it. */
  claimedAt: Date;
  /** The active workflows of its workspace, held as they are until the transaction ends; null: somebody changes them just now. */
  sharing: { generation: string | null } | null;
}

/** What the database knows of an event that was heard. */
export interface HeardEvent {
  /** The transactions that were open when it was captured are over: what is not visible now will not be by them. */
  isSettled: boolean;
  /** It has waited as long as an event does. */
  isOverdue: boolean;
}

type ClaimedRecord = EventRecord & Pick<ClaimedEvent, 'heard' | 'claimedAt' | 'sharing'>;

/** How long an event that was heard waits for its record at most: longer than transactions of a CRM last. */
const MOST_WAITING = "interval '30 s'";
/** The pause before an event that was heard is looked at again: an age-dependent one, so that a wait costs about 20 looks. */
const WAITING_PAUSE = "least(interval '2 s', greatest(interval '100 ms', (now() - occurred_at) / 4))";

const HEARD = `CASE WHEN e.visible_after IS NOT NULL THEN json_build_object(
           'isSettled', pg_snapshot_xmin(pg_current_snapshot()) >= e.visible_after,
           'isOverdue', e.occurred_at < now() - ${MOST_WAITING}) END AS heard`;

/** Served by events_unrouted; those that wait are few, and skipped. */
const IS_DUE = 'routed_at IS NULL AND (waits_until IS NULL OR waits_until <= now())';

/**
 * Locks unrouted events, the oldest of each workspace, an equal share of each. SKIP LOCKED keeps routers of several nodes out
 * of each other's way. `busy` walks down the index from workspace to workspace, one probe each, however much each has. Workspaces of
 * $2 are left alone for now: they are walked past, and have no share; of those of $3 no more are taken than $4 says.
 */
const oldest = (limit: number): string => `WITH RECURSIVE busy(w, n) AS (
         SELECT first.w, 1 FROM (
           SELECT workspace_id AS w FROM automation.events WHERE ${IS_DUE} AND workspace_id COLLATE "C" > $1::text
           ORDER BY workspace_id COLLATE "C" LIMIT 1
         ) AS first
         UNION ALL
         SELECT next.w, n + 1 FROM busy, LATERAL (
           SELECT workspace_id AS w FROM automation.events WHERE ${IS_DUE} AND workspace_id COLLATE "C" > busy.w
           ORDER BY workspace_id COLLATE "C" LIMIT 1
         ) AS next WHERE n < ${limit} + cardinality($2::text[])
       ),
       served AS MATERIALIZED (SELECT w FROM busy WHERE w <> ALL ($2::text[]) ORDER BY n LIMIT ${limit}),
       claimed AS MATERIALIZED (
         SELECT workspace_id, id FROM served, LATERAL (
           SELECT workspace_id, id FROM automation.events WHERE workspace_id COLLATE "C" = w AND ${IS_DUE}
           ORDER BY id LIMIT least(${limit} / (SELECT count(*) FROM served),
             (SELECT most FROM unnest($3::text[], $4::int[]) AS share(of, most) WHERE of = w)) FOR UPDATE SKIP LOCKED
         ) AS oldest
         -- Cuts nothing off, but tells the planner how few they are: it joined them by reading all of the events.
         LIMIT ${limit}
       )`;

/** Whose turn is next, see {@link Turns}. */
const turn = (
  limit: number,
): string => `(SELECT CASE WHEN count(*) >= ${limit} THEN coalesce(max(w COLLATE "C"), $1::text) ELSE '' END FROM served) AS "nextTurn",
         (SELECT count(*)::int FROM served) AS "busyWorkspaces"`;

/**
 * Holds the active workflows of the claimed events' workspaces as they are until the transaction ends, where that needs no
 * waiting: else the claim would fail with the wait, and {@link shareActiveWorkflows} waits. In the same statement, for it is
 * on the way of each event, and a round trip of its own was a twelfth of it. The function reads by a later snapshot than the
 * statement's, after it has the locks.
 */
const SHARED = `shared AS MATERIALIZED (
         SELECT workspace_id, json_build_object('generation', generation::text) AS sharing
         FROM automation.try_share_active_workflows(ARRAY(SELECT DISTINCT workspace_id FROM claimed))
       )`;

/** Marks what is claimed. */
const MARK = `UPDATE automation.events e SET routed_at = now() FROM claimed LEFT JOIN shared ON shared.workspace_id = claimed.workspace_id
       WHERE e.workspace_id = claimed.workspace_id AND e.id = claimed.id
       RETURNING e.workspace_id, e.id, e.module, e.event, e.record_id, e.record, e.previous, e.changes, e.cut, e.actor, e.cause, e.trigger,
         e.target, e.parent, e.occurred_at, now() AS "claimedAt", shared.sharing, ${HEARD}`;

/** Which events of workspaces a claim leaves to others, or to a later one. */
export interface ClaimLimits {
  /** Workspaces that it leaves alone. */
  except: readonly string[];
  /** The most that it takes of each of these. */
  shares: ReadonlyMap<string, number>;
}

const parametersOf = (after: string, { except, shares }: ClaimLimits) => [after, except, [...shares.keys()], [...shares.values()]];

/** Claims unrouted events and marks them routed: the mark commits together with what routing writes, or not at all. */
export async function claimUnroutedEvents(
  manager: EntityManager,
  limit: number,
  turns: Turns,
  limits: ClaimLimits,
): Promise<ClaimedEvent[]> {
  // A plan that was made when there was little to claim is not for a backlog.
  const ask = turns.lastClaim < limit / 2 ? prepared : sql;
  const rows = await turns.take((after) =>
    ask<ClaimedRecord & Turn>(
      manager,
      `${oldest(limit)}, ${SHARED}
       ${MARK},
         ${turn(limit)}`,
      parametersOf(after, limits),
    ),
  );
  return inOrder(rows);
}

/** Takes back the claim of events, in the transaction that made it: they are routed later. */
export async function unclaimEvents(manager: EntityManager, refs: readonly EventRef[]): Promise<void> {
  if (refs.length === 0) return;
  await sql(
    manager,
    `UPDATE automation.events e SET routed_at = NULL FROM json_to_recordset($1::json) AS r("workspaceId" text, id uuid)
     WHERE e.workspace_id = r."workspaceId" AND e.id = r.id`,
    [recordset(refs.map(({ workspaceId, id }) => ({ workspaceId, id })))],
  );
}

/** Returns what {@link claimUnroutedEvents} would claim, by workspace, for transactions of one workspace each. */
export async function findUnroutedEvents(manager: EntityManager, limit: number, turns: Turns, limits: ClaimLimits): Promise<EventRef[][]> {
  const rows = await turns.take((after) =>
    sql<EventRef & Turn>(
      manager,
      `${oldest(limit)} SELECT workspace_id AS "workspaceId", id, ${turn(limit)} FROM claimed`,
      parametersOf(after, limits),
    ),
  );
  const workspaces = [...new Set(rows.map(({ workspaceId }) => workspaceId))];
  return workspaces.map((one) => rows.filter(({ workspaceId }) => workspaceId === one));
}

/** Claims these very events, as {@link claimUnroutedEvents} does; those that are routed, or that another node is at, are missing. */
export async function claimTheseEvents(manager: EntityManager, refs: readonly EventRef[]): Promise<ClaimedEvent[]> {
  const rows = await sql<ClaimedRecord>(
    manager,
    `WITH claimed AS MATERIALIZED (
       SELECT e.workspace_id, e.id FROM json_to_recordset($1::json) AS r("workspaceId" text, id uuid)
       JOIN automation.events e ON e.workspace_id = r."workspaceId" AND e.id = r.id
       WHERE e.routed_at IS NULL FOR UPDATE OF e SKIP LOCKED
     ), ${SHARED}
     ${MARK}`,
    [recordset(refs.map(({ workspaceId, id }) => ({ workspaceId, id })))],
  );
  return inOrder(rows);
}

/** UPDATE … FROM does not keep the order of the claim. */
function inOrder(rows: ClaimedRecord[]): ClaimedEvent[] {
  return rows
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((row) => Object.assign(toDomainEvent(row), { heard: row.heard, claimedAt: row.claimedAt, sharing: row.sharing }));
}

/** Gives claimed events back whose record is not there yet, to be looked at again after a pause. */
export async function letEventsWait(manager: EntityManager, refs: readonly EventRef[]): Promise<void> {
  if (refs.length === 0) return;
  await sql(
    manager,
    `UPDATE automation.events e SET routed_at = NULL, waits_until = now() + ${WAITING_PAUSE}
     FROM json_to_recordset($1::json) AS r("workspaceId" text, id uuid) WHERE e.workspace_id = r."workspaceId" AND e.id = r.id`,
    [recordset(refs.map(({ workspaceId, id }) => ({ workspaceId, id })))],
  );
}

/** Notes what routing found of claimed events: the record as it is, what has changed, or why nothing comes of them. */
export async function noteFindings(
  manager: EntityManager,
  findings: readonly (EventRef & Pick<DomainEvent, 'record' | 'changes' | 'cut'> & { error: LoggedError | null })[],
): Promise<void> {
  if (findings.length === 0) return;
  await sql(
    manager,
    `UPDATE automation.events e SET record = r.record, changes = r.changes, cut = r.cut, error = r.error
     FROM json_to_recordset($1::json) AS r("workspaceId" text, id uuid, record jsonb, changes jsonb, cut jsonb, error jsonb)
     WHERE e.workspace_id = r."workspaceId" AND e.id = r.id`,
    [recordset(findings)],
  );
}

/**
 * Gives up an event that cannot be routed, and says so on the event itself; unless somebody has routed it meanwhile. Returns the step that
 * started it, null for all others.
 */
export async function markUnroutable(manager: EntityManager, event: EventRef, error: LoggedError): Promise<ParentStep | null> {
  const [row] = await sql<{ parent: ParentStep | null }>(
    manager,
    `UPDATE automation.events SET routed_at = now(), error = $3 WHERE workspace_id = $1 AND id = $2 AND routed_at IS NULL
     RETURNING parent`,
    [event.workspaceId, event.id, error],
  );
  return row?.parent ?? null;
}
