import { describe, expect, it } from '@jest/globals';
import { type Circumstances, pauseBeforeLook } from '../../../src/engine/timing/next-look.js';
import type { Outlook } from '../../../src/store/outlook.js';

const INTERVALS = { pollIntervalMs: 1_000, idlePollIntervalMs: 30_000 };
const NOTHING: Outlook = { events: false, runs: false, queues: false, leftSubRuns: false, callbacks: false, nextEndInMs: null };

function pause(outlook: Partial<Outlook>, others: Partial<Omit<Circumstances, 'outlook'>> = {}): number {
  return pauseBeforeLook({ outlook: { ...NOTHING, ...outlook }, isListening: true, isQuiet: true, ...others }, INTERVALS);
}

describe('the pause before the next look', () => {
  it('is the long one while all is quiet and others announce their work', () => {
    expect(pause({})).toBe(30_000);
  });

  it.each<[string, Partial<Outlook>, Partial<Circumstances>]>([
    ['nobody can be heard', {}, { isListening: false }],
    ['this process has done something since the last look', {}, { isQuiet: false }],
    ['there are events', { events: true }, {}],
    ['there are queued runs', { runs: true }, {}],
    ['a wait or a lease is over, which somebody else is at', { nextEndInMs: -5 }, {}],
    ['one ends this very moment', { nextEndInMs: 0 }, {}],
  ])('is the short one while %s', (_, outlook, circumstances) => {
    expect(pause(outlook, circumstances)).toBe(1_000);
  });

  it('ends when the next wait or lease does, however short that is, and never before', () => {
    expect(pause({ nextEndInMs: 3_000 })).toBe(3_000);
    expect(pause({ nextEndInMs: 0.2 })).toBe(1);
    expect(pause({ nextEndInMs: 400 }, { isQuiet: false })).toBe(400);
    expect(pause({ nextEndInMs: 90_000 })).toBe(30_000);
  });

  it('is never shorter in quiet than in between', () => {
    const intervals = { pollIntervalMs: 60_000, idlePollIntervalMs: 5_000 };
    expect(pauseBeforeLook({ outlook: NOTHING, isListening: true, isQuiet: true }, intervals)).toBe(60_000);
  });

  it('is a second at most while this process does something, whatever the intervals', () => {
    const intervals = { pollIntervalMs: 60_000, idlePollIntervalMs: 600_000 };
    expect(pauseBeforeLook({ outlook: NOTHING, isListening: true, isQuiet: false }, intervals)).toBe(1_000);
  });
});
