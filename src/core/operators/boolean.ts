import { EMPTY_NOTE, type Judge, mismatch, type Operator } from './operator.js';

/** The operators for yes-or-no fields. Nothing is neither true nor false. */
export const BOOLEAN_OPERATORS: readonly Operator[] = [is('is_true', 'is true', true), is('is_false', 'is false', false)];

function is(name: string, label: string, wanted: boolean): Operator {
  const judge: Judge = (seen) => {
    if (typeof seen === 'boolean') return seen === wanted;
    return seen === null ? EMPTY_NOTE : mismatch(seen, 'true or false');
  };
  return { name, label, types: ['boolean'], value: 'none', kind: 'field', judge: () => judge };
}
