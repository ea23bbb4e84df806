import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { runOutput } from '../../core/plan/run-output.js';
import { hasQueue } from '../../core/start/admission.js';
import { measureRun } from '../../core/statistics/run-measure.js';
import type { EventRow } from '../../store/event-store.js';
import { insertEvents, insertStarts } from '../../store/event-store.js';
import { insertTasks } from '../../store/human-tasks.js';
import {
  confirmRuns,
  type FinishedProgress,
  finishRuns,
  type HeldProgress,
  holdRuns,
  insertRuns,
  type ParkedProgress,
  parkRuns,
  stillHeld,
} from '../../store/runs/progress.js';
import type { NewRun, QueuedRun, RunClaim, RunEnd, RunIdentity } from '../../store/runs/run.js';
import { deleteExecutions, writeExecutions } from '../../store/step-store.js';
import { insertWaitTokens } from '../../store/wait-tokens.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import { type EndedWait, endedWaits } from './ended-waits.js';
import { toEventRow } from './event-rows.js';
import type { HeldRun } from './held-run.js';
import type { AdvancedRun } from './run-advancer.js';
import { type EndedRun, endOf, RunEndings } from './run-endings.js';
import type { StepTransaction } from './step-transaction.js';
import { WorkflowContexts } from './workflow-contexts.js';

/** A lease of which so much is left is as good as a new one: the heartbeat renews it about then. */
const FRESH = 2 / 3;

/** A run that routing only writes down: skipped, or left to whoever claims it. */
export type UnstartedRun = RunIdentity & (QueuedRun | { status: 'skipped'; reason: string; finishedAt: string });

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

