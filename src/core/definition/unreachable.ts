import type { Condition, FieldTest } from '../condition/tree.js';
import { sameJson } from '../derive-events.js';
import type { Json } from '../json.js';
import type { Step } from '../steps/index.js';
import { childLists } from '../steps/tree.js';
import { isSameText, wantedValues } from './influence.js';

/** A part of a definition that no run ever comes to. */
export interface Unreachable {
  /** Where it stands: `steps[1].branches[2]`, `steps[3]`. */
  path: string;
  /** Why, in a sentence. */
  reason: string;
}

/**
 * Returns what no run ever comes to: steps behind a `stop`, branches whose condition cannot hold or is only asked where an
 * earlier one holds already. Told only where it is certain.
 */
export function unreachableParts(steps: readonly Step[], path = 'steps'): Unreachable[] {
  const found: Unreachable[] = [];
  const stop = steps.findIndex(({ kind }) => kind === 'stop');
  if (stop >= 0 && stop < steps.length - 1) {
    found.push({ path: `${path}[${stop + 1}]`, reason: `Step "${steps[stop]?.id}" ends the run before it.` });
  }
  for (const [index, step] of steps.entries()) {
    const here = `${path}[${index}]`;
    if (step.kind === 'branch') found.push(...unreachableBranches(step, here));
    for (const list of childLists(step)) found.push(...unreachableParts(list.steps, `${here}.${list.jsonPath}`));
  }
  return found;
}

function unreachableBranches(step: Extract<Step, { kind: 'branch' }>, path: string): Unreachable[] {
  const found: Unreachable[] = [];
  const { branches, otherwise } = step;
  for (const [index, { name, when }] of branches.entries()) {
    const here = `${path}.branches[${index}]`;
    const earlier = branches.slice(0, index).find((one) => implies(when, one.when));
    if (neverHolds(when)) found.push({ path: here, reason: `The condition of branch "${name}" can never hold.` });
    else if (earlier)
      found.push({ path: here, reason: `Whenever branch "${name}" holds, "${earlier.name}" before it does, and is taken.` });
  }
  const always = branches.find(({ when }) => alwaysHolds(when));
  if (otherwise !== undefined && always) found.push({ path: `${path}.otherwise`, reason: `Branch "${always.name}" always holds.` });
  return found;
}

function alwaysHolds(condition: Condition): boolean {
  if ('all' in condition) return condition.all.every(alwaysHolds);
  if ('none' in condition) return condition.none.every(neverHolds);
  return 'any' in condition && condition.any.some(alwaysHolds);
}

function neverHolds(condition: Condition): boolean {
  if ('all' in condition) return condition.all.some(neverHolds) || contradictsItself(testsOf(condition));
  if ('any' in condition) return condition.any.every(neverHolds);
  return 'none' in condition && condition.none.some(alwaysHolds);
}

/** The tests that must all hold. */
function testsOf(condition: Condition): FieldTest[] {
  if ('all' in condition) return condition.all.flatMap(testsOf);
  return 'any' in condition || 'none' in condition ? [] : [condition];
}

function contradictsItself(tests: readonly FieldTest[]): boolean {
  return tests.some((one, index) =>
    tests.slice(index + 1).some((other) => {
      const [left, right] = [plainValues(one), plainValues(other)];
      return (
        one.field === other.field && left !== null && right !== null && !left.some((value) => right.some((it) => isSameText(value, it)))
      );
    }),
  );
}

/** Whether the second condition holds wherever the first does; false where that is not certain. */
function implies(first: Condition, second: Condition): boolean {
  if (sameJson(first as unknown as Json, second as unknown as Json) || alwaysHolds(second)) return true;
  if ('any' in second || 'none' in second) return false;
  const wanted = 'all' in second ? second.all : [second];
  const given = testsOf(first);
  return wanted.every((one) => !('all' in one || 'any' in one || 'none' in one) && given.some((test) => testImplies(test, one)));
}

function testImplies(first: FieldTest, second: FieldTest): boolean {
  if (first.field !== second.field) return false;
  if (sameJson(first as unknown as Json, second as unknown as Json)) return true;
  const [values, wanted] = [plainValues(first), plainValues(second)];
  if (values !== null && wanted !== null) return values.every((value) => wanted.some((one) => isSameText(value, one)));
  const [range, wider] = [rangeOf(first), rangeOf(second)];
  if (range === null || wider === null || range.isUpper !== wider.isUpper) return false;
  const isInside = range.isUpper ? range.limit < wider.limit : range.limit > wider.limit;
  return isInside || (range.limit === wider.limit && (wider.includesLimit || !range.includesLimit));
}

/** Letters are compared by the rules that hold unless a test says otherwise. */
function plainValues(test: FieldTest): Json[] | null {
  return test.caseSensitive === true ? null : wantedValues(test);
}

const RANGES: Readonly<Record<string, { isUpper: boolean; includesLimit: boolean }>> = {
  greater_than: { isUpper: false, includesLimit: false },
  greater_than_or_equal: { isUpper: false, includesLimit: true },
  less_than: { isUpper: true, includesLimit: false },
  less_than_or_equal: { isUpper: true, includesLimit: true },
};

function rangeOf({ operator, value }: FieldTest): { isUpper: boolean; includesLimit: boolean; limit: number } | null {
  const range = Object.hasOwn(RANGES, operator) ? RANGES[operator] : undefined;
  return range && typeof value === 'number' ? { ...range, limit: value } : null;
}
