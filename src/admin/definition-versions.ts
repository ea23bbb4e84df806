import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { type DefinitionDiff, diffDefinitions } from '../core/definition/diff.js';
import { maskChange } from '../core/definition/secrets.js';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { countUnfinishedRuns, findVersion, listVersions, type UnfinishedRuns, type VersionItem } from '../store/workflow-versions.js';
import type { DefinitionChanges } from './definition-changes.js';
import { versionNotFound } from './publishing.js';

/** A version as a list shows it. */
export interface WorkflowVersion extends VersionItem {
  /** Runs on it that are not over; they stay on it. Of all versions together 10,000 are counted. */
  unfinishedRuns: number;
}

/** A version and what it does, its secrets masked. */
export interface WorkflowVersionDetail extends WorkflowVersion {
  definition: JsonObject;
}

/** One page of versions, newest first; `nextCursor` is null at the end. */
export interface VersionPage {
  items: WorkflowVersion[];
  nextCursor: number | null;
}

/** One side of a comparison: a version by its number, the one that is published, or the draft. */
export type Compared = number | 'published' | 'draft';

/** What is other in `to`; secrets are masked, and one that is another one says so. */
export interface WorkflowDiff extends DefinitionDiff {
  /** The numbers of the versions; null is the draft. */
  from: number | null;
  to: number | null;
}

/** What versions are compared with. */
interface Versioned {
  id: string;
  /** The draft. */
  definition: JsonObject;
  published: { version: number; definition: JsonObject } | null;
}

/** The published versions of a workflow or a machine: who made them, when and why, and what they do. They never change. */
export abstract class DefinitionVersions {
  protected abstract readonly changes: DefinitionChanges;

  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
  ) {}

  /** Null when the workspace has none of that id. */
  protected abstract find(manager: EntityManager, workspaceId: string, id: string): Promise<Versioned | null>;

  protected compare(before: JsonObject, after: JsonObject): DefinitionDiff {
    return diffDefinitions(before, after);
  }

  /** Versions older than `before`, newest first. Throws where there is none of this id. */
  list(id: string, { before = null, limit }: { before?: number | null; limit: number }, caller: Caller): Promise<VersionPage> {
    return this.database.read(async (manager) => {
      await this.versioned(manager, id, caller);
      const items = await listVersions(manager, caller.workspaceId, id, { before, limit: limit + 1 });
      const unfinished = await countUnfinishedRuns(manager, caller.workspaceId, id);
      const shown = items.slice(0, limit).map((item) => ({ ...item, unfinishedRuns: runsOn(item.version, unfinished) }));
      return { items: shown, nextCursor: items.length > limit ? (shown.at(-1)?.version ?? null) : null };
    });
  }

  /** One version with its definition. Throws `version_not_found`. */
  get(id: string, version: number, caller: Caller): Promise<WorkflowVersionDetail> {
    return this.database.read(async (manager) => {
      await this.versioned(manager, id, caller);
      const found = await findVersion(manager, caller.workspaceId, id, version);
      if (!found) throw versionNotFound(version, this.changes.kind);
      const { id: _, ...shown } = found;
      const unfinished = await countUnfinishedRuns(manager, caller.workspaceId, id);
      return { ...shown, definition: this.changes.masked(found.definition), unfinishedRuns: runsOn(version, unfinished) };
    });
  }

  /** Compares two versions, or one with the draft. Throws `version_not_found` and `workflow_not_published`. */
  diff(id: string, from: Compared, to: Compared, caller: Caller): Promise<WorkflowDiff> {
    return this.database.read(async (manager) => {
      const versioned = await this.versioned(manager, id, caller);
      const [left, right] = [await this.side(manager, versioned, from, caller), await this.side(manager, versioned, to, caller)];
      const { before, after } = maskChange(left.definition, right.definition, this.catalog.actions);
      return { from: left.version, to: right.version, ...this.compare(before, after) };
    });
  }

  private async side(
    manager: EntityManager,
    { id, definition, published }: Versioned,
    which: Compared,
    caller: Caller,
  ): Promise<{ version: number | null; definition: JsonObject }> {
    if (which === 'draft') return { version: null, definition };
    if (which === 'published') {
      if (published) return published;
      throw new AutomationError('workflow_not_published', `The ${this.changes.kind} has no published version to compare with.`, {
        hint: 'Compare two versions by their numbers, or one with `draft`.',
      });
    }
    const version = await findVersion(manager, caller.workspaceId, id, which);
    if (!version) throw versionNotFound(which, this.changes.kind);
    return version;
  }

  private async versioned(manager: EntityManager, id: string, caller: Caller): Promise<Versioned> {
    const found = isUuid(id) ? await this.find(manager, caller.workspaceId, id) : null;
    if (!found) throw this.changes.notFound();
    return found;
  }
}

function runsOn(version: number, unfinished: readonly UnfinishedRuns[]): number {
  return unfinished.filter((one) => one.version === version).reduce((total, { runs }) => total + runs, 0);
}
