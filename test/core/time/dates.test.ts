import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { readMoment } from '../../../src/core/time/dates.js';

const BERLIN = 'Europe/Berlin';
const NEW_YORK = 'America/New_York';
/** Where summer time is half an hour. */
const LORD_HOWE = 'Australia/Lord_Howe';

const read = (text: string, zone: string) => readMoment(text, zone)?.toISOString() ?? null;

describe('the moment that a text names', () => {
  it.each([
    ['2030-05-01T09:00:00Z', BERLIN, '2030-05-01T09:00:00.000Z'],
    ['2030-05-01T09:00:00.5+02:00', NEW_YORK, '2030-05-01T07:00:00.500Z'],
    ['2030-05-01T09:00', 'UTC', '2030-05-01T09:00:00.000Z'],
    ['2030-05-01T09:00', BERLIN, '2030-05-01T07:00:00.000Z'],
    ['2030-05-01T09:00', NEW_YORK, '2030-05-01T13:00:00.000Z'],
    ['2030-01-01T09:00:00', BERLIN, '2030-01-01T08:00:00.000Z'],
    ['2030-05-01', BERLIN, '2030-04-30T22:00:00.000Z'],
    ['2030-05-01', NEW_YORK, '2030-05-01T04:00:00.000Z'],
    ['2030-05-01', LORD_HOWE, '2030-04-30T13:30:00.000Z'],
    ['2030-05-01 09:00:00', BERLIN, '2030-05-01T07:00:00.000Z'],
    ['2030-05-01 09:00:00+00', BERLIN, '2030-05-01T09:00:00.000Z'],
    ['2030-05-01t09:00:00z', BERLIN, '2030-05-01T09:00:00.000Z'],
    ['2030-05-01T09:00-05', BERLIN, '2030-05-01T14:00:00.000Z'],
  ])('%s in %s is %s', (text, zone, moment) => {
    expect(read(text, zone)).toBe(moment);
  });

  it.each([
    ['a skipped hour', '2030-03-31T02:30', BERLIN, '2030-03-31T01:30:00.000Z'],
    ['the first moment behind it', '2030-03-31T03:00', BERLIN, '2030-03-31T01:00:00.000Z'],
    ['the last moment before it', '2030-03-31T01:59:59.999', BERLIN, '2030-03-31T00:59:59.999Z'],
    ['a doubled hour, its first time', '2030-10-27T02:30', BERLIN, '2030-10-27T00:30:00.000Z'],
    ['the first moment behind that', '2030-10-27T03:00', BERLIN, '2030-10-27T02:00:00.000Z'],
    ['a skipped hour west of Greenwich', '2030-03-10T02:30', NEW_YORK, '2030-03-10T07:30:00.000Z'],
    ['a doubled hour west of Greenwich', '2030-11-03T01:30', NEW_YORK, '2030-11-03T05:30:00.000Z'],
    ['a skipped half hour', '2030-10-06T02:15', LORD_HOWE, '2030-10-05T15:45:00.000Z'],
    ['a doubled half hour', '2030-04-07T01:45', LORD_HOWE, '2030-04-06T14:45:00.000Z'],
    ['a midnight that is skipped', '2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
    ['a day that is skipped', '2011-12-30T12:00', 'Pacific/Apia', '2011-12-30T22:00:00.000Z'],
  ])('when clocks are changed: %s', (_what, text, zone, moment) => {
    expect(read(text, zone)).toBe(moment);
  });

  it.each([
    null,
    true,
    5,
    ['2030-05-01'],
    '',
    'tomorrow',
    '2030-02-30',
    '2030-05-01T24:00',
    '2030-05-01T09',
    '2030-05-01x09:00',
    '2030-05-01-05',
  ])('there is none in %j', (value) => {
    expect(readMoment(value, BERLIN)).toBeNull();
  });

  it('is refused where the zone is none', () => {
    expect(() => readMoment('2030-05-01', 'Mars/Base')).toThrow(expect.objectContaining({ code: 'timezone_unknown' }));
  });

  const zones = fc.constantFrom('UTC', BERLIN, NEW_YORK, LORD_HOWE, 'Africa/Casablanca', 'Asia/Kolkata');
  // Half of the moments lie around the changes of 2030.
  const moments = fc.oneof(
    fc.date({ min: new Date('1975-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }),
    fc
      .tuple(
        fc.constantFrom(
          '2030-03-31T01:00Z',
          '2030-10-27T01:00Z',
          '2030-03-10T07:00Z',
          '2030-11-03T06:00Z',
          '2030-10-05T15:30Z',
          '2030-04-06T15:00Z',
        ),
        fc.integer({ min: -7_200_000, max: 7_200_000 }),
      )
      .map(([change, off]) => new Date(Date.parse(change) + off)),
  );
  const shownAt = (moment: Date, zone: string) => DateTime.fromJSDate(moment, { zone }).toFormat("yyyy-MM-dd'T'HH:mm:ss.SSS");

  it('is the first at which clocks in the zone show it', () => {
    fc.assert(
      fc.property(moments, zones, (moment, zone) => {
        const shown = shownAt(moment, zone);
        const found = readMoment(shown, zone) as Date;
        expect(shownAt(found, zone)).toBe(shown);
        expect(found.getTime()).toBeLessThanOrEqual(moment.getTime());
        for (const minutes of [30, 60]) expect(shownAt(new Date(found.getTime() - minutes * 60_000), zone)).not.toBe(shown);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is as much later as clocks are put on, where they never show it', () => {
    const gaps = fc.constantFrom(
      { zone: BERLIN, from: '2030-03-31T02:00', minutes: 60 },
      { zone: NEW_YORK, from: '2030-03-10T02:00', minutes: 60 },
      { zone: LORD_HOWE, from: '2030-10-06T02:00', minutes: 30 },
    );
    fc.assert(
      fc.property(gaps, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), ({ zone, from, minutes }, part) => {
        const wall = DateTime.fromISO(from, { zone: 'UTC' }).plus(Math.floor(part * minutes * 60_000));
        const text = wall.toFormat("yyyy-MM-dd'T'HH:mm:ss.SSS");
        expect(shownAt(readMoment(text, zone) as Date, zone)).toBe(wall.plus({ minutes }).toFormat("yyyy-MM-dd'T'HH:mm:ss.SSS"));
      }),
    );
  });

  it('does not depend on the zone when it has an offset', () => {
    fc.assert(
      fc.property(moments, zones, fc.integer({ min: -14 * 4, max: 14 * 4 }), (moment, zone, quarters) => {
        const text = DateTime.fromJSDate(moment, {
          zone: `UTC${quarters < 0 ? '-' : '+'}${Math.abs(quarters / 4) | 0}:${String(Math.abs((quarters % 4) * 15)).padStart(2, '0')}`,
        }).toISO();
        expect(readMoment(text, zone)).toEqual(moment);
      }),
    );
  });
});
