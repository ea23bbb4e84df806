import type { WorkflowDefinition, WorkflowSettings } from '../definition/types.js';
import { AutomationError } from '../errors.js';
import { durationToMs, parseDuration } from '../time/duration.js';
import { isEnding, type RunOutcome } from './flow.js';
import type { RunHistory } from './history.js';
import { type HistoryIndex, indexHistory } from './history-index.js';
import { type CancelledStep, type ElapsedStep, PlanWalk, type ReadyStep, type Waiting } from './walk.js';

export type { RunOutcome } from './flow.js';
export { stepOutputs } from './step-outputs.js';
export type { ElapsedStep, ReadyStep, Waiting } from './walk.js';

/** What comes next in a run. Nothing in any list and no outcome never happens. */
export interface Plan {
  /** Steps to execute now; several only in parallel branches. */
  ready: ReadyStep[];
  /** Waits that are over: record their results, then plan again. */
  elapsed: ElapsedStep[];
  /** What is waited for. */
  waiting: Waiting[];
  /** What waits, or was to be tried again, in branches and items of something that has been decided: to be recorded as cancelled. */
  cancelled: CancelledStep[];
  /** Present when the run is over; nothing is ready, elapsed or waiting then. */
  outcome?: RunOutcome;
  /** ISO 8601: the moment the run is failed if it is not over; the shell wakes it then at the latest. */
  deadline: string;
}

/** Bounds on a run. */
export interface PlanLimits {
  /** How many steps a run may execute outside of loops, repeated attempts not counted. */
  maxSteps: number;
  /** How many steps a run may execute for the items of its loops, repeated attempts not counted. */
  maxLoopSteps: number;
  /** How long a run may take, in milliseconds, whatever its settings say. */
  maxRunMs?: number;
}

const DEFAULT_LIMITS: PlanLimits = { maxSteps: 500, maxLoopSteps: 10_000 };

/**
 * Decides what comes next, from nothing but its arguments: the same history gives the same plan, whatever the order of
 * its executions.
 *
 * A run ends only when no attempt is in flight, so that no result is lost. A failure ends it unless its step, or a step
 * around it, says `onError: continue`: the run then goes on behind that step. With join `any` a failed branch counts
 * only when no other branch can succeed any more. Throws `definition_invalid` for a `maxDuration` that is no duration,
 * which the parser never lets through.
 */
export function plan(definition: WorkflowDefinition, history: RunHistory, now: Date, limits: PlanLimits = DEFAULT_LIMITS): Plan {
  const deadline =
    Date.parse(history.startedAt) + Math.min(maxDurationMs(definition.settings), limits.maxRunMs ?? Number.POSITIVE_INFINITY);
  const index = history.index ?? indexHistory(history.executions);
  const walk = new PlanWalk(index, now.getTime());
  const flow = walk.list(definition.steps, '', undefined);
  const { ready, elapsed, waiting, cancelled } = walk;
  const outcome = isEnding(flow)
    ? flow.outcome
    : flow === 'done'
      ? ({ status: 'succeeded' } as const)
      : now.getTime() >= deadline
        ? timedOut(definition, walk)
        : applyStepLimits(walk, index, limits);
  if (outcome) walk.dropAllButInFlight();
  // A branch that lost a join may end the run when the steps behind the join have begun.
  if (isEnding(flow)) walk.addInFlight();
  return {
    ready,
    elapsed,
    waiting,
    cancelled,
    // The attempts in flight come first: their results belong into the log.
    ...(outcome && waiting.length === 0 && { outcome }),
    deadline: new Date(deadline).toISOString(),
  };
}

/** Reading the duration would be half of what an ordinary plan costs, and a version's settings never change. */
const durations = new WeakMap<WorkflowSettings, number>();

function maxDurationMs(settings: WorkflowSettings): number {
  const known = durations.get(settings);
  if (known !== undefined) return known;
  const duration = parseDuration(settings.maxDuration);
  if (!duration) {
    throw new AutomationError('definition_invalid', `settings.maxDuration "${settings.maxDuration}" is not a duration.`, {
      hint: 'Read definitions with parseDefinition, which checks them.',
    });
  }
  const ms = durationToMs(duration);
  durations.set(settings, ms);
  return ms;
}

function timedOut(definition: WorkflowDefinition, walk: PlanWalk): RunOutcome {
  const open = [...walk.ready, ...walk.elapsed, ...walk.waiting].map((one) => `"${one.path}"`).slice(0, 5);
  return {
    status: 'failed',
    path: null,
    error: {
      code: 'run_timed_out',
      message: `The run was not over within ${definition.settings.maxDuration} and had come to ${open.join(', ')}.`,
      hint: 'Retry the run from where it was, or raise maxDuration in the settings of the workflow.',
    },
  };
}

/** Holds back steps beyond the limits; the outcome when nothing but such steps is left to begin. */
function applyStepLimits(walk: PlanWalk, index: HistoryIndex, limits: PlanLimits): RunOutcome | undefined {
  const { ready } = walk;
  const room = { steps: limits.maxSteps - index.steps, loopSteps: limits.maxLoopSteps - index.loopSteps };
  if (ready.length <= Math.min(room.steps, room.loopSteps)) return undefined;
  const allowed: ReadyStep[] = [];
  let refused: ReadyStep | undefined;
  for (const one of ready) {
    const kind = one.loop === undefined ? 'steps' : 'loopSteps';
    // Another attempt of a step is no further step.
    if (index.has(one.path)) allowed.push(one);
    else if (room[kind] > 0) {
      room[kind] -= 1;
      allowed.push(one);
    } else refused ??= one;
  }
  if (refused && allowed.length === 0) return tooManySteps(refused, index, limits);
  ready.splice(0, ready.length, ...allowed);
  return undefined;
}

function tooManySteps({ path, loop }: ReadyStep, index: HistoryIndex, { maxSteps, maxLoopSteps }: PlanLimits): RunOutcome {
  const message =
    loop === undefined
      ? `The run has executed ${index.steps} steps, and ${maxSteps} is the most a run may.`
      : `The loops of the run have executed ${index.loopSteps} steps, and ${maxLoopSteps} is the most those of a run may.`;
  const hint = 'Look for a loop over a long list; split the work over several runs.';
  return { status: 'failed', path, error: { code: 'too_many_steps', message, hint } };
}
