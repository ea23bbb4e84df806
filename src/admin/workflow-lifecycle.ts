import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { settingDefaults } from '../core/definition/settings.js';
import type { Trigger } from '../core/definition/types.js';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import type { Entitlements } from '../core/start/entitlements.js';
import { Timing } from '../engine/timing/timing.js';
import type { Caller } from '../host/access.js';
import type { WorkflowRow, WorkflowStatus } from '../store/workflow-store.js';
import { draftFromPublished, type StoredVersion, withdrawPublished } from '../store/workflow-versions.js';
import { AskedPeople, type KnownPeople } from './asked-people.js';
import type { CrmInquiry } from './crm-inquiry.js';
import { assertRevision } from './definition-changes.js';
import { EntitlementCheck } from './entitlement-check.js';
import { type PublishCommand, publishRow, switchTo, versionOf } from './publishing.js';
import { SecretUses } from './secret-uses.js';
import { missingWorkflows } from './started-workflows.js';
import { WorkflowChanges } from './workflow-changes.js';

/**
 * From one state of a workflow to another. Each change and its audit entry are one transaction; one that changes nothing
 * leaves no trace, so that every call may be repeated. Another workspace's id is `workflow_not_found`, and what is
 * archived has to be restored first (`workflow_archived`). Runs in flight stay on their version, whatever happens here.
 */
@Injectable()
export class WorkflowLifecycle {
  constructor(
    private readonly changes: WorkflowChanges,
    private readonly timing: Timing,
    private readonly entitled: EntitlementCheck,
    private readonly secrets: SecretUses,
    private readonly asked: AskedPeople,
  ) {}

