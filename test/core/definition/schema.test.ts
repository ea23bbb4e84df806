import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describeAction } from '../../../src/actions/define-action.js';
import { builtInActions } from '../../../src/actions/index.js';
import type { Catalog, ModuleDescription } from '../../../src/core/catalog.js';
import { parseDefinition } from '../../../src/core/definition/parser.js';
import { definitionSchema } from '../../../src/core/definition/schema.js';
import { OPERATORS } from '../../../src/core/operators/index.js';
import { describeFlowSteps, FLOW_STEP_TYPES } from '../../../src/core/steps/index.js';
import { EXAMPLE_DEFINITION } from '../../../src/http/admin/definition.dto.js';

const LEADS: ModuleDescription = {
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  fields: [
    { name: 'name', label: 'Name', type: 'text', nullable: false, writable: true },
    { name: 'source', label: 'Source', type: 'text', nullable: true, writable: true },
    { name: 'amount', label: 'Amount', type: 'money', nullable: true, writable: true },
    { name: 'birthday', label: 'Birthday', type: 'date', nullable: true, writable: true },
    { name: 'settings', label: 'Settings', type: 'json', nullable: true, writable: true },
  ],
  relations: [],
  events: [
    { name: 'created', label: 'Created', rule: { on: 'created' } },
    { name: 'updated', label: 'Updated', rule: { on: 'updated' } },
  ],
};
const ACTIONS = new Map(builtInActions.map((action) => [action.type, describeAction(action)]));
const OF_LEADS: Catalog = { modules: new Map([['leads', LEADS]]), actions: ACTIONS };
/** Without modules nothing is said of their events and fields: recipes are for the demo's CRM. */
const OF_ANY: Catalog = { modules: new Map(), actions: ACTIONS };

