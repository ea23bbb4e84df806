import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Retryability } from '../../src/core/errors.js';
import { decideRetry, type RetryPolicy, resolveRetryPolicy, retryNote } from '../../src/core/retry.js';

const now = new Date('2025-06-01T12:00:00Z');
const transient = { kind: 'transient' } as const;
const DAY = 86_400_000;

function pause(policy: RetryPolicy | undefined, attemptsMade: number, random: number, retryAfterMs?: number): number {
  const decision = decideRetry(policy, attemptsMade, { kind: 'transient', retryAfterMs }, now, random);
  if (decision.kind !== 'retry') throw new Error(`gave up: ${decision.reason}`);
  return decision.at.getTime() - now.getTime();
}

describe('resolveRetryPolicy', () => {
  const defaults = { maxAttempts: 3, initialMs: 10_000, multiplier: 2, maxMs: 3_600_000 };

  it('has 3 attempts, 10 s, doubled, 1 h at most, when nothing is said', () => {
    expect(resolveRetryPolicy(undefined)).toEqual(defaults);
    expect(resolveRetryPolicy({})).toEqual(defaults);
  });

  it('takes what is said', () => {
    expect(resolveRetryPolicy({ maxAttempts: 5, initialInterval: 'PT1M', multiplier: 1.5, maxInterval: 'P1D' })).toEqual({
      maxAttempts: 5,
      initialMs: 60_000,
      multiplier: 1.5,
      maxMs: DAY,
    });
  });

  it.each<[string, RetryPolicy]>([
    ['no attempts', { maxAttempts: 0 }],
    ['half an attempt', { maxAttempts: 1.5 }],
    ['an endless number of attempts', { maxAttempts: Number.POSITIVE_INFINITY }],
    ['a shrinking pause', { multiplier: 0.5 }],
    ['an endless multiplier', { multiplier: Number.POSITIVE_INFINITY }],
    ['a malformed interval', { initialInterval: 'soon', maxInterval: 'later' }],
    ['a negative interval', { initialInterval: '-PT1S', maxInterval: '-PT1S' }],
  ])('counts %s as not said', (_, policy) => {
    expect(resolveRetryPolicy(policy)).toEqual(defaults);
  });
});

describe('decideRetry', () => {
  it('gives up at once on a permanent failure', () => {
    expect(decideRetry(undefined, 1, { kind: 'permanent' }, now, 0.5)).toEqual({ kind: 'give_up', reason: 'permanent' });
  });

  it('gives up when all attempts are made', () => {
    expect(decideRetry(undefined, 3, transient, now, 0.5)).toEqual({ kind: 'give_up', reason: 'exhausted' });
    expect(decideRetry({ maxAttempts: 1 }, 1, transient, now, 0.5)).toEqual({ kind: 'give_up', reason: 'exhausted' });
  });

  it('doubles the cap of the pause with each attempt, up to the longest', () => {
    const policy = { maxAttempts: 100, maxInterval: 'PT1M' };
    expect([1, 2, 3, 4, 50].map((attempts) => pause(policy, attempts, 0.5))).toEqual([7_500, 15_000, 30_000, 45_000, 45_000]);
  });

  it('treats no attempts made like one', () => {
    expect(pause(undefined, 0, 0.5)).toBe(7_500);
  });

  it('retries at once when the first pause is zero, however many attempts were made', () => {
    expect(pause({ maxAttempts: 10_000, initialInterval: 'PT0S', multiplier: 10 }, 5_000, 0.9)).toBe(0);
  });

  it('waits at least as long as the far side asks, beyond its own cap too', () => {
    expect(pause(undefined, 1, 0, 120_000)).toBe(120_000);
    expect(pause({ maxInterval: 'PT1S' }, 1, 0.9, 7_200_000)).toBe(7_200_000);
  });

  it('waits longer than the far side asks when its own pause is longer', () => {
    expect(pause(undefined, 1, 0.5, 1_000)).toBe(7_500);
  });

  it.each([2 * DAY, Number.POSITIVE_INFINITY])('follows the far side for no longer than a day (%d)', (asked) => {
    expect(pause(undefined, 1, 0, asked)).toBe(DAY);
  });

  it.each([-5, Number.NaN])('ignores a senseless wish (%d)', (asked) => {
    expect(pause(undefined, 1, 0, asked)).toBe(5_000);
  });

  it('pauses for half of the cap at the least and for the cap at the most, for any policy, attempt and luck', () => {
    fc.assert(
      fc.property(
        fc.record({ initial: fc.nat(5_000), max: fc.nat(100_000), multiplier: fc.double({ min: 1, max: 50, noNaN: true }) }),
        fc.integer({ min: 1, max: 2_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        ({ initial, max, multiplier }, attempts, random) => {
          const policy = { maxAttempts: 10_000, initialInterval: `PT${initial}S`, maxInterval: `PT${max}S`, multiplier };
          const ms = pause(policy, attempts, random);
          const cap = Math.min(max * 1_000, initial === 0 ? 0 : initial * 1_000 * multiplier ** (attempts - 1));
          expect(ms).toBeGreaterThanOrEqual(Math.floor(cap / 2));
          expect(ms).toBeLessThanOrEqual(cap);
        },
      ),
    );
  });

  it('honours Retry-After for any policy and luck', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: DAY, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (asked, random) => {
          expect(pause(undefined, 1, random, asked)).toBeGreaterThanOrEqual(asked);
        },
      ),
    );
  });

  it('tries an attempt again of which nobody knows whether it took effect', () => {
    const now = new Date('2026-01-01T00:00:00Z');
    expect(decideRetry({ maxAttempts: 2 }, 1, { kind: 'ambiguous' }, now, 0)).toEqual({
      kind: 'retry',
      at: new Date('2026-01-01T00:00:05Z'),
    });
    expect(decideRetry({ maxAttempts: 2 }, 2, { kind: 'ambiguous' }, now, 0)).toEqual({ kind: 'give_up', reason: 'exhausted' });
  });
});

describe('what the log says of a failed attempt', () => {
  const note = (retry: Retryability, attemptsMade: number) => {
    const policy = { maxAttempts: 2, initialInterval: 'PT10S' };
    return retryNote(decideRetry(policy, attemptsMade, retry, now, 0.5), policy, attemptsMade);
  };

  it('names the time of the next one', () => {
    expect(note({ kind: 'transient' }, 1)).toBe('This was attempt 1 of 2; the next is due at 2025-06-01T12:00:07.500Z.');
  });

  it('promises none after the last', () => {
    expect(note({ kind: 'transient' }, 2)).toBe('This was attempt 2 of 2, the last.');
    expect(note({ kind: 'ambiguous' }, 2)).toBe('This was attempt 2 of 2, the last.');
  });

  it('promises none where it would fail again', () => {
    expect(note({ kind: 'permanent' }, 1)).toBe('The step is not tried again: the same attempt would fail again.');
  });
});
