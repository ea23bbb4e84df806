import type { WorkflowDefinition } from '../../../src/core/definition/types.js';
import type { JsonObject } from '../../../src/core/json.js';
import type { StepExecution } from '../../../src/core/plan/history.js';
import { type Plan, plan } from '../../../src/core/plan/plan.js';
import type { ActionStep } from '../../../src/core/steps/action.js';
import type { ApprovalStep } from '../../../src/core/steps/approval.js';
import type { BranchStep } from '../../../src/core/steps/branch.js';
import type { DelayStep } from '../../../src/core/steps/delay.js';
import type { ForEachStep } from '../../../src/core/steps/for-each.js';
import type { Step } from '../../../src/core/steps/index.js';
import type { ParallelStep } from '../../../src/core/steps/parallel.js';
import type { StopStep } from '../../../src/core/steps/stop.js';
import type { WaitForWebhookStep } from '../../../src/core/steps/wait-for-webhook.js';

/** When every run of these tests starts. */
export const START = new Date('2030-01-01T00:00:00.000Z');

/** A moment some milliseconds after the start, as the history writes it. */
export function at(ms: number): string {
  return new Date(START.getTime() + ms).toISOString();
}

export function definition(steps: Step[], maxDuration = 'P1D'): WorkflowDefinition {
  return {
    trigger: { type: 'manual' },
    steps,
    settings: { reentry: 'always', countFailedRuns: false, maxConcurrentRuns: 0, order: 'any', maxDuration },
  };
}

export function action(id: string, more: Partial<ActionStep> = {}): ActionStep {
  return { id, kind: 'action', type: 'note', with: {}, ...more };
}

export function branch(
  id: string,
  branches: Record<string, Step[]>,
  otherwise?: Step[],
  more: Partial<BranchStep<Step>> = {},
): BranchStep<Step> {
  const list = Object.entries(branches).map(([name, steps]) => ({ name, when: { all: [] }, steps }));
  return { id, kind: 'branch', branches: list, ...(otherwise && { otherwise }), ...more };
}

export function parallel(
  id: string,
  join: 'all' | 'any',
  branches: Record<string, Step[]>,
  more: Partial<ParallelStep<Step>> = {},
): ParallelStep<Step> {
  return { id, kind: 'parallel', join, branches: Object.entries(branches).map(([name, steps]) => ({ name, steps })), ...more };
}

export function forEach(id: string, steps: Step[], more: Partial<ForEachStep<Step>> = {}): ForEachStep<Step> {
  return { id, kind: 'for_each', in: '{{trigger.list}}', maxItems: 100, concurrency: 1, steps, ...more };
}

export function delay(id: string): DelayStep {
  return { id, kind: 'delay', for: 'PT1H' };
}

export function approval(id: string, more: Partial<ApprovalStep> = {}): ApprovalStep {
  return { id, kind: 'approval', assignees: ['u-1'], message: 'Well?', onExpiry: 'fail', onReject: 'stop', ...more };
}

export function webhookWait(id: string, more: Partial<WaitForWebhookStep> = {}): WaitForWebhookStep {
  return { id, kind: 'wait_for_webhook', onExpiry: 'fail', ...more };
}

export function stop(id: string, more: Partial<StopStep> = {}): StopStep {
  return { id, kind: 'stop', outcome: 'succeeded', ...more };
}

export function done(path: string, output: JsonObject = {}, attempt = 1): StepExecution {
  return { path, attempt, status: 'succeeded', output };
}

export function failed(path: string, more: Partial<StepExecution> = {}): StepExecution {
  return { path, attempt: 1, status: 'failed', error: { code: 'smtp_down', message: 'No answer.' }, ...more };
}

export function cancelled(path: string): StepExecution {
  return failed(path, { error: { code: 'step_cancelled', message: 'Not needed.' } });
}

export function running(path: string, attempt = 1): StepExecution {
  return { path, attempt, status: 'running' };
}

export function waiting(path: string, wakeAt: string | null): StepExecution {
  return { path, attempt: 1, status: 'waiting', wakeAt };
}

export function lost(path: string, attempt = 1): StepExecution {
  return { path, attempt, status: 'lost' };
}

/** Plans a run of these steps, some milliseconds after its start. */
export function planOf(steps: Step[], executions: StepExecution[] = [], ms = 0, maxSteps = 500, maxLoopSteps = 10_000): Plan {
  return plan(definition(steps), { startedAt: at(0), executions }, new Date(START.getTime() + ms), { maxSteps, maxLoopSteps });
}

/** A plan in short: the paths by what becomes of them, and the outcome's status. */
export function summary(one: Plan): {
  ready: string[];
  elapsed: string[];
  waiting: string[];
  cancelled?: string[];
  outcome: string | null;
} {
  return {
    ready: one.ready.map((step) => `${step.path}#${step.attempt}`),
    elapsed: one.elapsed.map((step) => `${step.path}#${step.attempt}`),
    waiting: one.waiting.map((wait) => `${wait.path}:${wait.reason}`),
    ...(one.cancelled.length > 0 && { cancelled: one.cancelled.map((step) => `${step.path}#${step.attempt}`) }),
    outcome: one.outcome?.status ?? null,
  };
}
