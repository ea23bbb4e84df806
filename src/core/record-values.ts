import type { Catalog, FieldDescription, ModuleDescription } from './catalog.js';
import { sameJson } from './derive-events.js';
import type { RecordData } from './event.js';
import { isJsonObject, type Json, type JsonObject } from './json.js';
import { shapeOf } from './module-shape.js';
import { readMember } from './scope.js';
import { toStorableJson } from './storable-json.js';

/** A decimal number as databases print it. */
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
/** Digits that a double keeps exactly; longer numbers stay text. */
const EXACT_DIGITS = 15;

/** Where the host has a field's value in what its code gave; undefined: under the field's name, or nowhere. */
export type FieldReader = (module: string, given: object, field: string) => unknown;

/**
 * What the catalog knows of a record, in a copy: its fields, and of the to-one relations that are loaded their fields. The
 * catalog is walked, not the object: whatever else hangs on an entity (lists that were loaded with it, getters, what is
 * hidden) is neither read nor paid for. A value that cannot be read is left out. Fields that hold nothing (undefined) are
 * left out, too: nobody has said what is in them.
 */
export function recordOf(
  { modules }: Pick<Catalog, 'modules'>,
  module: ModuleDescription,
  given: object,
  read: FieldReader = () => undefined,
): RecordData {
  const record = fieldsOf(module, given, read);
  for (const { name, module: target } of module.relations) {
    const description = modules.get(target);
    const related = description && loadedRelation(given, name);
    if (related === null) record[name] = null;
    else if (description && isJsonObject(related)) record[name] = fieldsOf(description, related, read);
  }
  return record;
}

/** The record without what the catalog does not know (any more); its relations likewise. */
export function knownOf({ modules }: Pick<Catalog, 'modules'>, module: ModuleDescription, record: RecordData): RecordData {
  const known: RecordData = { ...ownFieldsOf(module, record) };
  for (const { name, module: target } of module.relations) {
    const related = record[name];
    const description = modules.get(target);
    if (related === null) known[name] = null;
    else if (description && isJsonObject(related)) known[name] = ownFieldsOf(description, related);
  }
  return known;
}

/** What an event as it was stored says of records. */
interface StoredEvent {
  module: string | null;
  record: RecordData | null;
  previous: RecordData | null;
  changes: object | null;
}

/**
 * An event that was stored some time ago with what the catalog knows of its record today: what the host has hidden since
 * reaches neither a run nor a response. Of a module that has left the catalog the ids are all that is known.
 */
export function knownEvent<Event extends StoredEvent>(catalog: Pick<Catalog, 'modules'>, event: Event): Event {
  if (event.module === null) return event;
  const module = catalog.modules.get(event.module);
  if (!module) {
    return {
      ...event,
      record: event.record && idOf(event.record),
      previous: event.previous && idOf(event.previous),
      changes: event.changes && {},
    };
  }
  const record = event.record && knownOf(catalog, module, event.record);
  const previous = event.previous && knownOf(catalog, module, event.previous);
  return { ...event, record, previous, changes: event.changes && knownChanges(module, event.changes) };
}

function idOf({ id }: RecordData): RecordData {
  return id === undefined ? {} : { id };
}

/** The changes of the fields that the catalog knows. */
export function knownChanges<Changes extends object>(module: ModuleDescription, changes: Changes): Changes {
  const { names, members } = shapeOf(module);
  const known = Object.entries(changes).flatMap(([name, change]) => {
    const own = members.get(name);
    if (!names.has(name)) return [];
    if (!own || !isJsonObject(change)) return [[name, change]];
    const from = knownMembers(own, change.from);
    const to = knownMembers(own, change.to);
    return sameJson(from, to) ? [] : [[name, { from, to }]];
  });
  return Object.fromEntries(known) as Changes;
}

/** The record with its own fields alone; the same object where it has nothing else. */
export function ownFieldsOf(module: ModuleDescription, record: RecordData): RecordData {
  const { names, members } = shapeOf(module);
  let own = record;
  for (const name in record) {
    if (names.has(name)) continue;
    own = Object.fromEntries(Object.entries(record).filter(([key]) => names.has(key)));
    break;
  }
  for (const [holder, list] of members) if (Object.hasOwn(own, holder)) own = { ...own, [holder]: knownMembers(list, own[holder]) };
  return own;
}

/** An object all of whose members are fields, with those members alone. */
function knownMembers(members: readonly FieldDescription[], value: Json | undefined): Json | undefined {
  if (!isJsonObject(value)) return value;
  const known: JsonObject = {};
  for (const { name } of members) {
    const path = name.split('.').slice(1);
    const member = readMember(value, path);
    if (member !== undefined) setAt(known, path, member);
  }
  return known;
}

function fieldsOf(module: ModuleDescription, given: object, read: FieldReader): RecordData {
  const shape = shapeOf(module);
  const record: RecordData = {};
  const take = (field: Pick<FieldDescription, 'name' | 'type'>, path: readonly string[]): void => {
    const value = readField(module, given, field.name, path, read);
    if (value === undefined) return;
    const json = toStorableJson(value);
    setAt(record, path, json === null ? null : inForm(field, json));
  };
  for (const field of shape.own) {
    const members = shape.members.get(field.name);
    if (!members) take(field, [field.name]);
    else for (const member of members) take(member, member.name.split('.'));
  }
  // Ids are texts everywhere, as in the CrmHost port; a host need not list them among the fields.
  if (!shape.fields.has('id')) take(ID, ['id']);
  if (typeof record.id === 'number') record.id = String(record.id);
  return record;
}

const ID = { name: 'id', type: 'text' } as const;

function readField(module: ModuleDescription, given: object, name: string, path: readonly string[], read: FieldReader): unknown {
  try {
    const value = read(module.name, given, name);
    return value === undefined ? valueAt(given, path) : value;
  } catch {
    return undefined;
  }
}

function valueAt(given: object, path: readonly string[]): unknown {
  let here: unknown = given;
  for (const name of path) {
    if (here === null) return null;
    if (typeof here !== 'object') return undefined;
    here = (here as Record<string, unknown>)[name];
  }
  return here;
}

/** What is loaded of a relation: looked up without calling an accessor, for TypeORM's lazy relations begin to load then. */
function loadedRelation(given: object, name: string): unknown {
  try {
    return Object.getOwnPropertyDescriptor(given, name)?.value;
  } catch {
    return undefined;
  }
}

/** Sets a member of a record, making the objects on the way to it. */
export function setAt(record: JsonObject, path: readonly string[], value: Json): void {
  let here = record;
  for (const name of path.slice(0, -1)) {
    const next = here[name];
    const inner: JsonObject = isJsonObject(next) ? next : {};
    here[name] = inner;
    here = inner;
  }
  here[path.at(-1) as string] = value;
}

/**
 * A value as the catalog says its field is. Hosts publish what their ORM gave them: a `numeric` column as the text
 * `"50000.00"`, an integer foreign key as a number. Taken literally, `amount greater_than 10000` would fail on a text.
 * Only lossless changes of form; values that do not fit their field stay.
 */
function inForm({ type }: Pick<FieldDescription, 'type'>, value: Json): Json {
  if (typeof value === 'number' && type === 'text') return String(value);
  if (typeof value !== 'string') return value;
  if ((type === 'number' || type === 'money') && DECIMAL.test(value) && value.replace(/\D/g, '').length <= EXACT_DIGITS)
    return Number(value);
  if (type === 'date' && /^\d{4}-\d{2}-\d{2}T00:00:00\.000Z$/.test(value)) return value.slice(0, 10);
  return value;
}
