import { isObject } from './catalog.js';

/**
 * Local keys of the objects in a document, so that focus and half-typed values follow a row that moves. They are kept beside
 * the JSON, by identity: the document holds nothing but what is stored, and undo brings back the object with its key.
 */
const keys = new WeakMap<object, string>();
let last = 0;

/** Returns the key of an object; of anything else an empty text. */
export function keyOf(node: unknown): string {
  if (!isObject(node)) return '';
  const known = keys.get(node);
  if (known !== undefined) return known;
  last += 1;
  const key = `k${last}`;
  keys.set(node, key);
  return key;
}

/** Gives an object the key of the one that it is another state of. */
export function keepKey<T extends object>(before: unknown, after: T): T {
  if (isObject(before) && !keys.has(after)) keys.set(after, keyOf(before));
  return after;
}