  /**
   * Makes the draft, or an earlier version, the next version. What is published as it stands makes no further version:
   * publishing twice is publishing once. A draft without edits of its own follows an earlier version; one with edits stays
   * as it is. Throws `definition_invalid` with the problems, `version_not_found`, and `revision_conflict` when a revision
   * is given and the draft is another by now; `plan_required` for what the workspace's plan does not give.
   */
  async publish(id: string, command: PublishCommand, caller: Caller, inquiry: CrmInquiry): Promise<void> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const [plan, people] = await Promise.all([
      this.entitled.plan(caller),
      this.peopleOf(inquiry, this.changes.toPublish(id, command.fromVersion, caller)),
    ]);
    return this.changes.ofActive(id, caller, (manager, row) => {
      assertRevision(row, command.revision);
      return this.publishRow(manager, row, { ...command, plan, people }, caller);
    });
  }

  /**
   * Makes the workflow active: resumes the published version, or publishes the draft when there is none (which takes
   * the permission to publish: `permission_denied` without). A version goes on as it was published: that somebody whom it names has
   * left since is a warning of the workflow, and no reason to keep it from going on. Throws `plan_required`.
   */
  async activate(id: string, caller: Caller, inquiry: CrmInquiry): Promise<void> {
    const [plan, people] = await Promise.all([this.entitled.plan(caller), this.peopleOf(inquiry, this.changes.toPublishFirst(id, caller))]);
    return this.changes.ofActive(id, caller, async (manager, row) => {
      if (row.publishedVersion !== null) {
        if (plan && row.status !== 'active') {
          const { definition } = await this.version(manager, row, row.publishedVersion, caller);
          await this.assertMayRun(manager, row, { plan, definition, becomesActive: true }, caller);
        }
        return this.switchTo('active', 'activated', manager, row, caller);
      }
      if (!caller.permissions.includes('manage')) {
        throw new AutomationError(
          'permission_denied',
          'Activating a workflow that has no published version publishes it, which takes `manage`.',
        );
      }
      return this.publishRow(manager, row, { plan, people }, caller);
    });
  }

  /** Starts no more runs from the commit of this call on, on any node. Throws `workflow_not_active`. */
  pause(id: string, reason: string | null, caller: Caller): Promise<void> {
    checkShape({ reason }, 'command', REQUEST_LIMITS);
    return this.changes.ofActive(id, caller, (manager, row) => {
      if (row.publishedVersionId === null) {
        throw new AutomationError('workflow_not_active', 'The workflow has no published version, so there is nothing to pause.');
      }
      return this.switchTo('paused', 'paused', manager, row, caller, reason);
    });
  }

  /** Takes back what is published: a draft again, which starts nothing. Its versions stay, and the next one has the next number. */
  unpublish(id: string, caller: Caller): Promise<void> {
    return this.changes.ofActive(id, caller, async (manager, row) => {
      if (row.publishedVersionId === null) return false;
      await this.timing.withdrawn(manager, { workspaceId: caller.workspaceId, workflowId: row.id });
      await withdrawPublished(manager, caller.workspaceId, row.id, this.changes.examine(row.draft));
      const before = { status: row.status, version: row.publishedVersion };
      await this.changes.audit(manager, caller, row.id, { action: 'unpublished', before, after: { status: 'draft', version: null } });
      return true;
    });
  }

  /** Puts a workflow away: it starts nothing and cannot be edited until it is restored. */
  archive(id: string, caller: Caller): Promise<void> {
    const archive = async (manager: EntityManager, row: WorkflowRow): Promise<boolean> => {
      await this.timing.withdrawn(manager, { workspaceId: caller.workspaceId, workflowId: row.id });
      return this.switchTo('archived', 'archived', manager, row, caller);
    };
    return this.changes.ofActive(id, caller, archive, { archivedToo: true });
  }

  /** Takes a workflow out of the archive: paused, or a draft when it has no published version. Others stay as they are. */
  restore(id: string, caller: Caller): Promise<void> {
    const restore = async (manager: EntityManager, row: WorkflowRow): Promise<boolean> => {
      if (row.status !== 'archived') return false;
      const published = row.publishedVersion === null ? null : await this.version(manager, row, row.publishedVersion, caller);
      if (published) {
        const trigger = published.definition.trigger as unknown as Trigger;
        await this.timing.published(manager, { workspaceId: caller.workspaceId, workflowId: row.id, versionId: published.id, trigger });
      }
      return this.switchTo(row.publishedVersionId === null ? 'draft' : 'paused', 'restored', manager, row, caller);
    };
    return this.changes.ofActive(id, caller, restore, { archivedToo: true });
  }

  /** Makes the published version the draft again, its secrets included. Throws `workflow_not_published` and `revision_conflict`. */
  discard(id: string, revision: number | undefined, caller: Caller): Promise<void> {
    return this.changes.ofDraft(id, caller, async (manager, row) => {
      assertRevision(row, revision);
      const published = row.publishedVersion === null ? null : await this.version(manager, row, row.publishedVersion, caller);
      if (!published) {
        throw new AutomationError('workflow_not_published', 'The workflow has no published version to go back to.');
      }
      if (!row.hasUnpublishedChanges) return;
      await draftFromPublished(manager, caller.workspaceId, row.id, this.changes.examine(published.definition).problems);
      const before = { definition: this.changes.masked(row.draft) };
      const after = { definition: this.changes.masked(published.definition) };
      await this.changes.audit(manager, caller, row.id, { action: 'discarded', before, after });
    });
  }

  private async peopleOf(inquiry: CrmInquiry, toPublish: Promise<JsonObject | null>): Promise<KnownPeople> {
    const definition = await toPublish;
    return this.asked.known(inquiry, definition === null ? [] : [definition]);
  }

  private publishRow(
    manager: EntityManager,
    row: WorkflowRow,
    { plan, people, ...command }: PublishCommand & { plan: Entitlements | null; people: KnownPeople },
    caller: Caller,
  ): Promise<boolean> {
    const { workspaceId } = caller;
    return publishRow(manager, row, command, caller, {
      changes: this.changes,
      activated: 'activated',
      problemsOf: async (definition, isWellFormed) => [
        ...(isWellFormed ? await missingWorkflows(manager, workspaceId, definition) : []),
        ...(await this.secrets.problemsIn(manager, definition, workspaceId)),
        ...(await this.asked.problemsIn(manager, definition, workspaceId, people)),
      ],
      assertMayRun: (definition, becomesActive) => this.assertMayRun(manager, row, { plan, definition, becomesActive }, caller),
      settingDefaults,
      // What has no problems has a trigger.
      published: (versionId, { trigger }) =>
        this.timing.published(manager, { workspaceId, workflowId: row.id, versionId, trigger: trigger as unknown as Trigger }),
    });
  }

  private assertMayRun(
    manager: EntityManager,
    { id: workflowId }: WorkflowRow,
    { plan, ...version }: { plan: Entitlements | null; definition: JsonObject; becomesActive: boolean },
    { workspaceId }: Caller,
  ): Promise<void> {
    return this.entitled.assertMayRun(manager, plan, { workspaceId, workflowId, ...version });
  }

  private switchTo(
    status: WorkflowStatus,
    action: string,
    manager: EntityManager,
    row: WorkflowRow,
    caller: Caller,
    note: string | null = null,
  ): Promise<boolean> {
    return switchTo(this.changes, { status, action, note }, manager, row, caller);
  }

  private version(manager: EntityManager, row: WorkflowRow, version: number, caller: Caller): Promise<StoredVersion> {
    return versionOf(manager, row, version, caller);
  }
}
