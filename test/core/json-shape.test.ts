import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AutomationError } from '../../src/core/errors.js';
import { checkShape, REQUEST_LIMITS, type ShapeLimits } from '../../src/core/json-shape.js';

const SMALL: ShapeLimits = { bytes: 1024, depth: 4 };

/** What the check answers: null, or the code with the path and message of its problem. */
function answerTo(value: unknown, limits = SMALL): string | null {
  try {
    checkShape(value, 'body', limits);
    return null;
  } catch (error) {
    if (!(error instanceof AutomationError)) throw error;
    const [problem] = error.problems ?? [];
    return problem ? `${error.code} at ${problem.path}: ${problem.message}` : `${error.code}: ${error.message}`;
  }
}

describe('the shape of what a call may carry', () => {
  it('accepts every JSON value that is small and shallow', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        // Names that are refused; fast-check tries them on purpose.
        fc.pre(!/"(__proto__|constructor|prototype)":/.test(JSON.stringify(value)));
        expect(answerTo(value, REQUEST_LIMITS)).toBeNull();
      }),
    );
    expect(answerTo({ text: 'Grüße 👋', on: true, none: null, missing: undefined, list: [1, -0.5, []] })).toBeNull();
  });

  it('accepts as many levels as the limit says, and names the place of the first beyond', () => {
    expect(answerTo([[[['deep']]]])).toBeNull();
    expect(answerTo({ a: [{ b: [[]] }] })).toBe('invalid_request at a[0].b[0]: The value is nested deeper than 4 levels.');
  });

  it('counts the bytes of texts and of names in UTF-8, not their characters', () => {
    expect(answerTo({ text: 'x'.repeat(1000) })).toBeNull();
    expect(answerTo({ text: 'ü'.repeat(600) })).toBe('payload_too_large: The request is larger than 1 KB.');
    expect(answerTo({ ['ü'.repeat(600)]: 1 })).toBe('payload_too_large: The request is larger than 1 KB.');
    expect(answerTo(Array.from({ length: 600 }, () => null))).toBe('payload_too_large: The request is larger than 1 KB.');
  });

  it.each(['__proto__', 'constructor', 'prototype'])('refuses the name %s, wherever it stands', (name) => {
    expect(answerTo(JSON.parse(`{ "list": [{ "${name}": {} }] }`))).toBe(`invalid_request at list[0]: The name "${name}" is not allowed.`);
  });

  it.each([
    ['U+0000', '\0'],
    ['the first half of a pair', '\ud83d'],
    ['the second half of a pair', '\udc4b'],
  ])('refuses %s in a text and in a name, and does not repeat it in the answer', (_what, character) => {
    const cannot = 'holds a character that cannot be stored: U+0000 or half of a surrogate pair.';
    expect(answerTo({ a: { text: `x${character}` } })).toBe(`invalid_request at a.text: The text ${cannot}`);
    expect(answerTo({ a: { [`x${character}`]: 1 } })).toBe(`invalid_request at a: A name ${cannot}`);
  });

  it.each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])('refuses the number %s, which JSON does not have', (number) => {
    expect(answerTo({ list: [1, number] })).toBe('invalid_request at list[1]: The number is too large.');
  });

  it('names the value itself when the problem is not inside it', () => {
    expect(answerTo('\0')).toMatch(/^invalid_request at body: /);
  });

  it('survives nesting that would overflow the stack, and shortens its path', () => {
    let nested: unknown = 'bottom';
    for (let level = 0; level < 100_000; level++) nested = [nested];
    expect(answerTo(nested, { bytes: 1024 * 1024, depth: 128 })).toBe(
      `invalid_request at ${'[0]'.repeat(20)}…: The value is nested deeper than 128 levels.`,
    );
  });
});
