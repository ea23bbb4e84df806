import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuid } from 'uuid';
import { keepSecrets, maskChange, secretProblems } from '../core/definition/secrets.js';
import type { DefinitionWarning } from '../core/definition/warnings.js';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { sqlState } from '../engine/failures.js';
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
import { deleteWorkflow, insertWorkflow, isCodeTaken, raiseGeneration, updateWorkflow, type WorkflowRow } from '../store/workflow-store.js';
import { countUnfinishedRuns, findVersion } from '../store/workflow-versions.js';
import { EntitlementCheck } from './entitlement-check.js';
import { SecretUses } from './secret-uses.js';
import { runsInTheWay } from './unfinished-runs.js';
import { assertRevision, WorkflowChanges, workflowNotFound } from './workflow-changes.js';
import { type PublishCommand, WorkflowLifecycle } from './workflow-lifecycle.js';
import { WorkflowWarnings } from './workflow-warnings.js';
import { WorkflowWrites } from './workflow-writes.js';

const UNIQUE_VIOLATION = '23505';

/** A new workflow. Without a code, one is made from the name. */
export interface NewWorkflow {
  code?: string;
  name: string;
  description?: string | null;
  definition: JsonObject;
}

/** An edit; what is undefined stays as it is. */
export interface WorkflowPatch {
  /** The revision that the edit is based on. */
  revision: number;
  code?: string;
  name?: string;
  description?: string | null;
  definition?: JsonObject;
}

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
    private readonly catalog: AutomationCatalog,
    private readonly changes: WorkflowChanges,
    private readonly lifecycle: WorkflowLifecycle,
    private readonly timing: Timing,
    private readonly writes: WorkflowWrites,
    private readonly entitled: EntitlementCheck,
    private readonly warnings: WorkflowWarnings,
    private readonly secrets: SecretUses,
  ) {}

  /**
   * Saves a new draft, with the list of its problems; `origin` goes into the audit log. Throws `code_taken`,
   * `invalid_request` for what cannot be stored, and `plan_required` where the workspace has no automation.
   */
  async create(input: NewWorkflow, caller: Caller, origin: JsonObject = {}): Promise<CheckedWorkflow> {
    checkShape(input, 'workflow', REQUEST_LIMITS);
    await this.entitled.assertEnabled(caller);
    const { workspaceId } = caller;
    const id = uuid();
    const { name, description = null } = input;
    const draft = this.changes.examine(input.definition);
    await this.database.transaction(async (manager) => {
      const codes = input.code === undefined ? codesFor(name, id) : [input.code];
      let code: string | undefined;
      for (const candidate of codes) {
        if (await insertWorkflow(manager, workspaceId, { ...draft, id, code: candidate, name, description })) {
          code = candidate;
          break;
        }
      }
      if (code === undefined) throw codeTaken(codes[0] ?? '');
      const after = { code, name, description, definition: this.changes.masked(input.definition), ...origin };
      await this.changes.audit(manager, caller, id, { action: 'created', before: null, after });
    });
    return this.get(id, caller);
  }

  /** Throws `workflow_not_found`. */
  async get(id: string, caller: Caller): Promise<CheckedWorkflow> {
    const workflow = isUuid(id) ? await this.database.read((manager) => findWorkflow(manager, caller.workspaceId, id)) : null;
    if (!workflow) throw workflowNotFound();
    const { published } = workflow;
    return {
      ...workflow,
      problems: [
        ...workflow.problems,
        ...(await this.entitled.problems(workflow.definition, caller)),
        ...(await this.secrets.problems(workflow.definition, caller.workspaceId)),
      ],
      warnings: await this.warnings.of(caller.workspaceId, workflow.definition),
      definition: this.changes.masked(workflow.definition),
      published: published && { ...published, definition: this.changes.masked(published.definition) },
    };
  }

  /** One page, and how many there are in all: exactly up to 10,000. */
  async list(query: WorkflowListQuery, caller: Caller): Promise<WorkflowPage> {
    if (query.writes !== undefined) await this.writes.complete(caller.workspaceId);
    return this.database.read((manager) => listWorkflows(manager, caller.workspaceId, query));
  }

  /**
   * Saves an edit of the draft; what is published stays as it is. Secrets that come back masked stay as they were. Throws
   * `revision_conflict` when somebody else saved in between (the current revision is in the details), `code_taken`,
   * `workflow_not_found`, `invalid_request` for what cannot be stored, `plan_required` where the workspace has no automation.
   */
  async update(id: string, patch: WorkflowPatch, caller: Caller): Promise<CheckedWorkflow> {
    checkShape(patch, 'workflow', REQUEST_LIMITS);
    await this.entitled.assertEnabled(caller);
    const { workspaceId } = caller;
    const saved = this.changes.ofDraft(id, caller, async (manager, row) => {
      assertRevision(row, patch.revision);
      const before = { code: row.code, name: row.name, description: row.description, definition: row.draft };
      const after = {
        code: patch.code ?? row.code,
        name: patch.name ?? row.name,
        description: patch.description === undefined ? row.description : patch.description,
        definition: patch.definition === undefined ? row.draft : await this.withSecrets(manager, patch.definition, row, caller),
      };
      if (after.code !== row.code && (await isCodeTaken(manager, workspaceId, after.code, id))) throw codeTaken(after.code);
      const { definition, ...naming } = after;
      const updated = await updateWorkflow(manager, workspaceId, id, row.revision, { ...naming, ...this.changes.examine(definition) });
      if (updated !== 1) throw new Error(`updated ${updated} workflows instead of one`);
      // Runs show the name (`{{workflow.name}}`), so every node has to hear of a new one.
      const renamed = after.name !== row.name || after.code !== row.code;
      if (renamed && row.status === 'active') await raiseGeneration(manager, workspaceId);
      const changed = (Object.keys(after) as (keyof typeof after)[]).filter((key) => patch[key] !== undefined);
      const shown = maskChange(before.definition, after.definition, this.catalog.actions);
      const [from, to] = [
        { ...before, definition: shown.before },
        { ...after, definition: shown.after },
      ];
      await this.changes.audit(manager, caller, id, { action: 'updated', before: pick(from, changed), after: pick(to, changed) });
    });
    await saved.catch((error: unknown) => {
      // Somebody took the code between our look and our write.
      throw sqlState(error) === UNIQUE_VIOLATION ? codeTaken(patch.code ?? '') : error;
    });
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
    await this.lifecycle.publish(id, command, caller);
    return this.get(id, caller);
  }

  /** See {@link WorkflowLifecycle.activate}. */
  async activate(id: string, caller: Caller): Promise<CheckedWorkflow> {
    await this.lifecycle.activate(id, caller);
    return this.get(id, caller);
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

  /**
   * An edit with the secrets that it leaves as they were: those of the draft, and where the draft has lost one (an address
   * was changed by mistake, and is changed back) that of the published version, by the same rules.
   */
  private async withSecrets(manager: EntityManager, edited: JsonObject, row: WorkflowRow, caller: Caller): Promise<JsonObject> {
    const { actions } = this.catalog;
    const kept = keepSecrets(edited, row.draft, actions);
    if (row.publishedVersion === null || secretProblems(kept, actions).length === 0) return kept;
    const published = await findVersion(manager, caller.workspaceId, row.id, row.publishedVersion);
    return published ? keepSecrets(kept, published.definition, actions) : kept;
  }
}

/** `welcome-web-leads`, and with the end of the id behind it for when that is taken: letters and digits of the name, or `workflow`. */
function codesFor(name: string, id: string): string[] {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 50)
    .replace(/-+$/, '');
  const code = slug === '' ? 'workflow' : slug;
  return [code, `${code}-${id.slice(-8)}`, `${code}-${id.slice(-12)}`];
}

function pick(from: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.map((key) => [key, from[key]]));
}

function codeTaken(code: string): AutomationError {
  return new AutomationError('code_taken', `The workspace has a workflow with the code "${code}" already.`);
}
