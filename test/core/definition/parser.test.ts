import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ActionDescription, Catalog, FieldType, ModuleDescription } from '../../../src/core/catalog.js';
import { MAX_PROBLEMS, type ParsedDefinition, parseDefinition, publishProblems } from '../../../src/core/definition/parser.js';
import { ProblemList } from '../../../src/core/definition/problem-list.js';
import { settingDefaults, withSettingDefaults } from '../../../src/core/definition/settings.js';
import type { WorkflowDefinition } from '../../../src/core/definition/types.js';
import type { Json, JsonObject } from '../../../src/core/json.js';

const DAY_MS = 86_400_000;

function field(name: string, type: FieldType): ModuleDescription['fields'][number] {
  return { name, label: name, type, nullable: true, writable: true };
}

const LEADS: ModuleDescription = {
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  fields: [
    field('email', 'text'),
    field('amount', 'money'),
    field('stage', 'text'),
    field('renewsOn', 'date'),
    field('seenAt', 'datetime'),
    field('item', 'json'),
  ],
  relations: [{ name: 'account', module: 'accounts' }],
  events: [
    { name: 'created', label: 'Created', rule: { on: 'created' } },
    { name: 'updated', label: 'Updated', rule: { on: 'updated' } },
    { name: 'stage_changed', label: 'Stage changed', rule: { on: 'changed', field: 'stage' } },
  ],
  stageField: 'stage',
};

function described(type: string, check: ActionDescription['check']): ActionDescription {
  return { type, label: type, effect: 'external', argumentsSchema: {}, check };
}

const CATALOG: Catalog = {
  modules: new Map([['leads', LEADS]]),
  actions: new Map([
    ['note', described('note', () => [])],
    [
      'mail',
      described('mail', (args, { module }) => [
        ...(args.to === undefined ? [{ path: 'to', message: `"to" is missing for ${module?.name}.` }] : []),
        ...(args.cc === undefined ? [] : [{ path: '[0]', message: 'No list.' }]),
        ...(args.bcc === undefined ? [] : [{ path: '', message: 'Not at all.' }]),
      ]),
    ],
    ['lookup', { ...described('lookup', () => []), output: { id: 'text', owner: { name: 'text' }, tags: 'list', raw: 'json' } }],
    [
      'faulty',
      described('faulty', () => {
        throw new Error('Oh no.');
      }),
    ],
    [
      'rude',
      described('rude', () => {
        throw 'a text';
      }),
    ],
  ]),
};

const TRIGGER = { type: 'event', module: 'leads', event: 'created' };
const TEST = { field: 'amount', operator: 'greater_than', value: 5 };

function withSteps(steps: Json, more: JsonObject = {}): JsonObject {
  return { trigger: TRIGGER, steps, ...more };
}

/** The problems in short, or `ok`. */
function told(result: ParsedDefinition): string[] | 'ok' {
  return result.ok ? 'ok' : result.problems.map((problem) => `${problem.path}: ${problem.message}`);
}

function parsed(json: unknown, catalog: Catalog | null = CATALOG): WorkflowDefinition {
  const result = parseDefinition(json, catalog);
  if (!result.ok) throw new Error(told(result).toString());
  return result.definition;
}

/** A step of each kind, with no more than it needs; `x` is its id. */
const MINIMAL = {
  note: { id: 'x', type: 'note' },
  branch: { id: 'x', type: 'branch', branches: [{ name: 'big', when: TEST, steps: [] }] },
  parallel: { id: 'x', type: 'parallel', branches: [{ name: 'left', steps: [{ id: 'y', type: 'note' }] }] },
  for_each: { id: 'x', type: 'for_each', in: '{{trigger.list}}', steps: [{ id: 'y', type: 'note' }] },
  delay: { id: 'x', type: 'delay', for: 'PT1H' },
  approval: { id: 'x', type: 'approval', assignees: ['u-1'], message: 'Well?' },
  form: { id: 'x', type: 'form', queue: 'sales', fields: [{ name: 'size', type: 'number' }] },
  wait_for_webhook: { id: 'x', type: 'wait_for_webhook' },
  run_workflow: { id: 'x', type: 'run_workflow', workflow: 'other' },
  stop: { id: 'x', type: 'stop' },
} satisfies Record<string, JsonObject>;

describe('a well-formed definition', () => {
  it('is read with its defaults filled in', () => {
    expect(parsed(withSteps([]))).toStrictEqual({
      trigger: TRIGGER,
      steps: [],
      settings: { reentry: 'always', countFailedRuns: false, maxConcurrentRuns: 0, order: 'any', maxDuration: 'P30D' },
    });
  });

  it.each([
    ['note', { kind: 'action', type: 'note', with: {}, onAmbiguous: 'retry' }],
    ['branch', { kind: 'branch', branches: [{ name: 'big', when: TEST, steps: [] }] }],
    ['parallel', { kind: 'parallel', branches: [{ name: 'left', steps: [expect.objectContaining({ id: 'y' })] }], join: 'all' }],
    [
      'for_each',
      { kind: 'for_each', in: '{{trigger.list}}', maxItems: 100, concurrency: 1, steps: [expect.objectContaining({ id: 'y' })] },
    ],
    ['delay', { kind: 'delay', for: 'PT1H' }],
    ['approval', { kind: 'approval', assignees: ['u-1'], message: 'Well?', onExpiry: 'fail', onReject: 'stop' }],
    ['form', { kind: 'form', queue: 'sales', fields: [{ name: 'size', type: 'number', required: false }], onExpiry: 'fail' }],
    ['wait_for_webhook', { kind: 'wait_for_webhook', onExpiry: 'fail' }],
    ['run_workflow', { kind: 'run_workflow', workflow: 'other', wait: false }],
    ['stop', { kind: 'stop', outcome: 'succeeded' }],
  ] as const)('may have a step of type %s with no more than it needs', (type, step) => {
    expect(parsed(withSteps([MINIMAL[type]])).steps).toStrictEqual([{ id: 'x', onError: 'stop', ...step }]);
  });

  it.each<[string, JsonObject]>([
    [
      'note',
      {
        name: 'Note',
        onError: 'continue',
        with: { text: '{{record.email}}', n: [1, null] },
        timeout: 'PT30S',
        retry: { maxAttempts: 5, initialInterval: 'PT1S', multiplier: 1.5, maxInterval: 'PT1M' },
      },
    ],
    ['note', { onAmbiguous: 'hold', retry: {} }],
    ['branch', { otherwise: [] }],
    ['parallel', { join: 'any' }],
    ['for_each', { maxItems: 10_000, concurrency: 20 }],
    [
      'approval',
      {
        assignees: ['{{record.email}}', 'u-2'],
        message: 'About {{record.email}}?',
        expiresIn: 'P2D',
        onExpiry: 'approve',
        onReject: 'continue',
      },
    ],
    [
      'form',
      {
        assignees: ['u-1'],
        expiresIn: 'P1D',
        onExpiry: 'stop',
        fields: [{ name: 'fit', label: 'Does it fit?', type: 'choice', required: true, options: ['yes', 'no'] }],
      },
    ],
    ['wait_for_webhook', { expiresIn: 'PT1H', onExpiry: 'continue' }],
    ['run_workflow', { input: { lead: '{{record.email}}' }, wait: true }],
    ['stop', { outcome: 'failed', message: 'No {{record.email}}.' }],
  ])('keeps all that a step of type %s says', (type, more) => {
    expect(parsed(withSteps([{ ...MINIMAL[type as keyof typeof MINIMAL], ...more }])).steps[0]).toMatchObject(more);
  });

  it.each([
    { for: undefined, until: '2030-01-31T09:00:00Z' },
    { for: undefined, until: '2030-01-31T09:00+02:00' },
    { for: undefined, until: '2030-01-31T09:00' },
    { for: undefined, until: '2030-01-31' },
    { for: undefined, until: '{{record.seenAt}}' },
    { for: undefined, untilField: 'renewsOn' },
    { for: undefined, untilField: 'seenAt', offset: '-P3D' },
    { for: undefined, untilField: 'seenAt', businessHours: true },
  ])('may have a delay until a moment: %j', (more) => {
    const { for: _for, ...wanted } = more;
    expect(parsed(withSteps([{ ...MINIMAL.delay, ...more }])).steps[0]).toStrictEqual({
      id: 'x',
      onError: 'stop',
      kind: 'delay',
      ...wanted,
    });
  });

  it('keeps conditions and settings', () => {
    const settings = { reentry: 'once_per_record', countFailedRuns: true, maxConcurrentRuns: 3, order: 'per_record', maxDuration: 'PT1H' };
    expect(parsed(withSteps([], { conditions: TEST, settings }))).toMatchObject({ conditions: TEST, settings });
    const period = { oncePer: 'P7D' };
    expect(parsed(withSteps([], { settings: { reentry: period } })).settings.reentry).toStrictEqual(period);
  });

  it('has the stages of its trigger as lists, however they are written', () => {
    const trigger = { type: 'event', module: 'leads', event: 'stage_changed', from: 'New', to: ['Won', 'Lost'] };
    expect(parsed({ trigger, steps: [] }).trigger).toStrictEqual({ ...trigger, from: ['New'] });
  });

  it('is read without a catalogue by its structure alone', () => {
    const json = {
      trigger: { type: 'event', module: 'moons', event: 'risen' },
      conditions: { field: 'phase', operator: 'equals', value: 'full' },
      steps: [
        { id: 'a', type: 'howl', with: {} },
        { id: 'b', type: 'delay', untilField: 'setsAt' },
      ],
    };
    expect(parsed(json, null).steps).toMatchObject([{ kind: 'action', type: 'howl' }, { kind: 'delay' }]);
  });

  it('has as many steps, as deep, as the limits allow', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ id: `s${index}`, type: 'note' }));
    expect(parsed(withSteps(many)).steps).toHaveLength(200);
    expect(told(parseDefinition(withSteps(nested(10)), CATALOG))).toBe('ok');
  });
});

