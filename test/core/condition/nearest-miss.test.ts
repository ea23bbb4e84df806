import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ConditionSubject, compileCondition, type Explanation } from '../../../src/core/condition/condition.js';
import { type Flip, flipSets } from '../../../src/core/condition/flips.js';
import { imagine } from '../../../src/core/condition/imagined.js';
import { nearestMisses, withMiss } from '../../../src/core/condition/nearest-miss.js';
import type { Condition, FieldTest } from '../../../src/core/condition/tree.js';
import type { Json } from '../../../src/core/json.js';
import { MODULE, subjectOf } from '../operators/ask.js';
import { subjects, tests, trees } from './any-condition.js';

const text = (value: Json): FieldTest => ({ field: 'text', operator: 'equals', value });
const number = (operator: string, value: number): FieldTest => ({ field: 'number', operator, value });

function missesOf(condition: Condition, parts: Partial<ConditionSubject>) {
  const subject = subjectOf(parts);
  const misses = nearestMisses(condition, MODULE, subject);
  for (const miss of misses) expect(compileCondition(condition, MODULE).test(withMiss(subject, miss))).toBe(true);
  return misses.map((miss) => miss.map(({ field, operator, hold, value }) => [field, operator, hold, value]));
}

describe('the nearest miss', () => {
  it('of an all is every test that failed, of an any the cheapest', () => {
    const record = { text: 'Phone', number: 5 };
    expect(missesOf({ all: [text('Web'), number('greater_than', 10), number('less_than', 100)] }, { record })).toEqual([
      [
        ['text', 'equals', true, { value: 'Web' }],
        ['number', 'greater_than', true, { value: 11 }],
      ],
    ]);
    expect(missesOf({ any: [{ all: [text('Web'), number('equals', 7)] }, number('equals', 6)] }, { record })).toEqual([
      [['number', 'equals', true, { value: 6 }]],
      [
        ['text', 'equals', true, { value: 'Web' }],
        ['number', 'equals', true, { value: 7 }],
      ],
    ]);
  });

  it('of a none is every test that held, each with a value that does not', () => {
    expect(missesOf({ none: [text('Web'), number('less_than', 10)] }, { record: { text: 'Web', number: 5 } })).toEqual([
      [
        ['text', 'equals', false, { value: null }],
        ['number', 'less_than', false, { value: 10 }],
      ],
    ]);
  });

  it('is none where the condition holds, or nothing could make it hold', () => {
    const record = { text: 'Web' };
    expect(missesOf(text('Web'), { record })).toEqual([]);
    expect(missesOf({ any: [] }, { record })).toEqual([]);
    expect(missesOf({ all: [text('Web'), text('Phone')] }, { record })).toEqual([]);
    expect(missesOf({ all: [text('Phone'), { none: [text('Phone')] }] }, { record })).toEqual([]);
  });

  it('is none where it cannot be tried, and where too much would have to be otherwise', () => {
    expect(missesOf({ field: 'text', operator: 'matches', value: '^\\d{7}$' }, { record: { text: 'x' } })).toEqual([]);
    expect(missesOf({ field: 'now', operator: 'on', value: '2020-01-01' }, {})).toEqual([]);
    const eleven = Array.from({ length: 11 }, (_, index): FieldTest => ({ field: `context.c${index}`, operator: 'equals', value: 1 }));
    expect(missesOf({ all: eleven }, {})).toEqual([]);
    expect(missesOf({ all: eleven.slice(1) }, {})).toMatchObject([{ length: 10 }]);
  });

  it('needs no module', () => {
    const subject = subjectOf({ record: { source: 'Phone' } });
    expect(nearestMisses({ field: 'source', operator: 'equals', value: 'Web' }, null, subject)).toMatchObject([
      [{ value: { value: 'Web' } }],
    ]);
  });

  it('finds one value for all tests of a field', () => {
    const between = { all: [number('greater_than', 5), number('not_equals', 6), number('less_than', 8)] };
    expect(missesOf(between, { record: { number: null } })).toMatchObject([[{ 0: 'number' }, { 0: 'number' }]]);
  });

  it('tries few of the members of a long list', () => {
    const expected = Array.from({ length: 5_000 }, (_, index) => index + 1_000);
    const test = { result: false, field: 'number', operator: 'in', seen: 1, expected } as const;
    expect(imagine(test, subjectOf({}), MODULE).length).toBeLessThan(200);
  });

  it('tells at most three, the smallest first', () => {
    const any = { any: [1, 2, 3, 4].map((value) => number('equals', value)) };
    expect(missesOf(any, { record: { number: 9 } }).map(([first]) => first?.[3])).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }]);
  });

  it.each<[FieldTest, Partial<ConditionSubject>]>([
    [
      { field: 'text', operator: 'changed_to', value: 'Won' },
      { record: { text: 'Lost' }, changes: { text: { from: 'New', to: 'Lost' } } },
    ],
    [
      { field: 'text', operator: 'changed_from_to', value: { from: 'A', to: 'B' } },
      { record: { text: 'C' }, previous: { text: 'A' } },
    ],
    [
      { field: 'number', operator: 'increased_by', value: 5 },
      { record: { number: 3 }, changes: { number: { from: 2, to: 3 } } },
    ],
    [
      { field: 'text', operator: 'not_changed' },
      { record: { text: 'a' }, changes: { text: { from: 'b', to: 'a' } } },
    ],
    [{ field: 'json.deep.er', operator: 'equals', value: 3 }, { record: { json: null } }],
    [
      { field: 'json.deep', operator: 'changed_to', value: 3 },
      { record: { json: { deep: 1 } }, previous: { json: { deep: 0 } } },
    ],
    [
      { field: 'json.deep', operator: 'equals', value: 3 },
      { record: { json: { deep: 1 } }, changes: { json: { from: null, to: { deep: 1 } } } },
    ],
    [{ field: 'trigger.input.discount', operator: 'greater_than', value: 5 }, { trigger: { input: { discount: 1 } } }],
    [{ field: 'actor', operator: 'has_role', value: 'Boss' }, {}],
    [{ field: 'text', operator: 'is_owner' }, { record: { text: 'u-1', ownerId: 'u-2' } }],
    [{ field: 'text', operator: 'is_actor' }, { record: { text: 'u-9' } }],
    [{ field: 'datetime', operator: 'in_last', value: { amount: 3, unit: 'day' } }, { record: { datetime: null } }],
    [{ field: 'date', operator: 'next', value: 'quarter' }, { record: { date: null } }],
    [{ field: 'list', operator: 'contains_all', value: ['a', 'b'] }, { record: { list: [] } }],
    [{ field: 'boolean', operator: 'is_true' }, { record: { boolean: null } }],
    [{ field: 'date', operator: 'before', value: '0001-01-01' }, { record: { date: '2024-01-01' } }],
    [{ field: 'text', operator: 'equals', value: '+275760-09-13T00:00:00.000Z' }, { record: null }],
    [{ field: 'actor.roles', operator: 'contains_any', value: ['Boss'] }, {}],
    [{ field: 'account.name', operator: 'equals', value: 'Steel' }, { record: { account: null } }],
  ])('is found for %j', (test, parts) => {
    expect(missesOf(test, parts)).toHaveLength(1);
  });

  it('makes the condition hold when it is applied, whatever the condition and the record', () => {
    let told = 0;
    fc.assert(
      fc.property(trees, subjects, (condition, subject) => {
        const compiled = compileCondition(condition, MODULE);
        const misses = nearestMisses(condition, MODULE, subject);
        if (compiled.test(subject)) expect(misses).toEqual([]);
        expect(misses.length).toBeLessThanOrEqual(3);
        for (const miss of misses) expect(compiled.test(withMiss(subject, miss))).toBe(true);
        told += misses.length;
      }),
      { numRuns: 300 },
    );
    expect(told).toBeGreaterThan(20);
  });

  it('is found for nearly every test that compares with a value of its own', () => {
    const missed: FieldTest[] = [];
    let asked = 0;
    fc.assert(
      fc.property(tests, subjects, (test, given) => {
        const subject = { ...given, timezone: 'UTC' };
        const isFixed = !JSON.stringify(test).includes('context.other') && !['matches', 'is_owner'].includes(test.operator);
        if (!isFixed || compileCondition(test, MODULE).test(subject)) return;
        asked += 1;
        if (nearestMisses(test, MODULE, subject).length === 0) missed.push(test);
      }),
      { numRuns: 500, seed: 1 },
    );
    expect(missed.length > asked / 20 ? missed : []).toEqual([]);
  });
});

