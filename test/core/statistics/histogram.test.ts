import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bucketOf, quantile } from '../../../src/core/statistics/histogram.js';

const bucketsOf = (durations: readonly number[]): number[] => {
  const buckets: number[] = Array.from({ length: Math.max(0, ...durations.map(bucketOf)) + 1 }, () => 0);
  for (const ms of durations) buckets[bucketOf(ms)] = (buckets[bucketOf(ms)] ?? 0) + 1;
  return buckets;
};

describe('durations in buckets', () => {
  it('are told within a tenth, or a millisecond', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 365 * 86_400_000 }), { minLength: 1, maxLength: 50 }),
        fc.constantFrom(0.5, 0.95, 1),
        (durations, share) => {
          const sorted = [...durations].sort((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] as number;
          const told = quantile(bucketsOf(durations), share) as number;
          expect(Math.abs(told - exact)).toBeLessThanOrEqual(Math.max(1, exact / 10));
        },
      ),
    );
  });

  it('are none where nothing has ended', () => {
    expect(quantile([], 0.5)).toBeNull();
    expect(quantile([0, 0], 0.5)).toBeNull();
    expect([quantile([3], 0.5), quantile([0, 0, 1], 0.5)]).toEqual([1, 1]);
  });

  it('take few buckets', () => {
    expect([0, 1, 2, 10, 1_000, 365 * 86_400_000].map(bucketOf)).toEqual([0, 0, 4, 14, 40, 140]);
  });
});
