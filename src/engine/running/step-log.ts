import type { Extracted } from '../../core/extract.js';
import type { JsonObject } from '../../core/json.js';
import { STEP_CANCELLED } from '../../core/plan/flow.js';
import type { ReadyStep } from '../../core/plan/plan.js';
import { decideRetry, retryNote } from '../../core/retry.js';
import type { Scope } from '../../core/scope.js';
import type { Decision, StepResult } from '../../core/steps/step-kind.js';
import type { LoggedExecution } from '../../store/step-store.js';
import { type LoggedFailure, toLoggedFailure } from '../failures.js';
import type { ExternalResult } from './external-attempt.js';
import { extractedBy } from './extraction.js';
import type { HeldRun } from './held-run.js';
import type { StepTransaction } from './step-transaction.js';

/** One attempt of a step inside a transaction. */
export interface Attempt {
  /** When it began: its own `now`. Steps of one transaction follow one another, and so do their times. */
  startedAt: Date;
  tx: Clocked;
  /** The arguments as rendered, secrets masked; null before they are. */
  input: JsonObject | null;
}

/** What tells the time of a transaction. */
type Clocked = Pick<StepTransaction, 'now' | 'clock'>;

/** Begins an attempt. */
export function beginAttempt(tx: Clocked): Attempt {
  return { startedAt: tx.clock(), tx, input: null };
}

/**
 * Assigned, not spread: V8 takes 5.2 us to spread several objects into one of this size and 1.3 us to assign them, at every
 * step of every run.
 */
const SUCCEEDED = { status: 'succeeded', error: null, wakeAt: null } as const;

/** Notes what happens to steps in the history of their run; the history is written with the transaction. */

/** A local step has succeeded. */
export function logSuccess(run: HeldRun, ready: ReadyStep, attempt: Attempt, output: JsonObject | null, extracted: Extracted | null): void {
  run.add(Object.assign(addressOf(ready), timesOf(attempt), SUCCEEDED, { input: attempt.input, output, extracted }));
}

/** A step has failed before anything left the house. */
export function logFailure(run: HeldRun, ready: ReadyStep, attempt: Attempt, failure: LoggedFailure): void {
  run.add({ ...addressOf(ready), ...failureOf(ready, attempt.tx.now, failure), input: attempt.input, output: null, ...timesOf(attempt) });
}

/** The intent of an external step: what is about to leave the house. */
export function logIntent(run: HeldRun, ready: ReadyStep, { startedAt }: Attempt, input: JsonObject): LoggedExecution {
  const intent = { status: 'running' as const, output: null, error: null, extracted: null, wakeAt: null, finishedAt: null };
  return run.add(Object.assign(addressOf(ready), intent, { input, startedAt: startedAt.toISOString() }));
}

/** What became of an intent; nothing, where the tables tell that already (a COMMIT whose answer was lost). */
export function logResult(run: HeldRun, { attempt: { ready, scope }, outcome }: ExternalResult, now: Date): void {
  const finishedAt = now.toISOString();
  const execution = run.attemptAt(ready.path, ready.attempt);
  if (execution?.status !== 'running') return;
  switch (outcome.kind) {
    case 'succeeded':
      run.change(execution, Object.assign(resultOf(run, ready, scope, outcome.output, now), { output: outcome.output, finishedAt }));
      break;
    case 'failed':
      run.change(execution, { ...failureOf(ready, now, outcome.failure), finishedAt });
      break;
    case 'not_sent':
      run.remove(execution);
      break;
  }
}

/** Intents whose process died: whether they took effect is unknown, and the log says so. */
export function logLostAttempts(run: HeldRun, now: Date): void {
  for (const execution of run.executions) {
    if (execution.status !== 'running') continue;
    run.change(execution, {
      status: 'lost',
      finishedAt: now.toISOString(),
      error: {
        code: 'attempt_lost',
        message: 'The process that performed this attempt went away before it could note the result.',
        hint: 'The far side may have received it. Every attempt carries the same idempotency key.',
      },
    });
  }
}

