import { describe, expect, it } from '@jest/globals';
import { builtInActions } from '../../../src/actions/index.js';
import { ActionRegistry } from '../../../src/actions/registry.js';
import type { Catalog, ModuleDescription } from '../../../src/core/catalog.js';
import type { NeighbouringWorkflow } from '../../../src/core/definition/influence.js';
import { parseDefinition } from '../../../src/core/definition/parser.js';
import { publishWarnings } from '../../../src/core/definition/publish-warnings.js';
import { unreachableParts } from '../../../src/core/definition/unreachable.js';

const module = (name: string, more: Partial<ModuleDescription> = {}): ModuleDescription => ({
  name,
  singular: name.slice(0, -1),
  label: name,
  fields: [],
  relations: [],
  events: [
    { name: 'created', label: 'Created', rule: { on: 'created' } },
    { name: 'updated', label: 'Updated', rule: { on: 'updated' } },
    { name: 'stage_changed', label: 'Stage', rule: { on: 'changed', field: 'stage' } },
    { name: 'won', label: 'Won', rule: { on: 'changed', field: 'stage', to: ['Won'] } },
    { name: 'converted', label: 'Converted', rule: { on: 'custom' } },
  ],
  stageField: 'stage',
  ownerField: 'ownerId',
  ...more,
});
const actions = new Map(new ActionRegistry(builtInActions).describe().map((action) => [action.type, action]));
const catalog: Catalog = {
  modules: new Map([module('leads'), module('tasks')].map((one) => [one.name, one])),
  actions,
  taskModule: 'tasks',
};

function workflow(name: string, definition: object): NeighbouringWorkflow {
  const parsed = parseDefinition(definition, null);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { id: `id-${name}`, code: name.toLowerCase(), name, definition: parsed.definition };
}

const on = (event: string, more: object = {}) => ({ trigger: { type: 'event', module: 'leads', event, ...more } });
const change = (field: string, value: unknown, id = 'set') => ({ id, type: 'change_field', with: { field, value } });
const add = { id: 'add', type: 'change_field', with: { field: 'touches', increment: 1 } };
const warnings = (one: NeighbouringWorkflow, others: NeighbouringWorkflow[] = []) => publishWarnings(one, [...others, one], catalog);
const loops = (one: NeighbouringWorkflow, others: NeighbouringWorkflow[] = []) =>
  warnings(one, others).filter(({ code }) => code === 'loop');

describe('a warning of a deadlock', () => {
  const calling = (name: string, target: string, settings: object, wait = true) =>
    workflow(name, { trigger: { type: 'manual' }, settings, steps: [{ id: 'call', type: 'run_workflow', workflow: target, wait }] });
  const deadlocks = (one: NeighbouringWorkflow, ...others: NeighbouringWorkflow[]) =>
    warnings(one, others).filter(({ code }) => code === 'deadlock');
  const limited = { maxConcurrentRuns: 1 };

  it('is told where workflows run each other, wait for it, and two of them let their runs wait for a turn', () => {
    const b = calling('B', 'c', {});
    expect(deadlocks(calling('A', 'b', limited), b, calling('C', 'a', { order: 'per_record' }))).toEqual([
      {
        path: 'steps[0]',
        code: 'deadlock',
        message: expect.stringContaining('"A" → "B" → "C" → "A", step "call" of "A" starts "B"'),
        hint: expect.stringContaining('`deadlock`'),
        workflows: ['A', 'B', 'C'].map((name) => ({ id: `id-${name}`, name, step: 'call', field: null })),
      },
    ]);
  });

  it('is none where one has no limit, or does not wait, or is not run again', () => {
    const a = calling('A', 'b', limited);
    expect(deadlocks(a, calling('B', 'a', {}))).toEqual([]);
    expect(deadlocks(a, calling('B', 'a', limited, false))).toEqual([]);
    expect(deadlocks(a, calling('B', 'c', limited))).toEqual([]);
  });
});

