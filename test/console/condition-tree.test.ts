import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Catalog } from '../../src/console/model/catalog.js';
import {
  addTo,
  changeGroup,
  changeTest,
  crossingWords,
  duplicateRow,
  groupOf,
  isComplete,
  limitProblem,
  membersOf,
  moveRow,
  moveRowIn,
  moveRowOut,
  placeWords,
  removeRow,
  rootOf,
  rowsOf,
  storedOf,
} from '../../src/console/model/condition-tree.js';
import { answerWords, decisiveSets } from '../../src/console/model/explanation.js';
import { getAt } from '../../src/console/model/json-path.js';
import { keyOf } from '../../src/console/model/node-keys.js';
import { compileCondition } from '../../src/core/condition/condition.js';
import { flipSets } from '../../src/core/condition/flips.js';
import type { Condition } from '../../src/core/condition/tree.js';
import type { Json, JsonObject } from '../../src/core/json.js';
import { describeOperators } from '../../src/core/operators/index.js';

const is = (field: string): JsonObject => ({ field, operator: 'is_true' });
const TREE: JsonObject = { all: [is('a'), { any: [is('b'), is('c')] }, { none: [is('d')] }, is('e')] };

/** A tree in short: `all(a any(b c))`. */
function short(node: Json | undefined): string {
  const group = groupOf(node);
  return group === null ? String((node as JsonObject).field) : `${group}(${membersOf(node).map(short).join(' ')})`;
}

const trees = fc
  .letrec<{ node: JsonObject; group: JsonObject }>((tie) => ({
    node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant<JsonObject>(is('?')), tie('group')),
    group: fc
      .record({ kind: fc.constantFrom('all', 'any', 'none'), members: fc.array(tie('node'), { minLength: 1, maxLength: 3 }) })
      .map(({ kind, members }): JsonObject => ({ [kind]: members })),
  }))
  .group.map((tree) => {
    let count = 0;
    const named = (node: Json): Json => {
      const group = groupOf(node);
      if (group !== null) return { [group]: membersOf(node).map(named) };
      count += 1;
      return is(`f${count}`);
    };
    return named(tree) as JsonObject;
  });

const fieldsOfTree = (root: Json): string[] =>
  rowsOf(root)
    .map((row) => getAt(root, row) as JsonObject)
    .filter((node) => groupOf(node) === null)
    .map((node) => String(node.field));

