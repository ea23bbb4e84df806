import { isJsonObject, type Json, type JsonObject } from '../json.js';

/** One value that is another one. */
export interface ValueDifference {
  /** `trigger.event`, `conditions.all[0].value`; in a step from there on: `with.title`. */
  path: string;
  change: 'added' | 'removed' | 'changed';
  /** Null where it was added. */
  from: Json;
  /** Null where it was removed. */
  to: Json;
}

/** What became of one step, told by its id. A step may be moved and changed. */
export interface StepDifference {
  id: string;
  name: string | null;
  type: string;
  changes: ('added' | 'removed' | 'moved' | 'changed')[];
  /** Where it stood: `steps[1].branches[0].steps[2]`; null when it was added. */
  from: string | null;
  /** Where it stands; null when it was removed. */
  to: string | null;
  /** What is other in it; the steps inside it are told for themselves. */
  values: ValueDifference[];
}

/** What is other in the second of two definitions. */
export interface DefinitionDiff {
  isSame: boolean;
  /** Of all but the steps: trigger, conditions, settings. */
  values: ValueDifference[];
  /** In the order of the second definition; those that were removed stand at the end. */
  steps: StepDifference[];
}

/**
 * Compares two definitions, step by step by their ids. Drafts with problems can be compared too: what is no list of steps
 * is a value like any other. As few steps as possible are told as moved: those that stay among their neighbours are not,
 * wherever all of them have gone. The order of an object's members is no difference.
 */
export function diffDefinitions(from: JsonObject, to: JsonObject): DefinitionDiff {
  const places = new Places();
  const [before, after] = [outlineOf(from, places), outlineOf(to, places)];
  const values = diffValues(before.own, after.own);
  const moved = movedSteps(before, after);
  const steps: StepDifference[] = [];
  for (const [key, step] of after.steps) {
    const earlier = before.steps.get(key);
    if (earlier === undefined) {
      steps.push({ ...titleOf(step), changes: ['added'], from: null, to: step.path, values: [] });
      continue;
    }
    const changed = diffValues(earlier.own, step.own);
    const changes = [...(moved.has(key) ? (['moved'] as const) : []), ...(changed.length > 0 ? (['changed'] as const) : [])];
    if (changes.length > 0) steps.push({ ...titleOf(step), changes, from: earlier.path, to: step.path, values: changed });
  }
  for (const [key, step] of before.steps) {
    if (!after.steps.has(key)) steps.push({ ...titleOf(step), changes: ['removed'], from: step.path, to: null, values: [] });
  }
  return { isSame: values.length === 0 && steps.length === 0, values, steps };
}

/** A step without the steps inside it. */
interface OutlinedStep {
  path: string;
  own: JsonObject;
  list: StepList;
}

/** A list of steps: `names` tells it by the names of branches, `indexes` by their places; see {@link Places}. */
interface StepList {
  /** The key of the step that it is in; empty for the definition's own. */
  parent: string;
  names: number;
  indexes: number;
  /** Keys of its steps, in order. */
  keys: string[];
}

/** A definition with its steps taken out of it: by id, and of several with one id by their turn. */
interface Outline {
  own: JsonObject;
  steps: Map<string, OutlinedStep>;
  lists: StepList[];
}

/** Where lists of steps are never looked for. */
const NO_STEPS_INSIDE: ReadonlySet<string> = new Set(['with', 'extract', 'extractToContext', 'trigger', 'conditions', 'when', 'settings']);

/** Numbers for places in both definitions: texts of all the names on the way would be as many times as long as a hostile draft has lists. */
class Places {
  private readonly known = new Map<string, number>();

  at(parent: number, name: string): number {
    const key = `${parent} ${name}`;
    const known = this.known.get(key) ?? this.known.size + 1;
    this.known.set(key, known);
    return known;
  }
}

