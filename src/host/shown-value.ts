import type { Json } from '../core/json.js';

const LONGEST = 80;

/** Returns a value as messages show it: as JSON, shortened. */
export function shownValue(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