describe('a warning of a loop', () => {
  it('names the way, its steps and fields, and what comes of it', () => {
    const a = workflow('A', { ...on('updated', { fields: ['touches'] }), steps: [change('source', '{{record.name}}')] });
    const b = workflow('B', { ...on('updated', { fields: ['source'] }), steps: [add] });
    expect(loops(a, [b])).toEqual([
      {
        path: 'steps[0]',
        code: 'loop',
        message:
          'It starts itself again: "A" → "B" → "A", step "set" of "A" changes leads.source for "B", step "add" of "B" changes leads.touches for "A".',
        hint: expect.stringContaining('`loop`'),
        workflows: [
          { id: 'id-A', name: 'A', step: 'set', field: 'leads.source' },
          { id: 'id-B', name: 'B', step: 'add', field: 'leads.touches' },
        ],
      },
    ]);
  });

  it('is told with care where a condition, a branch or a stage may keep it from happening', () => {
    const steps = [add];
    const maybe = (definition: object) => loops(workflow('A', definition)).map(({ message }) => message.split(':')[0]);
    expect(maybe({ ...on('updated'), steps })).toEqual(['It starts itself again']);
    expect(maybe({ ...on('updated'), conditions: { field: 'touches', operator: 'less_than', value: 3 }, steps })).toEqual([
      'It may start itself again',
    ]);
    const branch = { id: 'route', type: 'branch', branches: [{ name: 'a', when: { field: 'x', operator: 'is_empty' }, steps }] };
    expect(maybe({ ...on('updated'), steps: [branch] })).toEqual(['It may start itself again']);
    const next = { id: 'next', type: 'move_stage', with: { next: true } };
    expect(maybe({ ...on('stage_changed', { to: ['Won'] }), steps: [next] })).toEqual(['It may start itself again']);
    expect(maybe({ ...on('stage_changed', { from: ['New'] }), steps: [next] })).toEqual(['It may start itself again']);
    expect(maybe({ ...on('won'), steps: [next] })).toEqual(['It starts itself again']);
    expect(maybe({ ...on('updated'), steps: [change('{{trigger.field}}', 1)] })).toEqual(['It may start itself again']);
  });

  it('is told of two that write each other’s stage to and fro', () => {
    const to = (stage: string) => [{ id: 'move', type: 'move_stage', with: { stage } }];
    const a = workflow('A', { ...on('stage_changed', { to: ['Won'] }), steps: to('Lost') });
    const b = workflow('B', { ...on('stage_changed', { to: ['lost'] }), steps: to('Won') });
    expect(loops(a, [b]).map(({ workflows }) => workflows.map(({ name }) => name))).toEqual([['A', 'B']]);
    expect(loops(a, [])).toEqual([]);
  });

  it('is not told where the same value is written again: nothing changes any more', () => {
    expect(loops(workflow('A', { ...on('updated'), steps: [change('source', 'Web')] }))).toEqual([]);
    const other = workflow('B', { ...on('updated', { fields: ['source'] }), steps: [change('source', 'Phone'), add] });
    expect(loops(workflow('A', { ...on('updated'), steps: [change('source', 'Web')] }), [other])).toHaveLength(1);
    expect(loops(workflow('A', { ...on('updated'), steps: [change('source', 'Web'), change('{{trigger.f}}', 1, 'any')] }))).toHaveLength(2);
  });

  it('is not told where the event does not come of the write, or its conditions refuse what is written', () => {
    const to = (stage: string) => [{ id: 'move', type: 'move_stage', with: { stage } }];
    expect(loops(workflow('A', { ...on('created'), steps: [add] }))).toEqual([]);
    expect(loops(workflow('A', { ...on('converted'), steps: [add] }))).toEqual([]);
    expect(loops(workflow('A', { ...on('nope'), steps: [add] }))).toEqual([]);
    expect(loops(workflow('A', { ...on('stage_changed'), steps: [add] }))).toEqual([]);
    expect(loops(workflow('A', { ...on('updated', { fields: ['source'] }), steps: [add] }))).toEqual([]);
    expect(loops(workflow('A', { trigger: { type: 'manual' }, steps: [add] }))).toEqual([]);
    const fro = workflow('B', { ...on('won'), steps: to('New') });
    expect(loops(workflow('A', { ...on('stage_changed', { to: ['New'] }), steps: to('Contacted') }), [fro])).toEqual([]);
    const kept = (conditions: object) => {
      const a = workflow('A', { ...on('stage_changed'), conditions, steps: [{ id: 'next', type: 'move_stage', with: { next: true } }] });
      const b = workflow('B', { ...on('stage_changed'), conditions, steps: to('Won') });
      return loops(b, [a]).length;
    };
    expect(kept({ field: 'stage', operator: 'equals', value: 'New' })).toBe(0);
    expect(kept({ all: [{ field: 'record.stage', operator: 'is_any_of', value: ['New', 'Lost'] }] })).toBe(0);
    expect(kept({ any: [{ field: 'stage', operator: 'equals', value: 'New' }] })).toBeGreaterThan(0);
    expect(kept({ field: 'stage', operator: 'equals', value: '{{previous.stage}}' })).toBeGreaterThan(0);
    expect(kept({ field: 'stage', operator: 'equals', value: 'won' })).toBeGreaterThan(0);
    expect(kept({ field: 'stage', operator: 'is_not_empty' })).toBeGreaterThan(0);
  });

  it('knows members of a field, records that are created, and workflows that are started outright', () => {
    const city = workflow('A', { ...on('updated', { fields: ['address.city'] }), steps: [change('address', '{{trigger.x}}')] });
    expect(loops(city)).toHaveLength(1);
    const whole = workflow('A', { ...on('updated', { fields: ['address'] }), steps: [change('address.city', '{{trigger.x}}')] });
    expect(loops(whole)).toHaveLength(1);
    const task = { id: 'task', type: 'create_task', with: { title: 'x' } };
    const tasks = workflow('Tasks', { trigger: { type: 'event', module: 'tasks', event: 'created' }, steps: [task] });
    expect(loops(tasks).map(({ message }) => message)).toEqual([expect.stringContaining('creates one of tasks for "Tasks"')]);
    expect(loops(workflow('T', { trigger: { type: 'event', module: 'tasks', event: 'updated' }, steps: [task] }))).toEqual([]);
    const calls = (target: string) => [{ id: 'call', type: 'run_workflow', workflow: target }];
    const a = workflow('A', { trigger: { type: 'manual' }, steps: calls('b') });
    const b = workflow('B', { trigger: { type: 'manual' }, steps: calls('id-A') });
    expect(loops(a, [b]).map(({ message }) => message)).toEqual([expect.stringContaining('step "call" of "A" starts "B"')]);
    expect(loops(a, [workflow('B', { trigger: { type: 'manual' }, steps: calls('nobody') })])).toEqual([]);
    const any = workflow('Any', { ...on('updated'), steps: [change('{{trigger.f}}', '{{trigger.x}}')] });
    expect(loops(any)[0]?.message).toContain('changes a field of leads');
  });

  it('takes the shortest way, and tells ten at the most', () => {
    const far = workflow('Far', { ...on('updated', { fields: ['b'] }), steps: [change('a', '{{trigger.x}}')] });
    const near = workflow('Near', {
      ...on('updated', { fields: ['b'] }),
      steps: [change('c', '{{trigger.x}}', 'c'), change('start', '{{trigger.x}}', 's')],
    });
    const other = workflow('Other', { ...on('updated', { fields: ['a', 'c'] }), steps: [change('start', '{{trigger.x}}')] });
    const a = workflow('A', { ...on('updated', { fields: ['start'] }), steps: [change('b', '{{trigger.x}}')] });
    expect(loops(a, [far, near, other]).map(({ workflows }) => workflows.map(({ name }) => name))).toEqual([
      ['A', 'Far', 'Other'],
      ['A', 'Near'],
    ]);
    const many = Array.from({ length: 12 }, (_, index) => ({ ...add, id: `add${index}` }));
    expect(loops(workflow('A', { ...on('updated'), steps: many }))).toHaveLength(10);
  });
});

