import { describe, expect, it } from '@jest/globals';
import { LastUsed } from '../../src/engine/last-used.js';

describe('what is kept of what was used last', () => {
  it('is no more than it may be: what was not used for longest goes', () => {
    const kept = new LastUsed<number>(2);
    kept.set('a', 1);
    kept.set('b', 2);
    kept.get('a');
    kept.set('c', 3);
    expect(['a', 'b', 'c'].map((key) => kept.get(key))).toEqual([1, undefined, 3]);
  });

  it('is as new as it was set last', () => {
    const kept = new LastUsed<number>(2);
    kept.set('a', 1);
    kept.set('b', 2);
    kept.set('a', 3);
    kept.set('c', 4);
    expect(['a', 'b', 'c'].map((key) => kept.get(key))).toEqual([3, undefined, 4]);
  });
});
