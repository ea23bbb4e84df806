import { describe, expect, it } from '@jest/globals';
import type { AutomationError } from '../../../src/core/errors.js';
import type { Json, JsonObject } from '../../../src/core/json.js';
import { declaredInput, type InputField } from '../../../src/core/trigger/manual-input.js';
import { triggerProblems } from '../../../src/core/trigger/trigger.js';

const told = (input: unknown) =>
  triggerProblems({ type: 'manual', input }, 'trigger', null).map(({ path, message }) => `${path}: ${message}`);
const trigger = (...input: InputField[]) => ({ type: 'manual' as const, input });

function refused(of: Parameters<typeof declaredInput>[0], given: JsonObject): AutomationError {
  try {
    declaredInput(of, given);
  } catch (error) {
    return error as AutomationError;
  }
  throw new Error('nothing was refused');
}

describe('the fields that a manual trigger declares', () => {
  it('may be of every type, with a label, a default and options', () => {
    const fields = [
      { name: 'why', type: 'text', label: 'Why', description: 'In your own words', required: true },
      { name: 'discount', type: 'number', default: 10 },
      { name: 'amount', type: 'money' },
      { name: 'day', type: 'date', default: '2026-03-01' },
      { name: 'at', type: 'datetime' },
      { name: 'urgent', type: 'boolean', default: false },
      { name: 'tier', type: 'choice', options: ['Gold', 'Silver'], default: 'Gold' },
    ];
    expect(told(fields)).toEqual([]);
    expect(told([])).toEqual([]);
  });

  it.each<[unknown, string[]]>([
    [{}, ['trigger.input: "input" must be a list of fields.']],
    [Array.from({ length: 51 }, (_, n) => ({ name: `f${n}`, type: 'text' })), ['trigger.input: "input" must have at most 50 fields.']],
    [[5], ['trigger.input[0]: A field must be an object.']],
    [
      [{}],
      [
        'trigger.input[0].name: "name" must be made of letters, digits and "_", starting with a letter.',
        'trigger.input[0].type: "type" must be one of: text, number, money, date, datetime, boolean, choice.',
      ],
    ],
    [
      [{ name: 'a', type: 'text', lable: 'A' }],
      [
        'trigger.input[0].lable: This is not known here. Did you mean "label"? Known are: name, label, description, type, required, options, default.',
      ],
    ],
    [
      [{ name: 'constructor', type: 'text' }],
      ['trigger.input[0].name: "name" must be made of letters, digits and "_", starting with a letter.'],
    ],
    [
      [{ name: 'a', type: 'text', label: 1, description: 2, required: 'yes', options: ['x'] }],
      [
        'trigger.input[0].label: "label" must be a text.',
        'trigger.input[0].description: "description" must be a text.',
        'trigger.input[0].required: "required" must be true or false.',
        'trigger.input[0].options: Only a choice has "options".',
      ],
    ],
    [[{ name: 'a', type: 'choice', options: [''] }], ['trigger.input[0].options: A choice needs "options", a list of 1 to 200 texts.']],
    [[{ name: 'a', type: 'choice', options: [] }], ['trigger.input[0].options: A choice needs "options", a list of 1 to 200 texts.']],
    [[{ name: 'a', type: 'choice' }], ['trigger.input[0].options: A choice needs "options", a list of 1 to 200 texts.']],
    [[{ name: 'a', type: 'choice', options: ['x'], default: 'y' }], ['trigger.input[0].default: "default" must be one of: x.']],
    [
      [
        { name: 'a', type: 'text' },
        { name: 'a', type: 'text' },
      ],
      ['trigger.input[1].name: Another field is called "a".'],
    ],
  ])('cannot be %j', (input, problems) => {
    expect(told(input)).toEqual(problems);
  });
});

describe('the input of a start', () => {
  it('is any object where nothing is declared, or another kind of trigger is', () => {
    const given = { whatever: [1] };
    const triggers = [null, { type: 'manual' }, { type: 'webhook' }] as const;
    for (const one of triggers) expect(declaredInput(one, given)).toBe(given);
  });

  it.each<[InputField['type'], Json[], Json[]]>([
    ['text', ['x', 'x'.repeat(10_000)], [5, 'x'.repeat(10_001)]],
    ['number', [0, -1.23456], ['1', true]],
    ['money', [10, 10.5, -0.0001], [10.00001, '10']],
    ['date', ['2026-03-01'], ['2026-02-30', '2026-03-01T09:00', 5]],
    ['datetime', ['2026-03-01T09:00', '2026-03-01T09:00:00Z'], ['2026-03-01', 'soon']],
    ['boolean', [true, false], ['yes', 0]],
    ['choice', ['Gold'], ['gold', 1, ['Gold']]],
  ])('that is declared as %s is checked', (type, good, bad) => {
    const of = trigger({ name: 'value', type, ...(type === 'choice' && { options: ['Gold'] }) });
    for (const value of good) expect(declaredInput(of, { value })).toEqual({ value });
    for (const value of bad) expect(refused(of, { value })).toMatchObject({ code: 'start_invalid', problems: [{ path: 'input.value' }] });
  });

  it('gets what was left out: the default, else null', () => {
    const of = trigger({ name: 'a', type: 'number', default: 3 }, { name: 'b', type: 'text' }, { name: 'c', type: 'text' });
    expect(declaredInput(of, { c: '' })).toEqual({ a: 3, b: null, c: null });
  });

  it('tells all that is wrong at once, each with its path', () => {
    const of = trigger({ name: 'why', type: 'text', required: true }, { name: 'amount', type: 'money' });
    expect(refused(of, { amount: 'much', reason: 'x' })).toMatchObject({
      message:
        'The input does not fit the workflow: input.reason is not asked for; input.why is missing; input.amount must be an amount: a number with at most 4 decimals.',
      hint: 'The workflow asks for: why, amount.',
      problems: [
        { path: 'input.reason', message: 'is not asked for' },
        { path: 'input.why', message: 'is missing' },
        { path: 'input.amount', message: 'must be an amount: a number with at most 4 decimals' },
      ],
    });
    expect(refused(of, { why: 'x', amuont: 1 }).problems).toEqual([
      { path: 'input.amuont', message: 'is not asked for. Did you mean "amount"?' },
    ]);
    expect(refused(trigger(), { x: 1 }).hint).toBe('The workflow asks for nothing.');
    expect(refused(of, { why: '' }).problems).toEqual([{ path: 'input.why', message: 'is missing' }]);
  });
});
