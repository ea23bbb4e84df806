import type { WorkflowDefinition } from '../definition/types.js';
import { patched } from '../extract.js';
import type { JsonObject } from '../json.js';
import type { RunHistory } from './history.js';
import { visitBefore } from './step-outputs.js';

/** What a run has of its workflow's context, and what the two make together. */
export interface ContextView {
  /** The workflow's values: as they were when the run began, with what its own steps have put there since. */
  workflow: JsonObject;
  /** What `context` holds: those, and above them what the run has extracted for itself. */
  all: JsonObject;
}

/**
 * What `context` shows to the step at `path`: by the rules of {@link stepOutputs}, so that it depends on the history alone and
 * never on which of two branches was faster. A value of the run hides one of the workflow that is called the same.
 */
export function contextAt(definition: WorkflowDefinition, history: RunHistory, path: string | null, atStart: JsonObject): ContextView {
  let workflow = atStart;
  let run: JsonObject = {};
  visitBefore(definition, history, path, (_step, { extracted }) => {
    if (extracted?.workflow) workflow = patched(workflow, extracted.workflow);
    if (extracted?.run) run = { ...run, ...extracted.run };
  });
  return { workflow, all: { ...workflow, ...run } };
}
