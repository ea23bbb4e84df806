import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import {
  LONGEST_NAME,
  type ReadWorkflowFile,
  WORKFLOW_FORMAT,
  WORKFLOW_FORMAT_VERSION,
  type WorkflowFile,
  withCodes,
} from '../core/definition/workflow-file.js';
import { AutomationError } from '../core/errors.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { findWorkflow, type WorkflowDetail } from '../store/workflow-list-store.js';
import { listCodes } from '../store/workflow-store.js';
import { findVersion } from '../store/workflow-versions.js';
import { versionNotFound } from './publishing.js';
import { WorkflowChanges, workflowNotFound } from './workflow-changes.js';
import { type CheckedWorkflow, WorkflowService } from './workflow-service.js';

/** What a copy is called; by default after the original. */
export interface CopyCommand {
  code?: string;
  name?: string;
}

/** Takes workflows elsewhere: as copies in the workspace, and as files to others. */
@Injectable()
export class WorkflowTransfer {
  constructor(
    private readonly database: AdminDatabase,
    private readonly changes: WorkflowChanges,
    private readonly workflows: WorkflowService,
  ) {}

  /**
   * A new draft from the draft of a workflow, its secrets included: they stay in the workspace, and go where they went.
   * Throws `workflow_not_found`, `code_taken`, and `payload_too_large` when draft and name together are larger than a request.
   */
  async copy(id: string, command: CopyCommand, caller: Caller): Promise<CheckedWorkflow> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const { name, description, definition } = await this.find(id, caller);
    const copied = { name: command.name ?? copyName(name), description, definition };
    return this.workflows.create({ ...copied, ...(command.code !== undefined && { code: command.code }) }, caller, { copiedFrom: id });
  }

  /** The draft, or a version, as a file. Throws `workflow_not_found` and `version_not_found`. */
  async export(id: string, version: number | undefined, caller: Caller): Promise<WorkflowFile> {
    const { workspaceId } = caller;
    const { code, name, description, definition: draft } = await this.find(id, caller);
    return this.database.read(async (manager) => {
      const found = version === undefined ? null : await findVersion(manager, workspaceId, id, version);
      if (version !== undefined && !found) throw versionNotFound(version);
      const definition = this.changes.masked(found?.definition ?? draft);
      const codes = await listCodes(manager, workspaceId, namedIds(JSON.stringify(definition)));
      return {
        format: WORKFLOW_FORMAT,
        formatVersion: WORKFLOW_FORMAT_VERSION,
        code,
        name,
        description,
        definition: withCodes(definition, codes),
      };
    });
  }

  /** A new draft from a file, its problems listed: secrets are among them. Where its code is taken it gets another one. */
  async import({ code, ...file }: ReadWorkflowFile, caller: Caller): Promise<CheckedWorkflow> {
    const origin = { imported: true };
    try {
      return await this.workflows.create({ ...file, ...(code !== null && { code }) }, caller, origin);
    } catch (error) {
      if (code === null || !(error instanceof AutomationError && error.code === 'code_taken')) throw error;
      return this.workflows.create(file, caller, origin);
    }
  }

  private async find(id: string, caller: Caller): Promise<WorkflowDetail> {
    const workflow = isUuid(id) ? await this.database.read((manager) => findWorkflow(manager, caller.workspaceId, id)) : null;
    if (!workflow) throw workflowNotFound();
    return workflow;
  }
}

/** Whole characters: half of one is no text. */
export function copyName(name: string): string {
  return [...`Copy of ${name}`].slice(0, LONGEST_NAME).join('');
}

/** All that looks like an id. */
export function namedIds(text: string): string[] {
  return [...new Set(text.toLowerCase().match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [])];
}
