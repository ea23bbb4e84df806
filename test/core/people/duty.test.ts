import { describe, expect, it } from '@jest/globals';
import {
  claimRefusal,
  completeRefusal,
  concerns,
  type Duty,
  type DutyPerson,
  type DutyRefusal,
  releaseRefusal,
} from '../../../src/core/people/duty.js';

const person = (userId: string, more: Partial<DutyPerson> = {}): DutyPerson => ({
  userId,
  isAsked: true,
  isReplaced: false,
  hasDecided: false,
  ...more,
});
const task = (more: Partial<Duty>): Duty => ({ kind: 'form', status: 'open', queue: null, assigneeId: null, people: [], ...more });
const OVER = task({ status: 'completed', people: [person('me')] });
const MINE = task({ assigneeId: 'me', people: [person('me')] });
const OFFERED = task({ people: [person('me'), person('other')] });
const TAKEN = task({ assigneeId: 'other', people: [person('me'), person('other')] });
const OTHERS = task({ assigneeId: 'other', people: [person('other')] });
const QUEUED = task({ queue: 'desk' });
const ELSEWHERE = task({ queue: 'back' });
const QUEUED_MINE = task({ queue: 'desk', assigneeId: 'me', people: [person('me', { isAsked: false })] });
const QUEUED_TAKEN = task({ queue: 'desk', assigneeId: 'other', people: [person('other', { isAsked: false })] });
const VOTE = task({ kind: 'approval', people: [person('me'), person('other')] });
const VOTED = task({ kind: 'approval', people: [person('me', { hasDecided: true }), person('other')] });
const REPLACED = task({ kind: 'approval', people: [person('me', { isReplaced: true, hasDecided: true }), person('other')] });
const ME = { userId: 'me', queues: ['desk'] };

describe('with a task', () => {
  it.each<[string, Duty, boolean, DutyRefusal | null, DutyRefusal | null, DutyRefusal | null]>([
    ['that is over nobody does anything', OVER, true, 'finished', 'finished', 'finished'],
    ['of mine I do all but give it back, for it is nobody else’s', MINE, true, null, 'not_claimable', null],
    ['that several are asked I may take, or do at once', OFFERED, true, null, 'not_claimed', null],
    ['that somebody has taken I do nothing', TAKEN, true, 'claimed', 'claimed', 'claimed'],
    ['of others I do nothing', OTHERS, false, 'of_others', 'claimed', 'of_others'],
    ['of my queue I do the same', QUEUED, true, null, 'not_claimed', null],
    ['of a queue that is not mine I do nothing', ELSEWHERE, false, 'of_others', 'not_claimed', 'of_others'],
    ['that I have taken from a queue I may do all', QUEUED_MINE, true, null, null, null],
    ['that somebody has taken from my queue I do nothing', QUEUED_TAKEN, true, 'claimed', 'claimed', 'claimed'],
    ['on which several vote I vote, and take nothing', VOTE, true, 'not_claimable', 'not_claimed', null],
    ['on which I have voted I vote no more', VOTED, true, 'not_claimable', 'not_claimed', 'decided'],
    ['that others are asked instead I may look at', REPLACED, true, 'of_others', 'not_claimed', 'of_others'],
  ])('%s', (_what, one, mayLook, claim, release, complete) => {
    expect([concerns(one, ME), claimRefusal(one, ME), releaseRefusal(one, ME), completeRefusal(one, ME)]).toEqual([
      mayLook,
      claim,
      release,
      complete,
    ]);
  });

  it('that several were asked and one has taken, that one may give it back', () => {
    expect(releaseRefusal({ ...OFFERED, assigneeId: 'me' }, ME)).toBeNull();
  });
});
