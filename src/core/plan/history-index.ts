import type { StepExecution } from './history.js';

/** What a run's history says about one path. */
export interface StepState {
  /** The latest attempt that counts; null when a person sent all of them back. */
  current: StepExecution | null;
  /** The highest attempt number given so far, superseded ones included: numbers are never used twice. */
  lastAttempt: number;
  /** How many attempts count against the retry policy: all but the superseded ones. */
  tries: number;
}

export type HistoryIndex = ReadonlyMap<string, StepState>;

/** The history by path, built in one pass. The order of the executions does not matter: the attempt number decides. */
export function indexHistory(executions: readonly StepExecution[]): HistoryIndex {
  const index = new Map<string, StepState>();
  for (const execution of executions) {
    let state = index.get(execution.path);
    if (!state) {
      state = { current: null, lastAttempt: 0, tries: 0 };
      index.set(execution.path, state);
    }
    if (execution.attempt > state.lastAttempt) state.lastAttempt = execution.attempt;
    if (execution.superseded) continue;
    state.tries += 1;
    if (!state.current || execution.attempt > state.current.attempt) state.current = execution;
  }
  return index;
}
