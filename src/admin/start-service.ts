import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import type { RecordRef } from '../core/event.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { MANUAL, Starts } from '../engine/capture/starts.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import { findKeyedEvent } from '../store/event-store.js';
import { assertWorkflow, auditStart, type StartByHand } from './start-by-hand.js';

/** A start that a person asks for. */
export interface StartCommand extends StartByHand {
  /** The record that the run is about. */
  record?: RecordRef;
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
    const { input, record, key, force } = command;
    const actor = callerAsActor(caller);
    return this.database.transaction(async (manager) => {
      await assertWorkflow(manager, workspaceId, workflowId);
      if (record !== undefined) await this.assertRecord(manager, record, workspaceId);
      const eventId = await this.starts.start({ workspaceId, workflow: workflowId, input, record, key, actor, force }, manager);
      if (eventId === null) return { eventId: await earlierStart(manager, workspaceId, key ?? ''), isNew: false };
      const started = { eventId, ...(record !== undefined && { record: { ...record } }) };
      await auditStart(manager, workflowId, command, started, caller);
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
