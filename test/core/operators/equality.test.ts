import { describe, expect, it } from '@jest/globals';
import type { Json } from '../../../src/core/json.js';
import { answer, ask, subjectOf } from './ask.js';

type Row = [type: string, seen: Json | undefined, value: Json, expected: boolean | string];

const EQUALS: Row[] = [
  ['text', 'Web Form', 'Web Form', true],
  ['text', 'web form', 'WEB FORM', true],
  ['text', 'Web', 'Web Form', false],
  ['text', 'Web Forms', 'Web Form', false],
  ['text', 'Wab Form', 'Web Form', false],
  ['text', 'Straße', 'STRASSE', true],
  ['text', 'Cafe\u0301', 'CAFÉ', true],
  ['text', 'Cafe\u0301', 'cafe', false],
  ['text', 'ΟΔΟΣ', 'οδος', true],
  ['text', '', '', true],
  ['text', null, '', false],
  ['text', undefined, 'x', false],
  ['text', 5, '5', 'the field holds a number, not a text'],
  ['text', true, 'true', 'the field holds true or false, not a text'],
  ['text', ['x'], 'x', 'the field holds a list, not a text'],
  ['text', { x: 1 }, 'x', 'the field holds an object, not a text'],
  ['text', null, null, true],
  ['text', 'x', null, false],
  ['number', 5, 5, true],
  ['number', 5.5, 5, false],
  ['number', 0, 0, true],
  ['number', null, 0, false],
  ['number', '5', 5, 'the field holds a text, not a number'],
  ['money', 99.9, 99.9, true],
  ['money', false, 0, 'the field holds true or false, not a number'],
  ['boolean', true, true, true],
  ['boolean', false, true, false],
  ['boolean', null, false, false],
  ['boolean', 0, false, 'the field holds a number, not true or false'],
  ['date', '2024-05-01', '2024-05-01', true],
  ['date', '2024-05-01T00:00:00.000Z', '2024-05-01', true],
  ['date', '2024-05-02', '2024-05-01', false],
  ['date', null, '2024-05-01', false],
  ['date', 'soon', '2024-05-01', 'the field holds a text that is not a date'],
  ['date', 20240501, '2024-05-01', 'the field holds a number, not a date'],
  ['datetime', '2024-05-01T10:00:00Z', '2024-05-01T12:00:00+02:00', true],
  ['datetime', '2024-05-01T10:00:00.001Z', '2024-05-01T10:00:00Z', false],
  ['datetime', '2024-05-01T10:00:00Z', '2024-05-01', true],
  ['list', ['a', 'B'], ['b', 'A'], true],
  ['list', ['a'], ['a', 'b'], false],
  ['list', ['a', 'c'], ['a', 'b'], false],
  ['list', null, ['a'], false],
  ['list', 'a', ['a'], 'the field holds a text, not a list'],
  ['json', 'a', 'A', true],
  ['json', 7, 7, true],
  ['json', true, true, true],
  ['json', 7, '7', 'the field holds a number, not a text'],
  ['json', '7', 7, 'the field holds a text, not a number'],
  ['json', {}, true, 'the field holds an object, not true or false'],
];

