import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../../core/errors.js';
import type { ParentStep } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import { failedSteps } from '../../core/plan/failed-steps.js';
import type { RunOutcome } from '../../core/plan/plan.js';
import type { RunMeasure } from '../../core/statistics/run-measure.js';
import { findStep } from '../../core/steps/tree.js';
import { noteCallbacks } from '../../store/runs/callbacks.js';
import { countAnswer, insertAnswer } from '../../store/runs/inbox.js';
import { finishRuns } from '../../store/runs/progress.js';
import type { RunClaim, RunEnd } from '../../store/runs/run.js';
import { addStats, type StatsDelta } from '../../store/stats-store.js';
import { closeExecutions } from '../../store/step-store.js';
import { DayDeltas } from '../../store/workflow-days.js';
import { EmitterBridge } from '../capture/emitter-bridge.js';
import { MachineSettling } from '../machines/machine-settling.js';
import { WorkSignal } from '../work-signal.js';
import { Admissions } from './admissions.js';
import { type EndedWait, WAIT_CLOSERS, type WaitCloser } from './ended-waits.js';
import type { HeldRun } from './held-run.js';

/** A run that is over, with all that whoever hears of it needs to know. */
export interface EndedRun extends RunEnd {
  workspaceId: string;
  id: string;
  workflowId: string;
  module: string | null;
  recordId: string | null;
  parent: ParentStep | null;
  /** Whether its end may be what others of its workflow wait for. */
  othersMayWait: boolean;
  /** Whether it is that of a machine's transition; unknown where its version was not at hand. */
  isTransition?: boolean;
  /** Whether somebody is to be told of its end; unknown where its version was not at hand. */
  callsBack?: boolean;
  /** What it has left, where it succeeded and somebody waits for that. */
  output?: JsonObject | null;
  /** How long it and its steps took, where it was advanced to its end. */
  measure?: RunMeasure;
}

/** What the step that waits for a sub-run is told of. */
type SubRunEnd = Pick<EndedRun, 'workspaceId' | 'parent'> & {
  /** Null when there never was a run. */
  id: string | null;
  status: string;
  reason: string | null;
  error: LoggedError | null;
  /** What a run that succeeded has left. */
  output?: JsonObject | null;
};

/** A run that ends without having been advanced. */
export interface ClaimedEnd extends RunClaim {
  workflowId: string;
  module: string | null;
  recordId: string | null;
  parent: ParentStep | null;
  /** How many answers its holder knows of. */
  answers: number;
}

/**
 * What happens when runs end, however they end: by plan, abandoned, their version gone, cancelled, timed out. State and
 * counters, the parent's inbox, and after the commit those that wait for its place, and the host's listeners. Everything that follows from an end belongs here.
 */
@Injectable()
export class RunEndings {
  /** Raised when there may be somebody whom a workflow wants to be told of an end. */
  readonly callbacks = new WorkSignal();
  private readonly logger = new Logger('AutomationRuns');

  constructor(
    private readonly bridge: EmitterBridge,
    private readonly admissions: Admissions,
    private readonly machines: MachineSettling,
    @Inject(WAIT_CLOSERS) private readonly closers: readonly WaitCloser[],
  ) {}

  /** Ends held runs with all that belongs to it. Returns those that were still held; they are to be {@link tell told}. */
  async end(manager: EntityManager, ends: readonly (ClaimedEnd & RunEnd)[]): Promise<EndedRun[]> {
    const written = await finishRuns(manager, ends);
    // Few end like this: whether their versions know a queue is not looked up.
    const ended = ends.filter(({ id }) => written.has(id)).map((end) => ({ ...end, othersMayWait: true }));
    const openSteps = ended.map(openStepsOf);
    await closeExecutions(manager, openSteps);
    await this.closeWaits(
      manager,
      openSteps.map(({ workspaceId, runId, unanswered: error }) => ({ workspaceId, runId, step: null, end: { kind: 'over', error } })),
    );
    await this.follow(manager, ended);
    return ended;
  }

  /** Closes what waits that are over have opened outside of their runs. */
  async closeWaits(manager: EntityManager, ended: readonly EndedWait[]): Promise<void> {
    if (ended.length === 0) return;
    for (const closer of this.closers) await closer.close(manager, ended);
  }

  /** What follows from ends whose state the caller has written: transitions, counters, parents and callbacks. */
  async follow(manager: EntityManager, ended: readonly EndedRun[]): Promise<void> {
    await this.settle(manager, ended);
    await this.count(manager, { started: [], unstarted: [], ended });
    await this.tellParents(manager, ended);
    await this.callBack(manager, ended);
  }

  /** Ends the transitions whose runs these were. */
  async settle(manager: EntityManager, ended: readonly EndedRun[]): Promise<void> {
    const transitions = ended.filter(({ isTransition }) => isTransition !== false);
    if (transitions.length > 0) await this.machines.settle(manager, transitions);
  }

