import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { diffDefinitions } from '../../src/console/model/definition-diff.js';
import { documentOf, patchOf, withMineOnTop } from '../../src/console/model/document.js';
import { edit, redo, startHistory, undo } from '../../src/console/model/history.js';
import { formatPlace, getAt, isSameJson, parsePlace, setAt } from '../../src/console/model/json-path.js';
import { keyOf } from '../../src/console/model/node-keys.js';
import {
  duplicateStep,
  idProblem,
  insertStep,
  letterOf,
  moveStep,
  moveStepIn,
  moveStepOut,
  pasteSteps,
  placedSteps,
  placeOfId,
  readSteps,
  removeStep,
  renameStep,
  type StepEdit,
  withKind,
} from '../../src/console/model/step-tree.js';
import { diffDefinitions as serverDiff } from '../../src/core/definition/diff.js';
import type { Json, JsonObject } from '../../src/core/json.js';

const mail = (id: string): JsonObject => ({ id, type: 'send_email', with: { to: 'a@b.test' } });
const SMALL: JsonObject = {
  trigger: { type: 'manual' },
  steps: [
    mail('a'),
    {
      id: 'b',
      type: 'branch',
      branches: [
        { name: 'x', when: { all: [] }, steps: [mail('x1'), mail('x2')] },
        { name: 'y', when: { field: 'steps.a.output.id', operator: 'is_empty' }, steps: [] },
      ],
      otherwise: [mail('o1')],
    },
    { id: 'c', type: 'for_each', in: '{{steps.a.output.list}}', steps: [mail('c1')] },
    mail('d'),
  ],
};

const numbers = (definition: JsonObject): string =>
  placedSteps(definition)
    .map(({ step, number }) => `${number}=${String(step.id)}`)
    .join(' ');
const ids = (definition: JsonObject): Json[] => placedSteps(definition).map(({ step }) => step.id as Json);
const at = (definition: JsonObject, id: string) => placeOfId(definition, id) ?? [];
const idAt = (one: StepEdit | null): Json | undefined => (one?.at ? getAt(one.definition, [...one.at, 'id']) : undefined);

/** Definitions of any form, with ids that are all different. */
const definitions = fc
  .letrec<{ step: JsonObject; steps: JsonObject[] }>((tie) => ({
    steps: fc.array(tie('step'), { maxLength: 3 }),
    step: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant<JsonObject>({ type: 'send_email' }),
      tie('steps').map((steps): JsonObject => ({ type: 'for_each', steps })),
      fc.tuple(tie('steps'), tie('steps')).map(
        ([one, other]): JsonObject => ({
          type: 'parallel',
          branches: [
            { name: 'l', steps: one },
            { name: 'r', steps: other },
          ],
        }),
      ),
      fc
        .tuple(tie('steps'), tie('steps'))
        .map(
          ([one, other]): JsonObject => ({ type: 'branch', branches: [{ name: 'l', when: { all: [] }, steps: one }], otherwise: other }),
        ),
    ),
  }))
  .steps.map((steps) => {
    let count = 0;
    const named = (step: JsonObject): JsonObject => {
      count += 1;
      const id = `s${count}`;
      const inside = (list: Json | undefined): Json => (list as JsonObject[]).map(named);
      return {
        id,
        ...step,
        ...(step.steps !== undefined && { steps: inside(step.steps) }),
        ...(step.branches !== undefined && {
          branches: (step.branches as JsonObject[]).map((one) => ({ ...one, steps: inside(one.steps) })),
        }),
        ...(step.otherwise !== undefined && { otherwise: inside(step.otherwise) }),
      };
    };
    return { trigger: { type: 'manual' }, steps: steps.map(named) } as JsonObject;
  });

