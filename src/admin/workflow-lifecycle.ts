import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { settingDefaults } from '../core/definition/settings.js';
import type { Trigger } from '../core/definition/types.js';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import type { Entitlements } from '../core/start/entitlements.js';
import { Timing } from '../engine/timing/timing.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { setStatus, type WorkflowRow, type WorkflowStatus } from '../store/workflow-store.js';
import { draftFromPublished, findVersion, publishVersion, type StoredVersion, withdrawPublished } from '../store/workflow-versions.js';
import { AskedPeople, type KnownRoles } from './asked-people.js';
import { EntitlementCheck } from './entitlement-check.js';
import { SecretUses } from './secret-uses.js';
import { missingWorkflows } from './started-workflows.js';
import { assertRevision, WorkflowChanges } from './workflow-changes.js';

/** What to publish, and how. */
export interface PublishCommand {
  /** Publish only if the draft is still at this revision. */
  revision?: number;
  /** Kept with the version: why. */
  note?: string | null;
  /** False: what is active stays active, what is paused stays paused, and a draft becomes paused. Default: active. */
  activate?: boolean;
  /** An earlier version, which is published again: the way back. Default: the draft. */
  fromVersion?: number;
}

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
  async publish(id: string, command: PublishCommand, caller: Caller): Promise<void> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const plan = await this.entitled.plan(caller);
    const roles = await this.asked.roles(caller.workspaceId);
    return this.changes.ofActive(id, caller, (manager, row) => {
      assertRevision(row, command.revision);
      return this.publishRow(manager, row, { ...command, plan, roles }, caller);
    });
  }

  /**
   * Makes the workflow active: resumes the published version, or publishes the draft when there is none (which takes
   * the permission to publish: `permission_denied` without). Throws `plan_required`.
   */
  async activate(id: string, caller: Caller): Promise<void> {
    const plan = await this.entitled.plan(caller);
    const roles = await this.asked.roles(caller.workspaceId);
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
      return this.publishRow(manager, row, { plan, roles }, caller);
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

  private async publishRow(
    manager: EntityManager,
    row: WorkflowRow,
    command: PublishCommand & { plan: Entitlements | null; roles: KnownRoles },
    caller: Caller,
  ): Promise<boolean> {
    const { fromVersion, note = null, activate = true, plan, roles } = command;
    const isActive = activate || row.status === 'active';
    const earlier = fromVersion === undefined ? null : await this.version(manager, row, fromVersion, caller);
    const draft = this.changes.examine(earlier?.definition ?? row.draft);
    const missing = draft.problems.length > 0 ? [] : await missingWorkflows(manager, caller.workspaceId, draft.draft);
    const problems = [
      ...draft.problems,
      ...missing,
      ...(await this.secrets.problemsIn(manager, draft.draft, caller.workspaceId)),
      ...(await this.asked.problemsIn(manager, draft.draft, caller.workspaceId, roles)),
    ];
    if (problems.length > 0) {
      const what = earlier ? `Version ${earlier.version}` : 'The draft';
      throw new AutomationError('definition_invalid', `${what} has problems and cannot be published.`, {
        hint: 'Correct what the problems name, save the draft and publish again.',
        problems,
      });
    }
    const becomesActive = isActive && row.status !== 'active';
    await this.assertMayRun(manager, row, { plan, definition: draft.draft, becomesActive }, caller);
    const isPublished = earlier ? earlier.isPublished : row.publishedVersionId !== null && !row.hasUnpublishedChanges;
    if (isPublished) return isActive && (await this.switchTo('active', 'activated', manager, row, caller));
    const status = isActive ? 'active' : 'paused';
    const { version, versionId } = await publishVersion(manager, caller.workspaceId, row.id, {
      ...draft,
      restoredFrom: earlier?.version ?? null,
      status,
      publishedBy: callerAsActor(caller),
      note,
      settingDefaults: settingDefaults(draft.draft),
    });
    // What has no problems has a trigger.
    const trigger = draft.trigger as unknown as Trigger;
    await this.timing.published(manager, { workspaceId: caller.workspaceId, workflowId: row.id, versionId, trigger });
    if (earlier && !row.hasUnpublishedChanges) await draftFromPublished(manager, caller.workspaceId, row.id, draft.problems);
    const before = { status: row.status, version: row.publishedVersion };
    const after = { status, version, ...(earlier ? { restoredFrom: earlier.version } : {}) };
    await this.changes.audit(manager, caller, row.id, { action: 'published', before, after, note });
    return true;
  }

  private assertMayRun(
    manager: EntityManager,
    { id: workflowId }: WorkflowRow,
    { plan, ...version }: { plan: Entitlements | null; definition: JsonObject; becomesActive: boolean },
    { workspaceId }: Caller,
  ): Promise<void> {
    return this.entitled.assertMayRun(manager, plan, { workspaceId, workflowId, ...version });
  }

  private async switchTo(
    status: WorkflowStatus,
    action: string,
    manager: EntityManager,
    row: WorkflowRow,
    caller: Caller,
    note: string | null = null,
  ): Promise<boolean> {
    if (row.status === status) return false;
    await setStatus(manager, caller.workspaceId, row.id, status);
    await this.changes.audit(manager, caller, row.id, { action, before: { status: row.status }, after: { status }, note });
    return true;
  }

  private async version(manager: EntityManager, row: WorkflowRow, version: number, caller: Caller): Promise<StoredVersion> {
    const found = await findVersion(manager, caller.workspaceId, row.id, version);
    if (!found) throw versionNotFound(version);
    return found;
  }
}

/** The error for a number that no version of the workflow has. */
export function versionNotFound(version: number): AutomationError {
  return new AutomationError('version_not_found', `The workflow has no version ${version}.`, {
    hint: 'The list of its versions is at `GET workflows/{id}/versions`.',
  });
}