/** Branches in branches; the innermost list of steps is on the given level. */
function nested(levels: number): Json[] {
  let steps: Json[] = [{ id: 'leaf', type: 'note' }];
  for (let level = levels - 1; level >= 1; level -= 1)
    steps = [{ id: `b${level}`, type: 'branch', branches: [{ name: 'in', when: { all: [] }, steps }] }];
  return steps;
}

/** Nested lists. */
function deep(levels: number): Json {
  let value: Json = 'x';
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe('the definition as a whole', () => {
  it.each<[string, unknown, string[]]>([
    ['nothing at all', undefined, [': A definition must be an object.']],
    ['null', null, [': A definition must be an object.']],
    ['a text', 'steps', [': A definition must be an object.']],
    ['a list', [], [': A definition must be an object.']],
    ['an empty object', {}, ['trigger: "trigger" is missing.', 'steps: "steps" is missing.']],
    ['steps that are no list', withSteps({}), ['steps: "steps" must be a list.']],
    ['too many steps in a list', withSteps(Array(201).fill(0)), ['steps: "steps" must have at most 200 entries.']],
    [
      'an unknown member',
      withSteps([], { stpes: [] }),
      ['stpes: This is not known here. Did you mean "steps"? Known are: trigger, conditions, steps, settings.'],
    ],
    ['a trigger that is none', { trigger: 5, steps: [] }, ['trigger: A trigger must be an object with a "type".']],
    [
      'an odd member',
      withSteps([], { 'a "b"': 1 }),
      ['["a \\"b\\""]: This is not known here. Known are: trigger, conditions, steps, settings.'],
    ],
  ])('cannot be %s', (_what, json, wanted) => {
    expect(told(parseDefinition(json, CATALOG))).toEqual(wanted);
  });

  it('has the problems of its trigger and its conditions with their paths', () => {
    const json = { trigger: { ...TRIGGER, module: 'moons' }, conditions: { all: [{ field: 'amount', operator: 'is_big' }] }, steps: [] };
    expect(told(parseDefinition(json, CATALOG))).toEqual([
      expect.stringMatching(/^trigger\.module: .*moons/),
      'conditions.all[0].operator: There is no operator "is_big".',
    ]);
  });

  it.each<[JsonObject | Json, string[]]>([
    [5, ['settings: The settings must be an object.']],
    [
      { speed: 1 },
      [
        'settings.speed: This is not known here. Known are: reentry, countFailedRuns, maxConcurrentRuns, order, maxDuration, onSuccess, onFailure.',
      ],
    ],
    [
      { reentry: 'never' },
      ['settings.reentry: "reentry" must be one of: always, not_while_active, once_per_record, or { "oncePer": <duration> }.'],
    ],
    [
      { reentry: null },
      ['settings.reentry: "reentry" must be one of: always, not_while_active, once_per_record, or { "oncePer": <duration> }.'],
    ],
    [{ reentry: {} }, ['settings.reentry.oncePer: "oncePer" is missing.']],
    [{ reentry: { oncePer: 'week' } }, ['settings.reentry.oncePer: "oncePer" must be an ISO 8601 duration, such as PT15M or P2D.']],
    [{ reentry: { oncePer: 'P1D', at: 1 } }, ['settings.reentry.at: This is not known here. Known are: oncePer.']],
    [{ maxConcurrentRuns: -1 }, ['settings.maxConcurrentRuns: "maxConcurrentRuns" must be a whole number from 0 to 1000.']],
    [{ maxConcurrentRuns: 1.5 }, ['settings.maxConcurrentRuns: "maxConcurrentRuns" must be a whole number from 0 to 1000.']],
    [{ maxConcurrentRuns: '1' }, ['settings.maxConcurrentRuns: "maxConcurrentRuns" must be a whole number from 0 to 1000.']],
    [{ countFailedRuns: 1 }, ['settings.countFailedRuns: "countFailedRuns" must be true or false.']],
    [{ order: 'random' }, ['settings.order: "order" must be one of: any, per_record.']],
    [{ maxDuration: 'P366D' }, ['settings.maxDuration: "maxDuration" must be at most P365D.']],
    [{ maxDuration: 'PT0S' }, ['settings.maxDuration: "maxDuration" must be longer than nothing.']],
    [{ maxDuration: '-PT0S' }, ['settings.maxDuration: "maxDuration" must be longer than nothing.']],
    [{ maxDuration: '-P1D' }, ['settings.maxDuration: "maxDuration" must not be negative.']],
    [{ maxDuration: '-P99999Y' }, ['settings.maxDuration: "maxDuration" must not be negative.']],
    [{ maxDuration: 'P99999Y' }, ['settings.maxDuration: "maxDuration" must be at most P365D.']],
    [{ maxDuration: `P${'9'.repeat(40)}D` }, ['settings.maxDuration: "maxDuration" must be at most P365D.']],
    [{ maxDuration: 'P1D1Y' }, ['settings.maxDuration: "maxDuration" must be an ISO 8601 duration, such as PT15M or P2D.']],
    [{ maxDuration: 60 }, ['settings.maxDuration: "maxDuration" must be an ISO 8601 duration, such as PT15M or P2D.']],
  ])('cannot have the settings %j', (settings, wanted) => {
    expect(told(parseDefinition(withSteps([], { settings }), CATALOG))).toEqual(wanted);
  });
});

describe('a step', () => {
  const ID = 'steps[0].id: This must be made of letters, digits, "_" and "-", starting with a letter.';
  const TYPE = 'steps[0].type: This must be the name of a step type or an action.';

  it.each<[string, Json, string[]]>([
    ['that is no object', 'note', ['steps[0]: A step must be an object.']],
    ['without anything', {}, ['steps[0].id: "id" is missing.', 'steps[0].type: "type" is missing.']],
    ['with an id that is no text', { id: 7, type: 'note' }, ['steps[0].id: This must be a text.']],
    ['with a blank id', { id: ' ', type: 'note' }, ['steps[0].id: This must not be empty.']],
    ['with a long id', { id: 'a'.repeat(65), type: 'note' }, ['steps[0].id: This must have at most 64 characters.']],
    ['with a dot in its id', { id: 'a.b', type: 'note' }, [ID]],
    ['with a bracket in its id', { id: 'a[0]', type: 'note' }, [ID]],
    ['with a line break behind its id', { id: 'a\n', type: 'note' }, [ID]],
    ['with an id that starts with a digit', { id: '1a', type: 'note' }, [ID]],
    ['with the id __proto__', { id: '__proto__', type: 'note' }, [ID]],
    ['with the id otherwise', { id: 'otherwise', type: 'note' }, ['steps[0].id: "otherwise" cannot be the id of a step.']],
    ['with the id constructor', { id: 'constructor', type: 'note' }, ['steps[0].id: "constructor" cannot be the id of a step.']],
    ['with a name that is no text', { id: 'a', type: 'note', name: [] }, ['steps[0].name: This must be a text.']],
    [
      'with an onError of its own',
      { id: 'a', type: 'note', onError: 'retry' },
      ['steps[0].onError: "onError" must be one of: stop, continue.'],
    ],
    ['with a type that is no text', { id: 'a', type: {} }, ['steps[0].type: This must be a text.']],
    ['with a type that is no name', { id: 'a', type: 'send email' }, [TYPE]],
    [
      'with a type that nobody knows',
      { id: 'a', type: 'fly' },
      ['steps[0].type: There is no step or action of type "fly". Actions are: note, mail, lookup, faulty, rude.'],
    ],
    [
      'with an unknown member',
      { id: 'a', type: 'note', wiht: {} },
      [expect.stringMatching(/^steps\[0\]\.wiht: This is not known here/) as unknown as string],
    ],
    [
      'with a member of parsed steps',
      { id: 'a', type: 'note', kind: 'action' },
      [expect.stringMatching(/^steps\[0\]\.kind: /) as unknown as string],
    ],
    ['with arguments that are no object', { id: 'a', type: 'note', with: [] }, ['steps[0].with: "with" must be an object.']],
    ['with wrong arguments', { id: 'a', type: 'mail', with: {} }, ['steps[0].with.to: "to" is missing for leads.']],
    ['with arguments that are wrong as a whole', { id: 'a', type: 'mail', with: { to: 1, bcc: 1 } }, ['steps[0].with: Not at all.']],
    ['with arguments whose problem has an index', { id: 'a', type: 'mail', with: { to: 1, cc: 1 } }, ['steps[0].with[0]: No list.']],
    ['whose check fails', { id: 'a', type: 'faulty' }, ['steps[0].with: The check of "faulty" itself failed: Oh no.']],
    ['whose check fails rudely', { id: 'a', type: 'rude' }, ['steps[0].with: The check of "rude" itself failed: a text']],
    [
      'with arguments nested too deep',
      { id: 'a', type: 'note', with: { list: deep(33) } },
      ['steps[0].with: This is nested deeper than 32 levels.'],
    ],
    [
      'with an onAmbiguous of its own',
      { id: 'a', type: 'note', onAmbiguous: 'ask' },
      ['steps[0].onAmbiguous: "onAmbiguous" must be one of: retry, hold.'],
    ],
    [
      'that asks a person and goes on without one',
      { id: 'a', type: 'note', onAmbiguous: 'hold', onError: 'continue' },
      ['steps[0].onAmbiguous: "hold" lets a person decide, and "onError": "continue" would go on without one: use one of the two.'],
    ],
    ['with a long timeout', { id: 'a', type: 'note', timeout: 'PT6M' }, ['steps[0].timeout: "timeout" must be at most PT5M.']],
  ])('%s is a problem', (_what, step, wanted) => {
    expect(told(parseDefinition(withSteps([step]), CATALOG))).toEqual(wanted);
  });

  it.each<[Json, string[]]>([
    [3, ['steps[0].retry: This must be an object.']],
    [{ times: 3 }, ['steps[0].retry.times: This is not known here. Known are: maxAttempts, initialInterval, multiplier, maxInterval.']],
    [{ maxAttempts: 0 }, ['steps[0].retry.maxAttempts: "maxAttempts" must be a whole number from 1 to 20.']],
    [{ maxAttempts: 21 }, ['steps[0].retry.maxAttempts: "maxAttempts" must be a whole number from 1 to 20.']],
    [{ maxAttempts: null }, ['steps[0].retry.maxAttempts: "maxAttempts" must be a whole number from 1 to 20.']],
    [{ multiplier: 0.5 }, ['steps[0].retry.multiplier: "multiplier" must be a number from 1 to 10.']],
    [{ initialInterval: 'P2D' }, ['steps[0].retry.initialInterval: "initialInterval" must be at most P1D.']],
    [{ maxInterval: 'P8D' }, ['steps[0].retry.maxInterval: "maxInterval" must be at most P7D.']],
    [
      { initialInterval: 'PT2M', maxInterval: 'PT1M' },
      ['steps[0].retry.maxInterval: "maxInterval" must not be shorter than "initialInterval".'],
    ],
  ])('cannot have the retry policy %j', (retry, wanted) => {
    expect(told(parseDefinition(withSteps([{ ...MINIMAL.note, retry }]), CATALOG))).toEqual(wanted);
  });

  it('cannot have an id that another has, wherever that is', () => {
    const steps = [MINIMAL.note, { ...MINIMAL.for_each, id: 'each', steps: [{ id: 'x', type: 'note' }] }];
    expect(told(parseDefinition(withSteps(steps), CATALOG))).toEqual(['steps[1].steps[0].id: The id "x" is that of steps[0] already.']);
  });

  it('is one of 200 at the most, all levels together', () => {
    const inner = Array.from({ length: 150 }, (_, index) => ({ id: `i${index}`, type: 'note' }));
    const outer = Array.from({ length: 100 }, (_, index) => ({
      id: `o${index}`,
      type: 'note',
      with: { text: '{{steps.unread.output.x}}' },
    }));
    const steps = [{ ...MINIMAL.for_each, steps: inner }, ...outer];
    expect(told(parseDefinition(withSteps(steps), CATALOG))).toEqual(['steps: A definition may have 200 steps at the most.']);
  });

  it('is nested ten levels deep at the most', () => {
    const path = `steps[0]${'.branches[0].steps[0]'.repeat(9)}.branches[0].steps`;
    expect(told(parseDefinition(withSteps(nested(11)), CATALOG))).toEqual([`${path}: Steps may be nested 10 levels deep at the most.`]);
  });
});

describe('flow control', () => {
  const NAME = 'steps[0].branches[0].name: This must be made of letters, digits, "_" and "-".';
  const branchWith = (more: JsonObject) => ({ branches: [{ name: 'big', when: TEST, steps: [], ...more }] });
  const sideWith = (more: JsonObject) => ({ branches: [{ name: 'left', steps: [{ id: 'y', type: 'note' }], ...more }] });

  it.each<[string, JsonObject, string[]]>([
    ['branch', { branches: undefined }, ['steps[0].branches: "branches" is missing.']],
    ['branch', { branches: {} }, ['steps[0].branches: "branches" must be a list.']],
    ['branch', { branches: [] }, ['steps[0].branches: "branches" must not be empty.']],
    ['branch', { branches: Array(51).fill({}) }, ['steps[0].branches: "branches" must have at most 50 entries.']],
    ['branch', { branches: [1] }, ['steps[0].branches[0]: This must be an object.']],
    ['branch', { branches: [{}] }, ['name', 'when', 'steps'].map((key) => `steps[0].branches[0].${key}: "${key}" is missing.`)],
    ['branch', branchWith({ if: 1 }), ['steps[0].branches[0].if: This is not known here. Known are: name, when, steps.']],
    ['branch', branchWith({ name: 'a.b' }), [NAME]],
    [
      'branch',
      branchWith({ name: 'otherwise' }),
      ['steps[0].branches[0].name: "otherwise" is taken for the steps that run when no branch holds.'],
    ],
    [
      'branch',
      { branches: [branchWith({}).branches[0], branchWith({}).branches[0]] as Json },
      ['steps[0].branches[1].name: Another branch of this step is called "big".'],
    ],
    [
      'branch',
      branchWith({ when: { ...TEST, operator: 'is_big' } }),
      ['steps[0].branches[0].when.operator: There is no operator "is_big".'],
    ],
    ['branch', branchWith({ steps: 'none' }), ['steps[0].branches[0].steps: "steps" must be a list.']],
    [
      'branch',
      branchWith({ steps: [{ id: 'y', type: 'fly' }] }),
      [expect.stringMatching(/^steps\[0\]\.branches\[0\]\.steps\[0\]\.type: /) as unknown as string],
    ],
    ['branch', { otherwise: {} }, ['steps[0].otherwise: "otherwise" must be a list.']],
    ['branch', { otherwise: [{ id: 'x', type: 'note' }] }, ['steps[0].otherwise[0].id: The id "x" is that of steps[0] already.']],
    [
      'branch',
      { join: 'all' },
      ['steps[0].join: This is not known here. Known are: id, name, onError, type, extract, extractToContext, branches, otherwise.'],
    ],
    ['parallel', { branches: [] }, ['steps[0].branches: "branches" must not be empty.']],
    ['parallel', sideWith({ steps: [] }), ['steps[0].branches[0].steps: "steps" must not be empty.']],
    ['parallel', sideWith({ when: TEST }), ['steps[0].branches[0].when: This is not known here. Known are: name, steps.']],
    [
      'parallel',
      sideWith({ name: 'otherwise' }),
      ['steps[0].branches[0].name: "otherwise" is taken for the steps that run when no branch holds.'],
    ],
    ['parallel', { join: 'first' }, ['steps[0].join: "join" must be one of: all, any.']],
    ['for_each', { in: undefined }, ['steps[0].in: "in" is missing.']],
    ['for_each', { in: 'trigger.list' }, ['steps[0].in: This must be one expression, such as {{steps.find.output.records}}.']],
    ['for_each', { in: '{{a}}{{b}}' }, ['steps[0].in: This must be one expression, such as {{steps.find.output.records}}.']],
    ['for_each', { in: '{{#if a}}{{/if}}' }, ['steps[0].in: This must be one expression, such as {{steps.find.output.records}}.']],
    ['for_each', { maxItems: 10_001 }, ['steps[0].maxItems: "maxItems" must be a whole number from 1 to 10000.']],
    ['for_each', { concurrency: 21 }, ['steps[0].concurrency: "concurrency" must be a whole number from 1 to 20.']],
    ['for_each', { in: '{{record.amount}}' }, ['steps[0].in: A loop goes through a list, and "record.amount" is of type money.']],
    ['for_each', { steps: [] }, ['steps[0].steps: "steps" must not be empty.']],
    ['for_each', { steps: undefined }, ['steps[0].steps: "steps" is missing.']],
    ['delay', { for: undefined }, ['steps[0]: A delay needs exactly one of "for", "until" and "untilField".']],
    ['delay', { until: '2030-01-31T09:00:00Z' }, ['steps[0]: A delay needs exactly one of "for", "until" and "untilField".']],
    ['delay', { for: 'P366D' }, ['steps[0].for: "for" must be at most P365D.']],
    [
      'delay',
      { for: undefined, until: 'tomorrow' },
      ['steps[0].until: "until" must be a date and time, such as 2030-01-31T09:00 or 2030-01-31T09:00:00Z, or one expression.'],
    ],
    ['delay', { for: undefined, until: '2030-02-31T09:00:00Z' }, [expect.stringMatching(/^steps\[0\]\.until: /) as unknown as string]],
    ['delay', { for: undefined, until: 5 }, ['steps[0].until: This must be a text.']],
    ['delay', { for: undefined, untilField: 'born' }, ['steps[0].untilField: Module "leads" has no field "born".']],
    ['delay', { offset: 'PT1H' }, ['steps[0].offset: "offset" goes with "untilField".']],
    [
      'delay',
      { for: undefined, untilField: 'renewsOn', offset: 'soon' },
      ['steps[0].offset: "offset" must be an ISO 8601 duration, such as PT2H or -P3D.'],
    ],
    ['delay', { for: undefined, untilField: 'amount' }, ['steps[0].untilField: "amount" is not a date.']],
    ['approval', { assignees: undefined }, ['steps[0]: An approval needs "assignees", a "role" or a "queue".']],
    ['approval', { assignees: [] }, ['steps[0].assignees: "assignees" must not be empty.']],
    ['approval', { assignees: ['u-1', ''] }, ['steps[0].assignees[1]: This must not be empty.']],
    ['approval', { message: 'x'.repeat(2001) }, ['steps[0].message: This must have at most 2000 characters.']],
    ['approval', { expiresIn: 'soon' }, ['steps[0].expiresIn: "expiresIn" must be an ISO 8601 duration, such as PT15M or P2D.']],
    ['approval', { onExpiry: 'shrug' }, ['steps[0].onExpiry: "onExpiry" must be one of: fail, continue, stop, approve, reject.']],
    ['approval', { onReject: 'shrug' }, ['steps[0].onReject: "onReject" must be one of: stop, fail, continue.']],
    ['form', { queue: undefined }, ['steps[0]: A form needs "assignees", a "role" or a "queue".']],
    ['form', { fields: [] }, ['steps[0].fields: "fields" must not be empty.']],
    ['form', { fields: [{}] }, ['steps[0].fields[0].name: "name" is missing.', 'steps[0].fields[0].type: "type" is missing.']],
    [
      'form',
      { fields: [{ name: 'a', type: 'file' }] },
      ['steps[0].fields[0].type: "type" must be one of: text, number, money, date, choice, boolean, user, record.'],
    ],
    [
      'form',
      { fields: [{ name: 'a-b', type: 'text' }] },
      ['steps[0].fields[0].name: This must be made of letters, digits and "_", starting with a letter.'],
    ],
    [
      'form',
      {
        fields: [
          { name: 'a', type: 'text' },
          { name: 'a', type: 'text' },
        ],
      },
      ['steps[0].fields[1].name: Another field of this form is called "a".'],
    ],
    [
      'form',
      { fields: [{ name: 'a', type: 'text', required: 'yes' }] },
      ['steps[0].fields[0].required: "required" must be true or false.'],
    ],
    ['form', { fields: [{ name: 'a', type: 'choice' }] }, ['steps[0].fields[0].options: A choice needs "options".']],
    [
      'form',
      { fields: [{ name: 'a', type: 'text', options: ['b'] }] },
      ['steps[0].fields[0].options: Only fields of type choice have "options".'],
    ],
    [
      'form',
      { fields: [{ name: 'a', type: 'text', max: 1 }] },
      ['steps[0].fields[0].max: Only fields of type number, money, date have "max".'],
    ],
    ['form', { onExpiry: 'approve' }, ['steps[0].onExpiry: "onExpiry" must be one of: fail, continue, stop.']],
    ['wait_for_webhook', { onExpiry: 'approve' }, ['steps[0].onExpiry: "onExpiry" must be one of: fail, continue, stop.']],
    ['wait_for_webhook', { retry: {} }, [expect.stringMatching(/^steps\[0\]\.retry: This is not known here/) as unknown as string]],
    ['run_workflow', { workflow: '' }, ['steps[0].workflow: This must not be empty.']],
    ['run_workflow', { input: 'all' }, ['steps[0].input: "input" must be an object.']],
    ['run_workflow', { wait: 1 }, ['steps[0].wait: "wait" must be true or false.']],
    ['stop', { outcome: 'maybe' }, ['steps[0].outcome: "outcome" must be one of: succeeded, failed, cancelled.']],
  ])('of type %s cannot have %j', (type, more, wanted) => {
    const json = { ...MINIMAL[type as keyof typeof MINIMAL], ...more };
    expect(told(parseDefinition(withSteps([json]), CATALOG))).toEqual(wanted);
  });

  it('cannot wait for a date of the record when the workflow is about none', () => {
    const json = { trigger: { type: 'webhook' }, steps: [{ id: 'x', type: 'delay', untilField: 'renewsOn' }] };
    expect(told(parseDefinition(json, CATALOG))).toEqual([
      'steps[0].untilField: This workflow is about no module, so that there is no record with a date.',
    ]);
  });
});

describe('templates', () => {
  const BROKEN = '{{#if}';
  it.each<[string, JsonObject, string]>([
    ['note', { with: { list: [{ text: BROKEN }] } }, 'steps[0].with.list[0].text'],
    ['for_each', { in: '{{nohelper 1}}' }, 'steps[0].in'],
    ['delay', { for: undefined, until: '{{nohelper 1}}' }, 'steps[0].until'],
    ['approval', { message: BROKEN }, 'steps[0].message'],
    ['approval', { assignees: ['u', BROKEN] }, 'steps[0].assignees[1]'],
    ['form', { assignees: [BROKEN] }, 'steps[0].assignees[0]'],
    ['run_workflow', { input: { a: BROKEN } }, 'steps[0].input.a'],
    ['stop', { message: BROKEN }, 'steps[0].message'],
  ])('are checked in %s: %j', (type, more, path) => {
    const result = parseDefinition(withSteps([{ ...MINIMAL[type as keyof typeof MINIMAL], ...more }]), CATALOG);
    expect(result).toMatchObject({ ok: false, problems: [{ path }] });
  });

  const uses = (id: string, read: string): JsonObject => ({ id, type: 'note', with: { text: `Got {{${read}}}.` } });
  const NEVER = 'is never over before this step, or has no output: only earlier steps, not those of other branches, can be used.';

  it.each<[string, Json[]]>([
    ['of an earlier step', [MINIMAL.note, uses('a', 'steps.x.output.n')]],
    ['of the branch it stands in', [{ ...MINIMAL.branch, otherwise: [uses('a', 'steps.x.output.taken')] }]],
    [
      'of the loop it stands in',
      [{ ...MINIMAL.for_each, steps: [uses('a', 'steps.x.output.count'), uses('b', 'item.name'), uses('c', 'index')] }],
    ],
    ['of a step inside an earlier one', [MINIMAL.parallel, uses('a', 'steps.y.output.n')]],
    [
      'of an earlier step, from deep inside a later one',
      [MINIMAL.note, { ...MINIMAL.for_each, id: 'each', steps: [uses('a', 'steps.x.output.n')] }],
    ],
    [
      'of an earlier step in its own branch',
      [{ ...MINIMAL.branch, otherwise: [{ id: 'y', type: 'note' }, uses('a', 'steps.y.output.n')] }],
    ],
    [
      'of the item, in a branch inside a loop',
      [{ ...MINIMAL.for_each, steps: [{ ...MINIMAL.branch, id: 'b', otherwise: [uses('a', 'item')] }] }],
    ],
    ['of the record called like a variable', [uses('a', 'record.item')]],
    ['of all steps', [uses('a', 'steps')]],
  ])('may use the output %s', (_what, steps) => {
    expect(told(parseDefinition(withSteps(steps), CATALOG))).toBe('ok');
  });

  it.each<[string, Json[], string[]]>([
    ['a step that does not exist', [uses('a', 'steps.lookup.output.n')], ['steps[0].with.text: There is no step "lookup".']],
    [
      'a step whose id is mistyped',
      [uses('lookup', 'context.n'), uses('b', 'steps.lokup.output.n')],
      ['steps[1].with.text: There is no step "lokup". Did you mean "lookup"?'],
    ],
    ['itself', [uses('a', 'steps.a.output.n')], [`steps[0].with.text: Step "a" ${NEVER}`]],
    ['a later step', [uses('a', 'steps.x.output.n'), MINIMAL.note], [`steps[0].with.text: Step "x" ${NEVER}`]],
    [
      'a step of the branch beside',
      [{ ...MINIMAL.parallel, branches: [...MINIMAL.parallel.branches, { name: 'right', steps: [uses('a', 'steps.y.output.n')] }] }],
      [`steps[0].branches[1].steps[0].with.text: Step "y" ${NEVER}`],
    ],
    ['a parallel step, which has no output', [MINIMAL.parallel, uses('a', 'steps.x.output.n')], [`steps[1].with.text: Step "x" ${NEVER}`]],
    [
      'a later step of the same item',
      [{ ...MINIMAL.for_each, steps: [uses('a', 'steps.y.output.n'), { id: 'y', type: 'note' }] }],
      [`steps[0].steps[0].with.text: Step "y" ${NEVER}`],
    ],
    ['the item outside a loop', [uses('a', 'item.name')], ['steps[0].with.text: "item" exists only inside a for_each.']],
    ['the index behind a loop', [MINIMAL.for_each, uses('a', 'index')], ['steps[1].with.text: "index" exists only inside a for_each.']],
    ['a step in the list of its loop', [{ ...MINIMAL.for_each, in: '{{steps.y.output.list}}' }], [`steps[0].in: Step "y" ${NEVER}`]],
  ])('cannot use %s', (_what, steps, wanted) => {
    expect(told(parseDefinition(withSteps(steps), CATALOG))).toEqual(wanted);
  });

  const LOOKUP = { id: 'x', type: 'lookup' };

  it.each<[string, JsonObject, string, string]>([
    ['an action', LOOKUP, 'steps.x.output.nmae', 'Step "x" never has "output.nmae"; of "output" there is: id, owner, tags, raw.'],
    [
      'a member of an action',
      LOOKUP,
      'steps.x.output.owner.nmae',
      'Step "x" never has "output.owner.nmae"; of "output.owner" there is: name.',
    ],
    ['a text of an action', LOOKUP, 'steps.x.output.id.length', '"output.id" of step "x" has no members: it is of type text.'],
    ['a step itself', LOOKUP, 'steps.x.otuput.id', 'Of step "x" nothing but "output" can be read, not "otuput".'],
    ['a prototype', LOOKUP, 'steps.x.output.toString', 'Step "x" never has "output.toString"; of "output" there is: id, owner, tags, raw.'],
    ['a branch', MINIMAL.branch, 'steps.x.output.token', 'Step "x" never has "output.token"; of "output" there is: taken.'],
    ['a loop', MINIMAL.for_each, 'steps.x.output.itmes', 'Step "x" never has "output.itmes"; of "output" there is: items, count.'],
    ['a delay', MINIMAL.delay, 'steps.x.output.until', 'Step "x" never has "output.until"; its "output" is empty.'],
    [
      'an approval',
      MINIMAL.approval,
      'steps.x.output.verdict',
      'Step "x" never has "output.verdict"; of "output" there is: decision, comment, by, door, votes, expired.',
    ],
    ['a form', MINIMAL.form, 'steps.x.output.values.sise', 'Step "x" never has "output.values.sise"; of "output.values" there is: size.'],
    [
      'a call of a URL',
      MINIMAL.wait_for_webhook,
      'steps.x.output.boddy',
      'Step "x" never has "output.boddy"; of "output" there is: body, headers, query, expired.',
    ],
    [
      'a workflow that is waited for',
      { ...MINIMAL.run_workflow, wait: true },
      'steps.x.output.id',
      'Step "x" never has "output.id"; of "output" there is: runId, status, output.',
    ],
    ['a workflow that is not', MINIMAL.run_workflow, 'steps.x.output.runId', 'Step "x" never has "output.runId"; its "output" is empty.'],
    [
      'a stop',
      MINIMAL.stop,
      'steps.x.output.reason',
      'Step "x" never has "output.reason"; of "output" there is: outcome, message, output.',
    ],
  ])('cannot use what a step never leaves: %s', (_what, step, read, problem) => {
    expect(told(parseDefinition(withSteps([step, uses('a', read)]), CATALOG))).toEqual([`steps[1].with.text: ${problem}`]);
    expect(told(parseDefinition(withSteps([step, uses('a', read)]), null))).toBe('ok');
  });

  it.each<[JsonObject, string]>([
    [LOOKUP, 'steps.x'],
    [LOOKUP, 'steps.x.output'],
    [LOOKUP, 'steps.x.output.owner.name'],
    [LOOKUP, 'steps.x.output.tags.0'],
    [LOOKUP, 'steps.x.output.raw.whatever.it.is'],
    [MINIMAL.note, 'steps.x.output.whatever'],
    [{ ...MINIMAL.form, fields: [{ name: 'size', type: 'choice', options: ['s'] }] }, 'steps.x.output.values.size'],
    [MINIMAL.wait_for_webhook, 'steps.x.output.body.customer.id'],
    [MINIMAL.for_each, 'steps.x.output.items.0.name'],
  ])('can use what a step leaves, and whatever nobody has described: %j %s', (step, read) => {
    expect(told(parseDefinition(withSteps([step, uses('a', read)]), CATALOG))).toBe('ok');
  });

  it('cannot use in a condition what a step never leaves', () => {
    const when = { field: 'steps.x.output.nmae', operator: 'equals', value: { field: 'steps.x.output.ied' } };
    const steps = [LOOKUP, { ...MINIMAL.branch, id: 'b', branches: [{ name: 'big', when, steps: [] }] }];
    expect(told(parseDefinition(withSteps(steps), CATALOG))).toEqual([
      expect.stringContaining('steps[1].branches[0].when.field: Step "x" never has "output.nmae"'),
      expect.stringContaining('steps[1].branches[0].when.value.field: Step "x" never has "output.ied"'),
    ]);
  });

  it.each<[string, string, string]>([
    ['a field that the module has not', 'record.nmae', 'Module "leads" has no field "nmae".'],
    ['such a field without its variable', 'nmae', 'Module "leads" has no field "nmae".'],
    ['one of the record before', 'previous.nmae', 'Module "leads" has no field "nmae".'],
    ['one in an expression', 'upper (default record.nmae "x")', 'Module "leads" has no field "nmae".'],
    ['a change of no field', 'changes.nmae.to', 'Module "leads" has no field "nmae".'],
    ['a member of a text', 'record.email.length', 'The field "email" holds no members: its type is text.'],
    ['nothing about the actor', 'actor.age', 'There is no "actor.age".'],
  ])('cannot use %s', (_what, read, problem) => {
    expect(told(parseDefinition(withSteps([uses('a', read)]), CATALOG))).toEqual([`steps[0].with.text: ${problem}`]);
  });

  it('may use what nobody has described: members of JSON, related records of other modules, and anything without a catalogue', () => {
    for (const read of [
      'record.item.name',
      'record.account.name',
      'record.id',
      'trigger.body.nmae',
      'context.nmae',
      'changes.stage.from',
    ]) {
      expect(told(parseDefinition(withSteps([uses('a', read)]), CATALOG))).toBe('ok');
    }
    expect(told(parseDefinition(withSteps([uses('a', 'record.nmae')]), null))).toBe('ok');
  });

  it('can use no step in the conditions of the workflow, as none is over then', () => {
    const test = (fieldPath: string, value: Json): JsonObject => ({ field: fieldPath, operator: 'equals', value });
    const conditions = {
      all: [test('steps.x.output.n', 1), test('email', '{{steps.x.output.n}}'), test('email', { field: 'steps.x.output.n' })],
    };
    expect(told(parseDefinition(withSteps([MINIMAL.note], { conditions }), CATALOG))).toEqual([
      `conditions.all[0].field: Step "x" ${NEVER}`,
      `conditions.all[1].value: Step "x" ${NEVER}`,
      `conditions.all[2].value.field: Step "x" ${NEVER}`,
    ]);
  });

  it('are checked in a condition with other problems too', () => {
    const conditions = { all: [{ field: 'a..b', operator: 'equals', value: '{{item}}' }] };
    expect(told(parseDefinition(withSteps([MINIMAL.note], { conditions }), CATALOG))).toEqual([
      'conditions.all[0].field: "a..b" is not the path of a field.',
      'conditions.all[0].value: "item" exists only inside a for_each.',
    ]);
  });

  it('can use earlier steps in the condition of a branch', () => {
    const when = { field: 'steps.x.output.n', operator: 'equals', value: 1 };
    const steps = [MINIMAL.note, { ...MINIMAL.branch, id: 'b', branches: [{ name: 'big', when, steps: [] }] }];
    expect(told(parseDefinition(withSteps(steps), CATALOG))).toBe('ok');
  });

  it.each<[string, Json]>([
    ['a step of unknown type', { id: 'x', type: 'brnch', branches: [] }],
    ['a list that is none', { ...MINIMAL.for_each, steps: {} }],
    ['a list of branches that is none', { ...MINIMAL.branch, branches: {} }],
  ])('do not complain of unknown steps when %s may hold them', (_what, step) => {
    const result = parseDefinition(withSteps([step, uses('a', 'steps.inside.output.n')]), CATALOG);
    expect(told(result)).toEqual([expect.stringMatching(/^steps\[0\]/)]);
  });
});

describe('hostile input', () => {
  const parseText = (text: string) => parseDefinition(JSON.parse(text), CATALOG);

  it.each(['__proto__', 'constructor', 'prototype'])('is told where it uses %s as a key', (key) => {
    const result = parseText(
      `{"trigger":{"type":"webhook"},"steps":[{"id":"a","type":"note","with":{"x":{"${key}":{"y":1}}},"${key}":1}],"${key}":{}}`,
    );
    expect(told(result)).toEqual(
      ['steps[0].with.x', 'steps[0]', ''].map((path) => `${path}${path && '.'}${key}: This name is not allowed as a key.`),
    );
  });

  it.each(['\\u0000', '\\ud800', '\\udc00\\ud800'])('is told where a text cannot be stored: %s', (text) => {
    const steps = `[{"id":"a","type":"note","with":{"text":"x${text}"}}]`;
    expect(told(parseText(`{"trigger":{"type":"webhook"},"steps":${steps}}`))).toEqual([
      'steps[0].with.text: The text holds characters that cannot be stored (U+0000 or half a surrogate pair).',
    ]);
    expect(parseText(`{"trigger":{"type":"webhook"},"steps":[],"x${text}":1}`).ok).toBe(false);
  });

  it('takes whole surrogate pairs', () => {
    expect(told(parseDefinition(withSteps([{ ...MINIMAL.note, name: 'Party 🎉' }]), CATALOG))).toBe('ok');
  });

  it.each([
    ['lists', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['objects', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
    ['conditions', `{"conditions":${'{"all":['.repeat(20_000)}${']}'.repeat(20_000)}}`],
    ['steps', `{"steps":${'[{"id":"a","type":"for_each","steps":'.repeat(20_000)}[]${'}]'.repeat(20_000)}}`],
    [
      'arguments',
      `{"trigger":{"type":"webhook"},"steps":[{"id":"a","type":"note","with":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}]}`,
    ],
  ])('may be nested absurdly deep: %s', (_what, text) => {
    expect(told(parseText(text))).toEqual([': The definition is nested deeper than 128 levels.']);
  });

  it.each<[string, unknown]>([
    ['unknown members', Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 1]))],
    ['unknown members of a step', withSteps([Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, '\0']))])],
    ['broken steps', withSteps(Array.from({ length: 200 }, () => ({})))],
    [
      'broken templates',
      withSteps([
        { ...MINIMAL.note, with: { list: Array(5_000).fill('{{') } },
        { ...MINIMAL.note, with: { list: Array(5_000).fill('\0') } },
      ]),
    ],
    [
      'unknown references',
      withSteps([{ ...MINIMAL.note, with: { list: Array.from({ length: 500 }, (_, index) => `{{steps.s${index}.output}}`) } }]),
    ],
    ['forbidden keys in lists', withSteps(Array.from({ length: 1_000 }, () => JSON.parse('{"__proto__":1}')))],
    ['long keys', { ['k'.repeat(100_000)]: { ['l'.repeat(100_000)]: { constructor: 1 } } }],
    ['long texts', withSteps([{ id: 'a', type: `t${'y'.repeat(99)}`, retry: { ['x'.repeat(10_000)]: 1 } }])],
  ])('gets a bounded number of short problems: %s', (_what, json) => {
    const result = parseDefinition(json, CATALOG);
    const problems = result.ok ? [] : result.problems;
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThanOrEqual(MAX_PROBLEMS);
    expect(JSON.stringify(problems).length).toBeLessThan(200_000);
  });

  it('is told each problem once, and of no more problems than there are', () => {
    const problems = new ProblemList();
    for (let index = 0; index < MAX_PROBLEMS; index += 1) problems.add(`steps[${index}]`, 'Wrong.');
    problems.add('steps[0]', 'Wrong.');
    expect(problems.full).toBe(false);
    expect(problems.toArray()).toHaveLength(MAX_PROBLEMS);
    expect(problems.toArray().at(-1)).toEqual({ path: 'steps[99]', message: 'Wrong.' });
  });

  it('is told when there are more problems than are listed', () => {
    const result = parseDefinition(withSteps(Array.from({ length: 200 }, () => ({}))), CATALOG);
    expect(result).toMatchObject({ ok: false });
    expect(told(result).at(-1)).toBe(': There are more problems; mend these first.');
  });

  it('never makes it throw, and never passes what is not well-formed', () => {
    const values = fc.oneof(
      fc.jsonValue() as fc.Arbitrary<Json>,
      fc.constantFrom<Json[]>('note', 'branch', 'for_each', '{{steps.x}}', 'P1D', '__proto__', 0, null),
    );
    const keys = fc.constantFrom(
      'id',
      'type',
      'with',
      'branches',
      'steps',
      'otherwise',
      'in',
      'for',
      'until',
      'fields',
      'name',
      'when',
      'retry',
      'assignees',
      'onError',
    );
    const { step } = fc.letrec<{ step: Json; steps: Json }>((tie) => ({
      steps: fc.array(tie('step'), { maxLength: 4 }) as fc.Arbitrary<Json>,
      step: fc.oneof(
        { maxDepth: 4 },
        values,
        fc.constantFrom<Json[]>(...Object.values(MINIMAL)),
        fc
          .tuple(fc.constantFrom(...Object.values(MINIMAL)), fc.dictionary(keys, fc.oneof(values, tie('steps'))))
          .map(([base, more]) => ({ ...base, ...more })),
      ),
    }));
    const json = fc.oneof(
      values,
      fc.record(
        { trigger: fc.oneof(values, fc.constant(TRIGGER)), conditions: values, steps: fc.array(step), settings: values },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(json, fc.constantFrom(CATALOG, null), (value, catalog) => {
        const result = parseDefinition(value, catalog);
        if (!result.ok) expect(result.problems.length).toBeGreaterThan(0);
        else expect(Object.keys(result.definition).sort()).toEqual(expect.arrayContaining(['settings', 'steps', 'trigger']));
        expect(parseDefinition(value, catalog)).toEqual(result);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a loop', () => {
  const over = (path: string, before: Json[] = [{ id: 'x', type: 'lookup' }]) =>
    told(parseDefinition(withSteps([...before, { ...MINIMAL.for_each, id: 'each', in: `{{${path}}}` }]), CATALOG));
  const NO_LIST = 'steps[1].in: A loop goes through a list, and';

  it.each([
    ['steps.x.output.id', `${NO_LIST} "output.id" of step "x" is of type`],
    ['steps.x.output.owner', `${NO_LIST} "output.owner" of step "x" is an object.`],
    ['steps.x.output', `${NO_LIST} "output" of step "x" is an object.`],
    ['steps.x', `${NO_LIST} "x" of step "x" is an object.`],
    ['record.email', `${NO_LIST} "record.email" is of type text.`],
    ['record', `${NO_LIST} "record" is an object.`],
    ['steps', `${NO_LIST} "steps" is an object.`],
    ['now', `${NO_LIST} "now" is of type datetime.`],
  ])('cannot go through what is no list: %s', (path, problem) => {
    expect(over(path)).toEqual([expect.stringContaining(problem)]);
  });

  it.each(['steps.x.output.tags', 'steps.x.output.raw', 'steps.x.output.raw.items', 'record.item', 'trigger.list'])(
    'may go through a list, and through what may be one: %s',
    (path) => {
      expect(over(path)).toBe('ok');
    },
  );

  it('cannot go through the address of a step that waits', () => {
    expect(over('steps.w.resumeUrl', [{ id: 'w', type: 'wait_for_webhook' }])).toEqual([
      `${NO_LIST} "resumeUrl" of step "w" is of type text.`,
    ]);
  });

  it('is told once of a step or a member that there is not', () => {
    expect(over('steps.y.output.id')).toHaveLength(1);
    expect(over('steps.x.output.nmae')).toHaveLength(1);
  });
});

describe('settings that a definition does not name', () => {
  const job = { trigger: { type: 'webhook' }, steps: [MINIMAL.note] };
  const settingsOf = (json: Json, against: Catalog | null) => {
    const result = parseDefinition(json, against);
    return result.ok ? result.definition.settings : null;
  };

  it('are those of a job where a schedule or a trigger URL starts it', () => {
    expect(settingsOf(job, CATALOG)).toMatchObject({ maxConcurrentRuns: 1, maxDuration: 'PT30M' });
    expect(settingsOf({ ...job, settings: { maxConcurrentRuns: 0 } }, CATALOG)).toMatchObject({
      maxConcurrentRuns: 0,
      maxDuration: 'PT30M',
    });
    expect(settingsOf(withSteps([MINIMAL.note]), CATALOG)).toMatchObject({ maxConcurrentRuns: 0, maxDuration: 'P30D' });
  });

  it('are nobody to call, and those that are named are kept', () => {
    expect(settingsOf(withSteps([MINIMAL.note]), CATALOG)).not.toHaveProperty('onSuccess');
    const calls = { onSuccess: 'https://ok.example.com', onFailure: { url: 'https://no.example.com' } };
    const settings = { onSuccess: { url: 'https://ok.example.com' }, onFailure: { url: 'https://no.example.com' } };
    expect(settingsOf(withSteps([MINIMAL.note], { settings: calls }), CATALOG)).toMatchObject(settings);
  });

  it('are in a stored version what it was published with', () => {
    expect(settingsOf(job, null)).toMatchObject({ maxConcurrentRuns: 0, maxDuration: 'P30D' });
    expect(settingsOf(withSettingDefaults(job), null)).toMatchObject({ maxConcurrentRuns: 1, maxDuration: 'PT30M' });
    expect(settingDefaults(job)).toEqual({ maxConcurrentRuns: 1, maxDuration: 'PT30M' });
    expect(settingDefaults({ trigger: { type: 'manual' } })).toBeNull();
    expect(withSettingDefaults({ ...job, settings: 7 })).toEqual({ ...job, settings: 7 });
    expect(withSettingDefaults({ steps: [] })).toEqual({ steps: [] });
  });
});

describe('publishing', () => {
  const EXECUTABLE = { kinds: new Set(['action', 'branch']), triggers: new Set(['event']), longestRunMs: 365 * DAY_MS, loopItems: 1_000 };

  it('is possible for what this version can run', () => {
    expect(publishProblems(parsed(withSteps([MINIMAL.note, { ...MINIMAL.branch, id: 'b' }])), EXECUTABLE)).toEqual([]);
  });

  it('is refused for all that it cannot run, with paths', () => {
    const steps = [
      MINIMAL.note,
      { ...MINIMAL.branch, id: 'b', otherwise: [{ ...MINIMAL.approval, id: 'ok' }] },
      { ...MINIMAL.delay, id: 'd' },
    ];
    const json = { trigger: { type: 'webhook' }, steps, settings: { maxConcurrentRuns: 1, maxDuration: 'P30D' } };
    expect(
      publishProblems(
        parsed({
          ...json,
          steps: steps.map((one) => ('branches' in one ? { ...one, branches: [{ name: 'a', when: { all: [] }, steps: [] }] } : one)),
        }),
        EXECUTABLE,
      ),
    ).toEqual([
      { path: 'trigger.type', message: 'Triggers of type "webhook" cannot start runs in this version yet.' },
      { path: 'steps[1].otherwise[0].type', message: 'Steps of type "approval" cannot be run by this version yet.' },
      { path: 'steps[2].type', message: 'Steps of type "delay" cannot be run by this version yet.' },
    ]);
  });

  const publishable = (steps: Json, maxDuration = 'P30D') =>
    publishProblems(parsed(withSteps(steps, { settings: { maxDuration } })), {
      ...EXECUTABLE,
      kinds: new Set(['action', 'branch', 'delay', 'for_each', 'parallel']),
    }).map(({ path }) => path);
  const both = (join: string, ...lists: Json[]) => ({
    id: 'both',
    type: 'parallel',
    join,
    branches: lists.map((step, index) => ({ name: `b${index}`, steps: [step] })),
  });
  const wait = (id: string, duration: string) => ({ id, type: 'delay', for: duration });

  it.each<[string, Json, string[]]>([
    ['a delay as long as a run may last', [wait('a', 'P30D')], []],
    ['a longer one', [wait('a', 'P31D')], ['steps[0].for']],
    [
      'delays that are too long together',
      [wait('a', 'P20D'), MINIMAL.note, wait('b', 'P10D'), wait('c', 'PT1S'), wait('d', 'PT1S')],
      ['steps[3].for'],
    ],
    ['a delay that waits for a date', [{ id: 'a', type: 'delay', untilField: 'renewsOn' }, wait('b', 'P30D')], []],
    ['a month, which may have 28 days', [wait('a', 'P1M'), wait('b', 'P2D')], []],
    [
      'a branch behind a delay, but not what stands behind the branch',
      [
        wait('a', 'P20D'),
        { ...MINIMAL.branch, branches: [{ name: 'big', when: TEST, steps: [wait('b', 'P11D')] }], otherwise: [wait('c', 'P9D')] },
        wait('d', 'P9D'),
      ],
      ['steps[1].branches[0].steps[0].for', 'steps[2].for'],
    ],
    [
      'a branch that may be passed by without a delay',
      [wait('a', 'P20D'), { ...MINIMAL.branch, branches: [{ name: 'big', when: TEST, steps: [wait('b', 'P9D')] }] }, wait('d', 'P9D')],
      [],
    ],
    ['the longest of branches that are all waited for', [both('all', wait('b', 'P20D'), wait('c', 'P20D')), wait('d', 'P10D')], []],
    ['what comes behind the longest', [both('all', wait('b', 'P20D'), wait('c', 'P21D')), wait('d', 'P10D')], ['steps[1].for']],
    [
      'the shortest of branches of which the first is waited for',
      [both('any', wait('b', 'P20D'), wait('c', 'P2D')), wait('d', 'P28D')],
      [],
    ],
    [
      'a loop, whose delays are those of one item at least when there is any',
      [{ ...MINIMAL.for_each, id: 'each', steps: [wait('b', 'P31D')] }, wait('d', 'P30D')],
      ['steps[0].steps[0].for'],
    ],
  ])('looks at how long runs last: %s', (_what, steps, paths) => {
    expect(publishable(steps)).toEqual(paths);
  });

  it('says why no run could go on behind a delay', () => {
    const json = withSteps([wait('a', 'P1D'), wait('b', 'P1D')], { settings: { maxDuration: 'P1D' } });
    const executable = { ...EXECUTABLE, kinds: new Set(['delay']) };
    expect(publishProblems(parsed(json), executable)).toEqual([
      {
        path: 'steps[1].for',
        message:
          'With the delays before it this is longer than a run may last (settings.maxDuration is P1D): no run could go on behind it.',
      },
    ]);
    expect(publishProblems(parsed({ ...json, settings: { maxDuration: 'PT1H' } }), executable)[0]?.message).toMatch(/^This is longer/);
  });

  it('is refused for what is beyond the limits of the installation', () => {
    const kinds = new Set(['action', 'delay', 'for_each']);
    const bounded = { ...EXECUTABLE, kinds, longestRunMs: DAY_MS, loopItems: 10 };
    const problems = (steps: Json, settings: Json = {}) => publishProblems(parsed(withSteps(steps, { settings })), bounded);
    expect(problems([{ ...MINIMAL.for_each, maxItems: 11 }])).toEqual([
      { path: 'steps[0].maxItems', message: 'A loop may have 10 items at the most here.' },
    ]);
    expect(problems([MINIMAL.note], { maxDuration: 'P2D' })).toEqual([
      { path: 'settings.maxDuration', message: 'A run may take 1440 minutes at the most here.' },
    ]);
    expect(problems([MINIMAL.note], { maxDuration: 'P1D' })).toEqual([]);
    expect(problems([wait('a', 'P2D')])).toEqual([
      { path: 'steps[0].for', message: expect.stringContaining('that is the limit of this installation') },
    ]);
  });

  it('is refused where an address that hears of the end may not be called', () => {
    const refusedAddress = (url: string) => (url.includes('127.0.0.1') ? { message: 'It may not.', hint: 'Allow it.' } : null);
    const settings = { onSuccess: 'https://ops.example.com/runs', onFailure: { url: 'http://127.0.0.1/runs' } };
    expect(publishProblems(parsed(withSteps([MINIMAL.note], { settings })), { ...EXECUTABLE, refusedAddress })).toEqual([
      { path: 'settings.onFailure.url', message: 'It may not.', hint: 'Allow it.' },
    ]);
    expect(publishProblems(parsed(withSteps([MINIMAL.note], { settings })), EXECUTABLE)).toEqual([]);
  });

  it('is refused without a step', () => {
    expect(publishProblems(parsed(withSteps([])), EXECUTABLE)).toEqual([
      { path: 'steps', message: 'A workflow needs at least one step to be published.' },
    ]);
  });
});