/** What one transaction did. */
export interface TransactionWork {
  advanced: readonly AdvancedRun[];
  unstarted: readonly UnstartedRun[];
  /** Generations that this very transaction has read already, by workspace. */
  generations?: ReadonlyMap<string, string | null>;
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
    const known = await this.writeRuns(tx, work, ends, waits);
    const runs = work.advanced.map(({ run }) => run);
    // First, for the same attempt may be begun anew in the same transaction.
    await deleteExecutions(
      manager,
      runs.flatMap((run) => run.withdrawn.map(({ path, attempt }) => ({ workspaceId: run.workspaceId, runId: run.id, path, attempt }))),
    );
    await writeExecutions(manager, runs.flatMap(logOf));
    await this.contexts.write(manager, work.advanced);
    await this.writeEvents(tx, work.generations);
    await insertWaitTokens(manager, tx.writes.tokens);
    // Before the waits that are over already: one may have been answered before its turn came.
    await insertTasks(manager, tx.writes.tasks);
    await this.endings.closeWaits(manager, waits);
    const isNews = ({ id }: { id: string }): boolean => !known.has(id);
    const ended = [...ends].filter(([run]) => isNews(run)).map(endedRun);
    await this.endings.settle(manager, ended);
    await this.endings.count(manager, {
      started: runs
        .filter((run) => run.isNew && isNews(run))
        .map(({ workspaceId, version }) => ({ workspaceId, workflowId: version.workflow.id })),
      unstarted: work.unstarted.filter(isNews),
      ended,
    });
    await this.endings.callBack(manager, ended);
    await this.endings.tellParents(manager, [...ended, ...skippedSubRuns(work.unstarted.filter(isNews))]);
    return ended;
  }

  /** Returns the ids of runs that were there already. */
  private async writeRuns(
    { manager }: StepTransaction,
    { advanced, unstarted }: TransactionWork,
    ends: ReadonlyMap<HeldRun, RunEnd>,
    waits: readonly EndedWait[],
  ): Promise<ReadonlySet<string>> {
    const created: NewRun[] = [...unstarted];
    const held: HeldProgress[] = [];
    const confirmed: Omit<HeldProgress, 'progressed'>[] = [];
    const parked: ParkedProgress[] = [];
    const finished: FinishedProgress[] = [];
    const queued: RunClaim[] = [];
    const { leaseMs } = this.settings;
    const unanswered = new Set(waits.filter(({ end }) => end.kind === 'over').map(({ runId }) => runId));
    for (const { run, advance } of advanced) {
      const { workspaceId, id, fence, startedAt } = run;
      const answers = run.answers.count;
      switch (advance.kind) {
        case 'finished': {
          const end = ends.get(run) as RunEnd;
          if (run.isNew) created.push(Object.assign(identityOf(run), end, { startedAt }));
          else finished.push(Object.assign({ workspaceId, id, fence, answers }, end));
          break;
        }
        case 'parked': {
          const { waiting, until: dueAt } = advance;
          if (run.isNew) created.push(Object.assign(identityOf(run), { status: 'waiting' as const, waiting, dueAt, startedAt }));
          else parked.push({ workspaceId, id, fence, waiting, dueAt, answers, endsWaits: unanswered.has(id) });
          break;
        }
        case 'queued':
          if (run.isNew) created.push(Object.assign(identityOf(run), { status: 'queued' as const }));
          else queued.push({ workspaceId, id, fence });
          break;
        case 'held':
        case 'own_transaction':
        case 'unfinished':
          if (run.isNew) {
            created.push(Object.assign(identityOf(run), { status: 'running' as const, leaseMs, startedAt }));
            run.renewLease();
          } else if (run.wasRecovered || run.leasedUntil - performance.now() < FRESH * leaseMs) {
            // On its way to the host's code, which may bring the process down: getting there is no progress.
            const progressed = advance.kind !== 'own_transaction' || run.hasUnwritten;
            held.push({ workspaceId, id, fence, progressed, answers: unanswered.has(id) ? answers : null });
            run.renewLease();
          } else if (run.hasUnwritten) confirmed.push({ workspaceId, id, fence, answers: unanswered.has(id) ? answers : null });
          break;
      }
    }
    const inserted = await insertRuns(manager, created);
    const known = new Set(created.length === inserted.size ? [] : created.filter(({ id }) => !inserted.has(id)).map(({ id }) => id));
    if (
      advanced.some(
        ({ run, advance }) =>
          known.has(run.id) && (advance.kind !== 'queued' || run.executions.length > 0 || run.version.transition !== null),
      )
    ) {
      throw new RunsExist();
    }
    await this.assertWritten(manager, held, await holdRuns(manager, held, leaseMs));
    await this.assertWritten(manager, confirmed, await confirmRuns(manager, confirmed));
    await this.assertWritten(manager, parked, await parkRuns(manager, parked));
    await this.assertWritten(manager, finished, await finishRuns(manager, finished));
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
  private async writeEvents(tx: StepTransaction, generations: TransactionWork['generations']): Promise<void> {
    const events = [...tx.writes.events, ...tx.unit.takeEvents()];
    const heard = events.length === 0 ? [] : await this.active.listenedTo(tx.manager, events, generations);
    const rows: EventRow[] = heard.map((event) => toEventRow(event, this.settings.limits.payloadBytes));
    await insertEvents(tx.manager, rows);
    await insertStarts(tx.manager, tx.writes.starts);
  }
}

function assertHeld(runs: readonly RunClaim[], written: ReadonlySet<string>): void {
  const lost = runs.filter(({ id }) => !written.has(id));
  if (lost.length > 0) throw new LeaseLost(new Set(lost.map(({ id }) => id)));
}

/** The run's row, as its first transaction writes it. */
function identityOf(run: HeldRun): RunIdentity {
  return {
    workspaceId: run.workspaceId,
    id: run.id,
    workflowId: run.version.workflow.id,
    versionId: run.version.versionId,
    version: run.version.version,
    eventId: run.event?.id ?? null,
    module: run.record?.module ?? run.event?.module ?? null,
    recordId: run.record?.id ?? null,
    explanation: null,
    actor: run.actor,
    cause: run.event?.cause ?? null,
    parent: run.parent,
  };
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
function endsOf(advanced: readonly AdvancedRun[], now: Date): Map<HeldRun, RunEnd> {
  const ends = new Map<HeldRun, RunEnd>();
  for (const { run, advance } of advanced) if (advance.kind === 'finished') ends.set(run, endOf(run, advance.outcome, now));
  return ends;
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
