import { describe, expect, it } from '@jest/globals';
import type { FieldType, ModuleDescription } from '../../src/core/catalog.js';
import { knownChanges, knownEvent, knownOf, ownFieldsOf, recordOf } from '../../src/core/record-values.js';

const field = (name: string, type: FieldType) => ({ name, label: name, type, nullable: true, writable: true });
const described = (name: string, fields: ModuleDescription['fields'], relations: ModuleDescription['relations'] = []) => ({
  ...{ name, singular: name, label: name, fields, relations, events: [] },
});
const DEALS = described(
  'deals',
  [
    ...[field('amount', 'money'), field('count', 'number'), field('ownerId', 'text'), field('closeOn', 'date'), field('tags', 'list')],
    ...[field('address', 'json'), field('address.city', 'text'), field('address.geo.zone', 'number'), field('a.b', 'text')],
  ],
  [
    { name: 'account', module: 'accounts' },
    { name: 'pet', module: 'pets' },
  ],
);
const ACCOUNTS = described('accounts', [field('id', 'text'), field('industry', 'text')], [{ name: 'parent', module: 'accounts' }]);
const CATALOG = { modules: new Map([DEALS, ACCOUNTS].map((one) => [one.name, one])) };

const recorded = (given: object) => recordOf(CATALOG, DEALS, given);
const throwing = (): never => {
  throw new Error('not loaded');
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
    [{ closeOn: new Date('2026-03-01T00:00:00.000Z') }, { closeOn: '2026-03-01' }],
  ])('%j becomes %j', (given, expected) => {
    expect(recorded(given)).toEqual(expected);
  });

  it.each([
    [{ amount: '' }],
    [{ amount: 'many' }],
    [{ amount: '12345678901234567890.12' }],
    [{ amount: '1e5' }],
    [{ amount: null, count: true }],
    [{ closeOn: '2026-03-01T10:00:00.000Z' }],
    [{ tags: ['1', 2] }],
    [{ 'a.b': 'a name with a dot' }],
  ])('%j stays as it is', (given) => {
    expect(recorded(given)).toEqual(given);
  });

  it('is what the catalog knows of it: lists that are loaded, methods and other members are not even looked at', () => {
    const looked: string[] = [];
    const given = new Proxy<Record<string, unknown>>(
      { id: 1, amount: '5.00', lines: [{ sku: 'a' }], password: 'secret', toJSON: () => ({ amount: 0, password: 'secret' }) },
      {
        get: (target, name) => {
          looked.push(String(name));
          return target[String(name)];
        },
      },
    );
    expect(recorded(given)).toEqual({ id: '1', amount: 5 });
    for (const name of ['lines', 'password', 'toJSON']) expect(looked).not.toContain(name);
  });

  it('does without a value that cannot be read, and says nothing of what holds undefined', () => {
    const given = Object.defineProperty({ id: 'd', tags: undefined, ownerId: 'u' }, 'amount', { get: throwing, enumerable: true });
    expect(recorded(given)).toEqual({ id: 'd', ownerId: 'u' });
  });

  it('has of a relation that is loaded its own fields, of one that is not loaded nothing', () => {
    const account = { id: 3, industry: 'Steel', secret: 'x', parent: { id: 4, industry: 'Ore' } };
    expect(recorded({ id: 'd', account, pet: { name: 'Rex' } })).toEqual({ id: 'd', account: { id: '3', industry: 'Steel' } });
    expect(recorded({ id: 'd', account: null, pet: null })).toEqual({ id: 'd', account: null });
    expect(recorded({ id: 'd', account: 'a-1' })).toEqual({ id: 'd' });
  });

  it('does not make a lazy relation load, and can do without one that cannot be looked up', () => {
    expect(recorded(Object.defineProperty({ id: 'd' }, 'account', { get: throwing, enumerable: true }))).toEqual({ id: 'd' });
    expect(recorded(new Proxy({ id: 'd' }, { getOwnPropertyDescriptor: throwing }))).toEqual({ id: 'd' });
  });

  it('has of an object whose members are fields these members, and no others', () => {
    const address = { city: 'Ulm', geo: { zone: '7', secret: 1 }, secret: 2 };
    expect(recorded({ address })).toEqual({ address: { city: 'Ulm', geo: { zone: 7 } } });
    expect(recorded({ address: null })).toEqual({ address: { city: null, geo: { zone: null } } });
    expect(recorded({ address: { geo: 'nowhere' } })).toEqual({});
  });

  it('has a text as its id, even where the host calls it a number', () => {
    const numbered = described('numbered', [field('id', 'number')]);
    expect(recordOf(CATALOG, numbered, { id: '7' })).toEqual({ id: '7' });
  });

  it('is read as the host says where it knows better', () => {
    const read = (name: string, given: object, one: string) =>
      name === 'deals' && one === 'id' ? (given as { code: string }).code : undefined;
    expect(recordOf(CATALOG, DEALS, { code: 'D-1', count: 2 }, read)).toEqual({ id: 'D-1', count: 2 });
  });
});

