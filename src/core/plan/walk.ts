import type { ActionStep, ApprovalStep, BranchStep, ForEachStep, ParallelStep, Step, StopStep } from '../definition/types.js';
import type { LoggedError } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { resolveRetryPolicy } from '../retry.js';
import type { StepAddress, StepExecution } from './history.js';
import type { HistoryIndex, StepState } from './history-index.js';
import { stopsOnExpiry, type WaitingReason, waitingReason } from './waits.js';

/** A step whose next attempt may start now. */
export type ReadyStep = StepAddress & {
  step: Exclude<Step, ParallelStep>;
  /**
   * How many tries this attempt makes: 1 for the first, and 1 again after a person sent the step back, while `attempt`
   * goes on counting. This is the number the retry policy is about.
   */
  tries: number;
};

/** A step whose wait is over: its result ({@link expireWait}) is to be recorded. `attempt` is the attempt that waits. */
export type ElapsedStep = StepAddress & { step: Step };

/** Something the run waits for. */
export interface Waiting {
  path: string;
  reason: WaitingReason;
  /** ISO 8601; null when only an answer ends the wait. */
  until: string | null;
}

/** How a run has ended. */
export type RunOutcome =
  | { status: 'succeeded' }
  | { status: 'failed'; path: string | null; error: LoggedError }
  | { status: 'cancelled'; path: string; message: string | null };

/** The reason why a list of steps cannot go on. */
export interface Ending {
  outcome: RunOutcome;
  /** A failure that `onError: continue` of the step or of a step around it, or another branch of a join `any`, makes good. */
  catchable: boolean;
}

/** Where a step or a list of steps stands: over, still open, or at an end that concerns the whole run. */
type Flow = 'done' | 'open' | Ending;

type Loop = StepAddress['loop'];

/** One pass over the step tree, collecting what may start, what is over and what is waited for. */
export class PlanWalk {
  readonly ready: ReadyStep[] = [];
  readonly elapsed: ElapsedStep[] = [];
  readonly waiting: Waiting[] = [];

  constructor(
    private readonly index: HistoryIndex,
    /** Milliseconds since the epoch. */
    private readonly now: number,
  ) {}

  /** Steps one after the other: the first that is not over decides. `prefix` is the run path of the list, with its dot. */
  list(steps: readonly Step[], prefix: string, loop: Loop): Flow {
    for (const step of steps) {
      const path = prefix + step.id;
      const flow = step.kind === 'parallel' ? this.parallel(step, path, loop) : this.single(step, path, loop);
      if (flow === 'done') continue;
      if (flow === 'open' || !flow.catchable || step.onError !== 'continue') return flow;
    }
    return 'done';
  }

  /** Forgets what could start or is waited for, except attempts in flight: their results are still to come. */
  dropAllButInFlight(from = { ready: 0, elapsed: 0, waiting: 0 }): void {
    this.ready.length = from.ready;
    this.elapsed.length = from.elapsed;
    const inFlight = this.waiting.slice(from.waiting).filter((one) => one.reason === 'in_flight');
    this.waiting.length = from.waiting;
    this.waiting.push(...inFlight);
  }

  private single(step: Exclude<Step, ParallelStep>, path: string, loop: Loop): Flow {
    const state = this.index.get(path);
    if (!state?.current) return this.start(step, path, loop, state);
    const { current } = state;
    switch (current.status) {
      case 'running':
        return this.wait(path, 'in_flight', null);
      case 'waiting':
        if (!this.isDue(current.wakeAt)) return this.wait(path, waitingReason(step), current.wakeAt ?? null);
        this.elapsed.push({ path, attempt: current.attempt, ...(loop && { loop }), step });
        return 'open';
      case 'failed':
        if (!current.wakeAt) return failed(step, path, current);
        return this.isDue(current.wakeAt) ? this.start(step, path, loop, state) : this.wait(path, 'retry', current.wakeAt);
      case 'lost':
        return this.lost(step, path, loop, state);
      case 'succeeded':
        return this.succeeded(step, path, loop, current.output ?? {});
    }
  }

  private start(step: Exclude<Step, ParallelStep>, path: string, loop: Loop, state: StepState | undefined): Flow {
    this.ready.push({ path, attempt: (state?.lastAttempt ?? 0) + 1, ...(loop && { loop }), step, tries: (state?.tries ?? 0) + 1 });
    return 'open';
  }

  private wait(path: string, reason: WaitingReason, until: string | null): Flow {
    this.waiting.push({ path, reason, until });
    return 'open';
  }

  private isDue(wakeAt: string | null | undefined): boolean {
    return typeof wakeAt === 'string' && Date.parse(wakeAt) <= this.now;
  }

