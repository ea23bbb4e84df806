import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import type { Json } from '../../../src/core/json.js';
import { OPERATORS } from '../../../src/core/operators/index.js';
import { dayOfMoment, momentAtWall, zoneOffsetMs } from '../../../src/core/time/zones.js';
import { ask, EMPTY } from './ask.js';

const NEW_YORK = { timezone: 'America/New_York' };
const at = (now: string, timezone = 'UTC') => ({ now: new Date(now), timezone });

describe('orderings of dates', () => {
  it.each<[type: string, seen: string, operator: string, value: Json, expected: boolean]>([
    ['date', '2024-05-01', 'on', '2024-05-01', true],
    ['date', '2024-05-02', 'on', '2024-05-01', false],
    ['datetime', '2024-05-01T23:59:59.999Z', 'on', '2024-05-01', true],
    ['datetime', '2024-05-01T08:00:00Z', 'on', '2024-05-01T20:00:00Z', true],
    ['date', '2024-04-30', 'before', '2024-05-01', true],
    ['date', '2024-05-01', 'before', '2024-05-01', false],
    ['date', '2024-05-01', 'before', '2024-05-01T12:00:00Z', false],
    ['datetime', '2024-05-01T11:59:59Z', 'before', '2024-05-01T12:00:00Z', true],
    ['datetime', '2024-05-01T23:00:00Z', 'before', '2024-05-01', false],
    ['datetime', '2024-05-01T23:00:00Z', 'on_or_before', '2024-05-01', true],
    ['datetime', '2024-05-02T00:00:00Z', 'on_or_before', '2024-05-01', false],
    ['date', '2024-05-02', 'after', '2024-05-01', true],
    ['datetime', '2024-05-01T23:00:00Z', 'after', '2024-05-01', false],
    ['date', '2024-05-01', 'on_or_after', '2024-05-01', true],
    ['date', '2024-04-30', 'on_or_after', '2024-05-01', false],
    ['date', '2024-05-15', 'between', ['2024-05-01', '2024-05-15'], true],
    ['date', '2024-05-16', 'between', ['2024-05-01', '2024-05-15'], false],
    ['date', '2024-04-30', 'between', ['2024-05-01', '2024-05-15'], false],
    ['datetime', '2024-05-15T23:00:00Z', 'between', ['2024-05-01', '2024-05-15'], true],
    ['date', '2024-05-16', 'not_between', ['2024-05-01', '2024-05-15'], true],
    ['json', '2024-05-16', 'between', ['2024-05-01', '2024-05-20'], true],
    ['datetime', '2024-05-01T10:00:00.1235Z', 'equals', '2024-05-01T10:00:00.123Z', true],
    ['datetime', '2024-05-01T10:00:00.5Z', 'equals', '2024-05-01T08:00:00.500-0200', true],
    ['date', '0099-12-31', 'before', '0100-01-01', true],
    ['date', '2000-02-29', 'after', '1900-02-28', true],
  ])('%s %s %s %j: %s', (type, seen, operator, value, expected) => {
    expect(ask(type, seen, operator, value)).toBe(expected);
  });

  it('takes times without an offset from clocks in the zone, in an hour that is skipped too', () => {
    expect(ask('datetime', '2024-05-01T09:00', 'equals', '2024-05-01T13:00Z', NEW_YORK)).toBe(true);
    expect(ask('datetime', '2024-05-01T23:30', 'on', '2024-05-01', NEW_YORK)).toBe(true);
    expect(ask('datetime', '2024-03-10T02:30:00', 'equals', '2024-03-10T03:30:00', NEW_YORK)).toBe(true);
  });

  it('takes the first of an hour that comes twice', () => {
    expect(ask('datetime', '2024-11-03T01:30:00', 'equals', '2024-11-03T05:30:00Z', NEW_YORK)).toBe(true);
    expect(ask('datetime', '2024-10-27T02:30:00', 'equals', '2024-10-27T00:30:00Z', { timezone: 'Europe/Berlin' })).toBe(true);
    expect(ask('datetime', '2024-11-03T02:30:00', 'equals', '2024-11-03T07:30:00Z', NEW_YORK)).toBe(true);
  });

  it('reads a moment from now by the calendar of the zone', () => {
    const week = { fromNow: '-P7D' };
    expect(ask('datetime', '2024-05-08T11:59:59Z', 'before', week)).toBe(true);
    expect(ask('datetime', '2024-05-08T12:00:01Z', 'before', week)).toBe(false);
    expect(ask('date', '2024-05-07', 'before', week)).toBe(true);
    expect(ask('date', '2024-05-08', 'before', week)).toBe(false);
    expect(ask('date', '2024-05-08', 'between', [week, { fromNow: 'P1D' }])).toBe(true);
  });

  it('leaves a moment that no calendar reaches as a visible failure', () => {
    expect(ask('date', '2024-05-07', 'before', { fromNow: 'P900Y' }, at('9500-01-01T00:00:00Z'))).toMatch(/not a date/);
    expect(ask('date', '2024-05-07', 'before', { fromNow: 'P1D' }, { timezone: 'Mars/Base' })).toMatch(/cannot be told/);
  });

  it('says when the bounds of a range are no dates', () => {
    const low = [{ field: 'context.a' }, '2024-01-01'];
    const high = ['2024-01-01', { field: 'context.a' }];
    expect(ask('date', '2024-05-07', 'between', low)).toBe('the value to compare with is empty');
    expect(ask('date', '2024-05-07', 'between', high, { context: { a: 'soon' } })).toBe(
      'the value to compare with is a text that is not a date',
    );
  });

  it('takes the day of a date field as it is written, in every place it is read', () => {
    const record = { date: '2024-05-01T00:00:00.000Z', datetime: '2024-05-01T12:00:00Z' };
    expect(ask('date', record.date, 'on', '2024-05-01', NEW_YORK)).toBe(true);
    expect(ask('datetime', null, 'on', { field: 'date' }, { record, ...NEW_YORK })).toBe(true);
  });
});

