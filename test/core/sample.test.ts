import { describe, expect, it } from '@jest/globals';
import type { FieldDescription, ModuleDescription } from '../../src/core/catalog.js';
import { sampleOutput, sampleRecord } from '../../src/core/sample.js';

const NOW = new Date('2026-03-01T10:00:00Z');
const field = (name: string, type: FieldDescription['type'], more: Partial<FieldDescription> = {}): FieldDescription => ({
  name,
  label: `${name[0]?.toUpperCase()}${name.slice(1)}`,
  type,
  nullable: true,
  writable: true,
  ...more,
});
const LEADS: ModuleDescription = {
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  fields: [
    field('id', 'text'),
    field('name', 'text'),
    field('email', 'text'),
    field('amount', 'money'),
    field('rating', 'number'),
    field('hot', 'boolean'),
    field('born', 'date'),
    field('seenAt', 'datetime'),
    field('tags', 'list', { options: ['a', 'b'] }),
    field('notes', 'list'),
    field('source', 'text', { options: ['Web', 'Phone'] }),
    field('stage', 'text'),
    field('ownerId', 'text'),
    field('accountId', 'text'),
    field('address', 'json'),
    field('address.city', 'text', { label: 'City' }),
    field('address.geo.lat', 'number'),
    field('extra', 'json'),
  ],
  relations: [{ name: 'account', module: 'accounts' }],
  events: [],
  stageField: 'stage',
  ownerField: 'ownerId',
  references: [{ field: 'accountId', module: 'accounts' }],
};

describe('a sample', () => {
  it('of a record has every field with a value of its type, and nothing that would have to exist', () => {
    expect(sampleRecord(LEADS, {}, NOW)).toEqual({
      id: 'sample',
      name: 'Sample Name',
      email: 'sample@example.com',
      amount: 1,
      rating: 1,
      hot: true,
      born: '2026-03-01',
      seenAt: '2026-03-01T10:00:00.000Z',
      tags: ['a'],
      notes: [],
      source: 'Web',
      stage: null,
      ownerId: null,
      accountId: null,
      address: { city: 'Sample City', geo: { lat: 1 } },
      extra: null,
      account: null,
    });
  });

  it('of a record keeps what is given, and does without references', () => {
    const { references: _, ...module } = LEADS;
    expect(sampleRecord(module, { id: '7', name: 'Ann', account: { name: 'Acme' } }, NOW)).toMatchObject({
      id: '7',
      name: 'Ann',
      account: { name: 'Acme' },
      accountId: 'Sample AccountId',
    });
  });

  it('of an output has its shape', () => {
    expect(sampleOutput({ status: 'number', body: 'json', who: { name: 'text', at: 'datetime' } }, NOW)).toEqual({
      status: 1,
      body: null,
      who: { name: 'Sample name', at: '2026-03-01T10:00:00.000Z' },
    });
  });
});
