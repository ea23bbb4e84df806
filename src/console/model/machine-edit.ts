import type { Json, JsonObject } from '../../core/json.js';
import { isObject, textsOf } from './catalog.js';
import { getAt, insertAt, listAt, setAt } from './json-path.js';
import { ANY, statesOf, transitionsOf } from './machine.js';

// Edits of a machine's definition. Each returns a new definition; what was not touched is the same as before.

/** What codes of states and transitions look like. */
const CODE = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Returns what is wrong with a code for the state or transition at an index; null when nothing is. */
export function codeProblem(definition: JsonObject, list: 'states' | 'transitions', index: number, code: string): string | null {
  if (!CODE.test(code)) return 'A code is made of letters, digits, “_” and “-”, and starts with a letter.';
  if (list === 'states' && code === ANY) return '“any” stands for all states that are not final.';
  const others = listAt(definition, [list]).filter((_, place) => place !== index);
  return others.some((one) => isObject(one) && one.code === code) ? `Another one is called “${code}”.` : null;
}

/** Returns the definition with another code for a state, and how many transitions lead to it or out of it by its name. */
export function renameState(definition: JsonObject, index: number, code: string): { definition: JsonObject; references: number } {
  const before = statesOf(definition)[index]?.code ?? '';
  let renamed = setAt(definition, ['states', index, 'code'], code) as JsonObject;
  let references = 0;
  const put = (place: readonly (string | number)[], value: Json): void => {
    renamed = setAt(renamed, place, value) as JsonObject;
    references += 1;
  };
  // What has no name yet is named by nobody.
  if (before === '') return { definition: renamed, references };
  for (const [at, transition] of listAt(definition, ['transitions']).entries()) {
    const { from, to } = isObject(transition) ? transition : {};
    if (to === before) put(['transitions', at, 'to'], code);
    if (from === before) put(['transitions', at, 'from'], code);
    if (Array.isArray(from) && from.includes(before)) {
      put(
        ['transitions', at, 'from'],
        from.map((one) => (one === before ? code : one)),
      );
    }
  }
  return { definition: renamed, references };
}

/** Returns the definition with another code for a transition; timeouts that fire it go along. */
export function renameTransition(definition: JsonObject, index: number, code: string): JsonObject {
  const before = transitionsOf(definition)[index]?.code ?? '';
  const renamed = setAt(definition, ['transitions', index, 'code'], code) as JsonObject;
  if (before === '') return renamed;
  return statesOf(definition).reduce(
    (now, { timeout, place }) =>
      timeout?.transition === before ? (setAt(now, [...place, 'timeout', 'transition'], code) as JsonObject) : now,
    renamed,
  );
}

/** Returns the definition with one more state at its end, and where it is. */
export function addState(definition: JsonObject): { definition: JsonObject; index: number } {
  const states = statesOf(definition);
  const code = freeCode('STATE', states);
  const state: JsonObject = { code, ...(states.length === 0 && { initial: true }) };
  return { definition: insertAt(definition, ['states'], states.length, state) as JsonObject, index: states.length };
}

/** Returns the definition with one more transition at its end, out of a state where one is chosen, and where it is. */
export function addTransition(definition: JsonObject, from: string | null): { definition: JsonObject; index: number } {
  const transitions = transitionsOf(definition);
  const states = statesOf(definition);
  const source = from ?? states[0]?.code ?? '';
  const to = states.find(({ code }) => code !== source)?.code ?? source;
  const transition = { code: freeCode('transition', transitions), from: [source], to, trigger: { type: 'manual' } };
  return { definition: insertAt(definition, ['transitions'], transitions.length, transition) as JsonObject, index: transitions.length };
}

function freeCode(start: string, taken: readonly { code: string }[]): string {
  const codes = new Set(taken.map(({ code }) => code));
  let number = taken.length + 1;
  while (codes.has(`${start}_${number}`)) number += 1;
  return `${start}_${number}`;
}

/** Returns the definition in which instances begin in this state, and in no other. */
export function makeInitial(definition: JsonObject, index: number): JsonObject {
  return statesOf(definition).reduce(
    (now, { isInitial }, at) =>
      at === index || isInitial ? (setAt(now, ['states', at, 'initial'], at === index ? true : undefined) as JsonObject) : now,
    definition,
  );
}

/** Returns the definition with a transition asked earlier or later; null where it stands first or last. */
export function moveTransition(definition: JsonObject, index: number, by: 1 | -1): JsonObject | null {
  const list = listAt(definition, ['transitions']);
  const to = index + by;
  const moved = list[index];
  if (moved === undefined || to < 0 || to >= list.length) return null;
  return setAt(definition, ['transitions'], list.toSpliced(index, 1).toSpliced(to, 0, moved)) as JsonObject;
}

/** Returns from which states a transition leads, of all that there are; those that are not there any more stay. */
export function sourcesOf(definition: JsonObject, index: number): string[] {
  return textsOf(getAt(definition, ['transitions', index, 'from'])).filter((code) => code !== ANY);
}
