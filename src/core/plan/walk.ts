import { cut } from '../cut.js';
import type { LoggedError } from '../errors.js';
import type { JsonObject } from '../json.js';
import { resolveRetryPolicy } from '../retry.js';
import { kindOf, type Step, type StepWaitReason, waitReason } from '../steps/index.js';
import type { AnyStep } from '../steps/step.js';
import type { StepKind } from '../steps/step-kind.js';
import { type Ending, type Flow, failure, isCancelled, type Loop, type Walk, type WalkMark } from './flow.js';
import type { StepAddress, StepExecution } from './history.js';
import type { HistoryIndex, StepState } from './history-index.js';

/** A step whose next attempt may start now. */
export type ReadyStep = StepAddress & {
  step: Step;
  /**
   * How many tries this attempt makes: 1 for the first, and 1 again after a person sent the step back, while `attempt`
   * goes on counting. This is the number the retry policy is about.
   */
  tries: number;
};

/** A step whose wait is over: its result ({@link expireWait}) is to be recorded. `attempt` is the attempt that waits. */
export type ElapsedStep = StepAddress & { step: Step };

/** An attempt that waits, or was to be followed by another, for nothing any more. */
export interface CancelledStep {
  path: string;
  attempt: number;
}

/** What a run waits for: what its step says, another attempt, or the result of an attempt in flight. */
export type WaitingReason = StepWaitReason | 'retry' | 'in_flight';

/** Something the run waits for. */
export interface Waiting {
  path: string;
  /** What the step is called, where it has a name. */
  stepName?: string;
  reason: WaitingReason;
  /** ISO 8601; null when only an answer ends the wait. */
  until: string | null;
  /** Of a retry: the number of the next attempt, and why the last one failed. */
  attempt?: number;
  error?: Pick<LoggedError, 'code' | 'message'>;
}

/** A list of runs shows why an attempt failed; the log has the whole text. */
const LONGEST_MESSAGE = 300;

/** One pass over the step tree, collecting what may start, what is over and what is waited for. */
export class PlanWalk implements Walk {
  readonly ready: ReadyStep[] = [];
  readonly elapsed: ElapsedStep[] = [];
  readonly waiting: Waiting[] = [];
  readonly cancelled: CancelledStep[] = [];
  /** Paths of the steps whose failures the run goes on behind. */
  readonly caught: string[] = [];

  constructor(
    readonly index: HistoryIndex,
    /** Milliseconds since the epoch. */
    private readonly now: number,
  ) {}

  list(steps: readonly AnyStep[], prefix: string, loop: Loop): Flow {
    for (const step of steps) {
      const path = prefix + step.id;
      const kind = kindOf(step);
      const flow = kind.executed === false ? this.over(step, kind, path, loop, {}) : this.single(step, kind, path, loop);
      if (flow === 'done') continue;
      if (flow === 'open' || !flow.catchable || step.onError !== 'continue') return flow;
      this.catch(flow);
    }
    return 'done';
  }

  catch(ending: Ending): void {
    const { outcome } = ending;
    if (outcome.status === 'failed' && outcome.path !== null && !isCancelled(ending)) this.caught.push(outcome.path);
  }

  mark(): WalkMark {
    return { ready: this.ready.length, elapsed: this.elapsed.length, waiting: this.waiting.length };
  }

  cancel(since: WalkMark): void {
    const dropped = [...this.waiting.slice(since.waiting), ...this.elapsed.slice(since.elapsed), ...this.ready.slice(since.ready)];
    for (const { path } of dropped) {
      const current = this.index.get(path)?.current;
      if (current && (current.status === 'waiting' || current.status === 'failed')) this.cancelled.push({ path, attempt: current.attempt });
    }
    this.dropAllButInFlight(since);
  }

  dropAllButInFlight(since: WalkMark = { ready: 0, elapsed: 0, waiting: 0 }): void {
    this.ready.length = since.ready;
    this.elapsed.length = since.elapsed;
    const inFlight = this.waiting.slice(since.waiting).filter((one) => one.reason === 'in_flight');
    this.waiting.length = since.waiting;
    this.waiting.push(...inFlight);
  }

