import { cut } from '../cut.js';
import { STEP_CANCELLED } from '../plan/flow.js';
import type { StepExecution } from '../plan/history.js';

/** How a step has ended in a run, and how long it took. */
export interface StepMeasure {
  /** Its path; of the items of a loop without their places: `each.notify`. */
  step: string;
  succeeded: boolean;
  ms: number;
}

/** What statistics need of a run that is over. */
export interface RunMeasure {
  /** From its start to its end; of one that was sent back, from then on. */
  ms: number;
  steps: StepMeasure[];
}

/** An execution with its times. */
interface TimedExecution extends Pick<StepExecution, 'path' | 'status' | 'wakeAt' | 'superseded' | 'error'> {
  type: string;
  /** ISO 8601, as `Date` writes it: texts sort as moments do. */
  startedAt: string;
  finishedAt: string | null;
}

/** Decided in no time: they tell nothing of the others. */
const UNMEASURED: ReadonlySet<string> = new Set(['branch', 'parallel', 'for_each', 'stop']);
/** It is a part of a key. */
const LONGEST_PATH = 300;

/**
 * Returns how long a run and its steps took. Of the attempts of a step that counts which ended it: a failure that was tried
 * again does not, and neither does what was done before a person sent the run back, which has been counted then.
 *
 * @param startedAt when it began, or was sent back
 * @param firstStartedAt when it began
 */
export function measureRun(
  { startedAt, firstStartedAt, executions }: { startedAt: string; firstStartedAt: string; executions: readonly TimedExecution[] },
  finishedAt: string,
): RunMeasure {
  // Only then: the clocks of the database and of processes differ.
  const since = firstStartedAt === startedAt ? '' : startedAt;
  const steps: StepMeasure[] = [];
  for (const { path, type, status, wakeAt, superseded, error, startedAt: from, finishedAt: to } of executions) {
    const ended = status === 'succeeded' || (status === 'failed' && !wakeAt);
    if (!ended || error?.code === STEP_CANCELLED || superseded || to === null || from < since || UNMEASURED.has(type)) continue;
    steps.push({ step: measuredPath(path), succeeded: status === 'succeeded', ms: elapsed(from, to) });
  }
  return { ms: elapsed(startedAt, finishedAt), steps };
}

/** Within a day told from the digits: this is asked for every step of every run, and reading two dates takes ten times as long. */
function elapsed(from: string, to: string): number {
  return from.slice(0, 11) === to.slice(0, 11) ? msOfDay(to) - msOfDay(from) : Date.parse(to) - Date.parse(from);
}

/** Of `2030-01-01T10:20:30.400Z`. */
function msOfDay(text: string): number {
  const two = (at: number): number => text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - TWO_ZEROS;
  return ((two(11) * 60 + two(14)) * 60 + two(17)) * 1_000 + two(20) * 10 + text.charCodeAt(22) - ZERO;
}

const ZERO = 48;
const TWO_ZEROS = ZERO * 11;

/** The path that a step is counted by. */
export function measuredPath(path: string): string {
  return cut(path.includes('[') ? path.replace(/\[\d+\]/g, '') : path, LONGEST_PATH);
}
