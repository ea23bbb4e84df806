import type { Json, JsonObject } from '../../core/json.js';
import { type CatalogOperator, isObject } from './catalog.js';
import { getAt, listAt, type Place, setAt } from './json-path.js';
import { type ListsOf, moveBy, moveTo, nodesOf, parentOf, put, slotOf } from './list-tree.js';
import { keepKey } from './node-keys.js';

/** The kinds of groups: every one, at least one, not one of the members holds. */
export const GROUPS = ['all', 'any', 'none'] as const;
export type Group = (typeof GROUPS)[number];

/** What the server takes. */
const MOST_TESTS = 500;
const DEEPEST = 20;

/** Returns the kind of a group; null for a test. */
export function groupOf(node: Json | undefined): Group | null {
  return isObject(node) ? (GROUPS.find((group) => Array.isArray(node[group])) ?? null) : null;
}

/** Returns the members of a group. */
export function membersOf(node: Json | undefined): Json[] {
  const group = groupOf(node);
  return group === null ? [] : listAt(node, [group]);
}

/** Returns the tree as the editor shows it: a group at the root, whatever the document holds. */
export function rootOf(conditions: Json | undefined): JsonObject {
  if (!isObject(conditions)) return { all: [] };
  return groupOf(conditions) === null ? { all: [conditions] } : conditions;
}

/** Returns what the document holds for a tree: nothing for an empty root of all. */
export function storedOf(root: JsonObject): JsonObject | undefined {
  return groupOf(root) === 'all' && membersOf(root).length === 0 ? undefined : root;
}

const listsOf: ListsOf = (node) => {
  const group = groupOf(node);
  return group === null ? [] : [[group]];
};

/** Returns every test and group below the root in reading order. */
export function rowsOf(root: Json): Place[] {
  return nodesOf(root, listsOf);
}

/** What became of a tree, and where what was meant stands now; null when the focus has nowhere to go. */
export interface ConditionEdit {
  root: JsonObject;
  at: Place | null;
}

/** Moves a row by one place in reading order, through the borders of groups; null at the end. Groups that it leaves empty vanish. */
export function moveRow(root: JsonObject, at: Place, by: 1 | -1): ConditionEdit | null {
  const moved = moveBy(root, listsOf, at, by);
  return moved && tidy(moved.root, moved.at);
}

/** Moves a row out, behind its group; null for rows of the root. */
export function moveRowOut(root: JsonObject, at: Place): ConditionEdit | null {
  const around = parentOf(root, listsOf, at);
  if (around === null) return null;
  const { list, index } = slotOf(around);
  const moved = moveTo(root, at, () => ({ list, index: index + 1 }));
  return tidy(moved.root, moved.at);
}

/** Joins the group above, or makes one with the row above, of the other kind than the one around; null for a first row. */
export function moveRowIn(root: JsonObject, at: Place): ConditionEdit | null {
  const { list, index } = slotOf(at);
  if (index === 0) return null;
  const above = [...list, index - 1];
  const group = groupOf(getAt(root, above));
  if (group !== null) {
    const moved = moveTo(root, at, (rest) => ({ list: [...above, group], index: listAt(rest, [...above, group]).length }));
    return tidy(moved.root, moved.at);
  }
  const kind = list.at(-1) === 'all' ? 'any' : 'all';
  const without = setAt(root, at, undefined);
  const made = setAt(without, above, { [kind]: [getAt(root, above) as Json, getAt(root, at) as Json] });
  return { root: made as JsonObject, at: [...above, kind, 1] };
}

/** Puts a test or a group behind the last member of a group. */
export function addTo(root: JsonObject, group: Place, node: JsonObject): ConditionEdit {
  const kind = groupOf(getAt(root, group)) ?? 'all';
  const list = [...group, kind];
  const added = put(root, { list, index: listAt(root, list).length }, node);
  return { root: added.root as JsonObject, at: added.at };
}

/** Takes a row away; the focus goes to the next row, else the previous one, else nowhere. */
export function removeRow(root: JsonObject, at: Place): ConditionEdit {
  const rows = rowsOf(root);
  const isBelow = (row: Place): boolean => at.every((part, index) => row[index] === part);
  const here = rows.findIndex((row) => row.length === at.length && isBelow(row));
  const next = rows.slice(here + 1).find((row) => !isBelow(row));
  // Groups around it may vanish with it: then they are none to go to.
  const previous = rows.slice(0, here).findLast((row) => !row.every((part, index) => at[index] === part));
  const target = next ?? previous;
  const node = target && getAt(root, target);
  const without = tidy(setAt(root, at, undefined), null).root;
  const place = node === undefined ? undefined : rowsOf(without).find((row) => getAt(without, row) === node);
  // An item further on has a new object around it only when it was on the way to the one taken away.
  return { root: without, at: place ?? rowsOf(without).at(Math.min(here, rowsOf(without).length - 1)) ?? null };
}

