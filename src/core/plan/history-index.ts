import type { LeftBehind, StepExecution } from './step-execution.js';

/** What a run's history says about one path. */
export interface StepState<Execution extends StepExecution = StepExecution> {
  /** The latest attempt that counts; null when a person sent all of them back. */
  current: Execution | null;
  /** The first of all its attempts. */
  first: Execution;
  /** The highest attempt number given so far, superseded ones included: numbers are never used twice. */
  lastAttempt: number;
  /** How many attempts count against the retry policy: all but the superseded ones. */
  tries: number;
}

/** The items of a loop that are over for good: all before `first`, and some behind it. */
interface LoopProgress {
  first: number;
  beyond: Set<number>;
  /** What its steps left, once all items are over. */
  left?: readonly LeftBehind[];
}

/**
 * The history by path. The order of the executions does not matter: the attempt number decides. Whoever holds a run may keep
 * its index and {@link add} what is new; when executions are taken away, or cease to count, it has to be built anew.
 *
 * It also remembers which items of loops the planner has found over, so that planning the thousandth item does not walk
 * through the 999 before it: an item that is over with nothing in flight stays over.
 */
export class HistoryIndex<Execution extends StepExecution = StepExecution> {
  /** How many steps have been executed, those of loops' items apart. */
  steps = 0;
  /** How many steps of loops' items have been executed. */
  loopSteps = 0;
  private readonly states = new Map<string, StepState<Execution>>();
  private readonly loops = new Map<string, LoopProgress>();

  get(path: string): StepState<Execution> | undefined {
    return this.states.get(path);
  }

  has(path: string): boolean {
    return this.states.has(path);
  }

  add(execution: Execution): void {
    const { path, attempt } = execution;
    let state = this.states.get(path);
    if (!state) {
      state = { current: null, first: execution, lastAttempt: 0, tries: 0 };
      this.states.set(path, state);
      if (path.includes('[')) this.loopSteps += 1;
      else this.steps += 1;
    }
    if (attempt > state.lastAttempt) state.lastAttempt = attempt;
    if (attempt < state.first.attempt) state.first = execution;
    if (execution.superseded) return;
    state.tries += 1;
    if (!state.current || attempt > state.current.attempt) state.current = execution;
  }

  /** The paths of attempts in flight. */
  inFlight(): string[] {
    return [...this.states].flatMap(([path, { current }]) => (current?.status === 'running' ? [path] : []));
  }

  /** The first item of the loop at this path that is not known to be over. */
  firstOpenItem(loop: string): number {
    return this.loops.get(loop)?.first ?? 0;
  }

  isItemOver(loop: string, item: number): boolean {
    const progress = this.loops.get(loop);
    return progress !== undefined && (item < progress.first || progress.beyond.has(item));
  }

  /** Notes an item that is over for good. */
  noteItemOver(loop: string, item: number): void {
    const progress = this.progressOf(loop);
    progress.beyond.add(item);
    while (progress.beyond.delete(progress.first)) progress.first += 1;
  }

  /** What the steps of a loop that is over for good have left; undefined where nobody has noted it. */
  leftBehind(loop: string): readonly LeftBehind[] | undefined {
    return this.loops.get(loop)?.left;
  }

  /** Notes what the steps of a loop have left all of whose items are over for good. */
  noteLeftBehind(loop: string, left: readonly LeftBehind[]): void {
    this.progressOf(loop).left = left;
  }

  private progressOf(loop: string): LoopProgress {
    const known = this.loops.get(loop);
    if (known) return known;
    const progress: LoopProgress = { first: 0, beyond: new Set() };
    this.loops.set(loop, progress);
    return progress;
  }
}

/** The history by path, built in one pass. */
export function indexHistory<Execution extends StepExecution>(executions: readonly Execution[]): HistoryIndex<Execution> {
  const index = new HistoryIndex<Execution>();
  for (const execution of executions) index.add(execution);
  return index;
}
