import type { EntityManager } from 'typeorm';
import { loadEvents } from '../../store/event-store.js';
import type { ClaimedRun } from '../../store/run-store.js';
import { loadExecutions } from '../../store/step-store.js';
import type { LoggedFailure } from '../failures.js';
import type { ActiveWorkflows } from '../routing/active-workflows.js';
import { RunState } from './run-state.js';

/** Claimed runs, ready to go on; and those that cannot, with the reason. */
export interface LoadedRuns {
  runs: RunState[];
  broken: { run: ClaimedRun; failure: LoggedFailure }[];
}

/** Reads all that claimed runs need: versions, events and histories, one statement each. */
export async function loadRuns(
  manager: EntityManager,
  active: ActiveWorkflows,
  claimed: readonly ClaimedRun[],
  mostRecoveries: number,
): Promise<LoadedRuns> {
  const versions = await active.versionsOf(manager, claimed);
  const events = await loadEvents(
    manager,
    claimed.flatMap(({ workspaceId, eventId }) => (eventId === null ? [] : [{ workspaceId, id: eventId }])),
  );
  const histories = await loadExecutions(manager, claimed);
  const loaded: LoadedRuns = { runs: [], broken: [] };
  for (const run of claimed) {
    const version = versions.get(run.versionId);
    if (run.recoveries >= mostRecoveries) {
      loaded.broken.push({ run, failure: abandoned(run.recoveries) });
    } else if (version?.kind !== 'compiled') {
      loaded.broken.push({ run, failure: version?.failure ?? VERSION_GONE });
    } else {
      loaded.runs.push(
        new RunState({
          workspaceId: run.workspaceId,
          id: run.id,
          version: version.version,
          event: run.eventId === null ? null : (events.get(run.eventId) ?? null),
          record: run.module === null || run.recordId === null ? null : { module: run.module, id: run.recordId },
          actor: run.actor,
          fence: run.fence,
          isNew: false,
          startedAt: run.startedAt.toISOString(),
          executions: histories.get(run.id) ?? [],
        }),
      );
    }
  }
  return loaded;
}

function abandoned(recoveries: number): LoggedFailure {
  return {
    error: {
      code: 'run_abandoned',
      message: `The run was taken up ${recoveries} times by processes that went away without getting any further.`,
      hint: 'A step of it may bring the process down. Look at the logs of the time, then retry.',
    },
    retry: { kind: 'permanent' },
  };
}

const VERSION_GONE: LoggedFailure = {
  error: { code: 'version_gone', message: 'The version of the workflow that this run belongs to no longer exists.' },
  retry: { kind: 'permanent' },
};
