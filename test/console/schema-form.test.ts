import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AUTH_SCHEMA } from '../../src/actions/outbound/http-auth.js';
import type { Catalog } from '../../src/console/model/catalog.js';
import {
  type Control,
  controlOf,
  controlsOf,
  controlsOfField,
  fieldsOf,
  fits,
  hasExpression,
  moduleAt,
  readNumber,
} from '../../src/console/model/schema-form.js';
import { argumentNames, argumentsOf } from '../../src/console/model/step-schemas.js';
import { stepsBefore, unreadableSteps, variablesAt } from '../../src/console/model/variables.js';
import { SETTINGS_SCHEMA } from '../../src/core/definition/settings.js';
import type { Json, JsonObject } from '../../src/core/json.js';
import { describeFlowSteps } from '../../src/core/steps/index.js';
import { describeTriggers } from '../../src/core/trigger/trigger.js';

const kind = (schema: JsonObject, name = 'x'): string => controlOf(name, schema).kind;

describe('a form made of a schema', () => {
  it('has the control that fits each type', () => {
    expect(kind({ type: 'string' })).toBe('text');
    expect(kind({ enum: ['a', 'b'] })).toBe('choice');
    expect(kind({ type: 'integer', minimum: 1 })).toBe('number');
    expect([kind({ type: 'boolean' }), kind({ const: true })]).toEqual(['boolean', 'boolean']);
    expect([kind({ type: 'string', format: 'duration' }), kind({ type: 'array', items: { type: 'string' } })]).toEqual([
      'duration',
      'texts',
    ]);
    expect(kind({ type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } })).toBe('rows');
    expect(fieldsOf({ properties: { to: { type: 'string', 'x-control': 'user' }, body: {} } }).map(({ pick }) => pick)).toEqual([
      'user',
      null,
    ]);
    expect(controlOf('r', { properties: { module: {}, id: {} }, 'x-control': 'record' })).toMatchObject({
      fields: [{ pick: null }, { pick: 'record' }],
    });
    expect([kind({ type: 'object' }), kind({ type: 'object', properties: { a: {} } })]).toEqual(['pairs', 'fields']);
    expect([kind({ type: 'string', writeOnly: true }), kind({ type: 'object', writeOnly: true })]).toEqual(['secret', 'pairs']);
    expect([kind({ $ref: '#/$defs/condition' }), kind({}), kind({ oneOf: [{}] })]).toEqual(['condition', 'any', 'json']);
    expect([controlOf('match', { type: 'object', 'x-control': 'field' }), kind({ type: 'object', 'x-control': 'condition' })]).toEqual([
      { kind: 'values', of: 'field' },
      'condition',
    ]);
    expect(controlOf('message', { type: 'string' })).toMatchObject({ kind: 'text', long: true });
    expect(controlOf('to', { type: 'string', format: 'email' })).toMatchObject({ long: false, inputType: 'email' });
  });

  it('has a control for each of several forms, and shows a value in the one that can hold it', () => {
    const controls = controlsOf('to', { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] });
    expect(controls.map((one) => one.kind)).toEqual(['text', 'texts']);
    expect([
      controls.findIndex((one) => fits(one, 'a')),
      controls.findIndex((one) => fits(one, ['a', 'b'])),
      controls.findIndex((one) => fits(one, { a: 1 })),
    ]).toEqual([0, 1, -1]);
  });

  it('offers the forms of an object that one of its members tells, and takes no text where a secret is named', () => {
    const auth = controlOf('auth', AUTH_SCHEMA) as Control & { kind: 'variants' };
    expect([auth.by, auth.variants.map(({ value }) => value)]).toEqual(['type', ['basic', 'bearer', 'api_key', 'oauth2']]);
    expect(auth.variants[1]?.fields.map(({ name, isRequired }) => [name, isRequired])).toEqual([['token', true]]);
    const [token] = auth.variants[1]?.fields[0]?.controls ?? [];
    expect(token).toEqual({ kind: 'secret', named: true });
    expect([fits(token as Control, { $secret: 'stripe' }), fits(token as Control, 'typed')]).toEqual([true, false]);
    expect([fits(auth, { type: 'bearer' }), fits(auth, { type: 'ntlm' }), fits(auth, {})]).toEqual([true, false, false]);
    expect(kind({ oneOf: [{ properties: { a: { const: 'x' } } }, { properties: { b: { const: 'y' } } }] })).toBe('json');
  });

  it('fills in the value of a field by its type, and shows whatever else is there', () => {
    const controls = (type: string, options?: string[]) => controlsOfField({ type, options }).map((one) => one.kind);
    expect([controls('money'), controls('boolean'), controls('list'), controls('json')]).toEqual([
      ['number', 'any'],
      ['boolean', 'any'],
      ['texts', 'any'],
      ['json', 'any'],
    ]);
    expect([controls('text'), controls('text', ['New', 'Won']), controls('what is this')]).toEqual([
      ['text', 'any'],
      ['choice', 'any'],
      ['text', 'any'],
    ]);
    expect(controlsOfField({ type: 'date' })[0]).toMatchObject({ kind: 'text', inputType: 'date' });
  });

  it('knows which module the fields of an argument are of: that beside it, a relation of the record, that of another record', () => {
    const editing = { definition: {}, catalog: CATALOG, module: 'leads' };
    const of = (given: JsonObject, names: string[]) => moduleAt(['with'], names, { ...editing, definition: { with: given } });
    expect(of({ module: 'accounts' }, ['module'])).toBe('accounts');
    expect(of({ relation: 'account' }, ['relation', 'record'])).toBe('accounts');
    expect(of({ record: { module: 'accounts', id: '1' } }, ['relation', 'record'])).toBe('accounts');
    expect([of({}, ['module']), of({ relation: 'nothing' }, ['relation']), of({ module: 'accounts' }, [])]).toEqual([null, null, null]);
  });

  it('asks first for what is required, and leaves out what it is told to', () => {
    const fields = fieldsOf({ properties: { a: { type: 'string' }, dueIn: { type: 'string', default: 'P1D' }, c: {} }, required: ['c'] }, [
      'a',
    ]);
    expect(fields.map(({ name, label, isRequired, preset }) => [name, label, isRequired, preset])).toEqual([
      ['c', 'C', true, undefined],
      ['dueIn', 'Due in', false, 'P1D'],
    ]);
  });

  it('shows no value in a control that would lose it', () => {
    const controls = [...describeTriggers(), ...describeFlowSteps()]
      .flatMap(({ schema }) => fieldsOf(schema))
      .flatMap((field) => field.controls);
    fc.assert(
      fc.property(fc.constantFrom(...controls), fc.jsonValue(), (control, value) => {
        if (!fits(control, value as Json)) return;
        if (control.kind === 'text' || control.kind === 'duration' || control.kind === 'secret')
          expect(value === null || typeof value === 'string').toBe(true);
        if (control.kind === 'number') expect(value === null || typeof value === 'number' || hasExpression(value)).toBe(true);
      }),
    );
  });

  it('covers every member of every trigger, step and setting that people write', () => {
    const all = [...describeTriggers(), ...describeFlowSteps(), { schema: SETTINGS_SCHEMA }].flatMap(({ schema }) => fieldsOf(schema));
    expect(all.every(({ controls }) => controls.length > 0)).toBe(true);
    expect(all.filter(({ controls }) => controls[0]?.kind === 'duration').length).toBeGreaterThan(5);
  });

  it('reads numbers as they are typed', () => {
    expect(['', '12', ' 1.5 ', '1,204', '-3', '{{record.amount}}', 'many'].map(readNumber)).toEqual([
      undefined,
      12,
      1.5,
      1204,
      -3,
      '{{record.amount}}',
      'many',
    ]);
  });
});

