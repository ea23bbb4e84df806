import type { EntityManager } from 'typeorm';
import type { RunOutcome } from '../../core/plan/plan.js';
import type { NewEvent } from '../../host/crm-session.js';
import { insertEvents } from '../../store/event-store.js';
import { type HeldRun, insertRuns, type NewRun, type RunProgress, updateRuns } from '../../store/run-store.js';
import { addStats, type StatsDelta } from '../../store/stats-store.js';
import { writeExecutions } from '../../store/step-store.js';
import { toEventRow } from '../capture/event-row.js';
import type { EngineSettings } from '../engine-settings.js';
import type { ActiveWorkflows } from '../routing/active-workflows.js';
import type { Advance, RunState } from './run-state.js';

/** A run and how far it came in the transaction that is about to commit. */
export interface AdvancedRun {
  run: RunState;
  advance: Advance;
}

/** A run that routing only writes down: skipped, for the log; or queued, for a worker to say why it cannot run. */
export type UnstartedRun = NewRun & { status: 'skipped' | 'queued' };

/** Some runs belong to another worker now (or were cancelled): the transaction must roll back. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
  constructor(readonly runIds: ReadonlySet<string>) {
    super(`lost the lease of ${[...runIds].join(', ')}`);
  }
}

/**
 * An event was routed before (its mark was taken back by hand), and the steps of runs that exist were executed again: the
 * transaction must roll back. Without executing anything, such runs are simply left out.
 */
class RunsExist extends Error {
  override readonly name = 'RunsExist';
}

/** Writes what a transaction did: the runs and their log, in the same commit as the effects. */
export class RunRecorder {
  constructor(
    private readonly active: ActiveWorkflows,
    private readonly settings: Pick<EngineSettings, 'leaseMs'>,
    private readonly random: () => number,
  ) {}

  /**
   * Writes everything that one transaction did, set-based: runs, step executions, caused events, counters. With it the
   * effects and their log commit together. With events, the transaction holds the shared catalogue lock. Throws
   * {@link LeaseLost} when a fence has moved on, and RunsExist.
   */
  async record(
    manager: EntityManager,
    work: {
      advanced: readonly AdvancedRun[];
      unstarted: readonly UnstartedRun[];
      events: readonly NewEvent[];
      /** Catalogue generations that this very transaction has read already, by workspace. */
      generations?: ReadonlyMap<string, string | null>;
    },
    now: Date,
  ): Promise<void> {
    const created: NewRun[] = [...work.unstarted];
    const updated: (HeldRun & RunProgress)[] = [];
    for (const { run, advance } of work.advanced) {
      const progress = progressOf(run, advance, now, this.settings.leaseMs);
      if (run.isNew) created.push(Object.assign(identityOf(run), progress));
      else updated.push({ workspaceId: run.workspaceId, id: run.id, fence: run.fence, ...progress });
    }
    const inserted = await insertRuns(manager, created);
    const known = new Set(created.filter((run) => !inserted.has(run.id)).map((run) => run.id));
    if (work.advanced.some(({ run, advance }) => known.has(run.id) && (advance.kind !== 'queued' || run.executions.length > 0))) {
      throw new RunsExist();
    }
    const written = await updateRuns(manager, updated);
    const lost = updated.filter((run) => !written.has(run.id)).map((run) => run.id);
    if (lost.length > 0) throw new LeaseLost(new Set(lost));
    await writeExecutions(
      manager,
      work.advanced.flatMap(({ run }) =>
        run.takeUnwritten().map((step) => Object.assign({ workspaceId: run.workspaceId, runId: run.id }, step)),
      ),
    );
    // What a step did is in its execution. As an event it is kept only where a workflow listens: of the 40,000 events that
    // 10,000 runs of three actions cause, writing and routing those that nobody hears took half of the time.
    const events = await this.active.listenedTo(manager, work.events, work.generations);
    await insertEvents(manager, events.map(toEventRow));
    const isNews = ({ id }: { id: string }): boolean => !known.has(id);
    const counted = statsOf(
      work.advanced.filter(({ run }) => isNews(run)),
      work.unstarted.filter(isNews),
    );
    await addStats(manager, counted, this.random);
  }
}

/** The run's row, as its first transaction writes it. */
function identityOf(run: RunState): Omit<NewRun, keyof RunProgress> {
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
    fence: run.fence,
  };
}

function progressOf(run: RunState, advance: Advance, now: Date, leaseMs: number): RunProgress {
  const going = { reason: null, error: null, waiting: null, startedAt: run.startedAt, finishedAt: null };
  switch (advance.kind) {
    case 'finished': {
      const { outcome } = advance;
      return {
        ...going,
        status: outcome.status,
        reason: outcome.status === 'failed' ? outcome.error.code : outcome.status === 'cancelled' ? (outcome.message ?? 'stopped') : null,
        error: outcome.status === 'failed' ? { ...outcome.error, ...(outcome.path === null ? {} : { step: outcome.path }) } : null,
        due: { kind: 'never' },
        finishedAt: lastMoment(run, now),
      };
    }
    case 'parked':
      return { ...going, status: 'waiting', waiting: advance.waiting, due: { kind: 'at', at: advance.until } };
    case 'queued':
      return { ...going, status: 'queued', due: { kind: 'now' }, startedAt: run.executions.length === 0 ? null : run.startedAt };
    case 'performing':
      return { ...going, status: 'running', due: { kind: 'lease', ms: leaseMs } };
    case 'own_transaction':
      // On its way to the host's code, which may bring the process down: getting there is no progress.
      return { ...going, status: 'running', due: { kind: 'lease', ms: leaseMs }, progressed: run.hasUnwritten };
  }
}

/** The transaction's time stands still; its last step may have ended after it began. */
function lastMoment(run: RunState, now: Date): string {
  const ended = Date.parse(run.executions.at(-1)?.finishedAt ?? now.toISOString());
  return new Date(Math.max(ended, now.getTime())).toISOString();
}

function statsOf(advanced: readonly AdvancedRun[], unstarted: readonly UnstartedRun[]): StatsDelta[] {
  const deltas = new Map<string, StatsDelta>();
  const deltaOf = (workspaceId: string, workflowId: string): StatsDelta => {
    const key = `${workspaceId}/${workflowId}`;
    const delta = deltas.get(key) ?? { workspaceId, workflowId, started: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 };
    deltas.set(key, delta);
    return delta;
  };
  for (const run of unstarted) deltaOf(run.workspaceId, run.workflowId)[run.status === 'skipped' ? 'skipped' : 'started'] += 1;
  for (const { run, advance } of advanced) {
    const ended: RunOutcome['status'] | null = advance.kind === 'finished' ? advance.outcome.status : null;
    if (!run.isNew && ended === null) continue;
    const delta = deltaOf(run.workspaceId, run.version.workflow.id);
    if (run.isNew) delta.started += 1;
    if (ended) delta[ended] += 1;
  }
  return [...deltas.values()];
}
