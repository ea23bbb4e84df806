import { describe, expect, it } from '@jest/globals';
import { BatchSize } from '../../src/engine/routing/batch-size.js';

describe('the size of a batch', () => {
  const sizeAfter = (...batches: readonly [items: number, ms: number][]): number => {
    const size = new BatchSize(200, 50, 100);
    for (const [items, ms] of batches) size.note(items, ms);
    return size.current;
  };

  it('is the largest that takes no longer than it may', () => {
    expect(sizeAfter()).toBe(200);
    expect(sizeAfter([200, 101])).toBe(100);
    expect(sizeAfter([200, 101], [100, 101], [50, 1_000], [50, 1_000])).toBe(50);
    expect(sizeAfter([200, 100])).toBe(200);
  });

  it('grows again when there is time for twice as many, and more', () => {
    expect(sizeAfter([200, 101], [100, 24])).toBe(200);
    expect(sizeAfter([200, 101], [100, 26])).toBe(100);
    expect(sizeAfter([200, 1])).toBe(200);
  });

  it('is not changed by a batch that was not full', () => {
    expect(sizeAfter([199, 1_000])).toBe(200);
    expect(sizeAfter([200, 101], [99, 1])).toBe(100);
  });
});
