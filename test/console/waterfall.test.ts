import { describe, expect, it } from '@jest/globals';
import type { RunAttempt } from '../../src/console/model/run-tree.js';
import { barOf, barsOf, spanOf, timeAt, WIDTH, waterfallWords } from '../../src/console/model/waterfall.js';

const BEGIN = Date.parse('2026-11-22T10:00:00.000Z');
const at = (seconds: number): string => new Date(BEGIN + 1_000 * seconds).toISOString();
const attempt = (start: number, end: number | null, more: Partial<RunAttempt> = {}): RunAttempt => ({
  path: 'call',
  attempt: 1,
  position: 0,
  type: 'http_request',
  standing: end === null ? 'running' : 'succeeded',
  input: null,
  output: null,
  error: null,
  wakeAt: null,
  superseded: false,
  startedAt: at(start),
  finishedAt: end === null ? null : at(end),
  durationMs: end === null ? null : (end - start) * 1_000,
  ...more,
});
const SPAN = { from: BEGIN, to: BEGIN + 100_000 };

describe('the time of a run', () => {
  it('goes from its making to its end, or to now while it goes on', () => {
    expect(spanOf({ createdAt: at(0), finishedAt: at(100) }, new Date(BEGIN + 900_000))).toEqual(SPAN);
    expect(spanOf({ createdAt: at(0), finishedAt: null }, new Date(BEGIN + 100_000))).toEqual(SPAN);
    // Clocks differ: a run that was made just now is not drawn backwards.
    expect(spanOf({ createdAt: at(0), finishedAt: null }, new Date(BEGIN - 5_000)).to).toBeGreaterThan(BEGIN);
  });

  it('has a bar for each attempt of a step where it lies, and one for each pause between two', () => {
    const retried = [attempt(30, 50, { attempt: 2 }), attempt(10, 20, { standing: 'retrying' })];
    expect(barsOf(retried, SPAN)).toEqual([
      { kind: 'retrying', x: 100, width: 100 },
      { kind: 'pause', x: 200, width: 100 },
      { kind: 'succeeded', x: 300, width: 200 },
    ]);
    expect(timeAt(retried, SPAN)).toBe(30_000);
    expect(waterfallWords(retried, SPAN)).toBe('after 10 s, for 10 s; after 30 s, for 20 s');
    const many = [attempt(4, 5), attempt(3, 4), attempt(2, 3), attempt(1, 2)];
    expect(waterfallWords(many, SPAN)).toBe('after 1 s, for 1 s; after 2 s, for 1 s; after 3 s, for 1 s; 1 more');
  });

  it('grows with what is under way or waits; what is to be tried again pauses until now', () => {
    const waiting = [attempt(40, null, { standing: 'waiting' })];
    expect([barsOf(waiting, SPAN), timeAt(waiting, SPAN)]).toEqual([[{ kind: 'waiting', x: 400, width: 600 }], 60_000]);
    expect(barsOf([attempt(0, 10, { standing: 'retrying' })], SPAN)).toEqual([
      { kind: 'retrying', x: 0, width: 100 },
      { kind: 'pause', x: 100, width: 900 },
    ]);
    // Nobody knows when it ended.
    expect(timeAt([attempt(40, null, { standing: 'abandoned' })], SPAN)).toBe(0);
  });

  it('shows what is too short to be seen all the same, and inside the run', () => {
    const bar = barOf('queued', SPAN.to, SPAN.to, SPAN);
    expect(bar.width).toBeGreaterThan(0);
    expect(bar.x + bar.width).toBeLessThanOrEqual(WIDTH);
  });

  it('has no more bars than can be told apart, however many items a loop has', () => {
    const items = Array.from({ length: 5_000 }, (_, index) => attempt(index / 50, index / 50 + 1, { path: `each[${index}].call` }));
    expect(barsOf(items.reverse(), SPAN)).toEqual([{ kind: 'succeeded', x: 0, width: expect.closeTo(WIDTH, 6) }]);
  });
});
