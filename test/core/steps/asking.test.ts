import { describe, expect, it } from '@jest/globals';
import type { Catalog, ModuleDescription } from '../../../src/core/catalog.js';
import { parseDefinition } from '../../../src/core/definition/parser.js';
import type { JsonObject } from '../../../src/core/json.js';
import { pathsReadBy } from '../../../src/core/steps/reads.js';

const field = (name: string, type: ModuleDescription['fields'][number]['type']): ModuleDescription['fields'][number] => ({
  name,
  label: name,
  type,
  nullable: true,
  writable: true,
});
const LEADS: ModuleDescription = {
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  fields: [field('name', 'text'), field('ownerId', 'text'), field('amount', 'money'), field('isHot', 'boolean'), field('teamIds', 'json')],
  relations: [],
  events: [{ name: 'created', label: 'Created', rule: { on: 'created' } }],
};
const CATALOG: Catalog = { modules: new Map([['leads', LEADS]]), actions: new Map() };
const APPROVAL = { id: 'ok', type: 'approval', message: 'Well?', role: 'manager' };
const FORM = { id: 'ask', type: 'form', queue: 'sales', fields: [{ name: 'a', type: 'text' }] };

function problems(step: object, trigger: JsonObject = { type: 'event', module: 'leads', event: 'created' }): string[] {
  const parsed = parseDefinition({ trigger, steps: [step] } as unknown as JsonObject, CATALOG);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}
const formWith = (one: object): object => ({ ...FORM, fields: [{ name: 'a', ...one }] });

