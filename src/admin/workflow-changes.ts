import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { parseDefinition, publishProblems } from '../core/definition/parser.js';
import { ProblemList } from '../core/definition/problem-list.js';
import { maskSecrets, secretProblems } from '../core/definition/secrets.js';
import { maskTrigger } from '../core/definition/trigger-secrets.js';
import { AutomationError } from '../core/errors.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { hinted } from '../core/nearest.js';
import { moduleOfTrigger } from '../core/trigger/trigger.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import { type DraftColumns, lockWorkflow, raiseGeneration, type WorkflowRow } from '../store/workflow-store.js';

/** One entry of the audit log about a workflow; `action` without its `workflow.`. */
export interface WorkflowAudit {
  action: string;
  before: JsonObject | null;
  after: JsonObject | null;
  note?: string | null;
}

/** What every change of a workflow goes through: the lock, the examination of its draft, and the audit log. */
@Injectable()
export class WorkflowChanges {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
  ) {}

  /**
   * A change of what is active; `work` returns false when there was nothing to change. Throws `workflow_not_found`, and
   * `workflow_archived` unless `work` is for archived ones too.
   */
  ofActive(
    id: string,
    caller: Caller,
    work: (manager: EntityManager, row: WorkflowRow) => Promise<boolean>,
    { archivedToo = false } = {},
  ): Promise<void> {
    return this.database.activeWorkflowsTransaction(caller.workspaceId, async (manager) => {
      const row = await this.lock(manager, id, caller);
      if (!archivedToo) assertNotArchived(row);
      if (await work(manager, row)) await raiseGeneration(manager, caller.workspaceId);
    });
  }

  /** A change of a draft, which no run notices. Throws `workflow_not_found` and `workflow_archived`. */
  ofDraft(id: string, caller: Caller, work: (manager: EntityManager, row: WorkflowRow) => Promise<void>): Promise<void> {
    return this.database.transaction(async (manager) => {
      const row = await this.lock(manager, id, caller);
      assertNotArchived(row);
      await work(manager, row);
    });
  }

  /** What is told from a draft: all that keeps it from being published, and what lists show of it. */
  examine(draft: JsonObject): DraftColumns {
    const parsed = parseDefinition(draft, this.catalog);
    const missing = secretProblems(draft, this.catalog.actions);
    const others = parsed.ok ? publishProblems(parsed.definition, this.catalog.executable) : parsed.problems;
    // One problem for each: a mask is no good signing secret either.
    const problems = new ProblemList();
    problems.addAll([...missing, ...others.filter(({ path }) => !missing.some((one) => one.path === path))]);
    // For lists, which anybody reads: without its secrets.
    const shown = maskTrigger(draft).trigger;
    const trigger = isJsonObject(shown) ? shown : null;
    return { draft, problems: problems.toArray().map(hinted), trigger, module: moduleOfTrigger(trigger) };
  }

  /** A definition as people may read it. */
  masked(definition: JsonObject): JsonObject {
    return maskSecrets(definition, this.catalog.actions);
  }

  /** Writes to the audit log, in the transaction of the change. */
  audit(manager: EntityManager, caller: Caller, targetId: string, { action, before, after, note = null }: WorkflowAudit): Promise<void> {
    const { workspaceId } = caller;
    const actor = callerAsActor(caller);
    return writeAudit(manager, [
      { workspaceId, actor, action: `workflow.${action}`, targetType: 'workflow', targetId, before, after, note },
    ]);
  }

  private async lock(manager: EntityManager, id: string, caller: Caller): Promise<WorkflowRow> {
    const row = isUuid(id) ? await lockWorkflow(manager, caller.workspaceId, id) : null;
    if (!row) throw workflowNotFound();
    return row;
  }
}

/** Throws `revision_conflict` when somebody has saved since; no revision is no wish. */
export function assertRevision(row: WorkflowRow, revision: number | undefined): void {
  if (revision === undefined || row.revision === revision) return;
  throw new AutomationError('revision_conflict', `Somebody has saved the workflow in between: it is at revision ${row.revision}.`, {
    hint: 'Load it again and repeat your edit on top.',
    details: { revision: row.revision },
  });
}

/** Another workspace's id is answered like one that does not exist. */
export function workflowNotFound(): AutomationError {
  return new AutomationError('workflow_not_found', 'There is no workflow of this id.');
}

function assertNotArchived(row: WorkflowRow): void {
  if (row.status !== 'archived') return;
  throw new AutomationError('workflow_archived', 'The workflow is archived.', { hint: 'Restore it first, or make a copy of it.' });
}
