import type { EntityManager } from 'typeorm';
import { parseDefinition } from '../core/definition/parser.js';
import type { AutomationError } from '../core/errors.js';
import { type Entitlements, lackOfStart } from '../core/start/entitlements.js';
import type { Step } from '../core/steps/index.js';
import { loadActiveWorkflows } from '../store/active-workflows.js';
import { addMonthlyRuns, countMonthlyRuns } from '../store/monthly-runs.js';
import { loadDefinitions } from '../store/run-command-store.js';
import { planRequired } from './entitlement-check.js';

/** What a new run would run. */
export interface Restartable {
  workflowId: string;
  versionId: string;
}

/**
 * The plan of a workspace while runs are repeated by new ones, which it has to give as it gives other starts. Runs that go on
 * where they failed are no starts. Without a plan nothing is asked.
 */
export class RestartPlan {
  private admitted = 0;

  private constructor(
    private readonly workspaceId: string,
    private readonly entitlements: Entitlements | null,
    private readonly use: { order: ReadonlyMap<string, number>; runsThisMonth: number; steps: ReadonlyMap<string, readonly Step[]> },
  ) {}

  /** Reads what the plan limits, and nothing else. */
  static async open(
    manager: EntityManager,
    workspaceId: string,
    entitlements: Entitlements | null,
    versionIds: readonly string[],
  ): Promise<RestartPlan> {
    const { activeWorkflows, runsPerMonth, stepTypes } = entitlements ?? {};
    const order = new Map<string, number>();
    if (activeWorkflows !== undefined) {
      for (const [before, { id }] of (await loadActiveWorkflows(manager, workspaceId)).entries()) order.set(id, before);
    }
    const runsThisMonth = runsPerMonth === undefined ? 0 : ((await countMonthlyRuns(manager, [workspaceId])).get(workspaceId) ?? 0);
    const steps = new Map<string, readonly Step[]>();
    const definitions = stepTypes === undefined ? [] : await loadDefinitions(manager, workspaceId, [...new Set(versionIds)]);
    for (const [versionId, json] of definitions) {
      // What cannot be read fails when it is run.
      const parsed = parseDefinition(json, null);
      if (parsed.ok) steps.set(versionId, parsed.definition.steps);
    }
    return new RestartPlan(workspaceId, entitlements, { order, runsThisMonth, steps });
  }

  /** Counts one more run, or returns why the plan does not give it: `plan_required`. */
  admit(run: Restartable): AutomationError | null {
    const refusal = this.refusal(run, this.use.runsThisMonth + this.admitted);
    if (refusal === null) this.admitted += 1;
    return refusal;
  }

  /** Whether the plan gives no run of it, however few have started this month. */
  lacks(run: Restartable): boolean {
    return this.refusal(run, 0) !== null;
  }

  /** How many of so many runs, which nothing else keeps from being repeated, the month still has. */
  room(runs: number): number {
    const { runsPerMonth = Number.POSITIVE_INFINITY } = this.entitlements ?? {};
    return Math.max(0, Math.min(runs, runsPerMonth - this.use.runsThisMonth));
  }

  /** Writes how many new runs there are. */
  async note(manager: EntityManager, made: number): Promise<void> {
    if (this.entitlements !== null && made > 0) await addMonthlyRuns(manager, new Map([[this.workspaceId, made]]));
  }

  private refusal({ workflowId, versionId }: Restartable, runsThisMonth: number): AutomationError | null {
    if (this.entitlements === null) return null;
    const usage = { activeBefore: this.use.order.get(workflowId) ?? 0, runsThisMonth };
    const lack = lackOfStart(this.entitlements, this.use.steps.get(versionId) ?? [], usage);
    return lack && planRequired(lack, this.entitlements);
  }
}
