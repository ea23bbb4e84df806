import { describe, expect, it } from '@jest/globals';
import type { ConditionSubject } from '../../../src/core/condition/condition.js';
import type { FieldChange } from '../../../src/core/event.js';
import type { Json } from '../../../src/core/json.js';
import { answer, subjectOf } from './ask.js';

const NOT_CHANGED = 'the field was not changed';
const UNKNOWN = 'what the field held before is not known';

function about(field: string, operator: string, value: Json | undefined, parts: Partial<ConditionSubject>) {
  return answer({ field, operator, ...(value !== undefined && { value }) }, subjectOf(parts));
}

/** An update that changed one field, as the event tells it. */
function changed(field: string, from: Json, to: Json): Partial<ConditionSubject> {
  return { record: { [field]: to }, previous: { [field]: from }, changes: { [field]: { from, to } } };
}

describe('operators of changes', () => {
  it.each<[operator: string, value: Json | undefined, expected: boolean]>([
    ['changed', undefined, true],
    ['not_changed', undefined, false],
    ['changed_from', 'new', true],
    ['changed_from', 'Won', false],
    ['changed_to', 'WON', true],
    ['changed_to', 'New', false],
    ['changed_from_to', { from: 'new', to: 'won' }, true],
    ['changed_from_to', { from: 'won', to: 'won' }, false],
    ['changed_from_to', { from: 'new', to: 'new' }, false],
    ['was', 'new', true],
    ['was', 'won', false],
  ])('of a change from New to Won, %s %j is %s', (operator, value, expected) => {
    expect(about('text', operator, value, changed('text', 'New', 'Won'))).toBe(expected);
  });

  it.each<[operator: string, value: Json | undefined, expected: boolean | string]>([
    ['changed', undefined, NOT_CHANGED],
    ['not_changed', undefined, true],
    ['changed_from', 'New', NOT_CHANGED],
    ['changed_to', 'New', NOT_CHANGED],
    ['changed_from_to', { from: 'New', to: 'New' }, NOT_CHANGED],
    ['was', 'New', true],
    ['was', 'Won', false],
    ['increased', undefined, NOT_CHANGED],
  ])('of a field that the event left alone, %s %j is %s', (operator, value, expected) => {
    const field = operator === 'increased' ? 'number' : 'text';
    expect(about(field, operator, value, { record: { text: 'New', number: 1 }, changes: { money: { from: 1, to: 2 } } })).toBe(expected);
  });

  it.each<[operator: string, value: Json | undefined, expected: boolean | string]>([
    ['changed', undefined, UNKNOWN],
    ['not_changed', undefined, true],
    ['changed_from', null, UNKNOWN],
    ['changed_to', 'New', UNKNOWN],
    ['was', 'New', UNKNOWN],
    ['was', null, UNKNOWN],
  ])('of a new record, %s %j is %s', (operator, value, expected) => {
    expect(about('text', operator, value, { record: { text: 'New' } })).toBe(expected);
  });

  it('falls back on the record before where the event names no changes', () => {
    const parts = { record: { text: 'Won', list: ['a', { b: 1 }] }, previous: { text: 'New', list: ['a', { b: 1 }] } };
    expect(about('text', 'changed', undefined, parts)).toBe(true);
    expect(about('text', 'changed_from', 'New', parts)).toBe(true);
    expect(about('text', 'was', 'New', parts)).toBe(true);
    expect(about('list', 'changed', undefined, parts)).toBe(NOT_CHANGED);
    expect(about('number', 'changed', undefined, parts)).toBe(NOT_CHANGED);
    expect(about('text', 'changed_to', null, { record: null, previous: { text: 'New' } })).toBe(true);
  });

  it('tells changes from and to nothing', () => {
    expect(about('text', 'changed_from', null, changed('text', null, 'a'))).toBe(true);
    expect(about('text', 'changed_to', null, changed('text', 'a', null))).toBe(true);
    expect(about('text', 'changed_to', 'a', changed('text', 'a', null))).toBe(false);
    expect(about('number', 'changed_to', 0, changed('number', 5, null))).toBe(false);
  });

  it('compares by the type of the field, and shows mismatches', () => {
    expect(about('number', 'changed_to', 5, changed('number', 1, '5'))).toBe('the field holds a text, not a number');
    expect(about('number', 'changed_from_to', { from: 1, to: 5 }, changed('number', '1', 5))).toBe('the field holds a text, not a number');
    expect(about('date', 'changed_to', '2024-05-01', changed('date', null, '2024-05-01T00:00:00.000Z'))).toBe(true);
    expect(about('date', 'changed', undefined, changed('date', '2024-05-01', '2024-05-01T00:00:00.000Z'))).toBe(NOT_CHANGED);
    expect(about('datetime', 'was', '2024-05-01', changed('datetime', '2024-05-01T10:00:00Z', null))).toBe(true);
  });

  it('looks into members of json fields', () => {
    const parts = changed('json', { plan: 'free', seats: 1 }, { plan: 'pro', seats: 1 });
    expect(about('json.plan', 'changed_to', 'pro', parts)).toBe(true);
    expect(about('json.plan', 'was', 'free', parts)).toBe(true);
    expect(about('json.seats', 'changed', undefined, parts)).toBe(NOT_CHANGED);
  });

  it('does not stumble over changes that are none', () => {
    const changes = { text: null } as unknown as Record<string, FieldChange>;
    expect(about('text', 'changed', undefined, { record: { text: 'a' }, changes })).toBe(UNKNOWN);
  });

  it('says when the values to compare with cannot be used', () => {
    const other = { field: 'context.other' };
    const parts = { ...changed('number', 1, 5), context: { other: 'x' } };
    const note = 'the value to compare with is a text, not a number';
    expect(about('number', 'changed_to', other, parts)).toBe(note);
    expect(about('number', 'was', other, parts)).toBe(note);
    expect(about('number', 'changed_from_to', { from: other, to: 5 }, parts)).toBe(note);
    expect(about('number', 'changed_from_to', { from: 1, to: other }, parts)).toBe(note);
    expect(about('number', 'increased_by', other, parts)).toBe(note);
    expect(about('number', 'changed_from_to', { from: '{{context.gone}}', to: 5 }, parts)).toMatch(/cannot be rendered/);
    expect(about('number', 'changed_from_to', { from: { field: 'context.one' }, to: 5 }, { ...parts, context: { one: 1 } })).toBe(true);
  });

  it.each<[from: Json, to: Json, operator: string, value: Json | undefined, expected: boolean | string]>([
    [1, 2, 'increased', undefined, true],
    [2, 1, 'increased', undefined, false],
    [2, 1, 'decreased', undefined, true],
    [1, 2, 'decreased', undefined, false],
    [100, 150, 'increased_by', 50, true],
    [100, 149.99, 'increased_by', 50, false],
    [100, 200, 'increased_by', 50, true],
    [0.1, 0.3, 'increased_by', 0.2, true],
    [0.3, 0.1, 'decreased_by', 0.2, true],
    [200, 100, 'decreased_by', 100, true],
    [200, 101, 'decreased_by', 100, false],
    [100, 200, 'decreased_by', 50, false],
    [1, 2, 'increased_by', 0, true],
    [null, 5, 'increased', undefined, 'the field is empty'],
    [5, null, 'decreased', undefined, 'the field is empty'],
    ['1', 5, 'increased', undefined, 'the field holds a text, not a number'],
    [1, [], 'increased_by', 1, 'the field holds a list, not a number'],
  ])('from %j to %j, %s %j: %s', (from, to, operator, value, expected) => {
    expect(about('money', operator, value, changed('money', from, to))).toBe(expected);
  });
});
