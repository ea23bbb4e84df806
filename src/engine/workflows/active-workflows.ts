import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ActionRegistry } from '../../actions/registry.js';
import type { StartTarget } from '../../core/event.js';
import { isJsonObject } from '../../core/json.js';
import { MACHINE_ENTERED } from '../../core/trigger/machine-entered.js';
import { loadActive, loadTargets, loadVersions, shareActiveWorkflows, type VersionRow } from '../../store/active-workflows.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { type LoggedFailure, toLoggedFailure } from '../failures.js';
import { LastUsed } from '../last-used.js';
import { MachineVersions } from '../machines/machine-versions.js';
import { loadMachinesInUse, type MachinesOfWorkspace, NO_MACHINES } from '../machines/machines-in-use.js';
import { type CompiledVersion, compileVersion, type DatedVersion, isDated } from './compiled-version.js';

/** A version, or why this process cannot run it; its events start runs all the same, which fail with the reason. */
export type VersionOutcome =
  | { kind: 'compiled'; version: CompiledVersion }
  | { kind: 'unreadable'; row: VersionRow; failure: LoggedFailure };

/** What a start names: a machine; or a workflow, whether it is active, and the version to run; null when it has none. */
export type Target = { kind: 'machine' } | ({ kind: 'workflow' } & TargetedWorkflow);

interface TargetedWorkflow {
  status: 'active' | 'paused';
  version: VersionOutcome | null;
}

interface ActiveOfWorkspace {
  generation: string;
  /** Ids, in the order in which the workflows were created. */
  ids: readonly string[];
  /** `leads.created` -> the workflows that listen to it. */
  listeners: Map<string, VersionOutcome[]>;
  /** `invoices` -> the versions that start by a date of its records. */
  dated: Map<string, DatedVersion[]>;
  machines: MachinesOfWorkspace;
  /** Does all that is active begin where a process needs room for what follows? */
  needsRoom: boolean;
}

/** The most workspaces and versions that are kept compiled; those not used for longest go first. */
const KEPT_WORKSPACES = 2_000;
const KEPT_VERSIONS = 20_000;

/**
 * What is active, compiled, in memory; truth stays in the database. Whoever asks brings the generation that it read in its
 * own transaction: when it is another than ours, the list is read again in that same transaction.
 */
@Injectable()
export class ActiveWorkflows {
  private readonly logger = new Logger('AutomationWorkflows');
  private readonly workspaces = new LastUsed<ActiveOfWorkspace>(KEPT_WORKSPACES);
  private readonly versions = new LastUsed<VersionOutcome>(KEPT_VERSIONS);

  constructor(
    private readonly catalog: AutomationCatalog,
    private readonly actions: ActionRegistry,
    private readonly machineVersions: MachineVersions,
  ) {}

  /** The workflows listening to an event of this module, as of the generation; null: the workspace never published any. */
  async listeners(
    manager: EntityManager,
    workspaceId: string,
    generation: string | null,
  ): Promise<(module: string | null, event: string) => readonly VersionOutcome[]> {
    if (generation === null) return () => [];
    const { listeners } = await this.ofWorkspace(manager, workspaceId, generation);
    return (module, event) => listeners.get(`${module}.${event}`) ?? [];
  }

  /** The versions that start by a date of the module's records, as of the generation. */
  async dated(manager: EntityManager, workspaceId: string, generation: string | null, module: string): Promise<readonly DatedVersion[]> {
    if (generation === null) return [];
    return (await this.ofWorkspace(manager, workspaceId, generation)).dated.get(module) ?? [];
  }

  /** The enabled machines, as of the generation. */
  async machines(manager: EntityManager, workspaceId: string, generation: string | null): Promise<MachinesOfWorkspace> {
    if (generation === null) return NO_MACHINES;
    return (await this.ofWorkspace(manager, workspaceId, generation)).machines;
  }

  /** Whether every run that an event of the workspace may start needs room where it begins, and no machine hears of it: as of the generation. */
  async needsRoom(manager: EntityManager, workspaceId: string, generation: string | null): Promise<boolean> {
    return generation !== null && (await this.ofWorkspace(manager, workspaceId, generation)).needsRoom;
  }

  /** How many of the active workflows, as of the generation, were created before each of them. */
  async order(manager: EntityManager, workspaceId: string, generation: string | null): Promise<ReadonlyMap<string, number>> {
    if (generation === null) return new Map();
    const { ids } = await this.ofWorkspace(manager, workspaceId, generation);
    return new Map(ids.map((id, before) => [id, before]));
  }

  private async ofWorkspace(manager: EntityManager, workspaceId: string, generation: string): Promise<ActiveOfWorkspace> {
    const known = this.workspaces.get(workspaceId);
    if (known?.generation === generation) return known;
    const loaded = { generation, ...(await this.load(manager, workspaceId)) };
    this.workspaces.set(workspaceId, loaded);
    return loaded;
  }

