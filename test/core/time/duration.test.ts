import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Calendar } from '../../../src/core/time/calendar.js';
import { addDuration, type Duration, durationMistake, durationToMs, parseDuration } from '../../../src/core/time/duration.js';
import { isTimezone } from '../../../src/core/time/zones.js';

const zero: Duration = { sign: 1, businessDays: 0, years: 0, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 };

function add(at: string, duration: string, timezone?: string): string {
  return addDuration(new Date(at), parseDuration(duration)!, timezone).toISOString();
}

const durations = fc.record({
  sign: fc.constantFrom<1 | -1>(1, -1),
  businessDays: fc.constant(0),
  years: fc.nat(50),
  months: fc.nat(200),
  weeks: fc.nat(200),
  days: fc.nat(2_000),
  hours: fc.nat(10_000),
  minutes: fc.nat(10_000),
  seconds: fc.nat(10_000_000).map((ms) => ms / 1_000),
});

function write({ sign, years, months, weeks, days, hours, minutes, seconds }: Duration): string {
  return `${sign === 1 ? '' : '-'}P${years}Y${months}M${weeks}W${days}DT${hours}H${minutes}M${seconds}S`;
}

describe('parseDuration', () => {
  it.each<[string, Partial<Duration>]>([
    ['P2D', { days: 2 }],
    ['PT90M', { minutes: 90 }],
    ['P1M', { months: 1 }],
    ['PT1M', { minutes: 1 }],
    ['-P3D', { sign: -1, days: 3 }],
    ['P1Y2M3W4DT5H6M7S', { years: 1, months: 2, weeks: 3, days: 4, hours: 5, minutes: 6, seconds: 7 }],
    ['PT0.25S', { seconds: 0.25 }],
    ['PT1,5S', { seconds: 1.5 }],
    ['P0D', {}],
    ['P3BD', { businessDays: 3 }],
    ['-P1BDT2H', { sign: -1, businessDays: 1, hours: 2 }],
    ['P1000Y', { years: 1000 }],
  ])('reads %s', (text, parts) => {
    expect(parseDuration(text)).toEqual({ ...zero, ...parts });
  });

  it.each([
    '',
    'P',
    'PT',
    'P1DT',
    '-P',
    '--P1D',
    '+P1D',
    'p1d',
    '1D',
    'P1',
    'P1S',
    'PT1D',
    'P1D2Y',
    'P1W2BD',
    'P2BD1D',
    'PT2BD',
    'P1BDT',
    'P-1D',
    'P1.5D',
    'PT1.5H',
    'PT1.S',
    'PT1.1234S',
    ' P1D',
    'P1D\n',
    'P1001Y',
    'P9999999999D',
    'P999999999Y',
    'two days',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it('refuses what is not a text', () => {
    expect(parseDuration(5 as unknown as string)).toBeNull();
  });

  it('reads back every duration that is written out', () => {
    fc.assert(fc.property(durations, (duration) => expect(parseDuration(write(duration))).toEqual(duration)));
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^-?P[0-9YMWDTHS.,-]{0,20}$/)), (text) => {
        const duration = parseDuration(text);
        expect(duration === null || Number.isFinite(durationToMs(duration))).toBe(true);
      }),
    );
  });
});

