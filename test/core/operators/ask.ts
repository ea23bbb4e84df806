import { expect } from '@jest/globals';
import type { FieldType, ModuleDescription } from '../../../src/core/catalog.js';
import { type ConditionSubject, compileCondition } from '../../../src/core/condition/condition.js';
import type { FieldTest } from '../../../src/core/condition/tree.js';
import type { Json } from '../../../src/core/json.js';

const TYPES: FieldType[] = ['text', 'number', 'money', 'boolean', 'date', 'datetime', 'list', 'json'];

/** A module with a field of each type, called like the type. */
export const MODULE: ModuleDescription = {
  name: 'things',
  singular: 'thing',
  label: 'Things',
  fields: [
    ...TYPES.map((type) => ({ name: type, label: type, type, nullable: true, writable: true })),
    { name: 'ownerId', label: 'Owner', type: 'text', nullable: true, writable: true },
  ],
  relations: [{ name: 'account', module: 'accounts' }],
  events: [
    { name: 'created', label: 'Created', rule: { on: 'created' } },
    { name: 'updated', label: 'Updated', rule: { on: 'updated' } },
    { name: 'stage_changed', label: 'Stage changed', rule: { on: 'changed', field: 'text' } },
    { name: 'converted', label: 'Converted', rule: { on: 'custom' } },
  ],
  ownerField: 'ownerId',
};

/** A Wednesday in a leap year, at noon. */
export const NOW = '2024-05-15T12:00:00.000Z';

export function subjectOf(parts: Partial<ConditionSubject> = {}): ConditionSubject {
  return {
    record: null,
    previous: null,
    changes: {},
    trigger: {},
    context: {},
    steps: {},
    actor: { type: 'user', id: 'u-1', name: 'Ann', roles: ['Manager'] },
    now: new Date(NOW),
    timezone: 'UTC',
    ...parts,
  };
}

/** The answer of one test, as `true`, `false` or the note of a test that could not hold. Quick and explained answer must agree. */
export function answer(test: FieldTest, subject: ConditionSubject, module: ModuleDescription | null = MODULE): boolean | string {
  const compiled = compileCondition(test, module);
  const explanation = compiled.explain(subject);
  expect(compiled.test(subject)).toBe(explanation.result);
  if (!('field' in explanation)) throw new Error('not a test');
  if (explanation.note !== undefined) expect(explanation.result).toBe(false);
  return explanation.note ?? explanation.result;
}

/** Asks about a record whose field of this type holds `seen`. */
export function ask(
  type: string,
  seen: Json | undefined,
  operator: string,
  value?: Json,
  parts: Partial<ConditionSubject> = {},
  more: Partial<FieldTest> = {},
) {
  const record = seen === undefined ? {} : { [type]: seen };
  return answer({ field: type, operator, ...(value !== undefined && { value }), ...more }, subjectOf({ record, ...parts }));
}

export const EMPTY = 'the field is empty';