describe('the tree of steps', () => {
  it('numbers steps by their places', () => {
    expect(numbers(SMALL)).toBe('1=a 2=b 2a1=x1 2a2=x2 2c1=o1 3=c 3.1=c1 4=d');
    expect([letterOf(0), letterOf(25), letterOf(26), letterOf(27)]).toEqual(['a', 'z', 'aa', 'ab']);
  });

  it('moves a step through branches as they come, and back the same way', () => {
    const down = (definition: JsonObject): JsonObject => moveStep(definition, at(definition, 'a'), 1)?.definition as JsonObject;
    const first = down(SMALL);
    expect(numbers(first)).toBe('1=b 1a1=a 1a2=x1 1a3=x2 1c1=o1 2=c 2.1=c1 3=d');
    const fifth = down(down(down(down(first))));
    expect(numbers(fifth)).toBe('1=b 1a1=x1 1a2=x2 1c1=a 1c2=o1 2=c 2.1=c1 3=d');
    expect(moveStep(SMALL, ['steps', 0], -1)).toBeNull();
  });

  it('keeps every step exactly once, whatever is moved where, and comes back by the opposite moves', () => {
    const moves = fc.array(fc.record({ which: fc.nat(), how: fc.constantFrom('up', 'down', 'out', 'in') }), { maxLength: 12 });
    fc.assert(
      fc.property(definitions, moves, (definition, list) => {
        let here = definition;
        for (const { which, how } of list) {
          const all = placedSteps(here);
          const place = all[which % Math.max(1, all.length)]?.place;
          if (place === undefined) return;
          const edit =
            how === 'out'
              ? moveStepOut(here, place)
              : how === 'in'
                ? moveStepIn(here, place)
                : moveStep(here, place, how === 'up' ? -1 : 1);
          if (edit === null) continue;
          expect(getAt(edit.definition, edit.at as never)).toEqual(getAt(here, place));
          if (how === 'up' || how === 'down') {
            const back = moveStep(edit.definition, edit.at as never, how === 'up' ? 1 : -1);
            expect(ids(back?.definition as JsonObject)).toEqual(ids(here));
            expect(back?.at).toEqual(place);
          }
          expect([...ids(edit.definition)].sort()).toEqual([...ids(here)].sort());
          here = edit.definition;
        }
      }),
    );
  });

  it('moves a step out of what is around it, and into what is above it', () => {
    expect(numbers(moveStepOut(SMALL, at(SMALL, 'x1'))?.definition as JsonObject)).toBe('1=a 2=b 2a1=x2 2c1=o1 3=x1 4=c 4.1=c1 5=d');
    expect(numbers(moveStepIn(SMALL, at(SMALL, 'c'))?.definition as JsonObject)).toBe('1=a 2=b 2a1=x1 2a2=x2 2c1=o1 2c2=c 2c2.1=c1 3=d');
    expect([moveStepOut(SMALL, ['steps', 0]), moveStepIn(SMALL, ['steps', 0]), moveStepIn(SMALL, ['steps', 1])]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('gives the focus to the next step after a removal, else to the previous one, else to the one around', () => {
    const remove = (id: string): Json | undefined => idAt(removeStep(SMALL, at(SMALL, id)));
    expect([remove('a'), remove('x2'), remove('d'), remove('c1')]).toEqual(['b', 'x1', 'c', 'c']);
    expect(removeStep({ steps: [mail('a')] }, ['steps', 0])).toEqual({ definition: { steps: [] }, at: null });
  });

  it('gives copies ids of their own, and lets them read each other', () => {
    const twice = duplicateStep(SMALL, at(SMALL, 'b'));
    expect(numbers(twice.definition)).toBe('1=a 2=b 2a1=x1 2a2=x2 2c1=o1 3=b_2 3a1=x1_2 3a2=x2_2 3c1=o1_2 4=c 4.1=c1 5=d');
    const pasted = pasteSteps(SMALL, { list: ['steps'], index: 4 }, [
      mail('a'),
      { id: 'e', type: 'stop', message: 'Sent {{steps.a.output.id}}' },
    ]);
    expect(getAt(pasted.definition, ['steps', 5, 'message'])).toBe('Sent {{steps.a_2.output.id}}');
    expect(idAt(insertStep(SMALL, { list: ['steps'], index: 0 }, { type: 'create_task' }))).toBe('create_task');
    fc.assert(
      fc.property(definitions, fc.nat(), (definition, which) => {
        const all = placedSteps(definition);
        if (all.length === 0) return;
        const after = ids(duplicateStep(definition, all[which % all.length]!.place).definition);
        expect(new Set(after).size).toBe(after.length);
      }),
    );
  });

  it('reads copied steps, and nothing else', () => {
    expect([
      readSteps(JSON.stringify(mail('a'))),
      readSteps(JSON.stringify(SMALL))?.length,
      readSteps('[1]'),
      readSteps('hello'),
      readSteps('[]'),
    ]).toEqual([[mail('a')], 4, null, null, null]);
  });

  it('renames an id in everything that reads it, and says how much that was', () => {
    const { definition, references } = renameStep(SMALL, ['steps', 0], 'first');
    expect(references).toBe(2);
    expect(JSON.stringify(definition)).not.toContain('steps.a.');
    expect(getAt(definition, ['steps', 2, 'in'])).toBe('{{steps.first.output.list}}');
    const others = {
      steps: [mail('a'), { id: 'z', type: 'stop', message: 'steps.a {{steps.ab.output}} {{record.steps.a}} {{steps.[a].output}}' }],
    };
    expect(getAt(renameStep(others, ['steps', 0], 'q').definition, ['steps', 1, 'message'])).toBe(
      'steps.a {{steps.ab.output}} {{record.steps.a}} {{steps.q.output}}',
    );
    expect([idProblem(SMALL, ['steps', 0], 'b'), idProblem(SMALL, ['steps', 0], 'a'), idProblem(SMALL, ['steps', 0], '1')]).toEqual([
      'Step 2 has this id.',
      null,
      expect.stringMatching(/begins with a letter/),
    ]);
  });

  it('keeps arguments of the same name when a step becomes another kind', () => {
    const step = { ...mail('a'), name: 'Hello', onError: 'continue', retry: { maxAttempts: 5 } };
    expect(withKind(step, 'send_notification', true, ['to', 'title'])).toEqual({
      id: 'a',
      name: 'Hello',
      type: 'send_notification',
      with: { to: 'a@b.test' },
      onError: 'continue',
      retry: { maxAttempts: 5 },
    });
    expect(withKind(step, 'delay', false, ['for'])).toEqual({ id: 'a', name: 'Hello', type: 'delay', onError: 'continue' });
    expect(withKind(step, 'branch', false, ['branches'])).toMatchObject({ branches: [{ name: 'first', when: { all: [] }, steps: [] }] });
    expect([withKind(step, 'parallel', false, []).branches, withKind(step, 'for_each', false, []).steps]).toEqual([expect.any(Array), []]);
  });

  it('keeps the keys of what an edit leaves as it is, and of what it changes', () => {
    const before = [getAt(SMALL, ['steps', 1]), getAt(SMALL, ['steps', 1, 'branches', 0, 'steps', 0])].map(keyOf);
    const { definition } = moveStep(SMALL, ['steps', 0], 1) as StepEdit;
    expect([keyOf(getAt(definition, ['steps', 0])), keyOf(getAt(definition, ['steps', 0, 'branches', 0, 'steps', 1]))]).toEqual(before);
  });
});

describe('places in JSON', () => {
  it('are read and written as problems tell them', () => {
    expect(parsePlace('steps[1].branches[0].when.all[2].value')).toEqual(['steps', 1, 'branches', 0, 'when', 'all', 2, 'value']);
    const names = fc
      .array(fc.oneof(fc.nat(99), fc.stringMatching(/^[a-zA-Z_]\w{0,5}$/)), { minLength: 1 })
      .filter(([first]) => typeof first === 'string');
    fc.assert(fc.property(names, (place) => expect(parsePlace(formatPlace(place))).toEqual(place)));
  });

  it('can be set, made and taken away', () => {
    expect(setAt(undefined, ['a', 0, 'b'], 1)).toEqual({ a: [{ b: 1 }] });
    expect(setAt({ a: [1, 2, 3] }, ['a', 1], undefined)).toEqual({ a: [1, 3] });
    expect(Object.keys(setAt({ a: 1, b: 2 }, ['a'], 3) as object)).toEqual(['a', 'b']);
    expect(isSameJson({ a: 1, b: undefined, c: [{ d: null }] }, { c: [{ d: null }], a: 1 })).toBe(true);
  });
});

describe('the history', () => {
  it('gives back every state, however often it is undone and done again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 40 }), (values) => {
        const states = values.map((value) => ({ value }));
        const all = states.reduce((history, state) => edit(history, state), startHistory({ value: -1 }));
        let back = all;
        for (const state of states.toReversed()) {
          expect(back.present).toBe(state);
          back = undo(back);
        }
        expect(states.reduce((history) => redo(history), back).present).toBe(states.at(-1));
      }),
    );
  });

  it('takes what is typed into one field as one step, keeps 200, and forgets what was undone at the next edit', () => {
    const typed = ['a', 'ab', 'abc'].reduce((history, text) => edit(history, text, 'name'), startHistory(''));
    expect(undo(typed).present).toBe('');
    expect(undo(edit(typed, 'x', 'other')).present).toBe('abc');
    expect(edit(undo(typed), 'y').future).toEqual([]);
    const many = Array.from({ length: 300 }, (_, index) => index).reduce((history, value) => edit(history, value), startHistory(-1));
    expect([many.past.length, undo(startHistory(1)).present, redo(startHistory(1)).present, edit(many, many.present)]).toEqual([
      200,
      1,
      1,
      many,
    ]);
  });
});

