import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import type { Entitlements } from '../core/start/entitlements.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { ENGINE_SIGNAL, type EngineSignal } from '../engine/engine-signal.js';
import { RunEndings } from '../engine/running/run-endings.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { noteBatch } from '../store/run-batches.js';
import { countRuns, lockRuns } from '../store/run-command-store.js';
import type { RunFilter, RunQuestion } from '../store/run-filter.js';
import { type JudgedGroup, judgeCancel, judgeRetry, type RunGroup, type RunGroups, versionsToRun } from '../store/run-groups.js';
import { listRuns, type RunItem } from '../store/run-log-store.js';
import type { RunStatus } from '../store/runs/run.js';
import { EntitlementCheck } from './entitlement-check.js';
import { RestartPlan } from './restart-plan.js';
import { cancelLocked } from './run-cancel.js';
import { type RetryCommand, retryLocked } from './run-retry.js';

/** The most runs that one call takes up. */
export const BATCH_LIMIT = 1_000;
const SAMPLE_SIZE = 10;
const UNFINISHED: readonly RunStatus[] = ['queued', 'running', 'waiting'];

/** How one call goes about it. */
export interface BatchOptions {
  /** Only say what would be done. */
  dryRun?: boolean;
  /** The most that this call takes up. */
  limit?: number;
  /** Of an earlier call, to go on where it ended: what that has taken up is not taken again. */
  batchId?: string;
}

/** Runs that cannot be taken up, and why not. */
export interface Refusal {
  code: string;
  runs: number;
  /** One of them; null for ids that the workspace has no run of. */
  sampleRunId: string | null;
}

/** What would be taken up. */
export interface BatchGroup extends RunGroup {
  /** How many of them may do something outside twice. */
  mayRepeat: number;
}

/** What a call did, or would do. */
export interface BatchResult {
  dryRun: boolean;
  /** What runs can be filtered by, and what the next call goes on with; null for a preview. */
  batchId: string | null;
  /** How many runs of the filter could be taken up when it began; at least so many, where that is not exact (beyond 10,000). */
  matched: number;
  matchedIsExact: boolean;
  /** Of those taken up by this call: how many were in somebody else's hands. */
  skipped: number;
  /** How many are left for the next call; at least so many, where `matched` is not exact. */
  remaining: number;
  /** For a preview: the newest 10,000 in groups, the largest first. */
  groups: BatchGroup[];
  /** Those that cannot be taken up: of a preview all, else those of this call that the plan does not give. */
  refusals: Refusal[];
  /** For a preview: the newest of them. */
  sample: RunItem[];
}

export interface BulkRetryResult extends BatchResult {
  retried: number;
}

export interface BulkCancelResult extends BatchResult {
  cancelled: number;
}

/** What a preview tells of runs: in groups, and those refused that are a part of one. */
type Judged = RunGroups<JudgedGroup> & { refusals: Refusal[] };

const NOTHING_SHOWN = { groups: [], sample: [] };

/**
 * Retries and cancels many runs, {@link BATCH_LIMIT} a call, each call in one transaction. The calls of one batch take each
 * run once, so that a batch comes to an end although some fail again. Everything is bound to the caller's workspace.
 */
