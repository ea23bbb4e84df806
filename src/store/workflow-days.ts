import type { EntityManager } from 'typeorm';
import { bucketOf } from '../core/statistics/histogram.js';
import type { RunMeasure } from '../core/statistics/run-measure.js';
import type { RetentionBatch } from './retention-store.js';
import type { RunEnd } from './runs/run.js';
import { sql } from './sql.js';

/** Over how many days statistics are told, today included. */
export const STATISTICS_DAYS = 7;

/** How runs of a workflow, or one of its steps, ended on one day. */
interface DayDelta {
  workspaceId: string;
  workflowId: string;
  /** The step; empty for the runs themselves. */
  step: string;
  /** `2025-11-21`; null: today, by the database's clock. */
  day: string | null;
  succeeded: number;
  failed: number;
  cancelled: number;
  /** How many that succeeded took how long, by {@link bucketOf}. */
  durations: number[];
}

/** A run that has ended, for the statistics of its workflow. */
export interface CountedEnd {
  workspaceId: string;
  workflowId: string;
  status: RunEnd['status'];
  /** Where it was advanced to its end. */
  measure?: RunMeasure;
}

/** What one transaction adds to the statistics: in memory for each workflow, step and day one row, whatever the number of runs. */
export class DayDeltas {
  /** By workflow, today's by its id alone: it is asked for each run. */
  private readonly workflows = new Map<string, Map<string, DayDelta>>();

  /** Counts a run and its steps. */
  add({ workspaceId, workflowId, status, measure }: CountedEnd): void {
    const steps = this.stepsOf(workflowId);
    const run = deltaOf(steps, workspaceId, workflowId, '', null);
    run[status] += 1;
    if (measure === undefined) return;
    if (status === 'succeeded') count(run.durations, measure.ms);
    for (const { step, succeeded, ms } of measure.steps) {
      const delta = deltaOf(steps, workspaceId, workflowId, step, null);
      delta[succeeded ? 'succeeded' : 'failed'] += 1;
      if (succeeded) count(delta.durations, ms);
    }
  }

  /** Takes back the failure of a run that a person has sent back, and of its steps: it counts by what becomes of it in the end. */
  takeBack({
    workspaceId,
    workflowId,
    day,
    steps,
  }: {
    workspaceId: string;
    workflowId: string;
    day: string;
    steps: readonly string[];
  }): void {
    const ofDay = this.stepsOf(`${workflowId} ${day}`);
    for (const step of ['', ...steps]) deltaOf(ofDay, workspaceId, workflowId, step, day).failed -= 1;
  }

  /** The rows to be added. */
  get rows(): DayDelta[] {
    return [...this.workflows.values()].flatMap((steps) => [...steps.values()]);
  }

  private stepsOf(key: string): Map<string, DayDelta> {
    const steps = this.workflows.get(key) ?? new Map<string, DayDelta>();
    this.workflows.set(key, steps);
    return steps;
  }
}

function deltaOf(steps: Map<string, DayDelta>, workspaceId: string, workflowId: string, step: string, day: string | null): DayDelta {
  const known = steps.get(step);
  if (known) return known;
  const delta: DayDelta = { workspaceId, workflowId, step, day, succeeded: 0, failed: 0, cancelled: 0, durations: [] };
  steps.set(step, delta);
  return delta;
}

/** As short as it can be: most runs are over within the first buckets. */
function count(durations: number[], ms: number): void {
  const bucket = bucketOf(ms);
  while (durations.length <= bucket) durations.push(0);
  durations[bucket] = (durations[bucket] as number) + 1;
}

