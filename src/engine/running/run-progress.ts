import type { FinishedProgress, HeldProgress, ParkedProgress } from '../../store/runs/progress.js';
import type { NewRun, QueuedRun, RunEnd, RunIdentity } from '../../store/runs/run.js';
import type { EndedWait } from './ended-waits.js';
import type { HeldRun } from './held-run.js';
import type { AdvancedRun } from './run-advancer.js';

/** A lease of which so much is left is as good as a new one: the heartbeat renews it about then. */
const FRESH = 2 / 3;

/** A run that routing only writes down: skipped, or left to whoever claims it. */
export type UnstartedRun = RunIdentity & (QueuedRun | { status: 'skipped'; reason: string; finishedAt: string });

/** What one transaction did. */
export interface TransactionWork {
  advanced: readonly AdvancedRun[];
  unstarted: readonly UnstartedRun[];
  /** Generations that this very transaction has read already, by workspace. */
  generations?: ReadonlyMap<string, string | null>;
}

/** How those runs end that do. */
export type RunEnds = ReadonlyMap<HeldRun, RunEnd>;

/** What becomes of the rows of runs, those of one statement together. */
interface RunProgress {
  created: NewRun[];
  held: HeldProgress[];
  confirmed: Omit<HeldProgress, 'progressed'>[];
  parked: ParkedProgress[];
  finished: FinishedProgress[];
}

/** Returns what is to be written of the runs themselves. Those that stay held have a new lease from here on, where it is written. */
export function progressOf(
  { advanced, unstarted }: TransactionWork,
  ends: RunEnds,
  waits: readonly EndedWait[],
  leaseMs: number,
): RunProgress {
  const created: NewRun[] = [...unstarted];
  const held: HeldProgress[] = [];
  const confirmed: Omit<HeldProgress, 'progressed'>[] = [];
  const parked: ParkedProgress[] = [];
  const finished: FinishedProgress[] = [];
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
  return { created, held, confirmed, parked, finished };
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
