import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../core/errors.js';
import type { Extracted } from '../core/extract.js';
import type { JsonObject } from '../core/json.js';
import type { StepExecution } from '../core/plan/history.js';
import { prepared } from './prepared-statements.js';
import { RowSet } from './row-set.js';
import { recordset, sql } from './sql.js';

/** A step execution with everything the log keeps of it. */
export interface LoggedExecution extends StepExecution {
  /** Its place in the run's history, from 0. */
  position: number;
  /** The step's type: an action's name, or `branch`, `delay`, … */
  type: string;
  /** The arguments as rendered, secrets masked. */
  input: JsonObject | null;
  /** ISO 8601. */
  startedAt: string;
  finishedAt: string | null;
}

const WRITTEN = new RowSet('s', {
  workspaceId: 'text',
  runId: 'uuid',
  path: 'text',
  attempt: 'integer',
  position: 'integer',
  type: 'text',
  status: 'text',
  input: 'jsonb',
  output: 'jsonb',
  error: 'jsonb',
  extracted: 'jsonb',
  wakeAt: 'timestamptz',
  startedAt: 'timestamptz',
  finishedAt: 'timestamptz',
});

/** Writes new executions and what changed in earlier ones (a recorded intent gets its result), in one statement. */
export async function writeExecutions(
  manager: EntityManager,
  executions: readonly (LoggedExecution & { workspaceId: string; runId: string })[],
): Promise<void> {
  if (executions.length === 0) return;
  await prepared(
    manager,
    `INSERT INTO automation.step_executions (workspace_id, run_id, path, attempt, position, type, status, input, output, error,
       extracted, wake_at, started_at, finished_at)
     SELECT "workspaceId", "runId", path, attempt, position, type, status, input, output, error, extracted, "wakeAt", "startedAt", "finishedAt"
     FROM ${WRITTEN.from}
     ON CONFLICT (workspace_id, run_id, path, attempt) DO UPDATE SET status = excluded.status, output = excluded.output,
       error = excluded.error, extracted = excluded.extracted, wake_at = excluded.wake_at, finished_at = excluded.finished_at`,
    WRITTEN.parameters(executions),
  );
}

/** Takes attempts out of the log: intents of calls that were never made. */
export async function deleteExecutions(
  manager: EntityManager,
  executions: readonly { workspaceId: string; runId: string; path: string; attempt: number }[],
): Promise<void> {
  if (executions.length === 0) return;
  await sql(
    manager,
    `DELETE FROM automation.step_executions s
     USING json_to_recordset($1::json) AS d("workspaceId" text, "runId" uuid, path text, attempt integer)
     WHERE s.workspace_id = d."workspaceId" AND s.run_id = d."runId" AND s.path = d.path AND s.attempt = d.attempt AND s.status = 'running'`,
    [recordset(executions)],
  );
}

/** A run that is over, and what its open executions are closed with. */
export interface ClosedRun {
  workspaceId: string;
  runId: string;
  /** Of an attempt in flight, whose result nobody hears any more. */
  lost: LoggedError;
  /** Of a step that waited. */
  unanswered: LoggedError;
  /** Of a step that waited and had its answer, which the run did not live to use. */
  unused: LoggedError;
}

/**
 * Closes what is open in the logs of runs that are over: nothing is in flight or waits any more, and no attempt follows. What
 * an earlier attempt says of the one that did follow it stays. An answer that was taken and not used is kept where people find
 * it.
 */
export async function closeExecutions(manager: EntityManager, runs: readonly ClosedRun[]): Promise<void> {
  if (runs.length === 0) return;
  await sql(
    manager,
    `UPDATE automation.step_executions s SET status = CASE s.status WHEN 'running' THEN 'lost' ELSE 'failed' END,
       error = CASE s.status WHEN 'running' THEN r.lost WHEN 'waiting' THEN CASE WHEN i.run_id IS NULL THEN r.unanswered ELSE r.unused END
         ELSE s.error END,
       output = CASE s.status WHEN 'waiting' THEN i.answer ELSE s.output END,
       wake_at = NULL, finished_at = coalesce(s.finished_at, now())
     FROM json_to_recordset($1::json) AS r("workspaceId" text, "runId" uuid, lost jsonb, unanswered jsonb, unused jsonb)
       JOIN automation.step_executions o ON o.workspace_id = r."workspaceId" AND o.run_id = r."runId"
       LEFT JOIN automation.run_inbox i
         ON i.workspace_id = o.workspace_id AND i.run_id = o.run_id AND i.path = o.path AND i.attempt = o.attempt
     WHERE s.workspace_id = o.workspace_id AND s.run_id = o.run_id AND s.path = o.path AND s.attempt = o.attempt
       AND (s.status IN ('running', 'waiting') OR (s.status = 'failed' AND s.wake_at IS NOT NULL AND NOT EXISTS (
         SELECT FROM automation.step_executions n
         WHERE n.workspace_id = s.workspace_id AND n.run_id = s.run_id AND n.path = s.path AND n.attempt > s.attempt)))`,
    [recordset(runs)],
  );
}

interface ExecutionRecord {
  run_id: string;
  path: string;
  attempt: number;
  position: number;
  type: string;
  status: StepExecution['status'];
  input: JsonObject | null;
  output: JsonObject | null;
  error: LoggedError | null;
  extracted: Extracted | null;
  wake_at: Date | null;
  superseded: boolean;
  started_at: Date;
  finished_at: Date | null;
}

/** The histories of runs, keyed by run id, each in order; a run without executions is missing. */
export async function loadExecutions(
  manager: EntityManager,
  runs: readonly { workspaceId: string; id: string }[],
): Promise<Map<string, LoggedExecution[]>> {
  const histories = new Map<string, LoggedExecution[]>();
  if (runs.length === 0) return histories;
  const rows = await sql<ExecutionRecord>(
    manager,
    `SELECT run_id, path, attempt, position, type, status, input, output, error, extracted, wake_at, superseded, started_at, finished_at
     FROM automation.step_executions
     WHERE (workspace_id, run_id) IN (SELECT "workspaceId", id FROM json_to_recordset($1::json) AS r("workspaceId" text, id uuid))
     ORDER BY run_id, position`,
    [recordset(runs.map(({ workspaceId, id }) => ({ workspaceId, id })))],
  );
  for (const row of rows) {
    const history = histories.get(row.run_id) ?? [];
    history.push({
      path: row.path,
      attempt: row.attempt,
      position: row.position,
      type: row.type,
      status: row.status,
      input: row.input,
      output: row.output,
      error: row.error,
      extracted: row.extracted,
      wakeAt: row.wake_at?.toISOString() ?? null,
      superseded: row.superseded,
      startedAt: row.started_at.toISOString(),
      finishedAt: row.finished_at?.toISOString() ?? null,
    });
    histories.set(row.run_id, history);
  }
  return histories;
}
