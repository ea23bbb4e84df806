import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { parseMachine } from '../core/machine/parser.js';
import { transitionVersions } from '../core/machine/transition-versions.js';
import type { Entitlements } from '../core/start/entitlements.js';
import { MachinePolls } from '../engine/machines/machine-polls.js';
import { type MissedTimeouts, StateTimeouts } from '../engine/machines/state-timeouts.js';
import type { Caller } from '../host/access.js';
import { insertTransitionVersions } from '../store/machines/transition-versions.js';
import type { WorkflowRow } from '../store/workflow-store.js';
import type { KnownPeople } from './asked-people.js';
import type { CrmInquiry } from './crm-inquiry.js';
import { assertRevision } from './definition-changes.js';
import { EntitlementCheck } from './entitlement-check.js';
import { MachineChanges } from './machine-changes.js';
import { MachineProblems } from './machine-problems.js';
import { type PublishCommand, publishRow, switchTo } from './publishing.js';

/** What is asked before anything is locked. */
interface Known {
  plan: Entitlements | null;
  people: KnownPeople;
}

/**
 * From one state of a machine to another: draft, enabled, disabled. Each change and its audit entry are one transaction; one
 * that changes nothing leaves no trace. Instances stay on their version, whatever happens here.
 */
@Injectable()
export class MachineLifecycle {
  constructor(
    private readonly changes: MachineChanges,
    private readonly entitled: EntitlementCheck,
    private readonly lacking: MachineProblems,
    private readonly timeouts: StateTimeouts,
    private readonly polls: MachinePolls,
  ) {}

  /**
   * Makes the draft, or an earlier version, the next version, and enables the machine unless `activate` is false. Throws
   * `definition_invalid` with the problems, `version_not_found`, `revision_conflict` and `plan_required`.
   */
  async publish(id: string, command: PublishCommand, caller: Caller, inquiry: CrmInquiry): Promise<void> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const known = await this.known(id, command.fromVersion, caller, inquiry);
    return this.changes.ofActive(id, caller, async (manager, row) => {
      assertRevision(row, command.revision);
      // As when it is enabled without a word about them.
      if (row.status !== 'active' && command.activate !== false) await this.timeouts.enabled(manager, caller.workspaceId, id, 'fire');
      return this.publishRow(manager, row, command, known, caller);
    });
  }

  /**
   * Makes instances and asks transitions again. `missed`: what becomes of timeouts that came due meanwhile. Throws
   * `machine_not_published`, and `plan_required`.
   */
  async enable(id: string, caller: Caller, missed: MissedTimeouts = 'fire'): Promise<void> {
    await this.entitled.assertEnabled(caller);
    return this.changes.ofActive(id, caller, async (manager, row) => {
      assertPublished(row);
      if (row.status !== 'active') await this.timeouts.enabled(manager, caller.workspaceId, id, missed);
      return switchTo(this.changes, { status: 'active', action: 'enabled' }, manager, row, caller);
    });
  }

  /** Makes no instance and asks no transition from the commit of this call on, on any node. Throws `machine_not_published`. */
  disable(id: string, reason: string | null, caller: Caller): Promise<void> {
    checkShape({ reason }, 'command', REQUEST_LIMITS);
    return this.changes.ofActive(id, caller, (manager, row) => {
      assertPublished(row);
      return switchTo(this.changes, { status: 'paused', action: 'disabled', note: reason }, manager, row, caller);
    });
  }

  private async known(id: string, fromVersion: number | undefined, caller: Caller, inquiry: CrmInquiry): Promise<Known> {
    const plan = await this.entitled.assertEnabled(caller);
    const machine = await this.changes.toPublish(id, fromVersion, caller);
    return { plan, people: await this.lacking.people(machine, inquiry) };
  }

  private publishRow(manager: EntityManager, row: WorkflowRow, command: PublishCommand, known: Known, caller: Caller): Promise<boolean> {
    const { workspaceId } = caller;
    return publishRow(manager, row, command, caller, {
      changes: this.changes,
      activated: 'enabled',
      problemsOf: (definition, isWellFormed) => this.lacking.of(manager, definition, workspaceId, { isWellFormed, people: known.people }),
      assertMayRun: async (machine) => {
        for (const { definition } of transitionVersions(machine)) {
          const version = { workspaceId, workflowId: row.id, definition, becomesActive: false };
          await this.entitled.assertMayRun(manager, known.plan, version);
        }
      },
      settingDefaults: () => null,
      published: async (versionId, { draft }) => {
        await insertTransitionVersions(manager, workspaceId, versionId, transitionVersions(draft));
        const parsed = parseMachine(draft, null);
        if (parsed.ok) await this.polls.published(manager, { workspaceId, machineId: row.id, versionId }, parsed.machine);
      },
    });
  }
}

function assertPublished(row: WorkflowRow): void {
  if (row.publishedVersionId !== null) return;
  throw new AutomationError('machine_not_published', 'The machine has no published version.', {
    hint: 'Publish it: that enables it, too.',
  });
}
