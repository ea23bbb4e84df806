import type { JsonObject } from '../../../src/index.js';
import type { FaultLab } from './fault-lab.js';

/** An attempt as the log shows it. */
export interface ShownAttempt {
  attempt: number;
  status: string;
  input: JsonObject | null;
  output: JsonObject | null;
  error: { code: string; message: string; hint?: string; details?: JsonObject } | null;
  /** From its intent to its result, and its begin, both by the database's clock. */
  seconds: number;
  startedAt: string;
  finishedAt: string;
}

/** A run as support sees it, and how often it changed hands. */
export interface ShownRun {
  id: string;
  status: string;
  reason: string | null;
  claims: number;
  steps: ShownAttempt[];
}

/** The runs of a workflow that were not skipped. */
export function shownRuns(lab: FaultLab, workflowId: string): Promise<ShownRun[]> {
  return lab.database.query<ShownRun>(
    `SELECT r.id, r.status, r.reason, (SELECT count(*)::int FROM fault_lab.claims c WHERE c.run_id = r.id) AS claims,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('attempt', s.attempt, 'status', s.status, 'input', s.input, 'output', s.output,
          'error', s.error, 'startedAt', s.started_at, 'finishedAt', s.finished_at,
          'seconds', extract(epoch FROM s.finished_at - s.started_at)) ORDER BY s.position), '[]')
        FROM automation.step_executions s WHERE s.workspace_id = r.workspace_id AND s.run_id = r.id) AS steps
     FROM automation.runs r WHERE r.workflow_id = $1 AND r.status <> 'skipped' ORDER BY r.id`,
    [workflowId],
  );
}
