import { describe, expect, it } from '@jest/globals';
import { findLines, type JsonLine, jsonLines, linePath, openTo } from '../../src/console/model/json-lines.js';
import type { Json } from '../../src/core/json.js';

const NONE: ReadonlySet<string> = new Set();
const told = (lines: readonly JsonLine[]): string[] =>
  lines.map(({ name, level, isOpen }) => `${'  '.repeat(level - 1)}${name}${isOpen === null ? '' : isOpen ? ' -' : ' +'}`);
const VALUE: Json = { to: 'a@example.test', lists: { tags: ['new', 'web'], deep: { er: { est: 1 } }, none: [] } };

describe('the lines of JSON', () => {
  it('are open two levels deep at first, and what is opened or closed afterwards', () => {
    expect(told(jsonLines(VALUE, NONE))).toEqual(['to', 'lists -', '  tags -', '    0', '    1', '  deep -', '    er +', '  none']);
    expect(told(jsonLines(VALUE, new Set(['1/0', '1/1/0'])))).toEqual([
      'to',
      'lists -',
      '  tags +',
      '  deep -',
      '    er -',
      '      est',
      '  none',
    ]);
  });

  it('keep long lists and long texts closed until they are asked for', () => {
    const long = { list: Array.from({ length: 20_000 }, (_, index) => index), text: 'x'.repeat(501), short: 'x'.repeat(500) };
    expect(told(jsonLines(long, NONE))).toEqual(['list +', 'text +', 'short']);
    expect(jsonLines(long, new Set(['0']))).toHaveLength(20_003);
  });

  it('are one line for a value that is neither list nor object, or is empty', () => {
    for (const value of ['text', 7, null, {}, []] as Json[])
      expect(jsonLines(value, NONE)).toMatchObject([{ name: '', value, level: 1, isOpen: null }]);
  });

  it('have paths as templates write them', () => {
    const lines = jsonLines({ items: [{ 'first name': 'Ann', größe: 3 }] }, NONE);
    expect(lines.map(linePath)).toEqual(['items', 'items.0', 'items.0.[first name]', 'items.0.größe']);
  });

  it('are found by name or value wherever they are closed, and can be opened to', () => {
    const value: Json = { list: Array.from({ length: 30 }, (_, index) => ({ id: index, mail: `person${index}@example.test` })) };
    const [found, ...others] = [...findLines(value, 'PERSON17@')];
    expect([found && linePath(found), others]).toEqual(['list.17.mail', []]);
    expect(jsonLines(value, NONE).some(({ key }) => key === found?.key)).toBe(false);
    const opened = openTo(found as JsonLine, NONE);
    expect(jsonLines(value, opened).some(({ key }) => key === found?.key)).toBe(true);
    // What was closed by hand opens, too.
    expect(openTo([...findLines({ a: { b: 1 } }, 'b')][0] as JsonLine, new Set(['0']))).toEqual(new Set());
    expect([...findLines(value, 'mail')]).toHaveLength(30);
  });
});
