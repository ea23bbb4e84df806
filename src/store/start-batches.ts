import type { EntityManager } from 'typeorm';
import type { Actor, StartTarget } from '../core/event.js';
import type { RunStatus } from './runs/run.js';
import { sql } from './sql.js';

/** What has become of starts that belong together. */
export interface BatchOutcome {
  /** Null: not routed yet, or given up (`reason` is the error's code then). */
  status: RunStatus | null;
  reason: string | null;
  count: number;
  /** Some of them, the oldest first. */
  sample: { recordId: string | null; eventId: string; runId: string | null }[];
}

/** Starts that belong together. */
export interface StoredBatch {
  startedAt: Date;
  actor: Actor;
  target: StartTarget;
  module: string | null;
  outcomes: BatchOutcome[];
}

const SAMPLE = 10;

/** A batch with what has become of it so far; null when the workspace has none of that id (any more). Served by events_origin and runs_event. */
export async function findBatch(manager: EntityManager, workspaceId: string, id: string): Promise<StoredBatch | null> {
  const rows = await sql<BatchOutcome & Omit<StoredBatch, 'outcomes'>>(
    manager,
    `SELECT r.status, coalesce(r.reason, e.error->>'code') AS reason, count(*)::int AS count,
       (array_agg(json_build_object('recordId', e.record_id, 'eventId', e.id, 'runId', r.id) ORDER BY e.id))[1:${SAMPLE}] AS sample,
       min(e.occurred_at) AS "startedAt", (array_agg(e.actor))[1] AS actor, (array_agg(e.target))[1] AS target, min(e.module) AS module
     FROM automation.events e
     LEFT JOIN automation.runs r ON r.workspace_id = e.workspace_id AND r.event_id = e.id AND r.retry_of IS NULL
     WHERE e.workspace_id = $1 AND e.origin_id = $2 AND e.source = 'manual'
     GROUP BY r.status, coalesce(r.reason, e.error->>'code') ORDER BY count(*) DESC, r.status, reason`,
    [workspaceId, id],
  );
  const [first] = rows;
  if (!first) return null;
  const { startedAt, actor, target, module } = first;
  return {
    startedAt,
    actor,
    target,
    module,
    outcomes: rows.map(({ status, reason, count, sample }) => ({ status, reason, count, sample })),
  };
}
