import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Catalog, ModuleDescription } from '../../core/catalog.js';
import { deriveEvents, diffRecords } from '../../core/derive-events.js';
import { AutomationError, type Problem } from '../../core/errors.js';
import type { Actor, RecordData } from '../../core/event.js';
import { isJsonObject, type Json } from '../../core/json.js';
import { toRecordData } from '../../core/record-values.js';
import { jsonBytes, toStorableJson } from '../../core/storable-json.js';
import { AutomationDatabase } from '../../store/database.js';
import { type EventRow, insertEvents } from '../../store/event-store.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { WakeUp } from '../wake-up.js';

/** An event as the host gives it. Records may be entities or plain objects; dates may be Date. */
export interface AutomationEvent {
  workspaceId: string;
  /** `leads` (or `lead`). */
  module: string;
  /** `created`, `stage_changed`, … */
  event: string;
  /** Default: the record's `id`. */
  recordId?: string | number;
  /** The record after the event. Left out: it is read when the event is routed. */
  record?: object | null;
  /** The record before; with it, conditions on changes work. */
  previous?: object | null;
  /** Default: a `system` actor. */
  actor?: Actor;
  /** Deduplication: an event of the same workspace, source and key is captured once while the first is kept. */
  key?: string;
  /** What gave the key; default `publish`. */
  source?: string;
}

/** A change of one record, from which its events are derived (`updated`, `stage_changed`, `closed_won`, …). */
export interface RecordChange {
  workspaceId: string;
  module: string;
  /** Null: created. */
  before: object | null;
  /** Null: deleted. */
  after: object | null;
  actor?: Actor;
}

const SYSTEM: Actor = { type: 'system', id: null };
/** Longest texts that become keys or indexed columns. */
const NAME_LENGTH = 200;

/** The door for events: checks them, makes them storable, and writes them where the caller's transaction decides. */
@Injectable()
export class EventIntake {
  private readonly moduleNames: ReadonlyMap<string, string>;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly wakeUp: WakeUp,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {
    const modules = [...catalog.modules.values()];
    this.moduleNames = new Map([
      ...modules.map((module) => [module.singular, module.name] as const),
      ...modules.map((module) => [module.name, module.name] as const),
    ]);
  }

  /**
   * Captures events. With a manager: in its transaction, so that they exist if and only if it commits; without one:
   * at once, in a transaction of our own. Throws `event_invalid` or `payload_too_large`, before anything is written.
   */
  async publish(events: AutomationEvent | readonly AutomationEvent[], manager?: EntityManager): Promise<void> {
    const list = readable('event', (): readonly AutomationEvent[] => (Array.isArray(events) ? [...events] : [events as AutomationEvent]));
    await this.write(
      list.map((event, index) => this.toRow(event, list.length === 1 ? '' : `[${index}].`)),
      manager,
    );
  }

  /** Derives the events of a change by the rules of its module and captures them; see {@link publish}. */
  async publishChange(change: RecordChange, manager?: EntityManager): Promise<void> {
    const given = seenOnce(change, 'change', ({ workspaceId, module, before, after, actor }) => ({
      workspaceId,
      module,
      before,
      after,
      actor,
    }));
    const name = this.moduleNames.get(given.module);
    const module = name === undefined ? undefined : this.catalog.modules.get(name);
    if (!module) throw unknownModule(given.module, '', this.catalog);
    const before = storableRecord(given.before, 'before', module);
    const after = storableRecord(given.after, 'after', module);
    const rows = deriveEvents(module, before, after).map(({ event }) =>
      this.toRow({ ...given, event, record: after ?? before, previous: before, recordId: textId((after ?? before)?.id) ?? undefined }, ''),
    );
    await this.write(rows, manager);
  }

  private async write(rows: EventRow[], manager: EntityManager | undefined): Promise<void> {
    if (rows.length === 0) return;
    if (manager === undefined) {
      await this.database.transaction((own) => insertEvents(own, rows));
      this.wakeUp.announce('events');
      return;
    }
    await insertEvents(manager, rows);
    this.wakeUp.announceAfterCommit(manager);
  }

