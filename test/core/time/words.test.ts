import { expect, it } from '@jest/globals';
import { momentInWords } from '../../../src/core/time/words.js';

it.each([
  ['2027-01-04T08:30:00Z', 'Europe/Berlin', 'Monday, 4 January 2027, 09:30 (Europe/Berlin, UTC+01:00)'],
  ['2027-10-31T00:30:00Z', 'Europe/Berlin', 'Sunday, 31 October 2027, 02:30 (Europe/Berlin, UTC+02:00)'],
  ['2027-10-31T01:30:00Z', 'Europe/Berlin', 'Sunday, 31 October 2027, 02:30 (Europe/Berlin, UTC+01:00)'],
  ['2027-01-01T00:00:00Z', 'UTC', 'Friday, 1 January 2027, 00:00 (UTC, UTC+00:00)'],
])('%s in %s is in words: %s', (at, timezone, words) => {
  expect(momentInWords(new Date(at), timezone)).toBe(words);
});
