import type { EntityManager } from 'typeorm';
import { parseDefinition } from '../core/definition/parser.js';
import { failedSteps } from '../core/plan/failed-steps.js';
import { type LockedRun, loadDefinitions } from '../store/run-command-store.js';
import { loadExecutions } from '../store/step-store.js';

/** Returns how many steps of a run that is about to be ended had failed without failing it; 0 where its version cannot be read. */
export async function countFailedSteps(manager: EntityManager, workspaceId: string, run: LockedRun): Promise<number> {
  const definition = (await loadDefinitions(manager, workspaceId, [run.versionId])).get(run.versionId);
  const parsed = definition === undefined ? null : parseDefinition(definition, null);
  if (!parsed?.ok) return 0;
  const executions = (await loadExecutions(manager, [{ workspaceId, id: run.id }])).get(run.id) ?? [];
  const startedAt = (run.startedAt ?? new Date(0)).toISOString();
  return failedSteps(parsed.definition, { startedAt, executions }).length;
}