  private toRow(given: AutomationEvent, at: string): EventRow {
    const event = seenOnce(given, at.slice(0, -1) || 'event', membersOf);
    const problems: Problem[] = [];
    const text = (name: 'workspaceId' | 'event' | 'key' | 'source', value: unknown): string => {
      if (typeof value === 'string' && value !== '' && value.length <= NAME_LENGTH) return String(toStorableJson(value));
      problems.push({ path: `${at}${name}`, message: `must be a text of 1 to ${NAME_LENGTH} characters` });
      return '';
    };
    const workspaceId = text('workspaceId', event.workspaceId);
    const name = text('event', event.event);
    const key = event.key === undefined || event.key === null ? null : text('key', event.key);
    const source = event.source === undefined ? 'publish' : text('source', event.source);
    const module = this.moduleNames.get(event.module);
    const description = module === undefined ? undefined : this.catalog.modules.get(module);
    if (module === undefined || description === undefined) throw unknownModule(event.module, at, this.catalog);
    const record = storableRecord(event.record, `${at}record`, description);
    const previous = storableRecord(event.previous, `${at}previous`, description);
    const recordId = textId(event.recordId ?? record?.id ?? previous?.id);
    if (problems.length > 0) throw invalidEvent(problems);
    const row: EventRow = {
      id: uuidv7(),
      workspaceId,
      module,
      event: name,
      recordId,
      record,
      previous,
      changes: diffRecords(previous, record, { relations: description.relations.map((relation) => relation.name) }),
      actor: actorOf(event.actor),
      cause: null,
      source,
      key,
    };
    const bytes = jsonBytes(row as unknown as Json);
    if (bytes > this.settings.limits.payloadBytes) {
      throw new AutomationError(
        'payload_too_large',
        `The event ${module}.${name} of record ${recordId} is ${bytes} bytes of JSON; ${this.settings.limits.payloadBytes} are allowed.`,
        { hint: 'Publish the fields that workflows use, or publish without `record`: it is read when the event is routed.' },
      );
    }
    return row;
  }
}

/** What looking at something of the host's gives; a proxy or a getter of it may throw, and then it is no event. */
function readable<T>(path: string, look: () => T): T {
  try {
    return look();
  } catch (cause) {
    throw invalidEvent([{ path, message: 'cannot be read: a getter or proxy of it throws' }], cause);
  }
}

/** A copy that is safe to look at again. */
function seenOnce<T extends object>(given: T, path: string, copy: (given: T) => T): T {
  const seen = readable(path, () => (isJsonObject(given) ? copy(given) : null));
  if (seen === null) throw invalidEvent([{ path, message: 'must be an object' }]);
  return seen;
}

/** By name, not by spreading: an event may be an instance of a class of the host's, with accessors. */
function membersOf({ workspaceId, module, event, recordId, record, previous, actor, key, source }: AutomationEvent): AutomationEvent {
  return { workspaceId, module, event, recordId, record, previous, actor, key, source };
}

function storableRecord(value: object | null | undefined, path: string, module: ModuleDescription): RecordData | null {
  if (value === undefined || value === null) return null;
  const json = toStorableJson(value);
  if (isJsonObject(json)) return toRecordData(module, json);
  throw invalidEvent([{ path, message: 'must be an object: the record with its fields' }]);
}

function textId(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value !== '' ? String(toStorableJson(value)) : null;
}

function actorOf(actor: Actor | undefined): Actor {
  const json = toStorableJson(actor ?? SYSTEM);
  return isJsonObject(json) ? { ...SYSTEM, ...(json as Partial<Actor>) } : SYSTEM;
}

function invalidEvent(problems: Problem[], cause?: unknown): AutomationError {
  return new AutomationError(
    'event_invalid',
    `The event cannot be captured: ${problems.map(({ path, message }) => `${path} ${message}`).join('; ')}.`,
    { problems, cause },
  );
}

function unknownModule(name: unknown, at: string, catalog: Catalog): AutomationError {
  return new AutomationError(
    'event_invalid',
    `There is no module ${typeof name === 'string' ? `'${name}'` : 'of that name: it must be a text'}.`,
    {
      hint: `The CRM has these modules: ${[...catalog.modules.keys()].join(', ')}.`,
      problems: [{ path: `${at}module`, message: 'must be a module of the CRM' }],
    },
  );
}
