import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Catalog, FieldType, ModuleDescription } from '../../../src/core/catalog.js';
import { conditionProblems } from '../../../src/core/condition/condition.js';
import type { Json } from '../../../src/core/json.js';
import { MODULE } from '../operators/ask.js';

const ACCOUNTS: ModuleDescription = {
  name: 'accounts',
  singular: 'account',
  label: 'Accounts',
  fields: [
    { name: 'industry', label: 'Industry', type: 'text', nullable: true, writable: true },
    { name: 'meta', label: 'Meta', type: 'json', nullable: true, writable: true },
  ],
  relations: [{ name: 'parent', module: 'accounts' }],
  events: [],
};
const CATALOG: Catalog = {
  modules: new Map([
    ['things', MODULE],
    ['accounts', ACCOUNTS],
  ]),
  actions: new Map(),
};
const ABOUT = { module: MODULE, catalog: CATALOG };
const STRUCTURE = { module: null, catalog: null };

function problems(condition: unknown, about: typeof ABOUT | typeof STRUCTURE = ABOUT): string[] {
  return conditionProblems(condition, 'conditions', about).map(({ path, message }) => `${path}: ${message}`);
}

/** Problems of a test on a field that is called like its type. */
function ofValue(type: string, operator: string, value?: Json): string[] {
  return problems({ field: type, operator, ...(value !== undefined && { value }) });
}

