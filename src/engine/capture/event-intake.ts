import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Catalog, ModuleDescription } from '../../core/catalog.js';
import { deriveEvents, diffRecords } from '../../core/derive-events.js';
import { AutomationError, type Problem } from '../../core/errors.js';
import type { Actor, RecordData } from '../../core/event.js';
import { cutToSize } from '../../core/event-size.js';
import { isJsonObject } from '../../core/json.js';
import { type FieldReader, recordOf } from '../../core/record-values.js';
import { toStorableJson } from '../../core/storable-json.js';
import { CRM_HOST, type CrmHost, type SeenChange } from '../../host/crm-host.js';
import { AutomationDatabase } from '../../store/database.js';
import { type EventRow, insertEvents, insertHeardEvent } from '../../store/event-store.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { WakeUp } from '../wake-up.js';
import type { AutomationEvent, RecordChange } from './automation-event.js';

const SYSTEM: Actor = { type: 'system', id: null };
/** Longest texts that become keys or indexed columns. */
const NAME_LENGTH = 200;

/** The door for events: checks them, makes them storable, and writes them where the caller's transaction decides. */
@Injectable()
export class EventIntake {
  private readonly moduleNames: ReadonlyMap<string, string>;
  private readonly readField: FieldReader;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly wakeUp: WakeUp,
    @Inject(CRM_HOST) crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {
    this.readField = (module, given, field) => crm.fieldOf?.(module, given, field);
    const modules = [...catalog.modules.values()];
    this.moduleNames = new Map([
      ...modules.map((module) => [module.singular, module.name] as const),
      ...modules.map((module) => [module.name, module.name] as const),
    ]);
  }

  /**
   * Captures events. With a manager: in its transaction, so that they exist if and only if it commits; without one:
   * at once, in a transaction of our own. Throws `event_invalid`, before anything is written. One that is too large is no
   * reason to fail the host's transaction: it is cut, and says so.
   */
  async publish(events: AutomationEvent | readonly AutomationEvent[], manager?: EntityManager): Promise<void> {
    const list = readable('event', (): readonly AutomationEvent[] => (Array.isArray(events) ? [...events] : [events as AutomationEvent]));
    await this.write(
      list.map((event, index) => this.toRow(event, list.length === 1 ? '' : `[${index}].`)),
      manager,
    );
  }

  /** The rows of events, for whoever writes them. Throws as {@link publish} does. */
  rowsOf(events: readonly AutomationEvent[]): EventRow[] {
    return events.map((event, index) => this.toRow(event, `[${index}].`));
  }

  /** Derives the events of a change by the rules of its module and captures them; see {@link publish}. */
  async publishChange(change: RecordChange, manager?: EntityManager): Promise<void> {
    await this.write(this.rowsOfChange(change), manager);
  }

  /** The same for changes that were seen where they were written, whose records are records already; in one statement. */
  async publishSeen(changes: readonly (SeenChange & { workspaceId: string; actor?: Actor })[], manager: EntityManager): Promise<void> {
    const rows = changes.flatMap(({ workspaceId, module: name, actor, ...change }) => {
      const module = this.catalog.modules.get(name);
      if (!module) throw unknownModule(name, '', this.catalog);
      const before = change.before && (toStorableJson(change.before) as RecordData);
      const after = change.after && (toStorableJson(change.after) as RecordData);
      return this.eventsOf({ workspaceId, module: name, actor, source: 'subscriber' }, module, { before, after });
    });
    await this.write(rows, manager);
  }

  private rowsOfChange(change: RecordChange): EventRow[] {
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
    const before = this.storableRecord(given.before, 'before', module);
    const after = this.storableRecord(given.after, 'after', module);
    withoutHalfKnown(module, before, after);
    return this.eventsOf(given, module, { before, after });
  }

  private eventsOf(
    given: Pick<AutomationEvent, 'workspaceId' | 'module' | 'actor' | 'source'>,
    module: ModuleDescription,
    { before, after }: { before: RecordData | null; after: RecordData | null },
  ): EventRow[] {
    const record = after ?? before;
    return deriveEvents(module, before, after).map(({ event }) =>
      this.toRow({ ...given, event, recordId: textId(record?.id) ?? undefined }, '', { record, previous: before }),
    );
  }

  /**
   * Captures an event that somebody heard of, in a transaction of our own: routing holds it against the record before it
   * believes it. Throws as {@link publish} does.
   */
  async hear(event: AutomationEvent): Promise<void> {
    const row = this.toRow({ ...event, source: event.source ?? 'emitter' }, '');
    await this.database.transaction((own) => insertHeardEvent(own, row));
    this.wakeUp.announce('events');
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

  /** `made`: the records as they are to be stored, where they have been looked at already. */
  private toRow(given: AutomationEvent, at: string, made?: { record: RecordData | null; previous: RecordData | null }): EventRow {
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
    const record = made ? made.record : this.storableRecord(event.record, `${at}record`, description);
    const previous = made ? made.previous : this.storableRecord(event.previous, `${at}previous`, description);
    withoutHalfKnown(description, previous, record);
    const recordId = textId(event.recordId ?? record?.id ?? previous?.id);
    if (recordId !== null && recordId.length > NAME_LENGTH)
      problems.push({ path: `${at}recordId`, message: `must have ${NAME_LENGTH} characters at the most` });
    if (problems.length > 0) throw invalidEvent(problems);
    const row = {
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
    const { event: kept, cut } = cutToSize(row, this.settings.limits.payloadBytes);
    return { ...kept, cut };
  }

  private storableRecord(value: object | null | undefined, path: string, module: ModuleDescription): RecordData | null {
    if (value === undefined || value === null) return null;
    if (readable(path, () => isJsonObject(value))) return recordOf(this.catalog, module, value, this.readField);
    throw invalidEvent([{ path, message: 'must be an object: the record with its fields' }]);
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

/** A computed field that only one of the two records tells has not changed for that: what is missing could not be worked out. */
function withoutHalfKnown(module: ModuleDescription, previous: RecordData | null, record: RecordData | null): void {
  if (previous === null || record === null) return;
  for (const { name, computed } of module.fields) {
    if (!computed || Object.hasOwn(previous, name) === Object.hasOwn(record, name)) continue;
    delete previous[name];
    delete record[name];
  }
}

function textId(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value !== '' ? String(toStorableJson(value)) : null;
}

/** Of an actor its own members alone: hosts hand over the user they have at hand, with all that is loaded of it. */
function actorOf(given: Actor | undefined): Actor {
  const own = readable('actor', () =>
    isJsonObject(given) ? { type: given.type, id: given.id, name: given.name, roles: given.roles } : null,
  );
  if (own === null) return SYSTEM;
  const actor = toStorableJson(own);
  return { ...SYSTEM, ...(actor as Partial<Actor>) };
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