@Injectable()
export class RunBatches {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly endings: RunEndings,
    private readonly entitled: EntitlementCheck,
    @Inject(ENGINE_SIGNAL) private readonly signal: EngineSignal,
  ) {}

  /**
   * Repeats failed runs of a filter, the oldest first and those that were sent back before last; or only says what it would do.
   * Those that the plan does not give are told, once a batch; throws `plan_required` when there is nothing else.
   */
  async retry(filter: RunFilter, command: RetryCommand & BatchOptions, caller: Caller): Promise<BulkRetryResult> {
    checkShape({ filter, command }, 'command', REQUEST_LIMITS);
    const failed = this.question({ ...filter, status: ['failed'], retriable: true }, command, caller);
    const plan = await this.entitled.planOfRetry(command, caller);
    if (command.dryRun) {
      // Of ids people want to hear what became of each.
      const asked = this.question({ ...filter, ...(filter.ids ? {} : { status: ['failed'] as const }) }, command, caller);
      const preview = await this.preview(failed, asked, (manager) => this.judgeRetry(manager, asked, command, plan));
      return { ...preview, retried: 0 };
    }
    const batchId = command.batchId ?? uuid();
    const result = await this.database.transaction(async (manager) => {
      const { count: matched, isExact } = await countRuns(manager, failed);
      const limit = Math.min(command.limit ?? BATCH_LIMIT, BATCH_LIMIT);
      const runs = await lockRuns(manager, failed, limit);
      const { retried, refused } = await retryLocked(manager, runs, { ...command, batchId }, plan, caller);
      const [first] = refused;
      const goOn = retried.map(({ goesOnAs }) => goesOnAs);
      // Nobody is to call again and again for what the plan does not give.
      if (first && retried.length === 0 && matched <= refused.length) throw first.error;
      // Those too: a thousand of them would else stand before all others in each call of the batch.
      await noteBatch(manager, caller.workspaceId, batchId, [...goOn, ...refused.map(({ id }) => id)]);
      const refusals = first ? [{ code: first.error.code, runs: refused.length, sampleRunId: first.id }] : [];
      return { ...taken(batchId, { matched, isExact, limit }, { done: goOn.length, refusals }), retried: goOn.length };
    });
    if (result.retried > 0) this.signal.workAvailable();
    return result;
  }

  /** Ends runs of a filter that are not over, the oldest first; or only says what it would do. */
  async cancel(filter: RunFilter, command: { reason?: string | null } & BatchOptions, caller: Caller): Promise<BulkCancelResult> {
    checkShape({ filter, command }, 'command', REQUEST_LIMITS);
    const status = UNFINISHED.filter((one) => filter.status?.includes(one) ?? true);
    const unfinished = this.question({ ...filter, status }, command, caller);
    if (command.dryRun) {
      const asked = filter.ids ? this.question(filter, command, caller) : unfinished;
      return { ...(await this.preview(unfinished, asked, (manager) => this.judgeCancel(manager, asked))), cancelled: 0 };
    }
    const batchId = command.batchId ?? uuid();
    const { ended, ...result } = await this.database.transaction(async (manager) => {
      const { count: matched, isExact } = await countRuns(manager, unfinished);
      const limit = Math.min(command.limit ?? BATCH_LIMIT, BATCH_LIMIT);
      const runs = await lockRuns(manager, unfinished, limit);
      const ended = await cancelLocked(manager, runs, { reason: command.reason ?? null, batchId }, caller, this.endings);
      const ids = ended.map(({ id }) => id);
      await noteBatch(manager, caller.workspaceId, batchId, ids);
      return { ...taken(batchId, { matched, isExact, limit }, { done: ids.length, refusals: [] }), cancelled: ids.length, ended };
    });
    for (const { id } of ended) this.signal.runEnded(id);
    this.endings.tell(ended);
    return result;
  }

  private preview(question: RunQuestion, asked: RunQuestion, judge: (manager: EntityManager) => Promise<Judged>): Promise<BatchResult> {
    return this.database.read(async (manager) => {
      const { count: matched, isExact } = await countRuns(manager, question);
      const judged = await judge(manager);
      const sample = await listRuns(manager, question, { limit: SAMPLE_SIZE }, this.catalog);
      const groups = judged.groups.flatMap(({ refusal, ...group }) => (refusal === null ? [group] : []));
      const ofGroups = judged.groups.flatMap(({ refusal: code, ...group }) => (code === null ? [] : [{ code, ...group }]));
      const refusals = byCode([...ofGroups, ...judged.refusals]);
      const unknown = (asked.filter.ids?.length ?? 0) - judged.counted;
      if (unknown > 0) refusals.push({ code: 'run_not_found', runs: unknown, sampleRunId: null });
      const counts = { matched, matchedIsExact: isExact, skipped: 0, remaining: matched };
      return { dryRun: true, batchId: null, ...counts, groups, refusals, sample };
    });
  }

  /** What the plan does not give is refused too: some versions, and what is too much for the month. */
  private async judgeRetry(
    manager: EntityManager,
    asked: RunQuestion,
    { from, version = 'same' }: RetryCommand,
    entitlements: Entitlements | null,
  ): Promise<Judged> {
    const terms = { from, version, externalTypes: this.externalTypes };
    if (entitlements === null) return { ...(await judgeRetry(manager, asked, { ...terms, beyondPlan: [] })), refusals: [] };
    const versions = await versionsToRun(manager, asked, terms);
    const plan = await RestartPlan.open(
      manager,
      asked.workspaceId,
      entitlements,
      versions.map(({ versionId }) => versionId),
    );
    const judged = await judgeRetry(manager, asked, { ...terms, beyondPlan: versions.filter((one) => plan.lacks(one)) });
    const possible = judged.groups.filter(({ refusal }) => refusal === null);
    const runs = possible.reduce((sum, group) => sum + group.runs, 0);
    const beyondMonth = { code: 'plan_required', runs: runs - plan.room(runs), sampleRunId: possible[0]?.sampleRunId ?? null };
    return { ...judged, refusals: beyondMonth.runs === 0 ? [] : [beyondMonth] };
  }

  private async judgeCancel(manager: EntityManager, asked: RunQuestion): Promise<Judged> {
    return { ...(await judgeCancel(manager, asked)), refusals: [] };
  }

  private question(filter: RunFilter, { batchId }: BatchOptions, { workspaceId }: Caller): RunQuestion {
    const asked = {
      ...filter,
      ...(filter.ids && { ids: [...new Set(filter.ids)] }),
      ...(batchId !== undefined && { notInBatch: batchId }),
    };
    return { workspaceId, filter: asked, modules: [...this.catalog.modules.keys()] };
  }

  private get externalTypes(): string[] {
    return [...this.catalog.actions].flatMap(([type, { effect }]) => (effect === 'external' ? [type] : []));
  }
}

function taken(
  batchId: string,
  { matched, isExact, limit }: { matched: number; isExact: boolean; limit: number },
  { done, refusals }: { done: number; refusals: Refusal[] },
): Omit<BatchResult, 'sample' | 'groups'> & typeof NOTHING_SHOWN {
  const left = refusals.reduce((runs, refusal) => runs - refusal.runs, matched - done);
  const skipped = Math.max(0, left - Math.max(0, matched - limit));
  const counts = { matched, matchedIsExact: isExact, skipped, remaining: Math.max(0, left) };
  return { dryRun: false, batchId, ...counts, ...NOTHING_SHOWN, refusals };
}

/** The sample of the first of a code, which is the largest, for all. */
function byCode(refused: readonly Refusal[]): Refusal[] {
  const refusals = new Map<string, Refusal>();
  for (const { code, runs, sampleRunId } of refused) {
    const refusal = refusals.get(code) ?? { code, runs: 0, sampleRunId };
    refusals.set(code, { ...refusal, runs: refusal.runs + runs });
  }
  return [...refusals.values()];
}