describe('a step that asks people', () => {
  it.each<[string, object]>([
    ['everybody with a role', APPROVAL],
    ['so many of a role', { ...APPROVAL, required: 2 }],
    ['all of those who are named', { ...APPROVAL, role: undefined, assignees: ['u-1', '{{ownerId}}'], required: 'all' }],
    ['as many as an expression may name', { ...APPROVAL, role: undefined, assignees: ['{{teamIds}}'], required: 3 }],
    ['a queue', { ...APPROVAL, role: undefined, queue: 'desk', required: 'one', reasonRequired: true }],
    ['somebody else after a while', { ...APPROVAL, escalation: { after: 'P2D', role: 'director' }, dueIn: 'P1D', remindIn: 'PT8H' }],
    ['with fields of the record beside it', { ...APPROVAL, show: ['name', 'amount'], priority: 'urgent' }],
    ['for a review, without any field', { ...FORM, fields: undefined, purpose: 'review' }],
    ['for a hand-off', { ...FORM, fields: [], purpose: 'hand_off' }],
  ])('may ask %s', (_what, step) => {
    expect(problems(JSON.parse(JSON.stringify(step)))).toEqual([]);
  });

  it('cannot ask whom an answer before never names', () => {
    const first = { id: 'first', type: 'approval', message: 'Well?', role: 'manager' };
    const told = (assignee: string) => {
      const steps = [first, { ...APPROVAL, role: undefined, assignees: [assignee] }];
      const parsed = parseDefinition(JSON.parse(JSON.stringify({ trigger: { type: 'manual' }, steps })), CATALOG);
      return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
    };
    expect(told('{{steps.first.output.expired}}')).toEqual([
      'steps[1].assignees[0]: Users are asked by their ids, and "output.expired" of step "first" is of type boolean.',
    ]);
    expect(told('{{steps.first.output}}')).toEqual([expect.stringContaining('"output" of step "first" is an object.')]);
    expect([told('{{steps.first.output.by.id}}'), told('{{actor.id}}'), told('{{trigger.body.approver}}')]).toEqual([[], [], []]);
  });

  it('may show fields of a record whose module nobody knows beforehand', () => {
    expect(problems({ ...APPROVAL, show: ['whatever'] }, { type: 'manual' })).toEqual([]);
  });

  it.each<[object, string]>([
    [{ ...APPROVAL, message: undefined }, 'steps[0].message: "message" is missing.'],
    [{ ...APPROVAL, assignees: ['{{isHot}}'] }, 'steps[0].assignees[0]: Users are asked by their ids, and "isHot" is of type boolean.'],
    [{ ...APPROVAL, assignees: ['{{amount}}'] }, 'steps[0].assignees[0]: Users are asked by their ids, and "amount" is of type money.'],
    [{ ...APPROVAL, assignees: ['{{record}}'] }, 'steps[0].assignees[0]: Users are asked by their ids, and "record" is an object.'],
    [{ ...APPROVAL, assignees: ['{{seller}}'] }, 'steps[0].assignees[0]: Module "leads" has no field "seller".'],
    [{ ...APPROVAL, assignees: ['{{run.id}}'] }, 'steps[0].assignees[0]: Users are asked by their ids, and "run" never holds one.'],
    [{ ...APPROVAL, assignees: ['{{now}}'] }, 'steps[0].assignees[0]: Users are asked by their ids, and "now" never holds one.'],
    [
      { ...APPROVAL, escalation: { after: 'P1D', assignees: ['u-1', '{{amount}}'] } },
      'steps[0].escalation.assignees[1]: Users are asked by their ids, and "amount" is of type money.',
    ],
    [{ ...APPROVAL, required: 0 }, 'steps[0].required: "required" must be "one", "all", or a whole number from 1 to 50.'],
    [{ ...APPROVAL, required: 1.5 }, 'steps[0].required: "required" must be "one", "all", or a whole number from 1 to 50.'],
    [{ ...APPROVAL, required: 'most' }, 'steps[0].required: "required" must be "one", "all", or a whole number from 1 to 50.'],
    [{ ...APPROVAL, role: undefined, assignees: ['u-1', 'u-1'], required: 2 }, 'steps[0].required: "required" is 2, but only 1 is asked.'],
    [{ ...APPROVAL, role: undefined, assignees: ['u-1', 'u-2'], required: 3 }, 'steps[0].required: "required" is 3, but only 2 are asked.'],
    [
      { ...APPROVAL, role: undefined, queue: 'desk', required: 'all' },
      'steps[0].required: What is in a queue is for one person to decide: leave "required" out, or name "assignees" or a "role".',
    ],
    [{ ...APPROVAL, show: ['nmae'] }, 'steps[0].show[0]: Module "leads" has no field "nmae". Did you mean "name"?'],
    [{ ...APPROVAL, priority: 'now' }, 'steps[0].priority: "priority" must be one of: low, normal, high, urgent.'],
    [{ ...APPROVAL, dueIn: 'soon' }, 'steps[0].dueIn: "dueIn" must be an ISO 8601 duration, such as PT15M or P2D.'],
    [{ ...APPROVAL, escalation: [] }, 'steps[0].escalation: An escalation must be an object.'],
    [{ ...APPROVAL, escalation: { role: 'director' } }, 'steps[0].escalation.after: "after" is missing.'],
    [{ ...APPROVAL, escalation: { after: 'P2D' } }, 'steps[0].escalation: An escalation needs "assignees", a "role" or a "queue".'],
    [{ ...FORM, fields: undefined }, 'steps[0].fields: "fields" is missing.'],
    [{ ...FORM, purpose: 'game' }, 'steps[0].purpose: "purpose" must be one of: form, review, hand_off.'],
    [formWith({ type: 'number', min: '1' }), 'steps[0].fields[0].min: "min" must be a number.'],
    [formWith({ type: 'date', max: 'soon' }), 'steps[0].fields[0].max: "max" must be a date, such as 2030-01-31.'],
    [formWith({ type: 'number', min: 2, max: 1 }), 'steps[0].fields[0].max: "max" must not be below "min".'],
    [formWith({ type: 'record' }), 'steps[0].fields[0].module: A record needs a "module".'],
    [formWith({ type: 'record', module: '' }), 'steps[0].fields[0].module: This must not be empty.'],
    [formWith({ type: 'record', module: 'lead' }), 'steps[0].fields[0].module: There is no module "lead". Modules are: leads.'],
    [formWith({ type: 'text', module: 'leads' }), 'steps[0].fields[0].module: Only fields of type record have "module".'],
    [formWith({ type: 'number', maxLength: 3 }), 'steps[0].fields[0].maxLength: Only fields of type text have "maxLength".'],
    [formWith({ type: 'number', max: 5, default: 7 }), 'steps[0].fields[0].default: "default" must be at most 5.'],
    [formWith({ type: 'text', default: '{{#if}' }), 'steps[0].fields[0].default: '],
  ])('cannot be %j', (step, problem) => {
    expect(problems(JSON.parse(JSON.stringify(step)))).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[object]>([
    [{ type: 'number', min: 1, max: 9, default: 5 }],
    [{ type: 'date', default: '{{now}}' }],
    [{ type: 'text', default: null, maxLength: 5 }],
    [{ type: 'record', module: 'leads' }],
    [{ type: 'user', label: 'Who', description: 'Who takes it over.' }],
  ])('may have a field %j', (one) => {
    expect(problems(formWith(one))).toEqual([]);
  });

  it('reads the run where its texts, its people and its defaults do', () => {
    const steps = [
      { ...APPROVAL, assignees: ['{{ownerId}}'], message: '{{name}}?', escalation: { after: 'P1D', assignees: ['{{teamIds}}'] } },
      formWith({ type: 'money', default: '{{amount}}' }),
    ];
    const parsed = parseDefinition(
      { trigger: { type: 'event', module: 'leads', event: 'created' }, steps } as unknown as JsonObject,
      CATALOG,
    );
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect([...pathsReadBy(parsed.definition.steps, () => ({ paths: [] }))].sort()).toEqual([
      'record.amount',
      'record.name',
      'record.ownerId',
      'record.teamIds',
    ]);
  });
});
