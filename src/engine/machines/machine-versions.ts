import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import { type CompiledMachine, compileMachine } from '../../core/machine/compiled-machine.js';
import { machinesIn } from '../../core/machine/machines-read.js';
import { parseMachine } from '../../core/machine/parser.js';
import { loadMachineVersions, type MachineVersionRow } from '../../store/machines/versions.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { type LoggedFailure, toLoggedFailure } from '../failures.js';
import { LastUsed } from '../last-used.js';
import { computedIn, relationsIn } from '../workflows/compiled-version.js';

/** A version of a machine that this process can read. */
export interface MachineVersion extends CompiledMachine {
  workspaceId: string;
  versionId: string;
  version: number;
  machine: { id: string; code: string; name: string };
  /** By the code of each transition that has steps, the version that its runs belong to. */
  stepsOf: Readonly<Record<string, string>>;
  /** Relations and computed fields of the record that its conditions read. */
  conditionRelations: readonly string[];
  conditionComputed: readonly string[];
  /** Codes of state machines in which its conditions ask where the record stands. */
  conditionMachines: readonly string[];
}

/** A version of a machine, or why this process cannot read it. */
export type MachineVersionOutcome =
  | { kind: 'compiled'; machine: MachineVersion }
  | { kind: 'unreadable'; row: MachineVersionRow; failure: LoggedFailure };

/** The most versions that are kept compiled. */
const KEPT = 10_000;

/** Versions of machines, compiled and kept: they never change. */
@Injectable()
export class MachineVersions {
  private readonly logger = new Logger('AutomationMachines');
  private readonly versions = new LastUsed<MachineVersionOutcome>(KEPT);

  constructor(private readonly catalog: AutomationCatalog) {}

  /** Returns versions by id; ids that do not exist are missing. */
  async load(
    manager: EntityManager,
    refs: readonly { workspaceId: string; versionId: string }[],
  ): Promise<Map<string, MachineVersionOutcome>> {
    const found = new Map<string, MachineVersionOutcome>();
    const unknown = new Map<string, { workspaceId: string; versionId: string }>();
    for (const ref of refs) {
      const version = this.versions.get(ref.versionId);
      if (version) found.set(ref.versionId, version);
      else unknown.set(ref.versionId, ref);
    }
    for (const row of unknown.size === 0 ? [] : await loadMachineVersions(manager, [...unknown.values()])) {
      const version = this.compile(row);
      this.versions.set(row.versionId, version);
      found.set(row.versionId, version);
    }
    return found;
  }

  /** Returns a version that must be readable. Throws `version_unreadable`: whoever can read it goes on. */
  async readable(manager: EntityManager, ref: { workspaceId: string; versionId: string }): Promise<MachineVersion> {
    const outcome = (await this.load(manager, [ref])).get(ref.versionId);
    if (outcome?.kind === 'compiled') return outcome.machine;
    throw new AutomationError('version_unreadable', `This process cannot read version ${ref.versionId} of a machine.`, {
      hint: outcome?.failure.error.hint ?? 'A process of a newer release goes on with it.',
    });
  }

  private compile(row: MachineVersionRow): MachineVersionOutcome {
    try {
      const parsed = parseMachine(row.definition, null);
      if (!parsed.ok) {
        throw new AutomationError('version_unreadable', `Version ${row.version} of the machine '${row.name}' cannot be read.`, {
          hint: 'Open the machine and mend the problems.',
          problems: parsed.problems,
        });
      }
      const { workspaceId, versionId, version, workflowId: id, code, name, transitions: stepsOf } = row;
      const module = 'module' in parsed.machine.for ? (this.catalog.modules.get(parsed.machine.for.module) ?? null) : null;
      const compiled = compileMachine(parsed.machine, module);
      const machine: MachineVersion = {
        ...compiled,
        workspaceId,
        versionId,
        version,
        machine: { id, code, name },
        stepsOf,
        conditionRelations: relationsIn(compiled.conditionPaths, module),
        conditionComputed: computedIn(compiled.conditionPaths, module),
        conditionMachines: machinesIn(compiled.conditionPaths),
      };
      return { kind: 'compiled', machine };
    } catch (error) {
      const failure = toLoggedFailure(error);
      this.logger.error(`Machine '${row.name}' (${row.workflowId}), version ${row.version}, cannot be read: ${failure.error.message}`);
      return { kind: 'unreadable', row, failure };
    }
  }
}
