import type { Json } from '../json.js';
import type { HistoryIndex } from './history-index.js';
import type { StepExecution } from './step-execution.js';

export type { StepExecution, StepExecutionStatus } from './step-execution.js';

/** What has happened in a run so far; the only thing the planner decides from, beside the definition and the time. */
export interface RunHistory {
  /** ISO 8601. */
  startedAt: string;
  executions: readonly StepExecution[];
  /** The executions by path, where whoever holds the run keeps them so. */
  index?: HistoryIndex;
}

/** Where a step stands and what it belongs to; the planner's unit of work. */
export interface StepAddress {
  path: string;
  /** The number this attempt gets. */
  attempt: number;
  /** The item and its index when the step is inside a for_each, the innermost. */
  loop?: { item: Json; index: number };
}
