import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileCondition } from '../../../src/core/condition/condition.js';
import type { Json } from '../../../src/core/json.js';
import { foldCase } from '../../../src/core/operators/letter-case.js';
import { ask, subjectOf } from './ask.js';

/** More texts than are compared one by one. */
const MANY_OTHERS = Array.from({ length: 10 }, (_, index) => `other ${index}`);

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
  ['Cafe\u0301s', 'starts_with', 'cafe', false],
  ['Cafe\u0301s', 'starts_with', 'caf', true],
  ['Große Firma', 'starts_with', 'gross', true],
  ['Dr', 'starts_with', 'dr.', false],
  [null, 'starts_with', 'a', false],
  [12, 'starts_with', '1', NOT_A_TEXT],
  ['ann@ACME.test', 'ends_with', '@acme.TEST', true],
  ['ann@acme.test.evil', 'ends_with', '@acme.test', false],
  ['le cafe\u0301', 'ends_with', 'cafe', false],
  ['Fuß', 'ends_with', 'uss', true],
  ['test', 'ends_with', '.test', false],
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
        expect(holds('is_any_of', [value, ...MANY_OTHERS])).toBe(foldCase(seen) === foldCase(value));
        if (value === '') return;
        expect(holds('contains', value)).toBe(foldCase(seen).includes(foldCase(value)));
        expect(holds('starts_with', value)).toBe(foldCase(seen).startsWith(foldCase(value)));
        expect(holds('ends_with', value)).toBe(foldCase(seen).endsWith(foldCase(value)));
      }),
    );
  });

  it('takes a part literally, whatever its letters mean in patterns', () => {
    const signs = String.raw`^$.*+?()[]{}|\/-`;
    for (const sign of [...signs, '\n', '\0']) {
      expect(ask('text', `a${sign}b`, 'contains', `A${sign}B`)).toBe(true);
      expect(ask('text', 'a_b', 'contains', `A${sign}B`)).toBe(false);
    }
  });

  it('finds long parts and parts from other fields too', () => {
    const long = 'abc'.repeat(40);
    expect(ask('text', `x${long}`, 'contains', long.toUpperCase())).toBe(true);
    expect(ask('text', `x${long.slice(1)}`, 'contains', long)).toBe(false);
    expect(ask('text', 'Big ACME', 'contains', { field: 'context.part' }, { context: { part: 'acme' } })).toBe(true);
    expect(ask('text', 'Big ACME', 'contains', { field: 'context.part' }, { context: { part: 'acne' } })).toBe(false);
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
