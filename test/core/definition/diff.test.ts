import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type DefinitionDiff, diffDefinitions } from '../../../src/core/definition/diff.js';
import type { Json, JsonObject } from '../../../src/core/json.js';

const step = (id: string, members: JsonObject = {}): JsonObject => ({ id, type: 'create_task', with: { title: id }, ...members });
const of = (...steps: Json[]): JsonObject => ({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps });
const branch = (id: string, branches: Record<string, Json[]>, otherwise?: Json[]): JsonObject => ({
  id,
  type: 'branch',
  branches: Object.entries(branches).map(([name, steps]) => ({ name, when: { field: name, operator: 'is_true' }, steps })),
  ...(otherwise && { otherwise }),
});
/** `moved a, changed b`. */
const told = ({ steps }: DefinitionDiff): string => steps.map(({ id, changes }) => `${changes.join(' and ')} ${id}`).join(', ');

describe('the difference of two definitions', () => {
  it('is none between a definition and itself, whatever the order of members', () => {
    const one = of(step('a'), step('b'));
    const { trigger, steps } = one;
    expect(diffDefinitions(one, { steps, trigger } as JsonObject)).toEqual({ isSame: true, values: [], steps: [] });
  });

  it('tells what is other in trigger, conditions and settings, field by field', () => {
    const from = {
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: {
        all: [
          { field: 'a', operator: 'equals', value: 1 },
          { field: 'b', operator: 'is_true' },
        ],
      },
      steps: [],
    };
    const to = {
      trigger: { type: 'event', module: 'leads', event: 'updated' },
      conditions: {
        all: [
          { field: 'a', operator: 'equals', value: 2 },
          { field: 'c', operator: 'is_true' },
          { field: 'b', operator: 'is_true' },
        ],
      },
      settings: { reentry: 'always' },
      steps: [],
    };
    expect(diffDefinitions(from, to)).toEqual({
      isSame: false,
      values: [
        { path: 'trigger.event', change: 'changed', from: 'created', to: 'updated' },
        { path: 'conditions.all[0].value', change: 'changed', from: 1, to: 2 },
        { path: 'conditions.all[1]', change: 'added', from: null, to: { field: 'c', operator: 'is_true' } },
        { path: 'settings', change: 'added', from: null, to: { reentry: 'always' } },
      ],
      steps: [],
    });
    expect(diffDefinitions(to, from).values.slice(1)).toEqual([
      { path: 'conditions.all[0].value', change: 'changed', from: 2, to: 1 },
      { path: 'conditions.all[1]', change: 'removed', from: { field: 'c', operator: 'is_true' }, to: null },
      { path: 'settings', change: 'removed', from: { reentry: 'always' }, to: null },
    ]);
  });

  it('tells null from nothing, and a list from an object', () => {
    expect(diffDefinitions({ a: null }, {}).values).toEqual([{ path: 'a', change: 'removed', from: null, to: null }]);
    expect(diffDefinitions({ a: [] }, { a: {} }).values).toEqual([{ path: 'a', change: 'changed', from: [], to: {} }]);
  });

  it('tells steps that were added, removed and changed, field by field, with their places', () => {
    const from = of(step('a'), step('b', { name: 'The second' }), step('c'));
    const to = of(step('new', { name: 'New' }), step('a'), step('b', { with: { title: 'B', priority: 'High' }, name: 'The second' }));
    expect(diffDefinitions(from, to).steps).toEqual([
      { id: 'new', name: 'New', type: 'create_task', changes: ['added'], from: null, to: 'steps[0]', values: [] },
      {
        id: 'b',
        name: 'The second',
        type: 'create_task',
        changes: ['changed'],
        from: 'steps[1]',
        to: 'steps[2]',
        values: [
          { path: 'with.title', change: 'changed', from: 'b', to: 'B' },
          { path: 'with.priority', change: 'added', from: null, to: 'High' },
        ],
      },
      { id: 'c', name: null, type: 'create_task', changes: ['removed'], from: 'steps[2]', to: null, values: [] },
    ]);
  });

  it.each<[string, JsonObject, JsonObject, string]>([
    ['one that went to the end', of(step('a'), step('b'), step('c')), of(step('b'), step('c'), step('a')), 'moved a'],
    [
      'one that went into a branch',
      of(step('a'), branch('r', { x: [step('b')] })),
      of(branch('r', { x: [step('a'), step('b')] })),
      'moved a',
    ],
    [
      'one that went from branch to branch',
      of(branch('r', { x: [step('a')], y: [step('b')] })),
      of(branch('r', { x: [], y: [step('b'), step('a')] })),
      'moved a',
    ],
    [
      'one that went into otherwise',
      of(branch('r', { x: [step('a')] }, [step('b')])),
      of(branch('r', { x: [] }, [step('b'), step('a')])),
      'moved a',
    ],
    ['one that was left over by its branch', of(branch('r', { x: [step('a')] })), of(step('a')), 'moved a, removed r'],
    [
      'one that was moved and changed',
      of(step('a'), step('b'), step('c')),
      of(step('b'), step('c'), step('a', { name: 'A' })),
      'moved and changed a',
    ],
    [
      'a branch with all that is in it',
      of(branch('r', { x: [step('a'), step('b')] }), step('c'), step('d')),
      of(step('c'), step('d'), branch('r', { x: [step('a'), step('b')] })),
      'moved r',
    ],
  ])('tells of %s that alone', (_what, from, to, expected) => {
    expect(told(diffDefinitions(from, to))).toBe(expected);
  });

  it('does not take the steps of a branch for moved that has another name or another place now', () => {
    const from = of(branch('r', { x: [step('a'), step('b')], y: [step('c')] }));
    const renamed = diffDefinitions(from, of(branch('r', { x: [step('a'), step('b')], z: [step('c')] })));
    expect(told(renamed)).toBe('changed r');
    expect(renamed.steps[0]?.values).toContainEqual({ path: 'branches[1].name', change: 'changed', from: 'y', to: 'z' });
    const turned = diffDefinitions(from, of(branch('r', { y: [step('c')], x: [step('a'), step('b')] })));
    expect(told(turned)).toBe('changed r');
    const added = diffDefinitions(from, of(branch('r', { w: [step('d')], x: [step('a'), step('b')], y: [step('c')] })));
    expect(told(added)).toBe('changed r, added d');
  });

  it('tells steps of branches without names by the places of these', () => {
    const loop = (...steps: Json[]): JsonObject => ({ id: 'l', type: 'parallel', branches: [{ steps: [step('a')] }, { steps }] });
    expect(told(diffDefinitions(of(loop(step('b'))), of(loop(step('c'), step('b')))))).toBe('added c');
  });

  it('takes what looks like steps in arguments for values', () => {
    const nested = (title: string) => of(step('a', { with: { items: [{ id: 'x', type: 'line', title }] } }));
    expect(diffDefinitions(nested('one'), nested('two')).steps).toMatchObject([{ id: 'a', values: [{ path: 'with.items[0].title' }] }]);
  });

  it('keeps several steps with one id apart, as drafts may have them', () => {
    expect(told(diffDefinitions(of(step('a'), step('a')), of(step('a'), step('a', { name: 'Twin' }), step('a'))))).toBe(
      'changed a, added a',
    );
  });

  it('is told soon of drafts that are made to take long: deep lists, and thousands of steps with one id', () => {
    const deep = (inside: Json): JsonObject => ({ trigger: Array.from({ length: 60 }).reduce<Json>((list) => [list], inside) });
    expect(diffDefinitions(deep(1), deep(2)).values).toMatchObject([{ from: 1, to: 2 }]);
    const twins = of(...Array.from({ length: 5_000 }, () => ({ id: 'a', type: 'x' })));
    expect(diffDefinitions(twins, of()).steps).toHaveLength(5_000);
  });

  it('compares drafts that are no definitions by their values', () => {
    expect(diffDefinitions({ steps: 'soon' }, { steps: [step('a'), 5] })).toMatchObject({
      values: [{ path: 'steps', change: 'changed', from: 'soon' }],
      steps: [],
    });
  });
});

