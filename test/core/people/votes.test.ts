import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Required } from '../../../src/core/people/question.js';
import { approvalsNeeded, type Vote, type VoteOutcome, voteOutcome } from '../../../src/core/people/votes.js';

const YES: Vote = 'approved';
const NO: Vote = 'rejected';
const outcome = (required: Required, people: number, votes: Vote[]): VoteOutcome =>
  voteOutcome(approvalsNeeded(required, people), people, votes);

describe('votes', () => {
  it.each<[Required, number, Vote[], VoteOutcome]>([
    ['one', 3, [], 'open'],
    ['one', 3, [YES], 'approved'],
    ['one', 3, [NO], 'rejected'],
    ['one', 3, [NO, YES], 'rejected'],
    ['all', 2, [YES], 'open'],
    ['all', 2, [YES, YES], 'approved'],
    ['all', 2, [NO], 'rejected'],
    [2, 3, [YES], 'open'],
    [2, 3, [NO], 'open'],
    [2, 3, [NO, YES], 'open'],
    [2, 3, [NO, YES, YES], 'approved'],
    [2, 3, [NO, NO], 'rejected'],
    [1, 2, [NO], 'open'],
    [1, 2, [NO, NO], 'rejected'],
    [2, 1, [], 'rejected'],
  ])('of %j of %i: %j is %s', (required, people, votes, wanted) => {
    expect(outcome(required, people, votes)).toBe(wanted);
  });

  it('always come to an end, and never change it: whoever answers after the end changes nothing', () => {
    const anyRequired = fc.oneof(fc.constant('one' as const), fc.constant('all' as const), fc.integer({ min: 1, max: 8 }));
    fc.assert(
      fc.property(anyRequired, fc.array(fc.constantFrom(YES, NO), { minLength: 1, maxLength: 8 }), (required, votes) => {
        const outcomes = votes.map((_, index) => outcome(required, votes.length, votes.slice(0, index + 1)));
        const end = outcomes.findIndex((one) => one !== 'open');
        expect(end).toBeGreaterThanOrEqual(0);
        expect(new Set(outcomes.slice(end)).size).toBe(1);
      }),
    );
  });
});
