import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { runOutput } from '../../core/plan/run-output.js';
import { hasQueue } from '../../core/start/admission.js';
import { measureRun } from '../../core/statistics/run-measure.js';
import type { EventRow } from '../../store/event-store.js';
import { insertEvents, insertStarts } from '../../store/event-store.js';
import { insertTasks } from '../../store/human-tasks.js';
import { confirmRuns, finishRuns, holdRuns, insertRuns, parkRuns, stillHeld } from '../../store/runs/progress.js';
import type { RunClaim, RunEnd } from '../../store/runs/run.js';
import { inOneFlight } from '../../store/statement-order.js';
import { deleteExecutions, writeExecutions } from '../../store/step-store.js';
import { insertWaitTokens } from '../../store/wait-tokens.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import { type EndedWait, endedWaits } from './ended-waits.js';
import { toEventRow } from './event-rows.js';
import type { HeldRun } from './held-run.js';
import type { AdvancedRun } from './run-advancer.js';
import { type EndedRun, endOf, RunEndings } from './run-endings.js';
import { progressOf, type RunEnds, type TransactionWork, type UnstartedRun } from './run-progress.js';
import type { StepTransaction } from './step-transaction.js';
import { WorkflowContexts } from './workflow-contexts.js';

export type { UnstartedRun };

const NONE: ReadonlySet<string> = new Set();

/** Some runs belong to another worker now (or were cancelled): the transaction must roll back. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
  constructor(readonly runIds: ReadonlySet<string>) {
    super(`lost the lease of ${[...runIds].join(', ')}`);
  }
}

/** Some runs were answered while they, or waits of theirs, were about to end: the transaction must roll back, and they are advanced anew. */
export class AnsweredMeanwhile extends Error {
  override readonly name = 'AnsweredMeanwhile';
  constructor(readonly runIds: ReadonlySet<string>) {
    super(`runs were answered meanwhile: ${[...runIds].join(', ')}`);
  }
}

/**
 * An event was routed before (its mark was taken back by hand), and the steps of runs that exist were executed again: the
 * transaction must roll back. Without executing anything, such runs are simply left out, but for those of transitions:
 * their instances would wait for them for ever.
 */
class RunsExist extends Error {
  override readonly name = 'RunsExist';
}

