import type { EntityManager } from 'typeorm';
import { type LoggedExecution, loadExecutions } from '../store/step-store.js';

/** Runs whose histories are read at once: one may have 500 steps, and each step left an output of up to 256 KB. */
const AT_ONCE = 50;

/** Returns what `tell` makes of the history of each run, by the id of the run. No more than a few histories are held at a time. */
export async function fromHistories<Run extends { id: string }, Told>(
  manager: EntityManager,
  workspaceId: string,
  runs: readonly Run[],
  tell: (run: Run, executions: readonly LoggedExecution[]) => Told,
): Promise<Map<string, Told>> {
  const told = new Map<string, Told>();
  for (let at = 0; at < runs.length; at += AT_ONCE) {
    const some = runs.slice(at, at + AT_ONCE);
    const histories = await loadExecutions(
      manager,
      some.map(({ id }) => ({ workspaceId, id })),
    );
    for (const run of some) told.set(run.id, tell(run, histories.get(run.id) ?? []));
  }
  return told;
}
