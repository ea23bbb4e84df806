import type { WorkflowDefinition } from '../definition/types.js';
import type { RunHistory } from './history.js';
import { indexHistory } from './history-index.js';
import { PlanWalk } from './walk.js';

/**
 * The paths of the steps that failed without failing the run, in the order of the definition, for "succeeded with 1 failed
 * step": their own `onError: continue`, that of a step around them or another branch of a join `any` has made them good.
 * Each item of a loop counts; of steps that failed side by side inside one such step the first does. For the end of a run:
 * a step that is to be tried again has not failed yet.
 */
export function failedSteps(definition: WorkflowDefinition, history: RunHistory): string[] {
  // Most runs have no failure at all: they are not walked.
  if (!history.executions.some((one) => one.status === 'failed' || one.status === 'lost' || one.output?.decision === 'rejected')) return [];
  const walk = new PlanWalk(indexHistory(history.executions), Number.NEGATIVE_INFINITY);
  walk.list(definition.steps, '', undefined);
  return walk.caught;
}
