import type { FieldChange, RecordData } from './event.js';
import { isJsonObject, type Json } from './json.js';
import { jsonBytes } from './storable-json.js';

/** What of an event can be of any size. */
export interface EventBody {
  record: RecordData | null;
  previous: RecordData | null;
  changes: Record<string, FieldChange> | null;
}

/** Texts are not cut below this; then whole fields are left out. */
const SHORTEST_TEXT = 200;
/** The first half of a character outside the basic plane, cut off from the second. */
const HALF_PAIR = /[\uD800-\uDBFF]$/;
const PARTS = ['record', 'previous', 'changes'] as const;

/**
 * The event with a body of at most so many bytes of JSON, and what had to be cut for that: `record.description`, …; null
 * when nothing had to. The longest texts go first: those longer than half of the longest are cut to that length, then to a
 * quarter of it, and so on. Where texts are not what makes it large, fields are left out, the largest first; the id stays.
 */
export function cutToSize<Event extends EventBody>(event: Event, bytes: number): { event: Event; cut: string[] | null } {
  const { record, previous, changes } = event;
  let body: EventBody = { record, previous, changes };
  if (bodyBytes(body) <= bytes) return { event, cut: null };
  const cut = new Set<string>();
  for (let length = longest(body as unknown as Json) / 2; length >= SHORTEST_TEXT; length /= 2) {
    body = shortened(body, Math.floor(length), cut);
    if (bodyBytes(body) <= bytes) return { event: { ...event, ...body }, cut: [...cut] };
  }
  return { event: { ...event, ...leftOut(body, bytes, cut) }, cut: [...cut] };
}

function bodyBytes(body: EventBody): number {
  return jsonBytes(body as unknown as Json);
}

function longest(value: Json | undefined): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let most = 0;
  for (const member of Object.values(value)) most = Math.max(most, longest(member));
  return most;
}

/** The body with its texts of at most `length`; the fields that this concerns are added to `cut`. */
function shortened(body: EventBody, length: number, cut: Set<string>): EventBody {
  const result = { ...body };
  for (const part of PARTS) {
    const values = body[part] as Record<string, Json> | null;
    if (values === null) continue;
    const entries = Object.entries(values).map(([name, value]): [string, Json] => {
      const short = name === 'id' ? value : shortText(value, length);
      if (short !== value) cut.add(`${part}.${name}`);
      return [name, short];
    });
    (result as Record<string, Json>)[part] = Object.fromEntries(entries);
  }
  return result;
}

/** The same value where none of its texts is longer. */
function shortText(value: Json, length: number): Json {
  if (typeof value === 'string') return value.length > length ? `${value.slice(0, length - 1).replace(HALF_PAIR, '')}…` : value;
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value);
  const short = members.map(([name, member]): [string, Json] => [name, shortText(member ?? null, length)]);
  if (short.every(([, member], at) => member === (members[at]?.[1] ?? null))) return value;
  return Array.isArray(value) ? short.map(([, member]) => member) : Object.fromEntries(short);
}

function leftOut(body: EventBody, bytes: number, cut: Set<string>): EventBody {
  const result = Object.fromEntries(PARTS.map((part) => [part, body[part] && { ...body[part] }])) as unknown as EventBody;
  const fields = PARTS.flatMap((part) =>
    Object.entries(result[part] ?? {}).flatMap(([name, value]) => {
      const size = jsonBytes(value as Json) + name.length;
      return name === 'id' ? [] : [{ part, name, size }];
    }),
  ).sort((a, b) => b.size - a.size);
  let excess = bodyBytes(body) - bytes;
  for (const { part, name, size } of fields) {
    if (excess <= 0) break;
    const values = result[part];
    if (isJsonObject(values)) delete (values as Record<string, Json>)[name];
    cut.add(`${part}.${name}`);
    excess -= size;
  }
  return result;
}
