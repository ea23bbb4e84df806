import type { Explanation } from './explanation.js';

/** One test of an explained condition. */
export type ExplainedTest = Extract<Explanation, { field: string }>;

/** A test that would have to be otherwise for the whole to be otherwise. */
export interface Flip {
  /** Where it stands: which member of each group, from the root on. */
  path: readonly number[];
  test: ExplainedTest;
  /** What its answer would have to be. */
  hold: boolean;
}

/** How many sets are followed through the tree. */
const MOST_SETS = 24;
/** A set of more is no near miss. */
const MOST_TESTS = 10;

/**
 * The smallest sets of tests which, were they otherwise, would give the condition the wanted answer; smallest first. One
 * empty set when it has that answer already, none when nothing could give it (an `any` of nothing) or too much would have to
 * change.
 *
 * To make an `all` true, or an `any` false, every child is needed; for the opposite the cheapest one does; `none` is `any`
 * turned round. Children that have the wanted answer cost nothing. Told from the answers alone: two tests of one field may
 * contradict each other.
 */
export function flipSets(explanation: Explanation, wanted = true): Flip[][] {
  return setsFor(explanation, wanted, []);
}

function setsFor(node: Explanation, wanted: boolean, path: readonly number[]): Flip[][] {
  if (node.result === wanted) return [[]];
  if ('field' in node) return [[{ path, test: node, hold: wanted }]];
  const of = (children: readonly Explanation[], childWanted: boolean): Flip[][][] =>
    children.map((child, index) => setsFor(child, childWanted, [...path, index]));
  if ('all' in node) return wanted ? together(of(node.all, true)) : cheapest(of(node.all, false));
  if ('any' in node) return wanted ? cheapest(of(node.any, true)) : together(of(node.any, false));
  return wanted ? together(of(node.none, false)) : cheapest(of(node.none, true));
}

/** One set of each child, in every combination. */
function together(children: readonly Flip[][][]): Flip[][] {
  return children.reduce<Flip[][]>((sets, child) => smallest(sets.flatMap((set) => child.map((other) => [...set, ...other]))), [[]]);
}

/** The sets of any child. */
function cheapest(children: readonly Flip[][][]): Flip[][] {
  return smallest(children.flat());
}

function smallest(sets: Flip[][]): Flip[][] {
  return sets
    .filter(({ length }) => length <= MOST_TESTS)
    .sort((a, b) => a.length - b.length)
    .slice(0, MOST_SETS);
}
