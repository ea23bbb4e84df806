import { describe, expect, it } from '@jest/globals';
import type { FieldType } from '../../../src/core/catalog.js';
import { expressionType, fitsField } from '../../../src/core/definition/value-types.js';
import type { Json } from '../../../src/core/json.js';
import { MODULE } from '../operators/ask.js';

describe('the type of a value in a definition', () => {
  it.each<[Json, FieldType | null]>([
    ['{{record.money}}', 'money'],
    [' {{ money }} ', 'money'],
    ['{{previous.text}}', 'text'],
    ['{{changes.list.to}}', 'list'],
    ['{{now}}', 'datetime'],
    ['{{record.account.name}}', null],
    ['{{trigger.body.money}}', null],
    ['{{nothing}}', null],
    ['{{a..b}}', null],
    ['{{upper text}}', null],
    ['{{{text}}}', null],
    ['at {{text}}', null],
    ['{{text}}{{text}}', null],
    ['text', null],
    [5, null],
    [['{{text}}'], null],
  ])('%j is of type %s', (value, type) => {
    expect(expressionType(value, MODULE)).toBe(type);
  });

  it('is not known where the workflow is about no module', () => {
    expect(expressionType('{{money}}', null)).toBeNull();
    expect(expressionType('{{run.startedAt}}', null)).toBe('datetime');
  });
});

describe('a field', () => {
  it.each<[FieldType, FieldType]>([
    ['number', 'text'],
    ['money', 'text'],
    ['boolean', 'text'],
    ['date', 'text'],
    ['datetime', 'number'],
    ['text', 'list'],
    ['list', 'text'],
    ['boolean', 'number'],
  ])('of type %s cannot be set from one of type %s', (target, source) => {
    expect(fitsField(target, source)).toBe(false);
  });

  it.each<[FieldType, FieldType]>([
    ['money', 'number'],
    ['number', 'money'],
    ['date', 'datetime'],
    ['datetime', 'date'],
    ['text', 'number'],
    ['text', 'boolean'],
    ['json', 'list'],
    ['number', 'json'],
    ['list', 'json'],
  ])('of type %s can be set from one of type %s', (target, source) => {
    expect(fitsField(target, source)).toBe(true);
  });
});
