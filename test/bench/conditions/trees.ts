import type { Condition } from '../../../src/core/condition/tree.js';
import { seeded } from './leads.js';

/** A test that all contestants have, told once and translated for each. */
export type SharedTest =
  | { field: string; is: 'equal' | 'unequal'; value: string }
  | { field: string; is: 'more' | 'at least' | 'less'; value: number }
  | { field: string; is: 'one of'; value: string[] }
  | { field: string; is: 'list with'; value: string };

export type Tree = SharedTest | { all: Tree[] } | { any: Tree[] } | { none: Tree[] };

/** The condition that is measured: ten tests, three levels. */
export const TEN_TESTS: Tree = {
  all: [
    { field: 'source', is: 'equal', value: 'Web Form' },
    { field: 'amount', is: 'more', value: 50_000 },
    {
      any: [
        { field: 'priority', is: 'equal', value: 'Urgent' },
        { field: 'country', is: 'one of', value: ['DE', 'AT', 'CH'] },
        {
          all: [
            { field: 'employees', is: 'at least', value: 200 },
            { field: 'score', is: 'more', value: 60 },
          ],
        },
      ],
    },
    {
      none: [
        { field: 'stage', is: 'equal', value: 'Lost' },
        { field: 'tags', is: 'list with', value: 'blocked' },
      ],
    },
    { field: 'industry', is: 'unequal', value: 'Gambling' },
    { field: 'employees', is: 'less', value: 10_000 },
  ],
};

/**
 * Conditions like that one, in other orders and with other limits: a router evaluates hundreds of different ones, and code
 * that is fast for one alone may be slower then.
 */
export function variations(count: number, seed: number): Tree[] {
  const random = seeded(seed);
  const vary = (tree: Tree): Tree => {
    if ('all' in tree) return { all: shuffled(tree.all, random).map(vary) };
    if ('any' in tree) return { any: shuffled(tree.any, random).map(vary) };
    if ('none' in tree) return { none: shuffled(tree.none, random).map(vary) };
    return typeof tree.value === 'number' ? ({ ...tree, value: Math.round(tree.value * (0.5 + random())) } as SharedTest) : tree;
  };
  return Array.from({ length: count }, () => vary(TEN_TESTS));
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

const OURS = {
  equal: 'equals',
  unequal: 'not_equals',
  more: 'greater_than',
  'at least': 'greater_than_or_equal',
  less: 'less_than',
  'one of': 'is_any_of',
  'list with': 'contains_any',
} as const;

/** In our language. Ours ignores the case of texts unless told otherwise; the others cannot, so equal terms are `caseSensitive`. */
export function toCondition(tree: Tree, caseSensitive: boolean): Condition {
  if ('all' in tree) return { all: tree.all.map((child) => toCondition(child, caseSensitive)) };
  if ('any' in tree) return { any: tree.any.map((child) => toCondition(child, caseSensitive)) };
  if ('none' in tree) return { none: tree.none.map((child) => toCondition(child, caseSensitive)) };
  const value = tree.is === 'list with' ? [tree.value] : tree.value;
  const isText = typeof tree.value !== 'number';
  return { field: tree.field, operator: OURS[tree.is], value, ...(isText && caseSensitive ? { caseSensitive } : {}) };
}

const RULES = {
  equal: 'equal',
  unequal: 'notEqual',
  more: 'greaterThan',
  'at least': 'greaterThanInclusive',
  less: 'lessThan',
  'one of': 'in',
  'list with': 'contains',
} as const;

/** For json-rules-engine. */
export function toRule(tree: Tree): object {
  if ('all' in tree) return { all: tree.all.map(toRule) };
  if ('any' in tree) return { any: tree.any.map(toRule) };
  if ('none' in tree) return { not: { any: tree.none.map(toRule) } };
  return { fact: tree.field, operator: RULES[tree.is], value: tree.value };
}

/** For json-logic-engine. */
export function toLogic(tree: Tree): object {
  if ('all' in tree) return { and: tree.all.map(toLogic) };
  if ('any' in tree) return { or: tree.any.map(toLogic) };
  if ('none' in tree) return { '!': { or: tree.none.map(toLogic) } };
  const { value } = tree;
  const seen = { var: tree.field };
  switch (tree.is) {
    case 'equal':
      return { '===': [seen, value] };
    case 'unequal':
      return { '!==': [seen, value] };
    case 'more':
      return { '>': [seen, value] };
    case 'at least':
      return { '>=': [seen, value] };
    case 'less':
      return { '<': [seen, value] };
    case 'one of':
      return { in: [seen, value] };
    case 'list with':
      return { in: [value, seen] };
  }
}
