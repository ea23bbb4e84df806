import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { maskSecrets } from '../core/definition/secrets.js';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import {
  type DefinitionKind,
  type DraftColumns,
  findDraft,
  lockWorkflow,
  raiseGeneration,
  type WorkflowRow,
} from '../store/workflow-store.js';
import { findVersion } from '../store/workflow-versions.js';

/** One entry of the audit log about a definition; `action` without the kind before it. */
export interface DefinitionAudit {
  action: string;
  before: JsonObject | null;
  after: JsonObject | null;
  note?: string | null;
}

/** What every change of a workflow or a machine goes through: the lock, the examination of its draft, and the audit log. */
@Injectable()
export abstract class DefinitionChanges {
  abstract readonly kind: DefinitionKind;

  constructor(
    protected readonly database: AdminDatabase,
    protected readonly catalog: AutomationCatalog,
  ) {}

  /** What is told from a draft: all that keeps it from being published, and what lists show of it. */
  abstract examine(draft: JsonObject): DraftColumns;

  /** Another workspace's id is answered like one that does not exist. */
  abstract notFound(): AutomationError;

  /**
   * A change of what is active; `work` returns false when there was nothing to change. Throws `workflow_archived` unless `work`
   * is for archived ones too, and where there is none of this id that it is not found.
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

  /** A change of a draft, which no run notices. Throws as {@link ofActive} does. */
  ofDraft(id: string, caller: Caller, work: (manager: EntityManager, row: WorkflowRow) => Promise<void>): Promise<void> {
    return this.database.transaction(async (manager) => {
      const row = await this.lock(manager, id, caller);
      assertNotArchived(row);
      await work(manager, row);
    });
  }

  /**
   * What a publication would be of, as it stands now: the draft, or an earlier version. Without a lock, for what is asked of the
   * host before one is taken. Null: there is nothing of this id or number.
   */
  async toPublish(id: string, fromVersion: number | undefined, { workspaceId }: Caller): Promise<JsonObject | null> {
    if (!isUuid(id)) return null;
    return this.database.read(async (manager) => {
      if (fromVersion === undefined) return (await findDraft(manager, workspaceId, this.kind, id))?.draft ?? null;
      return (await findVersion(manager, workspaceId, id, fromVersion))?.definition ?? null;
    });
  }

  /** The same of what has never been published, or was taken back. Null: there is nothing of this id, or it is published. */
  async toPublishFirst(id: string, { workspaceId }: Caller): Promise<JsonObject | null> {
    if (!isUuid(id)) return null;
    const found = await this.database.read((manager) => findDraft(manager, workspaceId, this.kind, id));
    return found === null || found.isPublished ? null : found.draft;
  }

  /** A definition as people may read it. */
  masked(definition: JsonObject): JsonObject {
    return maskSecrets(definition, this.catalog.actions);
  }

  /** Writes to the audit log, in the transaction of the change. */
  audit(manager: EntityManager, caller: Caller, targetId: string, { action, before, after, note = null }: DefinitionAudit): Promise<void> {
    const { workspaceId } = caller;
    const actor = callerAsActor(caller);
    return writeAudit(manager, [
      { workspaceId, actor, action: `${this.kind}.${action}`, targetType: this.kind, targetId, before, after, note },
    ]);
  }

  private async lock(manager: EntityManager, id: string, caller: Caller): Promise<WorkflowRow> {
    const row = isUuid(id) ? await lockWorkflow(manager, caller.workspaceId, this.kind, id) : null;
    if (!row) throw this.notFound();
    return row;
  }
}

/** Throws `revision_conflict` when somebody has saved since; no revision is no wish. */
export function assertRevision(row: WorkflowRow, revision: number | undefined): void {
  if (revision === undefined || row.revision === revision) return;
  throw new AutomationError('revision_conflict', `Somebody has saved in between: the draft is at revision ${row.revision}.`, {
    hint: 'Load it again and repeat your edit on top.',
    details: { revision: row.revision },
  });
}

function assertNotArchived(row: WorkflowRow): void {
  if (row.status !== 'archived') return;
  throw new AutomationError('workflow_archived', 'The workflow is archived.', { hint: 'Restore it first, or make a copy of it.' });
}
