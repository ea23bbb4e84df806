import { describe, expect, it } from '@jest/globals';
import { byWords, inactiveWords, type LifeEntry, standingAt, type WorkflowLife } from '../../../src/core/why/life.js';

const ADA = { type: 'user' as const, id: 'u-9', name: 'Ada' };
const day = (number: number) => `2025-11-0${number}T08:00:00.000Z`;
const entry = (number: number, action: string, status: string | null = null): LifeEntry => ({
  at: day(number),
  action: `workflow.${action}`,
  status,
  actor: ADA,
  note: null,
});
const life = (...entries: LifeEntry[]): WorkflowLife => ({ createdAt: day(1), entries: [entry(1, 'created'), ...entries], isWhole: true });

describe('what a workflow was at a moment', () => {
  const whole = life(
    entry(2, 'published', 'active'),
    entry(3, 'paused', 'paused'),
    entry(4, 'renamed'),
    entry(5, 'activated', 'active'),
    entry(6, 'unpublished', 'draft'),
    entry(7, 'archived', 'archived'),
    entry(8, 'deleted'),
  );

  it.each([
    [day(1), 'draft', 'It was not published yet. It was published on 2025-11-02 08:00:00 UTC by Ada, after the event.'],
    [day(2), 'active', null],
    [day(4), 'paused', 'It was paused by Ada on 2025-11-03 08:00:00 UTC. It was active again from 2025-11-05 08:00:00 UTC on.'],
    [day(5), 'active', null],
    [day(6), 'draft', 'It was not published: it had been withdrawn by Ada on 2025-11-06 08:00:00 UTC.'],
    [day(7), 'archived', 'It was archived by Ada on 2025-11-07 08:00:00 UTC.'],
    [day(9), 'deleted', 'It had been deleted by Ada on 2025-11-08 08:00:00 UTC.'],
    ['2025-10-01T00:00:00.000Z', 'unborn', 'It did not exist yet: it was created on 2025-11-01 08:00:00 UTC by Ada.'],
  ])('%s: %s', (at, kind, words) => {
    const standing = standingAt(whole, at);
    expect([standing.kind, inactiveWords(standing)]).toEqual([kind, words]);
  });

  it('is told as far as it is known', () => {
    const cut = { ...life(), entries: [entry(5, 'paused', 'paused')] };
    expect(standingAt(cut, day(3))).toEqual({ kind: 'draft', since: null, next: null });
    expect(inactiveWords(standingAt(cut, day(3)))).toBe('It was not published yet.');
    expect(standingAt({ ...cut, isWhole: false }, day(3))).toEqual({ kind: 'unknown' });
    expect(standingAt({ ...cut, createdAt: null }, day(3))).toEqual({ kind: 'unknown' });
    expect(inactiveWords({ kind: 'unknown' })).toBeNull();
    expect(inactiveWords(standingAt({ ...cut, entries: [] }, '2025-10-01T00:00:00.000Z'))).toBe(
      'It did not exist yet: it was created on 2025-11-01 08:00:00 UTC.',
    );
    expect(inactiveWords({ kind: 'paused', since: null, next: null })).toBe('It was paused.');
    expect(standingAt(life(entry(2, 'constructor', 'moon')), day(3)).kind).toBe('draft');
  });

  it('names people by their name, else by their id', () => {
    expect([byWords(ADA), byWords({ type: 'user', id: 'u-1' }), byWords({ type: 'system', id: null }), byWords(null)]).toEqual([
      ' by Ada',
      ' by u-1',
      ' by the system',
      '',
    ]);
  });
});
