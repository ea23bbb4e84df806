import { describe, expect, it } from '@jest/globals';
import { type ConditionSubject, compileCondition, type Explanation } from '../../../src/core/condition/condition.js';
import { nearestMisses } from '../../../src/core/condition/nearest-miss.js';
import type { Condition, FieldTest } from '../../../src/core/condition/tree.js';
import { failureWords, fieldWords, nearestMissWords, valueWords } from '../../../src/core/condition/words.js';
import { MODULE, subjectOf } from '../operators/ask.js';

const LABELLED = { ...MODULE, fields: MODULE.fields.map((field) => (field.name === 'text' ? { ...field, label: 'Source' } : field)) };
const told = (condition: Condition, parts: Partial<ConditionSubject>) => {
  const subject = subjectOf(parts);
  return [
    failureWords(compileCondition(condition, MODULE).explain(subject), LABELLED),
    nearestMissWords(nearestMisses(condition, MODULE, subject), LABELLED),
  ];
};
const source: FieldTest = { field: 'text', operator: 'equals', value: 'Web Form' };

describe('why a condition did not hold, in words', () => {
  it('names the decisive test with the value seen, and the value with which it would have held', () => {
    expect(told(source, { record: { text: 'Phone' } })).toEqual([
      'Source was "Phone", and the condition asks for: Source is "Web Form".',
      'It would have run if Source had been "Web Form".',
    ]);
  });

  it('says that a field is empty, that only blanks or the letter case differ, and why a value cannot be judged', () => {
    expect(told(source, { record: { text: null } })[0]).toBe('Source was empty, and the condition asks for: Source is "Web Form".');
    expect(told(source, { record: { text: 'web  form ' } })[0]).toContain('Source was "web  form " (other blanks), and');
    expect(told({ ...source, caseSensitive: true }, { record: { text: 'web form' } })[0]).toContain('(another letter case)');
    expect(told({ field: 'number', operator: 'greater_than', value: 5 }, { record: { number: 'many' } })[0]).toContain(
      'number was "many" (the field holds a text, not a number), and',
    );
    expect(told({ field: 'number', operator: 'greater_than', value: 5 }, { record: {} })[0]).toContain('number was empty, and');
  });

  it('writes large numbers as people do, and four digits, which may be a year, as they are', () => {
    const large = { field: 'number', operator: 'greater_than', value: 50_000 } as const;
    expect(told(large, { record: { number: -40_000.5 } })).toEqual([
      'number was -40,000.5, and the condition asks for: number is greater than 50,000.',
      'It would have run if number had been greater than 50,000.',
    ]);
    expect(told(large, { record: { number: 2026 } })[0]).toContain('number was 2026, and');
  });

  it('names what a none excludes', () => {
    expect(told({ none: [source] }, { record: { text: 'Web Form' } })).toEqual([
      'Source was "Web Form", and the condition excludes: Source is "Web Form".',
      'It would have run if Source had not been "Web Form".',
    ]);
    expect(told({ none: [{ ...source, operator: 'not_equals' }] }, { record: { text: 'a' } })[1]).toBe(
      'It would have run if Source had been "Web Form".',
    );
  });

  it('names several ways, and at most three tests of what failed', () => {
    const over = { field: 'number', operator: 'greater_than', value: 5 };
    expect(told({ all: [{ any: [source, over] }, { field: 'boolean', operator: 'is_true' }] }, { record: {} })[1]).toBe(
      'It would have run if Source had been "Web Form" and boolean had been true, or if number had been greater than 5 and boolean had been true.',
    );
    const five = { all: [1, 2, 3, 4, 5].map((value): FieldTest => ({ field: `context.c${value}`, operator: 'equals', value })) };
    expect(told(five, {})[0]).toBe(
      'context.c1 was empty, and the condition asks for: context.c1 is 1; context.c2 was empty, and the condition asks for: context.c2 is 2; context.c3 was empty, and the condition asks for: context.c3 is 3; and 2 more.',
    );
  });

  it('says so where nothing near would have done, and nothing where it holds', () => {
    expect(told({ any: [] }, {})).toEqual(['The conditions do not hold, and nothing near would have made them hold.', null]);
    expect(told({ all: [] }, {})).toEqual([null, null]);
  });

  it.each<[FieldTest, Partial<ConditionSubject>, string]>([
    [{ field: 'text', operator: 'contains', value: 'ex' }, {}, 'Source had contained "ex"'],
    [{ field: 'text', operator: 'not_contains', value: 'ex' }, { record: { text: 'ex' } }, 'Source had not contained "ex"'],
    [{ field: 'text', operator: 'starts_with', value: 'ex' }, {}, 'Source had started with "ex"'],
    [{ field: 'text', operator: 'is_not_empty' }, {}, 'Source had not been empty'],
    [{ field: 'text', operator: 'is_any_of', value: ['a', 'b'] }, {}, 'Source had been any of "a", "b"'],
    [{ field: 'number', operator: 'between', value: [1, 5] }, {}, 'number had been between 1 and 5'],
    [{ field: 'date', operator: 'in_last', value: { amount: 3, unit: 'business_day' } }, {}, 'date had been in the last 3 business days'],
    [{ field: 'date', operator: 'in_last', value: { amount: 1, unit: 'day' } }, {}, 'date had been in the last 1 day'],
    [{ field: 'date', operator: 'this', value: 'week' }, {}, 'date had been in this week'],
    [{ field: 'date', operator: 'anniversary_is_today' }, {}, 'date had had its anniversary today'],
    [
      { field: 'text', operator: 'changed_from_to', value: { from: null, to: 'b' } },
      {},
      'Source had been changed from and to empty to "b"',
    ],
    [{ field: 'text', operator: 'not_changed' }, { record: { text: 'a' }, previous: { text: 'b' } }, 'Source had not been changed'],
    [{ field: 'actor', operator: 'has_role', value: 'Boss' }, {}, 'actor had had the role "Boss"'],
    [{ field: 'list', operator: 'is_exactly', value: [] }, { record: { list: ['a'] } }, 'list had been exactly nothing'],
  ])('%j', (test, parts, words) => {
    expect(told(test, { record: {}, ...parts })[1]).toBe(`It would have run if ${words}.`);
  });

  it('tells of values cut or of a later release as they are', () => {
    const leaf = (operator: string, expected: unknown): Explanation =>
      ({ result: false, field: 'x', operator, seen: { a: 1 }, expected }) as never;
    expect(failureWords(leaf('resembles', true), null)).toBe('x was {"a":1}, and the condition asks for: x resembles true.');
    expect(failureWords(leaf('between', '…'), null)).toContain('x is between "…"');
    expect(failureWords(leaf('in_last', '…'), null)).toContain('x is in the last.');
    expect(failureWords(leaf('changed_from_to', {}), null)).toContain('x was changed from and to empty to empty.');
    expect(failureWords(leaf('changed_from_to', '…'), null)).toContain('x was changed from and to.');
    expect([valueWords(true), fieldWords('a..b', MODULE), fieldWords('account.name', MODULE)]).toEqual(['true', 'a..b', 'account.name']);
  });
});
