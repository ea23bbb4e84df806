import { describe, expect, it } from '@jest/globals';
import { didYouMean, hinted, nearest } from '../../src/core/nearest.js';

const FIELDS = ['id', 'name', 'email', 'source', 'stage', 'score', 'ownerId', 'closeDate', 'accountId'];

describe('the names that are meant', () => {
  it.each<[string, string, string[]]>([
    ['two letters swapped', 'nmae', ['name']],
    ['a letter too many', 'emaill', ['email']],
    ['a letter missing', 'emai', ['email']],
    ['a wrong letter', 'stade', ['stage']],
    ['another way to write it', 'close_date', ['closeDate']],
    ['another letter case', 'OWNERID', ['ownerId']],
    ['several near ones, the nearest first', 'scorce', ['score', 'source']],
    ['nothing alike', 'telephone', []],
    ['the very name', 'email', []],
    ['a text of one letter', 'x', []],
    ['no text at all', '', []],
  ])('%s', (_, name, found) => {
    expect(nearest(name, FIELDS)).toEqual(found);
  });

  it('are three at the most, and each once', () => {
    expect(nearest('tag', ['tag1', 'tag1', 'tag2', 'tag3', 'tag4'])).toEqual(['tag1', 'tag2', 'tag3']);
  });

  it('are not looked for where the name is absurdly long', () => {
    expect(nearest('a'.repeat(100), ['a'.repeat(101)])).toEqual(['a'.repeat(101)]);
    expect(nearest('a'.repeat(101), ['a'.repeat(100)])).toEqual([]);
  });

  it('are asked for in one sentence', () => {
    expect(didYouMean('nmae', FIELDS)).toBe(' Did you mean "name"?');
    expect(didYouMean('scorce', FIELDS)).toBe(' Did you mean "score" or "source"?');
    expect(didYouMean('tag', ['tag1', 'tag2', 'tag3'])).toBe(' Did you mean "tag1", "tag2" or "tag3"?');
    expect(didYouMean('telephone', FIELDS)).toBe('');
  });

  it('are the hint of a problem, apart from what is wrong', () => {
    const parts = (message: string) => hinted({ path: 'a', message });
    expect(parts(`There is no field "nmae".${didYouMean('nmae', FIELDS)} Fields are: name.`)).toEqual({
      path: 'a',
      message: 'There is no field "nmae".',
      hint: 'Did you mean "name"? Fields are: name.',
    });
    expect(parts('This is not known here. Known are: name.')).toEqual({
      path: 'a',
      message: 'This is not known here.',
      hint: 'Known are: name.',
    });
    expect(parts('"name" is missing.')).toEqual({ path: 'a', message: '"name" is missing.' });
    expect(hinted({ path: 'a', message: 'No. Known are: b.', hint: 'c' })).toEqual({ path: 'a', message: 'No. Known are: b.', hint: 'c' });
  });
});