function outlineOf(definition: JsonObject, places: Places): Outline {
  const outline: Outline = { own: {}, steps: new Map(), lists: [] };
  const turns = new Map<string, number>();
  const ownOf = (value: JsonObject, parent: string, root: string): JsonObject => {
    const walk = (value: Json, path: string, names: number, indexes: number): Json => {
      if (isListOfSteps(value)) {
        const list: StepList = { parent, names, indexes, keys: [] };
        outline.lists.push(list);
        for (const [index, step] of value.entries()) addStep(step, list, item(path, index));
        return [];
      }
      if (Array.isArray(value)) {
        return value.map((member, index) => {
          const name = isJsonObject(member) && typeof member.name === 'string' ? `.${member.name}` : `[${index}]`;
          return walk(member, item(path, index), places.at(names, name), places.at(indexes, `[${index}]`));
        });
      }
      return isJsonObject(value) ? walkMembers(value, path, names, indexes) : value;
    };
    const walkMembers = (value: JsonObject, path: string, names: number, indexes: number): JsonObject =>
      Object.fromEntries(
        Object.entries(value).map(([name, member = null]) => [
          name,
          NO_STEPS_INSIDE.has(name) ? member : walk(member, at(path, name), places.at(names, `.${name}`), places.at(indexes, `.${name}`)),
        ]),
      );
    return walkMembers(value, root, 0, 0);
  };
  const addStep = (step: StepObject, list: StepList, path: string): void => {
    const turn = turns.get(step.id) ?? 0;
    turns.set(step.id, turn + 1);
    // No text that is stored holds U+0000, so no other id is like this.
    const key = turn === 0 ? step.id : `${step.id}\0${turn}`;
    list.keys.push(key);
    const outlined: OutlinedStep = { path, own: {}, list };
    // Before what is inside it, so that a step stands before its children.
    outline.steps.set(key, outlined);
    outlined.own = ownOf(step, key, path);
  };
  outline.own = ownOf(definition, '', '');
  return outline;
}

type StepObject = JsonObject & { id: string; type: string };

function isListOfSteps(value: Json): value is StepObject[] {
  const isStep = (item: Json): boolean => isJsonObject(item) && typeof item.id === 'string' && typeof item.type === 'string';
  return Array.isArray(value) && value.length > 0 && value.every(isStep);
}

function titleOf({ own }: OutlinedStep): Pick<StepDifference, 'id' | 'name' | 'type'> {
  const { id, name, type } = own as StepObject;
  return { id, name: typeof name === 'string' ? name : null, type };
}

/** The keys of steps that are in both and have gone to another list, or past others that stay in theirs. */
function movedSteps(before: Outline, after: Outline): Set<string> {
  const moved = new Set<string>();
  // By their parents and places once: looked for anew at each list, a draft of 8,000 lists took four seconds.
  const [earlierLists, laterLists] = [new ListsByPlace(before.lists), new ListsByPlace(after.lists)];
  for (const list of after.lists) {
    const earlier = earlierList(list, earlierLists, laterLists);
    const places = new Map(earlier?.keys.map((key, index) => [key, index]));
    const stayed = list.keys.filter((key) => places.has(key));
    const inOrder = longestRise(stayed.map((key) => places.get(key) as number));
    for (const key of list.keys) if (before.steps.has(key) && !places.has(key)) moved.add(key);
    for (const [index, key] of stayed.entries()) if (!inOrder.has(index)) moved.add(key);
  }
  return moved;
}

/** The list that this one was: in the same step by the same names, or else, of a branch with another name now, by its place. */
function earlierList(list: StepList, before: ListsByPlace, after: ListsByPlace): StepList | undefined {
  const named = before.named(list);
  if (named) return named;
  const placed = before.placed(list);
  return placed && !after.named(placed) ? placed : undefined;
}

/** Lists of steps, found by the step that they are in and their place there; of several with one name the first. */
class ListsByPlace {
  private readonly byNames = new Map<string, StepList>();
  private readonly byIndexes = new Map<string, StepList>();

