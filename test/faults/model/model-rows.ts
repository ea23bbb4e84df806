import type { LoggedError } from '../../../src/core/errors.js';
import type { StepExecution } from '../../../src/core/plan/history.js';
import type { Sequence } from './command.js';
import type { ModelWorld } from './model-world.js';

/** The states of a run that is not over. */
export const UNFINISHED: readonly string[] = ['queued', 'running', 'waiting'];

/** One change of a run's row, as a trigger of the model noted it. */
export interface RunChange {
  runId: string;
  was: string | null;
  status: string;
  fenceWas: number | null;
  fence: number;
  due: boolean;
  finished: boolean;
  onlyRetried: boolean | null;
}

export interface RunRow {
  id: string;
  workspaceId: string;
  eventId: string | null;
  status: string;
  reason: string | null;
  error: LoggedError | null;
  retryOf: string | null;
  /** Of a machine: what it is the run of. */
  transition: string | null;
  startedAt: string | null;
  finishedAt: string | null;
}

export interface StepRow extends StepExecution {
  runId: string;
  position: number;
  type: string;
  startedAt: string;
  superseded: boolean;
}

/** An instance, with all that it has been through. */
export interface InstanceRow {
  id: string;
  workspaceId: string;
  state: string;
  entry: number;
  transition: string | null;
  runId: string | null;
  deferred: number;
  /** Events that still wait for the end of a transition. */
  left: number;
  history: { kind: string; transition: string | null; from: string | null; to: string | null; runId: string | null }[];
}

/** Everything that a group of sequences left in the database. */
export async function loadGroup(world: ModelWorld, sequences: readonly Sequence[]) {
  const workspaces = sequences.map(({ workspace }) => workspace.id);
  const records = sequences.flatMap((sequence) => sequence.records);
  const runs = await world.query<RunRow>(
    `SELECT id, workspace_id AS "workspaceId", event_id AS "eventId", status, reason, error, retry_of AS "retryOf",
       (SELECT transition FROM automation.workflow_versions v WHERE v.workspace_id = r.workspace_id AND v.id = r.version_id) AS transition,
       ${iso('coalesce(resumed_at, started_at)')} AS "startedAt", ${iso('finished_at')} AS "finishedAt"
     FROM automation.runs r WHERE workspace_id = ANY($1) AND module = 'leads' AND record_id = ANY($2) ORDER BY id`,
    [workspaces, records],
  );
  const ids = runs.map(({ id }) => id);
  const steps = await world.query<StepRow>(
    `SELECT run_id AS "runId", path, attempt, position, type, status, output, error, superseded, ${iso('wake_at')} AS "wakeAt",
       ${iso('started_at')} AS "startedAt"
     FROM automation.step_executions WHERE workspace_id = ANY($1) AND run_id = ANY($2::uuid[]) ORDER BY run_id, position`,
    [workspaces, ids],
  );
  const runHistory = await world.query<RunChange>(
    `SELECT run_id AS "runId", was, status, fence_was AS "fenceWas", fence, due, finished, only_retried AS "onlyRetried"
     FROM run_history WHERE run_id = ANY($1::uuid[]) ORDER BY n`,
    [ids],
  );
  const stepHistory = await world.query<{
    runId: string;
    path: string;
    attempt: number;
    was: string | null;
    status: string;
    same: boolean;
  }>('SELECT run_id AS "runId", path, attempt, was, status, same FROM step_history WHERE run_id = ANY($1::uuid[]) ORDER BY n', [ids]);
  // The next group of this world begins with an empty history.
  await world.query('DELETE FROM run_history');
  await world.query('DELETE FROM step_history');
  const events = await world.query<{ id: string; workspaceId: string; routedAt: Date | null; error: unknown }>(
    `SELECT id, workspace_id AS "workspaceId", routed_at AS "routedAt", error FROM automation.events
     WHERE workspace_id = ANY($1) AND module = 'leads' AND record_id = ANY($2) AND target IS NULL`,
    [workspaces, records],
  );
  const tasks = await world.query<{ title: string }>('SELECT title FROM crm_tasks WHERE "recordId" = ANY($1)', [records]);
  const leads = await world.query<{ id: string; touches: number }>('SELECT id, touches FROM crm_leads WHERE id = ANY($1)', [records]);
  const instances = await world.query<InstanceRow>(
    `SELECT id, workspace_id AS "workspaceId", state, entry::int, transition, run_id AS "runId", deferred,
       ARRAY(SELECT json_build_object('kind', kind, 'transition', transition, 'from', from_state, 'to', to_state, 'runId', run_id)
         FROM automation.transitions t WHERE t.workspace_id = i.workspace_id AND t.instance_id = i.id ORDER BY t.id) AS history,
       (SELECT count(*)::int FROM automation.deferred_events d WHERE d.workspace_id = i.workspace_id AND d.instance_id = i.id) AS "left"
     FROM automation.instances i WHERE workspace_id = ANY($1) AND module = 'leads' AND record_id = ANY($2)`,
    [workspaces, records],
  );
  // Over the whole life of each workspace: counters are never begun anew.
  const stats = await world.query<{ workspaceId: string; counted: object; expected: object }>(
    `SELECT w AS "workspaceId",
       (SELECT jsonb_build_object('started', coalesce(sum(started), 0), 'succeeded', coalesce(sum(succeeded), 0),
          'failed', coalesce(sum(failed), 0), 'skipped', coalesce(sum(skipped), 0), 'cancelled', coalesce(sum(cancelled), 0))
        FROM automation.workflow_stats s WHERE s.workspace_id = w) AS counted,
       (SELECT jsonb_build_object('started', count(*) FILTER (WHERE status <> 'skipped'), 'succeeded', count(*) FILTER (WHERE status = 'succeeded'),
          'failed', count(*) FILTER (WHERE status = 'failed'), 'skipped', count(*) FILTER (WHERE status = 'skipped'),
          'cancelled', count(*) FILTER (WHERE status = 'cancelled'))
        FROM automation.runs r WHERE r.workspace_id = w) AS expected
     FROM unnest($1::text[]) AS w`,
    [workspaces],
  );
  const miscounted = await world.query<{ workspaceId: string; state: string; counted: number }>(
    `SELECT workspace_id AS "workspaceId", state, sum(counted)::int AS counted FROM (
       SELECT workspace_id, state, -1 AS counted FROM automation.instances UNION ALL
       SELECT workspace_id, state, instances FROM automation.instance_counts) AS all_of
     WHERE workspace_id = ANY($1) GROUP BY 1, 2 HAVING sum(counted) <> 0`,
    [workspaces],
  );
  return { runs, steps, runHistory, stepHistory, events, tasks, leads, stats, instances, miscounted };
}

/** As the engine reads moments: to the millisecond. */
function iso(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