  /** Those of the events that an active workflow or an enabled machine listens to, or a workflow follows for a date of the record. The answer stays true until the transaction ends. */
  async listenedTo<Event extends { workspaceId: string; module: string; event: string }>(
    manager: EntityManager,
    events: readonly Event[],
    known: ReadonlyMap<string, string | null> = new Map(),
  ): Promise<Event[]> {
    const unknown = new Set(events.map(({ workspaceId }) => workspaceId).filter((workspaceId) => !known.has(workspaceId)));
    const read = unknown.size === 0 ? new Map<string, string>() : await shareActiveWorkflows(manager, [...unknown]);
    const listened: Event[] = [];
    for (const event of events) {
      const generation = known.get(event.workspaceId) ?? read.get(event.workspaceId) ?? null;
      const listeners = await this.listeners(manager, event.workspaceId, generation);
      const isHeard =
        listeners(event.module, event.event).length > 0 ||
        (await this.machines(manager, event.workspaceId, generation)).byKey.has(`${event.module}.${event.event}`) ||
        (await this.dated(manager, event.workspaceId, generation, event.module)).length > 0;
      if (isHeard) listened.push(event);
    }
    return listened;
  }

  /** What starts name, in their order; null for what is gone. */
  async targets(manager: EntityManager, targets: readonly (StartTarget & { workspaceId: string })[]): Promise<(Target | null)[]> {
    if (targets.length === 0) return [];
    const nameOf = (workspaceId: string, workflowId: string, asked: string | null) => JSON.stringify([workspaceId, workflowId, asked]);
    const rows = new Map((await loadTargets(manager, targets)).map((row) => [nameOf(row.workspaceId, row.workflowId, row.asked), row]));
    const refs = [...rows.values()].flatMap(({ workspaceId, kind, versionId }) =>
      kind === 'machine' || versionId === null ? [] : [{ workspaceId, versionId }],
    );
    const versions = await this.versionsOf(manager, refs);
    return targets.map(({ workspaceId, workflowId, versionId }) => {
      const row = rows.get(nameOf(workspaceId, workflowId, versionId ?? null));
      if (!row) return null;
      if (row.kind === 'machine') return { kind: 'machine' };
      const version = row.versionId === null ? null : (versions.get(row.versionId) ?? null);
      return { kind: 'workflow', status: row.status === 'active' ? 'active' : 'paused', version };
    });
  }

  /** Versions by id, for runs; ids that do not exist are missing. */
  async versionsOf(
    manager: EntityManager,
    refs: readonly { workspaceId: string; versionId: string }[],
  ): Promise<Map<string, VersionOutcome>> {
    const found = new Map<string, VersionOutcome>();
    const unknown = new Map<string, { workspaceId: string; versionId: string }>();
    for (const ref of refs) {
      const version = this.versions.get(ref.versionId);
      if (version) found.set(ref.versionId, version);
      else unknown.set(ref.versionId, ref);
    }
    for (const row of unknown.size === 0 ? [] : await loadVersions(manager, [...unknown.values()])) {
      const version = this.compile(row);
      this.versions.set(row.versionId, version);
      found.set(row.versionId, version);
    }
    return found;
  }

  private async load(manager: EntityManager, workspaceId: string): Promise<Omit<ActiveOfWorkspace, 'generation'>> {
    const all = await loadActive(manager, workspaceId);
    const active = all.filter(({ kind }) => kind === 'workflow');
    const enabled = all.filter(({ kind }) => kind === 'machine');
    const versions = await this.versionsOf(
      manager,
      active.map(({ versionId }) => ({ workspaceId, versionId })),
    );
    const listeners = new Map<string, VersionOutcome[]>();
    const dated = new Map<string, DatedVersion[]>();
    for (const { versionId, id, code, name } of active) {
      const outcome = versions.get(versionId);
      if (!outcome) continue;
      // Versions never change, but a workflow may have been renamed since this one was compiled.
      if (outcome.kind === 'compiled') outcome.version.workflow = { id, code, name };
      if (outcome.kind === 'compiled' && isDated(outcome.version)) {
        const { module } = outcome.version.definition.trigger;
        dated.set(module, [...(dated.get(module) ?? []), outcome.version]);
      }
      const key = keyOf(outcome);
      if (key === null) continue;
      listeners.set(key, [...(listeners.get(key) ?? []), outcome]);
    }
    const machines = await loadMachinesInUse(manager, this.machineVersions, workspaceId, enabled);
    const needsRoom =
      enabled.length === 0 &&
      [...versions.values()].every((one) => one.kind === 'compiled' && one.version.firstAdvance === 'by_router_with_room');
    return { ids: active.map(({ id }) => id), listeners, dated, machines, needsRoom };
  }

  private compile(row: VersionRow): VersionOutcome {
    try {
      return { kind: 'compiled', version: compileVersion(row, this.catalog, this.actions) };
    } catch (error) {
      const failure = toLoggedFailure(error);
      this.logger.error(`Workflow '${row.name}' (${row.workflowId}), version ${row.version}, cannot run: ${failure.error.message}`);
      return { kind: 'unreadable', row, failure };
    }
  }
}

/** `leads.created` for versions that listen to events; of one that cannot be read as far as its trigger can. */
function keyOf(outcome: VersionOutcome): string | null {
  if (outcome.kind === 'compiled') return outcome.version.trigger.key;
  const { definition } = outcome.row;
  const trigger = isJsonObject(definition) && isJsonObject(definition.trigger) ? definition.trigger : {};
  if (trigger.type === MACHINE_ENTERED) return `${trigger.module}.${MACHINE_ENTERED}`;
  return trigger.type === 'event' ? `${trigger.module}.${trigger.event}` : null;
}
