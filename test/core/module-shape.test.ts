import { describe, expect, it } from '@jest/globals';
import type { FieldType, ModuleDescription } from '../../src/core/catalog.js';
import { changeOfField } from '../../src/core/derive-events.js';
import { fieldAt, placeOf } from '../../src/core/module-shape.js';

const field = (name: string, type: FieldType) => ({ name, label: name, type, nullable: false, writable: true });
const DEALS: ModuleDescription = {
  ...{ name: 'deals', singular: 'deal', label: 'Deals', relations: [], events: [] },
  fields: [
    ...[field('stage', 'text'), field('settings', 'json'), field('a.b', 'json')],
    ...[field('address', 'json'), field('address.city', 'text')],
  ],
};

describe('the field of a name', () => {
  it('is the one that the catalog lists, a member of an object among them', () => {
    expect(fieldAt(DEALS, 'stage')).toMatchObject({ type: 'text', nullable: false });
    expect(fieldAt(DEALS, 'address.city')).toMatchObject({ type: 'text' });
    expect(fieldAt(DEALS, 'a.b')).toMatchObject({ type: 'json' });
  });

  it('may be a member of free JSON, which holds whatever there is', () => {
    expect(fieldAt(DEALS, 'settings.theme.dark')).toEqual({
      ...{ name: 'settings.theme.dark', label: 'settings.theme.dark', type: 'json', nullable: true, writable: true },
    });
  });

  it.each(['nothing', 'stage.x', 'address.zip', 'settings..x', 'settings.', 'settings.__proto__', 'nothing.x', 'a.b.c'])(
    'is none: %s',
    (name) => {
      expect(fieldAt(DEALS, name)).toBeNull();
    },
  );
});

describe('the place of a field in a record', () => {
  it.each([
    ['stage', ['stage']],
    ['a.b', ['a.b']],
    ['id', ['id']],
    ['address.city', ['address', 'city']],
    ['settings.theme.dark', ['settings', 'theme', 'dark']],
  ])('%s', (name, place) => {
    expect(placeOf(DEALS, name)).toEqual(place);
  });
});

describe('what happened to a field', () => {
  const changes = {
    stage: { from: 'New', to: 'Won' },
    'a.b': { from: 1, to: 2 },
    address: { from: { city: 'Ulm', zip: 1 }, to: { city: 'Bonn', zip: 1 } },
    settings: { from: null, to: { theme: { dark: true } } },
    unsaid: undefined as never,
  };

  it.each([
    ['stage', changes.stage],
    ['a.b', changes['a.b']],
    ['address.city', { from: 'Ulm', to: 'Bonn' }],
    ['address.zip', null],
    ['settings.theme.dark', { from: null, to: true }],
    ['settings.other', null],
    ['unsaid', null],
    ['nothing', null],
    ['nothing.x', null],
  ])('%s', (name, change) => {
    expect(changeOfField(changes, name)).toEqual(change);
  });
});
