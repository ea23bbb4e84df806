import type { Problem } from '../errors.js';
import type { Json } from '../json.js';
import { isForbiddenKey } from '../storable-json.js';

/** How many problems of one definition are told; a reader mends these first. */
export const MAX_PROBLEMS = 100;
const MAX_MESSAGE = 500;
const MAX_PATH = 500;
const MAX_KEY = 60;

/** Far deeper than any definition can be: ten levels of steps, a condition and an action's arguments in the innermost. */
const MAX_JSON_DEPTH = 128;

/** What Postgres refuses in JSON. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** Collects problems: each once, and no more than {@link MAX_PROBLEMS}, so that hostile input costs little. */
export class ProblemList {
  private readonly problems = new Map<string, Problem>();
  private overflown = false;

  /** True when nothing more is taken; lets loops over long input end early. */
  get full(): boolean {
    return this.overflown;
  }

  get empty(): boolean {
    return this.problems.size === 0;
  }

  add(at: string, what: string, hint?: string): void {
    const path = cut(at, MAX_PATH);
    const message = cut(what, MAX_MESSAGE);
    const key = `${path}\n${message}`;
    if (this.problems.has(key)) return;
    if (this.problems.size < MAX_PROBLEMS)
      this.problems.set(key, { path, message, ...(hint !== undefined && { hint: cut(hint, MAX_MESSAGE) }) });
    else this.overflown = true;
  }

  addAll(problems: readonly Problem[]): void {
    for (const { path, message, hint } of problems) this.add(path, message, hint);
  }

  /** The problems in the order they were found; the last one says so when there were too many. */
  toArray(): Problem[] {
    const found = [...this.problems.values()];
    return this.overflown ? [...found.slice(0, -1), { path: '', message: 'There are more problems; mend these first.' }] : found;
  }
}

/** The path of an object's member: `with.to`, or `with["first name"]` for keys that are no names. */
export function memberPath(path: string, key: string): string {
  if (/^[\w$-]{1,60}$/.test(key)) return path === '' ? key : `${path}.${key}`;
  return `${path}[${JSON.stringify(cut(key, MAX_KEY))}]`;
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

/** A path that an action tells, relative to its arguments, as a path from the root. */
export function nestedPath(path: string, relative: string): string {
  if (relative === '') return path;
  return relative.startsWith('[') ? `${path}${relative}` : `${path}.${relative}`;
}

/**
 * Looks at JSON as a whole for what no part of a definition may hold: keys that reach for prototypes, and texts that
 * Postgres cannot store. False when it is nested so deep that nothing else should look at it.
 */
export function checkJson(value: Json | undefined, path: string, problems: ProblemList, depth = 0): boolean {
  if (typeof value === 'string') {
    if (UNSTORABLE.test(value)) problems.add(path, 'The text holds characters that cannot be stored (U+0000 or half a surrogate pair).');
    return true;
  }
  if (typeof value !== 'object' || value === null) return true;
  if (depth === MAX_JSON_DEPTH) {
    problems.add('', `The definition is nested deeper than ${MAX_JSON_DEPTH} levels.`);
    return false;
  }
  if (Array.isArray(value)) return value.every((item, index) => problems.full || checkJson(item, `${path}[${index}]`, problems, depth + 1));
  return Object.keys(value).every((key) => {
    if (problems.full) return true;
    const here = memberPath(path, key);
    if (isForbiddenKey(key) || UNSTORABLE.test(key)) problems.add(here, 'This name is not allowed as a key.');
    return checkJson(value[key], here, problems, depth + 1);
  });
}

/** True when lists and objects are nested inside one another more than `levels` deep. */
export function isDeeperThan(value: Json | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(member, levels - 1));
}