/** The part of the statement in ./stats-store that adds these rows; its $2 is the slot, its $3 the rows. */
export const ADD_DAYS = `INSERT INTO automation.workflow_days AS d (workspace_id, workflow_id, step, day, slot, succeeded, failed, cancelled, durations)
  SELECT "workspaceId", "workflowId", step, coalesce(day, (now() AT TIME ZONE 'UTC')::date), $2, succeeded, failed, cancelled, durations
  FROM json_to_recordset($3::json) AS e("workspaceId" text, "workflowId" uuid, step text, day date, succeeded integer, failed integer,
    cancelled integer, durations integer[])
  ORDER BY "workspaceId", "workflowId", step, day
  ON CONFLICT (workspace_id, workflow_id, step, day, slot) DO UPDATE SET succeeded = d.succeeded + excluded.succeeded,
    failed = d.failed + excluded.failed, cancelled = d.cancelled + excluded.cancelled,
    durations = CASE WHEN excluded.durations = '{}' THEN d.durations ELSE
      (SELECT array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY n) FROM unnest(d.durations, excluded.durations) WITH ORDINALITY AS u(a, b, n)) END`;

/** How runs of a workflow, or one of its steps, have ended. */
export interface EndCounts {
  succeeded: number;
  failed: number;
  cancelled: number;
}

/** What is told of the runs of a workflow, its days or one of its steps. */
export interface StepStatistics extends EndCounts {
  /** The step; empty for the runs themselves. */
  step: string;
  durations: number[];
}

/** From which day on statistics are told, of today and {@link STATISTICS_DAYS} in all. */
export const FIRST_DAY = `((now() AT TIME ZONE 'UTC')::date - ${STATISTICS_DAYS - 1})`;

/** A sum that may be below zero: what failed before somebody counted may have been sent back. */
const sum = (column: string): string => `greatest(0, sum(${column}))::integer AS ${column}`;

/** The statistics of a workflow and its steps: slots and days added up, by the primary key. */
export async function findStatistics(manager: EntityManager, workspaceId: string, workflowId: string): Promise<StepStatistics[]> {
  return sql<StepStatistics>(
    manager,
    `WITH days AS MATERIALIZED (
       SELECT step, succeeded, failed, cancelled, durations FROM automation.workflow_days
       WHERE workspace_id = $1 AND workflow_id = $2 AND day >= ${FIRST_DAY}
     ), buckets AS (
       SELECT step, n, sum(count)::integer AS count FROM days, unnest(durations) WITH ORDINALITY AS u(count, n) GROUP BY step, n
     )
     SELECT step, ${sum('succeeded')}, ${sum('failed')}, ${sum('cancelled')},
       coalesce((SELECT array_agg(b.count ORDER BY b.n) FROM buckets b WHERE b.step = days.step), '{}') AS durations
     FROM days GROUP BY step ORDER BY step`,
    [workspaceId, workflowId],
  );
}

/** What became of a workflow's runs, day by day (UTC), oldest first; days without an end are in it. */
export function findDays(manager: EntityManager, workspaceId: string, workflowId: string): Promise<(EndCounts & { day: string })[]> {
  return sql(
    manager,
    `SELECT s.day::date::text AS day, ${['succeeded', 'failed', 'cancelled'].map((one) => `greatest(0, coalesce(sum(${one}), 0))::integer AS ${one}`).join(', ')}
     FROM generate_series(${FIRST_DAY}, (now() AT TIME ZONE 'UTC')::date, interval '1 day') AS s(day)
     LEFT JOIN automation.workflow_days d ON d.workspace_id = $1 AND d.workflow_id = $2 AND d.step = '' AND d.day = s.day
     GROUP BY s.day ORDER BY s.day`,
    [workspaceId, workflowId],
  );
}

/** Removes one batch of days that nobody asks for any more. Served by workflow_days_day. */
export async function removeOldDays(manager: EntityManager, { batchSize }: { batchSize: number }): Promise<RetentionBatch> {
  const rows = await sql(
    manager,
    `DELETE FROM automation.workflow_days WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM automation.workflow_days WHERE day < ${FIRST_DAY} ORDER BY day LIMIT $1)) RETURNING 1`,
    [batchSize],
  );
  return { runs: 0, events: 0, after: rows.length < batchSize ? null : 'on' };
}