describe('durationToMs', () => {
  it.each([
    ['PT1S', 1_000],
    ['PT0.001S', 1],
    ['PT1M', 60_000],
    ['PT1H', 3_600_000],
    ['P1D', 86_400_000],
    ['P1W', 7 * 86_400_000],
    ['P1M', 30 * 86_400_000],
    ['P1Y', 365 * 86_400_000],
    ['-PT1M', -60_000],
    ['P2BD', 2 * 86_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(durationToMs(parseDuration(text)!)).toBe(ms);
  });

  it('is a plain zero for a negative duration of nothing', () => {
    expect(durationToMs(parseDuration('-P0D')!)).toBe(0);
  });
});

describe('addDuration', () => {
  it('counts days in UTC unless told otherwise', () => {
    expect(add('2025-03-30T00:30:00Z', 'P1D')).toBe('2025-03-31T00:30:00.000Z');
  });

  it('keeps the time on the wall across a change to summer time', () => {
    expect(add('2025-03-29T08:00:00Z', 'P1D', 'Europe/Berlin')).toBe('2025-03-30T07:00:00.000Z');
    expect(add('2025-10-25T07:00:00Z', 'P1D', 'Europe/Berlin')).toBe('2025-10-26T08:00:00.000Z');
  });

  it('counts hours exactly across a change to summer time', () => {
    expect(add('2025-03-29T08:00:00Z', 'PT24H', 'Europe/Berlin')).toBe('2025-03-30T08:00:00.000Z');
  });

  it('counts business days by the calendar, keeping the time on the wall', () => {
    const calendar = new Calendar({ timezone: 'Europe/Berlin', holidays: ['2025-03-31'] });
    const moved = (at: string, duration: string) =>
      addDuration(new Date(at), parseDuration(duration)!, 'Europe/Berlin', calendar).toISOString();
    // Friday, over the change to summer time and a holiday on Monday.
    expect(moved('2025-03-28T08:00:00Z', 'P1BD')).toBe('2025-04-01T07:00:00.000Z');
    expect(moved('2025-03-28T08:00:00Z', 'P1BDT30M')).toBe('2025-04-01T07:30:00.000Z');
    expect(moved('2025-04-01T07:00:00Z', '-P1BDT1H')).toBe('2025-03-28T07:00:00.000Z');
    // Late on Friday in Berlin is Saturday in no zone but further east.
    expect(moved('2025-03-28T22:30:00Z', 'P1BD')).toBe('2025-04-01T21:30:00.000Z');
    expect(add('2025-03-28T08:00:00Z', 'P1BD')).toBe('2025-03-31T08:00:00.000Z');
  });

  it('stays inside the month at its end, and knows leap years', () => {
    expect(add('2025-01-31T12:00:00Z', 'P1M')).toBe('2025-02-28T12:00:00.000Z');
    expect(add('2024-01-31T12:00:00Z', 'P1M')).toBe('2024-02-29T12:00:00.000Z');
    expect(add('2024-02-29T12:00:00Z', 'P1Y')).toBe('2025-02-28T12:00:00.000Z');
  });

  it('goes back for a negative duration', () => {
    expect(add('2025-03-31T12:00:00Z', '-P1M')).toBe('2025-02-28T12:00:00.000Z');
    expect(add('2025-01-01T00:00:00Z', '-PT0.5S')).toBe('2024-12-31T23:59:59.500Z');
  });

  it('refuses an unknown time zone with a hint', () => {
    expect(() => add('2025-01-01T00:00:00Z', 'P1D', 'Mars/Olympus')).toThrow(
      expect.objectContaining({ code: 'timezone_unknown', hint: expect.stringContaining('Europe/Berlin') }),
    );
  });

  it('equals the milliseconds for every duration without months and years, in UTC', () => {
    fc.assert(
      fc.property(durations, fc.date({ min: new Date('1950-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }), (duration, at) => {
        const fixed = { ...duration, years: 0, months: 0 };
        expect(addDuration(at, fixed).getTime()).toBe(at.getTime() + durationToMs(fixed));
        // The same zone by another name goes the way of all zones.
        expect(addDuration(at, fixed, 'Etc/UTC')).toEqual(addDuration(at, fixed));
      }),
    );
  });

  it('never goes the other way than its sign, in any zone', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia');
    fc.assert(
      fc.property(
        durations,
        fc.date({ min: new Date('1990-01-01'), max: new Date('2050-01-01'), noInvalidDate: true }),
        zones,
        (duration, at, zone) => {
          // A calendar day can be short by the hour of a clock change, so less than that is no statement about direction.
          fc.pre(Math.abs(durationToMs(duration)) > 2 * 86_400_000);
          expect(Math.sign(addDuration(at, duration, zone).getTime() - at.getTime())).toBe(duration.sign);
        },
      ),
    );
  });
});

describe('isTimezone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Europe/Berlin'])('knows %s', (name) => {
    expect(isTimezone(name)).toBe(true);
  });

  it.each(['', 'local', 'system', 'default', 'Mars/Olympus', 'utc+3'])('does not know %j', (name) => {
    expect(isTimezone(name)).toBe(false);
  });

  it('answers alike however many spellings it has seen', () => {
    // Names of zones are read without regard to case: more spellings than are remembered.
    const spellings = Array.from({ length: 2_400 }, (_, bits) =>
      [...'europe/berlin'].map((letter, at) => ((bits >> at) & 1 ? letter.toUpperCase() : letter)).join(''),
    );
    expect(spellings.filter((name) => !isTimezone(name))).toEqual([]);
    expect(isTimezone('Asia/Tokyo')).toBe(true);
    expect(isTimezone('Asia/Nowhere')).toBe(false);
  });
});

describe('what is wrong with a duration', () => {
  it.each([
    ['P1D', null],
    ['-P3BD', null],
    ['P9999Y', 'must not be longer than a thousand years'],
    ['3 days', 'must be an ISO 8601 duration, such as P2D'],
    [3, 'must be an ISO 8601 duration, such as P2D'],
  ])('%j: %j', (value, mistake) => {
    expect(durationMistake(value, 'P2D')).toBe(mistake);
  });
});
