import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/core/json.js';
import { checkAnswers } from '../../../src/core/people/answers.js';
import { answerType, FORM_FIELD_TYPES, type FormField } from '../../../src/core/people/form-field.js';

const told = (field: Omit<FormField, 'name'>, value: JsonObject[string]): string | undefined =>
  checkAnswers([{ name: 'a', ...field }], { a: value ?? null }).problems.map(({ path, message }) => `${path}: ${message}`)[0];

describe('answers to a form', () => {
  it('are kept by field, null where nothing was filled in, and name what must exist in the CRM', () => {
    const fields: FormField[] = [
      { name: 'note', type: 'text' },
      { name: 'blank', type: 'text' },
      { name: 'agreed', type: 'boolean' },
      { name: 'who', type: 'user' },
      { name: 'account', type: 'record', module: 'accounts' },
      { name: 'missing', type: 'number' },
    ];
    expect(checkAnswers(fields, { note: 'Soon\u0000.', blank: '  ', agreed: false, who: 'u-1', account: '7' })).toEqual({
      values: { note: expect.not.stringContaining('\u0000'), blank: null, agreed: false, who: 'u-1', account: '7', missing: null },
      problems: [],
      users: [{ path: 'who', id: 'u-1' }],
      records: [{ path: 'account', module: 'accounts', id: '7' }],
    });
  });

  it('may not be for fields that the form does not have', () => {
    expect(checkAnswers([{ name: 'budget', type: 'number' }], { bugdet: 1, constructor: 2 }).problems).toEqual([
      { path: 'bugdet', message: 'The form has no such field. Did you mean "budget"?' },
      { path: 'constructor', message: 'The form has no such field.' },
    ]);
  });

  it.each<[JsonObject]>([[{}], [{ a: null }], [{ a: '' }], [{ a: ' ' }]])('have to be there where they are required: %j', (given) => {
    const { problems, values } = checkAnswers([{ name: 'a', type: 'text', required: true }], given);
    expect(problems).toEqual([{ path: 'a', message: '"a" has to be filled in.' }]);
    expect(values).toEqual({ a: null });
  });

  it('are told by the label that people see, where there is one', () => {
    const kickOff = { name: 'kickOffOn', label: 'Kick-off on', type: 'date', required: true } as const;
    expect(checkAnswers([kickOff], {}).problems).toEqual([{ path: 'kickOffOn', message: '"Kick-off on" has to be filled in.' }]);
    expect(checkAnswers([kickOff], { kickOffOn: true }).problems[0]?.message).toMatch(/^"Kick-off on" must be a date/);
  });

  it.each<[Omit<FormField, 'name'>, JsonObject[string]]>([
    [{ type: 'boolean', required: true }, false],
    [{ type: 'number', min: 1, max: 3 }, 1],
    [{ type: 'money', min: 1, max: 3 }, 3],
    [{ type: 'number' }, -0.5],
    [{ type: 'date', min: '2030-01-01', max: '2030-01-31' }, '2030-01-31'],
    [{ type: 'date' }, '2028-02-29'],
    [{ type: 'choice', options: ['S', 'M'] }, 'M'],
    [{ type: 'text', maxLength: 3 }, 'abc'],
    [{ type: 'user' }, 'u-1'],
    [{ type: 'record', module: 'leads' }, '42'],
  ])('are taken: %j %j', (field, value) => {
    expect(told(field, value)).toBeUndefined();
  });

  it.each<[Omit<FormField, 'name'>, JsonObject[string], string]>([
    [{ type: 'boolean' }, 'yes', 'a: "a" must be true or false.'],
    [{ type: 'number' }, '7', 'a: "a" must be a number.'],
    [{ type: 'number' }, 1e300, `a: "a" must be a number from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}.`],
    [{ type: 'money', min: 5 }, 4.99, 'a: "a" must be at least 5.'],
    [{ type: 'money', max: 5 }, 5.01, 'a: "a" must be at most 5.'],
    [{ type: 'date' }, '2030-02-30', 'a: "a" must be a date, such as 2030-01-31.'],
    [{ type: 'date' }, '2030-01-31T09:00', 'a: "a" must be a date, such as 2030-01-31.'],
    [{ type: 'date' }, 5, 'a: "a" must be a date, such as 2030-01-31.'],
    [{ type: 'date', min: '2030-01-02' }, '2030-01-01', 'a: "a" must not be before 2030-01-02.'],
    [{ type: 'date', max: '2030-01-02' }, '2030-01-03', 'a: "a" must not be after 2030-01-02.'],
    [{ type: 'choice', options: ['S', 'M'] }, 'L', 'a: "a" must be one of: S, M.'],
    [{ type: 'choice' }, ['S'], 'a: "a" must be one of: .'],
    [{ type: 'text' }, { a: 1 }, 'a: "a" must be a text.'],
    [{ type: 'text', maxLength: 3 }, 'abcd', 'a: "a" must have at most 3 characters.'],
    [{ type: 'text' }, 'x'.repeat(10_001), 'a: "a" must have at most 10000 characters.'],
    [{ type: 'user' }, 7, 'a: "a" must be the id of a user, a text.'],
    [{ type: 'record', module: 'leads' }, 'x'.repeat(201), 'a: "a" must be the id of a record, a text.'],
  ])('are refused with the reason: %j %j', (field, value, problem) => {
    expect(told(field, value)).toBe(problem);
  });

  it('have types that later steps know', () => {
    expect(FORM_FIELD_TYPES.map((type) => answerType({ type }))).toEqual([
      'text',
      'number',
      'money',
      'date',
      'text',
      'boolean',
      'text',
      'text',
    ]);
  });
});
