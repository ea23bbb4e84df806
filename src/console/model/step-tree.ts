import type { Json, JsonObject } from '../../core/json.js';
import { isObject } from './catalog.js';
import { formatPlace, getAt, isWithin, listAt, type Place, setAt } from './json-path.js';
import { type ListsOf, type Moved, moveBy, moveTo, parentOf, put, type Slot, slotOf } from './list-tree.js';

/** One list of steps inside a step, as it is drawn. */
export interface StepList {
  /** From the step on. */
  place: Place;
  kind: 'branch' | 'otherwise' | 'lane' | 'loop';
  /** Of a branch. */
  name: string | null;
  /** Of a branch: its condition. */
  when?: Json;
  steps: Json[];
  /** False: it is drawn as a place to put steps into, and is not in the definition. */
  exists: boolean;
}

/** A step, and where it stands. */
export interface PlacedStep {
  step: JsonObject;
  place: Place;
  /** The place as problems and cards write it. */
  path: string;
  /** `4b2`: the second step of branch b of the fourth. */
  number: string;
  depth: number;
}

/** Returns the lists of steps inside a step, in the order they are written; a branch may always get an `otherwise`. */
export function stepLists(step: Json | undefined): StepList[] {
  if (!isObject(step)) return [];
  const { type, branches } = step;
  if (type === 'for_each') return [{ place: ['steps'], kind: 'loop', name: null, steps: listAt(step, ['steps']), exists: true }];
  if (type !== 'branch' && type !== 'parallel') return [];
  const lists = (Array.isArray(branches) ? branches : []).map((branch, index): StepList => {
    const { name = null, when } = isObject(branch) ? branch : {};
    return {
      place: ['branches', index, 'steps'],
      kind: type === 'branch' ? 'branch' : 'lane',
      name: typeof name === 'string' ? name : null,
      when,
      steps: listAt(branch, ['steps']),
      exists: true,
    };
  });
  if (type === 'parallel') return lists;
  return [
    ...lists,
    { place: ['otherwise'], kind: 'otherwise', name: null, steps: listAt(step, ['otherwise']), exists: 'otherwise' in step },
  ];
}

/** The lists of steps in a definition, or in one of its steps. */
const listsOf: ListsOf = (node) => (isRoot(node) ? [['steps']] : stepLists(node).map(({ place }) => place));

