import { describe, expect, it } from '@jest/globals';
import { admissionOf, admissionOfStored, hasQueue } from '../../../src/core/start/admission.js';

const LEAD = { module: 'leads', recordId: '42' };
const NO_RECORD = { module: null, recordId: null };

describe('what a new run waits for before it begins', () => {
  it('is nothing without a limit', () => {
    const settings = { maxConcurrentRuns: 0, order: 'any' } as const;
    expect([admissionOf(settings, LEAD), hasQueue(settings)]).toEqual([null, false]);
  });

  it('is a free place where their number is limited', () => {
    const settings = { maxConcurrentRuns: 2, order: 'any' } as const;
    const queue = { admission: 'queue', reason: 'concurrency_limit' };
    expect([admissionOf(settings, LEAD), admissionOf(settings, NO_RECORD), hasQueue(settings)]).toEqual([queue, queue, true]);
  });

  it.each([0, 2])('is first of all the end of earlier runs of its record where they go in order (limit %i)', (maxConcurrentRuns) => {
    const settings = { maxConcurrentRuns, order: 'per_record' } as const;
    expect(hasQueue(settings)).toBe(true);
    expect(admissionOf(settings, LEAD)).toEqual({ admission: 'record', reason: 'record_order' });
    expect(admissionOf(settings, NO_RECORD)?.admission).toBe(maxConcurrentRuns > 0 ? 'queue' : undefined);
    expect(admissionOf(settings, { module: null, recordId: '42' })?.admission).toBe(maxConcurrentRuns > 0 ? 'queue' : undefined);
  });

  it.each([
    ['a limit', { settings: { maxConcurrentRuns: 2 } }, 'queue'],
    ['an order', { settings: { order: 'per_record', maxConcurrentRuns: 'x' } }, 'record'],
    ['neither', { settings: {} }, null],
    ['no settings', {}, null],
    ['no definition', null, null],
  ])('is told of a version that cannot be read, too: with %s', (_, definition, admission) => {
    expect(admissionOfStored(definition, LEAD)?.admission ?? null).toBe(admission);
  });
});
