import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuid } from 'uuid';
import type { ModuleDescription } from '../core/catalog.js';
import { diffRecords } from '../core/derive-events.js';
import { AutomationError } from '../core/errors.js';
import type { DomainEvent, RecordData } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import { invalidRequest } from '../core/json-shape.js';
import { machinesIn } from '../core/machine/machines-read.js';
import { placeOf } from '../core/module-shape.js';
import { knownEvent, knownOf, setAt } from '../core/record-values.js';
import { sampleRecord } from '../core/sample.js';
import type { Calendar } from '../core/time/calendar.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { Calendars } from '../engine/calendars.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import { completeRecords } from '../engine/routing/complete-records.js';
import { computedIn, relationsIn } from '../engine/workflows/compiled-version.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { checkedPatch } from '../host/field-values.js';
import { type AssumedRecord, previewHost } from '../host/preview-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import { databaseNow } from '../store/clock.js';
import { loadEvents } from '../store/event-store.js';

/** What a preview is about: an event of the log, a record as it is now, or one that nobody has. */
export type PreviewSubject =
  | { eventId: string }
  /** `changes`: as if these fields had just been changed so. */
  | { recordId: string; changes?: JsonObject; trigger?: JsonObject }
  /** What of the record is not given has a value of its type. */
  | { sample: JsonObject; changes?: JsonObject; trigger?: JsonObject };

/** The transaction of a preview, which only reads, and what it goes by. */
export interface PreviewLook {
  manager: EntityManager;
  caller: Caller;
  now: Date;
  calendar: Calendar;
}

/** The event that a preview takes to have happened. */
export interface PreviewEvent {
  event: DomainEvent;
  /** Records that are taken to be there, whatever the CRM holds. */
  assumed: AssumedRecord[];
}

/** What the event of a preview is, where the log has none. */
export interface PreviewKind {
  /** Null: about no record. */
  module: string | null;
  /** `created`; of other starts their kind: `manual`. */
  event: string;
  /** Of a start that is no CRM event: what steps see as `trigger`. */
  trigger: JsonObject | null;
}

/** Finds what previews are about, in transactions that only read. */
@Injectable()
export class PreviewSubjects {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly calendars: Calendars,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** Runs `work` in one transaction that only reads, on the admin's share of the pool. */
  async look<T>(caller: Caller, work: (look: PreviewLook) => Promise<T>): Promise<T> {
    await this.calendars.prepare([caller.workspaceId]);
    return this.database.read(async (manager) => {
      await this.database.enter(manager, caller.workspaceId);
      return work({ manager, caller, now: await databaseNow(manager), calendar: this.calendars.of(caller.workspaceId) });
    });
  }

  /** Returns the module's description. Throws `module_not_found`. */
  module(name: string): ModuleDescription {
    const module = this.catalog.modules.get(name);
    if (module) return module;
    throw new AutomationError('module_not_found', `There is no module '${name}'.`, {
      hint: `The modules are: ${[...this.catalog.modules.keys()].join(', ')}.`,
    });
  }

  /** Throws `event_not_found`, `record_not_found`, and for changes that no record of the module can have what a step would throw. */
  async event(look: PreviewLook, subject: PreviewSubject, kind: PreviewKind): Promise<PreviewEvent> {
    if ('eventId' in subject) return this.stored(look, subject.eventId);
    const module = kind.module === null ? null : this.module(kind.module);
    const trigger = kind.trigger === null && subject.trigger === undefined ? null : { ...kind.trigger, ...subject.trigger };
    if (module === null) return { event: newEvent(look, { ...kind, trigger, recordId: null, record: null }), assumed: [] };
    const isSample = 'sample' in subject;
    const before = isSample ? sampleRecord(module, subject.sample, look.now) : await this.current(look, module, subject.recordId);
    const recordId = String(before.id);
    if (subject.changes === undefined) {
      const assumed = isSample ? [{ ref: { module: module.name, id: recordId }, record: before }] : [];
      return { event: newEvent(look, { ...kind, trigger, recordId, record: before }), assumed };
    }
    const after = changed(module, before, subject.changes, look.calendar.timezone);
    const changes = diffRecords(before, after, { relations: module.relations.map(({ name }) => name) }) ?? {};
    const event = { ...newEvent(look, { ...kind, trigger, recordId, record: after }), previous: before, changes };
    return { event, assumed: [{ ref: { module: module.name, id: recordId }, record: after }] };
  }

