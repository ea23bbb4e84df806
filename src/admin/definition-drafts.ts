import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { keepSecrets, maskChange, secretProblems } from '../core/definition/secrets.js';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { sqlState } from '../engine/failures.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { insertWorkflow, isCodeTaken, raiseGeneration, updateWorkflow, type WorkflowRow } from '../store/workflow-store.js';
import { findVersion } from '../store/workflow-versions.js';
import { assertRevision, type DefinitionChanges } from './definition-changes.js';
import { EntitlementCheck } from './entitlement-check.js';

const UNIQUE_VIOLATION = '23505';

/** A new draft. Without a code, one is made from the name. */
export interface NewDraft {
  code?: string;
  name: string;
  description?: string | null;
  definition: JsonObject;
}

/** An edit; what is undefined stays as it is. */
export interface DraftPatch {
  /** The revision that the edit is based on. */
  revision: number;
  code?: string;
  name?: string;
  description?: string | null;
  definition?: JsonObject;
}

/** Drafts of workflows and machines: how they come, and how they are edited. Each change and its audit entry are one transaction. */
@Injectable()
export class DefinitionDrafts {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly entitled: EntitlementCheck,
  ) {}

  /**
   * Saves a new draft, with the list of its problems; `origin` goes into the audit log. Returns its id. Throws `code_taken`,
   * `invalid_request` for what cannot be stored, and `plan_required` where the workspace has no automation.
   */
  async create(changes: DefinitionChanges, input: NewDraft, caller: Caller, origin: JsonObject = {}): Promise<string> {
    const { kind } = changes;
    checkShape(input, kind, REQUEST_LIMITS);
    await this.entitled.assertEnabled(caller);
    const { workspaceId } = caller;
    const id = uuid();
    const { name, description = null } = input;
    const draft = changes.examine(input.definition);
    await this.database.transaction(async (manager) => {
      const codes = input.code === undefined ? codesFor(name, kind, id) : [input.code];
      let code: string | undefined;
      for (const candidate of codes) {
        if (await insertWorkflow(manager, workspaceId, kind, { ...draft, id, code: candidate, name, description })) {
          code = candidate;
          break;
        }
      }
      if (code === undefined) throw codeTaken(codes[0] ?? '');
      const after = { code, name, description, definition: changes.masked(input.definition), ...origin };
      await changes.audit(manager, caller, id, { action: 'created', before: null, after });
    });
    return id;
  }

  /**
   * Saves an edit of the draft; what is published stays as it is. Secrets that come back masked stay as they were. Throws
   * `revision_conflict` when somebody else saved in between (the current revision is in the details), `code_taken`,
   * `invalid_request` for what cannot be stored, `plan_required` where the workspace has no automation.
   */
  async update(changes: DefinitionChanges, id: string, patch: DraftPatch, caller: Caller): Promise<void> {
    checkShape(patch, changes.kind, REQUEST_LIMITS);
    await this.entitled.assertEnabled(caller);
    const { workspaceId } = caller;
    const saved = changes.ofDraft(id, caller, async (manager, row) => {
      assertRevision(row, patch.revision);
      const before = { code: row.code, name: row.name, description: row.description, definition: row.draft };
      const after = {
        code: patch.code ?? row.code,
        name: patch.name ?? row.name,
        description: patch.description === undefined ? row.description : patch.description,
        definition: patch.definition === undefined ? row.draft : await this.withSecrets(manager, patch.definition, row, caller),
      };
      if (after.code !== row.code && (await isCodeTaken(manager, workspaceId, after.code, id))) throw codeTaken(after.code);
      const { definition, ...naming } = after;
      const updated = await updateWorkflow(manager, workspaceId, id, row.revision, { ...naming, ...changes.examine(definition) });
      if (updated !== 1) throw new Error(`updated ${updated} definitions instead of one`);
      // Runs show the name (`{{workflow.name}}`), so every node has to hear of a new one.
      const renamed = after.name !== row.name || after.code !== row.code;
      if (renamed && row.status === 'active') await raiseGeneration(manager, workspaceId);
      const changed = (Object.keys(after) as (keyof typeof after)[]).filter((key) => patch[key] !== undefined);
      const shown = maskChange(before.definition, after.definition, this.catalog.actions);
      const [from, to] = [
        { ...before, definition: shown.before },
        { ...after, definition: shown.after },
      ];
      await changes.audit(manager, caller, id, { action: 'updated', before: pick(from, changed), after: pick(to, changed) });
    });
    await saved.catch((error: unknown) => {
      // Somebody took the code between our look and our write.
      throw sqlState(error) === UNIQUE_VIOLATION ? codeTaken(patch.code ?? '') : error;
    });
  }

  /**
   * An edit with the secrets that it leaves as they were: those of the draft, and where the draft has lost one (an address
   * was changed by mistake, and is changed back) that of the published version, by the same rules.
   */
  private async withSecrets(manager: EntityManager, edited: JsonObject, row: WorkflowRow, caller: Caller): Promise<JsonObject> {
    const { actions } = this.catalog;
    const kept = keepSecrets(edited, row.draft, actions);
    if (row.publishedVersion === null || secretProblems(kept, actions).length === 0) return kept;
    const published = await findVersion(manager, caller.workspaceId, row.id, row.publishedVersion);
    return published ? keepSecrets(kept, published.definition, actions) : kept;
  }
}

/** `welcome-web-leads`, and with the end of the id behind it for when that is taken: letters and digits of the name, or the kind. */
function codesFor(name: string, kind: string, id: string): string[] {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 50)
    .replace(/-+$/, '');
  const code = slug === '' ? kind : slug;
  return [code, `${code}-${id.slice(-8)}`, `${code}-${id.slice(-12)}`];
}

function pick(from: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.map((key) => [key, from[key]]));
}

function codeTaken(code: string): AutomationError {
  return new AutomationError('code_taken', `The workspace has a workflow or a machine with the code "${code}" already.`);
}
