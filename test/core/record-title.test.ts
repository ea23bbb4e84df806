import { describe, expect, it } from '@jest/globals';
import type { FieldType, ModuleDescription } from '../../src/core/catalog.js';
import { titleFieldsOf, titleOf, usualSearchFields } from '../../src/core/record-title.js';

function moduleOf(fields: Record<string, FieldType>, titleFields?: string[]): ModuleDescription {
  return {
    name: 'things',
    singular: 'thing',
    label: 'Things',
    fields: Object.entries(fields).map(([name, type]) => ({ name, label: name, type, nullable: true, writable: true })),
    relations: [],
    events: [],
    ...(titleFields && { titleFields }),
  };
}

describe('the title of a record', () => {
  it.each([
    ['its name', moduleOf({ number: 'text', title: 'text', name: 'text' }), ['name']],
    ['its title, where it has no name that is a text', moduleOf({ name: 'json', title: 'text' }), ['title']],
    ['its first and last name, not its title', moduleOf({ title: 'text', lastName: 'text', firstName: 'text' }), ['firstName', 'lastName']],
    ['its first and last name', moduleOf({ lastName: 'text', firstName: 'text', email: 'text' }), ['firstName', 'lastName']],
    ['the part of a name that there is', moduleOf({ lastName: 'text' }), ['lastName']],
    ['its number', moduleOf({ email: 'text', number: 'text', amount: 'money' }), ['number']],
    ['what the host says', moduleOf({ name: 'text', sku: 'number' }, ['sku', 'name']), ['sku', 'name']],
    ['nothing, where no field is like a name', moduleOf({ amount: 'money' }), []],
  ] as const)('is %s', (_what, module, fields) => {
    expect(titleFieldsOf(module)).toEqual(fields);
  });

  it('leaves out what is empty, and is the id where nothing is left', () => {
    const module = moduleOf({ sku: 'number', name: 'text' }, ['sku', 'name']);
    expect(titleOf(module, { id: '1', sku: 7, name: ' Chair ' })).toBe('7 Chair');
    expect(titleOf(module, { id: '1', sku: null, name: 'Chair' })).toBe('Chair');
    expect(titleOf(module, { id: '1', name: ' ', sku: {} })).toBe('1');
    expect(titleOf(module, { id: '1' })).toBe('1');
  });

  it('is what a search looks at first; then come other names, and how to reach whom it is about', () => {
    expect(usualSearchFields(moduleOf({ phone: 'text', email: 'text', name: 'text', notes: 'text', code: 'number' }))).toEqual([
      'name',
      'email',
      'phone',
    ]);
    expect(usualSearchFields(moduleOf({ sku: 'number', name: 'text' }, ['sku']))).toEqual(['name']);
  });
});