  constructor(lists: readonly StepList[]) {
    for (const list of lists) {
      const { parent, names, indexes } = list;
      const named = `${names} ${parent}`;
      if (!this.byNames.has(named)) this.byNames.set(named, list);
      this.byIndexes.set(`${indexes} ${parent}`, list);
    }
  }

  named({ parent, names }: StepList): StepList | undefined {
    return this.byNames.get(`${names} ${parent}`);
  }

  placed({ parent, indexes }: StepList): StepList | undefined {
    return this.byIndexes.get(`${indexes} ${parent}`);
  }
}

/** The indexes of a longest part of the numbers that rises; they are all different. */
function longestRise(numbers: readonly number[]): Set<number> {
  // For each number the longest rise that ends with it: its length, and the index before.
  const ends: { length: number; previous: number }[] = [];
  let last = -1;
  for (const [index, number] of numbers.entries()) {
    let end = { length: 1, previous: -1 };
    for (let earlier = 0; earlier < index; earlier += 1) {
      const { length } = ends[earlier] as { length: number };
      if ((numbers[earlier] as number) < number && length >= end.length) end = { length: length + 1, previous: earlier };
    }
    ends.push(end);
    if (last === -1 || end.length > (ends[last] as { length: number }).length) last = index;
  }
  const rise = new Set<number>();
  for (let index = last; index !== -1; index = (ends[index] as { previous: number }).previous) rise.add(index);
  return rise;
}

function diffValues(from: Json, to: Json, path = ''): ValueDifference[] {
  if (Array.isArray(from) && Array.isArray(to)) return diffLists(from, to, path);
  if (!isJsonObject(from) || !isJsonObject(to)) return from === to ? [] : [{ path, change: 'changed', from, to }];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((name): ValueDifference[] => {
    const here = at(path, name);
    if (!Object.hasOwn(to, name)) return [{ path: here, change: 'removed', from: from[name] as Json, to: null }];
    if (!Object.hasOwn(from, name)) return [{ path: here, change: 'added', from: null, to: to[name] as Json }];
    return diffValues(from[name] as Json, to[name] as Json, here);
  });
}

/** What is alike at both ends is left out; the items between are compared one by one, and what is over was added or removed. */
function diffLists(from: Json[], to: Json[], path: string): ValueDifference[] {
  const shorter = Math.min(from.length, to.length);
  const isSame = (left: number, right: number): boolean => areEqual(from[left] as Json, to[right] as Json);
  let head = 0;
  while (head < shorter && isSame(head, head)) head += 1;
  let tail = 0;
  while (tail < shorter - head && isSame(from.length - 1 - tail, to.length - 1 - tail)) tail += 1;
  const differences: ValueDifference[] = [];
  for (let index = head; index < Math.max(from.length, to.length) - tail; index += 1) {
    const here = item(path, index);
    if (index >= to.length - tail) differences.push({ path: here, change: 'removed', from: from[index] as Json, to: null });
    else if (index >= from.length - tail) differences.push({ path: here, change: 'added', from: null, to: to[index] as Json });
    else differences.push(...diffValues(from[index] as Json, to[index] as Json, here));
  }
  return differences;
}

/** Null is not nothing here, other than for records. */
function areEqual(left: Json, right: Json): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => areEqual(item, right[index] as Json));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return left === right;
  const names = Object.keys(left);
  const isEqual = (name: string): boolean => Object.hasOwn(right, name) && areEqual(left[name] as Json, right[name] as Json);
  return names.length === Object.keys(right).length && names.every(isEqual);
}

/** A path as it is shown. It stands at every difference below it, so a long key would be told thousands of times. */
const LONGEST_PATH = 500;

function at(path: string, name: string): string {
  return cut(path === '' ? name : `${path}.${name}`);
}

function item(path: string, index: number): string {
  return cut(`${path}[${index}]`);
}

/** A path that was cut stays as it is, whatever comes behind. */
function cut(path: string): string {
  return path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}…` : path;
}