const document = (definition: JsonObject, name = 'One') => documentOf({ name, code: 'one', description: null, definition });

describe('two who edit one draft', () => {
  it('sends what has changed alone', () => {
    expect(patchOf(document(SMALL), document(SMALL, 'Two'))).toEqual({ name: 'Two' });
    expect(patchOf(document(SMALL), document(structuredClone(SMALL)))).toBeNull();
  });

  it('puts mine on top of theirs, and loses neither', () => {
    const mine = setAt(SMALL, ['steps', 0, 'with', 'to'], 'me@b.test') as JsonObject;
    const theirs = insertStep(removeStep(SMALL, at(SMALL, 'd')).definition, { list: ['steps'], index: 1 }, mail('new')).definition;
    const merged = withMineOnTop(document(SMALL), document(mine), document(theirs, 'Theirs'));
    expect(merged.name).toBe('Theirs');
    expect(numbers(merged.definition)).toBe('1=a 2=new 3=b 3a1=x1 3a2=x2 3c1=o1 4=c 4.1=c1');
    expect(getAt(merged.definition, ['steps', 0, 'with', 'to'])).toBe('me@b.test');
  });

  it('keeps a step that one has changed and the other taken away, and my order where I have moved', () => {
    const mine = setAt(SMALL, ['steps', 3, 'with', 'to'], 'me@b.test') as JsonObject;
    const theirs = removeStep(SMALL, at(SMALL, 'd')).definition;
    expect(numbers(withMineOnTop(document(SMALL), document(mine), document(theirs)).definition)).toBe(numbers(SMALL));
    const moved = moveStep(SMALL, at(SMALL, 'd'), -1)?.definition as JsonObject;
    expect(ids(withMineOnTop(document(SMALL), document(moved), document(mine)).definition)).toContain('d');
  });

  it('is theirs where I changed nothing, and mine where they did not', () => {
    fc.assert(
      fc.property(definitions, definitions, (base, other) => {
        const same = (one: JsonObject, another: JsonObject): boolean => isSameJson(one, another);
        expect(same(withMineOnTop(document(base), document(base), document(other)).definition, other)).toBe(true);
        expect(same(withMineOnTop(document(base), document(other), document(base)).definition, other)).toBe(true);
        expect(same(withMineOnTop(document(base), document(other), document(other)).definition, other)).toBe(true);
      }),
    );
  });
});

