import type { Explanation } from '../../core/condition/explanation.js';
import type { Catalog } from './catalog.js';
import { fieldWords, operandWords } from './definition-words.js';
import { listWords, valueWords } from './words.js';

/** One test of an explained condition. */
export type ExplainedTest = Extract<Explanation, { field: string }>;

/** A test that would have to be otherwise. */
export interface DecisiveTest {
  /** Which member of each group, from the root on. */
  path: readonly number[];
  test: ExplainedTest;
  /** What its answer would have to be. */
  hold: boolean;
}

const MOST_SETS = 24;
const MOST_TESTS = 10;

/** Returns the members of a group, and how they decide; null for a test. */
export function explainedGroup(node: Explanation): { group: 'all' | 'any' | 'none'; members: Explanation[] } | null {
  if ('all' in node) return { group: 'all', members: node.all };
  if ('any' in node) return { group: 'any', members: node.any };
  return 'none' in node ? { group: 'none', members: node.none } : null;
}

/**
 * Returns the smallest sets of tests which, were they otherwise, would turn the answer; smallest first. To make `all` true or
 * `any` false every member is needed, for the opposite the cheapest one; `none` is `any` turned round.
 */
export function decisiveSets(explanation: Explanation, wanted = !explanation.result): DecisiveTest[][] {
  const setsFor = (node: Explanation, want: boolean, path: readonly number[]): DecisiveTest[][] => {
    if (node.result === want) return [[]];
    if ('field' in node) return [[{ path, test: node, hold: want }]];
    const { group, members } = explainedGroup(node) as NonNullable<ReturnType<typeof explainedGroup>>;
    const needsAll = group === 'all' ? want : group === 'any' ? !want : want;
    const sets = members.map((member, index) => setsFor(member, group === 'none' ? !want : want, [...path, index]));
    if (!needsAll) return smallest(sets.flat());
    return sets.reduce<DecisiveTest[][]>((all, one) => smallest(all.flatMap((set) => one.map((other) => [...set, ...other]))), [[]]);
  };
  return setsFor(explanation, wanted, []);
}

function smallest(sets: DecisiveTest[][]): DecisiveTest[][] {
  return sets
    .filter(({ length }) => length <= MOST_TESTS)
    .sort((one, other) => one.length - other.length)
    .slice(0, MOST_SETS);
}

/** Returns the answer in one sentence: `Would not run: Source is Phone, not Web Form.` */
export function answerWords(
  explanation: Explanation | null,
  module: unknown,
  catalog: Pick<Catalog, 'modules' | 'operators'> | null,
): string {
  if (explanation === null || explanation.result) return 'Would run.';
  const [decisive = []] = decisiveSets(explanation);
  if (decisive.length === 0) return 'Would not run: nothing near would make these conditions hold.';
  const told = decisive.slice(0, 3).map((one) => testAnswerWords(one, module, catalog));
  const left = decisive.length - told.length;
  return `Would not run: ${listWords(told)}${left > 0 ? `, and ${left} more` : ''}.`;
}

/** Returns what is in the way of a test: the value seen, and what it should be. */
function testAnswerWords({ test, hold }: DecisiveTest, module: unknown, catalog: Pick<Catalog, 'modules' | 'operators'> | null): string {
  const name = fieldWords(test.field, module, catalog);
  const operator = catalog?.operators.find((one) => one.name === test.operator);
  const expected = operandWords(operator, test.expected);
  if (hold && test.operator === 'equals') return `${name} is ${valueWords(test.seen)}, not ${expected}`;
  const asked = [name, operator?.label ?? test.operator, expected].filter((part) => part !== '').join(' ');
  return `“${asked}” ${hold ? 'does not hold' : 'holds'} (${test.note ?? valueWords(test.seen)})`;
}
