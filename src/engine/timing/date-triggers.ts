import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor, RecordData } from '../../core/event.js';
import { dateOf, isMissed } from '../../core/trigger/date.js';
import { CRM_HOST, type CrmHost } from '../../host/crm-host.js';
import { AutomationDatabase } from '../../store/database.js';
import { beginDateBuild } from '../../store/date-builds.js';
import { type DueRecord, lockDueRecords, noteDateTriggers, removeDateTriggers } from '../../store/date-triggers.js';
import { workspacesWithDue } from '../../store/due-by-workspace.js';
import { insertStarts, type StartRow } from '../../store/event-store.js';
import { startRow } from '../../store/start-row.js';
import { Turns } from '../../store/turns.js';
import { Calendars } from '../calendars.js';
import { isConnectionLoss } from '../failures.js';
import { FloodWatch } from '../routing/flood-watch.js';
import { nameOfModule, StalledWorkspaces } from '../stalled-workspaces.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import { type DatedVersion, isDated } from '../workflows/compiled-version.js';
import { DatedRecords, nameOf } from './dated-records.js';
import type { PublishedVersion, TimedTrigger, TimingRound } from './timed-trigger.js';

/** Records that one transaction starts runs for: as many as the process reads and judges without being long deaf to others. */
const BATCH = 200;
/** The same while another workspace has events of its own. */
const CROWDED_BATCH = 25;
/** Workspaces that one round goes through, a transaction each. */
const MOST_WORKSPACES = 20;
const DATE: Actor = { type: 'system', id: null, name: 'Date' };

/** What becomes of a record that is due. */
type Outcome = { kind: 'start'; start: StartRow } | { kind: 'move'; to: Date } | { kind: 'forget' };

/**
 * Triggers of type `date`: one row for each version and record, with when it is due. It goes in the transaction that
 * captures its start, after a look at the record as it is now: what was changed without a word is seen at the latest here.
 */
@Injectable()
export class DateTriggers implements TimedTrigger {
  readonly type = 'date';
  readonly name = 'date triggers';
  readonly kind = 'dates';
  private readonly turns = new Turns();
  private readonly logger = new Logger('AutomationTiming');

  constructor(
    private readonly database: AutomationDatabase,
    private readonly active: ActiveWorkflows,
    private readonly calendars: Calendars,
    private readonly records: DatedRecords,
    private readonly stalled: StalledWorkspaces,
    private readonly floods: FloodWatch,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  published(manager: EntityManager, { workspaceId, workflowId, versionId }: PublishedVersion): Promise<void> {
    return beginDateBuild(manager, { workspaceId, workflowId, versionId, isListed: this.crm.listByDate !== undefined });
  }

  withdrawn(manager: EntityManager, { workspaceId, workflowId }: { workspaceId: string; workflowId: string }): Promise<void> {
    return beginDateBuild(manager, { workspaceId, workflowId, versionId: null, isListed: true });
  }

  async round(): Promise<TimingRound> {
    const workspaces = await this.database.statement((manager) => workspacesWithDue(manager, 'date_triggers', MOST_WORKSPACES, this.turns));
    // Due they are, or nobody would have come.
    const total: TimingRound = { starts: 0, more: workspaces.length === 0 && 'soon' };
    let idle = 0;
    for (const workspaceId of workspaces) {
      try {
        const round = await this.database.transaction((manager) => this.startIn(manager, workspaceId));
        if (round === null) idle += 1;
        total.starts += round?.starts ?? 0;
        total.more ||= round?.more ?? false;
      } catch (error) {
        // One workspace that the CRM cannot answer for is no reason for the others to wait.
        if (isConnectionLoss(error)) throw error;
        idle += 1;
        this.logger.error(`Workspace ${workspaceId}: its date triggers wait: ${String(error)}`);
      }
    }
    total.more ||= workspaces.length === MOST_WORKSPACES && idle < workspaces.length;
    return total;
  }

  /** Null when there is nothing that this process may look at. */
  private async startIn(manager: EntityManager, workspaceId: string): Promise<TimingRound | null> {
    const stalled = this.stalled.dates.all.map((name) => JSON.parse(name) as [string, string]);
    const except = stalled.flatMap(([of, module]) => (of === workspaceId ? [module] : []));
    const most = this.floods.isCrowded ? CROWDED_BATCH : BATCH;
    const due = await lockDueRecords(manager, workspaceId, most, except);
    if (due.length === 0) return null;
    await this.database.enter(manager, workspaceId);
    await this.calendars.prepare([workspaceId]);
    const versions = await this.active.versionsOf(manager, due);
    const { present, unanswered } = await this.records.present(
      manager,
      due.filter(({ standing }) => standing !== 'stale'),
    );
    // What the CRM does not answer about stays due, and lets the workspace's other modules pass.
    const answered = due.filter((row) => !unanswered.has(nameOf(row)));
    for (const module of new Set(due.flatMap((row) => (unanswered.has(nameOf(row)) ? [row.module] : [])))) {
      this.stalled.dates.add(nameOfModule(workspaceId, module));
      this.logger.warn(`Workspace ${workspaceId}: the CRM does not answer 'findRecords'; its dates of ${module} wait.`);
    }
    const outcomes = answered.map((row) => {
      const version = versions.get(row.versionId);
      const dated = version?.kind === 'compiled' && isDated(version.version) ? version.version : null;
      return { row, outcome: this.outcomeOf(row, dated, present.get(nameOf(row)) ?? null) };
    });
    const starts = outcomes.flatMap(({ outcome }) => (outcome.kind === 'start' ? [outcome.start] : []));
    await insertStarts(manager, starts);
    await noteDateTriggers(
      manager,
      outcomes.flatMap(({ row, outcome }) => (outcome.kind === 'move' ? [{ ...row, kind: 'due' as const, dueAt: outcome.to }] : [])),
    );
    await removeDateTriggers(
      manager,
      outcomes.flatMap(({ row, outcome }) => (outcome.kind === 'move' ? [] : [row])),
    );
    return { starts: starts.length, more: due.length === most };
  }

  /** Without its version, which this process may not be able to read, a row is taken at its word. */
  private outcomeOf(row: DueRecord, version: DatedVersion | null, record: RecordData | null): Outcome {
    if (row.standing === 'stale' || record === null) return { kind: 'forget' };
    if (version === null) return { kind: 'start', start: startOf(row, row.dueAt, {}) };
    const due = this.records.dueAt(version, record);
    if (due === null) return { kind: 'forget' };
    if (due > row.now) return { kind: 'move', to: due };
    const { trigger } = version.definition;
    const tooLate = isMissed(trigger, due, row.now);
    return {
      kind: 'start',
      start: startOf(row, due, { field: trigger.field, date: dateOf(trigger, record), ...(tooLate && { tooLate }) }),
    };
  }
}

function startOf({ workspaceId, workflowId, versionId, module, recordId, standing }: DueRecord, due: Date, more: object): StartRow {
  const at = due.toISOString();
  return startRow({
    workspaceId,
    module,
    event: 'date',
    recordId,
    actor: DATE,
    source: 'date',
    key: `${versionId}:${recordId}:${at}`,
    trigger: { type: 'date', at, ...more },
    target: standing === 'published' ? { workflowId } : { workflowId, versionId },
  });
}
