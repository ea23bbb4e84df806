import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { checkJson, isDeeperThan, memberPath, ProblemList } from '../core/definition/problem-list.js';
import { sameJson } from '../core/derive-events.js';
import { AutomationError } from '../core/errors.js';
import { CONTEXT_BYTES, CONTEXT_KEY, CONTEXT_KEY_WANTED } from '../core/extract.js';
import type { Json, JsonObject } from '../core/json.js';
import { invalidRequest } from '../core/json-shape.js';
import { isForbiddenKey } from '../core/storable-json.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { holdContexts, loadContexts, patchContexts } from '../store/context-store.js';
import { findWorkflow } from '../store/workflow-list-store.js';
import { WorkflowChanges, workflowNotFound } from './workflow-changes.js';

/** How many values one request may set, and how deep one may be nested. */
const MOST_VALUES = 200;
const MOST_LEVELS = 32;

/** What a workflow remembers from run to run. */
export interface WorkflowContext {
  values: JsonObject;
}

/** A change of it: null takes a value away, and what is not named stays. */
export interface ContextPatch {
  values: JsonObject;
  /** Why, in the person's own words. */
  note?: string | null;
}

/** The workflows' own contexts, which outlive their runs. */
@Injectable()
export class WorkflowContextService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly changes: WorkflowChanges,
  ) {}

  /** Throws `workflow_not_found`. */
  get(id: string, caller: Caller): Promise<WorkflowContext> {
    return this.database.read(async (manager) => {
      await assertThere(manager, id, caller);
      return { values: await this.values(manager, id, caller) };
    });
  }

  /**
   * Sets values, and takes those away that are null. Returns what the context holds then. Runs that have begun go on with what
   * they began with. Throws `workflow_not_found`, `invalid_request`, `context_too_large`.
   */
  async patch(id: string, { values: patch, note = null }: ContextPatch, caller: Caller): Promise<WorkflowContext> {
    assertPatch(patch);
    return this.database.transaction(async (manager) => {
      const { workspaceId } = caller;
      await assertThere(manager, id, caller);
      // Before it is read: whoever writes at the same time has done so, or comes after.
      await holdContexts(manager, [{ workspaceId, workflowId: id }]);
      const before = await this.values(manager, id, caller);
      const changed = Object.entries(patch).filter(([key, value = null]) => !sameJson(ownValue(before, key), value));
      if (changed.length === 0) return { values: before };
      const values = changed.map(([key, value = null]) => ({ workspaceId, workflowId: id, key, value }));
      if ((await patchContexts(manager, values, CONTEXT_BYTES)).size > 0) throw tooLarge();
      await this.changes.audit(manager, caller, id, {
        action: 'context_changed',
        before: Object.fromEntries(changed.map(([key]): [string, Json] => [key, ownValue(before, key)])),
        after: Object.fromEntries(changed),
        note,
      });
      return { values: await this.values(manager, id, caller) };
    });
  }

  private async values(manager: EntityManager, id: string, { workspaceId }: Caller): Promise<JsonObject> {
    return (await loadContexts(manager, [{ workspaceId, workflowId: id }])).get(id) ?? {};
  }
}

function ownValue(values: JsonObject, key: string): Json {
  return Object.hasOwn(values, key) ? (values[key] ?? null) : null;
}

async function assertThere(manager: EntityManager, id: string, { workspaceId }: Caller): Promise<void> {
  if (!(isUuid(id) && (await findWorkflow(manager, workspaceId, id)))) throw workflowNotFound();
}

/** Throws `invalid_request` with every problem. */
function assertPatch(patch: JsonObject): void {
  const problems = new ProblemList();
  const entries = Object.entries(patch);
  if (entries.length > MOST_VALUES) problems.add('values', `At most ${MOST_VALUES} values can be set at a time.`);
  for (const [key, value] of entries) {
    const path = memberPath('values', key);
    if (!CONTEXT_KEY.test(key) || isForbiddenKey(key)) problems.add(path, CONTEXT_KEY_WANTED);
    else if (isDeeperThan(value, MOST_LEVELS)) problems.add(path, `This is nested deeper than ${MOST_LEVELS} levels.`);
    else checkJson(value, path, problems);
  }
  if (!problems.empty) throw invalidRequest(problems.toArray());
}

function tooLarge(): AutomationError {
  return new AutomationError('context_too_large', `The context of the workflow would hold more than ${CONTEXT_BYTES / 1024} KB.`, {
    hint: 'Set less, or take values away that are not needed any more: null deletes one.',
  });
}