const CATALOG = {
  modules: [
    {
      name: 'leads',
      label: 'Leads',
      fields: [{ name: 'source', label: 'Source', type: 'text' }],
      relations: [{ name: 'account', module: 'accounts' }],
      events: [],
    },
    { name: 'accounts', label: 'Accounts', fields: [{ name: 'industry', label: 'Industry', type: 'text' }], relations: [], events: [] },
  ],
  operators: [],
  actions: [
    { type: 'find', label: 'Find', argumentsSchema: { properties: { module: {} } }, output: { record: { id: 'text' }, count: 'number' } },
    { type: 'call', label: 'Call', argumentsSchema: {}, output: null },
  ],
  stepTypes: describeFlowSteps(),
} as unknown as Catalog;

const DEFINITION: JsonObject = {
  trigger: { type: 'manual', input: [{ name: 'discount', label: 'Discount', type: 'number' }] },
  steps: [
    { id: 'a', type: 'find' },
    { id: 'p', type: 'parallel', branches: [{ name: 'l', steps: [{ id: 'p1', type: 'call' }] }] },
    {
      id: 'b',
      type: 'branch',
      branches: [
        {
          name: 'x',
          when: { all: [] },
          steps: [
            { id: 'b1', type: 'call' },
            { id: 'b2', type: 'call' },
          ],
        },
      ],
    },
    { id: 'f', type: 'for_each', steps: [{ id: 'f1', type: 'call' }] },
    { id: 'q', name: 'Question', type: 'form', fields: [{ name: 'score' }] },
    { id: 'z', type: 'call' },
  ],
};

