import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../core/errors.js';
import type { Json, JsonObject } from '../core/json.js';
import { sqlState } from '../host/postgres-errors.js';
import type { StartRow } from './event-store.js';
import { recordset, sql } from './sql.js';
import type { FoundToken } from './trigger-tokens.js';

/** What is counted, and how many requests came to it. */
export interface DeliveryCount {
  /** Empty for what is no URL of any workspace. */
  workspaceId: string;
  key: string;
  deliveries: number;
}

/** How many requests there were in the present minute, and how long it still lasts. */
export interface CountedDeliveries extends DeliveryCount {
  endsInMs: number;
}

/** The statement met one of another node: under a default of REPEATABLE READ, which we have said nothing against, or with the same keys in another order. */
const MET_ANOTHER: ReadonlySet<string | null> = new Set(['40001', '40P01']);
const MOST_TRIES = 5;

/** Runs a statement that is a transaction of its own; again when it met one of another node, for then nothing of it was kept. */
async function repeated<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (tries === MOST_TRIES || !MET_ANOTHER.has(sqlState(error))) throw error;
    }
  }
}

/**
 * Counts what strangers send elsewhere than to trigger URLs, across all nodes: a row a key, for a minute at a time; locked in one order everywhere. One statement in a
 * transaction of its own, which says that nobody has to wait for the disk: what is counted may be lost with a crash.
 */
export function countDeliveries(manager: EntityManager, counts: readonly DeliveryCount[]): Promise<CountedDeliveries[]> {
  return repeated(() => countOnce(manager, counts));
}

function countOnce(manager: EntityManager, counts: readonly DeliveryCount[]): Promise<CountedDeliveries[]> {
  return sql<CountedDeliveries>(
    manager,
    `INSERT INTO automation.trigger_rates AS r (workspace_id, key, since, deliveries)
     SELECT "workspaceId", key, now(), deliveries
     FROM (SELECT set_config('synchronous_commit', 'off', true)) AS settings,
       json_to_recordset($1::json) AS c("workspaceId" text, key text, deliveries bigint) ORDER BY 1, 2
     ON CONFLICT (workspace_id, key) DO UPDATE SET
       since = CASE WHEN r.since <= now() - interval '1 minute' THEN now() ELSE r.since END,
       deliveries = excluded.deliveries + CASE WHEN r.since <= now() - interval '1 minute' THEN 0 ELSE r.deliveries END
     RETURNING workspace_id AS "workspaceId", key, deliveries::float8 AS deliveries,
       greatest(0, extract(epoch FROM since + interval '1 minute' - now()) * 1000)::float8 AS "endsInMs"`,
    [recordset(counts)],
  );
}

/**
 * Removes counts of minutes that are long over, the oldest workflows' too: the table has a row for each URL that was ever
 * called. Reads all of it, once a round of retention. One that somebody counts on right now is left to him.
 */
export async function removeOldCounts(manager: EntityManager): Promise<void> {
  await sql(
    manager,
    `DELETE FROM automation.trigger_rates WHERE (workspace_id, key) IN (
       SELECT workspace_id, key FROM automation.trigger_rates WHERE since < now() - interval '1 hour' FOR UPDATE SKIP LOCKED)`,
    [],
  );
}

/** How many events of a workspace wait for routing, up to `most`. Served by events_unrouted. */
export async function countUnrouted(manager: EntityManager, workspaceId: string, most: number): Promise<number> {
  const [row] = await sql<{ count: number }>(
    manager,
    `SELECT count(*)::int AS count FROM (
       SELECT 1 FROM automation.events WHERE workspace_id COLLATE "C" = $1 AND routed_at IS NULL LIMIT $2::int) AS waiting`,
    [workspaceId, most],
  );
  return row?.count ?? 0;
}

/** A delivery on its way into the table. */
export interface DeliveryRow extends StartRow {
  /** Why it comes to nothing and is not to be routed; null: it is. */
  error: LoggedError | null;
}

/** A delivery, and what its caller knows of its token. */
export interface AskedDelivery {
  /** Of the token, hexadecimal. */
  hash: string;
  /** Null: nothing; either it is not known yet, or nobody has it. */
  known: FoundToken | null;
  /** Where it came from. */
  from: string | null;
  /** What is to be written where it fits; null: it only counts, and is no use of the token. */
  row: DeliveryRow | null;
}

