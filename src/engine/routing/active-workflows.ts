import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Catalog } from '../../core/catalog.js';
import { isJsonObject } from '../../core/json.js';
import { loadActiveWorkflows, loadGenerations, loadVersions, type VersionRow } from '../../store/catalogue-store.js';
import { type LoggedFailure, toLoggedFailure } from '../failures.js';
import { type CompiledVersion, compileVersion, type PlaceOf } from './compiled-version.js';

/** A version, or why this process cannot run it; its events start runs all the same, which fail with the reason. */
export type VersionOutcome =
  | { kind: 'compiled'; version: CompiledVersion }
  | { kind: 'unreadable'; row: VersionRow; failure: LoggedFailure };

interface WorkspaceCatalogue {
  generation: string;
  /** `leads.created` -> the workflows that listen to it. */
  listeners: Map<string, VersionOutcome[]>;
}

/** Compiled versions that are kept for runs of versions no longer active; the oldest go first. */
const KEPT_VERSIONS = 20_000;

/**
 * What is active, compiled, in memory; truth stays in the database. Routers bring the generation that they read in
 * their own transaction: when it is another than ours, the list is read again in that same transaction.
 */
export class ActiveWorkflows {
  private readonly workspaces = new Map<string, WorkspaceCatalogue>();
  private readonly versions = new Map<string, VersionOutcome>();
  private readonly logger = new Logger('AutomationWorkflows');

  constructor(
    private readonly catalog: Catalog,
    private readonly placeOf: PlaceOf,
  ) {}

  /** The workflows listening to an event of this module, as of the generation. */
  async listeners(
    manager: EntityManager,
    workspaceId: string,
    generation: string | null,
  ): Promise<(module: string, event: string) => readonly VersionOutcome[]> {
    if (generation === null) return () => [];
    let known = this.workspaces.get(workspaceId);
    if (known?.generation !== generation) {
      known = { generation, listeners: await this.load(manager, workspaceId) };
      this.workspaces.set(workspaceId, known);
    }
    const { listeners } = known;
    return (module, event) => listeners.get(`${module}.${event}`) ?? [];
  }

  /**
   * Those of the events that an active workflow listens to. The caller holds the shared catalogue lock, so the answer
   * stays true until its transaction ends. `known`: generations that were read under that lock already.
   */
  async listenedTo<Event extends { workspaceId: string; module: string; event: string }>(
    manager: EntityManager,
    events: readonly Event[],
    known: ReadonlyMap<string, string | null> = new Map(),
  ): Promise<Event[]> {
    const unknown = new Set(events.map(({ workspaceId }) => workspaceId).filter((workspaceId) => !known.has(workspaceId)));
    const generations = new Map<string, string | null>(known);
    if (unknown.size > 0) {
      for (const [workspaceId, generation] of await loadGenerations(manager, [...unknown])) generations.set(workspaceId, generation);
    }
    const listened: Event[] = [];
    for (const event of events) {
      const listeners = await this.listeners(manager, event.workspaceId, generations.get(event.workspaceId) ?? null);
      if (listeners(event.module, event.event).length > 0) listened.push(event);
    }
    return listened;
  }

  /** Versions by id, for runs; ids that do not exist are missing. */
  async versionsOf(
    manager: EntityManager,
    refs: readonly { workspaceId: string; versionId: string }[],
  ): Promise<Map<string, VersionOutcome>> {
    const unknown = new Map(refs.filter((ref) => !this.versions.has(ref.versionId)).map((ref) => [ref.versionId, ref]));
    for (const row of unknown.size === 0 ? [] : await loadVersions(manager, [...unknown.values()])) {
      this.versions.set(row.versionId, this.compile(row));
    }
    const found = new Map<string, VersionOutcome>();
    for (const { versionId } of refs) {
      const version = this.versions.get(versionId);
      if (version) found.set(versionId, version);
    }
    this.forgetOldest();
    return found;
  }

  private async load(manager: EntityManager, workspaceId: string): Promise<Map<string, VersionOutcome[]>> {
    const active = await loadActiveWorkflows(manager, workspaceId);
    const versions = await this.versionsOf(
      manager,
      active.map(({ versionId }) => ({ workspaceId, versionId })),
    );
    const listeners = new Map<string, VersionOutcome[]>();
    for (const { versionId, id, code, name } of active) {
      const outcome = versions.get(versionId);
      const key = outcome && keyOf(outcome);
      if (!outcome || key === null || key === undefined) continue;
      // Versions never change, but a workflow may have been renamed since this one was compiled.
      if (outcome.kind === 'compiled') outcome.version.workflow = { id, code, name };
      listeners.set(key, [...(listeners.get(key) ?? []), outcome]);
    }
    return listeners;
  }

  private compile(row: VersionRow): VersionOutcome {
    try {
      return { kind: 'compiled', version: compileVersion(row, this.catalog, this.placeOf) };
    } catch (error) {
      const failure = toLoggedFailure(error);
      this.logger.error(`Workflow '${row.name}' (${row.workflowId}), version ${row.version}, cannot run: ${failure.error.message}`);
      return { kind: 'unreadable', row, failure };
    }
  }

  private forgetOldest(): void {
    for (const id of this.versions.keys()) {
      if (this.versions.size <= KEPT_VERSIONS) return;
      this.versions.delete(id);
    }
  }
}

/** `leads.created` for versions that listen to events; of one that cannot be read as far as its trigger can. */
function keyOf(outcome: VersionOutcome): string | null {
  if (outcome.kind === 'compiled') return outcome.version.trigger.key;
  const { definition } = outcome.row;
  const trigger = isJsonObject(definition) && isJsonObject(definition.trigger) ? definition.trigger : {};
  return trigger.type === 'event' ? `${trigger.module}.${trigger.event}` : null;
}