function isRoot(node: Json): boolean {
  return isObject(node) && !('type' in node);
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Definitions are never changed, only replaced; and every key in the flow asks for all steps. */
const placed = new WeakMap<JsonObject, readonly PlacedStep[]>();

/** Returns every step in reading order, with its number. */
export function placedSteps(definition: JsonObject): readonly PlacedStep[] {
  const known = placed.get(definition) ?? placeSteps(definition);
  placed.set(definition, known);
  return known;
}

function placeSteps(definition: JsonObject): PlacedStep[] {
  const found: PlacedStep[] = [];
  const addList = (list: readonly Json[], place: Place, listPath: string, before: string, depth: number): void => {
    for (const [index, item] of list.entries()) {
      const step = isObject(item) ? item : {};
      const [at, path, number] = [[...place, index], `${listPath}[${index}]`, `${before}${index + 1}`];
      found.push({ step, place: at, path, number, depth });
      for (const [which, inner] of stepLists(step).entries()) {
        const innerPath = `${path}.${formatPlace(inner.place)}`;
        addList(inner.steps, [...at, ...inner.place], innerPath, `${number}${inner.kind === 'loop' ? '.' : letterOf(which)}`, depth + 1);
      }
    }
  };
  addList(listAt(definition, ['steps']), ['steps'], 'steps', '', 0);
  return found;
}

/** Returns the letter of a branch; from the 27th on a number of letters. */
export function letterOf(index: number): string {
  const letter = LETTERS[index % LETTERS.length] as string;
  return index < LETTERS.length ? letter : `${letterOf(Math.floor(index / LETTERS.length) - 1)}${letter}`;
}

/** Returns where the step of this id stands. */
export function placeOfId(definition: JsonObject, id: string): Place | null {
  return placedSteps(definition).find(({ step }) => step.id === id)?.place ?? null;
}

/** What became of a definition. */
export interface StepEdit {
  definition: JsonObject;
  /** Where the step that was meant stands now; null when there is none any more. */
  at: Place | null;
}

const edited = (moved: Moved | null): StepEdit | null => moved && { definition: moved.root as JsonObject, at: moved.at };

/** Puts a step into a slot; its id is made unique. */
export function insertStep(definition: JsonObject, slot: Slot, step: JsonObject): StepEdit {
  return edited(put(definition, slot, withFreeIds([step], definition)[0] as JsonObject)) as StepEdit;
}

/** Takes a step away; `at` is the one that the focus goes to: the next, else the previous, else the one around it. */
export function removeStep(definition: JsonObject, at: Place): StepEdit {
  const { list, index } = slotOf(at);
  const around = parentOf(definition, listsOf, at);
  const without = setAt(definition, at, undefined) as JsonObject;
  const left = listAt(without, list).length;
  const next = left === 0 ? around : [...list, Math.min(index, left - 1)];
  return { definition: without, at: next };
}

/** Moves a step by one place in reading order, into and out of branches as it comes; null at the end. */
export function moveStep(definition: JsonObject, at: Place, by: 1 | -1): StepEdit | null {
  return edited(moveBy(definition, listsOf, at, by));
}

/** Moves a step behind the one around it; null for a step that is in none. */
export function moveStepOut(definition: JsonObject, at: Place): StepEdit | null {
  const around = parentOf(definition, listsOf, at);
  if (around === null) return null;
  const { list, index } = slotOf(around);
  return edited(moveTo(definition, at, () => ({ list, index: index + 1 })));
}

/** Moves a step to the end of the last list of the one before it; null where that has none. */
export function moveStepIn(definition: JsonObject, at: Place): StepEdit | null {
  const { list, index } = slotOf(at);
  const before = [...list, index - 1];
  const into = stepLists(getAt(definition, before)).findLast(({ exists }) => exists);
  if (into === undefined) return null;
  return edited(moveTo(definition, at, () => ({ list: [...before, ...into.place], index: into.steps.length })));
}

/** Puts a copy behind a step. */
export function duplicateStep(definition: JsonObject, at: Place): StepEdit {
  const { list, index } = slotOf(at);
  return insertStep(definition, { list, index: index + 1 }, getAt(definition, at) as JsonObject);
}

/** Reads steps from text that was copied: one step, a list of them, or a definition; null when it holds none. */
export function readSteps(text: string): JsonObject[] | null {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch {
    return null;
  }
  const found = isObject(json) && Array.isArray(json.steps) && !('type' in json) ? json.steps : Array.isArray(json) ? json : [json];
  const isStep = (one: Json): one is JsonObject => isObject(one) && typeof one.type === 'string';
  return found.length > 0 && found.every(isStep) ? found : null;
}

/** Puts steps into a slot, one behind the other; ids are made unique, and what they read of each other follows. */
export function pasteSteps(definition: JsonObject, { list, index }: Slot, steps: readonly JsonObject[]): StepEdit {
  const fresh = withFreeIds(steps, definition);
  const filled = setAt(definition, list, listAt(definition, list).toSpliced(index, 0, ...fresh)) as JsonObject;
  return { definition: filled, at: [...list, index] };
}

const STEP_ID = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Returns why a text cannot be the id of a step; null when it can. */
export function idProblem(definition: JsonObject, at: Place, id: string): string | null {
  if (!STEP_ID.test(id)) return 'An id begins with a letter, and holds letters, digits, _ and -; 64 at the most.';
  const other = placedSteps(definition).find(({ step, place }) => step.id === id && !isSame(place, at));
  return other === undefined ? null : `Step ${other.number} has this id.`;
}

function isSame(one: Place, other: Place): boolean {
  return one.length === other.length && isWithin(one, other);
}

/** Gives a step another id and rewrites what reads its output; `references` is how many texts did. */
export function renameStep(definition: JsonObject, at: Place, id: string): { definition: JsonObject; references: number } {
  const before = getAt(definition, [...at, 'id']);
  const renamed = setAt(definition, [...at, 'id'], id) as JsonObject;
  if (typeof before !== 'string' || before === '') return { definition: renamed, references: 0 };
  const counter = { count: 0 };
  const rewritten = rewriteReferences(renamed, new Map([[before, id]]), counter) as JsonObject;
  return { definition: rewritten, references: counter.count };
}

/** Returns a definition with other values for what it says of steps by their ids: `steps.<id>` in templates and conditions. */
function rewriteReferences(value: Json, ids: ReadonlyMap<string, string>, counter: { count: number }, member = ''): Json {
  if (typeof value === 'string') {
    const after = member === 'field' ? inPath(value, ids) : value.replace(/\{\{[\s\S]*?\}\}/g, (expression) => inPath(expression, ids));
    if (after !== value) counter.count += 1;
    return after;
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => rewriteReferences(item, ids, counter));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(
    ([name, one]) => [name, one === undefined ? one : rewriteReferences(one, ids, counter, name)] as const,
  );
  return members.every(([name, one]) => one === value[name]) ? value : Object.fromEntries(members);
}

function inPath(text: string, ids: ReadonlyMap<string, string>): string {
  return text.replace(
    /(?<![\w.-])steps\.(?:([A-Za-z][\w-]*)|\[([^\]]+)\])/g,
    (whole, plain: string | undefined, bracketed: string | undefined) => {
      const id = ids.get(plain ?? (bracketed as string));
      return id === undefined ? whole : `steps.${id}`;
    },
  );
}

