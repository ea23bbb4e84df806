import { describe, expect, it } from '@jest/globals';
import { quietHoursProblems, quietUntil } from '../../../src/core/people/quiet-hours.js';
import { nextTaskStep, type TaskStep, type TaskTimes } from '../../../src/core/people/task-times.js';

const NOW = new Date('2030-01-01T12:00:00Z');
const at = (hours: number): Date => new Date(NOW.getTime() + hours * 3_600_000);
const NOTHING: TaskTimes = { pending: [], dueAt: null, remindAt: null, escalateAt: null };

describe('what is due of a task', () => {
  it.each<[string, Partial<TaskTimes>, Date | null, TaskStep]>([
    ['nothing, and never again', {}, null, { kind: 'wait', nextAt: null, left: NOTHING }],
    [
      'that it is new',
      { pending: ['new'], dueAt: at(2), remindAt: at(1), escalateAt: at(3) },
      null,
      { kind: 'tell', notice: 'new', nextAt: at(1), left: { pending: [], dueAt: at(2), remindAt: at(1), escalateAt: at(3) } },
    ],
    [
      'a reminder, once',
      { remindAt: at(0), dueAt: at(1) },
      null,
      { kind: 'tell', notice: 'reminder', nextAt: at(1), left: { ...NOTHING, dueAt: at(1) } },
    ],
    [
      'that it is overdue, rather than a reminder or that it is new',
      { pending: ['new'], remindAt: at(-1), dueAt: at(0) },
      null,
      { kind: 'tell', notice: 'due', nextAt: null, left: NOTHING },
    ],
    [
      'that it has come to others, before all else',
      { pending: ['escalated'], dueAt: at(-1) },
      null,
      { kind: 'tell', notice: 'escalated', nextAt: null, left: NOTHING },
    ],
    [
      'to ask others, who are told in the next step',
      { pending: ['new'], remindAt: at(-2), dueAt: at(-1), escalateAt: at(0) },
      at(8),
      { kind: 'escalate', nextAt: NOW, left: { ...NOTHING, dueAt: at(-1) } },
    ],
    [
      'nothing in quiet hours: what is pending waits for their end',
      { pending: ['new'], remindAt: at(-1) },
      at(8),
      { kind: 'wait', nextAt: at(8), left: { ...NOTHING, pending: ['new', 'reminder'] } },
    ],
    [
      'others are asked within quiet hours',
      { pending: ['new'], escalateAt: at(1) },
      at(8),
      { kind: 'wait', nextAt: at(1), left: { ...NOTHING, pending: ['new'], escalateAt: at(1) } },
    ],
  ])('is %s', (_what, times, quiet, step) => {
    expect(nextTaskStep({ ...NOTHING, ...times }, NOW, quiet)).toEqual(step);
  });
});

describe('quiet hours', () => {
  const NIGHT = { from: '20:00', to: '07:00' };
  it.each<[string, string, string | null]>([
    ['2030-01-01T12:00:00Z', 'UTC', null],
    ['2030-01-01T20:00:00Z', 'UTC', '2030-01-02T07:00:00.000Z'],
    ['2030-01-02T06:59:59Z', 'UTC', '2030-01-02T07:00:00.000Z'],
    ['2030-01-02T07:00:00Z', 'UTC', null],
    ['2030-01-01T19:30:00Z', 'Europe/Berlin', '2030-01-02T06:00:00.000Z'],
    // Clocks go forward in that night.
    ['2030-03-30T22:00:00Z', 'Europe/Berlin', '2030-03-31T05:00:00.000Z'],
  ])('at %s in %s last until %s', (now, timezone, end) => {
    expect(quietUntil(NIGHT, new Date(now), timezone)?.toISOString() ?? null).toBe(end);
  });

  it('may be within a day, or not at all', () => {
    const noon = { from: '12:00', to: '13:00' };
    expect(quietUntil(noon, new Date('2030-01-01T12:30:00Z'), 'UTC')?.toISOString()).toBe('2030-01-01T13:00:00.000Z');
    expect(quietUntil(noon, new Date('2030-01-01T13:30:00Z'), 'UTC')).toBeNull();
    expect(quietUntil(null, NOW, 'UTC')).toBeNull();
  });

  it.each<[unknown, string[]]>([
    [NIGHT, []],
    [{ from: '24:00', to: '7' }, ['from', 'to']],
    [{ from: 20, to: '07:00' }, ['from']],
    [{ from: '07:00', to: '07:00' }, ['to']],
  ])('%j have problems at %j', (quiet, paths) => {
    expect(quietHoursProblems(quiet as never).map(({ path }) => path)).toEqual(paths);
  });
});
