import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { type ReadWorkflowFile, WORKFLOW_FORMAT_VERSION, withCodes } from '../core/definition/workflow-file.js';
import { AutomationError } from '../core/errors.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { MACHINE_FORMAT, type MachineFile } from '../core/machine/machine-file.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { findMachine, type MachineRow } from '../store/machines/machine-list.js';
import { listCodes } from '../store/workflow-store.js';
import { findVersion } from '../store/workflow-versions.js';
import { MachineChanges } from './machine-changes.js';
import { type CheckedMachine, MachineService } from './machine-service.js';
import { versionNotFound } from './publishing.js';
import { type CopyCommand, copyName, namedIds } from './workflow-transfer.js';

/** Takes state machines elsewhere: as copies in the workspace, and as files to others. Their instances stay. */
@Injectable()
export class MachineTransfer {
  constructor(
    private readonly database: AdminDatabase,
    private readonly changes: MachineChanges,
    private readonly machines: MachineService,
  ) {}

  /** A new draft from the draft of a machine, its secrets included. Throws `machine_not_found` and `code_taken`. */
  async copy(id: string, command: CopyCommand, caller: Caller): Promise<CheckedMachine> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const { name, description, definition } = await this.find(id, caller);
    const copied = { name: command.name ?? copyName(name), description, definition };
    return this.machines.create({ ...copied, ...(command.code !== undefined && { code: command.code }) }, caller, { copiedFrom: id });
  }

  /** The draft, or a version, as a file. Throws `machine_not_found` and `version_not_found`. */
  async export(id: string, version: number | undefined, caller: Caller): Promise<MachineFile> {
    const { workspaceId } = caller;
    const { code, name, description, definition: draft } = await this.find(id, caller);
    return this.database.read(async (manager) => {
      const found = version === undefined ? null : await findVersion(manager, workspaceId, id, version);
      if (version !== undefined && !found) throw versionNotFound(version, 'machine');
      const definition = this.changes.masked(found?.definition ?? draft);
      const codes = await listCodes(manager, workspaceId, namedIds(JSON.stringify(definition)));
      const head = { format: MACHINE_FORMAT, formatVersion: WORKFLOW_FORMAT_VERSION } as const;
      return { ...head, code, name, description, definition: withCodes(definition, codes) };
    });
  }

  /** A new draft from a file, its problems listed. Where its code is taken it gets another one. */
  async import({ code, ...file }: ReadWorkflowFile, caller: Caller): Promise<CheckedMachine> {
    const origin = { imported: true };
    try {
      return await this.machines.create({ ...file, ...(code !== null && { code }) }, caller, origin);
    } catch (error) {
      if (code === null || !(error instanceof AutomationError && error.code === 'code_taken')) throw error;
      return this.machines.create(file, caller, origin);
    }
  }

  private async find(id: string, caller: Caller): Promise<MachineRow> {
    const machine = isUuid(id) ? await this.database.read((manager) => findMachine(manager, caller.workspaceId, id)) : null;
    if (!machine) throw this.changes.notFound();
    return machine;
  }
}