describe('the structure of a condition', () => {
  const group = 'This must be a group { "all" | "any" | "none": […] } or a test { "field", "operator", "value" }.';

  it.each([null, undefined, 5, 'x', true, []])('%j is none', (condition) => {
    expect(problems(condition)).toEqual([`conditions: ${group}`]);
  });

  it.each<[unknown, string[]]>([
    [{ all: {} }, ['conditions.all: "all" must be a list of groups and tests.']],
    [{ any: [5] }, [`conditions.any[0]: ${group}`]],
    [{ all: [], any: [] }, ['conditions.any: This is not known here. Known are: all.']],
    [
      { none: [{ all: [{}] }] },
      [
        'conditions.none[0].all[0].field: Choose the field that is tested.',
        'conditions.none[0].all[0].operator: A test needs an operator.',
      ],
    ],
    [
      { field: 'text', operator: 'is_empty', note: 'x' },
      ['conditions.note: This is not known here. Known are: field, operator, value, caseSensitive.'],
    ],
    [
      { field: 'text', operator: 'equals', value: 'a', caseSensitive: 'yes' },
      ['conditions.caseSensitive: "caseSensitive" must be true or false.'],
    ],
    [{ field: 5, operator: 'is_empty' }, ['conditions.field: Choose the field that is tested.']],
    [{ field: '', operator: 'is_empty' }, ['conditions.field: Choose the field that is tested.']],
    [{ field: 'a..b', operator: 'is_empty' }, ['conditions.field: "a..b" is not the path of a field.']],
    [{ field: 'context.__proto__', operator: 'is_empty' }, ['conditions.field: "context.__proto__" is not the path of a field.']],
    [{ field: 'text', operator: 'bogus' }, ['conditions.operator: There is no operator "bogus".']],
    [{ field: 'text', operator: 'toString' }, ['conditions.operator: There is no operator "toString".']],
    [{ field: 'text', operator: ['equals'] }, ['conditions.operator: A test needs an operator.']],
    [
      JSON.parse('{"field":"text","operator":"is_empty","__proto__":{}}'),
      ['conditions.__proto__: This is not known here. Known are: field, operator, value, caseSensitive.'],
    ],
  ])('%j', (condition, expected) => {
    expect(problems(condition)).toEqual(expected);
  });

  it('is named from the root when there is no path', () => {
    const condition = { any: [{ field: 'gone', operator: 'x', extra: 1 }], none: 1 };
    expect(conditionProblems(condition, '', ABOUT).map(({ path }) => path)).toEqual([
      'none',
      'any[0].extra',
      'any[0].field',
      'any[0].operator',
    ]);
    expect(conditionProblems({ field: 'text', operator: 'equals' }, '', ABOUT).map(({ path }) => path)).toEqual(['value']);
  });

  const test = { field: 'text', operator: 'is_empty' };
  const nested = (depth: number): unknown => (depth === 1 ? test : { all: [nested(depth - 1)] });

  it('may be 20 levels deep and no deeper, however deep the input', () => {
    expect(problems(nested(20))).toEqual([]);
    expect(problems(nested(21))).toEqual([`conditions${'.all[0]'.repeat(20)}: The condition is nested more than 20 levels deep.`]);
    let deep: unknown = test;
    for (let level = 0; level < 50_000; level++) deep = { any: [deep] };
    expect(problems(deep)).toHaveLength(1);
  });

  it('may have 500 groups and tests and no more', () => {
    expect(problems({ all: Array.from({ length: 499 }, () => test) })).toEqual([]);
    expect(problems({ all: Array.from({ length: 500 }, () => test) })).toEqual([
      'conditions: The condition has more than 500 groups and tests.',
    ]);
    expect(
      problems({ all: [{ any: Array.from({ length: 300 }, () => test) }, { any: Array.from({ length: 300 }, () => test) }, 5] }),
    ).toHaveLength(1);
  });

  it('never makes the check throw', () => {
    const junk = fc.oneof(
      fc.anything(),
      fc.record({
        field: fc.constantFrom('text', 'number', 'json'),
        operator: fc.constantFrom('equals', 'between', 'this', 'in_last', 'matches', 'changed_from_to', 'is_any_of'),
        value: fc.anything(),
      }),
    );
    fc.assert(
      fc.property(junk, (condition) => {
        expect(Array.isArray(problems({ all: [condition] }))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('fields of a condition', () => {
  it.each<[field: string, problem: string | null]>([
    ['text', null],
    ['record.text', null],
    ['id', null],
    ['gone', 'Module "things" has no field "gone".'],
    ['previous.text', null],
    ['previous.gone', 'Module "things" has no field "gone".'],
    ['record', null],
    ['json.any.thing', null],
    ['list.0', null],
    ['text.length', 'The field "text" holds no members: its type is text.'],
    ['account', null],
    ['account.id', null],
    ['account.industry', null],
    ['account.gone', 'Module "accounts" has no field "gone".'],
    ['account.meta.tier', null],
    ['account.parent.industry', 'Fields of related records are reached over one relation, not over two.'],
    ['account.industry.x', 'The field "industry" holds no members: its type is text.'],
    ['nobody.industry', 'Module "things" has no field "nobody".'],
    ['changes', null],
    ['changes.text', null],
    ['changes.text.from', null],
    ['changes.json.to.a', null],
    ['changes.text.before', 'A change has the members "from" and "to", not "before".'],
    ['changes.gone.from', 'Module "things" has no field "gone".'],
    ['trigger.body.anything', null],
    ['context.score', null],
    ['steps.a.output.b', null],
    ['item.x', null],
    ['now', null],
    ['index', null],
    ['actor.id', null],
    ['actor.roles.0', null],
    ['actor.email', 'There is no "actor.email".'],
    ['actor.toString', 'There is no "actor.toString".'],
    ['actor.id.x', 'There is no "actor.id.x".'],
    ['workflow.code', null],
    ['run.startedAt', null],
    ['run.gone', 'There is no "run.gone".'],
  ])('%s: %s', (field, problem) => {
    expect(problems({ field, operator: 'is_empty' })).toEqual(problem === null ? [] : [`conditions.field: ${problem}`]);
    const operand = { field: 'json', operator: 'equals', value: { field } };
    expect(problems(operand)).toEqual(problem === null ? [] : [`conditions.value.field: ${problem}`]);
  });

  it('are not looked up without a module, nor related ones without a catalogue', () => {
    expect(problems({ field: 'anything.at.all', operator: 'is_empty' }, STRUCTURE)).toEqual([]);
    expect(problems({ field: 'changes.anything.from', operator: 'is_empty' }, STRUCTURE)).toEqual([]);
    expect(conditionProblems({ field: 'account.anything', operator: 'is_empty' }, '', { module: MODULE, catalog: null })).toEqual([]);
    expect(conditionProblems({ field: 'gone', operator: 'is_empty' }, '', { module: MODULE, catalog: null })).toHaveLength(1);
  });

  it.each<[string, string, string]>([
    ['text', 'greater_than', '"greater_than" does not fit a field of type text; it is for number, money.'],
    ['number', 'contains', '"contains" does not fit a field of type number; it is for text.'],
    ['date', 'is_true', '"is_true" does not fit a field of type date; it is for boolean.'],
    ['text', 'between', '"between" does not fit a field of type text; it is for number, money, date, datetime.'],
    ['list', 'is_any_of', '"is_any_of" does not fit a field of type list; it is for text, number, money, boolean, date, datetime, json.'],
    ['account.industry', 'in_past', '"in_past" does not fit a field of type text; it is for date, datetime.'],
    ['actor.roles', 'contains', '"contains" does not fit a field of type list; it is for text.'],
    ['context.score', 'changed', 'Changes are known only of fields of the record.'],
    ['record', 'changed', 'Changes are known only of fields of the record.'],
    ['account.industry', 'changed', 'Changes of related records are not known.'],
    ['text', 'has_role', 'Roles are known only of the actor: test the field "actor".'],
    ['actor.name', 'has_role', 'Roles are known only of the actor: test the field "actor".'],
  ])('%s does not go with %s', (field, operator, problem) => {
    expect(problems({ field, operator })).toEqual([`conditions.operator: ${problem}`]);
  });

  it('of unknown type go with every operator', () => {
    expect(problems({ field: 'context.x', operator: 'greater_than', value: 5 })).toEqual([]);
    expect(problems({ field: 'json', operator: 'contains', value: 'a' })).toEqual([]);
    expect(problems({ field: 'json.a', operator: 'changed' })).toEqual([]);
  });

  it('name the owner where is_owner is used', () => {
    const about = { module: { ...MODULE, ownerField: undefined }, catalog: CATALOG };
    expect(conditionProblems({ field: 'text', operator: 'is_owner' }, '', about)).toEqual([
      { path: 'operator', message: 'Module "things" has no field that names the owner.' },
    ]);
    expect(problems({ field: 'text', operator: 'is_owner' })).toEqual([]);
    expect(problems({ field: 'actor', operator: 'has_role', value: 'manager' })).toEqual([]);
  });
});

describe('members of an object that are fields', () => {
  const text = { label: '', nullable: true, writable: true };
  const fields = [
    ...[
      { ...text, name: 'address', type: 'json' as const },
      { ...text, name: 'address.since', type: 'date' as const },
    ],
    ...[
      { ...text, name: 'address.geo.zone', type: 'number' as const },
      { ...text, name: 'address.extra', type: 'json' as const },
    ],
  ];
  const about = { module: { ...MODULE, fields }, catalog: null };
  const problemsOf = (field: string, operator: string, value?: Json) =>
    conditionProblems({ field, operator, ...(value === undefined ? {} : { value }) }, '', about).map(({ message }) => message);

  it('have types of their own', () => {
    expect(problemsOf('address.since', 'in_past')).toEqual([]);
    expect(problemsOf('previous.address.since', 'in_past')).toEqual([]);
    expect(problemsOf('address.geo.zone', 'greater_than', 3)).toEqual([]);
    expect(problemsOf('address.geo.zone', 'in_past')).toEqual([expect.stringContaining('does not fit a field of type number')]);
  });

  it('are the only ones, but for what lies inside free JSON and for objects on the way', () => {
    for (const field of ['address', 'address.geo', 'address.extra', 'address.extra.any.depth']) {
      expect(problemsOf(field, 'is_empty')).toEqual([]);
    }
    expect(problemsOf('address.zip', 'is_empty')).toEqual(['Module "things" has no field "address.zip".']);
    expect(problemsOf('address.geo.zip', 'is_empty')).toEqual([
      'Module "things" has no field "address.geo.zip". Did you mean "address.geo.zone"?',
    ]);
    expect(problemsOf('[address.since]', 'is_empty')).toEqual(['Module "things" has no field "address.since".']);
  });
});

describe('values of a condition', () => {
  it.each<[type: FieldType, good: Json[], bad: Json[], words: string]>([
    ['text', ['a', '', null], [5, true, ['a']], 'a text'],
    ['number', [5, -0.5, null], ['5', true, [5], Number.POSITIVE_INFINITY], 'a number'],
    ['money', [5], ['5'], 'a number'],
    ['boolean', [true, null], ['true', 0, [true]], 'true or false'],
    [
      'date',
      ['2024-05-01', '2024-05-01T10:00:00Z'],
      ['tomorrow', '2024-02-30', 5, ''],
      'a date in ISO 8601, such as "2024-05-01" or "2024-05-01T09:00:00Z"',
    ],
    ['list', [['a'], []], ['a', [5], [['a']], ['{{text}}']], 'a list of texts'],
    ['json', ['a', 5, true, ['a']], [[5], [[]]], 'a text, a number, true or false, a list of texts'],
  ])('have the type of a %s field', (type, good, bad, words) => {
    for (const value of good) expect(ofValue(type, 'equals', value)).toEqual([]);
    for (const value of bad) expect(ofValue(type, 'equals', value)).toEqual([`conditions.value: The value must be ${words}.`]);
  });

  it.each<[type: string, operator: string, value: Json | undefined, expected: string]>([
    ['text', 'equals', undefined, 'value: "equals" needs a value: one value.'],
    ['text', 'is_empty', 'x', 'value: "is_empty" takes no value.'],
    ['text', 'contains', '', 'value: The value must not be empty: nothing would ever be found.'],
    ['text', 'contains', null, 'value: The value must be a text.'],
    ['text', 'contains', ['a'], 'value: The value must be a text.'],
    ['text', 'contains', { a: 1 }, 'value: The value must be a text, { "field": … } or { "fromNow": … }.'],
    ['text', 'contains', { field: 'text', more: 1 }, 'value: The value must be a text, { "field": … } or { "fromNow": … }.'],
    ['text', 'contains', { fromNow: 'P1D' }, 'value: The value must be a text, not a date.'],
    ['number', 'greater_than', '5', 'value: The value must be a number.'],
    ['number', 'greater_than', null, 'value: The value must be a number.'],
    ['number', 'greater_than', { field: 'text' }, 'value.field: The field must hold a number; its type is text.'],
    ['number', 'greater_than', { field: 5 }, 'value.field: This must be the path of a field.'],
    ['number', 'greater_than', { field: 'a..b' }, 'value.field: This must be the path of a field.'],
    [
      'date',
      'before',
      { field: 'number' },
      'value.field: The field must hold a date in ISO 8601, such as "2024-05-01" or "2024-05-01T09:00:00Z"; its type is number.',
    ],
    ['date', 'before', { fromNow: 'soon' }, 'value.fromNow: "fromNow" must be an ISO 8601 duration, such as -P7D or PT2H.'],
    ['date', 'before', { fromNow: 7 }, 'value.fromNow: "fromNow" must be an ISO 8601 duration, such as -P7D or PT2H.'],
    ['text', 'is_any_of', undefined, 'value: "is_any_of" needs a value: a list of values.'],
    ['text', 'is_any_of', 'a', 'value: The value must be a list of values.'],
    ['text', 'is_any_of', [], 'value: The list must have at least one value.'],
    ['text', 'is_any_of', ['a', 5], 'value[1]: The value must be a text.'],
    ['text', 'is_any_of', { field: 'text' }, 'value.field: The field must hold a list of texts; its type is text.'],
    ['text', 'is_any_of', { fromNow: 'P1D' }, 'value: The value must be a list of texts, not a date.'],
    ['json', 'is_any_of', [['a']], 'value[0]: The value must be a text, a number, true or false.'],
    ['list', 'contains_any', ['a', 5], 'value[1]: The value must be a text.'],
    ['list', 'contains_any', [null], 'value[0]: The value must be a text.'],
    ['json', 'contains_any', [['a']], 'value[0]: The value must be a text, a number, true or false.'],
    ['list', 'contains_all', [], 'value: The list must have at least one value.'],
    ['number', 'between', undefined, 'value: "between" needs a value: a list of two values, the lowest and the highest.'],
    ['number', 'between', 5, 'value: The value must be a list of two values, the lowest and the highest.'],
    ['number', 'between', [1], 'value: The value must be a list of two values, the lowest and the highest.'],
    ['number', 'between', [1, '2'], 'value[1]: The value must be a number.'],
    ['number', 'between', [2, 1], 'value: The first value must not be above the second.'],
    ['date', 'between', ['2024-05-02', '2024-05-01'], 'value: The first value must not be above the second.'],
    [
      'date',
      'between',
      ['2024-05-02', 5],
      'value[1]: The value must be a date in ISO 8601, such as "2024-05-01" or "2024-05-01T09:00:00Z".',
    ],
    ['json', 'between', [1, '2024-05-01'], 'value: The values must be two numbers or two dates.'],
    ['json', 'between', ['2024-05-01', 1], 'value: The values must be two numbers or two dates.'],
    ['json', 'between', ['a', 5], 'value[0]: The value must be a number or a date.'],
    ['date', 'this', undefined, 'value: "this" needs a value: one of week, month, quarter, year.'],
    ['date', 'this', 'day', 'value: The period must be one of: week, month, quarter, year.'],
    ['date', 'this', ['week'], 'value: The period must be one of: week, month, quarter, year.'],
    ['date', 'in_last', 7, 'value: The value must be an amount and a unit, such as { "amount": 7, "unit": "day" }.'],
    ['date', 'in_last', { amount: 0, unit: 'day' }, 'value.amount: "amount" must be a whole number from 1 to 10000.'],
    ['date', 'in_last', { amount: 1.5, unit: 'day' }, 'value.amount: "amount" must be a whole number from 1 to 10000.'],
    ['date', 'in_last', { amount: 10_001, unit: 'day' }, 'value.amount: "amount" must be a whole number from 1 to 10000.'],
    ['date', 'in_last', { amount: '7', unit: 'day' }, 'value.amount: "amount" must be a whole number from 1 to 10000.'],
    [
      'date',
      'in_last',
      { amount: 7, unit: 'days' },
      'value.unit: "unit" must be one of: minute, hour, day, business_day, week, month. Did you mean "day"?',
    ],
    ['date', 'in_last', { amount: 7, unit: 'day', zone: 'x' }, 'value.zone: This is not known here. Known are: amount, unit.'],
    ['text', 'changed_from_to', ['a', 'b'], 'value: The value must be the values before and after, such as { "from": …, "to": … }.'],
    ['text', 'changed_from_to', { from: 'a' }, 'value: The value must be the values before and after, such as { "from": …, "to": … }.'],
    ['text', 'changed_from_to', { from: 5, to: 'b' }, 'value.from: The value must be a text.'],
    ['text', 'changed_from_to', { from: 'a', to: ['b'] }, 'value.to: The value must be a text.'],
    ['text', 'changed_from_to', { from: 'a', to: 'b', by: 'c' }, 'value.by: This is not known here. Known are: from, to.'],
    ['money', 'increased_by', '5', 'value: The value must be a number.'],
    ['text', 'matches', 5, 'value: The value must be a text: a regular expression.'],
    ['text', 'matches', ['a'], 'value: The value must be a text: a regular expression.'],
    ['text', 'matches', '', 'value: The pattern is empty.'],
    ['text', 'matches', '{{context.pattern}}', 'value: A regular expression cannot hold {{ }}: it is checked before it is used.'],
    ['text', 'matches', 'a(?=b)', 'value: Lookahead and lookbehind are not supported, because they have no bound on their time.'],
    ['text', 'matches', '(?<!a)b', 'value: Lookahead and lookbehind are not supported, because they have no bound on their time.'],
    ['text', 'matches', '(a)\\1', 'value: Backreferences are not supported, because they have no bound on their time.'],
    ['text', 'matches', '(?<n>a)\\k<n>', 'value: Backreferences are not supported, because they have no bound on their time.'],
    ['text', 'matches', 'a(', 'value: The pattern is not valid: missing closing ): `a(`.'],
    ['text', 'matches', 'x'.repeat(1_001), 'value: The pattern is longer than 1000 characters.'],
    ['text', 'matches', '(?:a{500}b{500}){2}', 'value: The pattern is too large: use smaller repeat counts.'],
    ['text', 'equals', '{{#if}}', 'value: '],
    ['text', 'equals', '{{record.gone}}', 'value: Module "things" has no field "gone".'],
    ['text', 'equals', 'x {{account.gone}}', 'value: Module "accounts" has no field "gone".'],
  ])('%s %s %j', (type, operator, value, expected) => {
    const found = ofValue(type, operator, value);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`conditions.${expected}`);
  });

  it('refuses patterns that are too large together, except in what is published', () => {
    const pattern = { field: 'account.industry', operator: 'matches', value: '[ab]*a[ab]{900}[cd]' };
    const some = (count: number) => ({ all: Array.from({ length: count }, () => pattern) });
    expect(conditionProblems(some(5), 'conditions', ABOUT)).toEqual([]);
    expect(conditionProblems(some(500 - 1), 'conditions', ABOUT)).toEqual([
      { path: 'conditions', message: 'The patterns of the condition are too large together: use fewer, or smaller repeat counts.' },
    ]);
    expect(conditionProblems(some(6), 'conditions', STRUCTURE)).toEqual([]);
  });

  it.each<[type: string, operator: string, value: Json]>([
    ['text', 'is_empty', null],
    ['text', 'contains', '{{context.part}}'],
    ['text', 'contains', { field: 'account.industry' }],
    ['number', 'greater_than', { field: 'previous.money' }],
    ['number', 'greater_than', { field: 'context.limit' }],
    ['number', 'between', [1, 1]],
    ['number', 'between', ['{{context.low}}', 5]],
    ['number', 'between', [5, { field: 'money' }]],
    ['json', 'between', ['2024-05-01', { fromNow: 'P1D' }]],
    ['json', 'between', [{ field: 'context.a' }, 1]],
    ['date', 'between', ['2024-05-02', '2024-05-01T10:00']],
    ['date', 'before', { fromNow: '-P7D' }],
    ['json', 'equals', { fromNow: '-P7D' }],
    ['date', 'before', { field: 'datetime' }],
    ['text', 'is_any_of', ['a', '{{context.b}}', { field: 'previous.text' }, null]],
    ['text', 'is_any_of', { field: 'list' }],
    ['text', 'is_any_of', '{{context.list}}'],
    ['list', 'is_exactly', []],
    ['date', 'next', 'quarter'],
    ['date', 'in_next', { amount: 2, unit: 'business_day' }],
    ['text', 'changed_from_to', { from: null, to: 'b' }],
    ['text', 'matches', '^[a-z]{2,5}\\d+$'],
    ['text', 'matches', '[(?=]'],
  ])('%s %s %j is fine', (type, operator, value) => {
    expect(ofValue(type, operator, value)).toEqual([]);
  });

  it('are checked as of unknown type when the field is wrong', () => {
    expect(ofValue('gone', 'equals', { a: 1 })).toHaveLength(2);
    expect(ofValue('gone', 'greater_than', 5)).toEqual(['conditions.field: Module "things" has no field "gone".']);
  });
});