describe('every operator of dates', () => {
  const values: Record<string, Json | undefined> = {
    one: '2024-05-01',
    period: 'week',
    amount: { amount: 1, unit: 'day' },
    none: undefined,
  };
  const dates = [...OPERATORS.values()].filter(({ kind }) => kind === 'date').map(({ name, value }) => [name, values[value]] as const);

  it.each(dates)('%s is false of nothing', (operator, value) => {
    expect(ask('date', null, operator, value)).toBe(EMPTY);
    expect(ask('datetime', undefined, operator, value)).toBe(EMPTY);
  });

  it.each(dates)('%s reads no date out of anything but ISO 8601', (operator, value) => {
    for (const text of [
      '',
      'today',
      '01/05/2024',
      '2024-5-1',
      '2024-02-30',
      '2023-02-29',
      '1900-02-29',
      '2024-13-01',
      '2024-00-10',
      '2024-01-00',
      '20-4-05-011',
      'x'.repeat(40),
    ])
      expect(ask('datetime', text, operator, value)).toBe('the field holds a text that is not a date');
    for (const text of [
      '2024-05-01_10:00',
      '2024-05-01T25:00',
      '2024-05-01T10:60',
      '2024-05-01T10:00:60',
      '2024-05-01T10:00.00Z',
      '2024-05-01T10:00:00,5Z',
      '2024-05-01T10:00:00.Z',
      '2024-05-01T10:00:00.1x3Z',
      '2024-05-01T10:00:00.1/3Z',
      '2024-05-01T10:00:00.1234567890',
      '2024-05-01T10:00+05.30',
      '2024-05-01T10:00+0560',
      '2024-05-01T10:00+25:00',
      '2024-05-01Z',
      '2024-05-01T10',
      '2024/05/01',
    ])
      expect(ask('datetime', text, operator, value)).toBe('the field holds a text that is not a date');
    expect(ask('datetime', 1714550400000, operator, value)).toBe('the field holds a number, not a date');
    expect(ask('datetime', ['2024-05-01'], operator, value)).toBe('the field holds a list, not a date');
    expect(ask('datetime', true, operator, value)).toBe('the field holds true or false, not a date');
  });

  it.each(dates)('%s says when the time zone is none', (operator, value) => {
    expect(ask('datetime', '2024-05-01T10:00:00Z', operator, value, { timezone: 'Nowhere' })).toBe('the time zone is not known');
  });

  it('says when the date to compare with is none', () => {
    expect(ask('date', '2024-05-01', 'before', { field: 'context.due' }, { context: { due: 'x' } })).toBe(
      'the value to compare with is a text that is not a date',
    );
  });
});

