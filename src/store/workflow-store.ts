import type { EntityManager } from 'typeorm';
import type { Trigger } from '../core/definition/types.js';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { DRAFT } from './definition-columns.js';
import { sql } from './sql.js';

export type WorkflowStatus = 'draft' | 'active' | 'paused' | 'archived';

/** What a row defines: a workflow, or a state machine. */
export type DefinitionKind = 'workflow' | 'machine';

/** A workflow's row as locked for a change. */
export interface WorkflowRow {
  id: string;
  code: string;
  name: string;
  description: string | null;
  status: WorkflowStatus;
  draft: JsonObject;
  publishedVersionId: string | null;
  publishedVersion: number | null;
  /** Of the published version; of a workflow that has none the draft's. */
  shownTrigger: JsonObject | null;
  hasUnpublishedChanges: boolean;
  revision: number;
}

/** A draft and what is told from it. */
export interface DraftColumns {
  draft: JsonObject;
  problems: Problem[];
  trigger: JsonObject | null;
  module: string | null;
}

/** Writes a new draft; false when its code is taken in the workspace, by whatever kind. */
export async function insertWorkflow(
  manager: EntityManager,
  workspaceId: string,
  kind: DefinitionKind,
  workflow: DraftColumns & { id: string; code: string; name: string; description: string | null },
): Promise<boolean> {
  const rows = await sql(
    manager,
    `INSERT INTO automation.workflows (workspace_id, id, code, name, description, draft, draft_sent, problems, trigger, module, kind)
     VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $6::text::json, $7::jsonb, $8::jsonb, $9, $10)
     ON CONFLICT (workspace_id, code) DO NOTHING RETURNING id`,
    [workspaceId, workflow.id, workflow.code, workflow.name, workflow.description, ...draftParameters(workflow), kind],
  );
  return rows.length === 1;
}

function draftParameters({ draft, problems, trigger, module }: DraftColumns): unknown[] {
  return [JSON.stringify(draft), JSON.stringify(problems), trigger && JSON.stringify(trigger), module];
}

/** The row, locked against other changes until the transaction ends; null when the workspace has none of that kind and id. */
export async function lockWorkflow(
  manager: EntityManager,
  workspaceId: string,
  kind: DefinitionKind,
  id: string,
): Promise<WorkflowRow | null> {
  const [row] = await sql<WorkflowRow>(
    manager,
    `SELECT w.id, w.code, w.name, w.description, w.status, ${DRAFT} AS draft, w.published_version_id AS "publishedVersionId",
       w.published_version AS "publishedVersion", w.trigger AS "shownTrigger", w.has_unpublished_changes AS "hasUnpublishedChanges", w.revision
     FROM automation.workflows w WHERE w.workspace_id = $1 AND w.id = $2 AND w.kind = $3 FOR UPDATE`,
    [workspaceId, id, kind],
  );
  return row ?? null;
}

/**
 * The draft of a workflow or a machine, read without a lock, and whether a version of it is published; null when the workspace has
 * none of that kind and id. Served by the primary key.
 */
export async function findDraft(
  manager: EntityManager,
  workspaceId: string,
  kind: DefinitionKind,
  id: string,
): Promise<{ draft: JsonObject; isPublished: boolean } | null> {
  const [row] = await sql<{ draft: JsonObject; isPublished: boolean }>(
    manager,
    `SELECT ${DRAFT} AS draft, w.published_version_id IS NOT NULL AS "isPublished" FROM automation.workflows w WHERE w.workspace_id = $1 AND w.id = $2 AND w.kind = $3`,
    [workspaceId, id, kind],
  );
  return row ?? null;
}

/** Whether the workspace has a definition of that kind and id. Served by the primary key. */
export async function hasDefinition(manager: EntityManager, workspaceId: string, kind: DefinitionKind, id: string): Promise<boolean> {
  const rows = await sql(manager, 'SELECT 1 FROM automation.workflows WHERE workspace_id = $1 AND id = $2 AND kind = $3', [
    workspaceId,
    id,
    kind,
  ]);
  return rows.length > 0;
}

/** True when another definition of the workspace has this code, of whatever kind. */
export async function isCodeTaken(manager: EntityManager, workspaceId: string, code: string, exceptId: string): Promise<boolean> {
  const rows = await sql(manager, 'SELECT 1 FROM automation.workflows WHERE workspace_id = $1 AND code = $2 AND id <> $3', [
    workspaceId,
    code,
    exceptId,
  ]);
  return rows.length > 0;
}

/**
 * Saves an edit of a locked row. Trigger and module go on showing the published definition, where there is one; a draft
 * that was edited back to it counts as unchanged. Returns how many rows it met: one.
 */
