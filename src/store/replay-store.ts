import type { EntityManager } from 'typeorm';
import type { StartTarget } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import type { EventRef } from './event-store.js';
import type { RunStatus } from './runs/run.js';
import { recordset, sql } from './sql.js';

/** The source of events that repeat another one. */
const REPLAY = 'replay';

/** An event again, for one workflow. */
export interface Replay {
  id: string;
  target: StartTarget;
  trigger: JsonObject;
}

/**
 * Captures an event again: what it carried, who had made it and the chain behind it are those of the first; nobody waits for
 * it. Returns how many were written; 0 when retention has removed the event meanwhile.
 */
export async function insertReplays(manager: EntityManager, { workspaceId, id }: EventRef, replays: readonly Replay[]): Promise<number> {
  const rows = await sql(
    manager,
    `INSERT INTO automation.events (workspace_id, id, module, event, record_id, record, previous, changes, cut, actor, cause, source,
       trigger, target, origin_id)
     SELECT e.workspace_id, r.id, e.module, e.event, e.record_id, e.record, e.previous, e.changes, e.cut, e.actor, e.cause, $4,
       r.trigger, r.target, e.id
     FROM automation.events e, json_to_recordset($3::json) AS r(id uuid, target jsonb, trigger jsonb)
     WHERE e.workspace_id = $1 AND e.id = $2 RETURNING 1`,
    [workspaceId, id, recordset(replays), REPLAY],
  );
  return rows.length;
}

/**
 * Locks an event until the transaction ends, so that of two people who replay it the second sees what the first has captured.
 * Repeats of its runs, which only keep it from being removed, do not wait.
 */
export async function lockForReplay(manager: EntityManager, { workspaceId, id }: EventRef): Promise<void> {
  await sql(manager, 'SELECT 1 FROM automation.events WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE', [workspaceId, id]);
}

/**
 * The replays of an event that nobody has looked at yet, by workflow. To be asked before {@link listRunsOfReplays}: what is
 * routed in between is found there. Served by events_origin.
 */
export async function findPendingReplays(manager: EntityManager, { workspaceId, id }: EventRef): Promise<Map<string, string>> {
  const rows = await sql<{ workflowId: string; id: string }>(
    manager,
    `SELECT e.target->>'workflowId' AS "workflowId", e.id FROM automation.events e
     WHERE e.workspace_id = $1 AND e.origin_id = $2 AND e.source = $3 AND e.routed_at IS NULL AND e.error IS NULL`,
    [workspaceId, id, REPLAY],
  );
  return new Map(rows.map((row) => [row.workflowId, row.id]));
}

/** A run that an event, or a replay of it, has made. */
export interface RunOfEvent {
  id: string;
  workflowId: string;
  status: RunStatus;
  /** ISO 8601. */
  createdAt: string;
  /** The event itself, or the replay. */
  eventId: string;
}

/** The most that are told of one event. */
const MOST_RUNS = 500;

/** What an event and its replays have run, skipped runs apart, oldest first. Served by events_origin, runs_event and runs_event_repeats. */
export async function listRunsOfReplays(manager: EntityManager, { workspaceId, id }: EventRef): Promise<RunOfEvent[]> {
  const columns = 'r.id, r.workflow_id AS "workflowId", r.status, r.created_at AS "createdAt", r.event_id AS "eventId"';
  const of = `FROM events e JOIN automation.runs r ON r.workspace_id = $1 AND r.event_id = e.id AND r.status <> 'skipped'`;
  const rows = await sql<Omit<RunOfEvent, 'createdAt'> & { createdAt: Date }>(
    manager,
    `WITH events AS MATERIALIZED (
       SELECT $2::uuid AS id UNION ALL SELECT id FROM automation.events WHERE workspace_id = $1 AND origin_id = $2
     )
     SELECT * FROM (SELECT ${columns} ${of} AND r.retry_of IS NULL UNION ALL SELECT ${columns} ${of} AND r.retry_of IS NOT NULL) AS runs
     ORDER BY id LIMIT ${MOST_RUNS}`,
    [workspaceId, id],
  );
  return rows.map((row) => ({ ...row, createdAt: row.createdAt.toISOString() }));
}

/** The names of those of these workflows that can be started, by id. */
export async function namesOfStartable(manager: EntityManager, workspaceId: string, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await sql<{ id: string; name: string }>(
    manager,
    `SELECT id, name FROM automation.workflows
     WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND kind = 'workflow' AND published_version_id IS NOT NULL AND status <> 'archived'`,
    [workspaceId, ids],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}
