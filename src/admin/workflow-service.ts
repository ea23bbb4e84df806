import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuid } from 'uuid';
import { parseDefinition, publishProblems } from '../core/definition/parser.js';
import { keepSecrets, maskChange, maskSecrets, secretProblems } from '../core/definition/secrets.js';
import { AutomationError, type Problem } from '../core/errors.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { sqlState } from '../engine/failures.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import {
  type DraftColumns,
  deleteWorkflow,
  findWorkflow,
  hasUnfinishedRuns,
  insertWorkflow,
  isCodeTaken,
  listWorkflows,
  lockWorkflow,
  publishDraft,
  raiseGeneration,
  setStatus,
  updateWorkflow,
  type WorkflowDetail,
  type WorkflowListQuery,
  type WorkflowPage,
  type WorkflowRow,
} from '../store/workflow-store.js';

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
  ) {}

  /** Saves a new draft, with the list of its problems. Throws `code_taken`, and `invalid_request` for what cannot be stored. */
  async create(input: NewWorkflow, caller: Caller): Promise<WorkflowDetail> {
    checkShape(input, 'workflow', REQUEST_LIMITS);
    const { workspaceId } = caller;
    const id = uuid();
    const { name, description = null } = input;
    const draft = this.examine(input.definition);
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
      await this.audit(manager, caller, id, 'created', null, { code, name, description, definition: this.masked(input.definition) });
    });
    return this.get(id, caller);
  }

  /** Throws `workflow_not_found`. */
  async get(id: string, caller: Caller): Promise<WorkflowDetail> {
    const workflow = isUuid(id) ? await this.database.read((manager) => findWorkflow(manager, caller.workspaceId, id)) : null;
    if (!workflow) throw notFound();
    const { published } = workflow;
    return {
      ...workflow,
      definition: this.masked(workflow.definition),
      published: published && { ...published, definition: this.masked(published.definition) },
    };
  }

  /** One page, and how many there are in all: exactly up to 10,000. */
  list(query: WorkflowListQuery, caller: Caller): Promise<WorkflowPage> {
    return this.database.read((manager) => listWorkflows(manager, caller.workspaceId, query));
  }

  /**
   * Saves an edit of the draft; what is published stays as it is. Secrets that come back masked stay as they were. Throws
   * `revision_conflict` when somebody else saved in between (the current revision is in the details), `code_taken`,
   * `workflow_not_found`, and `invalid_request` for what cannot be stored.
   */
  async update(id: string, patch: WorkflowPatch, caller: Caller): Promise<WorkflowDetail> {
    checkShape(patch, 'workflow', REQUEST_LIMITS);
    const { workspaceId } = caller;
    const saved = this.database.transaction(async (manager) => {
      const row = await lock(manager, id, caller);
      assertRevision(row, patch.revision);
      const before = { code: row.code, name: row.name, description: row.description, definition: row.draft };
      const after = {
        code: patch.code ?? row.code,
        name: patch.name ?? row.name,
        description: patch.description === undefined ? row.description : patch.description,
        definition: patch.definition === undefined ? row.draft : keepSecrets(patch.definition, row.draft, this.catalog.actions),
      };
      if (after.code !== row.code && (await isCodeTaken(manager, workspaceId, after.code, id))) throw codeTaken(after.code);
      const { definition, ...naming } = after;
      const updated = await updateWorkflow(manager, workspaceId, id, row.revision, { ...naming, ...this.examine(definition) });
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
      await this.audit(manager, caller, id, 'updated', pick(from, changed), pick(to, changed));
    });
    await saved.catch((error: unknown) => {
      // Somebody took the code between our look and our write.
      throw sqlState(error) === UNIQUE_VIOLATION ? codeTaken(patch.code ?? '') : error;
    });
    return this.get(id, caller);
  }

  /** Throws `workflow_has_active_runs` while a run is not over. The runs stay in the log. */
  async delete(id: string, caller: Caller): Promise<void> {
    const { workspaceId } = caller;
    await this.database.activeWorkflowsTransaction(workspaceId, async (manager) => {
      const row = await lock(manager, id, caller);
      if (await hasUnfinishedRuns(manager, workspaceId, id)) {
        throw new AutomationError('workflow_has_active_runs', 'The workflow has runs that are not over.', {
          hint: 'Pause it and wait for them, or cancel them first.',
        });
      }
      await deleteWorkflow(manager, workspaceId, id);
      await raiseGeneration(manager, workspaceId);
      const { code, name, description, status } = row;
      const before = { code, name, description, status, definition: this.masked(row.draft) };
      await this.audit(manager, caller, id, 'deleted', before, null);
    });
  }

  /**
   * Makes the draft the next version and the workflow active. A draft that is published as it stands makes no further
   * version: publishing twice is publishing once. Throws `definition_invalid` with the problems, and `revision_conflict`
   * when a revision is given and the draft is another by now.
   */
  async publish(id: string, caller: Caller, revision?: number): Promise<WorkflowDetail> {
    await this.change(id, caller, async (manager, row) => {
      if (revision !== undefined) assertRevision(row, revision);
      return this.publishRow(manager, row, caller);
    });
    return this.get(id, caller);
  }

  /**
   * Makes the workflow active: resumes the published version, or publishes the draft when there was never one (which takes
   * the permission to publish: `permission_denied` without).
   */
  async activate(id: string, caller: Caller): Promise<WorkflowDetail> {
    await this.change(id, caller, async (manager, row) => {
      if (row.publishedVersionId === null) {
        if (!caller.permissions.includes('manage')) {
          throw new AutomationError(
            'permission_denied',
            'Activating a workflow that was never published publishes it, which takes `manage`.',
          );
        }
        return this.publishRow(manager, row, caller);
      }
      return this.switchTo('active', manager, row, caller);
    });
    return this.get(id, caller);
  }

  /** Starts no more runs from the commit of this call on, on any node; runs in flight finish. Throws `workflow_not_active`. */
  async pause(id: string, caller: Caller): Promise<WorkflowDetail> {
    await this.change(id, caller, (manager, row) => {
      if (row.publishedVersionId === null) {
        throw new AutomationError('workflow_not_active', 'The workflow was never published, so there is nothing to pause.');
      }
      return this.switchTo('paused', manager, row, caller);
    });
    return this.get(id, caller);
  }

  /** A change of what is active; `work` returns false when there was nothing to change. */
  private change(id: string, caller: Caller, work: (manager: EntityManager, row: WorkflowRow) => Promise<boolean>): Promise<void> {
    return this.database.activeWorkflowsTransaction(caller.workspaceId, async (manager) => {
      const row = await lock(manager, id, caller);
      if (row.status === 'archived') throw new AutomationError('workflow_archived', 'The workflow is archived.');
      if (await work(manager, row)) await raiseGeneration(manager, caller.workspaceId);
    });
  }

  private async publishRow(manager: EntityManager, row: WorkflowRow, caller: Caller): Promise<boolean> {
    const draft = this.examine(row.draft);
    if (draft.problems.length > 0) {
      throw new AutomationError('definition_invalid', 'The draft has problems and cannot be published.', {
        hint: 'Correct what the problems name, save the draft and publish again.',
        problems: draft.problems,
      });
    }
    if (row.publishedVersionId !== null && !row.hasUnpublishedChanges) return this.switchTo('active', manager, row, caller);
    const version = await publishDraft(manager, caller.workspaceId, row.id, draft, callerAsActor(caller));
    const before = { status: row.status, version: row.publishedVersion };
    await this.audit(manager, caller, row.id, 'published', before, { status: 'active', version });
    return true;
  }

  private async switchTo(status: 'active' | 'paused', manager: EntityManager, row: WorkflowRow, caller: Caller): Promise<boolean> {
    if (row.status === status) return false;
    await setStatus(manager, caller.workspaceId, row.id, status);
    await this.audit(manager, caller, row.id, status === 'active' ? 'activated' : 'paused', { status: row.status }, { status });
    return true;
  }

  /** What is told from a draft: all that keeps it from being published, and what lists show of it. */
  private examine(draft: JsonObject): DraftColumns {
    const parsed = parseDefinition(draft, this.catalog);
    const missing = secretProblems(draft, this.catalog.actions);
    const others = parsed.ok ? publishProblems(parsed.definition, this.catalog.executable) : parsed.problems;
    // One problem for each: a mask is no good signing secret either.
    const problems: Problem[] = [...missing, ...others.filter(({ path }) => !missing.some((one) => one.path === path))];
    const trigger = isJsonObject(draft.trigger) ? draft.trigger : null;
    return { draft, problems, trigger, module: typeof trigger?.module === 'string' ? trigger.module : null };
  }

  private masked(definition: JsonObject): JsonObject {
    return maskSecrets(definition, this.catalog.actions);
  }

  private audit(
    manager: EntityManager,
    caller: Caller,
    targetId: string,
    action: string,
    before: JsonObject | null,
    after: JsonObject | null,
  ): Promise<void> {
    const { workspaceId } = caller;
    const actor = callerAsActor(caller);
    return writeAudit(manager, [
      { workspaceId, actor, action: `workflow.${action}`, targetType: 'workflow', targetId, before, after, note: null },
    ]);
  }
}

async function lock(manager: EntityManager, id: string, caller: Caller): Promise<WorkflowRow> {
  const row = isUuid(id) ? await lockWorkflow(manager, caller.workspaceId, id) : null;
  if (!row) throw notFound();
  return row;
}

function assertRevision(row: WorkflowRow, revision: number): void {
  if (row.revision === revision) return;
  throw new AutomationError('revision_conflict', `Somebody has saved the workflow in between: it is at revision ${row.revision}.`, {
    hint: 'Load it again and repeat your edit on top.',
    details: { revision: row.revision },
  });
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

/** Another workspace's id is answered like one that does not exist. */
function notFound(): AutomationError {
  return new AutomationError('workflow_not_found', 'There is no workflow of this id.');
}