  /**
   * Returns the event with what these paths read beyond it, as routing completes it: related records and computed fields, as
   * they are now.
   */
  async completed(look: PreviewLook, { event, assumed }: PreviewEvent, paths: readonly string[]): Promise<DomainEvent> {
    const [completed] = await this.completedAll(look, [event], paths, assumed);
    return completed ?? event;
  }

  /** The same for events of one module. */
  async completedAll(
    { manager, now }: PreviewLook,
    events: readonly DomainEvent[],
    paths: readonly string[],
    assumed: readonly AssumedRecord[] = [],
  ): Promise<DomainEvent[]> {
    const module = this.catalog.modules.get(events[0]?.module ?? '') ?? null;
    const version = {
      conditionRelations: relationsIn(paths, module),
      conditionComputed: computedIn(paths, module),
      conditionMachines: machinesIn(paths),
    };
    const heard = events.map((event) => ({ ...event, heard: null, claimedAt: now, sharing: null }));
    const { payloadBytes } = this.settings.limits;
    const { unanswered } = await completeRecords(
      { manager, crm: previewHost(this.crm, assumed), catalog: this.catalog, payloadBytes },
      heard.map((event) => ({ event, version })),
      [],
    );
    if (unanswered.size > 0) {
      throw new AutomationError('crm_timed_out', "The CRM did not answer 'findRecords' in time.", { hint: 'Try again in a moment.' });
    }
    return heard;
  }

  /** An event with its record as it was then; what the event does not hold of the record is as it is now. */
  private async stored(look: PreviewLook, id: string): Promise<PreviewEvent> {
    const { workspaceId } = look.caller;
    const found = isUuid(id) ? (await loadEvents(look.manager, [{ workspaceId, id }])).get(id) : undefined;
    if (!found) throw new AutomationError('event_not_found', 'There is no event of this id.', { hint: 'Retention may have removed it.' });
    const event = knownEvent(this.catalog, found);
    const module = this.catalog.modules.get(event.module ?? '');
    const { recordId, record } = event;
    if (!module || recordId === null || record === null || event.event === 'deleted') return { event, assumed: [] };
    const present = await this.find(look, module, recordId);
    return { event, assumed: [{ ref: { module: module.name, id: recordId }, record: { ...present, ...record } }] };
  }

  private async current(look: PreviewLook, module: ModuleDescription, id: string): Promise<RecordData> {
    const record = await this.find(look, module, id);
    if (record) return record;
    throw new AutomationError('record_not_found', `There is no record '${id}' in ${module.name}.`);
  }

  private async find({ manager, caller }: PreviewLook, module: ModuleDescription, id: string): Promise<RecordData | null> {
    const { workspaceId } = caller;
    const found = await this.crm.findRecords({ manager, workspaceId }, module.name, [id], { lock: false, relations: [] });
    const record = found.get(id);
    return record ? knownOf(this.catalog, module, record) : null;
  }
}

function newEvent(
  { caller, now }: PreviewLook,
  { module, event, trigger, recordId, record }: PreviewKind & { recordId: string | null; record: RecordData | null },
): DomainEvent {
  return {
    id: uuid(),
    workspaceId: caller.workspaceId,
    module,
    event,
    recordId,
    record,
    previous: null,
    changes: null,
    actor: callerAsActor(caller),
    cause: null,
    trigger,
    target: null,
    parent: null,
    occurredAt: now.toISOString(),
  };
}

/** The record with other values. Also of fields that workflows may not write: people and the CRM itself do. */
function changed(module: ModuleDescription, before: RecordData, changes: JsonObject, timezone: string): RecordData {
  if (Object.hasOwn(changes, 'id')) throw invalidRequest([{ path: 'changes.id', message: 'The id of a record does not change.' }]);
  const anyone = { ...module, fields: module.fields.map((field) => ({ ...field, writable: true })) };
  const after = structuredClone(before);
  for (const [name, value] of Object.entries(checkedPatch(anyone, changes, timezone))) setAt(after, placeOf(module, name), value);
  return after;
}
