import type { Json, JsonObject } from '../../core/json.js';
import { isObject } from './catalog.js';
import { keepKey } from './node-keys.js';

/** Where a value stands in JSON: names of members and indexes, from the root on. */
export type Place = readonly (string | number)[];

/** Reads a place as problems tell it: `steps[1].branches[0].when`. */
export function parsePlace(path: string): Place {
  return [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) => (index === undefined ? (name as string) : Number(index)));
}

/** Writes a place as problems tell it. */
export function formatPlace(place: Place): string {
  return place.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}

/** Returns the value at a place; undefined where there is none. */
export function getAt(root: Json | undefined, place: Place): Json | undefined {
  return place.reduce<Json | undefined>((here, part) => {
    if (Array.isArray(here)) return typeof part === 'number' ? here[part] : undefined;
    return isObject(here) && typeof part === 'string' && Object.hasOwn(here, part) ? here[part] : undefined;
  }, root);
}

/** Returns the list at a place; an empty one where there is none. */
export function listAt(root: Json | undefined, place: Place): Json[] {
  const list = getAt(root, place);
  return Array.isArray(list) ? list : [];
}

/**
 * Returns the root with another value at a place: what lies beside it is the same as before, not a copy, and objects on the way
 * keep their keys. What is missing on the way is made. `undefined` takes a member away, an item out of its list.
 */
export function setAt(root: Json | undefined, place: Place, value: Json | undefined): Json {
  const [part, ...below] = place;
  if (part === undefined) return value ?? null;
  if (typeof part === 'number') {
    const list = Array.isArray(root) ? [...root] : [];
    if (below.length === 0 && value === undefined) list.splice(part, 1);
    else list[part] = below.length === 0 ? (value as Json) : setAt(list[part], below, value);
    return list;
  }
  const { [part]: before, ...others } = isObject(root) ? root : {};
  if (below.length === 0 && value === undefined) return keepKey(root, others);
  // In its old place, so that the JSON reads as before.
  return keepKey(root, { ...(isObject(root) ? root : {}), [part]: below.length === 0 ? value : setAt(before, below, value) });
}

/** Returns the root with one more item in the list at a place; the list is made where there is none. */
export function insertAt(root: Json, list: Place, index: number, value: Json): Json {
  return setAt(root, list, listAt(root, list).toSpliced(index, 0, value));
}

/** True for two values that are written alike, the order of members aside. */
export function isSameJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => isSameJson(item, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const names = membersOf(left);
  return names.length === membersOf(right).length && names.every((name) => isSameJson(left[name], right[name]));
}

/** The names of an object's members; those that are undefined are none. */
export function membersOf(value: JsonObject): string[] {
  return Object.keys(value).filter((name) => value[name] !== undefined);
}

/** Returns whether one place is another one, or lies below it. */
export function isWithin(place: Place, around: Place): boolean {
  return around.every((part, index) => place[index] === part);
}
