import type { Json } from '../../core/json.js';

/** One line of JSON as a tree shows it: a member of an object, an item of a list. */
export interface JsonLine {
  /** Its place among all lines, opened or not: `2/0/5`. */
  key: string;
  name: string;
  value: Json;
  parent: JsonLine | null;
  /** 1 for what is not inside anything. */
  level: number;
  /** Its place in what it is in, from 0, and how many there are. */
  index: number;
  of: number;
  /** Null for what has nothing to open: a short text, a number, an empty list. */
  isOpen: boolean | null;
}

/** What is longer opens like a list. */
export const LONGEST_TEXT = 500;
const MOST_OPEN = 20;
const OPEN_LEVELS = 2;
/** As the server takes paths apart. */
const PLAIN = /^[^\s!"#%-,./;->@[-^`{-~]+$/;

/** Returns the lines to be seen of a value; of what is neither list nor object the one that it is. */
export function jsonLines(value: Json, toggled: ReadonlySet<string>): JsonLine[] {
  return [...linesOf(value, toggled)];
}

/** All lines whose name or value holds the text, upper and lower case aside; whatever is closed. */
export function* findLines(value: Json, text: string): Generator<JsonLine> {
  const wanted = text.toLowerCase();
  for (const line of linesOf(value, null)) {
    if (line.name.toLowerCase().includes(wanted) || (!isComposed(line.value) && String(line.value).toLowerCase().includes(wanted)))
      yield line;
  }
}

/** Returns what is to be toggled, so that a line is seen: all that it is in is open. */
export function openTo(line: JsonLine, toggled: ReadonlySet<string>): Set<string> {
  const next = new Set(toggled);
  for (let around = line.parent; around !== null; around = around.parent) {
    if (isOpenAtFirst(around)) next.delete(around.key);
    else next.add(around.key);
  }
  return next;
}

/** Returns the path of a line as templates and conditions write it: `items.0.name`; what is no plain name in brackets. */
export function linePath(line: JsonLine): string {
  const own = PLAIN.test(line.name) ? line.name : `[${line.name}]`;
  return line.parent === null ? own : `${linePath(line.parent)}.${own}`;
}

/** Returns how many there are in a list or object; null for everything else. */
export function membersIn(value: Json): number | null {
  return isComposed(value) ? Object.keys(value).length : null;
}

/** Depth first, without a call for each depth; `toggled` null: everything is open. */
function* linesOf(value: Json, toggled: ReadonlySet<string> | null): Generator<JsonLine> {
  if (!isComposed(value) || Object.keys(value).length === 0) {
    yield lineOf('', value, null, 0, 1, toggled ?? new Set());
    return;
  }
  const stack = [{ value, parent: null as JsonLine | null, names: Object.keys(value), at: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const name = top.names[top.at];
    if (name === undefined) {
      stack.pop();
      continue;
    }
    const inside = (top.value as { [name: string]: Json })[name] as Json;
    const line = lineOf(name, inside, top.parent, top.at, top.names.length, toggled ?? new Set());
    top.at += 1;
    yield line;
    if (isComposed(inside) && (toggled === null || line.isOpen)) {
      stack.push({ value: inside, parent: line, names: Object.keys(inside), at: 0 });
    }
  }
}

function lineOf(name: string, value: Json, parent: JsonLine | null, index: number, of: number, toggled: ReadonlySet<string>): JsonLine {
  const key = parent === null ? String(index) : `${parent.key}/${index}`;
  const line: JsonLine = { key, name, value, parent, level: (parent?.level ?? 0) + 1, index, of, isOpen: null };
  if (canOpen(value)) line.isOpen = isOpenAtFirst(line) !== toggled.has(key);
  return line;
}

function canOpen(value: Json): boolean {
  return typeof value === 'string' ? value.length > LONGEST_TEXT : (membersIn(value) ?? 0) > 0;
}

function isOpenAtFirst({ value, level }: JsonLine): boolean {
  return level <= OPEN_LEVELS && isComposed(value) && (membersIn(value) ?? 0) <= MOST_OPEN;
}

function isComposed(value: Json): value is Json[] | { [name: string]: Json } {
  return typeof value === 'object' && value !== null;
}
