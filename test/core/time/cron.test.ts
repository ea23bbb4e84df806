import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CronSchedule, cronProblem } from '../../../src/core/time/cron.js';

const BERLIN = 'Europe/Berlin';
const NEW_YORK = 'America/New_York';
/** Where summer time is half an hour, and begins in October. */
const LORD_HOWE = 'Australia/Lord_Howe';

function next(cron: string, zone: string, after: string, count = 1): string[] {
  const schedule = new CronSchedule(cron, zone);
  const ticks: string[] = [];
  for (let at = new Date(after); ticks.length < count; ) {
    at = schedule.next(at);
    ticks.push(at.toISOString().replace(/:00\.000Z$/, 'Z'));
  }
  return ticks;
}

describe('a schedule', () => {
  it.each<[string, string, string, string[]]>([
    ['30 9 * * MON-FRI', 'UTC', '2027-01-01T09:30Z', ['2027-01-04T09:30Z', '2027-01-05T09:30Z']],
    ['0 9 * * *', BERLIN, '2027-01-01T00:00Z', ['2027-01-01T08:00Z', '2027-01-02T08:00Z']],
    ['0 9 * * *', BERLIN, '2027-07-01T00:00Z', ['2027-07-01T07:00Z', '2027-07-02T07:00Z']],
    ['*/20 8-9 * * *', NEW_YORK, '2027-01-01T13:30Z', ['2027-01-01T13:40Z', '2027-01-01T14:00Z', '2027-01-01T14:20Z']],
    ['0 0 29 2 *', 'UTC', '2026-01-01T00:00Z', ['2028-02-29T00:00Z']],
    // A day of the month or a day of the week, where both are named.
    ['0 0 13 * FRI', 'UTC', '2027-08-01T00:00Z', ['2027-08-06T00:00Z', '2027-08-13T00:00Z']],
    ['0 0 * * 7', 'UTC', '2027-01-01T00:00Z', ['2027-01-03T00:00Z']],
    ['* * * * *', 'UTC', '2027-01-01T00:00:59.999Z', ['2027-01-01T00:01Z', '2027-01-01T00:02Z']],
  ])('%s in %s ticks after %s at %j', (cron, zone, after, ticks) => {
    expect(next(cron, zone, after, ticks.length)).toEqual(ticks);
  });

  it.each<[string, string, string, string, string[]]>([
    [
      'a skipped hour counts as the one as much later',
      '30 2 * * *',
      BERLIN,
      '2027-03-27T12:00Z',
      ['2027-03-28T01:30Z', '2027-03-29T00:30Z'],
    ],
    ['and so it does south of the equator', '15 2 * * *', LORD_HOWE, '2027-10-02T00:00Z', ['2027-10-02T15:45Z', '2027-10-03T15:15Z']],
    ['it is no second tick of the hour behind it', '0 2,3 * * *', BERLIN, '2027-03-27T12:00Z', ['2027-03-28T01:00Z', '2027-03-29T00:00Z']],
    [
      'ticks come in the order of time',
      '0,30 2,3 * * *',
      BERLIN,
      '2027-03-27T12:00Z',
      ['2027-03-28T01:00Z', '2027-03-28T01:30Z', '2027-03-29T00:00Z'],
    ],
    ['of a doubled hour the first counts', '30 2 * * *', BERLIN, '2027-10-30T12:00Z', ['2027-10-31T00:30Z', '2027-11-01T01:30Z']],
    ['whenever one asks', '30 2 * * *', BERLIN, '2027-10-31T00:45Z', ['2027-11-01T01:30Z']],
    ['also in its second time', '30 2 * * *', BERLIN, '2027-10-31T01:15Z', ['2027-11-01T01:30Z']],
    ['and west of Greenwich', '30 1 * * *', NEW_YORK, '2027-11-06T12:00Z', ['2027-11-07T05:30Z', '2027-11-08T06:30Z']],
    [
      'every hour goes on as time does',
      '0 * * * *',
      BERLIN,
      '2027-10-30T23:00Z',
      ['2027-10-31T00:00Z', '2027-10-31T01:00Z', '2027-10-31T02:00Z'],
    ],
    [
      'and leaves out what clocks never show',
      '30 * * * *',
      BERLIN,
      '2027-03-28T00:00Z',
      ['2027-03-28T00:30Z', '2027-03-28T01:30Z', '2027-03-28T02:30Z'],
    ],
    [
      'every half hour, where clocks are put back by one',
      '*/30 * * * *',
      LORD_HOWE,
      '2027-04-03T14:00Z',
      ['2027-04-03T14:30Z', '2027-04-03T15:00Z', '2027-04-03T15:30Z'],
    ],
    ['a midnight that is skipped', '0 0 * * *', 'Africa/Cairo', '2027-04-29T12:00Z', ['2027-04-29T22:00Z', '2027-04-30T21:00Z']],
  ])('when clocks are changed: %s', (_what, cron, zone, after, ticks) => {
    expect(next(cron, zone, after, ticks.length)).toEqual(ticks);
  });

  const crons = fc.constantFrom(
    '*/5 * * * *',
    '0,30 * * * *',
    '30 2 * * *',
    '*/10 1-3 * * *',
    '0 */2 * * *',
    '15 1,2,3 * * SUN',
    '0 0 1 * *',
  );
  const zones = fc.constantFrom('UTC', BERLIN, NEW_YORK, LORD_HOWE, 'Asia/Kolkata');
  const moments = fc
    .tuple(
      fc.constantFrom(
        '2027-03-28T01:00Z',
        '2027-10-31T01:00Z',
        '2027-03-14T07:00Z',
        '2027-11-07T06:00Z',
        '2027-10-02T15:30Z',
        '2027-04-03T15:00Z',
        '2027-06-15T00:00Z',
      ),
      fc.integer({ min: -7_200_000, max: 7_200_000 }),
    )
    .map(([change, off]) => new Date(Date.parse(change) + off));

  it('goes forward, and leaves no tick out, wherever one begins', () => {
    fc.assert(
      fc.property(crons, zones, moments, fc.nat(10_800_000), (cron, zone, from, later) => {
        const schedule = new CronSchedule(cron, zone);
        const first = schedule.next(from);
        expect(first.getTime()).toBeGreaterThan(from.getTime());
        const between = new Date(from.getTime() + later);
        const next = schedule.next(between);
        if (between < first) expect(next).toEqual(first);
        else expect(next.getTime()).toBeGreaterThan(first.getTime());
      }),
      { numRuns: 80 },
    );
  });

  it('knows its last tick after a downtime, as counting them one by one does', () => {
    fc.assert(
      fc.property(crons, zones, moments, fc.nat(8 * 3_600_000), (cron, zone, from, downtime) => {
        const schedule = new CronSchedule(cron, zone);
        const due = schedule.next(from);
        const now = new Date(due.getTime() + downtime);
        let last = due;
        for (let at = due; at <= now; at = schedule.next(at)) last = at;
        expect(schedule.last(due, now)).toEqual(last);
      }),
      { numRuns: 25 },
    );
  });

  it('that names a day no year has is none', () => {
    expect(cronProblem('0 0 30 2 *')).toBe('The schedule names a day that no year has.');
    expect(cronProblem('0 0 29 2 *')).toBeNull();
  });

  it('does not look further than the library does', () => {
    expect(() => new CronSchedule('0 0 1 1 *', 'UTC').next(new Date('2200-01-01'))).toThrow();
  });
});