describe('a record as a host answered it', () => {
  it('loses what the catalog does not know, of the record and of its relations', () => {
    const record = { id: 'd', amount: 5, secret: 'x', account: { id: 'a', industry: 'Steel', secret: 'x' }, pet: { name: 'Rex' } };
    expect(knownOf(CATALOG, DEALS, record)).toEqual({ id: 'd', amount: 5, account: { id: 'a', industry: 'Steel' } });
    expect(knownOf(CATALOG, DEALS, { id: 'd', account: null })).toEqual({ id: 'd', account: null });
    expect(knownOf(CATALOG, DEALS, { id: 'd', account: 'a-1' })).toEqual({ id: 'd' });
  });

  it('is the same object where it has nothing but its own fields', () => {
    const record = { id: 'a', industry: 'Steel' };
    expect(ownFieldsOf(ACCOUNTS, record)).toBe(record);
  });

  it('loses what an object whose members are fields has beside them', () => {
    const address = { city: 'Ulm', geo: { zone: 7, secret: 1 }, secret: 2 };
    expect(knownOf(CATALOG, DEALS, { id: 'd', address })).toEqual({ id: 'd', address: { city: 'Ulm', geo: { zone: 7 } } });
    expect(knownOf(CATALOG, DEALS, { id: 'd', address: null })).toEqual({ id: 'd', address: null });
    expect(knownOf(CATALOG, DEALS, { id: 'd', address: { secret: 2 } })).toEqual({ id: 'd', address: {} });
  });
});

describe('an event that was stored before a field was hidden', () => {
  const stored = {
    module: 'deals',
    record: { id: 'd', amount: 5, secret: 'x' },
    previous: { id: 'd', amount: 4, secret: 'y' },
    changes: { amount: { from: 4, to: 5 }, secret: { from: 'y', to: 'x' } },
  };

  it('says nothing of the field any more', () => {
    expect(knownEvent(CATALOG, stored)).toEqual({
      module: 'deals',
      record: { id: 'd', amount: 5 },
      previous: { id: 'd', amount: 4 },
      changes: { amount: { from: 4, to: 5 } },
    });
  });

  it('stays as it is where it has no record, and where it is about none', () => {
    const bare = { module: 'deals', record: null, previous: null, changes: null };
    expect(knownEvent(CATALOG, bare)).toEqual(bare);
    expect(knownEvent(CATALOG, { ...stored, module: null })).toEqual({ ...stored, module: null });
  });

  it('says nothing but ids where its module has left the catalog', () => {
    const of = (event: object) => knownEvent(CATALOG, { ...stored, module: 'planets', ...event });
    expect(of({})).toEqual({ module: 'planets', record: { id: 'd' }, previous: { id: 'd' }, changes: {} });
    expect(of({ record: { secret: 'x' }, previous: null, changes: null })).toEqual({
      module: 'planets',
      record: {},
      previous: null,
      changes: null,
    });
  });

  it('has of a changed object the members that are fields, and no change when these are the same', () => {
    const change = (from: object | null, to: object) => knownChanges(DEALS, { address: { from, to } });
    expect(change({ city: 'Ulm', secret: 1 }, { city: 'Bonn', secret: 1 })).toEqual({
      address: { from: { city: 'Ulm' }, to: { city: 'Bonn' } },
    });
    expect(change({ city: 'Ulm', secret: 1 }, { city: 'Ulm', secret: 2 })).toEqual({});
    expect(change(null, { city: 'Ulm', secret: 2 })).toEqual({ address: { from: null, to: { city: 'Ulm' } } });
    expect(knownChanges(DEALS, { address: null })).toEqual({ address: null });
  });
});
