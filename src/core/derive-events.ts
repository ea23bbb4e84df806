import type { EventRule, ModuleDescription } from './catalog.js';
import type { FieldChange, RecordData } from './event.js';
import { isJsonObject, type Json } from './json.js';
import { readMember } from './scope.js';
import { isForbiddenKey } from './storable-json.js';

/** An event that a change of a record amounts to. */
export interface DerivedEvent {
  event: string;
  changes: Record<string, FieldChange> | null;
}

/** What {@link diffRecords} leaves out. */
export interface DiffOptions {
  /** Names of relations: their nested records are not fields of this record. */
  relations?: readonly string[];
}

/**
 * The fields whose values differ, compared by value. A field that only one of the two has counts as null in the other,
 * so both should hold the whole record.
 *
 * @returns null when nothing differs, and when there is no record before or none after.
 */
export function diffRecords(
  before: RecordData | null,
  after: RecordData | null,
  options: DiffOptions = {},
): Record<string, FieldChange> | null {
  if (before === null || after === null) return null;
  const { relations = [] } = options;
  const changes: Record<string, FieldChange> = {};
  let changed = false;
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (relations.includes(field) || isForbiddenKey(field)) continue;
    const from = own(before, field);
    const to = own(after, field);
    if (sameJson(from, to)) continue;
    changes[field] = { from, to };
    changed = true;
  }
  return changed ? changes : null;
}

/**
 * The events of a module that a change of one of its records amounts to, in the order in which the module declares
 * them. `before` null is a record that was created, `after` null one that was deleted. Custom events are never derived.
 */
export function deriveEvents(module: ModuleDescription, before: RecordData | null, after: RecordData | null): DerivedEvent[] {
  const changes = diffRecords(before, after, { relations: module.relations.map(({ name }) => name) });
  return module.events.filter(({ rule }) => happened(rule, before, after, changes)).map(({ name }) => ({ event: name, changes }));
}

/** What happened to a field, or to a member of one (`address.city`); null when nothing did. */
export function changeOfField(changes: Record<string, FieldChange>, name: string): FieldChange | null {
  if (Object.hasOwn(changes, name)) return changes[name] ?? null;
  const [holder = '', ...below] = name.split('.');
  const change = below.length > 0 && Object.hasOwn(changes, holder) ? changes[holder] : undefined;
  if (!change) return null;
  const from = readMember(change.from, below) ?? null;
  const to = readMember(change.to, below) ?? null;
  return sameJson(from, to) ? null : { from, to };
}

/** True when two values are the same JSON: the order of members does not matter, that of items does, and undefined is null. */
export function sameJson(left: Json | undefined, right: Json | undefined): boolean {
  const pairs: [Json | undefined, Json | undefined][] = [[left, right]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [a = null, b = null] = pair;
    if (a === b) continue;
    if (Array.isArray(a)) {
      if (!Array.isArray(b) || a.length !== b.length) return false;
      for (const [index, item] of a.entries()) pairs.push([item, b[index]]);
    } else if (isJsonObject(a) && isJsonObject(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) pairs.push([own(a, key), own(b, key)]);
    } else {
      return false;
    }
  }
  return true;
}

function happened(
  rule: EventRule,
  before: RecordData | null,
  after: RecordData | null,
  changes: Record<string, FieldChange> | null,
): boolean {
  switch (rule.on) {
    case 'created':
      return before === null && after !== null;
    case 'deleted':
      return before !== null && after === null;
    case 'updated':
      return changes !== null;
    case 'changed': {
      const change = changes && changeOfField(changes, rule.field);
      return change !== null && (rule.to === undefined || rule.to.some((value) => sameJson(value, change.to)));
    }
    case 'custom':
      return false;
  }
}

function own(object: Record<string, Json | undefined>, key: string): Json {
  return Object.hasOwn(object, key) ? (object[key] ?? null) : null;
}
