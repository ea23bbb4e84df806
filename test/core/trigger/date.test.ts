import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../../../src/core/json.js';
import { Calendar } from '../../../src/core/time/calendar.js';
import { type DateTrigger, dateOf, dueAt, earliestDate, isMissed } from '../../../src/core/trigger/date.js';

const BERLIN = new Calendar({ timezone: 'Europe/Berlin', holidays: ['2027-12-24', '2027-12-25', '2027-12-31'] });
const trigger = (offset: string, more: Partial<DateTrigger> = {}): DateTrigger => ({
  type: 'date',
  module: 'invoices',
  field: 'due',
  offset,
  ...more,
});
const due = (value: Json, offset: string, more: Partial<DateTrigger> = {}) =>
  dueAt(trigger(offset, more), { due: value }, BERLIN)?.toISOString() ?? null;

describe('when a record is due', () => {
  it.each<[string, Json, string, Partial<DateTrigger>, string | null]>([
    ['a day begins at midnight in the zone of the workspace', '2027-03-01', 'P0D', {}, '2027-02-28T23:00:00.000Z'],
    ['or in its own', '2027-03-01', 'P0D', { timezone: 'UTC' }, '2027-03-01T00:00:00.000Z'],
    ['days after it', '2027-03-01', 'P3D', {}, '2027-03-03T23:00:00.000Z'],
    ['days before it', '2027-03-01', '-P3D', {}, '2027-02-25T23:00:00.000Z'],
    ['months after it', '2027-01-31', 'P1M', { at: '09:00' }, '2027-02-28T08:00:00.000Z'],
    ['at a time of day', '2027-03-01', 'P3D', { at: '09:00' }, '2027-03-04T08:00:00.000Z'],
    ['which is that of the zone in summer too', '2027-03-26', 'P3D', { at: '09:00' }, '2027-03-29T07:00:00.000Z'],
    ['also where clocks skip it', '2027-03-27', 'P1D', { at: '02:30' }, '2027-03-28T01:30:00.000Z'],
    ['hours after a moment', '2027-03-01T10:15:00Z', 'PT36H', {}, '2027-03-02T22:15:00.000Z'],
    ['minutes before a moment', '2027-03-01T10:15:00Z', '-PT30M', {}, '2027-03-01T09:45:00.000Z'],
    ['at a time of the day on which a moment lies there', '2027-03-01T23:30:00Z', 'P1D', { at: '09:00' }, '2027-03-03T08:00:00.000Z'],
    ['business days after it', '2027-12-23', 'P2BD', { at: '09:00' }, '2027-12-28T08:00:00.000Z'],
    ['business days before it', '2028-01-01', '-P1BD', { at: '09:00' }, '2027-12-30T08:00:00.000Z'],
    ['business days after a moment, at its time', '2027-12-23T15:00:00Z', 'P1BD', {}, '2027-12-27T15:00:00.000Z'],
    ['never without a date', null, 'P1D', {}, null],
    ['never by what is no date', 'soon', 'P1D', {}, null],
  ])('%s', (_what, value, offset, more, at) => {
    expect(due(value, offset, more)).toBe(at);
  });

  it('is by a member of a field, or by a field that is called like one', () => {
    const endsOn = trigger('P1D', { field: 'contract.endsOn', timezone: 'UTC' });
    const at = new Date('2027-03-02T00:00:00Z');
    expect(dueAt(endsOn, { contract: { endsOn: '2027-03-01' } }, BERLIN)).toEqual(at);
    expect(dateOf(endsOn, { contract: { endsOn: '2027-03-01' } })).toBe('2027-03-01');
    expect(dueAt(endsOn, { 'contract.endsOn': '2027-03-01' }, BERLIN)).toEqual(at);
    expect(dueAt(endsOn, { contract: null }, BERLIN)).toBeNull();
  });

  it('is never by a field that the record has not', () => {
    expect(dueAt(trigger('P1D'), {}, BERLIN)).toBeNull();
    expect(dueAt(trigger('P1D', { field: 'toString' }), {}, BERLIN)).toBeNull();
    expect(dateOf(trigger('P1D'), { due: 5 })).toBeNull();
    expect(dateOf(trigger('P1D'), { due: '2027-03-01' })).toBe('2027-03-01');
  });

  it('is after now for no date before the earliest that is looked at', () => {
    const offsets = fc.constantFrom('P0D', 'P3D', '-P3D', 'PT5H', '-PT90M', 'P1M', '-P1Y', 'P10BD', '-P10BD', '-P1BDT2H');
    const days = fc
      .integer({ min: -500, max: 500 })
      .map((day) => new Date(Date.UTC(2027, 11, 20) + day * 86_400_000).toISOString().slice(0, 10));
    fc.assert(
      fc.property(offsets, days, days, fc.option(fc.constantFrom('00:00', '23:59'), { nil: undefined }), (offset, value, today, at) => {
        const dated = trigger(offset, at !== undefined && !offset.includes('T') ? { at } : {});
        const now = new Date(`${today}T12:00:00Z`);
        const when = dueAt(dated, { due: value }, BERLIN) as Date;
        if (when > now) expect(Date.parse(value)).toBeGreaterThanOrEqual(earliestDate(dated, now, BERLIN).getTime());
      }),
      { numRuns: 2_000 },
    );
    expect(earliestDate(trigger('P1D', { timezone: 'UTC' }), new Date('2027-03-31T00:00Z'), BERLIN).toISOString()).toBe(
      '2027-02-27T00:00:00.000Z',
    );
  });

  it('is missed a quarter of an hour later, where missed starts are skipped', () => {
    const [then, soon, late] = ['09:00', '09:15', '09:16'].map((at) => new Date(`2027-03-01T${at}Z`)) as [Date, Date, Date];
    expect(isMissed(trigger('P1D', { misfire: 'skip' }), then, soon)).toBe(false);
    expect(isMissed(trigger('P1D', { misfire: 'skip' }), then, late)).toBe(true);
    expect(isMissed(trigger('P1D'), then, late)).toBe(false);
  });
});
