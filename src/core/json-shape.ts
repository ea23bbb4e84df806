import { AutomationError, type Problem } from './errors.js';

/** What a request may carry: bytes of JSON, and levels of nesting (a definition needs some 60). */
export interface ShapeLimits {
  bytes: number;
  depth: number;
}

/** What the definitions, texts and filters of one call may be. */
export const REQUEST_LIMITS: ShapeLimits = { bytes: 256 * 1024, depth: 128 };

/** Names that would reach an object's prototype if some code ever assigned them. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
/** U+0000, which Postgres cannot store, and halves of surrogate pairs, which are no text in UTF-8. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

interface Place {
  value: unknown;
  depth: number;
  key: string | number;
  parent: Place | null;
}

/**
 * Checks a parsed value before anything recursive touches it: depth, size, names of members, texts and numbers that
 * could not be stored. Iterative, so that no nesting overflows the stack. Throws `payload_too_large` or `invalid_request`.
 */
export function checkShape(root: unknown, name: string, limits: ShapeLimits): void {
  let bytes = 0;
  const open: Place[] = [{ value: root, depth: 0, key: name, parent: null }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value, depth } = place;
    bytes += sizeOf(value);
    if (bytes > limits.bytes) throw tooLarge(limits.bytes);
    if (typeof value === 'string') {
      if (UNSTORABLE.test(value))
        throw invalid(place, 'The text holds a character that cannot be stored: U+0000 or half of a surrogate pair.');
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) throw invalid(place, 'The number is too large.');
    } else if (typeof value === 'object' && value !== null) {
      if (depth >= limits.depth) throw invalid(place, `The value is nested deeper than ${limits.depth} levels.`);
      for (const key of Object.keys(value)) {
        if (!Array.isArray(value)) {
          if (FORBIDDEN_KEYS.has(key)) throw invalid(place, `The name "${key}" is not allowed.`);
          if (UNSTORABLE.test(key))
            throw invalid(place, 'A name holds a character that cannot be stored: U+0000 or half of a surrogate pair.');
          bytes += Buffer.byteLength(key) + 3;
        }
        const child = (value as Record<string, unknown>)[key];
        open.push({ value: child, depth: depth + 1, key: Array.isArray(value) ? Number(key) : key, parent: place });
      }
    }
  }
}

/** About what the value takes as JSON, without what it contains. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 3;
  if (typeof value === 'number') return String(value).length + 1;
  return typeof value === 'object' && value !== null ? 3 : 5;
}

/** The error for a body, or anything else, that is larger than it may be. */
export function tooLarge(bytes: number): AutomationError {
  return new AutomationError('payload_too_large', `The request is larger than ${Math.floor(bytes / 1024)} KB.`);
}

/** The error for input that is wrong in these places. */
export function invalidRequest(problems: Problem[]): AutomationError {
  return new AutomationError('invalid_request', 'The request is not valid.', { problems });
}

function invalid(place: Place, message: string): AutomationError {
  return invalidRequest([{ path: pathOf(place), message }]);
}

/**
 * `definition.steps[0].with`; the root's own name is left out, and the inside of what is very deep. All of these names
 * were accepted before what they hold was looked at.
 */
function pathOf(place: Place): string {
  const keys: (string | number)[] = [];
  for (let at: Place | null = place; at?.parent; at = at.parent) keys.unshift(at.key);
  if (keys.length === 0) return String(place.key);
  const shown = keys.slice(0, 20).map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`));
  return `${shown.join('').replace(/^\./, '')}${keys.length > 20 ? '…' : ''}`;
}
