import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileCondition } from '../../../src/core/condition.js';
import type { Json } from '../../../src/core/json.js';
import { foldCase } from '../../../src/core/operators/values.js';
import { ask, subjectOf } from './ask.js';

type Row = [seen: Json | undefined, operator: string, value: string, expected: boolean | string];

const NOT_A_TEXT = 'the field holds a number, not a text';

const ROWS: Row[] = [
  ['Big ACME Corp', 'contains', 'acme', true],
  ['Big ACME Corp', 'contains', 'acne', false],
  ['acm', 'contains', 'acme', false],
  ['aacme', 'contains', 'acme', true],
  ['Café', 'contains', 'CAFÉ', true],
  ['Cafe\u0301', 'contains', 'cafe', false],
  ['große Firma', 'contains', 'OSS', true],
  ['x', 'contains', 'é', false],
  [null, 'contains', 'a', false],
  [undefined, 'contains', 'a', false],
  ['', 'contains', 'a', false],
  [12, 'contains', '1', NOT_A_TEXT],
  ['Dr. No', 'starts_with', 'dr.', true],
  ['No Dr.', 'starts_with', 'dr.', false],
  [null, 'starts_with', 'a', false],
  [12, 'starts_with', '1', NOT_A_TEXT],
  ['ann@ACME.test', 'ends_with', '@acme.TEST', true],
  ['ann@acme.test.evil', 'ends_with', '@acme.test', false],
  [null, 'ends_with', 'a', false],
  [12, 'ends_with', '2', NOT_A_TEXT],
];

describe('parts of texts', () => {
  it.each(ROWS)('%j %s %j: %s', (seen, operator, value, expected) => {
    expect(ask('text', seen, operator, value)).toBe(expected);
  });

  it.each(ROWS)('%j not_%s %j is the opposite, true of nothing, and a mismatch stays visible', (seen, operator, value, expected) => {
    expect(ask('text', seen, `not_${operator}`, value)).toBe(typeof expected === 'string' ? expected : !expected);
  });

  it.each([
    ['contains', 'Acme Corp', 'acme'],
    ['starts_with', 'Acme', 'a'],
    ['ends_with', 'Acme', 'E'],
  ])('%s minds case when told to', (operator, seen, value) => {
    expect(ask('text', seen, operator, value)).toBe(true);
    expect(ask('text', seen, operator, value, {}, { caseSensitive: true })).toBe(false);
  });

  it('finds nothing when the value turns out to be empty', () => {
    const value = { field: 'context.part' };
    expect(ask('text', 'abc', 'contains', value, { context: { part: '' } })).toBe(false);
    expect(ask('text', 'abc', 'contains', value)).toBe(false);
    expect(ask('text', 'abc', 'not_contains', value)).toBe(true);
    expect(ask('text', 'abc', 'contains', value, { context: { part: 5 } })).toBe('the value to compare with is a number, not a text');
  });

  const texts = fc.string({
    unit: fc.constantFrom('a', 'A', 'b', 's', 'ß', 'e', 'é', '\u0301', 'K', ' ', 'ﬁ', 'f', 'i', '😀'),
    maxLength: 8,
  });

  it('the quick ways for plain texts answer like the folded texts do', () => {
    fc.assert(
      fc.property(texts, texts, (seen, value) => {
        const subject = subjectOf({ record: { text: seen } });
        const holds = (operator: string, expected: Json) =>
          compileCondition({ field: 'text', operator, value: expected }, null).test(subject);
        expect(holds('equals', value)).toBe(foldCase(seen) === foldCase(value));
        expect(holds('is_any_of', [value])).toBe(foldCase(seen) === foldCase(value));
        if (value !== '') expect(holds('contains', value)).toBe(foldCase(seen).includes(foldCase(value)));
      }),
    );
  });
});

describe('matches', () => {
  it.each<[Json | undefined, string, boolean | string]>([
    ['INV-0042', '^inv-\\d{4}$', true],
    ['INV-42', '^inv-\\d{4}$', false],
    ['see inv-0042 there', 'inv-\\d{4}', true],
    ['Zoë', '\\p{L}{3}', true],
    [null, '.*', false],
    [undefined, '.*', false],
    [42, '\\d', NOT_A_TEXT],
    [['a'], 'a', 'the field holds a list, not a text'],
  ])('%j matches %j: %s', (seen, pattern, expected) => {
    expect(ask('text', seen, 'matches', pattern)).toBe(expected);
  });

  it('minds case when told to', () => {
    expect(ask('text', 'ABC', 'matches', 'abc', {}, { caseSensitive: true })).toBe(false);
  });

  it('takes time in proportion to the text, where others take for ever', () => {
    expect(ask('text', 'x'.repeat(20_000), 'matches', '^(x+x+)+y$')).toBe(false);
  });

  it('does not look into texts that are too long, and says so', () => {
    expect(ask('text', 'x'.repeat(20_001), 'matches', 'x')).toBe('the text is longer than 20000 characters');
  });
});
