import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileCondition } from '../../../src/core/condition/condition.js';
import type { Condition, FieldTest } from '../../../src/core/condition/tree.js';
import type { AutomationError } from '../../../src/core/errors.js';
import type { RecordData } from '../../../src/core/event.js';
import type { Json, JsonObject } from '../../../src/core/json.js';
import { OPERATORS } from '../../../src/core/operators/index.js';
import type { Scope } from '../../../src/core/scope.js';
import { answer, MODULE, NOW, subjectOf } from '../operators/ask.js';
import { subjects, tests, trees } from './any-condition.js';

const HOLDS: FieldTest = { field: 'number', operator: 'equals', value: 1 };
const FAILS: FieldTest = { field: 'number', operator: 'equals', value: 2 };
const ONE = subjectOf({ record: { number: 1 } });

function holds(condition: Condition): boolean {
  const compiled = compileCondition(condition, MODULE);
  expect(compiled.explain(ONE).result).toBe(compiled.test(ONE));
  return compiled.test(ONE);
}

describe('groups', () => {
  it.each<[Condition, boolean]>([
    [{ all: [] }, true],
    [{ all: [HOLDS, HOLDS] }, true],
    [{ all: [HOLDS, FAILS] }, false],
    [{ any: [] }, false],
    [{ any: [FAILS, HOLDS] }, true],
    [{ any: [FAILS, FAILS] }, false],
    [{ none: [] }, true],
    [{ none: [FAILS, FAILS] }, true],
    [{ none: [FAILS, HOLDS] }, false],
    [{ all: [HOLDS, { any: [FAILS, { none: [FAILS, { all: [HOLDS, FAILS] }] }] }] }, true],
  ])('%j: %s', (condition, expected) => {
    expect(holds(condition)).toBe(expected);
  });
});

describe('explanations', () => {
  it('show the whole tree with the value seen, the operator, the value expected and the result of each test', () => {
    const condition: Condition = {
      all: [
        { field: 'text', operator: 'equals', value: 'Web Form' },
        {
          any: [{ field: 'money', operator: 'greater_than', value: 50_000 }, { none: [{ field: 'context.score', operator: 'is_empty' }] }],
        },
      ],
    };
    const subject = subjectOf({ record: { text: 'Referral', money: null }, context: { score: 5 } });
    expect(compileCondition(condition, MODULE).explain(subject)).toEqual({
      result: false,
      all: [
        { result: false, field: 'text', operator: 'equals', seen: 'Referral', expected: 'Web Form' },
        {
          result: true,
          any: [
            { result: false, field: 'money', operator: 'greater_than', seen: null, expected: 50_000, note: 'the field is empty' },
            { result: true, none: [{ result: false, field: 'context.score', operator: 'is_empty', seen: 5, expected: null }] },
          ],
        },
      ],
    });
  });

  it('show values worked out: fields, templates, dates from now, lists and pairs of them', () => {
    const expectedOf = (test: FieldTest) => {
      const subject = subjectOf({ record: { text: 'a', number: 1 }, previous: { number: 7 }, context: { name: 'Ann' } });
      return (compileCondition(test, MODULE).explain(subject) as { expected: Json }).expected;
    };
    expect(expectedOf({ field: 'number', operator: 'equals', value: { field: 'previous.number' } })).toBe(7);
    expect(expectedOf({ field: 'number', operator: 'equals', value: { field: 'previous.money' } })).toBe(null);
    expect(expectedOf({ field: 'text', operator: 'equals', value: 'Dear {{context.name}}' })).toBe('Dear Ann');
    expect(expectedOf({ field: 'datetime', operator: 'before', value: { fromNow: '-P7D' } })).toBe('2024-05-08T12:00:00.000Z');
    expect(expectedOf({ field: 'number', operator: 'between', value: [1, '{{previous.number}}'] })).toEqual([1, 7]);
    expect(expectedOf({ field: 'text', operator: 'changed_from_to', value: { from: null, to: '{{context.name}}' } })).toEqual({
      from: null,
      to: 'Ann',
    });
    expect(expectedOf({ field: 'date', operator: 'in_last', value: { amount: 3, unit: 'day' } })).toEqual({ amount: 3, unit: 'day' });
    expect(expectedOf({ field: 'text', operator: 'matches', value: 'a+' })).toBe('a+');
  });

  it('cut long values, so that a log entry stays small', () => {
    const seenOf = (json: Json) => {
      const condition: FieldTest = { field: 'json', operator: 'is_empty' };
      return (compileCondition(condition, MODULE).explain(subjectOf({ record: { json } })) as { seen: Json }).seen;
    };
    expect(seenOf('x'.repeat(501))).toBe(`${'x'.repeat(500)}…`);
    expect(seenOf(`${'x'.repeat(499)}😀`)).toBe(`${'x'.repeat(499)}…`);
    expect(seenOf('x'.repeat(500))).toHaveLength(500);
    expect(seenOf(Array.from({ length: 40 }, (_, index) => index))).toEqual([
      ...Array.from({ length: 30 }, (_, index) => index),
      '… 10 more',
    ]);
    expect(
      Object.keys(seenOf(Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, index]))) as JsonObject),
    ).toHaveLength(31);
    expect(seenOf({ a: { b: { c: { d: { e: 1 } } }, gone: undefined } })).toEqual({ a: { b: { c: { d: '…' } }, gone: null } });
  });
});

