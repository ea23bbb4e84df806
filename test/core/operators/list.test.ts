import { describe, expect, it } from '@jest/globals';
import type { Json } from '../../../src/core/json.js';
import { ask, EMPTY } from './ask.js';

describe('operators of lists', () => {
  it.each<[Json | undefined, string, Json, boolean | string]>([
    [['VIP', 'new'], 'contains_any', ['vip', 'old'], true],
    [['new'], 'contains_any', ['vip', 'old'], false],
    [[], 'contains_any', ['vip'], false],
    [null, 'contains_any', ['vip'], EMPTY],
    ['vip', 'contains_any', ['vip'], 'the field holds a text, not a list'],
    [['VIP', 'new', 'x'], 'contains_all', ['vip', 'NEW'], true],
    [['vip'], 'contains_all', ['vip', 'new'], false],
    [undefined, 'contains_all', ['vip'], EMPTY],
    [5, 'contains_all', ['vip'], 'the field holds a number, not a list'],
    [['new'], 'contains_none', ['vip'], true],
    [['VIP'], 'contains_none', ['vip'], false],
    [[], 'contains_none', ['vip'], true],
    [null, 'contains_none', ['vip'], true],
    [{}, 'contains_none', ['vip'], 'the field holds an object, not a list'],
    [['b', 'A', 'a'], 'is_exactly', ['a', 'B'], true],
    [['a'], 'is_exactly', ['a', 'b'], false],
    [['a', 'b', 'c'], 'is_exactly', ['a', 'b'], false],
    [[], 'is_exactly', [], true],
    [null, 'is_exactly', [], EMPTY],
    [true, 'is_exactly', [], 'the field holds true or false, not a list'],
  ])('%j %s %j: %s', (seen, operator, value, expected) => {
    expect(ask('list', seen, operator, value)).toBe(expected);
  });

  it('minds case when told to', () => {
    expect(ask('list', ['VIP'], 'contains_any', ['vip'], {}, { caseSensitive: true })).toBe(false);
    expect(ask('list', ['VIP'], 'is_exactly', ['VIP'], {}, { caseSensitive: true })).toBe(true);
  });

  it('looks into lists of unknown type by the values that are met', () => {
    expect(ask('json', [1, null, { a: 1 }], 'contains_any', [1])).toBe(true);
    expect(ask('json', ['1'], 'contains_any', [1])).toBe(false);
    expect(ask('json', [{ a: 1 }], 'contains_all', { field: 'context.wanted' }, { context: { wanted: [{ a: 1 }] } })).toBe(true);
  });

  it('says when what to look for is no list', () => {
    expect(ask('list', ['a'], 'contains_any', { field: 'context.wanted' }, { context: { wanted: 'a' } })).toBe(
      'the value to compare with is a text, not a list',
    );
  });
});
