import { cut } from '../cut.js';
import type { Json, JsonObject } from '../json.js';

/**
 * The answer of a condition with everything that led to it, in the shape of the condition. Nothing is left out: tests
 * that could not change the answer any more are shown too.
 */
export type Explanation = { result: boolean } & (
  | { all: Explanation[] }
  | { any: Explanation[] }
  | { none: Explanation[] }
  | {
      field: string;
      operator: string;
      /** The value of the field; null where there is none. Long values are cut. */
      seen: Json;
      /** What it was compared with, fields, templates and relative dates worked out. */
      expected: Json;
      /** Why the test could not hold: an empty field, a text where a number is needed. */
      note?: string;
    }
);

const LONGEST_TEXT = 500;
const MOST_MEMBERS = 30;
const DEEPEST = 4;

/** A value as an explanation shows it: long texts, lists and objects are cut, so that a log entry stays small. */
export function excerpt(value: Json | undefined, depth = 0): Json {
  if (typeof value === 'string') return cut(value, LONGEST_TEXT);
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (depth === DEEPEST) return '…';
  if (Array.isArray(value)) {
    const shown = value.slice(0, MOST_MEMBERS).map((item) => excerpt(item, depth + 1));
    return value.length > MOST_MEMBERS ? [...shown, `… ${value.length - MOST_MEMBERS} more`] : shown;
  }
  return excerptOfObject(value, depth);
}

function excerptOfObject(value: JsonObject, depth: number): JsonObject {
  const keys = Object.keys(value);
  const shown = keys.slice(0, MOST_MEMBERS).map((key): [string, Json] => [key, excerpt(value[key], depth + 1)]);
  if (keys.length > MOST_MEMBERS) shown.push(['…', `${keys.length - MOST_MEMBERS} more`]);
  return Object.fromEntries(shown);
}