describe('a warning of a field that others write', () => {
  const writing = (name: string, value: unknown) => workflow(name, { ...on('created'), steps: [change('source', value)] });
  const shared = (one: NeighbouringWorkflow, others: NeighbouringWorkflow[]) =>
    warnings(one, others).filter(({ code }) => code === 'field_shared');

  it('names them and their steps, once for each field', () => {
    const mine = workflow('A', { ...on('created'), steps: [change('source', 'Web'), change('source', 'Fair', 'again')] });
    expect(shared(mine, [writing('B', 'Phone'), writing('C', '{{record.x}}')])).toEqual([
      {
        path: 'steps[0]',
        code: 'field_shared',
        message: 'leads.source is written by "B", "C", too: where both run on a record, the one that comes last wins.',
        hint: expect.any(String),
        workflows: [
          { id: 'id-B', name: 'B', step: 'set', field: 'leads.source' },
          { id: 'id-C', name: 'C', step: 'set', field: 'leads.source' },
        ],
      },
    ]);
    const names = ['B', 'C', 'D', 'E', 'F'].map((name) => writing(name, name));
    expect(shared(mine, names)[0]?.message).toContain('"B", "C", "D" and 2 more');
  });

  it('is not given where they write the same value, another field, or nothing that is known', () => {
    const task = { id: 'task', type: 'create_task', with: { title: 'x' } };
    expect(shared(writing('A', 'Web'), [writing('B', 'Web')])).toEqual([]);
    expect(shared(writing('A', 'Web'), [workflow('B', { ...on('created'), steps: [add, task] })])).toEqual([]);
    expect(shared(workflow('A', { ...on('created'), steps: [task] }), [workflow('B', { ...on('created'), steps: [task] })])).toEqual([]);
  });
});