  private lost(step: Exclude<Step, ParallelStep>, path: string, loop: Loop, state: StepState): Flow {
    const action: ActionStep | null = step.kind === 'action' ? step : null;
    if (action?.onAmbiguous === 'hold') {
      // Not catchable: `hold` asks for a person, so nothing may go on as if the step had merely failed.
      return failure(path, false, {
        code: 'attempt_ambiguous',
        message: `Whether step "${step.id}" took effect is unknown. ${state.current?.error?.message ?? 'Its process ended meanwhile.'}`,
        hint: 'Look at the far side. If it did not take effect, retry the run from this step; if it did, leave the run as it is.',
      });
    }
    const { maxAttempts } = resolveRetryPolicy(action?.retry);
    if (state.tries < maxAttempts) return this.start(step, path, loop, state);
    return failure(path, true, {
      code: 'attempts_exhausted',
      message: `Step "${step.id}" was tried ${state.tries} times; the last attempt was lost with its process.`,
      hint: 'Look for a process that dies or is killed while it runs this step, then retry the run from this step.',
    });
  }

  private succeeded(step: Exclude<Step, ParallelStep>, path: string, loop: Loop, output: JsonObject): Flow {
    switch (step.kind) {
      case 'branch':
        return this.branch(step, path, loop, output.taken);
      case 'for_each':
        return this.forEach(step, path, output.items);
      case 'approval':
        return output.decision === 'rejected' ? rejected(step, path) : 'done';
      case 'stop':
        return stopped(step, path, output.message);
      default:
        return 'done';
    }
  }

  private branch(step: BranchStep, path: string, loop: Loop, taken: Json | undefined): Flow {
    if (taken === null) return this.list(step.otherwise ?? [], `${path}.otherwise.`, loop);
    const branch = step.branches.find((one) => one.name === taken);
    return branch ? this.list(branch.steps, `${path}.${branch.name}.`, loop) : unusable(path, 'the branch it took');
  }

  private forEach(step: ForEachStep, path: string, items: Json | undefined): Flow {
    if (!Array.isArray(items)) return unusable(path, 'the items it goes through');
    for (const [index, item] of items.entries()) {
      const flow = this.list(step.steps, `${path}[${index}].`, { item, index });
      if (flow !== 'done') return flow;
    }
    return 'done';
  }

  private parallel(step: ParallelStep, path: string, loop: Loop): Flow {
    const before = { ready: this.ready.length, elapsed: this.elapsed.length, waiting: this.waiting.length };
    const flows = step.branches.map((branch) => this.list(branch.steps, `${path}.${branch.name}.`, loop));
    const flow = join(step, flows);
    // Decided while some branches are still under way: they start nothing more.
    if (flow !== 'open') this.dropAllButInFlight(before);
    return flow;
  }
}

/** What ends the whole run ends it here too. Otherwise `all` fails with its first failure, `any` when no branch is left that could succeed. */
function join(step: ParallelStep, flows: readonly Flow[]): Flow {
  const endings = flows.filter(isEnding);
  const final = endings.find((ending) => !ending.catchable);
  if (final) return final;
  if (step.join === 'any' && flows.includes('done')) return 'done';
  if (endings[0] && (step.join === 'all' || !flows.includes('open'))) return endings[0];
  return flows.includes('open') ? 'open' : 'done';
}

/** True for a flow that ends more than itself. */
export function isEnding(flow: Flow): flow is Ending {
  return typeof flow === 'object';
}

function failure(path: string, catchable: boolean, error: LoggedError): Ending {
  return { outcome: { status: 'failed', path, error }, catchable };
}

function failed(step: Step, path: string, execution: StepExecution): Ending {
  const error = execution.error ?? { code: 'step_failed', message: `Step "${step.id}" failed without saying why.` };
  if (stopsOnExpiry(step, error)) return { outcome: { status: 'cancelled', path, message: error.message }, catchable: false };
  return failure(path, true, error);
}

function rejected(step: ApprovalStep, path: string): Flow {
  if (step.onReject === 'continue') return 'done';
  const message = `Approval "${step.id}" was rejected.`;
  if (step.onReject === 'stop') return { outcome: { status: 'cancelled', path, message }, catchable: false };
  return failure(path, true, { code: 'approval_rejected', message, hint: 'Retry the run from this step to ask again.' });
}

/** `message` is the rendered text, where the step's execution holds one. */
function stopped(step: StopStep, path: string, rendered: Json | undefined): Ending {
  const message = (typeof rendered === 'string' ? rendered : step.message) ?? null;
  if (step.outcome === 'succeeded') return { outcome: { status: 'succeeded' }, catchable: false };
  if (step.outcome === 'cancelled') return { outcome: { status: 'cancelled', path, message }, catchable: false };
  return failure(path, false, { code: 'stopped', message: message ?? `Step "${step.id}" ended the run as failed.` });
}

/** A record that no shell of ours writes; the run says so and fails instead of guessing. */
function unusable(path: string, what: string): Ending {
  return failure(path, false, {
    code: 'history_unusable',
    message: `The log of step "${path}" does not hold ${what}.`,
    hint: 'Retry the run from this step.',
  });
}
