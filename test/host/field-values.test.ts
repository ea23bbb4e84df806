import { describe, expect, it } from '@jest/globals';
import type { FieldType } from '../../src/core/catalog.js';
import { checkedValue } from '../../src/host/field-values.js';

const set = (type: FieldType, value: string, timezone?: string) =>
  checkedValue('leads', { name: 'field', type, nullable: true }, value, timezone);

describe('a date that is set into a field', () => {
  it.each<[FieldType, string, string, string]>([
    ['datetime', '2030-05-01T09:00', 'Europe/Berlin', '2030-05-01T07:00:00.000Z'],
    ['datetime', '2030-05-01 09:00:00', 'America/New_York', '2030-05-01T13:00:00.000Z'],
    ['datetime', '2030-05-01', 'Europe/Berlin', '2030-04-30T22:00:00.000Z'],
    ['datetime', '2030-05-01T09:00:00+02:00', 'America/New_York', '2030-05-01T07:00:00.000Z'],
    ['date', '2030-05-01', 'America/New_York', '2030-05-01'],
    ['date', '2030-05-01T23:30', 'America/New_York', '2030-05-01'],
    ['date', '2030-05-01T23:30:00Z', 'Europe/Berlin', '2030-05-02'],
    ['date', '2030-05-01T03:00:00Z', 'America/New_York', '2030-04-30'],
    ['date', '2030-05-01T00:00:00.000Z', 'America/New_York', '2030-05-01'],
  ])('as %s %s in %s is %s', (type, value, timezone, written) => {
    expect(set(type, value, timezone)).toBe(written);
  });

  it('is in UTC where nobody names a zone', () => {
    expect(set('datetime', '2030-05-01T09:00')).toBe('2030-05-01T09:00:00.000Z');
  });

  it.each<[FieldType, string]>([
    ['datetime', '2030-02-30T09:00'],
    ['datetime', 'May 1 2030'],
    ['date', '2030-02-30'],
    ['date', 'soon'],
  ])('is refused when it is none: %s %s', (type, value) => {
    expect(() => set(type, value)).toThrow(expect.objectContaining({ code: 'value_invalid' }));
  });
});
