import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import type { DomainEvent, RecordData } from '../../core/event.js';
import { dueAt } from '../../core/trigger/date.js';
import { CRM_HOST, type CrmHost } from '../../host/crm-host.js';
import { type DateTriggerChange, lockDatedRecords, noteDateTriggers } from '../../store/date-triggers.js';
import { Calendars } from '../calendars.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import type { DatedVersion } from '../workflows/compiled-version.js';

/** A record to look at, and since when what it says counts: what was due before is not due now. */
export interface DatedRecord {
  workspaceId: string;
  module: string;
  recordId: string;
  since: Date;
}

/** Notes when records are due, from what they are now. */
@Injectable()
export class DatedRecords {
  constructor(
    private readonly active: ActiveWorkflows,
    private readonly calendars: Calendars,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /** The events that tell of records which some version follows for a date, with those versions. */
  async followed<Event extends DomainEvent>(
    manager: EntityManager,
    events: readonly Event[],
    generations: ReadonlyMap<string, string | null>,
  ): Promise<Map<Event, readonly DatedVersion[]>> {
    const followed = new Map<Event, readonly DatedVersion[]>();
    for (const event of events) {
      const { workspaceId, module, recordId, trigger } = event;
      // Starts with an input of their own change no record.
      if (module === null || recordId === null || trigger !== null) continue;
      const versions = await this.active.dated(manager, workspaceId, generations.get(workspaceId) ?? null, module);
      if (versions.length > 0) followed.set(event, versions);
    }
    return followed;
  }

  /**
   * Follows the records that events are about, in the transaction that routes them. Returns the events about whose records
   * the CRM did not answer in time.
   */
  async follow<Event extends DomainEvent>(
    manager: EntityManager,
    events: readonly Event[],
    generations: ReadonlyMap<string, string | null>,
  ): Promise<Event[]> {
    const wanted = new Map<string, { record: DatedRecord; versions: readonly DatedVersion[] }>();
    for (const [event, versions] of await this.followed(manager, events, generations)) {
      const { workspaceId, module, recordId, occurredAt } = event as Event & { module: string; recordId: string };
      const key = nameOf({ workspaceId, module, recordId });
      const since = new Date(Math.min(Date.parse(occurredAt), wanted.get(key)?.record.since.getTime() ?? Number.POSITIVE_INFINITY));
      wanted.set(key, { record: { workspaceId, module, recordId, since }, versions });
    }
    if (wanted.size === 0) return [];
    const { unanswered } = await this.note(manager, [...wanted.values()]);
    return events.filter(({ workspaceId, module, recordId }) => unanswered.has(JSON.stringify([workspaceId, module, recordId])));
  }

  /** Notes when these records are due for these versions. Returns how many are, and the names of those that the CRM did not give in time. */
  async note(
    manager: EntityManager,
    wanted: readonly { record: DatedRecord; versions: readonly DatedVersion[] }[],
  ): Promise<{ noted: number; unanswered: ReadonlySet<string> }> {
    const records = wanted.map(({ record }) => record);
    await lockDatedRecords(manager, records);
    const { present, unanswered } = await this.present(manager, records);
    const changes = wanted
      .filter(({ record }) => !unanswered.has(nameOf(record)))
      .flatMap(({ record, versions }) => versions.map((version) => this.changeOf(record, version, present.get(nameOf(record)) ?? null)));
    await noteDateTriggers(manager, changes);
    return { noted: changes.filter(({ kind }) => kind === 'due').length, unanswered };
  }

  /** The records as they are now, without locks, by {@link nameOf}: those that are gone are missing, those that the CRM does not give in time are named. */
  async present(
    manager: EntityManager,
    records: readonly Omit<DatedRecord, 'since'>[],
  ): Promise<{ present: ReadonlyMap<string, RecordData>; unanswered: ReadonlySet<string> }> {
    const groups = new Map<string, Omit<DatedRecord, 'since'>[]>();
    for (const record of records) {
      const key = JSON.stringify([record.workspaceId, record.module]);
      groups.set(key, [...(groups.get(key) ?? []), record]);
    }
    const present = new Map<string, RecordData>();
    const unanswered = new Set<string>();
    for (const group of groups.values()) {
      const [{ workspaceId, module }] = group as [DatedRecord];
      const ids = [...new Set(group.map(({ recordId }) => recordId))];
      const options = { lock: false, relations: [] };
      const found = await this.crm.findRecords({ manager, workspaceId }, module, ids, options).catch(noAnswer);
      if (found === null) for (const record of group) unanswered.add(nameOf(record));
      else for (const [recordId, data] of found) present.set(nameOf({ workspaceId, module, recordId }), data);
    }
    return { present, unanswered };
  }

  /** When a record is due for a version; null when it has no such date. */
  dueAt({ workspaceId, definition }: DatedVersion, record: RecordData): Date | null {
    return dueAt(definition.trigger, record, this.calendars.of(workspaceId));
  }

  private changeOf(
    { workspaceId, module, recordId, since }: DatedRecord,
    version: DatedVersion,
    data: RecordData | null,
  ): DateTriggerChange {
    const row = { workspaceId, workflowId: version.workflow.id, versionId: version.versionId, module, recordId };
    const due = data === null ? null : this.dueAt(version, data);
    if (data === null || due === null || !this.mayStart(version, data, due)) return { ...row, kind: 'none' };
    return { ...row, kind: due > since ? 'due' : 'over', dueAt: due };
  }

  /**
   * Whether the record, if it stays as it is, meets the conditions when it is due: they are asked as of then, as relative
   * dates may come true without anybody doing anything. Related records too may change without a word: then it is seen when due.
   */
  private mayStart({ workspaceId, conditions, conditionRelations }: DatedVersion, record: RecordData, due: Date): boolean {
    if (conditions === null || conditionRelations.length > 0) return true;
    const calendar = this.calendars.of(workspaceId);
    return conditions.test({
      record,
      previous: null,
      changes: {},
      trigger: {},
      context: {},
      steps: {},
      actor: { type: 'system', id: null },
      now: due,
      timezone: calendar.timezone,
      calendar,
    });
  }
}

function noAnswer(error: unknown): null {
  if (error instanceof AutomationError && error.code === 'crm_timed_out') return null;
  throw error;
}

/** The name of a record among those of all workspaces. */
export function nameOf({ workspaceId, module, recordId }: Omit<DatedRecord, 'since'>): string {
  return JSON.stringify([workspaceId, module, recordId]);
}
