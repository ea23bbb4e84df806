import type { EntityManager } from 'typeorm';
import { parseDefinition } from '../core/definition/parser.js';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { walkSteps } from '../core/steps/tree.js';
import { listKnown } from '../store/workflow-store.js';

/** Returns a problem for each step that starts a workflow which the workspace does not have. One that is a draft may be published later. */
export async function missingWorkflows(manager: EntityManager, workspaceId: string, definition: JsonObject): Promise<Problem[]> {
  const parsed = parseDefinition(definition, null);
  if (!parsed.ok) return [];
  const started = [...walkSteps(parsed.definition.steps)].flatMap(({ step, jsonPath }) =>
    step.kind === 'run_workflow' ? [{ workflow: step.workflow, path: `${jsonPath}.workflow` }] : [],
  );
  if (started.length === 0) return [];
  const known = await listKnown(manager, workspaceId, [...new Set(started.map(({ workflow }) => workflow))]);
  return started
    .filter(({ workflow }) => !known.has(workflow))
    .map(({ workflow, path }) => ({
      path,
      message: `There is no workflow "${workflow}": name the code or the id of one of this workspace.`,
    }));
}