/** Puts a copy behind a row. */
export function duplicateRow(root: JsonObject, at: Place): ConditionEdit {
  const { list, index } = slotOf(at);
  const copy = put(root, { list, index: index + 1 }, structuredClone(getAt(root, at) as Json));
  return { root: copy.root as JsonObject, at: copy.at };
}

/** Replaces a test. */
export function changeTest(root: JsonObject, at: Place, test: JsonObject): JsonObject {
  return setAt(root, at, keepKey(getAt(root, at), test)) as JsonObject;
}

/** Makes a group another kind. */
export function changeGroup(root: JsonObject, at: Place, group: Group): JsonObject {
  const node = getAt(root, at);
  const after = keepKey(node, { [group]: membersOf(node) });
  return at.length === 0 ? after : (setAt(root, at, after) as JsonObject);
}

/** Returns why a tree would be more than the server takes; null when it is not. */
export function limitProblem(root: JsonObject): string | null {
  const rows = rowsOf(root);
  const tests = rows.filter((row) => groupOf(getAt(root, row)) === null).length;
  if (tests > MOST_TESTS) return `A condition has ${MOST_TESTS} tests at the most.`;
  const deepest = Math.max(0, ...rows.map((row) => row.length / 2));
  return deepest > DEEPEST ? `Groups stand ${DEEPEST} deep at the most.` : null;
}

/** Returns whether every test has a field, an operator and, where that wants one, a value: what is half typed is not asked about. */
export function isComplete(node: Json | undefined, operators: readonly Pick<CatalogOperator, 'name' | 'value'>[]): boolean {
  if (!isObject(node)) return false;
  if (groupOf(node) !== null) return membersOf(node).every((member) => isComplete(member, operators));
  const operator = operators.find(({ name }) => name === node.operator);
  return (
    typeof node.field === 'string' && node.field !== '' && operator !== undefined && (operator.value === 'none' || isFilled(node.value))
  );
}

function isFilled(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return false;
  if (Array.isArray(value)) return value.every(isFilled);
  return !isObject(value) || Object.values(value).every(isFilled);
}

const GROUP_WORDS: Readonly<Record<Group, string>> = { all: 'All of these', any: 'Any of these', none: 'None of these' };

/** Returns a kind of group in words. */
export function groupWords(group: Group): string {
  return GROUP_WORDS[group];
}

/** Returns where a row stands: `1 of 3 in Any of these`. */
export function placeWords(root: JsonObject, at: Place): string {
  const { list, index } = slotOf(at);
  return `${index + 1} of ${listAt(root, list).length} in ${GROUP_WORDS[list.at(-1) as Group]}`;
}

/** Returns what a move through the border of a None group means; null where none was crossed. */
export function crossingWords(from: Place, to: Place): string | null {
  const before = isNegated(from);
  if (before === isNegated(to)) return null;
  return before ? 'Moved out of None of these: now it must hold.' : 'Moved into None of these: now it must not hold.';
}

function isNegated(at: Place): boolean {
  return at.filter((part) => part === 'none').length % 2 === 1;
}

/** Takes groups away that are empty, the root aside, and says where the row stands then. */
function tidy(root: Json, at: Place | null): ConditionEdit {
  const isMoved = (row: Place): boolean => at !== null && row.length === at.length && row.every((part, depth) => at[depth] === part);
  const isEmpty = (node: Json | undefined): boolean => groupOf(node) !== null && membersOf(node).length === 0;
  const empty = rowsOf(root).find((row) => isEmpty(getAt(root, row)) && !isMoved(row));
  if (empty === undefined) return { root: root as JsonObject, at };
  const { list, index } = slotOf(empty);
  const isBehind =
    at !== null && at.length > list.length && list.every((part, depth) => at[depth] === part) && Number(at[list.length]) > index;
  const moved = isBehind ? at.with(list.length, Number(at[list.length]) - 1) : at;
  return tidy(setAt(root, empty, undefined), moved);
}
