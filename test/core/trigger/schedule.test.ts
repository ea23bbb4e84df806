import { describe, expect, it } from '@jest/globals';
import { nextTicks, type ScheduleTrigger, ticksDue } from '../../../src/core/trigger/schedule.js';
import { describeTriggers } from '../../../src/core/trigger/trigger.js';

const at = (text: string) => new Date(`2027-03-01T${text}:00Z`);
const EVERY_HOUR: ScheduleTrigger = { type: 'schedule', cron: '0 * * * *', timezone: 'UTC' };

describe('the ticks of a schedule that are due', () => {
  it.each<[string, ScheduleTrigger['misfire'], string, { at: string; missedSince?: string; tooLate?: boolean }[], string]>([
    ['on time: that tick', undefined, '08:00', [{ at: '08:00' }], '09:00'],
    ['after a downtime: one for all', 'once', '11:30', [{ at: '11:00', missedSince: '08:00' }], '12:00'],
    ['after a downtime: each', 'each', '10:30', [{ at: '08:00' }, { at: '09:00' }, { at: '10:00' }], '11:00'],
    ['after a downtime: none, but one to say so', 'skip', '11:30', [{ at: '11:00', missedSince: '08:00', tooLate: true }], '12:00'],
    ['that of right now, when it was all that is skipped', 'skip', '11:10', [{ at: '11:00', missedSince: '08:00' }], '12:00'],
    ['a quarter of an hour late is on time', 'skip', '08:15', [{ at: '08:00' }], '09:00'],
    ['a minute more is not', 'skip', '08:16', [{ at: '08:00', tooLate: true }], '09:00'],
  ])('%s', (_what, misfire, now, ticks, next) => {
    expect(ticksDue({ ...EVERY_HOUR, ...(misfire && { misfire }) }, at('08:00'), at(now))).toEqual({
      ticks: ticks.map((tick) => ({
        at: at(tick.at),
        missedSince: tick.missedSince ? at(tick.missedSince) : null,
        tooLate: tick.tooLate ?? false,
      })),
      next: at(next),
    });
  });

  it('are a hundred at a time', () => {
    const due = ticksDue({ ...EVERY_HOUR, cron: '* * * * *', misfire: 'each' }, at('08:00'), at('20:00'));
    expect(due.ticks).toHaveLength(100);
    expect(due.next).toEqual(at('09:40'));
  });
});

it('the next ticks of what is no schedule are none', () => {
  expect(nextTicks('0 9 * * *', 'UTC', at('08:00'), 2)).toEqual([at('09:00'), new Date('2027-03-02T09:00:00Z')]);
  expect(nextTicks('nine', 'UTC', at('08:00'), 2)).toBeNull();
  expect(nextTicks('0 9 * * *', 'Mars/Base', at('08:00'), 2)).toBeNull();
});

it('every kind of trigger describes itself', () => {
  expect(describeTriggers().map(({ type }) => type)).toEqual([
    'event',
    'webhook',
    'schedule',
    'date',
    'manual',
    'machine_entered',
    'connector',
  ]);
});
