import type { EntityManager } from 'typeorm';
import { parseDefinition } from '../core/definition/parser.js';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { walkSteps } from '../core/steps/tree.js';
import { listKnown } from '../store/workflow-store.js';

/** Returns a problem for each step that starts a workflow which the workspace does not have. One that is a draft may be published later. */
export async function missingWorkflows(manager: EntityManager, workspaceId: string, definition: JsonObject): Promise<Problem[]> {
  const [problems = []] = await missingWorkflowsOfAll(manager, workspaceId, [definition]);
  return problems;
}

/** The same of many definitions, by one look. */
export async function missingWorkflowsOfAll(
  manager: EntityManager,
  workspaceId: string,
  definitions: readonly JsonObject[],
): Promise<Problem[][]> {
  const started = definitions.map(startedBy);
  const names = new Set(started.flat().map(({ workflow }) => workflow));
  const known = names.size === 0 ? names : await listKnown(manager, workspaceId, [...names]);
  return started.map((ofOne) =>
    ofOne
      .filter(({ workflow }) => !known.has(workflow))
      .map(({ workflow, path }) => ({
        path,
        message: `There is no workflow "${workflow}": name the code or the id of one of this workspace.`,
      })),
  );
}

function startedBy(definition: JsonObject): { workflow: string; path: string }[] {
  const parsed = parseDefinition(definition, null);
  if (!parsed.ok) return [];
  return [...walkSteps(parsed.definition.steps)].flatMap(({ step, jsonPath }) =>
    step.kind === 'run_workflow' ? [{ workflow: step.workflow, path: `${jsonPath}.workflow` }] : [],
  );
}
