import { expect, it } from '@jest/globals';
import { cut } from '../../src/core/cut.js';

it('a text that is too long is cut between characters, and says so', () => {
  expect(cut('abc', 3)).toBe('abc');
  expect(cut('abcd', 3)).toBe('abc…');
  expect(cut('ab😀d', 3)).toBe('ab…');
});
