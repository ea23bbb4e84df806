import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import { earliestDate } from '../../core/trigger/date.js';
import { CRM_HOST, type CrmHost } from '../../host/crm-host.js';
import { AutomationDatabase } from '../../store/database.js';
import { advanceDateBuild, clearEarlierVersions, type DateBuild, lockDateBuild, noteDateBuildProblem } from '../../store/date-builds.js';
import { Calendars } from '../calendars.js';
import { isConnectionLoss, toLoggedFailure } from '../failures.js';
import { ActiveWorkflows, type VersionOutcome } from '../workflows/active-workflows.js';
import { type DatedVersion, isDated } from '../workflows/compiled-version.js';
import { DatedRecords } from './dated-records.js';
import type { DueWork, TimingRound } from './timed-trigger.js';

/** Records that one transaction looks at, and rows that one removes. */
const BATCH = 500;
const NOTHING = { noted: 0, unanswered: new Set<string>() };

/** What publishing a workflow with a date trigger leaves to be done: existing records are noted, what earlier versions noted is removed. */
@Injectable()
export class DateBuilds implements DueWork {
  readonly name = 'date builds';
  readonly kind = 'dateBuilds';

  constructor(
    private readonly database: AutomationDatabase,
    private readonly active: ActiveWorkflows,
    private readonly calendars: Calendars,
    private readonly records: DatedRecords,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /** One batch. A host that fails to list its records is noted and asked again; other builds go on meanwhile. */
  async round(): Promise<TimingRound> {
    let build: DateBuild | null = null;
    try {
      await this.database.transaction(async (manager) => {
        build = await lockDateBuild(manager);
        if (build !== null) await (build.state === 'building' ? this.build(manager, build) : this.clear(manager, build));
      });
      return { starts: 0, more: build !== null };
    } catch (error) {
      const failed = build as DateBuild | null;
      if (failed === null || isConnectionLoss(error)) throw error;
      await this.database.statement((manager) => noteDateBuildProblem(manager, failed, toLoggedFailure(error).error));
      return { starts: 0, more: false };
    }
  }

  private async build(manager: EntityManager, build: DateBuild): Promise<void> {
    const { workspaceId, startedAt } = build;
    await this.database.enter(manager, workspaceId);
    const version = await this.versionOf(manager, build);
    await this.calendars.prepare([workspaceId]);
    const ids = version === null ? [] : await this.idsOf(manager, build, version);
    const wanted = ids.map((recordId) => ({
      record: { workspaceId, module: (version as DatedVersion).definition.trigger.module, recordId, since: startedAt },
      versions: [version as DatedVersion],
    }));
    const { noted, unanswered } = wanted.length === 0 ? NOTHING : await this.records.note(manager, wanted);
    if (unanswered.size > 0) throw new AutomationError('crm_timed_out', `The CRM did not give ${unanswered.size} records in time.`);
    const state = ids.length < BATCH ? 'clearing' : 'building';
    await advanceDateBuild(manager, build, { state, after: ids.at(-1) ?? build.after, seen: ids.length, noted });
  }

  /** Null when it is gone. Throws where this process cannot read it: the build goes on in one that can, and says so meanwhile. */
  private async versionOf(manager: EntityManager, { workspaceId, versionId }: DateBuild): Promise<DatedVersion | null> {
    const versions: Map<string | null, VersionOutcome> =
      versionId === null ? new Map() : await this.active.versionsOf(manager, [{ workspaceId, versionId }]);
    const outcome = versions.get(versionId);
    if (outcome?.kind === 'unreadable') {
      throw new AutomationError('version_unreadable', `This process cannot read the version: ${outcome.failure.error.message}`, {
        hint: outcome.failure.error.hint ?? 'A process of a newer release goes on with it; else correct the workflow and publish it again.',
      });
    }
    return outcome?.kind === 'compiled' && isDated(outcome.version) ? outcome.version : null;
  }

  private async idsOf(
    manager: EntityManager,
    { workspaceId, startedAt, after }: DateBuild,
    { definition }: DatedVersion,
  ): Promise<string[]> {
    const { trigger } = definition;
    const from = earliestDate(trigger, startedAt, this.calendars.of(workspaceId)).toISOString();
    const range = { field: trigger.field, from, after, limit: BATCH };
    return (await this.crm.listByDate?.({ manager, workspaceId }, trigger.module, range)) ?? [];
  }

  private async clear(manager: EntityManager, build: DateBuild): Promise<void> {
    const removed = await clearEarlierVersions(manager, build, BATCH);
    const state = removed < BATCH ? 'done' : 'clearing';
    await advanceDateBuild(manager, build, { state, after: build.after, seen: 0, noted: 0 });
  }
}
