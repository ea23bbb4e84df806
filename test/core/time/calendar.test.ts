import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Calendar, calendarProblems, WEEKDAYS, type WorkCalendar } from '../../../src/core/time/calendar.js';

const DAY_MS = 86_400_000;
const day = (text: string) => Date.parse(`${text}T00:00Z`) / DAY_MS;
const text = (number: number) => new Date(number * DAY_MS).toISOString().slice(0, 10);
const BERLIN: WorkCalendar = { timezone: 'Europe/Berlin', hours: { from: '08:30', to: '17:00' }, holidays: ['2027-12-24', '2027-12-25'] };

describe('business days', () => {
  it.each([
    ['2027-03-05', 1, '2027-03-08'],
    ['2027-03-06', 1, '2027-03-08'],
    ['2027-03-07', -1, '2027-03-05'],
    ['2027-03-08', -1, '2027-03-05'],
    ['2027-03-06', 0, '2027-03-06'],
    ['2027-03-03', 10, '2027-03-17'],
    ['2027-12-23', 1, '2027-12-27'],
    ['2027-12-27', -1, '2027-12-23'],
    ['2027-12-01', 20, '2027-12-30'],
  ])('from %s so many (%d) are %s', (from, amount, to) => {
    expect(text(new Calendar(BERLIN).addWorkingDays(day(from), amount))).toBe(to);
  });

  const calendars = fc.record({
    timezone: fc.constant('UTC'),
    workingDays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    // Now and then weeks of them on end.
    holidays: fc.array(fc.integer({ min: day('2026-12-01'), max: day('2027-03-01') }).map(text), { maxLength: 60 }),
  });
  const days = fc.integer({ min: day('2026-11-01'), max: day('2027-04-01') });

  it('are what counting them one by one gives', () => {
    fc.assert(
      fc.property(calendars, days, fc.integer({ min: -60, max: 60 }), (given, from, amount) => {
        const calendar = new Calendar(given);
        let at = from;
        for (let left = Math.abs(amount); left > 0; ) {
          at += Math.sign(amount);
          if (calendar.isWorkingDay(at)) left -= 1;
        }
        expect(calendar.addWorkingDays(from, amount)).toBe(at);
      }),
      { numRuns: 2_000 },
    );
  });

  it('end on a day on which people work, never go back, and lead back to where they came from', () => {
    fc.assert(
      fc.property(calendars, days, fc.integer({ min: 1, max: 10_000 }), (given, from, amount) => {
        const calendar = new Calendar(given);
        const end = calendar.addWorkingDays(from, amount);
        expect(calendar.isWorkingDay(end)).toBe(true);
        expect(calendar.addWorkingDays(from + 1, amount)).toBeGreaterThanOrEqual(end);
        if (calendar.isWorkingDay(from)) expect(calendar.addWorkingDays(end, -amount)).toBe(from);
      }),
    );
  });
});

describe('working hours', () => {
  it.each([
    ['in them', '2027-03-05T10:00:00Z', '2027-03-05T10:00:00.000Z'],
    ['when they begin', '2027-03-05T07:30:00Z', '2027-03-05T07:30:00.000Z'],
    ['before them', '2027-03-05T05:00:00Z', '2027-03-05T07:30:00.000Z'],
    ['when they end', '2027-03-05T16:00:00Z', '2027-03-08T07:30:00.000Z'],
    ['on a weekend, over a change of clocks', '2027-03-27T12:00:00Z', '2027-03-29T06:30:00.000Z'],
    ['on a holiday', '2027-12-24T12:00:00Z', '2027-12-27T07:30:00.000Z'],
  ])('the next moment %s', (_what, at, next) => {
    expect(new Date(new Calendar(BERLIN).nextWorkingMoment(Date.parse(at))).toISOString()).toBe(next);
  });
});

describe('a calendar', () => {
  it('is Monday to Friday where nothing else is said', () => {
    expect([1, 2, 3, 4, 5, 6, 7].filter((weekday) => WEEKDAYS.isWorkingDay(day('2027-02-28') + weekday))).toEqual([1, 2, 3, 4, 5]);
    expect(calendarProblems({ timezone: 'UTC' })).toEqual([]);
    expect(calendarProblems(BERLIN)).toEqual([]);
  });

  it.each<[unknown, string[]]>([
    [null, ['']],
    [[], ['']],
    [{}, ['timezone']],
    [{ timezone: 'Mars/Base' }, ['timezone']],
    [{ timezone: 'UTC', workingDays: [] }, ['workingDays']],
    [{ timezone: 'UTC', workingDays: [0] }, ['workingDays']],
    [{ timezone: 'UTC', workingDays: [8] }, ['workingDays']],
    [{ timezone: 'UTC', workingDays: 'MON' }, ['workingDays']],
    [{ timezone: 'UTC', hours: { from: '17:00', to: '09:00' } }, ['hours']],
    [{ timezone: 'UTC', hours: { from: '09:00', to: '24:00' } }, ['hours']],
    [{ timezone: 'UTC', hours: null }, ['hours']],
    [{ timezone: 'UTC', hours: { from: 9, to: 17 } }, ['hours']],
    [{ timezone: 'UTC', holidays: ['2027-02-30'] }, ['holidays']],
    [{ timezone: 'UTC', holidays: ['2027-02-01T00:00Z'] }, ['holidays']],
    [{ timezone: 'UTC', holidays: {} }, ['holidays']],
    [{ timezone: 'UTC', holidays: Array.from({ length: 10_001 }, () => '2027-01-01') }, ['holidays']],
    [{ timezone: 5, workingDays: 1, hours: 2, holidays: 3 }, ['timezone', 'workingDays', 'hours', 'holidays']],
  ])('%j is none', (value, paths) => {
    expect(calendarProblems(value).map(({ path }) => path)).toEqual(paths);
  });
});
