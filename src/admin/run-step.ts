import type { LoggedError } from '../core/errors.js';
import type { Extracted } from '../core/extract.js';
import type { JsonObject } from '../core/json.js';
import { type StepStanding, standingOf } from '../core/plan/standing.js';
import type { LoggedExecution } from '../store/step-store.js';

/** One attempt of one step, as the log shows it. */
export interface RunStep extends Omit<LoggedExecution, 'wakeAt' | 'superseded' | 'output' | 'error' | 'extracted'> {
  output: JsonObject | null;
  error: LoggedError | null;
  /** What it put into the run's context and into the workflow's; null for most. */
  extracted: Extracted | null;
  wakeAt: string | null;
  /** Where it stands now: an attempt that was open when the run ended is `abandoned`, one that failed for good `failed`. */
  standing: StepStanding;
  /** A person sent it back for another try. */
  superseded: boolean;
  durationMs: number | null;
}

/** Returns an execution as the log shows it. */
export function toRunStep(step: LoggedExecution, isRunOver: boolean): RunStep {
  const finished = step.finishedAt === null ? null : Date.parse(step.finishedAt) - Date.parse(step.startedAt);
  return {
    ...step,
    output: step.output ?? null,
    error: step.error ?? null,
    extracted: step.extracted ?? null,
    wakeAt: step.wakeAt ?? null,
    standing: standingOf(step, isRunOver),
    superseded: step.superseded ?? false,
    durationMs: finished === null ? null : Math.max(0, finished),
  };
}