/** What became of a delivery. */
export type TakenDelivery =
  /** Not even counted: the token is another one than the caller knew; null: nobody has it. */
  | { outcome: 'other'; token: FoundToken | null }
  /** Too many came within this minute, which lasts so much longer. */
  | { outcome: 'limited'; waitMs: number }
  /** `counted`: there was nothing to write, or its key is known. */
  | { outcome: 'counted' | 'captured' };

/**
 * Takes deliveries in the order in which they came, each with what became of it: one round trip, one commit, the same for
 * tokens that nobody has. Counts a row a URL and a row a workspace, for a minute at a time, across all nodes; of several with
 * one key the first is captured; notes the last use of tokens. Served by trigger_tokens_hash, primary keys and events_key.
 */
export function takeDeliveries(
  manager: EntityManager,
  asked: readonly AskedDelivery[],
  limits: { perMinute: number; workspacePerMinute: number },
): Promise<TakenDelivery[]> {
  return repeated(() => takeOnce(manager, asked, limits));
}

async function takeOnce(
  manager: EntityManager,
  asked: readonly AskedDelivery[],
  { perMinute, workspacePerMinute }: { perMinute: number; workspacePerMinute: number },
): Promise<TakenDelivery[]> {
  type Row = { n: number; outcome: TakenDelivery['outcome']; waitMs: number | null; token: FoundToken | null };
  const beliefs = asked.map(({ hash, from, known, row }, n) => {
    const { id = null, isOver = null, status = null, versionId = null } = known ?? {};
    // Which of them were written is told by their ids: bodies, which may be of 256 KB each, are parsed once.
    return { n, hash, from, counts: row === null, id, isOver, status, versionId, rowId: row?.id ?? null };
  });
  const rows = await sql<Row>(
    manager,
    'SELECT n, outcome, wait_ms AS "waitMs", token FROM automation.take_deliveries($1::json, $2::json, $3, $4)',
    [recordset(beliefs), recordset(asked.flatMap(({ row }, n) => (row ? [{ n, ...row }] : []))), perMinute, workspacePerMinute],
  );
  const taken: TakenDelivery[] = asked.map(() => ({ outcome: 'other', token: null }));
  for (const { n, outcome, waitMs, token } of rows) {
    if (outcome === 'other') taken[n] = { outcome, token };
    else taken[n] = outcome === 'limited' ? { outcome, waitMs: waitMs ?? 1 } : { outcome };
  }
  return taken;
}

/** The event that has taken a key: whether its body is this one. Served by events_key. */
export async function findSameDelivery(
  manager: EntityManager,
  { workspaceId, source, key, body }: { workspaceId: string; source: string; key: string; body: Json },
): Promise<{ isSame: boolean } | null> {
  const [row] = await sql<{ isSame: boolean }>(
    manager,
    `SELECT trigger->'body' = $4::text::jsonb AS "isSame" FROM automation.events WHERE workspace_id = $1 AND source = $2 AND key = $3`,
    [workspaceId, source, key, JSON.stringify(body)],
  );
  return row ?? null;
}

/**
 * Has others who look for the same records wait until the transaction ends: then they find what this one creates. In one order
 * everywhere.
 */
export async function lockSubjects(manager: EntityManager, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await sql(
    manager,
    `SELECT pg_advisory_xact_lock(key)
     FROM (SELECT DISTINCT hashtextextended('subject ' || name, 0) AS key FROM unnest($1::text[]) AS name ORDER BY key) AS keys`,
    [names],
  );
}

/** What routing has found of a delivery: the record that it is about, or why there is none. */
export interface DeliverySubject {
  workspaceId: string;
  id: string;
  recordId: string | null;
  trigger: JsonObject;
}

/** Notes on events which record they are about; in the transaction that routes them. */
export async function noteSubjects(manager: EntityManager, subjects: readonly DeliverySubject[]): Promise<void> {
  if (subjects.length === 0) return;
  await sql(
    manager,
    `UPDATE automation.events e SET record_id = s."recordId", trigger = s.trigger
     FROM json_to_recordset($1::json) AS s("workspaceId" text, id uuid, "recordId" text, trigger jsonb)
     WHERE e.workspace_id = s."workspaceId" AND e.id = s.id`,
    [recordset(subjects)],
  );
}