/** Writes what a transaction did: the runs and their log, in the same commit as the effects. */
@Injectable()
export class ProgressWriter {
  constructor(
    private readonly active: ActiveWorkflows,
    private readonly endings: RunEndings,
    private readonly contexts: WorkflowContexts,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /**
   * Writes everything, set-based: runs, step executions, caused events and starts, endings. Returns the runs that ended, to
   * be told once it has committed. Throws {@link LeaseLost} when a fence has moved on, {@link AnsweredMeanwhile}, ContextFull, RunsExist.
   */
  async write(tx: StepTransaction, work: TransactionWork): Promise<EndedRun[]> {
    const { manager } = tx;
    const ends = endsOf(work.advanced, tx.now);
    const waits = work.advanced.flatMap(({ run }) => endedWaits(run));
    const heard = await this.heardEvents(tx, work.generations);
    const all = [...ends].map(endedRun);
    const count = (known: ReadonlySet<string>): Promise<void> => this.count(manager, work, all, known);
    // The counters' rows are held from then on: nothing that others may hold is to be waited for behind them.
    const isCountedLast = hasNothingElse(tx, work, ends, waits);
    const known = await this.writeRuns(tx, work, { ends, waits, heard, count: isCountedLast ? () => count(NONE) : null });
    await this.contexts.write(manager, work.advanced);
    await insertStarts(manager, tx.writes.starts);
    await insertWaitTokens(manager, tx.writes.tokens);
    // Before the waits that are over already: one may have been answered before its turn came.
    await insertTasks(manager, tx.writes.tasks);
    await this.endings.closeWaits(manager, waits);
    const ended = all.filter(isNot(known));
    await this.endings.settle(manager, ended);
    if (!isCountedLast) await count(known);
    await this.endings.callBack(manager, ended);
    await this.endings.tellParents(manager, [...ended, ...skippedSubRuns(work.unstarted.filter(isNot(known)))]);
    return ended;
  }

  /** Writes the runs and what follows from nobody's answer, all of it in one flight. Returns the ids of runs that were there already. */
  private async writeRuns(
    { manager }: StepTransaction,
    work: TransactionWork,
    {
      ends,
      waits,
      heard,
      count,
    }: { ends: RunEnds; waits: readonly EndedWait[]; heard: readonly EventRow[]; count: (() => Promise<void>) | null },
  ): Promise<ReadonlySet<string>> {
    const { leaseMs } = this.settings;
    const { created, held, confirmed, parked, finished } = progressOf(work, ends, waits, leaseMs);
    const runs = work.advanced.map(({ run }) => run);
    const removed = runs.flatMap((run) =>
      run.withdrawn.map(({ path, attempt }) => ({ workspaceId: run.workspaceId, runId: run.id, path, attempt })),
    );
    const [inserted, ofHeld, ofConfirmed, ofParked, ofFinished] = await inOneFlight(manager, [
      () => insertRuns(manager, created),
      () => holdRuns(manager, held, leaseMs),
      () => confirmRuns(manager, confirmed),
      () => parkRuns(manager, parked),
      () => finishRuns(manager, finished),
      // Before those that are written, for the same attempt may be begun anew in the same transaction.
      () => deleteExecutions(manager, removed),
      () => writeExecutions(manager, runs.flatMap(logOf)),
      () => insertEvents(manager, heard),
      () => count?.() ?? Promise.resolve(),
    ]);
    const known = new Set(created.length === inserted.size ? [] : created.filter(({ id }) => !inserted.has(id)).map(({ id }) => id));
    if (
      work.advanced.some(
        ({ run, advance }) =>
          known.has(run.id) && (advance.kind !== 'queued' || run.executions.length > 0 || run.version.transition !== null),
      )
    ) {
      throw new RunsExist();
    }
    await this.assertWritten(manager, held, ofHeld);
    await this.assertWritten(manager, confirmed, ofConfirmed);
    await this.assertWritten(manager, parked, ofParked);
    await this.assertWritten(manager, finished, ofFinished);
    return known;
  }

  private async assertWritten(manager: EntityManager, runs: readonly RunClaim[], written: ReadonlySet<string>): Promise<void> {
    const missing = runs.filter(({ id }) => !written.has(id));
    if (missing.length === 0) return;
    const answered = await stillHeld(manager, missing);
    assertHeld(missing, answered);
    throw new AnsweredMeanwhile(answered);
  }

  /**
   * Events that steps caused are kept where a workflow listens; else the execution that caused them is their record (the
   * record's timeline shows both). Of the 40,000 events that 10,000 runs of three actions cause, writing and routing those
   * that nobody hears took half of the time.
   */
  private async heardEvents(tx: StepTransaction, generations: TransactionWork['generations']): Promise<EventRow[]> {
    const events = [...tx.writes.events, ...tx.unit.takeEvents()];
    const heard = events.length === 0 ? [] : await this.active.listenedTo(tx.manager, events, generations);
    return heard.map((event) => toEventRow(event, this.settings.limits.payloadBytes));
  }

  /** `known`: the runs that were there already, and were counted then. */
  private count(
    manager: EntityManager,
    { advanced, unstarted }: TransactionWork,
    ended: readonly EndedRun[],
    known: ReadonlySet<string>,
  ): Promise<void> {
    return this.endings.count(manager, {
      started: advanced
        .filter(({ run }) => run.isNew && !known.has(run.id))
        .map(({ run: { workspaceId, version } }) => ({ workspaceId, workflowId: version.workflow.id })),
      unstarted: unstarted.filter(isNot(known)),
      ended: ended.filter(isNot(known)),
    });
  }
}

/**
 * Whether the counters may go with the runs: every run that is there already spoils the transaction, so that all are counted,
 * and nothing follows that waits for what others hold.
 */
function hasNothingElse(
  { writes }: StepTransaction,
  { advanced, unstarted }: TransactionWork,
  ends: RunEnds,
  waits: readonly EndedWait[],
): boolean {
  return (
    unstarted.length === 0 &&
    waits.length === 0 &&
    [writes.starts, writes.tokens, writes.tasks].every(({ length }) => length === 0) &&
    advanced.every(({ run, advance }) => advance.kind !== 'queued' && run.contextAtStart === null) &&
    [...ends.keys()].every(({ version }) => version.transition === null)
  );
}

function assertHeld(runs: readonly RunClaim[], written: ReadonlySet<string>): void {
  const lost = runs.filter(({ id }) => !written.has(id));
  if (lost.length > 0) throw new LeaseLost(new Set(lost.map(({ id }) => id)));
}

/** What was written before keeps its arguments, which are not sent again. */
function logOf(run: HeldRun) {
  const { workspaceId, id: runId } = run;
  return [
    ...run.altered.map((step) => Object.assign({ workspaceId, runId }, step, { input: null })),
    ...run.added.map((step) => Object.assign({ workspaceId, runId }, step)),
  ];
}

/** How those runs end that do: told once, for it takes a walk through the history. */
function endsOf(advanced: readonly AdvancedRun[], now: Date): RunEnds {
  const ends = new Map<HeldRun, RunEnd>();
  for (const { run, advance } of advanced) if (advance.kind === 'finished') ends.set(run, endOf(run, advance.outcome, now));
  return ends;
}

function isNot(known: ReadonlySet<string>): (run: { id: string }) => boolean {
  return ({ id }) => !known.has(id);
}

function endedRun([run, end]: [HeldRun, RunEnd]): EndedRun {
  const ended = {
    workspaceId: run.workspaceId,
    id: run.id,
    workflowId: run.version.workflow.id,
    module: run.record?.module ?? null,
    recordId: run.record?.id ?? null,
    parent: run.parent,
    isTransition: run.version.transition !== null,
    callsBack: run.version.definition.settings[end.status === 'succeeded' ? 'onSuccess' : 'onFailure'] !== undefined,
    othersMayWait: hasQueue(run.version.definition.settings),
    measure: measureRun(run, end.finishedAt),
  };
  // Assigned, not spread: see step-log.ts.
  return Object.assign(ended, end, run.parent?.waits && end.status === 'succeeded' && { output: runOutput(run.version.definition, run) });
}

/** Sub-runs that did not start: whoever waits for them hears of it. */
function skippedSubRuns(unstarted: readonly UnstartedRun[]): Parameters<RunEndings['tellParents']>[1][number][] {
  return unstarted.flatMap((run) => (run.status === 'skipped' && run.parent !== null ? [{ ...run, error: null }] : []));
}
