import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../../core/errors.js';
import { knownEvent } from '../../core/record-values.js';
import { AutomationDatabase } from '../../store/database.js';
import { loadEvents } from '../../store/event-store.js';
import { loadAnswers } from '../../store/runs/inbox.js';
import type { ClaimedRun } from '../../store/runs/run.js';
import { sql } from '../../store/sql.js';
import { loadExecutions } from '../../store/step-store.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { Calendars } from '../calendars.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import { HeldRun } from './held-run.js';
import { logLostAttempts } from './step-log.js';
import { WorkflowContexts } from './workflow-contexts.js';

/** Claimed runs, ready to go on; and those that cannot, with the reason. */
export interface LoadedRuns {
  runs: HeldRun[];
  broken: { run: ClaimedRun; error: LoggedError }[];
}

const NO_ANSWERS = { count: 0, answers: [] };

/** Reads all that claimed runs need: versions, events, histories and answers, one statement each. Notes which of their attempts were lost. */
@Injectable()
export class RunLoader {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly active: ActiveWorkflows,
    private readonly catalog: AutomationCatalog,
    private readonly calendars: Calendars,
    private readonly contexts: WorkflowContexts,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  load(claimed: readonly ClaimedRun[], leasedUntil: number): Promise<LoadedRuns> {
    return this.database.transaction(async (manager) => {
      const loaded = await this.read(manager, claimed, leasedUntil);
      if (loaded.runs.some(({ executions }) => executions.some(({ status }) => status === 'running'))) {
        const [clock] = await sql<{ now: Date }>(manager, 'SELECT now() AS now');
        for (const run of loaded.runs) logLostAttempts(run, clock?.now ?? new Date(0));
      }
      return loaded;
    });
  }

  private async read(manager: EntityManager, claimed: readonly ClaimedRun[], leasedUntil: number): Promise<LoadedRuns> {
    await this.calendars.prepare(claimed.map(({ workspaceId }) => workspaceId));
    const versions = await this.active.versionsOf(manager, claimed);
    const events = await loadEvents(
      manager,
      claimed.flatMap(({ workspaceId, eventId }) => (eventId === null ? [] : [{ workspaceId, id: eventId }])),
    );
    const histories = await loadExecutions(
      manager,
      claimed.filter(({ isFresh }) => !isFresh),
    );
    const inboxes = await loadAnswers(
      manager,
      claimed.filter(({ answers }) => answers > 0),
    );
    const loaded: LoadedRuns = { runs: [], broken: [] };
    for (const run of claimed) {
      const version = versions.get(run.versionId);
      const event = run.eventId === null ? undefined : events.get(run.eventId);
      if (run.recoveries >= this.settings.limits.recoveries) {
        loaded.broken.push({ run, error: abandoned(run.recoveries) });
      } else if (version?.kind !== 'compiled') {
        loaded.broken.push({ run, error: version?.failure.error ?? VERSION_GONE });
      } else {
        loaded.runs.push(
          new HeldRun({
            workspaceId: run.workspaceId,
            id: run.id,
            version: version.version,
            event: event ? knownEvent(this.catalog, event) : null,
            record: run.module === null || run.recordId === null ? null : { module: run.module, id: run.recordId },
            actor: run.actor,
            parent: run.parent,
            fence: run.fence,
            isNew: false,
            startedAt: run.startedAt.toISOString(),
            firstStartedAt: run.firstStartedAt.toISOString(),
            executions: histories.get(run.id) ?? [],
            answers: inboxes.get(run.id) ?? NO_ANSWERS,
            leasedUntil,
            wasRecovered: run.recoveries > 0,
          }),
        );
      }
    }
    await this.contexts.restore(manager, loaded.runs);
    return loaded;
  }
}

function abandoned(recoveries: number): LoggedError {
  return {
    code: 'run_abandoned',
    message: `The run was taken up ${recoveries} times by processes that went away without getting any further.`,
    hint: 'A step of it may bring the process down. Look at the logs of the time, then retry.',
  };
}

const VERSION_GONE: LoggedError = {
  code: 'version_gone',
  message: 'The version of the workflow that this run belongs to no longer exists.',
};
