import type { WorkflowDefinition } from '../core/definition/types.js';
import type { JsonObject } from '../core/json.js';
import { runOutput } from '../core/plan/run-output.js';
import { stepOutputs } from '../core/plan/step-outputs.js';
import { measuredPath } from '../core/statistics/run-measure.js';
import { findStep } from '../core/steps/tree.js';
import type { RunItem } from '../store/run-log-store.js';
import type { RunStep } from './run-step.js';

/** A step that the run stands at: several in parallel branches and loops. */
export interface RunPosition extends Pick<RunStep, 'path' | 'type' | 'attempt' | 'standing'> {
  name: string | null;
  /** For what it waits: `approval`, `webhook`, `delay`, `retry`, … */
  waitsFor: string | null;
  since: string;
  /** When that is over at the latest; null when only an answer ends it. */
  until: string | null;
  /** What it waits with: the question, the form, what the other run was started with. */
  payload: JsonObject | null;
}

/** How long a run spent at one of its steps, all attempts and items of a loop together. */
export interface StepTime {
  /** `each.notify`: of the items of a loop without their places. */
  path: string;
  name: string | null;
  type: string;
  attempts: number;
  /** Of the attempts that have ended. */
  ms: number;
}

/** What a person asks first of a run: where it stands, what it has collected and where its time went. */
export interface RunView {
  /** Where it stands now; empty before it begins and after its end. */
  position: RunPosition[];
  /** What each step has left, by its id; of the steps of a loop what the last item left. */
  data: JsonObject;
  /** In the order in which the steps were first begun. */
  times: StepTime[];
  /** What it has left for whoever started it; null while it runs, and where it did not succeed. */
  output: JsonObject | null;
}

const OPEN: ReadonlySet<RunStep['standing']> = new Set(['running', 'waiting', 'retrying']);

/** Returns where a run stands; without its definition, which may be gone, what the log alone tells. */
export function viewOf(
  { status, waiting }: Pick<RunItem, 'status' | 'waiting'>,
  definition: WorkflowDefinition | null,
  steps: readonly RunStep[],
): RunView {
  const nameOf = (path: string): string | null => (definition && findStep(definition.steps, path)?.name) ?? null;
  const history = { startedAt: '', executions: steps };
  return {
    position: steps
      .filter(({ standing, superseded }) => OPEN.has(standing) && !superseded)
      .map(({ path, type, attempt, standing, input, startedAt, wakeAt }) => ({
        path,
        name: nameOf(path),
        type,
        attempt,
        standing,
        waitsFor: standing === 'running' ? null : (waiting?.find((one) => one.path === path)?.reason ?? null),
        since: startedAt,
        until: wakeAt,
        payload: input,
      })),
    data: definition
      ? Object.fromEntries(Object.entries(stepOutputs(definition, history, null)).map(([id, { output }]) => [id, output]))
      : {},
    times: timesOf(steps, nameOf),
    output: definition && status === 'succeeded' ? runOutput(definition, history) : null,
  };
}

function timesOf(steps: readonly RunStep[], nameOf: (path: string) => string | null): StepTime[] {
  const times = new Map<string, StepTime>();
  for (const { path, type, durationMs } of steps) {
    const measured = measuredPath(path);
    const time = times.get(measured) ?? { path: measured, name: nameOf(path), type, attempts: 0, ms: 0 };
    time.attempts += 1;
    time.ms += durationMs ?? 0;
    times.set(measured, time);
  }
  return [...times.values()];
}