describe('the smallest sets of tests to be otherwise', () => {
  /** The answer of a tree with other answers of some of its tests. */
  const flipped = (node: Explanation, set: readonly Flip[], path: readonly number[] = []): boolean => {
    if ('field' in node) return set.find((flip) => flip.path.join() === path.join())?.hold ?? node.result;
    const of = (children: Explanation[]) => children.map((child, index) => flipped(child, set, [...path, index]));
    if ('all' in node) return of(node.all).every(Boolean);
    return 'any' in node ? of(node.any).some(Boolean) : !of(node.none).some(Boolean);
  };

  it('turn the answer round, and nothing smaller does', () => {
    fc.assert(
      fc.property(trees, subjects, (condition, subject) => {
        const explanation = compileCondition(condition, MODULE).explain(subject);
        const sets = flipSets(explanation, !explanation.result);
        for (const set of sets) {
          expect(flipped(explanation, set)).toBe(!explanation.result);
          for (const flip of set)
            expect(
              flipped(
                explanation,
                set.filter((other) => other !== flip),
              ),
            ).toBe(explanation.result);
        }
        expect(sets.map(({ length }) => length)).toEqual(sets.map(({ length }) => length).sort((a, b) => a - b));
        expect(flipSets(explanation, explanation.result)).toEqual([[]]);
      }),
      { numRuns: 300 },
    );
  });
});
