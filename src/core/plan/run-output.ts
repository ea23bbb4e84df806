import type { WorkflowDefinition } from '../definition/types.js';
import { isJsonObject, type JsonObject } from '../json.js';
import { walkSteps } from '../steps/tree.js';
import type { RunHistory } from './history.js';
import { stepOutputs } from './step-outputs.js';

/** What these leave is about the run, not of it. */
const OF_THE_RUN: ReadonlySet<string> = new Set(['branch', 'for_each', 'parallel', 'delay', 'stop']);

/**
 * Returns what a run that succeeded has left for whoever started it: the `output` of the stop step that ended it, else what the
 * last step, in the order of the definition, has left; of steps in a loop the last item's. Null where nothing was left.
 */
export function runOutput(definition: WorkflowDefinition, history: RunHistory): JsonObject | null {
  const outputs = stepOutputs(definition, history, null);
  let last: JsonObject | null = null;
  for (const { step } of walkSteps(definition.steps)) {
    const output = outputs[step.id]?.output ?? null;
    if (output === null) continue;
    if (step.kind === 'stop' && isJsonObject(output.output)) return output.output;
    if (!OF_THE_RUN.has(step.kind) && Object.keys(output).length > 0) last = output;
  }
  return last;
}