export async function updateWorkflow(
  manager: EntityManager,
  workspaceId: string,
  id: string,
  revision: number,
  change: DraftColumns & { code: string; name: string; description: string | null },
): Promise<number> {
  const rows = await sql(
    manager,
    `UPDATE automation.workflows w SET code = $4, name = $5, description = $6, draft = $7::text::jsonb, draft_sent = $7::text::json,
       problems = $8::jsonb,
       trigger = CASE WHEN published_version_id IS NULL THEN $9::jsonb ELSE trigger END,
       module = CASE WHEN published_version_id IS NULL THEN $10 ELSE module END,
       has_unpublished_changes = NOT EXISTS (SELECT 1 FROM automation.workflow_versions v
         WHERE v.workspace_id = w.workspace_id AND v.id = w.published_version_id AND v.definition = $7::text::jsonb),
       revision = revision + 1, updated_at = now()
     WHERE workspace_id = $1 AND id = $2 AND revision = $3 RETURNING id`,
    [workspaceId, id, revision, change.code, change.name, change.description, ...draftParameters(change)],
  );
  return rows.length;
}

export async function setStatus(manager: EntityManager, workspaceId: string, id: string, status: WorkflowStatus): Promise<void> {
  await sql(manager, 'UPDATE automation.workflows SET status = $3, updated_at = now() WHERE workspace_id = $1 AND id = $2', [
    workspaceId,
    id,
    status,
  ]);
}

/** Says to every router of every node that what is active in the workspace has changed. Belongs into a transaction that changes them. */
export async function raiseGeneration(manager: EntityManager, workspaceId: string): Promise<void> {
  await sql(
    manager,
    `INSERT INTO automation.active_workflow_generations AS g (workspace_id, generation) VALUES ($1, 1)
     ON CONFLICT (workspace_id) DO UPDATE SET generation = g.generation + 1`,
    [workspaceId],
  );
}

/** A workflow that a start may name. */
export interface Startable {
  id: string;
  isPublished: boolean;
  /** Of the published definition, else of the draft; null where that has none. */
  trigger: Trigger | null;
}

/** The workflow of this id or code; null when the workspace has none, or it is archived. */
export async function findStartable(manager: EntityManager, workspaceId: string, idOrCode: string): Promise<Startable | null> {
  const [row] = await sql<Startable>(
    manager,
    `SELECT id, published_version_id IS NOT NULL AS "isPublished", trigger FROM automation.workflows
     WHERE workspace_id = $1 AND kind = 'workflow' AND (code = $2 OR id::text = lower($2)) AND status <> 'archived'
     ORDER BY code = $2 DESC LIMIT 1`,
    [workspaceId, idOrCode],
  );
  return row ?? null;
}

/** Those of these codes and ids that {@link findStartable} would find a workflow by. Served by the unique code and the primary key. */
export async function listKnown(manager: EntityManager, workspaceId: string, idsOrCodes: readonly string[]): Promise<Set<string>> {
  const rows = await sql<{ name: string }>(
    manager,
    `SELECT n.name FROM unnest($2::text[]) AS n(name) WHERE EXISTS (
       SELECT FROM automation.workflows w WHERE w.workspace_id = $1 AND w.kind = 'workflow' AND (w.code = n.name OR w.id::text = lower(n.name))
         AND w.status <> 'archived')`,
    [workspaceId, idsOrCodes],
  );
  return new Set(rows.map(({ name }) => name));
}

/** The codes of those of these workflows that the workspace has, by id. */
export async function listCodes(manager: EntityManager, workspaceId: string, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await sql<{ id: string; code: string }>(
    manager,
    `SELECT id, code FROM automation.workflows WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND kind = 'workflow'`,
    [workspaceId, ids],
  );
  return new Map(rows.map(({ id, code }) => [id, code]));
}

/** Removes a workflow, its versions and all that is told of it. Its runs stay, until retention takes them, and its name for them (by a trigger). */
export async function deleteWorkflow(manager: EntityManager, workspaceId: string, id: string): Promise<void> {
  await sql(manager, 'DELETE FROM automation.workflow_stats WHERE workspace_id = $1 AND workflow_id = $2', [workspaceId, id]);
  await sql(manager, 'DELETE FROM automation.workflow_writes WHERE workspace_id = $1 AND workflow_id = $2', [workspaceId, id]);
  await sql(manager, 'DELETE FROM automation.workflow_days WHERE workspace_id = $1 AND workflow_id = $2', [workspaceId, id]);
  await sql(manager, 'DELETE FROM automation.workflows WHERE workspace_id = $1 AND id = $2', [workspaceId, id]);
}