function validator(catalog: Catalog): (definition: unknown) => string[] {
  const validate = new Ajv2020({
    strict: true,
    keywords: ['x-control', 'x-module'],
    strictRequired: false,
    strictTypes: false,
    allErrors: true,
    validateFormats: false,
  }).compile(definitionSchema(catalog));
  return (definition) =>
    validate(definition) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
// Compiling one takes longer than all that is asked of it.
const problemsOf = validator(OF_LEADS);
const problemsOfAny = validator(OF_ANY);

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const TASK = { id: 'call', type: 'create_task', with: { title: 'Call {{record.name}}' } };
const withStep = (step: object) => ({ trigger: CREATED, steps: [{ id: 'one', ...step }] });
const withTest = (test: object) => ({ trigger: CREATED, conditions: test, steps: [TASK] });

describe('the JSON Schema of definitions', () => {
  const recipes = readdirSync('templates/recipes').map((file) => [file, JSON.parse(readFileSync(`templates/recipes/${file}`, 'utf8'))]);
  it.each(recipes)('accepts the recipe %s', (_file, { definition }) => {
    expect(problemsOfAny(definition)).toEqual([]);
  });

  it.each<[string, object]>([
    ['the example of the documentation', EXAMPLE_DEFINITION],
    ['no steps yet', { trigger: CREATED, steps: [] }],
    [
      'a date before a birthday',
      { trigger: { type: 'date', module: 'leads', field: 'birthday', offset: '-P3D', at: '09:00' }, steps: [TASK] },
    ],
    ['a schedule', { trigger: { type: 'schedule', cron: '0 9 * * 1', timezone: 'Europe/Berlin' }, steps: [TASK] }],
    ['the event that every module has', { trigger: { ...CREATED, event: 'deleted' }, steps: [TASK] }],
    ['the events of integrations', { trigger: { ...CREATED, event: 'imported' }, steps: [TASK] }],
    [
      'members of JSON among watched fields',
      { trigger: { ...CREATED, event: 'updated', fields: ['amount', 'settings.theme'] }, steps: [TASK] },
    ],
    [
      'a branch',
      withStep({
        type: 'branch',
        branches: [{ name: 'big', when: { field: 'amount', operator: 'greater_than', value: 5 }, steps: [TASK] }],
        otherwise: [],
      }),
    ],
    ['branches side by side', withStep({ type: 'parallel', join: 'any', branches: [{ name: 'a', steps: [TASK] }] })],
    ['a loop', withStep({ type: 'for_each', in: '{{trigger.input.list}}', steps: [TASK] })],
    ['a delay of business days', withStep({ type: 'delay', for: 'P3BD', businessHours: true })],
    ['an approval', withStep({ type: 'approval', assignees: ['u-1'], message: 'Ok?', onExpiry: 'approve', expiresIn: 'P2D' })],
    ['a form', withStep({ type: 'form', queue: 'sales', fields: [{ name: 'budget', type: 'number' }] })],
    ['a wait for a call', withStep({ type: 'wait_for_webhook' })],
    ['another workflow', withStep({ type: 'run_workflow', workflow: 'other', input: { a: '{{record.name}}' }, wait: true })],
    ['a stop', withStep({ type: 'stop', outcome: 'failed', message: 'No.' })],
    [
      'all that an action may have',
      withStep({
        ...TASK,
        id: 'one',
        name: 'Call',
        onError: 'continue',
        timeout: 'PT30S',
        retry: { maxAttempts: 3, initialInterval: 'PT1M', multiplier: 2.5 },
      }),
    ],
    [
      'templates in place of values',
      withStep({ type: 'create_task', with: { title: 'x', dueIn: '{{context.due}}', priority: '{{record.source}}' } }),
    ],
    ['settings', { trigger: CREATED, steps: [TASK], settings: { reentry: { oncePer: 'P7D' }, maxConcurrentRuns: 0, maxDuration: 'P1D' } }],
    ['nested groups', withTest({ all: [{ none: [{ field: 'source', operator: 'is_empty' }] }, { any: [] }] })],
    ['a value of another field', withTest({ field: 'amount', operator: 'greater_than', value: { field: 'previous.amount' } })],
    ['an amount of time', withTest({ field: 'birthday', operator: 'in_last', value: { amount: 3, unit: 'business_day' } })],
    ['a change', withTest({ field: 'source', operator: 'changed_from_to', value: { from: null, to: 'Web' } })],
    ['a range', withTest({ field: 'amount', operator: 'between', value: [1, '{{context.most}}'] })],
    ['a list', withTest({ field: 'source', operator: 'is_any_of', value: ['Web', 'Phone'] })],
  ])('accepts %s, as the parser does', (_what, definition) => {
    expect(problemsOf(definition)).toEqual([]);
    expect(parseDefinition(definition, null)).toMatchObject({ ok: true });
  });

  it.each<[string, unknown, string]>([
    ['a text', 'x', ''],
    ['no trigger', { steps: [TASK] }, 'trigger'],
    ['no steps', { trigger: CREATED }, 'steps'],
    ['a member that nobody knows', { trigger: CREATED, steps: [], step: [] }, 'additional'],
    ['a trigger that there is not', { trigger: { type: 'moon' }, steps: [] }, '/trigger/type'],
    ['a trigger without its event', { trigger: { type: 'event', module: 'leads' }, steps: [] }, '/trigger'],
    ['an event that the module has not', { trigger: { ...CREATED, event: 'exploded' }, steps: [] }, '/trigger/event'],
    ['a field that the module has not', { trigger: { ...CREATED, event: 'updated', fields: ['amuont'] }, steps: [] }, '/trigger/fields/0'],
    ['a date that is none', { trigger: { type: 'date', module: 'leads', field: 'amount', offset: 'P1D' }, steps: [] }, '/trigger/field'],
    ['a step without an id', { trigger: CREATED, steps: [{ type: 'stop' }] }, '/steps/0'],
    ['an id with a dot', withStep({ ...TASK, id: 'a.b' }), '/steps/0/id'],
    ['a step of no type', withStep({ type: 'send_mail' }), '/steps/0/type'],
    ['an action without what it needs', withStep({ type: 'create_task', with: {} }), '/steps/0/with'],
    ['an action without arguments', withStep({ type: 'create_task' }), '/steps/0'],
    ['an argument that nobody knows', withStep({ type: 'create_task', with: { title: 'x', tilte: 'y' } }), '/steps/0/with'],
    ['an argument of another type', withStep({ type: 'create_task', with: { title: 5 } }), '/steps/0/with/title'],
    ['too many attempts', withStep({ ...TASK, id: 'one', retry: { maxAttempts: 100 } }), '/steps/0/retry/maxAttempts'],
    ['a branch without a condition', withStep({ type: 'branch', branches: [{ name: 'a', steps: [] }] }), '/steps/0/branches/0'],
    [
      'a mistake deep inside',
      withStep({ type: 'branch', branches: [{ name: 'a', when: { all: [] }, steps: [{ id: 'x', type: 'stop', outcome: 'maybe' }] }] }),
      '/steps/0/branches/0/steps/0/outcome',
    ],
    [
      'a branch called otherwise',
      withStep({ type: 'branch', branches: [{ name: 'otherwise', when: { all: [] }, steps: [] }] }),
      '/steps/0/branches/0/name',
    ],
    ['two ends of a delay', withStep({ type: 'delay', for: 'P1D', until: '2030-01-01' }), '/steps/0'],
    ['a delay that is no duration', withStep({ type: 'delay', for: '3 days' }), '/steps/0/for'],
    ['a form for nobody', withStep({ type: 'form', fields: [{ name: 'a', type: 'text' }] }), '/steps/0'],
    ['an operator that there is not', withTest({ field: 'source', operator: 'equal', value: 'x' }), '/conditions/operator'],
    ['an operator without its value', withTest({ field: 'source', operator: 'equals' }), '/conditions'],
    ['a value where there is none', withTest({ field: 'source', operator: 'is_empty', value: 'x' }), '/conditions/value'],
    ['a number that is a text', withTest({ field: 'amount', operator: 'increased_by', value: 'ten' }), '/conditions/value'],
    [
      'a unit that there is not',
      withTest({ field: 'birthday', operator: 'in_last', value: { amount: 1, unit: 'moon' } }),
      '/conditions/value/unit',
    ],
    ['a period that there is not', withTest({ field: 'birthday', operator: 'this', value: 'decade' }), '/conditions/value'],
    ['an empty list', withTest({ field: 'source', operator: 'is_any_of', value: [] }), '/conditions/value'],
    ['half a range', withTest({ field: 'amount', operator: 'between', value: [1] }), '/conditions/value'],
    ['a group that is no list', withTest({ all: { field: 'source', operator: 'is_empty' } }), '/conditions/all'],
    ['a group beside a test', withTest({ all: [], field: 'source' }), '/conditions'],
    ['settings that nobody knows', { trigger: CREATED, steps: [], settings: { reentry: 'sometimes' } }, '/settings/reentry'],
  ])('refuses %s where it is, as the parser does', (_what, definition, place) => {
    expect(problemsOf(definition).join('\n')).toContain(place);
    expect(parseDefinition(definition, OF_LEADS)).toMatchObject({ ok: false });
  });

  it('says the value of every operator', () => {
    const { $defs } = definitionSchema(OF_ANY) as {
      $defs: { test: { allOf: { if: { properties: { operator: { enum: string[] } } } }[] } };
    };
    const told = $defs.test.allOf.flatMap((one) => one.if.properties.operator.enum);
    expect(told.sort()).toEqual([...OPERATORS.keys()].sort());
  });

  it('says what each kind of flow control is', () => {
    const kinds = describeFlowSteps();
    expect(kinds.map(({ type }) => type)).toEqual([...FLOW_STEP_TYPES]);
    for (const { type, label, description, schema } of kinds) {
      expect([label, description]).toEqual([expect.stringMatching(/^[A-Z]/), expect.stringMatching(/\.$/)]);
      expect(schema).toMatchObject({ properties: { id: {}, type: { const: type } }, additionalProperties: false });
    }
  });

  it('is a schema for modules without fields, and for actions that need nothing, too', () => {
    const bare: Catalog = {
      modules: new Map([['things', { ...LEADS, name: 'things', fields: [] }]]),
      actions: new Map([
        [
          'beep',
          {
            type: 'beep',
            label: 'Beep',
            effect: 'local',
            argumentsSchema: { type: 'object', properties: { times: { anyOf: [{ type: 'number' }] } } },
            check: () => [],
          },
        ],
      ]),
    };
    const problems = validator(bare);
    const beep = (more: object) => ({
      trigger: { type: 'event', module: 'things', event: 'created' },
      steps: [{ id: 'a', type: 'beep', ...more }],
    });
    expect(problems(beep({}))).toEqual([]);
    expect(problems(beep({ with: { times: '{{index}}' } }))).toEqual([]);
    expect(problems(beep({ with: { times: 'often' } })).join()).toContain('/steps/0/with/times');
  });
});
