import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { entitledStart } from '../../core/start/entitlements.js';
import type { StartDecision } from '../../core/start/start.js';
import { addMonthlyRuns, countMonthlyRuns } from '../../store/monthly-runs.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import { WorkspaceEntitlements } from '../workspace-entitlements.js';
import type { Candidate } from './new-runs.js';

/** The plans of a batch's workspaces, while it is decided. */
export interface Admission {
  /** Whether the plan gives a run that would start; if so, it counts. */
  admit(candidate: Candidate): StartDecision;
  /** Writes what was counted. */
  note(): Promise<void>;
}

/**
 * Asks the workspaces' plans about starts: two statements a batch, and none in a CRM without plans. Routers that run side by
 * side do not see each other's counts, so that a month may end with a few runs more than the plan has.
 */
@Injectable()
export class EntitledStarts {
  constructor(
    private readonly entitlements: WorkspaceEntitlements,
    private readonly active: ActiveWorkflows,
  ) {}

  /** Whether there are plans to ask. */
  get isOn(): boolean {
    return this.entitlements.isOn;
  }

  /** Opens the plans of the workspaces in which something may start. */
  async open(manager: EntityManager, starting: readonly Candidate[], generations: ReadonlyMap<string, string | null>): Promise<Admission> {
    const workspaces = [...new Set(starting.map(({ event }) => event.workspaceId))];
    await this.entitlements.prepare(workspaces);
    const planOf = (workspaceId: string) => this.entitlements.of(workspaceId);
    const counted = workspaces.filter((workspaceId) => planOf(workspaceId).runsPerMonth !== undefined);
    const before = await countMonthlyRuns(manager, counted);
    const orders = new Map<string, ReadonlyMap<string, number>>();
    for (const workspaceId of workspaces) {
      if (planOf(workspaceId).activeWorkflows === undefined) continue;
      orders.set(workspaceId, await this.active.order(manager, workspaceId, generations.get(workspaceId) ?? null));
    }
    const started = new Map<string, number>();
    return {
      admit: ({ event: { workspaceId }, version: { workflow, definition } }) => {
        const already = started.get(workspaceId) ?? 0;
        const decision = entitledStart(planOf(workspaceId), definition.steps, {
          activeBefore: orders.get(workspaceId)?.get(workflow.id) ?? 0,
          runsThisMonth: (before.get(workspaceId) ?? 0) + already,
        });
        if (decision.kind === 'start') started.set(workspaceId, already + 1);
        return decision;
      },
      note: () => addMonthlyRuns(manager, started),
    };
  }
}
