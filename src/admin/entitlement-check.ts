import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { parseDefinition } from '../core/definition/parser.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { type Entitlements, type Lack, lackDetails, lackInWords, stepsBeyond } from '../core/start/entitlements.js';
import { WorkspaceEntitlements } from '../engine/workspace-entitlements.js';
import type { Caller } from '../host/access.js';
import { countActiveOthers } from '../store/active-workflows.js';

const HINT = 'A larger plan has it: ask whoever manages your subscription.';

/** Holds people's changes against the plan of their workspace. Without plans it asks nobody and counts nothing. */
@Injectable()
export class EntitlementCheck {
  constructor(private readonly entitlements: WorkspaceEntitlements) {}

  /** What the caller's workspace may use now; null where the host has no plans. To be asked before a transaction begins. */
  async plan({ workspaceId }: Caller): Promise<Entitlements | null> {
    return this.entitlements.isOn ? this.entitlements.renewed(workspaceId) : null;
  }

  /** The same for a retry; null too where the same run goes on, which a plan has given already. */
  async planOfRetry({ from }: { from: 'failed_step' | 'start' }, caller: Caller): Promise<Entitlements | null> {
    return from === 'start' ? this.plan(caller) : null;
  }

  /** The same; throws `plan_required` when the workspace has no automation at all. */
  async assertEnabled(caller: Caller): Promise<Entitlements | null> {
    const plan = await this.plan(caller);
    if (plan?.enabled === false) throw planRequired({ missing: 'automation' }, plan);
    return plan;
  }

  /** What of a definition the plan does not give: a problem for each step. It may be saved, and cannot be published. */
  async problems(definition: JsonObject, { workspaceId }: Caller): Promise<Problem[]> {
    if (!this.entitlements.isOn) return [];
    await this.entitlements.prepare([workspaceId]);
    return shown(beyond(definition, this.entitlements.of(workspaceId)));
  }

  /**
   * Throws `plan_required` for a definition that the plan does not give, and when one more workflow would be active than it
   * has. Within the transaction of the change, which no other one of the workspace overlaps.
   */
  async assertMayRun(
    manager: EntityManager,
    plan: Entitlements | null,
    {
      workspaceId,
      workflowId,
      definition,
      becomesActive,
    }: { workspaceId: string; workflowId: string; definition: JsonObject; becomesActive: boolean },
  ): Promise<void> {
    if (plan === null) return;
    if (plan.enabled === false) throw planRequired({ missing: 'automation' }, plan);
    const problems = beyond(definition, plan);
    if (problems.length > 0) {
      const stepTypes = [...new Set(problems.map(({ type }) => type))];
      throw planRequired({ missing: 'stepTypes', stepTypes }, plan, problems);
    }
    const allowed = plan.activeWorkflows;
    if (allowed === undefined || !becomesActive) return;
    const others = await countActiveOthers(manager, workspaceId, workflowId);
    if (others >= allowed) throw planRequired({ missing: 'activeWorkflows', allowed, used: others }, plan);
  }
}

/** Of what cannot be read, other problems are told. */
function beyond(definition: JsonObject, plan: Entitlements): (Problem & { type: string })[] {
  const parsed = parseDefinition(definition, null);
  return parsed.ok ? stepsBeyond(parsed.definition.steps, plan) : [];
}

/** Returns the refusal of what a plan does not give. */
export function planRequired(lack: Lack, plan: Entitlements, problems?: readonly Problem[]): AutomationError {
  return new AutomationError('plan_required', lackInWords(lack, plan), {
    hint: lack.missing === 'activeWorkflows' ? 'Pause another workflow, or ask for a larger plan.' : HINT,
    details: lackDetails(lack, plan),
    ...(problems && { problems: shown(problems) }),
  });
}

function shown(problems: readonly Problem[]): Problem[] {
  return problems.map(({ path, message }) => ({ path, message }));
}
