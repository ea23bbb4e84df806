import type { EntityManager } from 'typeorm';
import { sql } from '../sql.js';
import { LIMIT, NOT_OVER } from './admission.js';

/** Names a run of any workspace. */
export interface RunRef {
  workspaceId: string;
  id: string;
}

/** Of the processes that look for runs that wait for each other, one at a time: the others would end the same ones. False: another does. */
export async function takeDeadlockLook(manager: EntityManager): Promise<boolean> {
  const [row] = await sql<{ taken: boolean }>(
    manager,
    `SELECT pg_try_advisory_xact_lock(hashtextextended('automation/deadlocks', 0)) AS taken`,
    [],
  );
  return row?.taken ?? false;
}

/** Runs that wait for their turn while a step of another run waits for them, behind one of them. Served by runs_awaited. */
export function findAwaitedRuns(manager: EntityManager, after: string, limit: number): Promise<RunRef[]> {
  return sql<RunRef>(
    manager,
    `SELECT workspace_id AS "workspaceId", id FROM automation.runs
     WHERE status = 'queued' AND admission IN ('record', 'queue') AND parent->>'waits' = 'true' AND id > $1::uuid ORDER BY id LIMIT $2`,
    [after, limit],
  );
}

/** What a run waits for that other runs have. */
export interface RunWait {
  id: string;
  /** `place`: any of these frees one. `record`: all of these come first. `runs`: steps of it wait for the ends of these. */
  kind: 'place' | 'record' | 'runs';
  of: string[];
}

/**
 * What each of some runs waits for; those that wait for anything else as well, or for nothing, are missing, and so are those
 * that wait for more than `limit`. Served by the primary key, runs_admitted and runs_parent.
 */
export function findRunWaits(manager: EntityManager, workspaceId: string, ids: readonly string[], limit: number): Promise<RunWait[]> {
  return sql<RunWait>(
    manager,
    `SELECT * FROM (
       SELECT r.id, CASE WHEN r.status = 'waiting' THEN 'runs' WHEN r.admission = 'queue' THEN 'place' ELSE 'record' END AS kind,
         CASE WHEN r.status = 'waiting' THEN ARRAY(
           SELECT c.id FROM automation.runs c WHERE c.workspace_id = $1 AND c.parent IS NOT NULL AND c.parent->>'runId' = r.id::text
             AND c.parent->>'waits' = 'true' AND c.${NOT_OVER} LIMIT $3::int + 1
         ) WHEN r.admission = 'queue' THEN ARRAY(
           SELECT a.id FROM automation.runs a WHERE a.workspace_id COLLATE "C" = $1 AND a.workflow_id = r.workflow_id
             AND a.admission = 'admitted' AND a.${NOT_OVER} LIMIT $3::int + 1
         ) ELSE ARRAY(
           SELECT p.id FROM automation.runs p WHERE p.workspace_id COLLATE "C" = $1 AND p.workflow_id = r.workflow_id AND p.module = r.module
             AND p.record_id COLLATE "C" = r.record_id AND p.admission IN ('queue', 'admitted') AND p.${NOT_OVER} LIMIT $3::int + 1
         ) END AS of, ${LIMIT} AS most
       FROM automation.runs r LEFT JOIN automation.workflow_versions v ON v.workspace_id = r.workspace_id AND v.id = r.version_id
       WHERE r.workspace_id = $1 AND r.id = ANY($2::uuid[]) AND (
         (r.status = 'queued' AND r.admission IN ('record', 'queue'))
         OR (r.status = 'waiting' AND NOT jsonb_path_exists(r.waiting, '$[*] ? (@.reason != "workflow")')))
     ) AS waits
     -- A place that is free is about to be taken.
     WHERE cardinality(of) BETWEEN 1 AND $3::int AND (kind <> 'place' OR cardinality(of) >= most)`,
    [workspaceId, ids, limit],
  );
}