describe('fields', () => {
  const scope = {
    workflow: { id: 'w', code: 'wf', name: 'Welcome', version: 3 },
    run: { id: 'r', startedAt: NOW },
    item: { amount: 5 },
    index: 2,
  };

  it.each<[field: string, value: Json]>([
    ['number', 1],
    ['record.number', 1],
    ['account.industry', 'Steel'],
    ['previous.number', 9],
    ['changes.number.from', 9],
    ['trigger.body.email', 'a@b.test'],
    ['context.score', 7],
    ['steps.lookup.output.id', 'x'],
    ['actor.name', 'Ann'],
    ['actor.roles.0', 'Manager'],
    ['workflow.version', 3],
    ['run.id', 'r'],
    ['item.amount', 5],
    ['index', 2],
    ['list.1', 'b'],
    ['list.length', 2],
    ['json.a.b', true],
  ])('%s is read', (field, value) => {
    const parts = {
      record: { number: 1, account: { industry: 'Steel' }, list: ['a', 'b'], json: { a: { b: true } } },
      previous: { number: 9 },
      changes: { number: { from: 9, to: 1 } },
      trigger: { body: { email: 'a@b.test' } },
      context: { score: 7 },
      steps: { lookup: { output: { id: 'x' } } },
    };
    const test = { field, operator: 'equals', value };
    expect(answer(test, subjectOf({ ...parts, ...scope }))).toBe(true);
    expect(answer(test, subjectOf({ ...parts, scope: { ...subjectOf(parts), ...scope, now: NOW } as Scope }))).toBe(true);
  });

  it('now is the moment of the subject', () => {
    expect(answer({ field: 'now', operator: 'on', value: '2024-05-15' }, subjectOf())).toBe(true);
  });

  it('sees own members only', () => {
    for (const field of ['toString', 'hasOwnProperty', 'record.valueOf', 'previous.toString', 'context.toString'])
      expect(answer({ field, operator: 'is_empty' }, subjectOf({ record: {}, previous: {} }), null)).toBe(true);
    expect(
      answer(
        { field: 'toString', operator: 'equals', value: 'x' },
        subjectOf({ record: { toString: 'x' } as unknown as RecordData }),
        null,
      ),
    ).toBe(true);
  });

  it('lists every path that is read, for loading relations', () => {
    const condition: Condition = {
      all: [
        { field: 'account.industry', operator: 'equals', value: '{{context.industry}}' },
        { field: 'number', operator: 'between', value: [{ field: 'record.money' }, 5] },
        { field: 'text', operator: 'changed' },
        { field: 'text', operator: 'is_owner' },
      ],
    };
    expect(compileCondition(condition, MODULE).paths.sort()).toEqual(
      [
        'context.industry',
        'previous.text',
        'record.account.industry',
        'record.money',
        'record.number',
        'record.ownerId',
        'record.text',
      ].sort(),
    );
  });
});