describe('a warning of what no run comes to', () => {
  const equals = (field: string, value: unknown, more: object = {}) => ({ field, operator: 'equals', value, ...more });
  const test = (operator: string, value: unknown) => ({ field: 'amount', operator, value });
  const branchesOf = (whens: object[], otherwise?: object[]) => {
    const branches = whens.map((when, index) => ({ name: `b${index}`, when, steps: [] }));
    const steps = [{ id: 'route', type: 'branch', branches, ...(otherwise && { otherwise }) }];
    return unreachableParts(workflow('A', { ...on('created'), steps }).definition.steps).map(({ path }) => path.replace('steps[0].', ''));
  };

  it('is given of steps behind a stop, inside of others too', () => {
    const stop = { id: 'end', type: 'stop' };
    const definition = {
      ...on('created'),
      steps: [
        {
          id: 'p',
          type: 'parallel',
          join: 'all',
          branches: [
            { name: 'a', steps: [stop, add] },
            { name: 'b', steps: [{ ...add, id: 'other' }] },
          ],
        },
      ],
    };
    expect(warnings(workflow('A', definition))).toEqual([
      {
        path: 'steps[0].branches[0].steps[1]',
        code: 'unreachable',
        message: 'No run ever comes here. Step "end" ends the run before it.',
        workflows: [],
      },
    ]);
    expect(warnings(workflow('A', { ...on('created'), steps: [add, { ...stop }] }))).toEqual([]);
  });

  it.each<[string, object[], string[]]>([
    ['the same again', [equals('a', 1), equals('a', 1)], ['branches[1]']],
    ['a larger amount behind a smaller one', [test('greater_than', 100), test('greater_than', 1000)], ['branches[1]']],
    ['the other way round it is fine', [test('greater_than', 1000), test('greater_than', 100)], []],
    ['a limit that is in the range before', [test('greater_than_or_equal', 5), test('greater_than', 5)], ['branches[1]']],
    ['a limit that is not', [test('greater_than', 5), test('greater_than_or_equal', 5)], []],
    ['the same limit, written twice', [test('less_than', 5), { all: [test('less_than', 5), equals('a', 1)] }], ['branches[1]']],
    ['less than less', [test('less_than_or_equal', 5), test('less_than', 3)], ['branches[1]']],
    ['two directions', [test('less_than', 5), test('greater_than', 3)], []],
    ['a number against an expression', [test('less_than', 5), test('less_than', '{{record.x}}')], []],
    ['one of several', [{ field: 'a', operator: 'is_any_of', value: ['x', 'y'] }, equals('a', 'X')], ['branches[1]']],
    ['not one of them', [{ field: 'a', operator: 'is_any_of', value: ['x', 'y'] }, equals('a', 'z')], []],
    ['letters that count', [equals('a', 'x', { caseSensitive: true }), equals('a', 'X')], []],
    ['another field', [equals('a', 'x'), equals('b', 'x')], []],
    [
      'more than one test wanted',
      [{ all: [equals('a', 1), equals('b', 1)] }, { all: [equals('b', 1), equals('a', 1), equals('c', 1)] }],
      ['branches[1]'],
    ],
    ['a group inside of what is wanted', [{ all: [{ any: [equals('a', 1)] }] }, equals('a', 1)], []],
    ['any before', [{ any: [equals('a', 1)] }, equals('a', 1)], []],
    ['behind what always holds', [{ all: [] }, equals('a', 1)], ['branches[1]']],
    ['what always holds in other words', [{ none: [{ any: [] }] }, { any: [{ all: [] }] }], ['branches[1]']],
    ['any of nothing', [{ any: [] }], ['branches[0]']],
    ['none of what always holds', [{ none: [{ all: [] }] }], ['branches[0]']],
    ['two values at once', [{ all: [equals('a', 1), equals('a', 2)] }], ['branches[0]']],
    ['two that may be one', [{ all: [equals('a', 1), { field: 'a', operator: 'is_any_of', value: [1, 2] }] }], []],
    ['one that cannot hold inside of all', [{ all: [{ any: [] }, equals('a', 1)] }], ['branches[0]']],
    ['tests inside of any are not taken together', [{ all: [equals('a', 1), { any: [equals('a', 2)] }] }], []],
  ])('of branches: %s', (_what, whens, expected) => {
    expect(branchesOf(whens)).toEqual(expected);
  });

  it('is given of `otherwise` behind a branch that always holds', () => {
    expect(branchesOf([{ all: [] }], [add])).toEqual(['otherwise']);
    expect(branchesOf([equals('a', 1)], [add])).toEqual([]);
  });
});
