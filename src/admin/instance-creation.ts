import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { AutomationError } from '../core/errors.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { CREATE } from '../core/machine/choose.js';
import { MANUAL } from '../engine/capture/starts.js';
import { ENGINE_SIGNAL, type EngineSignal } from '../engine/engine-signal.js';
import { MachineVersions } from '../engine/machines/machine-versions.js';
import { Router } from '../engine/routing/router.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { loadTargets, shareActiveWorkflows } from '../store/active-workflows.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import { insertStarts, type StartRow } from '../store/event-store.js';
import { recordsWithInstances } from '../store/machines/instance-list.js';
import { startRow } from '../store/start-row.js';

/** The most records that one call takes into a machine. */
export const MOST_CREATED = 500;
const SAMPLE = 10;

/** Records that are to begin in a machine. */
export interface CreateInstancesCommand {
  /** Absent: all of the machine's module, in the order of their ids. */
  recordIds?: string[];
  /** Only say what would be done. */
  dryRun?: boolean;
  limit?: number;
  /** The `nextCursor` of an earlier call, to go on behind it. */
  cursor?: string;
  /** Why, in the person's own words. */
  reason?: string | null;
}

/** What a call did, or would do. */
export interface CreatedInstances {
  dryRun: boolean;
  /** How many records this call has looked at. */
  seen: number;
  /** How many of them begin. */
  created: number;
  /** How many have an instance already. */
  existing: number;
  /** Ids of which the CRM has no record. */
  missing: string[];
  /** Some of the records that begin. */
  sample: string[];
  /** The last record of this call, for the next one; null: there are no more. */
  nextCursor: string | null;
}

/** The machine, as far as taking records into it needs. */
interface OpenMachine {
  id: string;
  module: string;
}

/** Takes records that are there already into machines, {@link MOST_CREATED} a call: each begins in the initial state, and no transition is asked. */
@Injectable()
export class InstanceCreation {
  constructor(
    private readonly database: AdminDatabase,
    private readonly versions: MachineVersions,
    private readonly router: Router,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SIGNAL) private readonly signal: EngineSignal,
  ) {}

  /**
   * Makes an instance of each record that has none. Throws `machine_not_found`, `workflow_not_active`, `module_unknown` for a
   * machine that follows no records, `not_available` where the CRM cannot list its records and none are named, `crm_unable` where it
   * lists them from the start each time, `version_unreadable`.
   */
  async create(machineId: string, command: CreateInstancesCommand, caller: Caller): Promise<CreatedInstances> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const { dryRun = false, reason = null } = command;
    const { workspaceId } = caller;
    const { tell, ...result } = await this.database.transaction(async (manager) => {
      await this.database.enter(manager, workspaceId);
      await shareActiveWorkflows(manager, [workspaceId]);
      const machine = await this.machine(manager, machineId, caller);
      const { ids, nextCursor } = await this.ids(manager, machine, command, caller);
      const known = await this.crm.findRecords({ manager, workspaceId }, machine.module, ids, { lock: false, relations: [] });
      const missing = ids.filter((id) => !known.has(id));
      const there = ids.filter((id) => known.has(id));
      const existing = await recordsWithInstances(manager, {
        workspaceId,
        machineId: machine.id,
        module: machine.module,
        recordIds: there,
      });
      const begin = there.filter((id) => !existing.has(id));
      const told = {
        seen: ids.length,
        created: begin.length,
        existing: existing.size,
        missing,
        sample: begin.slice(0, SAMPLE),
        nextCursor,
      };
      if (dryRun || begin.length === 0) return { dryRun, ...told, tell: () => undefined };
      const rows = begin.map((recordId) => startOf(machine, recordId, caller));
      await insertStarts(manager, rows);
      const tell = await this.router.routeWithin(manager, rows);
      await writeAudit(manager, [
        {
          workspaceId,
          actor: callerAsActor(caller),
          action: 'machine.instances_created',
          targetType: 'machine',
          targetId: machine.id,
          before: null,
          after: { module: machine.module, records: begin.length },
          note: reason,
        },
      ]);
      return { dryRun, ...told, tell };
    });
    tell();
    this.signal.workAvailable();
    return result;
  }

  private async machine(manager: EntityManager, workflowId: string, { workspaceId }: Caller): Promise<OpenMachine> {
    const [found] = isUuid(workflowId) ? await loadTargets(manager, [{ workspaceId, workflowId }]) : [];
    if (found?.kind !== 'machine') throw new AutomationError('machine_not_found', 'There is no state machine of this id.');
    if (found.status !== 'active' || found.versionId === null) {
      throw new AutomationError('workflow_not_active', 'The state machine is disabled: no instance of it is made.', {
        hint: 'Enable it first.',
      });
    }
    const { definition } = await this.versions.readable(manager, { workspaceId, versionId: found.versionId });
    if ('module' in definition.for) return { id: found.workflowId, module: definition.for.module };
    throw new AutomationError('module_unknown', 'The state machine follows runs of an integration, not records.');
  }

  private async ids(
    manager: EntityManager,
    { module }: OpenMachine,
    { recordIds, limit = MOST_CREATED, cursor }: CreateInstancesCommand,
    { workspaceId }: Caller,
  ): Promise<{ ids: string[]; nextCursor: string | null }> {
    if (recordIds !== undefined) return { ids: [...new Set(recordIds)], nextCursor: null };
    if (!this.crm.listIds) {
      throw new AutomationError('not_available', 'The records of this CRM cannot be listed.', { hint: 'Name them: `recordIds`.' });
    }
    // Behind a record, and not behind a number of them: however many there are, a call costs the same, and what is deleted meanwhile
    // moves nothing.
    const query = { anyOf: {}, sort: [], ...(cursor !== undefined && { after: cursor }), offset: 0, limit: limit + 1 };
    const listed = await this.crm.listIds({ manager, workspaceId }, module, query);
    // Whoever goes on with `nextCursor` would begin from the start for ever.
    if (cursor !== undefined && listed.includes(cursor)) throw noProgress(module, cursor);
    const ids = listed.slice(0, limit);
    return { ids, nextCursor: listed.length > limit ? (ids.at(-1) ?? null) : null };
  }
}

function noProgress(module: string, cursor: string): AutomationError {
  return new AutomationError('crm_unable', `The CRM was asked for the ${module} behind "${cursor}", and gave that one again.`, {
    hint: "For the application's developers: `listIds` has to answer with the records behind `after`, by their ids.",
    details: { method: 'listIds', after: cursor },
  });
}

function startOf({ id: workflowId, module }: OpenMachine, recordId: string, caller: Caller): StartRow {
  return startRow({
    workspaceId: caller.workspaceId,
    module,
    event: MANUAL,
    recordId,
    actor: callerAsActor(caller),
    source: MANUAL,
    trigger: { type: CREATE },
    target: { workflowId },
  });
}
