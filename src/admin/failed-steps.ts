import type { EntityManager } from 'typeorm';
import { parseDefinition } from '../core/definition/parser.js';
import type { WorkflowDefinition } from '../core/definition/types.js';
import { failedSteps } from '../core/plan/failed-steps.js';
import { type LockedRun, loadDefinitions } from '../store/run-command-store.js';
import { fromHistories } from './histories.js';

/** Returns how many steps of runs that are about to be ended had failed without failing them; 0 where a version cannot be read. */
export async function countFailedSteps(
  manager: EntityManager,
  workspaceId: string,
  runs: readonly LockedRun[],
): Promise<(run: LockedRun) => number> {
  const definitions = new Map<string, WorkflowDefinition>();
  for (const [id, json] of await loadDefinitions(manager, workspaceId, [...new Set(runs.map(({ versionId }) => versionId))])) {
    const parsed = parseDefinition(json, null);
    if (parsed.ok) definitions.set(id, parsed.definition);
  }
  const counts = await fromHistories(manager, workspaceId, runs, ({ versionId, startedAt }, executions) => {
    const definition = definitions.get(versionId);
    return definition ? failedSteps(definition, { startedAt: (startedAt ?? new Date(0)).toISOString(), executions }).length : 0;
  });
  return ({ id }) => counts.get(id) ?? 0;
}
