import type { ModuleDescription } from '../catalog.js';
import type { FieldChange, RecordData } from '../event.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { type ParsedPath, parsePath } from '../scope.js';
import { type CompiledCondition, compileCondition } from './condition.js';
import { type Flip, flipSets } from './flips.js';
import { type Imagined, imagine } from './imagined.js';
import type { ConditionSubject } from './subject.js';
import type { Condition, FieldTest } from './tree.js';

/** One test that would have to be otherwise, with a value of its field that makes it so. */
export interface Otherwise {
  field: string;
  operator: string;
  seen: Json;
  expected: Json;
  /** Whether it would have to hold, or not to hold. */
  hold: boolean;
  value: Imagined;
}

/** A smallest set of tests which, were they otherwise, would make the condition hold. */
export type NearestMiss = Otherwise[];

/** How many are told. */
const MOST_MISSES = 3;

/**
 * What a condition that did not hold has missed by: the smallest sets of tests to be otherwise, at most three, smallest first.
 * Each was tried: with its values in place of those seen, the condition holds. What cannot be tried (a pattern to match) or
 * contradicts itself is left out.
 */
export function nearestMisses(condition: Condition, module: ModuleDescription | null, subject: ConditionSubject): NearestMiss[] {
  const compiled = compileCondition(condition, module);
  const misses: NearestMiss[] = [];
  for (const set of flipSets(compiled.explain(subject))) {
    if (set.length === 0) return [];
    const miss = tried(set, condition, compiled, module, subject);
    if (miss !== null) misses.push(miss);
    if (misses.length === MOST_MISSES) break;
  }
  return misses;
}

/** The subject as it would have had to be. */
export function withMiss(subject: ConditionSubject, miss: NearestMiss): ConditionSubject {
  return miss.reduce((changed, { field, value }) => put(changed, parsePath(field) as ParsedPath, value), subject);
}

/** The tests of one field in a set, and what is tried of it. */
interface FieldChoice {
  flips: Flip[];
  values: Imagined[];
}

function tried(
  set: readonly Flip[],
  condition: Condition,
  compiled: CompiledCondition,
  module: ModuleDescription | null,
  subject: ConditionSubject,
): NearestMiss | null {
  const byField = new Map<string, Flip[]>();
  for (const flip of set) byField.set(flip.test.field, [...(byField.get(flip.test.field) ?? []), flip]);
  const choices = [...byField.values()].map((flips) => choiceOf(flips, condition, module, subject));
  const most = Math.max(...choices.map(({ values }) => values.length));
  if (choices.some(({ values }) => values.length === 0)) return null;
  for (let index = 0; index < most; index += 1) {
    const miss = choices.flatMap(({ flips, values }) => {
      const value = values[Math.min(index, values.length - 1)] as Imagined;
      return flips.map(({ test, hold }) => ({
        field: test.field,
        operator: test.operator,
        seen: test.seen,
        expected: test.expected,
        hold,
        value,
      }));
    });
    if (compiled.test(withMiss(subject, miss))) return miss;
  }
  return null;
}

/** The values of the field that give all of these tests their wanted answers. */
function choiceOf(flips: Flip[], condition: Condition, module: ModuleDescription | null, subject: ConditionSubject): FieldChoice {
  const asked = flips.map(({ path, hold }) => ({ test: compileCondition(testAt(condition, path), module), hold }));
  const path = parsePath((flips[0] as Flip).test.field) as ParsedPath;
  const values = flips
    .flatMap(({ test }) => imagine(test, subject, module))
    .filter((value) => {
      if (!isPossible(path, value)) return false;
      const changed = put(subject, path, value);
      return asked.every(({ test, hold }) => test.test(changed) === hold);
    });
  return { flips, values };
}

/** Some variables are what they are, or of one form only. */
function isPossible({ root, segments }: ParsedPath, imagined: Imagined): boolean {
  if ('from' in imagined) return root === 'record' && segments.length > 0;
  const { value } = imagined;
  if (root === 'now') return false;
  if (segments.length === 0) return isJsonObject(value) && (root !== 'actor' || 'roles' in value);
  return root !== 'actor' || segments[0] !== 'roles' || Array.isArray(value);
}

function testAt(condition: Condition, path: readonly number[]): FieldTest {
  let here = condition;
  for (const index of path) here = (Object.values(here)[0] as Condition[])[index] as Condition;
  return here as FieldTest;
}

/** The subject with another value at a path; what the event says of the field agrees with it. */
function put(subject: ConditionSubject, { root, segments }: ParsedPath, imagined: Imagined): ConditionSubject {
  const to = 'value' in imagined ? imagined.value : imagined.to;
  if (root !== 'record') return { ...subject, [root]: setIn((subject as unknown as JsonObject)[root], segments, to) };
  const [name = '', ...below] = segments;
  const record = setIn(subject.record, segments, to) as RecordData;
  const known = Object.hasOwn(subject.changes, name) ? subject.changes[name] : undefined;
  if ('value' in imagined) {
    if (!isJsonObject(known)) return { ...subject, record };
    return { ...subject, record, changes: { ...subject.changes, [name]: { ...known, to: setIn(known.to, below, to) } } };
  }
  const change: FieldChange = { from: setIn(known?.from ?? subject.record?.[name], below, imagined.from), to: record[name] ?? null };
  const previous = subject.previous && (setIn(subject.previous, segments, imagined.from) as RecordData);
  return { ...subject, record, previous, changes: { ...subject.changes, [name]: change } };
}

/** A copy of an object with another value at a path. */
function setIn(holder: Json | undefined, [name, ...below]: readonly string[], value: Json): Json {
  if (name === undefined) return value;
  const members: JsonObject = isJsonObject(holder) ? holder : {};
  return { ...members, [name]: setIn(members[name], below, value) };
}