/** Steps with ids that neither the definition nor they themselves have twice; what they read of each other follows. */
function withFreeIds(steps: readonly JsonObject[], definition: JsonObject): JsonObject[] {
  const taken = new Set(placedSteps(definition).map(({ step }) => step.id));
  const ids = new Map<string, string>();
  const renamed = steps.map((step) => freeIds(step, taken, ids));
  const changed = new Map([...ids].filter(([before, after]) => before !== after));
  return changed.size === 0 ? renamed : renamed.map((step) => rewriteReferences(step, changed, { count: 0 }) as JsonObject);
}

function freeIds(step: JsonObject, taken: Set<Json | undefined>, ids: Map<string, string>): JsonObject {
  const wanted = typeof step.id === 'string' && STEP_ID.test(step.id) ? step.id : idFor(step.type);
  const id = freeId(wanted, taken);
  taken.add(id);
  if (typeof step.id === 'string') ids.set(step.id, id);
  return stepLists(step).reduce<JsonObject>(
    (here, { place, steps, exists }) =>
      exists
        ? (setAt(
            here,
            place,
            steps.map((one) => (isObject(one) ? freeIds(one, taken, ids) : one)),
          ) as JsonObject)
        : here,
    { ...step, id },
  );
}

function idFor(type: Json | undefined): string {
  const id = String(type ?? '').replace(/[^A-Za-z0-9_-]/g, '_');
  return STEP_ID.test(id) ? id : 'step';
}

function freeId(wanted: string, taken: ReadonlySet<Json | undefined>): string {
  if (!taken.has(wanted)) return wanted;
  const base = wanted.replace(/_\d+$/, '').slice(0, 58);
  for (let number = 2; ; number += 1) if (!taken.has(`${base}_${number}`)) return `${base}_${number}`;
}

/** Makes a step another kind: what both have by the same name stays. `schema` is that of the arguments, or of the step. */
export function withKind(step: JsonObject, type: string, isAction: boolean, properties: readonly string[]): JsonObject {
  const { id, name, onError, extract, extractToContext, retry, timeout, onAmbiguous } = step;
  const base = { id, ...(name !== undefined && { name }), type };
  const common = { onError, extract, extractToContext, ...(isAction && { retry, timeout, onAmbiguous }) };
  const given: JsonObject = isObject(step.with) ? step.with : step;
  const reserved = new Set(['id', 'name', 'type', 'with', ...Object.keys(common)]);
  const kept = Object.fromEntries(
    properties.filter((one) => !reserved.has(one) && given[one] !== undefined).map((one) => [one, given[one]]),
  );
  const behind = Object.fromEntries(Object.entries(common).filter(([, value]) => value !== undefined));
  return isAction ? { ...base, with: kept, ...behind } : { ...base, ...kept, ...behind, ...startOf(type, kept) };
}

/** What a new step of flow control begins with, so that there is a place to put steps into. */
function startOf(type: string, kept: JsonObject): JsonObject {
  const branch = (name: string): JsonObject => ({ name, ...(type === 'branch' && { when: { all: [] } }), steps: [] });
  if (kept.branches !== undefined || kept.steps !== undefined) return {};
  if (type === 'branch') return { branches: [branch('first')] };
  if (type === 'parallel') return { branches: [branch('first'), branch('second')] };
  return type === 'for_each' ? { steps: [] } : {};
}