describe('the difference of two drafts', () => {
  it('names the same steps as added and removed as the server does, and is none where there is none', () => {
    const told = (steps: { id: string; changes: string[] }[], change: string): string[] =>
      steps
        .filter(({ changes }) => changes.includes(change))
        .map(({ id }) => id)
        .sort();
    fc.assert(
      fc.property(definitions, definitions, (from, to) => {
        const [ours, theirs] = [diffDefinitions(from, to), serverDiff(from, to)];
        expect(told(ours.steps, 'added')).toEqual(told(theirs.steps, 'added'));
        expect(told(ours.steps, 'removed')).toEqual(told(theirs.steps, 'removed'));
        expect(diffDefinitions(from, from)).toEqual({ isSame: true, values: [], steps: [] });
      }),
    );
  });

  it('tells what is other by its path, and steps that were moved', () => {
    const changed = setAt(setAt(SMALL, ['steps', 0, 'with', 'to'], 'x'), ['trigger', 'module'], 'leads') as JsonObject;
    expect(diffDefinitions(SMALL, changed)).toEqual({
      isSame: false,
      values: [{ path: 'trigger.module', change: 'added', from: null, to: 'leads' }],
      steps: [
        {
          id: 'a',
          name: null,
          type: 'send_email',
          changes: ['changed'],
          from: 'steps[0]',
          to: 'steps[0]',
          values: [{ path: 'with.to', change: 'changed', from: 'a@b.test', to: 'x' }],
        },
      ],
    });
    const moved = moveStepOut(SMALL, at(SMALL, 'x1'))?.definition as JsonObject;
    expect(diffDefinitions(SMALL, moved).steps.find(({ id }) => id === 'x1')).toMatchObject({ changes: ['moved'], to: 'steps[2]' });
  });
});