  /** Notes whom the workflows want to be told of the ends of their runs; it is done after the commit. */
  async callBack(manager: EntityManager, ended: readonly EndedRun[]): Promise<void> {
    const told = ended.filter(mayCallBack);
    if (told.length > 0) await noteCallbacks(manager, told);
  }

  /** Adds to the workflows' counters and statistics. */
  async count(
    manager: EntityManager,
    news: {
      started: readonly { workspaceId: string; workflowId: string }[];
      unstarted: readonly { workspaceId: string; workflowId: string; status: 'queued' | 'skipped' }[];
      ended: readonly EndedRun[];
    },
  ): Promise<void> {
    const deltas = new Map<string, StatsDelta>();
    const deltaOf = ({ workspaceId, workflowId }: { workspaceId: string; workflowId: string }): StatsDelta => {
      const key = `${workspaceId}/${workflowId}`;
      const delta = deltas.get(key) ?? { workspaceId, workflowId, started: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 };
      deltas.set(key, delta);
      return delta;
    };
    for (const run of news.started) deltaOf(run).started += 1;
    for (const run of news.unstarted) deltaOf(run)[run.status === 'skipped' ? 'skipped' : 'started'] += 1;
    const days = new DayDeltas();
    for (const run of news.ended) {
      deltaOf(run)[run.status] += 1;
      days.add(run);
    }
    await addStats(manager, [...deltas.values()], days);
  }

  /** Answers the steps that wait for these runs; in one order, so that two batches cannot wait for each other. */
  async tellParents(manager: EntityManager, ends: readonly SubRunEnd[]): Promise<void> {
    const waited = ends.filter(({ parent }) => parent?.waits).sort((a, b) => ((a.parent?.runId ?? '') < (b.parent?.runId ?? '') ? -1 : 1));
    for (const { workspaceId, id, parent, status, reason, error, output = null } of waited) {
      if (parent === null) continue;
      const address = { workspaceId, runId: parent.runId, path: parent.path, attempt: parent.attempt };
      // A parent that is over waits for nothing any more.
      if (!(await countAnswer(manager, address))) continue;
      await insertAnswer(manager, address, { runId: id, status, reason, output, ...(error === null ? {} : { message: error.message }) });
    }
  }

  /** Tells those that wait for their turn, whoever makes callbacks, the host and, of runs that failed, its log, after the commit. Of the error the code alone: a message may hold values. */
  tell(ended: readonly EndedRun[]): void {
    for (const { workspaceId, id, workflowId, status, reason } of ended) {
      if (status === 'failed') this.logger.warn(`Run ${id} of workflow ${workflowId} in workspace ${workspaceId} failed: ${reason}.`);
    }
    if (ended.some(mayCallBack)) this.callbacks.raise();
    this.admissions.expect(ended.filter(({ othersMayWait }) => othersMayWait));
    if (ended.length > 0) this.bridge.tellFinished(ended);
  }
}

/** Is anybody to be told of the end, as far as is known without a look at its version? */
function mayCallBack({ status, callsBack }: EndedRun): boolean {
  return callsBack !== false && status !== 'cancelled';
}

/** How the run has ended, as its row tells. */
export function endOf(run: HeldRun, outcome: RunOutcome, now: Date): RunEnd {
  const end = { failedSteps: failedSteps(run.version.definition, run).length, finishedAt: lastMoment(run, now) };
  switch (outcome.status) {
    case 'succeeded':
      return { status: 'succeeded', reason: null, error: null, ...end };
    case 'failed': {
      const { error, path } = outcome;
      return { status: 'failed', reason: error.code, error: path === null ? error : failedAt(run, error, path), ...end };
    }
    case 'cancelled': {
      const { code, message, path } = outcome;
      return { status: 'cancelled', reason: code, error: message === null ? null : { code, message, step: path }, ...end };
    }
  }
}

/** What the log says of steps that were open when their run ended without being advanced. */
function openStepsOf({ workspaceId, id, status }: EndedRun): Parameters<typeof closeExecutions>[1][number] {
  const [code, how] = status === 'cancelled' ? (['run_cancelled', 'was cancelled'] as const) : (['run_ended', 'ended'] as const);
  return {
    workspaceId,
    runId: id,
    lost: {
      code,
      message: `The run ${how} while this attempt was in flight.`,
      hint: 'Whether it took effect is unknown: look at the far side.',
    },
    unanswered: { code, message: `The run ${how} while this step waited.` },
    unused: { code, message: `The run ${how} when this step had its answer, which was not used.` },
  };
}

/** The transaction's time stands still; its last step may have ended after it began. */
function lastMoment(run: HeldRun, now: Date): string {
  let last = now.getTime();
  for (const { finishedAt } of run.executions) if (finishedAt !== null) last = Math.max(last, Date.parse(finishedAt));
  return new Date(last).toISOString();
}

/** With what the step is called in the run's own version, which lists of runs do not load. */
function failedAt({ version }: HeldRun, error: LoggedError, step: string): LoggedError {
  const name = findStep(version.definition.steps, step)?.name;
  return { ...error, step, ...(name !== undefined && { stepName: name }) };
}