describe('the tree of conditions', () => {
  it('moves a row in reading order, through the borders of groups', () => {
    const way = [
      'all(any(a b c) none(d) e)',
      'all(any(b a c) none(d) e)',
      'all(any(b c a) none(d) e)',
      'all(any(b c) a none(d) e)',
      'all(any(b c) none(a d) e)',
    ];
    let here = { root: TREE, at: ['all', 0] as (string | number)[] };
    for (const step of way) {
      here = moveRow(here.root, here.at, 1) as typeof here;
      expect(short(here.root)).toBe(step);
      expect((getAt(here.root, here.at) as JsonObject).field).toBe('a');
    }
    expect([moveRow(TREE, ['all', 0], -1), moveRow(TREE, ['all', 3], 1)]).toEqual([null, null]);
  });

  it('lets groups vanish that a move leaves empty', () => {
    expect(short(moveRow(TREE, ['all', 2, 'none', 0], -1)?.root)).toBe('all(a any(b c) d e)');
    expect(short(moveRowOut(TREE, ['all', 2, 'none', 0])?.root)).toBe('all(a any(b c) d e)');
    expect(moveRowOut(TREE, ['all', 2, 'none', 0])?.at).toEqual(['all', 2]);
  });

  it('joins the group above, or makes one of the other kind with the row above', () => {
    expect(short(moveRowIn(TREE, ['all', 2])?.root)).toBe('all(a any(b c none(d)) e)');
    expect(short(moveRowIn({ all: [is('a'), is('b')] }, ['all', 1])?.root)).toBe('all(any(a b))');
    expect(short(moveRowIn({ any: [is('a'), is('b')] }, ['any', 1])?.root)).toBe('any(all(a b))');
    expect([moveRowIn(TREE, ['all', 0]), moveRowOut(TREE, ['all', 0])]).toEqual([null, null]);
  });

  it('keeps every test exactly once, with its key, whatever is moved where', () => {
    const moves = fc.array(fc.record({ which: fc.nat(), how: fc.constantFrom('up', 'down', 'out', 'in') }), { maxLength: 15 });
    fc.assert(
      fc.property(trees, moves, (tree, list) => {
        let root = tree;
        for (const { which, how } of list) {
          const rows = rowsOf(root);
          const at = rows[which % Math.max(1, rows.length)];
          if (at === undefined) return;
          const node = getAt(root, at);
          const edit = how === 'out' ? moveRowOut(root, at) : how === 'in' ? moveRowIn(root, at) : moveRow(root, at, how === 'up' ? -1 : 1);
          if (edit === null) continue;
          expect(keyOf(getAt(edit.root, edit.at as never))).toBe(keyOf(node));
          expect([...fieldsOfTree(edit.root)].sort()).toEqual([...fieldsOfTree(root)].sort());
          expect(
            rowsOf(edit.root).every((row) => groupOf(getAt(edit.root, row)) === null || membersOf(getAt(edit.root, row)).length > 0),
          ).toBe(true);
          root = edit.root;
        }
      }),
    );
  });

  it('gives the focus to the next row after a removal, else to the previous one, else to none', () => {
    const focused = (root: JsonObject, at: (string | number)[]): string | null => {
      const edit = removeRow(root, at);
      return edit.at && short(getAt(edit.root, edit.at));
    };
    expect([
      focused(TREE, ['all', 0]),
      focused(TREE, ['all', 2, 'none', 0]),
      focused(TREE, ['all', 3]),
      focused({ all: [is('a')] }, ['all', 0]),
    ]).toEqual(['any(b c)', 'e', 'd', null]);
    expect(short(removeRow(TREE, ['all', 1]).root)).toBe('all(a none(d) e)');
    fc.assert(
      fc.property(trees, fc.nat(), (tree, which) => {
        const rows = rowsOf(tree);
        const edit = removeRow(tree, rows[which % rows.length] as never);
        if (edit.at === null) expect(rowsOf(edit.root)).toEqual([]);
        else expect(getAt(edit.root, edit.at)).toBeDefined();
      }),
    );
  });

  it('adds, copies and changes rows', () => {
    expect(short(addTo(TREE, ['all', 1], is('z')).root)).toBe('all(a any(b c z) none(d) e)');
    const copy = duplicateRow(TREE, ['all', 1]);
    expect([short(copy.root), copy.at]).toEqual(['all(a any(b c) any(b c) none(d) e)', ['all', 2]]);
    expect(keyOf(getAt(copy.root, ['all', 2]))).not.toBe(keyOf(getAt(copy.root, ['all', 1])));
    const changed = changeTest(TREE, ['all', 0], is('q'));
    expect([short(changed), keyOf(getAt(changed, ['all', 0]))]).toEqual(['all(q any(b c) none(d) e)', keyOf(getAt(TREE, ['all', 0]))]);
    expect([short(changeGroup(TREE, ['all', 1], 'none')), short(changeGroup(TREE, [], 'any'))]).toEqual([
      'all(a none(b c) none(d) e)',
      'any(a any(b c) none(d) e)',
    ]);
  });

  it('says where a row is, and what crossing a None group means', () => {
    expect(placeWords(TREE, ['all', 1, 'any', 1])).toBe('2 of 2 in Any of these');
    expect([
      crossingWords(['all', 2, 'none', 0], ['all', 2]),
      crossingWords(['all', 0], ['all', 1, 'none', 0]),
      crossingWords(['all', 0], ['all', 1]),
    ]).toEqual(['Moved out of None of these: now it must hold.', 'Moved into None of these: now it must not hold.', null]);
  });

  it('shows a group whatever the document holds, and stores nothing for an empty one', () => {
    expect([rootOf(undefined), rootOf(is('a')), rootOf(TREE), storedOf({ all: [] }), storedOf(TREE)]).toEqual([
      { all: [] },
      { all: [is('a')] },
      TREE,
      undefined,
      TREE,
    ]);
  });

  it('knows when nothing is left to be filled in', () => {
    const complete = (condition: JsonObject): boolean => isComplete(condition, describeOperators() as never);
    const half = { field: 'a', operator: 'equals' };
    expect([
      complete(TREE),
      complete({ all: [half] }),
      complete({ field: '', operator: 'is_true' }),
      complete({ any: [{ ...half, value: false }] }),
    ]).toEqual([true, false, false, true]);
    expect([
      complete({ ...half, operator: 'between', value: ['', 3] }),
      complete({ ...half, operator: 'between', value: [1, 3] }),
      complete({ ...half, value: { field: '' } }),
    ]).toEqual([false, true, false]);
  });

  it('refuses more than the server takes', () => {
    expect(limitProblem(TREE)).toBeNull();
    expect(limitProblem({ all: Array.from({ length: 501 }, () => is('a')) })).toBe('A condition has 500 tests at the most.');
    const deep = Array.from({ length: 21 }).reduce<JsonObject>((inner) => ({ all: [inner] }), is('a'));
    expect(limitProblem(deep)).toBe('Groups stand 20 deep at the most.');
  });
});

const CATALOG = { modules: [], operators: describeOperators() } as unknown as Catalog;

describe('an explanation', () => {
  const explained = (tree: JsonObject, record: JsonObject) =>
    compileCondition(tree as unknown as Condition, null).explain({
      record,
      previous: null,
      changes: {},
      trigger: {},
      context: {},
      steps: {},
      now: new Date(0),
      timezone: 'UTC',
    } as never);

  it('finds the same decisive tests as the server', () => {
    fc.assert(
      fc.property(trees, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (tree, values) => {
        const record = Object.fromEntries(values.map((value, index) => [`f${index}`, value]));
        const one = explained(tree, record);
        expect(decisiveSets(one, true)).toEqual(flipSets(one));
        expect(decisiveSets(one, false)).toEqual(flipSets(one, false));
      }),
    );
  });

  it('is told in one sentence', () => {
    const tree = { all: [{ field: 'source', operator: 'equals', value: 'Web Form' }, { none: [is('blocked')] }] };
    const words = (record: JsonObject): string => answerWords(explained(tree, record), null, CATALOG);
    expect([
      words({ source: 'Web Form', blocked: false }),
      words({ source: 'Phone', blocked: true }),
      answerWords(null, null, null),
    ]).toEqual(['Would run.', 'Would not run: source is Phone, not Web Form and “blocked is true” holds (yes).', 'Would run.']);
    expect(answerWords(explained({ any: [] }, {}), null, CATALOG)).toBe('Would not run: nothing near would make these conditions hold.');
  });
});
