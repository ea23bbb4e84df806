import { describe, expect, it } from '@jest/globals';
import type { Json } from '../../../src/core/json.js';
import { ask, EMPTY } from './ask.js';

type Row = [seen: Json | undefined, operator: string, value: Json | undefined, expected: boolean | string];

const NOT_A_NUMBER = 'the field holds a text, not a number';

describe('orderings of numbers', () => {
  it.each<Row>([
    [51_000, 'greater_than', 50_000, true],
    [50_000, 'greater_than', 50_000, false],
    [-1, 'greater_than', -2, true],
    [50_000, 'greater_than_or_equal', 50_000, true],
    [49_999.99, 'greater_than_or_equal', 50_000, false],
    [1, 'less_than', 2, true],
    [2, 'less_than', 2, false],
    [2, 'less_than_or_equal', 2, true],
    [3, 'less_than_or_equal', 2, false],
    [5, 'between', [5, 10], true],
    [10, 'between', [5, 10], true],
    [4.99, 'between', [5, 10], false],
    [10.01, 'between', [5, 10], false],
    [4, 'not_between', [5, 10], true],
    [7, 'not_between', [5, 10], false],
  ])('%j %s %j: %s', (seen, operator, value, expected) => {
    expect(ask('number', seen, operator, value)).toBe(expected);
    expect(ask('money', seen, operator, value)).toBe(expected);
    expect(ask('json', seen, operator, value)).toBe(expected);
  });

  const operators: [string, Json][] = [
    ['greater_than', -1],
    ['greater_than_or_equal', 0],
    ['less_than', 1],
    ['less_than_or_equal', 0],
    ['between', [-1, 1]],
    ['not_between', [5, 6]],
  ];

  it.each(operators)('%s is false of nothing: null is never zero', (operator, value) => {
    expect(ask('number', null, operator, value)).toBe(EMPTY);
    expect(ask('number', undefined, operator, value)).toBe(EMPTY);
  });

  it.each(operators)('%s reads no number out of a text, a list or an object', (operator, value) => {
    expect(ask('number', '0', operator, value)).toBe(NOT_A_NUMBER);
    expect(ask('number', '', operator, value)).toBe(NOT_A_NUMBER);
    expect(ask('number', [0], operator, value)).toBe('the field holds a list, not a number');
    expect(ask('number', false, operator, value)).toBe('the field holds true or false, not a number');
    expect(ask('number', {}, operator, value)).toBe('the field holds an object, not a number');
  });

  it.each(operators)('%s says when the value to compare with is none', (operator, value) => {
    const operand = Array.isArray(value) ? [{ field: 'context.limit' }, 9] : { field: 'context.limit' };
    expect(ask('number', 5, operator, operand)).toBe('the value to compare with is empty');
    expect(ask('number', 5, operator, operand, { context: { limit: 'x' } })).toBe('the value to compare with is a text, not a number');
  });

  it('says when the upper bound of a range is none', () => {
    expect(ask('number', 5, 'between', [1, '{{context.limit}}'], { context: { limit: true } })).toBe(
      'the value to compare with is true or false, not a number',
    );
  });

  it('compares with other fields of the record', () => {
    expect(ask('number', 5, 'greater_than', { field: 'money' }, { record: { number: 5, money: 4 } })).toBe(true);
    expect(ask('number', 5, 'greater_than', { field: 'previous.number' }, { previous: { number: 5 } })).toBe(false);
  });
});

describe('is_true and is_false', () => {
  it.each<[Json | undefined, boolean | string, boolean | string]>([
    [true, true, false],
    [false, false, true],
    [null, EMPTY, EMPTY],
    [undefined, EMPTY, EMPTY],
    ['true', 'the field holds a text, not true or false', 'the field holds a text, not true or false'],
    [0, 'the field holds a number, not true or false', 'the field holds a number, not true or false'],
  ])('%j is true: %s, is false: %s', (seen, isTrue, isFalse) => {
    expect(ask('boolean', seen, 'is_true')).toBe(isTrue);
    expect(ask('boolean', seen, 'is_false')).toBe(isFalse);
  });
});
