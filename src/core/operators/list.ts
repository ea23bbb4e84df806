import type { Json } from '../json.js';
import { folding } from './letter-case.js';
import { comparing, EMPTY_NOTE, type Judge, mismatch, type Operator, type TestSetup, unfitValue } from './operator.js';
import { memberKey, memberKeys, sameMembers } from './values.js';

/** The operators for lists of values, such as tags; texts in them ignore case unless the test says `caseSensitive`. */
export const LIST_OPERATORS: readonly Operator[] = [
  { name: 'contains_any', label: 'contains any of', types: ['list'], value: 'list', kind: 'member', judge: containsAny },
  { name: 'contains_all', label: 'contains all of', types: ['list'], value: 'list', kind: 'member', judge: containsAll },
  { name: 'contains_none', label: 'contains none of', types: ['list'], value: 'list', kind: 'member', judge: containsNone },
  { name: 'is_exactly', label: 'is exactly', types: ['list'], value: 'members', kind: 'member', judge: isExactly },
];

function containsAny(setup: TestSetup): Judge {
  return onLists(setup, EMPTY_NOTE, (expected) => hasAny(expected, setup.caseSensitive));
}

function containsNone(setup: TestSetup): Judge {
  const none = (expected: Json[]) => {
    const any = hasAny(expected, setup.caseSensitive);
    return (seen: Json[]) => !any(seen);
  };
  return onLists(setup, true, none);
}

function hasAny(expected: Json[], caseSensitive: boolean): (seen: Json[]) => boolean {
  const fold = folding(caseSensitive);
  const wanted = memberKeys(expected, caseSensitive);
  return (seen) => seen.some((item) => wanted.has(memberKey(item, fold)));
}

function containsAll(setup: TestSetup): Judge {
  return onLists(setup, EMPTY_NOTE, (expected) => {
    const wanted = [...memberKeys(expected, setup.caseSensitive)];
    return (seen) => {
      const have = memberKeys(seen, setup.caseSensitive);
      return wanted.every((key) => have.has(key));
    };
  });
}

function isExactly(setup: TestSetup): Judge {
  return onLists(setup, EMPTY_NOTE, (expected) => sameMembers(expected, setup.caseSensitive));
}

function onLists({ value }: TestSetup, onEmpty: true | string, compare: (expected: Json[]) => (seen: Json[]) => boolean): Judge {
  return comparing(value, (expected) => {
    if (!Array.isArray(expected)) return unfitValue(expected, 'a list');
    const has = compare(expected);
    return (seen) => {
      if (Array.isArray(seen)) return has(seen);
      return seen === null ? onEmpty : mismatch(seen, 'a list');
    };
  });
}
