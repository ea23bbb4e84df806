import type { Json, JsonObject } from '../../core/json.js';
import { isObject } from './catalog.js';
import { isSameJson, membersOf } from './json-path.js';

/** What is edited of a workflow or a state machine, and saved as one. */
export interface DraftDocument {
  name: string;
  code: string;
  description: string | null;
  definition: JsonObject;
}

/** Returns the document of what the API tells. */
export function documentOf({ name, code, description, definition }: DraftDocument): DraftDocument {
  return { name, code, description, definition };
}

/** Returns what has to be sent for a document, beside the one that is stored; null when they are the same. */
export function patchOf(stored: DraftDocument, document: DraftDocument): Partial<DraftDocument> | null {
  const changed = (['name', 'code', 'description', 'definition'] as const).filter(
    (member) => !isSameJson(stored[member], document[member]),
  );
  return changed.length === 0 ? null : Object.fromEntries(changed.map((member) => [member, document[member]]));
}

/** Returns theirs with my changes on top: where both have changed the same, mine stays. `base` is what both began with. */
export function withMineOnTop(base: DraftDocument, mine: DraftDocument, theirs: DraftDocument): DraftDocument {
  return mergeObjects({ ...base }, { ...mine }, { ...theirs }) as unknown as DraftDocument;
}

type Maybe = Json | undefined;

function merge(base: Maybe, mine: Maybe, theirs: Maybe): Maybe {
  if (isSameJson(mine, base)) return theirs;
  if (isSameJson(theirs, base) || isSameJson(mine, theirs)) return mine;
  // Another kind of trigger or step has other members: it is taken whole.
  if (isObject(mine) && isObject(theirs) && mine.type === theirs.type) return mergeObjects(isObject(base) ? base : {}, mine, theirs);
  if (Array.isArray(mine) && Array.isArray(theirs) && hasIds(mine) && hasIds(theirs)) {
    return mergeSteps(Array.isArray(base) && hasIds(base) ? base : [], mine, theirs);
  }
  return mine;
}

function mergeObjects(base: JsonObject, mine: JsonObject, theirs: JsonObject): JsonObject {
  const names = new Set([...membersOf(mine), ...membersOf(theirs)]);
  const merged = [...names].map((name) => [name, merge(base[name], mine[name], theirs[name])] as const);
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined));
}

/** By what an item of a list is told: steps by their ids, states and transitions of a machine by their codes. */
function idOf({ id, code }: JsonObject): string | null {
  if (typeof id === 'string') return id;
  return typeof code === 'string' ? code : null;
}

/** True for a list whose items are told by their ids, each once. */
function hasIds(list: readonly Json[]): list is JsonObject[] {
  const ids = list.map((item) => (isObject(item) ? idOf(item) : null));
  return !ids.includes(null) && new Set(ids).size === list.length;
}

/** In my order where I have changed it, else in theirs; what one has added stands behind what it stood behind. */
function mergeSteps(base: readonly JsonObject[], mine: readonly JsonObject[], theirs: readonly JsonObject[]): Json[] {
  const [before, ours, others] = [byId(base), byId(mine), byId(theirs)];
  const isKept = (id: string): boolean => {
    if (ours.has(id) && others.has(id)) return true;
    // Taken away by one: it stays away, unless the other has changed it.
    return !before.has(id) || !isSameJson(before.get(id), ours.get(id) ?? others.get(id));
  };
  const order = (list: readonly JsonObject[], kept: ReadonlyMap<string, JsonObject>): string =>
    idsOf(list)
      .filter((id) => kept.has(id))
      .join(' ');
  const [first, second] = order(mine, before) === order(base, ours) ? [theirs, mine] : [mine, theirs];
  const ids = idsOf(first);
  for (const [index, id] of idsOf(second).entries()) {
    if (ids.includes(id)) continue;
    const previous = idsOf(second)[index - 1];
    ids.splice(previous === undefined ? 0 : ids.indexOf(previous) + 1, 0, id);
  }
  return ids.filter(isKept).map((id) => merge(before.get(id), ours.get(id) ?? others.get(id), others.get(id) ?? ours.get(id)) as Json);
}

function idsOf(list: readonly JsonObject[]): string[] {
  return list.map((item) => idOf(item) ?? '');
}

function byId(list: readonly JsonObject[]): Map<string, JsonObject> {
  return new Map(list.map((item) => [idOf(item) ?? '', item]));
}
