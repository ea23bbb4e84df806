import type { Required } from './question.js';

/** What one person said. */
export type Vote = 'approved' | 'rejected';

/** Where a question stands after some have answered. */
export type VoteOutcome = 'open' | Vote;

/** How many yeses a question to so many people takes; null: the first answer decides, whatever it is. */
export function approvalsNeeded(required: Required, people: number): number | null {
  if (required === 'one') return null;
  return required === 'all' ? people : required;
}

/**
 * What the votes of those who are asked come to. It is rejected as soon as the yeses that are still possible are too few: by
 * the first no where everybody has to agree.
 */
export function voteOutcome(needed: number | null, people: number, votes: readonly Vote[]): VoteOutcome {
  const [first] = votes;
  if (needed === null) return first ?? 'open';
  const approvals = votes.filter((vote) => vote === 'approved').length;
  if (approvals >= needed) return 'approved';
  return people - (votes.length - approvals) < needed ? 'rejected' : 'open';
}
