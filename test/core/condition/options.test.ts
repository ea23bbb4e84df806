import { describe, expect, it } from '@jest/globals';
import type { Catalog, FieldDescription, ModuleDescription } from '../../../src/core/catalog.js';
import { compileCondition, conditionProblems } from '../../../src/core/condition/condition.js';
import type { Condition } from '../../../src/core/condition/tree.js';
import type { Json, JsonObject } from '../../../src/core/json.js';
import { triggerProblems } from '../../../src/core/trigger/trigger.js';

const field = (name: string, type: FieldDescription['type'], options?: string[]): FieldDescription => {
  return { name, label: name, type, nullable: true, writable: true, ...(options && { options }) };
};
const LEADS: ModuleDescription = {
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  fields: [
    field('stage', 'text', ['New', 'Qualified', 'Won']),
    field('phase', 'text'),
    field('rating', 'number', ['1', '2', '3']),
    field('tags', 'list', ['vip', 'partner']),
  ],
  relations: [{ name: 'parent', module: 'leads' }],
  events: [
    { name: 'updated', label: 'Updated', rule: { on: 'updated' } },
    { name: 'stage_changed', label: 'Stage changed', rule: { on: 'changed', field: 'stage' } },
    { name: 'phase_changed', label: 'Phase changed', rule: { on: 'changed', field: 'phase' } },
  ],
  stageField: 'stage',
};
const CATALOG: Catalog = { modules: new Map([['leads', LEADS]]), actions: new Map() };

function problems(name: string, operator: string, value: Json, more: JsonObject = {}): string[] {
  const found = conditionProblems({ field: name, operator, value, ...more }, '', { module: LEADS, catalog: CATALOG });
  return found.map(({ path, message }) => `${path}: ${message}`);
}

describe('the value of a test on a field with fixed values', () => {
  it.each<[string, string, Json, string[]]>([
    ['stage', 'equals', 'Qualfied', ['value: There is no value "Qualfied". Did you mean "Qualified"? Values are: New, Qualified, Won.']],
    ['stage', 'is_any_of', ['New', 'Lost'], ['value[1]: There is no value "Lost". Values are: New, Qualified, Won.']],
    ['stage', 'changed_to', 'Lost', ['value: There is no value "Lost". Values are: New, Qualified, Won.']],
    ['stage', 'changed_from_to', { from: 'Old', to: 'Won' }, ['value.from: There is no value "Old". Values are: New, Qualified, Won.']],
    ['parent.stage', 'equals', 'Lost', ['value: There is no value "Lost". Values are: New, Qualified, Won.']],
    ['previous.stage', 'equals', 'Lost', ['value: There is no value "Lost". Values are: New, Qualified, Won.']],
    ['changes.stage.to', 'equals', 'Lost', ['value: There is no value "Lost". Values are: New, Qualified, Won.']],
    ['rating', 'equals', 4, ['value: There is no value "4". Values are: 1, 2, 3.']],
    ['tags', 'contains_any', ['vpi'], ['value[0]: There is no value "vpi". Did you mean "vip"? Values are: vip, partner.']],
    ['tags', 'equals', ['vip', 'x'], ['value: There is no value "x". Values are: vip, partner.']],
  ])('%s %s %j is a problem', (name, operator, value, expected) => {
    expect(problems(name, operator, value)).toEqual(expected);
  });

  it.each<[string, string, Json]>([
    ['stage', 'equals', 'qualified'],
    ['stage', 'equals', null],
    ['stage', 'equals', '{{context.stage}}'],
    ['stage', 'equals', { field: 'phase' }],
    ['stage', 'contains', 'Qual'],
    ['rating', 'equals', 3],
    ['rating', 'greater_than', 0],
    ['tags', 'contains_all', ['VIP']],
    ['phase', 'equals', 'whatever'],
  ])('%s %s %j is none', (name, operator, value) => {
    expect(problems(name, operator, value)).toEqual([]);
  });

  it('has to be in the right letter case where that counts', () => {
    expect(problems('stage', 'equals', 'won', { caseSensitive: true })).toEqual([
      'value: There is no value "won". Did you mean "Won"? Values are: New, Qualified, Won.',
    ]);
  });

  it('keeps no published condition from running that was saved when there was such a value', () => {
    const condition: Condition = { field: 'stage', operator: 'equals', value: 'Lost' };
    expect(() => compileCondition(condition, LEADS)).not.toThrow();
  });
});

describe('the stages of a trigger', () => {
  const told = (trigger: JsonObject, catalog: Catalog | null = CATALOG) =>
    triggerProblems({ type: 'event', module: 'leads', ...trigger }, '', catalog).map(({ path, message }) => `${path}: ${message}`);

  it('are those that the watched field may hold', () => {
    expect(told({ event: 'stage_changed', from: 'Nwe', to: ['won', 'Lost'] })).toEqual([
      'from: There is no value "Nwe". Did you mean "New"? Values are: New, Qualified, Won.',
      'to[1]: There is no value "Lost". Values are: New, Qualified, Won.',
    ]);
    expect(told({ event: 'updated', fields: ['stage'], to: 'Lost' })).toEqual([
      'to: There is no value "Lost". Values are: New, Qualified, Won.',
    ]);
  });

  it("may be any where the list is the host's to extend, or is not at hand", () => {
    expect(told({ event: 'phase_changed', to: 'Lost' })).toEqual([]);
    expect(told({ event: 'stage_changed', to: 'Lost' }, null)).toEqual([]);
  });
});

describe('a name that does not exist', () => {
  it.each<[JsonObject, string]>([
    [{ field: 'stgae', operator: 'is_empty' }, 'Module "leads" has no field "stgae". Did you mean "stage"?'],
    [{ field: 'paernt.stage', operator: 'is_empty' }, 'Module "leads" has no field "paernt". Did you mean "parent"?'],
    [{ field: 'stage', operator: 'equal', value: 'New' }, 'There is no operator "equal". Did you mean "equals"?'],
    [{ field: 'actor.nmae', operator: 'is_empty' }, 'There is no "actor.nmae". Did you mean "name"?'],
  ])('in the condition %j', (condition, message) => {
    expect(conditionProblems(condition, '', { module: LEADS, catalog: CATALOG })).toMatchObject([{ message }]);
  });

  it.each<[JsonObject, string]>([
    [{ type: 'event', module: 'laeds', event: 'updated' }, 'There is no module "laeds". Did you mean "leads"? Modules are: leads.'],
    [
      { type: 'event', module: 'leads', event: 'udpated' },
      'Module "leads" has no event "udpated". Did you mean "updated"? Its events are: updated, stage_changed, phase_changed.',
    ],
    [{ type: 'event', module: 'leads', event: 'updated', fields: ['tgas'] }, 'Module "leads" has no field "tgas". Did you mean "tags"?'],
    [{ type: 'manual', modul: 'leads' }, 'This is not known here. Did you mean "module"? Known are: type, module, input.'],
  ])('in the trigger %j', (trigger, message) => {
    expect(triggerProblems(trigger, '', CATALOG)).toMatchObject([{ message }]);
  });
});
