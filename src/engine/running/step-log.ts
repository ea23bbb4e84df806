import type { JsonObject } from '../../core/json.js';
import { type ElapsedStep, expireWait, type ReadyStep } from '../../core/plan/plan.js';
import { decideRetry } from '../../core/retry.js';
import type { LoggedExecution } from '../../store/step-store.js';
import type { LoggedFailure } from '../failures.js';
import type { FlowResult } from './flow-steps.js';
import type { PreparedStep, RunState } from './run-state.js';

/** What became of an external step. */
export type StepResult = { kind: 'succeeded'; output: JsonObject | null } | { kind: 'failed'; failure: LoggedFailure };

/** One attempt of a local step: when it began by the transaction's clock, and by ours. */
export interface Attempt {
  now: Date;
  /** `performance.now()` at its start, to tell how long it took. */
  started: number;
  /** The arguments as rendered, secrets masked; null before they are. */
  input: JsonObject | null;
}

/** Begins an attempt. */
export function beginAttempt(now: Date): Attempt {
  return { now, started: performance.now(), input: null };
}

/**
 * Assigned, not spread: V8 takes 5.2 us to spread several objects into one of this size and 1.3 us to assign them, at every
 * step of every run.
 */
const SUCCEEDED = { status: 'succeeded', error: null, wakeAt: null } as const;

/** Notes what happens to steps in the history of their run; the history is written with the transaction. */
export class StepLog {
  constructor(private readonly random: () => number) {}

  succeeded(run: RunState, ready: ReadyStep, attempt: Attempt, output: JsonObject | null): void {
    run.add(Object.assign(addressOf(ready), timesOf(attempt), SUCCEEDED, { input: attempt.input, output }));
  }

  failed(run: RunState, ready: ReadyStep, attempt: Attempt, failure: LoggedFailure): void {
    run.add({ ...addressOf(ready), ...this.failure(ready, attempt.now, failure), input: attempt.input, output: null, ...timesOf(attempt) });
  }

  /** The intent of an external step: what is about to leave the house. */
  intended(run: RunState, ready: ReadyStep, now: Date, input: JsonObject): LoggedExecution {
    const open = { status: 'running' as const, output: null, error: null, wakeAt: null, finishedAt: null };
    return run.add({ ...addressOf(ready), ...open, input, startedAt: now.toISOString() });
  }

  /** What became of an intent. */
  resulted(run: RunState, { execution, ready }: PreparedStep, result: StepResult, now: Date): void {
    const finishedAt = now.toISOString();
    if (result.kind === 'succeeded') run.change(execution, { status: 'succeeded', output: result.output, finishedAt });
    else run.change(execution, { ...this.failure(ready, now, result.failure), finishedAt });
  }

  /** Intents whose process died: whether they took effect is unknown, and the log says so. */
  lost(run: RunState, now: Date): void {
    for (const execution of run.executions) {
      if (execution.status !== 'running') continue;
      run.change(execution, {
        status: 'lost',
        finishedAt: now.toISOString(),
        error: {
          code: 'attempt_lost',
          message: 'The process that performed this attempt went away before it could note the result.',
          hint: 'The far side may have received it. A further attempt carries the same idempotency key.',
        },
      });
    }
  }

  /** What flow control decided, or that it waits. */
  decided(run: RunState, ready: ReadyStep, result: FlowResult, now: Date): void {
    const finishedAt = result.status === 'waiting' ? null : now.toISOString();
    run.add({ ...addressOf(ready), ...result, startedAt: now.toISOString(), finishedAt });
  }

  /** Waits that are over. */
  elapsed(run: RunState, steps: readonly ElapsedStep[], now: Date): void {
    for (const { path, attempt, step } of steps) {
      const waiting = run.executions.find((execution) => execution.path === path && execution.attempt === attempt);
      if (waiting) run.change(waiting, { ...expireWait(step), finishedAt: now.toISOString() });
    }
  }

  /** A failed attempt, with the time of the next one if there is to be one. */
  private failure(ready: ReadyStep, now: Date, { error, retry }: LoggedFailure) {
    if (retry.kind === 'ambiguous' && ready.step.kind === 'action' && ready.step.onAmbiguous === 'hold') {
      return { status: 'lost' as const, error, wakeAt: null };
    }
    const policy = ready.step.kind === 'action' ? ready.step.retry : { maxAttempts: 1 };
    const decision = decideRetry(policy, ready.tries, retry, now, this.random());
    return { status: 'failed' as const, error, wakeAt: decision.kind === 'retry' ? decision.at.toISOString() : null };
  }
}

function addressOf(ready: ReadyStep): Pick<LoggedExecution, 'path' | 'attempt' | 'type'> {
  return { path: ready.path, attempt: ready.attempt, type: ready.step.kind === 'action' ? ready.step.type : ready.step.kind };
}

/** Times on the database's clock, moved on by how long the attempt took here. */
function timesOf({ now, started }: Attempt): Pick<LoggedExecution, 'startedAt' | 'finishedAt'> {
  const finished = now.getTime() + Math.round(performance.now() - started);
  return { startedAt: now.toISOString(), finishedAt: new Date(finished).toISOString() };
}
