import type { DefinitionDiff, StepDifference, ValueDifference } from '../../core/definition/diff.js';
import type { Json, JsonObject } from '../../core/json.js';
import { isObject } from './catalog.js';
import { formatPlace, isSameJson, membersOf, type Place, setAt } from './json-path.js';
import { placedSteps, stepLists } from './step-tree.js';

/** A step of one of the two, without the steps inside it. */
interface Outlined {
  step: JsonObject;
  own: JsonObject;
  path: string;
  /** The step that it is in and the names on the way there; and what stands before it. */
  list: string;
  before: string | null;
}

/**
 * What is other in the second of two drafts, told as the API tells it for versions: for the dialog of two people in conflict,
 * where one of the two is in this tab alone.
 */
export function diffDefinitions(from: JsonObject, to: JsonObject): DefinitionDiff {
  const [before, after] = [outlineOf(from), outlineOf(to)];
  const values = diffValues({ ...from, steps: null }, { ...to, steps: null }, []);
  const steps: StepDifference[] = [];
  for (const [id, now] of after) {
    const then = before.get(id);
    const changed = then === undefined ? [] : diffValues(then.own, now.own, []);
    const changes: StepDifference['changes'] = then === undefined ? ['added'] : [];
    if (then !== undefined && hasMoved(then, now, before, after)) changes.push('moved');
    if (changed.length > 0) changes.push('changed');
    if (changes.length > 0) steps.push({ ...titleOf(now.step, id), changes, from: then?.path ?? null, to: now.path, values: changed });
  }
  for (const [id, then] of before) {
    if (!after.has(id)) steps.push({ ...titleOf(then.step, id), changes: ['removed'], from: then.path, to: null, values: [] });
  }
  return { isSame: values.length === 0 && steps.length === 0, values, steps };
}

function titleOf({ name, type }: JsonObject, id: string): Pick<StepDifference, 'id' | 'name' | 'type'> {
  return { id, name: typeof name === 'string' ? name : null, type: String(type ?? '') };
}

function outlineOf(definition: JsonObject): Map<string, Outlined> {
  const outlined = new Map<string, Outlined>();
  const ids = new Map<string, string>();
  const lastOf = new Map<string, string>();
  for (const { step, place, number } of placedSteps(definition)) {
    const path = formatPlace(place);
    // Steps without an id, and those that share one, are told by where they stand.
    const id = typeof step.id === 'string' && !outlined.has(step.id) ? step.id : number;
    const list = listName(place, ids);
    ids.set(path, id);
    outlined.set(id, { step, own: withoutSteps(step), path, list, before: lastOf.get(list) ?? null });
    lastOf.set(list, id);
  }
  return outlined;
}

/** The list that a step stands in, by the step around it and its part in that. */
function listName(place: Place, ids: ReadonlyMap<string, string>): string {
  for (let length = place.length - 2; length > 1; length -= 1) {
    const around = ids.get(formatPlace(place.slice(0, length)));
    if (around !== undefined) return `${around} ${formatPlace(place.slice(length, -1))}`;
  }
  return '';
}

/** In another list; or in the same with another step before it, of those that both have. */
function hasMoved(then: Outlined, now: Outlined, before: ReadonlyMap<string, Outlined>, after: ReadonlyMap<string, Outlined>): boolean {
  if (then.list !== now.list) return true;
  const inBoth = (start: string | null, own: ReadonlyMap<string, Outlined>, other: ReadonlyMap<string, Outlined>): string | null => {
    let id = start;
    while (id !== null && other.get(id)?.list !== then.list) id = own.get(id)?.before ?? null;
    return id;
  };
  return inBoth(then.before, before, after) !== inBoth(now.before, after, before);
}

function withoutSteps(step: JsonObject): JsonObject {
  return stepLists(step).reduce<JsonObject>(
    (own, { place, exists }) => (exists ? (setAt(own, place, undefined) as JsonObject) : own),
    step,
  );
}

/** What is other in the second of two values, each with its place. */
export function diffValues(from: Json, to: Json, place: Place): ValueDifference[] {
  if (isSameJson(from, to)) return [];
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
    return from.flatMap((item, index) => diffValues(item, to[index] as Json, [...place, index]));
  }
  if (!isObject(from) || !isObject(to)) return [{ path: formatPlace(place), change: 'changed', from, to }];
  return [...new Set([...membersOf(from), ...membersOf(to)])].flatMap((name): ValueDifference[] => {
    const here = [...place, name];
    const [left, right] = [from[name], to[name]];
    if (right === undefined) return [{ path: formatPlace(here), change: 'removed', from: left as Json, to: null }];
    if (left === undefined) return [{ path: formatPlace(here), change: 'added', from: null, to: right }];
    return diffValues(left, right, here);
  });
}
