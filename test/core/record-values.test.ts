import { describe, expect, it } from '@jest/globals';
import type { FieldType, ModuleDescription } from '../../src/core/catalog.js';
import { toRecordData } from '../../src/core/record-values.js';

const field = (name: string, type: FieldType) => ({ name, label: name, type, nullable: true, writable: true });
const DEALS: ModuleDescription = {
  name: 'deals',
  singular: 'deal',
  label: 'Deals',
  fields: [field('amount', 'money'), field('count', 'number'), field('ownerId', 'text'), field('closeOn', 'date'), field('tags', 'list')],
  relations: [],
  events: [],
};

describe('a record as the host published it', () => {
  it.each([
    [{ amount: '50000.00' }, { amount: 50000 }],
    [
      { amount: '-0.5', count: '7' },
      { amount: -0.5, count: 7 },
    ],
    [
      { ownerId: 7, id: 12 },
      { ownerId: '7', id: '12' },
    ],
    [{ closeOn: '2026-03-01T00:00:00.000Z' }, { closeOn: '2026-03-01' }],
  ])('%j becomes %j', (given, expected) => {
    expect(toRecordData(DEALS, given)).toEqual(expected);
  });

  it.each([
    [{ amount: '' }],
    [{ amount: 'many' }],
    [{ amount: '12345678901234567890.12' }],
    [{ amount: '1e5' }],
    [{ amount: null, count: true }],
    [{ closeOn: '2026-03-01T10:00:00.000Z' }],
    [{ unknown: '5', other: 5 }],
    [{ tags: ['1', 2] }],
  ])('%j stays as it is', (given) => {
    expect(toRecordData(DEALS, given)).toEqual(given);
  });
});