describe('days and zones', () => {
  it('are those of the calendar library, at every moment', () => {
    const zones = fc.constantFrom(
      'America/New_York',
      'Europe/Berlin',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'America/Sao_Paulo',
      'Africa/Monrovia',
    );
    const moments = fc.date({ min: new Date('1930-01-01'), max: new Date('2090-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(moments, zones, (moment, timezone) => {
        const there = DateTime.fromJSDate(moment, { zone: timezone });
        const ms = moment.getTime();
        expect(new Date(dayOfMoment(ms, timezone) * 86_400_000).toISOString().slice(0, 10)).toBe(there.toISODate());
        const wall = ms + zoneOffsetMs(ms, timezone);
        const back = momentAtWall(wall, timezone);
        expect(back + zoneOffsetMs(back, timezone)).toBe(wall);
      }),
      { numRuns: 2_000 },
    );
  });

  it('do not fill the memory', () => {
    for (let day = 0; day < 2_100; day++) zoneOffsetMs(Date.UTC(1980, 0, day), 'Asia/Tokyo');
    expect(zoneOffsetMs(Date.UTC(1980, 0), 'Asia/Tokyo')).toBe(9 * 3_600_000);
  });
});

describe('dates and now', () => {
  it.each<[type: string, seen: string, operator: string, expected: boolean]>([
    ['date', '2024-05-15', 'is_today', true],
    ['datetime', '2024-05-15T00:00:00Z', 'is_today', true],
    ['date', '2024-05-14', 'is_today', false],
    ['date', '2024-05-14', 'is_yesterday', true],
    ['date', '2024-05-15', 'is_yesterday', false],
    ['date', '2024-05-16', 'is_tomorrow', true],
    ['date', '2024-05-17', 'is_tomorrow', false],
    ['date', '2024-05-14', 'in_past', true],
    ['date', '2024-05-15', 'in_past', false],
    ['datetime', '2024-05-15T11:59:59.999Z', 'in_past', true],
    ['datetime', '2024-05-15T12:00:00.000Z', 'in_past', false],
    ['date', '2024-05-16', 'in_future', true],
    ['date', '2024-05-15', 'in_future', false],
    ['datetime', '2024-05-15T12:00:00.001Z', 'in_future', true],
    ['datetime', '2024-05-15T12:00:00.000Z', 'in_future', false],
  ])('%s %s %s: %s', (type, seen, operator, expected) => {
    expect(ask(type, seen, operator)).toBe(expected);
  });

  it('days begin and end in the zone', () => {
    // 23:30 on the 14th in New York.
    const late = at('2024-05-15T03:30:00Z', 'America/New_York');
    expect(ask('date', '2024-05-14', 'is_today', undefined, late)).toBe(true);
    expect(ask('date', '2024-05-15', 'is_tomorrow', undefined, late)).toBe(true);
    expect(ask('datetime', '2024-05-15T03:59:59Z', 'is_today', undefined, late)).toBe(true);
    expect(ask('datetime', '2024-05-15T04:00:00Z', 'is_today', undefined, late)).toBe(false);
    expect(ask('datetime', '2024-05-15T04:00:00Z', 'is_tomorrow', undefined, late)).toBe(true);
  });

  it.each<[operator: string, period: string, first: string, last: string]>([
    ['this', 'week', '2024-05-13', '2024-05-19'],
    ['last', 'week', '2024-05-06', '2024-05-12'],
    ['next', 'week', '2024-05-20', '2024-05-26'],
    ['this', 'month', '2024-05-01', '2024-05-31'],
    ['last', 'month', '2024-04-01', '2024-04-30'],
    ['next', 'month', '2024-06-01', '2024-06-30'],
    ['this', 'quarter', '2024-04-01', '2024-06-30'],
    ['last', 'quarter', '2024-01-01', '2024-03-31'],
    ['next', 'quarter', '2024-07-01', '2024-09-30'],
    ['this', 'year', '2024-01-01', '2024-12-31'],
    ['last', 'year', '2023-01-01', '2023-12-31'],
    ['next', 'year', '2025-01-01', '2025-12-31'],
  ])('%s %s is from %s to %s', (operator, period, first, last) => {
    const before = new Date(Date.parse(first) - 1).toISOString();
    const after = new Date(Date.parse(last) + 86_400_000).toISOString();
    expect(ask('date', first, operator, period)).toBe(true);
    expect(ask('date', last, operator, period)).toBe(true);
    expect(ask('datetime', before, operator, period)).toBe(false);
    expect(ask('datetime', after, operator, period)).toBe(false);
  });

  it('periods cross the turn of the year, and begin by the zone', () => {
    expect(ask('date', '2023-12-31', 'last', 'month', at('2024-01-10T00:00:00Z'))).toBe(true);
    expect(ask('date', '2023-10-01', 'last', 'quarter', at('2024-02-10T00:00:00Z'))).toBe(true);
    expect(ask('date', '2025-01-31', 'next', 'month', at('2024-12-31T00:00:00Z'))).toBe(true);
    expect(ask('date', '2024-05-19', 'this', 'week', at('2024-05-20T02:00:00Z', 'America/New_York'))).toBe(true);
    expect(ask('date', '2024-05-19', 'this', 'week', at('2024-05-19T12:00:00Z'))).toBe(true);
  });

  it.each<[type: string, seen: string, operator: string, amount: number, unit: string, expected: boolean]>([
    ['datetime', '2024-05-15T11:30:00Z', 'in_last', 30, 'minute', true],
    ['datetime', '2024-05-15T11:29:59Z', 'in_last', 30, 'minute', false],
    ['datetime', '2024-05-15T12:00:01Z', 'in_last', 30, 'minute', false],
    ['datetime', '2024-05-15T10:00:00Z', 'in_last', 2, 'hour', true],
    ['date', '2024-05-08', 'in_last', 7, 'day', true],
    ['date', '2024-05-07', 'in_last', 7, 'day', false],
    ['date', '2024-05-16', 'in_last', 7, 'day', false],
    ['datetime', '2024-04-15T12:00:00Z', 'in_last', 1, 'month', true],
    ['datetime', '2024-04-15T11:59:59Z', 'in_last', 1, 'month', false],
    ['date', '2025-05-15', 'in_next', 12, 'month', true],
    ['date', '2025-05-16', 'in_next', 12, 'month', false],
    ['date', '2024-05-01', 'in_last', 2, 'week', true],
    ['date', '2024-05-22', 'in_next', 7, 'day', true],
    ['date', '2024-05-23', 'in_next', 7, 'day', false],
    ['date', '2024-05-14', 'in_next', 7, 'day', false],
    ['datetime', '2024-05-15T14:00:00Z', 'in_next', 2, 'hour', true],
    ['datetime', '2024-05-15T14:00:01Z', 'in_next', 2, 'hour', false],
    ['date', '2024-05-07', 'more_than_ago', 7, 'day', true],
    ['date', '2024-05-08', 'more_than_ago', 7, 'day', false],
    ['datetime', '2024-05-08T11:59:59Z', 'more_than_ago', 7, 'day', true],
    ['date', '2024-05-23', 'more_than_from_now', 7, 'day', true],
    ['date', '2024-05-22', 'more_than_from_now', 7, 'day', false],
    // From Wednesday: the last three business days reach back to Friday, the next three to Monday.
    ['date', '2024-05-10', 'in_last', 3, 'business_day', true],
    ['date', '2024-05-09', 'in_last', 3, 'business_day', false],
    ['date', '2024-05-20', 'in_next', 3, 'business_day', true],
    ['date', '2024-05-21', 'in_next', 3, 'business_day', false],
    ['date', '2024-05-08', 'in_last', 5, 'business_day', true],
    ['date', '2024-05-07', 'in_last', 5, 'business_day', false],
    ['date', '2024-05-29', 'more_than_from_now', 10, 'business_day', false],
    ['date', '2024-05-30', 'more_than_from_now', 10, 'business_day', true],
  ])('%s %s %s %d %s: %s', (type, seen, operator, amount, unit, expected) => {
    expect(ask(type, seen, operator, { amount, unit })).toBe(expected);
  });

  it.each([
    ['Saturday', '2024-05-18T12:00:00Z'],
    ['Sunday', '2024-05-19T12:00:00Z'],
  ])('counts business days from the working days around a %s', (_day, now) => {
    const one = { amount: 1, unit: 'business_day' };
    expect(ask('date', '2024-05-17', 'in_last', one, at(now))).toBe(true);
    expect(ask('date', '2024-05-16', 'in_last', one, at(now))).toBe(false);
    expect(ask('date', '2024-05-20', 'in_next', one, at(now))).toBe(true);
    expect(ask('date', '2024-05-21', 'in_next', one, at(now))).toBe(false);
  });

  it('a month after the end of a long month is the end of a short one', () => {
    const end = at('2024-01-31T12:00:00Z');
    expect(ask('date', '2024-02-29', 'in_next', { amount: 1, unit: 'month' }, end)).toBe(true);
    expect(ask('date', '2024-03-01', 'in_next', { amount: 1, unit: 'month' }, end)).toBe(false);
  });

  it('a day is a day of the calendar when clocks change', () => {
    // On 10 March 2024 New York's day has 23 hours.
    const noon = at('2024-03-10T16:00:00Z', 'America/New_York');
    expect(ask('datetime', '2024-03-09T17:00:00Z', 'in_last', { amount: 1, unit: 'day' }, noon)).toBe(true);
    expect(ask('datetime', '2024-03-09T16:30:00Z', 'in_last', { amount: 1, unit: 'day' }, noon)).toBe(false);
  });

  it.each<[seen: string, now: string, expected: boolean]>([
    ['1990-05-15', '2024-05-15T12:00:00Z', true],
    ['1990-05-16', '2024-05-15T12:00:00Z', false],
    ['1990-06-15', '2024-05-15T12:00:00Z', false],
    ['2024-05-15', '2024-05-15T12:00:00Z', false],
    ['2025-05-15', '2024-05-15T12:00:00Z', false],
    ['2000-02-29', '2024-02-29T12:00:00Z', true],
    ['2000-02-29', '2024-02-28T12:00:00Z', false],
    ['2000-02-29', '2023-02-28T12:00:00Z', true],
    ['2000-02-29', '2023-03-01T12:00:00Z', false],
    ['2000-02-28', '2023-02-28T12:00:00Z', true],
  ])('%s has its anniversary on %s: %s', (seen, now, expected) => {
    expect(ask('date', seen, 'anniversary_is_today', undefined, at(now))).toBe(expected);
  });
});
