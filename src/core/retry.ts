import type { Retryability } from './errors.js';
import { durationToMs, parseDuration } from './time/duration.js';

/** How failed attempts of a step are repeated. Defaults: 3 attempts, 10 s first pause, doubled each time, 1 h at most; equal jitter. */
export interface RetryPolicy {
  /** All attempts, the first included; 1 is no retry. */
  maxAttempts?: number;
  /** ISO 8601: the pause before the second attempt. */
  initialInterval?: string;
  /** What each further pause is multiplied by. */
  multiplier?: number;
  /** ISO 8601: no pause is longer. */
  maxInterval?: string;
}

/** A {@link RetryPolicy} with nothing left open. Intervals are in milliseconds. */
export interface ResolvedRetryPolicy {
  maxAttempts: number;
  initialMs: number;
  multiplier: number;
  maxMs: number;
}

/** What becomes of a step after a failed attempt. */
export type RetryDecision = { kind: 'retry'; at: Date } | { kind: 'give_up'; reason: 'permanent' | 'exhausted' };

const DEFAULTS: ResolvedRetryPolicy = { maxAttempts: 3, initialMs: 10_000, multiplier: 2, maxMs: 3_600_000 };

/** The far side's wish is followed for no longer than this. */
const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000;

/**
 * Fills in the defaults: 3 attempts, 10 s, doubled, 1 h at most. A value that a definition's check would have refused
 * counts as not given: a step that has failed already must not fail on its policy.
 */
export function resolveRetryPolicy(policy: RetryPolicy | undefined): ResolvedRetryPolicy {
  const { maxAttempts = Number.NaN, multiplier = Number.NaN, initialInterval, maxInterval } = policy ?? {};
  return {
    maxAttempts: Number.isInteger(maxAttempts) && maxAttempts >= 1 ? maxAttempts : DEFAULTS.maxAttempts,
    initialMs: interval(initialInterval) ?? DEFAULTS.initialMs,
    multiplier: Number.isFinite(multiplier) && multiplier >= 1 ? multiplier : DEFAULTS.multiplier,
    maxMs: interval(maxInterval) ?? DEFAULTS.maxMs,
  };
}

/**
 * Whether and when a failed step is tried again: exponential backoff with equal jitter. A pause is between half of the
 * step's current cap and the whole of it: many steps that failed together do not come back together, and none comes back
 * at once (with full jitter one attempt in a hundred did, to a far side that had just said no). The pause is never shorter
 * than what the far side asked for (`retryAfterMs`, followed up to 24 h), even beyond the policy's cap.
 *
 * @param policy as it stands in the step; see {@link resolveRetryPolicy}
 * @param attemptsMade all attempts so far, the failed one included
 * @param random from [0, 1)
 */
export function decideRetry(
  policy: RetryPolicy | undefined,
  attemptsMade: number,
  retry: Retryability,
  now: Date,
  random: number,
): RetryDecision {
  if (retry.kind === 'permanent') return { kind: 'give_up', reason: 'permanent' };
  const { maxAttempts, initialMs, multiplier, maxMs } = resolveRetryPolicy(policy);
  if (attemptsMade >= maxAttempts) return { kind: 'give_up', reason: 'exhausted' };
  // Far enough out the power is Infinity, which the cap cuts; an interval of zero stays zero.
  const cap = initialMs === 0 ? 0 : Math.min(maxMs, initialMs * multiplier ** Math.max(0, attemptsMade - 1));
  const asked = retry.kind === 'transient' ? (retry.retryAfterMs ?? 0) : 0;
  const least = asked > 0 ? Math.min(asked, LONGEST_RETRY_AFTER_MS) : 0;
  return { kind: 'retry', at: new Date(now.getTime() + Math.max(Math.floor((cap * (1 + random)) / 2), Math.ceil(least))) };
}

/**
 * What follows a failed attempt, in a sentence for the log: only who has decided it knows, never who raised the error.
 *
 * @param decision of {@link decideRetry}, for the same policy and number of attempts
 */
export function retryNote(decision: RetryDecision, policy: RetryPolicy | undefined, attemptsMade: number): string {
  const { maxAttempts } = resolveRetryPolicy(policy);
  if (decision.kind === 'retry')
    return `This was attempt ${attemptsMade} of ${maxAttempts}; the next is due at ${decision.at.toISOString()}.`;
  if (decision.reason === 'permanent') return 'The step is not tried again: the same attempt would fail again.';
  return `This was attempt ${attemptsMade} of ${maxAttempts}, the last.`;
}

function interval(text: string | undefined): number | undefined {
  const duration = text === undefined ? null : parseDuration(text);
  return duration === null || duration.sign === -1 ? undefined : durationToMs(duration);
}
