import type { EntityManager } from 'typeorm';
import type { ActiveWorkflow } from '../../store/active-workflows.js';
import { versionsWithInstances } from '../../store/machines/counts.js';
import type { MachineVersionOutcome, MachineVersions } from './machine-versions.js';

/** An enabled machine, with what its versions that still count make of events. */
export interface MachineInUse {
  id: string;
  code: string;
  /** The version that new instances are on. */
  versionId: string;
  published: MachineVersionOutcome | null;
  /** What is to be known of a record before any of its transitions is asked. */
  conditionRelations: readonly string[];
  conditionComputed: readonly string[];
  conditionMachines: readonly string[];
  /** Does any of its transitions, or its start, have conditions? Only then is a record of any use. */
  hasConditions: boolean;
}

/** The enabled machines of a workspace. */
export interface MachinesOfWorkspace {
  byId: ReadonlyMap<string, MachineInUse>;
  /** `leads.updated` -> the machines that hear of it, see `keysOf`. */
  byKey: ReadonlyMap<string, readonly MachineInUse[]>;
}

/** Of a workspace without any. */
export const NO_MACHINES: MachinesOfWorkspace = { byId: new Map(), byKey: new Map() };

/** Returns the enabled machines of a workspace: of each the published version, and those that instances were left on. */
export async function loadMachinesInUse(
  manager: EntityManager,
  versions: MachineVersions,
  workspaceId: string,
  enabled: readonly ActiveWorkflow[],
): Promise<MachinesOfWorkspace> {
  if (enabled.length === 0) return NO_MACHINES;
  const published = enabled.map(({ id: machineId, versionId }) => ({ machineId, versionId }));
  const left = await versionsWithInstances(
    manager,
    workspaceId,
    enabled.map(({ id }) => id),
  );
  const refs = [...published, ...left].map((ref) => ({ workspaceId, ...ref }));
  const outcomes = await versions.load(manager, refs);
  const byId = new Map<string, MachineInUse>();
  const byKey = new Map<string, MachineInUse[]>();
  for (const { id, code, name, versionId } of enabled) {
    const readable = refs.flatMap((ref) => {
      const outcome = ref.machineId === id ? outcomes.get(ref.versionId) : undefined;
      return outcome?.kind === 'compiled' ? [outcome.machine] : [];
    });
    // Versions never change, but the machine may have been renamed since.
    for (const version of readable) version.machine = { id, code, name };
    const machine: MachineInUse = {
      id,
      code,
      versionId,
      published: outcomes.get(versionId) ?? null,
      conditionRelations: [...new Set(readable.flatMap(({ conditionRelations }) => conditionRelations))],
      conditionComputed: [...new Set(readable.flatMap(({ conditionComputed }) => conditionComputed))],
      hasConditions: readable.some(({ conditionPaths }) => conditionPaths.length > 0),
      conditionMachines: [...new Set(readable.flatMap(({ conditionMachines }) => conditionMachines))],
    };
    byId.set(id, machine);
    for (const key of new Set(readable.flatMap(({ keys }) => [...keys]))) byKey.set(key, [...(byKey.get(key) ?? []), machine]);
  }
  return { byId, byKey };
}
