import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import type { DefinitionWarning } from '../core/definition/warnings.js';
import type { JsonObject } from '../core/json.js';
import { Timing } from '../engine/timing/timing.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import {
  findWorkflow,
  listWorkflows,
  type WorkflowDetail,
  type WorkflowListQuery,
  type WorkflowPage,
} from '../store/workflow-list-store.js';
import { deleteWorkflow, type WorkflowRow } from '../store/workflow-store.js';
import { countUnfinishedRuns } from '../store/workflow-versions.js';
import { CrmInquiries, type CrmInquiry } from './crm-inquiry.js';
import { DefinitionDrafts, type DraftPatch, type NewDraft } from './definition-drafts.js';
import { EntitlementCheck } from './entitlement-check.js';
import type { PublishCommand } from './publishing.js';
import { SecretUses } from './secret-uses.js';
import { runsInTheWay } from './unfinished-runs.js';
import { WorkflowChanges, workflowNotFound } from './workflow-changes.js';
import { WorkflowLifecycle } from './workflow-lifecycle.js';
import { WorkflowWarnings } from './workflow-warnings.js';
import { WorkflowWrites } from './workflow-writes.js';

/** A workflow with what is to be said of its draft beside its problems. */
export interface CheckedWorkflow extends WorkflowDetail {
  warnings: DefinitionWarning[];
}

/**
 * The admin's side of workflows. Everything is bound to the caller's workspace: another workspace's id is
 * `workflow_not_found`. Each change and its audit entry are one transaction. What steps keep secret goes in and never
 * comes out: see core/definition/secrets.ts.
 */
@Injectable()
export class WorkflowService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly changes: WorkflowChanges,
    private readonly drafts: DefinitionDrafts,
    private readonly lifecycle: WorkflowLifecycle,
    private readonly timing: Timing,
    private readonly writes: WorkflowWrites,
    private readonly entitled: EntitlementCheck,
    private readonly warnings: WorkflowWarnings,
    private readonly inquiries: CrmInquiries,
    private readonly secrets: SecretUses,
  ) {}

  /** See {@link DefinitionDrafts.create}. */
  async create(input: NewDraft, caller: Caller, origin: JsonObject = {}): Promise<CheckedWorkflow> {
    const id = await this.drafts.create(this.changes, input, caller, origin);
    return this.get(id, caller);
  }

  /** Throws `workflow_not_found`. */
  get(id: string, caller: Caller): Promise<CheckedWorkflow> {
    return this.checked(id, caller, this.inquiries.open(caller.workspaceId));
  }

  /** One page, and how many there are in all: exactly up to 10,000. */
  async list(query: WorkflowListQuery, caller: Caller): Promise<WorkflowPage> {
    if (query.writes !== undefined) await this.writes.complete(caller.workspaceId);
    return this.database.read((manager) => listWorkflows(manager, caller.workspaceId, query));
  }

  /** See {@link DefinitionDrafts.update}. Throws `workflow_not_found`, too. */
  async update(id: string, patch: DraftPatch, caller: Caller): Promise<CheckedWorkflow> {
    await this.drafts.update(this.changes, id, patch, caller);
    return this.get(id, caller);
  }

  /**
   * Throws `workflow_has_active_runs`, with how many, while runs are not over. The runs that are over stay in the log, and
   * go on showing the workflow's name and code.
   */
  delete(id: string, caller: Caller): Promise<void> {
    const { workspaceId } = caller;
    const remove = async (manager: EntityManager, row: WorkflowRow): Promise<boolean> => {
      const unfinished = await countUnfinishedRuns(manager, workspaceId, id);
      if (unfinished.length > 0) throw runsInTheWay(unfinished);
      await this.timing.withdrawn(manager, { workspaceId, workflowId: id });
      await deleteWorkflow(manager, workspaceId, id);
      const { code, name, description, status } = row;
      const before = { code, name, description, status, definition: this.changes.masked(row.draft) };
      await this.changes.audit(manager, caller, id, { action: 'deleted', before, after: null });
      return true;
    };
    return this.changes.ofActive(id, caller, remove, { archivedToo: true });
  }

  /** See {@link WorkflowLifecycle.publish}. */
  async publish(id: string, caller: Caller, command: PublishCommand = {}): Promise<CheckedWorkflow> {
    const inquiry = this.inquiries.open(caller.workspaceId);
    await this.lifecycle.publish(id, command, caller, inquiry);
    return this.checked(id, caller, inquiry);
  }

  /** See {@link WorkflowLifecycle.activate}. */
  async activate(id: string, caller: Caller): Promise<CheckedWorkflow> {
    const inquiry = this.inquiries.open(caller.workspaceId);
    await this.lifecycle.activate(id, caller, inquiry);
    return this.checked(id, caller, inquiry);
  }

  /** See {@link WorkflowLifecycle.pause}. */
  async pause(id: string, caller: Caller, reason: string | null = null): Promise<CheckedWorkflow> {
    await this.lifecycle.pause(id, reason, caller);
    return this.get(id, caller);
  }

  /** See {@link WorkflowLifecycle.unpublish}. */
  async unpublish(id: string, caller: Caller): Promise<CheckedWorkflow> {
    await this.lifecycle.unpublish(id, caller);
    return this.get(id, caller);
  }

  /** See {@link WorkflowLifecycle.archive}. */
  async archive(id: string, caller: Caller): Promise<CheckedWorkflow> {
    await this.lifecycle.archive(id, caller);
    return this.get(id, caller);
  }

  /** See {@link WorkflowLifecycle.restore}. */
  async restore(id: string, caller: Caller): Promise<CheckedWorkflow> {
    await this.lifecycle.restore(id, caller);
    return this.get(id, caller);
  }

  /** See {@link WorkflowLifecycle.discard}. */
  async discard(id: string, caller: Caller, revision?: number): Promise<CheckedWorkflow> {
    await this.lifecycle.discard(id, revision, caller);
    return this.get(id, caller);
  }

  private async checked(id: string, caller: Caller, inquiry: CrmInquiry): Promise<CheckedWorkflow> {
    const workflow = isUuid(id) ? await this.database.read((manager) => findWorkflow(manager, caller.workspaceId, id)) : null;
    if (!workflow) throw workflowNotFound();
    const { published } = workflow;
    // Both ask the host, who may take long.
    const [beyondPlan, warnings] = await Promise.all([
      this.entitled.problems(workflow.definition, caller),
      this.warnings.of(inquiry, { workspaceId: caller.workspaceId, workflowId: id }, workflow.definition),
    ]);
    return {
      ...workflow,
      problems: [...workflow.problems, ...beyondPlan, ...(await this.secrets.problems(workflow.definition, caller.workspaceId))],
      warnings,
      definition: this.changes.masked(workflow.definition),
      published: published && { ...published, definition: this.changes.masked(published.definition) },
    };
  }
}
