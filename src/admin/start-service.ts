import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { AutomationError } from '../core/errors.js';
import type { RecordRef, StartRule } from '../core/event.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { MANUAL, Starts } from '../engine/capture/starts.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import { findKeyedEvent } from '../store/event-store.js';
import { findStartable } from '../store/workflow-store.js';

/** A start that a person asks for. */
export interface StartCommand {
  /** What steps see as `trigger.input`. */
  input?: object;
  /** The record that the run is about. */
  record?: RecordRef;
  /** Deduplication: of several starts with one key in a workspace the first counts. */
  key?: string;
  /** Rules of the workflow that are not to hold. Default none. */
  force?: StartRule[];
  /** Why, in the person's own words. */
  reason?: string | null;
}

/** A start that is captured. */
export interface StartResult {
  /** Its id, under which `GET events/:id` tells what came of it. */
  eventId: string;
  /** False: the key is that of an earlier start, which this is the id of. */
  isNew: boolean;
}

/** Lets people start workflows, in their own name. */
@Injectable()
export class StartService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly starts: Starts,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /**
   * Starts one workflow, whatever its trigger listens to. Throws `workflow_not_found`, `workflow_not_published`,
   * `record_not_found`, `start_invalid`, `payload_too_large`.
   */
  start(workflowId: string, command: StartCommand, caller: Caller): Promise<StartResult> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const { workspaceId } = caller;
    const { input, record, key, force = [], reason = null } = command;
    const actor = callerAsActor(caller);
    return this.database.transaction(async (manager) => {
      // A code would find one too; the API names workflows by their ids, and says the same of one that is somebody else's.
      const found = isUuid(workflowId) ? await findStartable(manager, workspaceId, workflowId) : null;
      if (found === null) throw new AutomationError('workflow_not_found', 'There is no workflow of this id.');
      if (record !== undefined) await this.assertRecord(manager, record, workspaceId);
      const eventId = await this.starts.start({ workspaceId, workflow: workflowId, input, record, key, actor, force }, manager);
      if (eventId === null) return { eventId: await earlierStart(manager, workspaceId, key ?? ''), isNew: false };
      await writeAudit(manager, [
        {
          workspaceId,
          actor,
          action: 'workflow.started',
          targetType: 'workflow',
          targetId: workflowId,
          before: null,
          after: {
            eventId,
            ...(record === undefined ? {} : { record: { ...record } }),
            ...(key === undefined ? {} : { key }),
            ...(force.length > 0 && { force: [...force] }),
          },
          note: reason,
        },
      ]);
      return { eventId, isNew: true };
    });
  }

  /** A module that nobody knows is refused with the start itself. */
  private async assertRecord(manager: EntityManager, { module, id }: RecordRef, workspaceId: string): Promise<void> {
    if (!this.catalog.modules.has(module)) return;
    await this.database.enter(manager, workspaceId);
    const found = await this.crm.findRecords({ manager, workspaceId }, module, [id], { lock: false, relations: [] });
    if (!found.has(id)) throw new AutomationError('record_not_found', `There is no record '${id}' in ${module}.`);
  }
}

async function earlierStart(manager: EntityManager, workspaceId: string, key: string): Promise<string> {
  const id = await findKeyedEvent(manager, workspaceId, MANUAL, key);
  if (id !== null) return id;
  throw new AutomationError('busy', 'The earlier start of this key has been removed just now.', { hint: 'Try again.' });
}
