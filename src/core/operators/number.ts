import type { Json } from '../json.js';
import { comparing, EMPTY_NOTE, type Judge, mismatch, type Operator, Unfit, unfitValue } from './operator.js';

/** The operators for numbers and amounts of money. A text is never read as a number, and nothing is never zero. */
export const NUMBER_OPERATORS: readonly Operator[] = [
  ordering('greater_than', 'is greater than', (limit) => (seen) => (typeof seen === 'number' ? seen > limit : notANumber(seen))),
  ordering('greater_than_or_equal', 'is at least', (limit) => (seen) => (typeof seen === 'number' ? seen >= limit : notANumber(seen))),
  ordering('less_than', 'is less than', (limit) => (seen) => (typeof seen === 'number' ? seen < limit : notANumber(seen))),
  ordering('less_than_or_equal', 'is at most', (limit) => (seen) => (typeof seen === 'number' ? seen <= limit : notANumber(seen))),
];

function ordering(name: string, label: string, compare: (limit: number) => Judge): Operator {
  return {
    name,
    label,
    types: ['number', 'money'],
    value: 'one',
    kind: 'number',
    judge: ({ value }) =>
      comparing(value, (expected) => {
        const limit = readNumber(expected);
        return limit instanceof Unfit ? limit : compare(limit);
      }),
  };
}

/** A value to compare with, as a number. */
export function readNumber(value: Json): number | Unfit {
  return typeof value === 'number' ? value : unfitValue(value, 'a number');
}

/** The note on a field that does not hold a number. */
export function notANumber(seen: Json): string {
  return seen === null ? EMPTY_NOTE : mismatch(seen, 'a number');
}