describe('of any two definitions, the difference', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  /** Trees of steps with different ids, some of them with branches. */
  const definition = fc
    .tuple(
      fc.shuffledSubarray(ids),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }),
      fc.array(fc.constantFrom('one', 'two'), { minLength: 8, maxLength: 8 }),
      fc.option(fc.dictionary(fc.constantFrom('reentry', 'x'), fc.jsonValue({ maxDepth: 2 })), { nil: undefined }),
    )
    .map(([chosen, inside, titles, settings]) => {
      const root: Json[] = [];
      const lists: Json[][] = [root];
      for (const [index, id] of chosen.entries()) {
        const list = lists[(inside[index] ?? 0) % lists.length] ?? root;
        const [yes, no]: Json[][] = [[], []];
        const isBranch = (inside[index] ?? 0) > 1;
        list.push(isBranch ? branch(id, { yes: yes as Json[] }, no) : step(id, { with: { title: titles[index] ?? '' } }));
        if (isBranch) lists.push(yes as Json[], no as Json[]);
      }
      return { ...of(...root), ...(settings !== undefined && { settings: settings as JsonObject }) } as JsonObject;
    });
  const idsOf = (json: Json | undefined): string[] =>
    Array.isArray(json)
      ? json.flatMap(idsOf)
      : typeof json === 'object' && json !== null
        ? [...(typeof json.id === 'string' ? [json.id] : []), ...Object.values(json).flatMap(idsOf)]
        : [];
  const sorted = (json: Json | undefined): Json | undefined =>
    Array.isArray(json)
      ? json.map((item) => sorted(item) ?? null)
      : typeof json === 'object' && json !== null
        ? Object.fromEntries(
            Object.keys(json)
              .sort()
              .map((name) => [name, sorted(json[name])]),
          )
        : json;
  const idsWith = (diff: DefinitionDiff, change: string): string[] =>
    diff.steps
      .filter(({ changes }) => changes.some((one) => one === change))
      .map(({ id }) => id)
      .sort();

  it('is none if and only if they are the same', () => {
    fc.assert(
      fc.property(definition, definition, (from, to) => {
        expect(diffDefinitions(from, from).isSame).toBe(true);
        expect(diffDefinitions(from, to).isSame).toBe(JSON.stringify(sorted(from)) === JSON.stringify(sorted(to)));
      }),
    );
  });

  it('names each step once: those of one alone as added or removed, others only as moved or changed', () => {
    fc.assert(
      fc.property(definition, definition, (from, to) => {
        const diff = diffDefinitions(from, to);
        const [before, after] = [new Set(idsOf(from.steps)), new Set(idsOf(to.steps))];
        expect(new Set(diff.steps.map(({ id }) => id)).size).toBe(diff.steps.length);
        expect(idsWith(diff, 'added')).toEqual([...after].filter((id) => !before.has(id)).sort());
        expect(idsWith(diff, 'removed')).toEqual([...before].filter((id) => !after.has(id)).sort());
        for (const { changes, values } of diff.steps) expect(values.length > 0).toBe(changes.includes('changed'));
      }),
    );
  });

  it('is the other way round when they are exchanged', () => {
    fc.assert(
      fc.property(definition, definition, (from, to) => {
        const [there, back] = [diffDefinitions(from, to), diffDefinitions(to, from)];
        const turned = { added: 'removed', removed: 'added', changed: 'changed' } as const;
        const text = (values: DefinitionDiff['values']): string[] => values.map((one) => JSON.stringify(one)).sort();
        expect(text(back.values)).toEqual(
          text(there.values.map((one) => ({ path: one.path, change: turned[one.change], from: one.to, to: one.from }))),
        );
        expect(idsWith(back, 'added')).toEqual(idsWith(there, 'removed'));
        expect(idsWith(back, 'changed')).toEqual(idsWith(there, 'changed'));
        expect(idsWith(back, 'moved')).toHaveLength(idsWith(there, 'moved').length);
      }),
    );
  });

  it('names one step as moved when one step was moved', () => {
    const places = fc.tuple(fc.shuffledSubarray(ids, { minLength: 2 }), fc.nat(), fc.nat());
    fc.assert(
      fc.property(places, ([order, from, to]) => {
        const rest = order.filter((_, index) => index !== from % order.length);
        const target = [...rest.slice(0, to % order.length), order[from % order.length] as string, ...rest.slice(to % order.length)];
        const diff = diffDefinitions(of(...order.map((id) => step(id))), of(...target.map((id) => step(id))));
        const isSame = order.join() === target.join();
        expect(diff.steps.map(({ changes }) => changes)).toEqual(isSame ? [] : [['moved']]);
      }),
    );
  });

  it('is told of whatever is JSON', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })) as fc.Arbitrary<JsonObject>;
    fc.assert(
      fc.property(object, object, (from, to) => {
        expect(diffDefinitions(from, to).isSame).toBe(JSON.stringify(sorted(from)) === JSON.stringify(sorted(to)));
      }),
    );
  });

  it('cuts paths that are long, so that a long name is not told with each thing inside it', () => {
    const name = 'x'.repeat(60_000);
    const many = Array.from({ length: 3_000 }, (_, index) => step(`s${index}`));
    const shown = `${name.slice(0, 500)}…`;
    const added = diffDefinitions({}, { [name]: many });
    expect(added.steps).toHaveLength(3_000);
    expect(added.steps[2_999]).toMatchObject({ id: 's2999', to: shown });
    const values = (value: number): JsonObject => ({ [name]: Object.fromEntries(many.map((_, index) => [`m${index}`, value])) });
    const changed = diffDefinitions(values(1), values(2));
    expect(changed.values).toHaveLength(3_000);
    expect(changed.values[0]).toEqual({ path: shown, change: 'changed', from: 1, to: 2 });
    expect(JSON.stringify([added, changed]).length).toBeLessThan(6_000_000);
  });

  it('tells steps apart that lie in places with long names which differ at their ends alone', () => {
    const name = 'x'.repeat(1_000);
    const from = { [`${name}a`]: [step('one')], [`${name}b`]: [step('two')] };
    const to = { [`${name}a`]: [step('two')], [`${name}b`]: [step('one')] };
    expect(told(diffDefinitions(from, to))).toBe('moved two, moved one');
    expect(told(diffDefinitions(from, from))).toBe('');
  });
});