describe('equals and not_equals', () => {
  it.each(EQUALS)('a %s field with %j equals %j: %s', (type, seen, value, expected) => {
    expect(ask(type, seen, 'equals', value)).toBe(expected);
  });

  it.each(EQUALS)(
    'not_equals is the opposite for a %s field with %j and %j, and a mismatch stays visible',
    (type, seen, value, expected) => {
      expect(ask(type, seen, 'not_equals', value)).toBe(typeof expected === 'string' ? expected : !expected);
    },
  );

  it('minds case when told to, but not how accents are encoded', () => {
    expect(ask('text', 'abc', 'equals', 'ABC', {}, { caseSensitive: true })).toBe(false);
    expect(ask('text', 'Cafe\u0301', 'equals', 'Café', {}, { caseSensitive: true })).toBe(true);
  });

  it('compares plain dates with times as days of the time zone', () => {
    const timezone = 'America/New_York';
    expect(ask('datetime', '2024-05-02T03:00:00Z', 'equals', '2024-05-01', { timezone })).toBe(true);
    expect(ask('datetime', '2024-05-02T03:00:00Z', 'equals', '2024-05-01T23:00:00', { timezone })).toBe(true);
    expect(ask('datetime', '2024-05-02T03:00:00Z', 'equals', '2024-05-01', { timezone: 'Mars/Base' })).toBe('the time zone is not known');
  });

  it.each<[string, Json, Json, boolean | string]>([
    ['number', 5, 'five', 'the value to compare with is a text, not a number'],
    ['number', 5, null, false],
    ['number', null, null, true],
    ['boolean', true, 'yes', 'the value to compare with is a text, not true or false'],
    ['text', 'a', 5, 'the value to compare with is a number, not a text'],
    ['date', '2024-05-01', 'soon', 'the value to compare with is a text that is not a date'],
    ['date', '2024-05-01', 5, 'the value to compare with is a number, not a date'],
    ['list', ['a'], 'a', 'the value to compare with is a text, not a list'],
    ['json', { a: [1, { b: null }] }, { a: [1, { b: null }] }, true],
    ['json', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['json', { a: 1 }, { a: 2 }, false],
    ['json', ['x'], ['X'], true],
    ['json', [{ a: 1 }], [{ a: 1 }], true],
    ['json', 'x', { a: 1 }, 'the field holds a text, not an object'],
    ['json', [], { a: 1 }, 'the field holds a list, not an object'],
    ['json', null, { a: 1 }, false],
  ])('compares a %s field with another value by content: %j and %j', (type, seen, other, expected) => {
    expect(ask(type, seen, 'equals', { field: 'context.other' }, { context: { other } })).toBe(expected);
  });
});

describe('values that are nested too deep', () => {
  it('are compared as far as records go, and overflow nothing', () => {
    const deep = (levels: number, inner: Json): Json => {
      let value = inner;
      for (let level = 0; level < levels; level++) value = [value];
      return value;
    };
    const other = { field: 'context.other' };
    expect(ask('json', { a: deep(60, 1) }, 'equals', other, { context: { other: { a: deep(60, 2) } } })).toBe(false);
    expect(ask('json', { a: deep(60, 1), b: undefined }, 'equals', other, { context: { other: { a: deep(60, 1) } } })).toBe(true);
    expect(ask('json', { a: deep(50_000, 1) }, 'equals', other, { context: { other: { a: deep(50_000, 1) } } })).toBe(true);
    expect(ask('json', [[undefined as unknown as Json]], 'equals', other, { context: { other: [[null]] } })).toBe(true);
  });
});

describe('is_any_of and is_none_of', () => {
  const rows: Row[] = [
    ['text', 'de', ['DE', 'FR'], true],
    ['text', 'us', ['DE', 'FR'], false],
    ['text', null, ['DE'], false],
    ['text', 5, ['DE'], 'the field holds a number, not a text'],
    ['number', 5, [1, 5], true],
    ['number', 6, [1, 5], false],
    ['number', '5', [1, 5], 'the field holds a text, not a number'],
    ['boolean', true, [true, false], true],
    ['date', '2024-05-01', ['2024-04-01', '2024-05-01'], true],
    ['date', 'x', ['2024-04-01'], 'the field holds a text that is not a date'],
    ['json', 7, [7, 'seven'], true],
    ['json', 'SEVEN', [7, 'seven'], true],
    ['json', 8, [7, 'seven'], 'the field holds a number, not a text'],
    ['json', 'a', ['A', 'b'], true],
    ['text', null, [null, 'a'], true],
    ['text', '', [null, 'a'], false],
  ];

  it.each(rows)('a %s field with %j is any of %j: %s', (type, seen, value, expected) => {
    expect(ask(type, seen, 'is_any_of', value)).toBe(expected);
  });

  it.each(rows)('is_none_of is the opposite for a %s field with %j and %j', (type, seen, value, expected) => {
    expect(ask(type, seen, 'is_none_of', value)).toBe(typeof expected === 'string' ? expected : !expected);
  });

  it('takes the list from elsewhere, and says so when there is none', () => {
    const whole = { field: 'context.vips' };
    expect(ask('text', 'Ann', 'is_any_of', whole, { context: { vips: ['ann'] } })).toBe(true);
    expect(ask('text', 'Ann', 'is_any_of', whole, { context: { vips: [] } })).toBe(false);
    expect(ask('text', 5, 'is_any_of', whole, { context: { vips: [] } })).toBe(false);
    expect(ask('text', 'Ann', 'is_any_of', whole, { context: { vips: 'ann' } })).toBe('the value to compare with is a text, not a list');
    expect(ask('text', 'Ann', 'is_none_of', whole)).toBe('the value to compare with is empty');
    expect(ask('number', 5, 'is_any_of', whole, { context: { vips: [1, 'x'] } })).toBe('the value to compare with is a text, not a number');
  });

  it('minds case when told to', () => {
    expect(ask('text', 'de', 'is_any_of', ['DE'], {}, { caseSensitive: true })).toBe(false);
  });
});

describe('is_empty and is_not_empty', () => {
  it.each<[Json | undefined, boolean]>([
    [null, true],
    [undefined, true],
    ['', true],
    [[], true],
    [{}, true],
    [' ', false],
    [0, false],
    [false, false],
    [['a'], false],
    [{ a: 1 }, false],
  ])('%j is empty: %s', (seen, expected) => {
    expect(ask('json', seen, 'is_empty')).toBe(expected);
    expect(ask('json', seen, 'is_not_empty')).toBe(!expected);
  });

  it('holds of every field when there is no record', () => {
    expect(answer({ field: 'text', operator: 'is_empty' }, subjectOf())).toBe(true);
  });
});
