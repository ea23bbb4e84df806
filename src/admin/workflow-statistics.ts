import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { quantile } from '../core/statistics/histogram.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { type EndCounts, findDays, findStatistics, STATISTICS_DAYS, type StepStatistics } from '../store/workflow-days.js';
import { findWorkflow } from '../store/workflow-list-store.js';
import { countUnfinishedRuns, type UnfinishedRuns } from '../store/workflow-versions.js';
import { workflowNotFound } from './workflow-changes.js';

/** How often something succeeded, and how long it then took. */
interface Performance extends EndCounts {
  /** Of those that succeeded or failed; null while none did. */
  successRate: number | null;
  /** Half of those that succeeded took no longer, and 95 of 100, in milliseconds; within a tenth. Null while none did. */
  p50Ms: number | null;
  p95Ms: number | null;
}

/** One step of a workflow, in whatever versions have it. */
export interface StepPerformance extends Omit<Performance, 'cancelled'> {
  /** Its path in runs; of steps in a loop without the places of items: `each.notify`. */
  step: string;
}

/** How a workflow did in the last days, told from counters that are written with the ends of runs. */
export interface WorkflowStatistics {
  days: number;
  runs: Performance;
  /** By day of UTC, oldest first. */
  byDay: (EndCounts & { day: string })[];
  /** In the order of their paths. */
  steps: StepPerformance[];
  /** The step that failed most often; null when none did. */
  failingStep: { step: string; failed: number } | null;
  /** The runs that are not over, by version and status; 10,000 are counted. */
  unfinished: UnfinishedRuns[];
}

/** What the counters tell of workflows. Everything is bound to the caller's workspace. */
@Injectable()
export class WorkflowStatisticsService {
  constructor(private readonly database: AdminDatabase) {}

  /** How a workflow and its steps did. Throws `workflow_not_found`. */
  get(id: string, { workspaceId }: Caller): Promise<WorkflowStatistics> {
    return this.database.read(async (manager) => {
      if (!isUuid(id) || !(await findWorkflow(manager, workspaceId, id))) throw workflowNotFound();
      const all = await findStatistics(manager, workspaceId, id);
      const runs = all.find(({ step }) => step === '') ?? { step: '', succeeded: 0, failed: 0, cancelled: 0, durations: [] };
      const steps = all.filter(({ step }) => step !== '');
      const failing = steps.reduce<StepStatistics | null>((most, one) => (one.failed > (most?.failed ?? 0) ? one : most), null);
      return {
        days: STATISTICS_DAYS,
        runs: { ...performanceOf(runs), cancelled: runs.cancelled },
        byDay: await findDays(manager, workspaceId, id),
        steps: steps.map((one) => ({ step: one.step, ...performanceOf(one) })),
        failingStep: failing && { step: failing.step, failed: failing.failed },
        unfinished: await countUnfinishedRuns(manager, workspaceId, id),
      };
    });
  }
}

function performanceOf({ succeeded, failed, durations }: StepStatistics): Omit<Performance, 'cancelled'> {
  const ended = succeeded + failed;
  const successRate = ended === 0 ? null : succeeded / ended;
  return { succeeded, failed, successRate, p50Ms: quantile(durations, 0.5), p95Ms: quantile(durations, 0.95) };
}
