import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import type { DefinitionWarning } from '../core/definition/warnings.js';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { mermaidOf } from '../core/machine/diagram.js';
import { svgOf } from '../core/machine/diagram-svg.js';
import { parseMachine } from '../core/machine/parser.js';
import type { MachineDefinition } from '../core/machine/types.js';
import type { MissedTimeouts } from '../engine/machines/state-timeouts.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { type BoundedCount, NONE } from '../store/bounded-count.js';
import { countByState, type StateCount } from '../store/machines/census.js';
import { countMissedTimeouts } from '../store/machines/instance-list.js';
import { findMachine, listMachines, type MachineListQuery, type MachinePage, type MachineRow } from '../store/machines/machine-list.js';
import { findVersion } from '../store/workflow-versions.js';
import { CrmInquiries, type CrmInquiry } from './crm-inquiry.js';
import { DefinitionDrafts, type DraftPatch, type NewDraft } from './definition-drafts.js';
import { MachineChanges } from './machine-changes.js';
import { MachineLifecycle } from './machine-lifecycle.js';
import { MachineRemoval } from './machine-removal.js';
import { MachineWarnings } from './machine-warnings.js';
import { type PublishCommand, versionNotFound } from './publishing.js';
import { SecretUses } from './secret-uses.js';

/** A new machine. Without a name it is called as its code; it has one of both. */
export type NewMachine = Omit<NewDraft, 'name'> & { name?: string };

/** A machine with what is to be said of its draft beside its problems, and where its instances are. */
export interface CheckedMachine extends MachineRow {
  warnings: DefinitionWarning[];
  states: Omit<StateCount, 'versionId'>[];
  /** Timeouts that came due while it was disabled; none while it is not. */
  missedTimeouts: BoundedCount;
}

/** A machine as pictures. */
export interface MachineDiagram {
  /** As a state diagram of Mermaid. */
  mermaid: string;
  svg: string;
}

/**
 * The admin's side of state machines. Everything is bound to the caller's workspace: another workspace's id, and that of a
 * workflow, is `machine_not_found`.
 */
@Injectable()
export class MachineService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly changes: MachineChanges,
    private readonly drafts: DefinitionDrafts,
    private readonly lifecycle: MachineLifecycle,
    private readonly removal: MachineRemoval,
    private readonly secrets: SecretUses,
    private readonly warnings: MachineWarnings,
    private readonly inquiries: CrmInquiries,
  ) {}

  /** See {@link DefinitionDrafts.create}. */
  async create(input: NewMachine, caller: Caller, origin: JsonObject = {}): Promise<CheckedMachine> {
    const id = await this.drafts.create(this.changes, { ...input, name: input.name ?? input.code ?? '' }, caller, origin);
    return this.get(id, caller);
  }

  /** Throws `machine_not_found`. */
  get(id: string, caller: Caller): Promise<CheckedMachine> {
    return this.checked(id, caller, this.inquiries.open(caller.workspaceId));
  }

  /** One page, and how many there are in all: exactly up to 10,000. */
  list(query: MachineListQuery, caller: Caller): Promise<MachinePage> {
    return this.database.read((manager) => listMachines(manager, caller.workspaceId, query));
  }

  /** See {@link DefinitionDrafts.update}. Throws `machine_not_found`, too. */
  async update(id: string, patch: DraftPatch, caller: Caller): Promise<CheckedMachine> {
    await this.drafts.update(this.changes, id, patch, caller);
    return this.get(id, caller);
  }

  /** See {@link MachineRemoval.delete}. */
  delete(id: string, caller: Caller): Promise<void> {
    return this.removal.delete(id, caller);
  }

  /** See {@link MachineLifecycle.publish}. */
  async publish(id: string, caller: Caller, command: PublishCommand = {}): Promise<CheckedMachine> {
    const inquiry = this.inquiries.open(caller.workspaceId);
    await this.lifecycle.publish(id, command, caller, inquiry);
    return this.checked(id, caller, inquiry);
  }

  /** See {@link MachineLifecycle.enable}. */
  async enable(id: string, caller: Caller, missed?: MissedTimeouts): Promise<CheckedMachine> {
    await this.lifecycle.enable(id, caller, missed);
    return this.get(id, caller);
  }

  /** See {@link MachineLifecycle.disable}. */
  async disable(id: string, caller: Caller, reason: string | null = null): Promise<CheckedMachine> {
    await this.lifecycle.disable(id, reason, caller);
    return this.get(id, caller);
  }

  /** Pictures of the draft, or of a version. Throws `definition_invalid` for what is no machine yet, and `version_not_found`. */
  async diagram(id: string, version: number | undefined, caller: Caller): Promise<MachineDiagram> {
    const { name, definition } = await this.database.read(async (manager) => {
      const machine = await this.find(manager, id, caller);
      const found = version === undefined ? null : await findVersion(manager, caller.workspaceId, id, version);
      if (version !== undefined && !found) throw versionNotFound(version, 'machine');
      return { name: machine.name, definition: found?.definition ?? machine.definition };
    });
    const machine = machineOf(definition);
    return { mermaid: mermaidOf(machine), svg: svgOf(machine, name) };
  }

  private async checked(id: string, caller: Caller, inquiry: CrmInquiry): Promise<CheckedMachine> {
    const { workspaceId } = caller;
    const { machine, states, missedTimeouts } = await this.database.read(async (manager) => {
      const machine = await this.find(manager, id, caller);
      const states = await countByState(manager, workspaceId, id);
      return { machine, states, missedTimeouts: machine.enabled ? NONE : await countMissedTimeouts(manager, workspaceId, id) };
    });
    const { published } = machine;
    return {
      ...machine,
      problems: [...machine.problems, ...(await this.secrets.problems(machine.definition, workspaceId))],
      warnings: await this.warnings.of(machine.definition, inquiry),
      states: states.map(({ versionId: _, ...count }) => count),
      missedTimeouts,
      definition: this.changes.masked(machine.definition),
      published: published && { ...published, definition: this.changes.masked(published.definition) },
    };
  }

  private async find(manager: EntityManager, id: string, { workspaceId }: Caller): Promise<MachineRow> {
    const machine = isUuid(id) ? await findMachine(manager, workspaceId, id) : null;
    if (!machine) throw this.changes.notFound();
    return machine;
  }
}

function machineOf(definition: JsonObject): MachineDefinition {
  const parsed = parseMachine(definition, null);
  if (parsed.ok) return parsed.machine;
  throw new AutomationError('definition_invalid', 'The draft has problems: there is no picture of it yet.', { problems: parsed.problems });
}
