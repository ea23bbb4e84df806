import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jsonMistake, readJson } from '../../src/console/model/json-text.js';

describe('JSON as people type it', () => {
  it.each<[string, string, string]>([
    ['a comma too many', '{\n  "a": 1,\n}', 'Line 3, column 1: A name in double quotes is expected here, not }.'],
    ['a comma that is missing', '[1 2]', 'Line 1, column 4: A comma or ] is missing, not 2.'],
    ['a name without quotes', '{ a: 1 }', 'Line 1, column 3: A name in double quotes is expected here, not a.'],
    ['a colon that is missing', '{ "a" 1 }', 'Line 1, column 7: A colon is missing behind the name, not 1.'],
    ['a text without an end', '{ "a": "b\n}', 'Line 1, column 10: The double quote at the end of the text is missing.'],
    ['an end that is missing', '{ "a": [1', 'Line 1, column 10: A comma or ] is missing; the text ends.'],
    ['more than one value', '{} {}', 'Line 1, column 4: There is more behind the end.'],
    ['a word that is none', '[nil]', 'Line 1, column 2: A value is expected here, not n.'],
    ['a backslash', '"\\x"', 'Line 1, column 2: Behind a backslash stands one of " \\ / b f n r t, or u and four digits.'],
  ])('is told where the first mistake is: %s', (_what, text, mistake) => {
    expect(readJson(text)).toEqual({ mistake });
  });

  it('is read as it is, and nothing is no value', () => {
    expect([readJson(' \n'), readJson('null'), readJson('{"a":[1,2.5e3,true]}')]).toEqual([
      { value: undefined },
      { value: null },
      { value: { a: [1, 2500, true] } },
    ]);
  });

  it('has a mistake exactly where the browser refuses it', () => {
    const parses = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', '\\', '\n', '0', 'e'), fc.nat(2))
      .map(([text, at, put, cut]) => {
        const index = at % (text.length + 1);
        return `${text.slice(0, index)}${put}${text.slice(index + cut)}`;
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), broken), (text) => {
        expect(jsonMistake(text) === null).toBe(parses(text));
      }),
      { numRuns: 1_000 },
    );
  });
});