describe('values from templates', () => {
  it('keep their type when they are exactly one expression', () => {
    const test = { field: 'number', operator: 'greater_than', value: '{{previous.number}}' };
    expect(answer(test, subjectOf({ record: { number: 5 }, previous: { number: 4 } }))).toBe(true);
    expect(answer({ ...test, value: '{{previous.number}}0' }, subjectOf({ record: { number: 5 }, previous: { number: 4 } }))).toBe(
      'the value to compare with is a text, not a number',
    );
  });

  it('see the subject, or the scope where there is one', () => {
    const test = { field: 'text', operator: 'equals', value: '{{workflow.name}}' };
    const scope = { workflow: { id: 'w', code: 'wf', name: 'Welcome', version: 3 } };
    expect(answer(test, subjectOf({ record: { text: 'welcome' }, ...scope }))).toBe(true);
    expect(answer(test, subjectOf({ record: { text: 'welcome' }, scope: scope as Scope }))).toBe(true);
  });

  it.each(['equals', 'not_equals', 'not_contains'])('that cannot be rendered fail %s, visibly', (operator) => {
    const test = { field: 'text', operator, value: 'x{{context.gone}}' };
    expect(answer(test, subjectOf({ record: { text: 'a' } }))).toMatch(/^the value to compare with cannot be rendered: .*context\.gone/);
    expect(
      answer({ field: 'text', operator: 'is_any_of', value: ['a', '{{context.gone}}'] }, subjectOf({ record: { text: 'a' } })),
    ).toMatch(/cannot be rendered/);
  });
});

describe('a condition with problems', () => {
  it('is refused with all of them', () => {
    const condition = {
      all: [
        { field: 'gone', operator: 'equals', value: 1 },
        { field: 'text', operator: 'bogus' },
      ],
    };
    try {
      compileCondition(condition, MODULE);
      throw new Error('was compiled');
    } catch (error) {
      const { code, message, problems } = error as AutomationError;
      expect(code).toBe('condition_invalid');
      expect(message).toBe('The condition cannot be used: all[0].field: Module "things" has no field "gone".');
      expect(problems?.map(({ path }) => path)).toEqual(['all[0].field', 'all[1].operator']);
    }
  });

  it('is refused at its root too', () => {
    expect(() => compileCondition('x' as unknown as Condition, null)).toThrow(/^The condition cannot be used: This must be a group/);
  });
});

describe('whatever the condition and the record', () => {
  it('the quick answer is the explained one, and neither throws', () => {
    fc.assert(
      fc.property(trees, subjects, fc.boolean(), (condition, subject, typed) => {
        const compiled = compileCondition(condition, typed ? MODULE : null);
        const { result } = compiled.explain(subject);
        expect(compiled.test(subject)).toBe(result);
        expect(typeof result).toBe('boolean');
      }),
      { numRuns: 1_000 },
    );
  });

  it('none is not any, and all is not any of the opposites', () => {
    fc.assert(
      fc.property(fc.array(trees, { maxLength: 4 }), subjects, (conditions, subject) => {
        const test = (condition: Condition) => compileCondition(condition, MODULE).test(subject);
        expect(test({ none: conditions })).toBe(!test({ any: conditions }));
        expect(test({ all: conditions })).toBe(!test({ any: conditions.map((condition) => ({ none: [condition] })) }));
      }),
    );
  });

  it('an operator and its opposite never agree on a value, unless both say why they cannot hold', () => {
    const pairs = [...OPERATORS.keys()].flatMap((name) => {
      const positive = name === 'is_none_of' ? 'is_any_of' : name === 'contains_none' ? 'contains_any' : name.replace('not_', '');
      return positive !== name && OPERATORS.has(positive) ? [[positive, name] as const] : [];
    });
    expect(pairs).toHaveLength(9);
    fc.assert(
      fc.property(tests, subjects, (test, subject) => {
        const opposite = pairs.find(([positive]) => positive === test.operator)?.[1];
        fc.pre(opposite !== undefined);
        const ask = (operator: string) =>
          compileCondition({ ...test, operator }, MODULE).explain(subject) as { result: boolean; seen: Json; note?: string };
        const [positive, negative] = [ask(test.operator), ask(opposite as string)];
        const cannotHold = positive.note !== undefined && negative.note === positive.note;
        expect(cannotHold || positive.result !== negative.result || positive.seen === null).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