  /** Waits for attempts that the walk has not come to: what stands before them has ended the run while they are in flight. */
  addInFlight(): void {
    const known = new Set(this.waiting.map(({ path }) => path));
    for (const path of this.index.inFlight()) if (!known.has(path)) this.waiting.push({ path, reason: 'in_flight', until: null });
  }

  private single(step: AnyStep, kind: StepKind<AnyStep>, path: string, loop: Loop): Flow {
    const state = this.index.get(path);
    if (!state?.current) return this.start(step, path, loop, state);
    const { current } = state;
    switch (current.status) {
      case 'running':
        return this.wait(step, path, 'in_flight', null);
      case 'waiting':
        if (!this.isDue(current.wakeAt)) return this.wait(step, path, waitReason(step), current.wakeAt ?? null);
        this.elapsed.push({ path, attempt: current.attempt, ...(loop && { loop }), step: step as Step });
        return 'open';
      case 'failed':
        if (!current.wakeAt) return failed(step, kind, path, current);
        return this.isDue(current.wakeAt)
          ? this.start(step, path, loop, state)
          : this.waitForRetry(step, path, current.wakeAt, current.error, state);
      case 'lost':
        return this.lost(step, kind, path, loop, state);
      case 'succeeded':
        return this.over(step, kind, path, loop, current.output ?? {});
    }
  }

  private over(step: AnyStep, kind: StepKind<AnyStep>, path: string, loop: Loop, output: JsonObject): Flow {
    return kind.proceed ? kind.proceed(step, { path, loop, output }, this) : 'done';
  }

  private start(step: AnyStep, path: string, loop: Loop, state: StepState | undefined): Flow {
    this.ready.push({
      path,
      attempt: (state?.lastAttempt ?? 0) + 1,
      ...(loop && { loop }),
      step: step as Step,
      tries: (state?.tries ?? 0) + 1,
    });
    return 'open';
  }

  private wait(step: AnyStep, path: string, reason: WaitingReason, until: string | null): Flow {
    this.waiting.push({ path, ...nameOf(step), reason, until });
    return 'open';
  }

  private waitForRetry(step: AnyStep, path: string, until: string, error: StepExecution['error'], { lastAttempt }: StepState): Flow {
    const why = error ? { error: { code: error.code, message: cut(error.message, LONGEST_MESSAGE) } } : {};
    this.waiting.push({ path, ...nameOf(step), reason: 'retry', until, attempt: lastAttempt + 1, ...why });
    return 'open';
  }

  private isDue(wakeAt: string | null | undefined): boolean {
    return typeof wakeAt === 'string' && Date.parse(wakeAt) <= this.now;
  }

  private lost(step: AnyStep, kind: StepKind<AnyStep>, path: string, loop: Loop, state: StepState): Flow {
    const attempts = kind.attempts?.(step);
    if (attempts?.onAmbiguous === 'hold') {
      // Not catchable: `hold` asks for a person, so nothing may go on as if the step had merely failed.
      return failure(path, false, {
        code: 'attempt_ambiguous',
        message: `Whether step "${step.id}" took effect is unknown. ${state.current?.error?.message ?? 'Its process ended meanwhile.'}`,
        hint: 'Look at the far side. If it did not take effect, retry the run from this step; if it did, leave the run as it is.',
      });
    }
    const { maxAttempts } = resolveRetryPolicy(attempts?.retry);
    if (state.tries < maxAttempts) return this.start(step, path, loop, state);
    return failure(path, true, {
      code: 'attempts_exhausted',
      message: `Step "${step.id}" was tried ${state.tries} times; the last attempt was lost with its process.`,
      hint: 'Look for a process that dies or is killed while it runs this step, then retry the run from this step.',
    });
  }
}

function nameOf({ name }: AnyStep): Pick<Waiting, 'stepName'> {
  return name === undefined ? {} : { stepName: name };
}

function failed(step: AnyStep, kind: StepKind<AnyStep>, path: string, execution: StepExecution): Ending {
  const error = execution.error ?? { code: 'step_failed', message: `Step "${step.id}" failed without saying why.` };
  return kind.failed?.(step, path, error) ?? failure(path, true, error);
}