/** What flow control decided, or that it waits. */
export function logDecision(
  run: HeldRun,
  ready: ReadyStep,
  attempt: Attempt,
  { status, input, output, wakeAt }: Decision<object>,
  extracted: Extracted | null,
): LoggedExecution {
  const { startedAt, finishedAt } = timesOf(attempt);
  const end = status === 'waiting' ? null : finishedAt;
  return run.add({ ...addressOf(ready), status, input, output, error: null, extracted, wakeAt, startedAt, finishedAt: end });
}

/** How a wait has ended: by an answer, or because its time is over. */
export function logWaitEnd(
  run: HeldRun,
  execution: LoggedExecution,
  result: StepResult & { extracted?: Extracted | null },
  now: Date,
): void {
  run.change(execution, { ...result, finishedAt: now.toISOString() });
}

/** A step that waited, or was to be tried again, when what it was for had been decided. */
export function logCancelled(run: HeldRun, execution: LoggedExecution, now: Date): void {
  const { status, error, finishedAt } = execution;
  const message =
    status === 'waiting'
      ? 'What this step waited for was not needed any more: what it was a part of had been decided.'
      : `It was not tried again: what it was a part of had been decided. The last attempt failed: ${error?.message ?? 'nobody knows why'}`;
  const end = { status: 'failed' as const, wakeAt: null, finishedAt: finishedAt ?? now.toISOString() };
  run.change(execution, {
    ...end,
    error: { code: STEP_CANCELLED, message, ...(error && { causes: [error.message, ...(error.causes ?? [])] }) },
  });
}

/**
 * What was open when the run ended: nothing waits any more. A failed attempt keeps the time of the next: when a person sends
 * the run back, that one is made; without it the failure would count as final, and as made good where `onError` says so.
 */
export function logRunEnd(run: HeldRun, now: Date): void {
  for (const execution of run.executions) {
    if (execution.status === 'waiting') {
      const error = { code: 'run_ended', message: 'The run ended while this step waited.' };
      run.change(execution, { status: 'failed', wakeAt: null, error, finishedAt: now.toISOString() });
    }
  }
}

/** A call that has succeeded: so has the step, unless what it is to extract cannot be taken. The call is not made again for that. */
function resultOf(run: HeldRun, ready: ReadyStep, scope: Scope, output: JsonObject | null, now: Date): Partial<LoggedExecution> {
  try {
    return { status: 'succeeded', extracted: extractedBy(run, ready, scope, output) };
  } catch (error) {
    return failureOf(ready, now, toLoggedFailure(error));
  }
}

/** A failed attempt, with the time of the next one if there is to be one; its hint ends in what follows. */
function failureOf(ready: ReadyStep, now: Date, { error, retry }: LoggedFailure) {
  if (retry.kind === 'ambiguous' && ready.step.kind === 'action' && ready.step.onAmbiguous === 'hold') {
    return { status: 'lost' as const, error, wakeAt: null };
  }
  const policy = ready.step.kind === 'action' ? ready.step.retry : { maxAttempts: 1 };
  const decision = decideRetry(policy, ready.tries, retry, now, Math.random());
  const note = retryNote(decision, policy, ready.tries);
  return {
    status: 'failed' as const,
    error: { ...error, hint: error.hint === undefined ? note : `${error.hint} ${note}` },
    wakeAt: decision.kind === 'retry' ? decision.at.toISOString() : null,
  };
}

function addressOf(ready: ReadyStep): Pick<LoggedExecution, 'path' | 'attempt' | 'type'> {
  return { path: ready.path, attempt: ready.attempt, type: ready.step.kind === 'action' ? ready.step.type : ready.step.kind };
}

function timesOf({ startedAt, tx }: Attempt): Pick<LoggedExecution, 'startedAt' | 'finishedAt'> {
  return { startedAt: startedAt.toISOString(), finishedAt: tx.clock().toISOString() };
}
