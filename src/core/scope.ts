import type { Actor, FieldChange, RecordData } from './event.js';
import type { Json, JsonObject } from './json.js';
import type { MachineStandings } from './machine/standing.js';
import { isForbiddenKey } from './storable-json.js';
import type { Calendar } from './time/calendar.js';

/** The variables that conditions and templates of one run see. */
export interface Scope {
  /** The record the run is about, as it is now; null for runs about none. */
  record: RecordData | null;
  /** The record before the event. */
  previous: RecordData | null;
  /** What the event changed: `changes.stage.from`. */
  changes: Record<string, FieldChange>;
  /** What started the run: the event, or `body`, `headers` and `query` of a webhook call. */
  trigger: JsonObject;
  /** What steps have extracted. */
  context: JsonObject;
  /** Finished steps by id: `steps.lookup.output.id`; and of steps that wait for a call the address, finished or not. */
  steps: Record<string, { output: JsonObject | null; resumeUrl?: string }>;
  /** Where the record stands in state machines, by their codes: `machine.orders.state`. Only of those that are read. */
  machine?: MachineStandings;
  /** Who caused the event. */
  actor: Actor;
  workflow: { id: string; code: string; name: string; version: number };
  run: { id: string; startedAt: string };
  /** When the run started or the step began, ISO 8601 in UTC; the same for every attempt. */
  now: string;
  /** The IANA time zone in which dates are shown. Not a variable of its own. */
  timezone: string;
  /** Which days are business days; default Monday to Friday. No variable either. */
  calendar?: Calendar;
  /** Inside a for_each: the item, and its index counted from 0. */
  item?: Json;
  index?: number;
  /** Gives another id each time it is read; see `stableUuids` of the engine. A function, and so what one expression reads is not what the next one does. */
  uuid?: () => string;
}

/** The variables by name; a path that starts with another name is a field of the record. */
export const SCOPE_ROOTS: readonly string[] = [
  'record',
  'previous',
  'changes',
  'trigger',
  'context',
  'steps',
  'machine',
  'actor',
  'workflow',
  'run',
  'now',
  'uuid',
  'item',
  'index',
];

const ROOTS: ReadonlySet<string> = new Set(SCOPE_ROOTS);

/** What a path is read from: a {@link Scope}, or as much of one as there is. `now` may be a Date and reads as ISO 8601. */
export type ReadableScope = Partial<Omit<Scope, 'now'>> & { now?: string | Date };

/** A path taken apart: the variable, and the members below it. */
export interface ParsedPath {
  root: string;
  segments: string[];
}

const LONGEST_PATH = 500;
const DEEPEST_PATH = 32;
/** One segment and what follows it: a plain name as Handlebars knows them, or any text in square brackets. */
const SEGMENT = /(?:([^\s!"#%-,./;->@[-^`{-~]+)|\[([^\]]+)\])(\.|$)/y;
const PLAIN = /^[^\s!"#%-,./;->@[-^`{-~]+$/;
const LIST_INDEX = /^(?:0|[1-9]\d{0,8})$/;

/** True for the name of a variable (`record`, `trigger`, …), as opposed to a field of the record. */
export function isScopeRoot(name: string): boolean {
  return ROOTS.has(name);
}

/**
 * Takes a path apart: `amount` is `record.amount`, `previous.stage` a member of another variable, `record.context` the
 * record's field `context`. Names with spaces or dots stand in square brackets: `trigger.body.[first name]`.
 *
 * @returns null when the path is malformed, or names `__proto__`, `constructor` or `prototype`.
 */
export function parsePath(path: string): ParsedPath | null {
  if (typeof path !== 'string' || path.length > LONGEST_PATH) return null;
  const segments: string[] = [];
  SEGMENT.lastIndex = 0;
  for (;;) {
    const match = SEGMENT.exec(path);
    if (match === null) return null;
    const segment = (match[1] ?? match[2]) as string;
    if (isForbiddenKey(segment) || segments.length === DEEPEST_PATH) return null;
    segments.push(segment);
    if (match[3] === '') return rooted(segments);
  }
}

/** Segments as a path: the first one names the variable if it is one, else all are below the record. */
export function rooted(segments: readonly string[]): ParsedPath {
  const [first = '', ...rest] = segments;
  return ROOTS.has(first) ? { root: first, segments: rest } : { root: 'record', segments: [...segments] };
}

/** The path as text, with its variable in front: the form in which `paths` of templates and conditions are listed. */
export function formatPath({ root, segments }: ParsedPath): string {
  return [root, ...segments.map((segment) => (PLAIN.test(segment) ? segment : `[${segment}]`))].join('.');
}

/**
 * Reads a path; see {@link parsePath}. Only own members of objects are seen, list items by number and a list's
 * `length`. A null on the way makes the value null (an opportunity without an account has no `account.industry`).
 *
 * @returns undefined when a member on the path does not exist, when the variable itself is null (a run without a
 * record has no `record.email`), and for a malformed path.
 */
export function resolvePath(scope: ReadableScope, path: string): Json | undefined {
  const parsed = parsePath(path);
  return parsed === null ? undefined : readPath(scope, parsed);
}

/** {@link resolvePath} for a path that is taken apart already. */
export function readPath(scope: ReadableScope, { root, segments }: ParsedPath): Json | undefined {
  if (!Object.hasOwn(scope, root)) return undefined;
  const value = (scope as Record<string, unknown>)[root];
  if (value instanceof Date) return readMember(value.toISOString(), segments);
  if (typeof value === 'function') return readMember((value as () => string)(), segments);
  if (value === null && segments.length > 0) return undefined;
  return readMember(value as Json | undefined, segments);
}

/** Reads a member below a value, by the rules of {@link resolvePath}. */
export function readMember(value: Json | undefined, segments: readonly string[]): Json | undefined {
  let here = value;
  for (const segment of segments) {
    if (here === null) return null;
    if (typeof here !== 'object') return undefined;
    if (Array.isArray(here)) here = readItem(here, segment);
    else here = Object.hasOwn(here, segment) ? here[segment] : undefined;
  }
  return here;
}

function readItem(list: Json[], segment: string): Json | undefined {
  if (segment === 'length') return list.length;
  return LIST_INDEX.test(segment) ? list[Number(segment)] : undefined;
}
