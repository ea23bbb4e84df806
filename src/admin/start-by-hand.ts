import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { AutomationError } from '../core/errors.js';
import type { StartRule } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { writeAudit } from '../store/audit-store.js';
import { findStartable } from '../store/workflow-store.js';

/** What people say of every start, on one record or many. */
export interface StartByHand {
  /** What steps see as `trigger.input`. */
  input?: object;
  /** Deduplication: of several starts with one key the first counts. */
  key?: string;
  /** Rules of the workflow that are not to hold. Default none. */
  force?: StartRule[];
  /** Why, in the person's own words. */
  reason?: string | null;
}

/** Throws `workflow_not_found`. A code would find a workflow too; the API names them by their ids, and says the same of one that is somebody else's. */
export async function assertWorkflow(manager: EntityManager, workspaceId: string, workflowId: string): Promise<void> {
  const found = isUuid(workflowId) ? await findStartable(manager, workspaceId, workflowId) : null;
  if (found === null) throw new AutomationError('workflow_not_found', 'There is no workflow of this id.');
}

/** Notes who has started a workflow, and why. */
export async function auditStart(
  manager: EntityManager,
  workflowId: string,
  { key, force = [], reason = null }: StartByHand,
  started: JsonObject,
  caller: Caller,
): Promise<void> {
  await writeAudit(manager, [
    {
      workspaceId: caller.workspaceId,
      actor: callerAsActor(caller),
      action: 'workflow.started',
      targetType: 'workflow',
      targetId: workflowId,
      before: null,
      after: { ...started, ...(key !== undefined && { key }), ...(force.length > 0 && { force: [...force] }) },
      note: reason,
    },
  ]);
}
