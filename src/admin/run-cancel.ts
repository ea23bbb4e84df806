import type { EntityManager } from 'typeorm';
import type { EndedRun, RunEndings } from '../engine/running/run-endings.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { writeAudit } from '../store/audit-store.js';
import { type LockedRun, takeRuns } from '../store/run-command-store.js';
import { countFailedSteps } from './failed-steps.js';

/** Why, and as a part of which bulk cancel. */
export interface CancelCommand {
  reason: string | null;
  batchId?: string;
}

/**
 * Ends locked runs as cancelled: state, steps, counters, parents and audit in the caller's transaction. Those that are over
 * already are left out of the answer; the others are to be told once it has committed.
 */
export async function cancelLocked(
  manager: EntityManager,
  runs: readonly LockedRun[],
  { reason, batchId }: CancelCommand,
  caller: Caller,
  endings: RunEndings,
): Promise<EndedRun[]> {
  const { workspaceId } = caller;
  const taken = await takeRuns(
    manager,
    workspaceId,
    runs.map(({ id }) => id),
  );
  if (taken.length === 0) return [];
  const before = new Map(runs.map((run) => [run.id, run]));
  const failedStepsOf = await countFailedSteps(manager, workspaceId, runs);
  const ended = await endings.end(
    manager,
    taken.map(({ now, ...claim }) => ({
      ...claim,
      status: 'cancelled' as const,
      reason: 'cancelled_by_user',
      error: null,
      failedSteps: failedStepsOf(before.get(claim.id) as LockedRun),
      finishedAt: now.toISOString(),
    })),
  );
  await writeAudit(
    manager,
    ended.map(({ id }) => ({
      workspaceId,
      actor: callerAsActor(caller),
      action: 'run.cancelled',
      targetType: 'run',
      targetId: id,
      before: { status: before.get(id)?.status ?? null },
      after: { status: 'cancelled', ...(batchId !== undefined && { batchId }) },
      note: reason,
    })),
  );
  return ended;
}
