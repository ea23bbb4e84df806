import { describe, expect, it } from '@jest/globals';
import { type OutlineRow, outlineOf, outlineRows, wayTo } from '../../src/console/model/outline.js';
import type { JsonObject } from '../../src/core/json.js';

const note = (id: string): JsonObject => ({ id, type: 'add_note', with: { body: id } });
const DEFINITION: JsonObject = {
  steps: [
    note('first'),
    {
      id: 'size',
      name: 'How large?',
      type: 'branch',
      branches: [
        { name: 'large', when: { all: [] }, steps: [note('senior'), { id: 'each', type: 'for_each', in: '{{a}}', steps: [note('tell')] }] },
        { name: '', when: { all: [] }, steps: [] },
      ],
      otherwise: [note('small')],
    },
    note('last'),
  ],
};
const TELL = ['steps', 1, 'branches', 0, 'steps', 1, 'steps', 0];
const PROBLEMS = [
  { path: 'steps[1].branches[0].when' },
  { path: 'steps[1].branches[0].steps[1].steps[0].with.body' },
  { path: 'steps[2].with' },
];

const rows = (search = '', isOpen: (path: string, level: number) => boolean = () => true): OutlineRow[] =>
  outlineRows(outlineOf(DEFINITION, PROBLEMS, null), search, isOpen);
const told = (shown: OutlineRow[]): string[] => shown.map(({ level, number, name }) => `${level} ${number || '-'} ${name}`);

describe('the outline of a workflow', () => {
  it('has a line for each step and each list of steps inside one, in reading order', () => {
    expect(told(rows())).toEqual([
      '1 1 Add note · first',
      '1 2 How large?',
      '2 - large',
      '3 2a1 Add note · senior',
      '3 2a2 For each · a',
      '4 - For each item',
      '5 2a2.1 Add note · tell',
      '2 - Branch 2b',
      '2 - Otherwise',
      '3 2c1 Add note · small',
      '1 3 Add note · last',
    ]);
    expect(rows().map(({ position, size }) => `${position}/${size}`)).toEqual([
      ...['1/3', '2/3', '1/3', '1/2', '2/2', '1/1', '1/1', '2/3', '3/3', '1/1', '3/3'],
    ]);
  });

  it('tells of folded lines what is wrong inside them, of open ones what is wrong with themselves', () => {
    const problems = (shown: OutlineRow[]): string[] => shown.filter((row) => row.problems > 0).map((row) => `${row.name} ${row.problems}`);
    expect(problems(rows())).toEqual(['How large? 1', 'Add note · tell 1', 'Add note · last 1']);
    expect(problems(rows('', (_path, level) => level > 1))).toEqual(['How large? 2', 'Add note · last 1']);
    expect(rows('', () => false).map(({ isOpen }) => isOpen)).toEqual([null, false, null]);
  });

  it('finds steps by what they are called, with what is around them, whatever is folded', () => {
    expect(told(rows('NOTE tell', () => false))).toEqual([
      '1 2 How large?',
      '2 - large',
      '3 2a2 For each · a',
      '4 - For each item',
      '5 2a2.1 Add note · tell',
    ]);
    expect(rows('2a1').map(({ path }) => path)).toEqual(['steps[1]', 'steps[1].branches[0].steps', 'steps[1].branches[0].steps[0]']);
    expect(rows('nothing')).toEqual([]);
  });

  it('knows the way to a step', () => {
    expect(wayTo(DEFINITION, TELL, null).map(({ number, name, list }) => [number, name, list])).toEqual([
      ['2', 'How large?', 'large'],
      ['2a2', 'For each · a', 'For each item'],
      ['2a2.1', 'Add note · tell', null],
    ]);
    expect(wayTo(DEFINITION, ['steps', 2], null).map(({ place, list }) => [place, list])).toEqual([[['steps', 2], null]]);
    expect(wayTo(DEFINITION, ['steps', 1, 'otherwise', 0], null).map(({ number, list }) => [number, list])).toEqual([
      ['2', 'Otherwise'],
      ['2c1', null],
    ]);
  });
});
