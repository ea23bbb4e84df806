import type { FieldType } from '../catalog.js';
import type { Json, JsonObject } from '../json.js';
import { compareDates, parseDate } from '../time/dates.js';
import { isTimezone } from '../time/zones.js';
import { equalsPlain, folding, isAscii } from './letter-case.js';
import { type Judge, mismatch, UNKNOWN_ZONE_NOTE, Unfit, unfitValue } from './operator.js';

/** How deep values are looked into; records are never that deep, and none can overflow the stack. */
const DEEPEST = 100;

/** Equality of two JSON values by content; members that are undefined do not count. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || (isCompound(a) && isCompound(b) && contentKey(a) === contentKey(b));
}

function isCompound(value: Json | undefined): value is JsonObject | Json[] {
  return typeof value === 'object' && value !== null;
}

/** Keys sorted, so that equal content gives equal texts; what lies too deep is left out. */
function contentKey(value: Json | undefined, depth = 0): string {
  if (!isCompound(value)) return JSON.stringify(value ?? null);
  if (depth > DEEPEST) return '';
  if (Array.isArray(value)) return `[${value.map((item) => contentKey(item, depth + 1)).join()}]`;
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${contentKey(value[key], depth + 1)}`);
  return `{${members.join()}}`;
}

/** How values of a field are compared: by its type, or by the values where the type is not known. */
export interface EqualityRules {
  type: FieldType | null;
  caseSensitive: boolean;
}

/** Judges whether values equal this one; null equals only null. Or says why nothing can. */
export function equalTo(expected: Json, rules: EqualityRules): Judge | Unfit {
  if (expected === null) return (seen) => seen === null;
  switch (rules.type) {
    case 'date':
    case 'datetime':
      return equalToDate(expected);
    case 'number':
    case 'money':
      return typeof expected === 'number' ? equalToScalar(expected, 'a number') : unfitValue(expected, 'a number');
    case 'boolean':
      return typeof expected === 'boolean' ? equalToScalar(expected, 'true or false') : unfitValue(expected, 'true or false');
    case 'text':
      return typeof expected === 'string' ? equalToText(expected, rules.caseSensitive) : unfitValue(expected, 'a text');
    case 'list':
      return Array.isArray(expected) ? equalToList(expected, rules) : unfitValue(expected, 'a list');
    default:
      return equalByValue(expected, rules);
  }
}

function equalByValue(expected: NonNullable<Json>, rules: EqualityRules): Judge {
  if (typeof expected === 'string') return equalToText(expected, rules.caseSensitive);
  if (typeof expected === 'number') return equalToScalar(expected, 'a number');
  if (typeof expected === 'boolean') return equalToScalar(expected, 'true or false');
  if (Array.isArray(expected)) return equalToList(expected, rules);
  return (seen) => (typeof seen === 'object' && !Array.isArray(seen) ? sameJson(seen, expected) : mismatch(seen, 'an object'));
}

function equalToScalar(expected: number | boolean, wanted: string): Judge {
  const type = typeof expected;
  return (seen) => {
    if (seen === expected) return true;
    return seen === null || typeof seen === type ? false : mismatch(seen, wanted);
  };
}

function equalToText(expected: string, caseSensitive: boolean): Judge {
  const fold = folding(caseSensitive);
  const folded = fold(expected);
  const equals = !caseSensitive && isAscii(expected) ? equalsPlain : (seen: string) => fold(seen) === folded;
  return (seen) => {
    if (seen === expected) return true;
    if (typeof seen === 'string') return equals(seen, folded);
    return seen === null ? false : mismatch(seen, 'a text');
  };
}

function equalToDate(expected: Json): Judge | Unfit {
  const date = parseDate(expected);
  if (date === null) return notADate(expected);
  return (seen, { timezone }) => {
    if (seen === null) return false;
    const seenDate = parseDate(seen);
    if (seenDate === null) return mismatchDate(seen);
    return isTimezone(timezone) ? compareDates(seenDate, date, timezone) === 0 : UNKNOWN_ZONE_NOTE;
  };
}

function equalToList(expected: Json[], rules: EqualityRules): Judge {
  const isExactly = sameMembers(expected, rules.caseSensitive);
  return (seen) => (Array.isArray(seen) ? isExactly(seen) : seen === null ? false : mismatch(seen, 'a list'));
}

/** Tells whether a list has exactly these members, in any order, however often. */
export function sameMembers(expected: Json[], caseSensitive: boolean): (seen: Json[]) => boolean {
  const wanted = memberKeys(expected, caseSensitive);
  return (seen) => {
    const have = memberKeys(seen, caseSensitive);
    if (have.size !== wanted.size) return false;
    for (const key of have) if (!wanted.has(key)) return false;
    return true;
  };
}

/** Members of a list in a form that can be looked up: texts folded, objects and lists by content. */
export function memberKeys(list: readonly Json[], caseSensitive: boolean): Set<Json> {
  const fold = folding(caseSensitive);
  return new Set(list.map((item) => memberKey(item, fold)));
}

/** One member, as in {@link memberKeys}. */
export function memberKey(item: Json | undefined, fold: (text: string) => string): Json {
  if (typeof item === 'string') return `"${fold(item)}`;
  return isCompound(item) ? contentKey(item) : (item ?? null);
}

/** The note on a field that should hold a date. */
export function mismatchDate(seen: NonNullable<Json>): string {
  return typeof seen === 'string' ? 'the field holds a text that is not a date' : mismatch(seen, 'a date');
}

/** The note on a value to compare with that should be a date. */
export function notADate(value: Json): Unfit {
  return typeof value === 'string' ? new Unfit('the value to compare with is a text that is not a date') : unfitValue(value, 'a date');
}