describe('what can be read at a place', () => {
  const passed = (...place: (string | number)[]): Json[] => stepsBefore(DEFINITION, place).map(({ id }) => id as Json);

  it('is what every way there has passed: not other branches, not what comes behind', () => {
    expect(passed('steps', 0)).toEqual([]);
    expect(passed('steps', 2, 'branches', 0, 'steps', 1)).toEqual(['a', 'p1', 'b1']);
    expect(passed('steps', 5)).toEqual(['a', 'p1', 'b', 'f', 'q']);
  });

  it('is nothing else, for a reason that is told', () => {
    const reasons = (...place: (string | number)[]): Record<string, string> =>
      Object.fromEntries(unreadableSteps(DEFINITION, place, CATALOG).map(({ id, number, reason }) => [`${number} ${id}`, reason]));
    expect(reasons('steps', 5, 'with', 'body')).toEqual({
      '3a1 b1': 'Not every way to this step leads through it.',
      '3a2 b2': 'Not every way to this step leads through it.',
      '4.1 f1': 'It runs once for each item of its loop.',
    });
    expect(reasons('steps', 2, 'branches', 0, 'steps', 0)).toEqual({
      '3 b': 'This step is inside it: it is not over yet.',
      '3a2 b2': 'It comes behind this step.',
      '4 f': 'It comes behind this step.',
      '4.1 f1': 'It comes behind this step.',
      '5 q': 'It comes behind this step.',
      '6 z': 'It comes behind this step.',
    });
    const beside: JsonObject = {
      steps: [{ id: 'p', type: 'parallel', branches: [0, 1].map((at) => ({ steps: [{ id: `l${at}`, type: 'call' }] })) }],
    };
    expect(unreadableSteps(beside, ['steps', 0, 'branches', 1, 'steps', 0], CATALOG)).toEqual([
      { id: 'l0', number: '1a1', name: 'Call', reason: 'It runs beside this step, and may not be over.' },
    ]);
  });

  it('is the record, what it is related to, what was before, outputs by their form, the item of a loop, the input', () => {
    const paths = variablesAt(DEFINITION, ['steps', 3, 'steps', 0], 'leads', CATALOG).map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'source',
        'account.industry',
        'previous.source',
        'steps.a.output.record.id',
        'steps.a.output.count',
        'steps.p1.output',
        'item',
        'index',
        'trigger.input.discount',
        'now',
      ]),
    );
    expect(variablesAt(DEFINITION, ['steps', 5], null, CATALOG).map(({ label }) => label)).toEqual(
      expect.arrayContaining(['Question › Values › Score', 'Input › Discount']),
    );
    expect(variablesAt({ trigger: { type: 'webhook' }, steps: [] }, ['steps', 0], null, CATALOG).map(({ path }) => path)).toContain(
      'trigger.body',
    );
  });

  it('knows where the arguments of a step stand', () => {
    expect([argumentsOf('find', CATALOG)?.at, argumentsOf('delay', CATALOG)?.at, argumentsOf('gone', CATALOG)]).toEqual([
      ['with'],
      [],
      null,
    ]);
    expect([argumentNames('find', CATALOG), argumentNames('gone', CATALOG), argumentNames('delay', CATALOG).includes('for')]).toEqual([
      ['module'],
      [],
      true,
    ]);
  });
});
