import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import type { SettingDefaults } from '../core/definition/settings.js';
import type { Actor } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import { DEFINITION, DRAFT } from './definition-columns.js';
import { sql } from './sql.js';
import type { PublishedVersion } from './workflow-list-store.js';
import type { DraftColumns, WorkflowStatus } from './workflow-store.js';

/** What a list of versions shows; times are ISO 8601. */
export interface VersionItem extends Omit<PublishedVersion, 'definition'> {
  /** True of the one version that starts runs when the workflow is active. */
  isPublished: boolean;
}

/** A version and what it does. */
export interface StoredVersion extends VersionItem {
  id: string;
  definition: JsonObject;
}

/** A version to be made of a locked row. */
export interface NewVersion extends Pick<DraftColumns, 'trigger' | 'module'> {
  /** An earlier version that is published again; null: the draft. */
  restoredFrom: number | null;
  /** What the workflow is from then on. */
  status: WorkflowStatus;
  publishedBy: Actor;
  note: string | null;
  /** What the draft gets for settings that it does not name; null: what every version gets. An earlier version keeps its own. */
  settingDefaults: SettingDefaults | null;
}

/** Makes the next version of a locked row, and that the published one. Returns its number and id. */
export async function publishVersion(
  manager: EntityManager,
  workspaceId: string,
  id: string,
  from: NewVersion,
): Promise<{ version: number; versionId: string }> {
  const versionId = uuid();
  const [made] = await sql<{ version: number }>(
    manager,
    `INSERT INTO automation.workflow_versions (workspace_id, id, workflow_id, version, definition, definition_sent, published_by, note,
       restored_from, setting_defaults)
     SELECT w.workspace_id, $3, w.id, 1 + (SELECT coalesce(max(m.version), 0) FROM automation.workflow_versions m
         WHERE m.workspace_id = w.workspace_id AND m.workflow_id = w.id), s.definition, s.sent, $4::jsonb, $5, $6::integer, s.defaults
     FROM automation.workflows w, LATERAL (
       SELECT w.draft AS definition, ${DRAFT} AS sent, $7::jsonb AS defaults WHERE $6::integer IS NULL
       UNION ALL SELECT v.definition, v.definition_sent, v.setting_defaults FROM automation.workflow_versions v
       WHERE v.workspace_id = w.workspace_id AND v.workflow_id = w.id AND v.version = $6::integer AND v.transition IS NULL) s
     WHERE w.workspace_id = $1 AND w.id = $2 RETURNING version`,
    [
      workspaceId,
      id,
      versionId,
      JSON.stringify(from.publishedBy),
      from.note,
      from.restoredFrom,
      from.settingDefaults && JSON.stringify(from.settingDefaults),
    ],
  );
  const version = made?.version ?? 0;
  await sql(
    manager,
    `UPDATE automation.workflows w SET status = $5, published_version_id = v.id, published_version = $4, trigger = $6::jsonb, module = $7,
       problems = CASE WHEN v.restored_from IS NULL THEN '[]' ELSE w.problems END, has_unpublished_changes = w.draft <> v.definition,
       updated_at = now()
     FROM automation.workflow_versions v
     WHERE w.workspace_id = $1 AND w.id = $2 AND v.workspace_id = $1 AND v.id = $3`,
    [workspaceId, id, versionId, version, from.status, from.trigger && JSON.stringify(from.trigger), from.module],
  );
  return { version, versionId };
}

/** Makes the published version of a locked row its draft; editors of the draft before meet another revision. */
export async function draftFromPublished(
  manager: EntityManager,
  workspaceId: string,
  id: string,
  problems: DraftColumns['problems'],
): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.workflows w SET draft = v.definition, draft_sent = ${DEFINITION}, problems = $3::jsonb, has_unpublished_changes = false,
       revision = w.revision + 1, updated_at = now()
     FROM automation.workflow_versions v
     WHERE w.workspace_id = $1 AND w.id = $2 AND v.workspace_id = w.workspace_id AND v.id = w.published_version_id`,
    [workspaceId, id, JSON.stringify(problems)],
  );
}

/** Takes back what is published of a locked row: it is a draft again, and shows the draft's trigger. Its versions stay. */
export async function withdrawPublished(
  manager: EntityManager,
  workspaceId: string,
  id: string,
  { trigger, module, problems }: DraftColumns,
): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.workflows SET status = 'draft', published_version_id = NULL, published_version = NULL, has_unpublished_changes = true,
       trigger = $3::jsonb, module = $4, problems = $5::jsonb, updated_at = now()
     WHERE workspace_id = $1 AND id = $2`,
    [workspaceId, id, trigger && JSON.stringify(trigger), module, JSON.stringify(problems)],
  );
}

const ITEM = `v.version, v.published_at AS "publishedAt", v.published_by AS "publishedBy", v.note, v.restored_from AS "restoredFrom",
  coalesce(v.id = w.published_version_id, false) AS "isPublished"`;
const FROM = `automation.workflow_versions v JOIN automation.workflows w ON w.workspace_id = v.workspace_id AND w.id = v.workflow_id`;

type Row<Item> = Omit<Item, 'publishedAt'> & { publishedAt: Date };

function toItem<Item extends VersionItem>(row: Row<Item>): Item {
  return { ...row, publishedAt: row.publishedAt.toISOString() } as unknown as Item;
}

/** Versions of a workflow, newest first, older than `before`. Served by the unique key (workspace, workflow, version). */
export async function listVersions(
  manager: EntityManager,
  workspaceId: string,
  workflowId: string,
  { before, limit }: { before: number | null; limit: number },
): Promise<VersionItem[]> {
  const rows = await sql<Row<VersionItem>>(
    manager,
    `SELECT ${ITEM} FROM ${FROM}
     WHERE v.workspace_id = $1 AND v.workflow_id = $2 AND v.transition IS NULL AND ($3::integer IS NULL OR v.version < $3) ORDER BY v.version DESC LIMIT $4`,
    [workspaceId, workflowId, before, limit],
  );
  return rows.map(toItem);
}

/** One version with its definition, secrets included; null when the workflow has none of that number. */
export async function findVersion(
  manager: EntityManager,
  workspaceId: string,
  workflowId: string,
  version: number,
): Promise<StoredVersion | null> {
  const [row] = await sql<Row<StoredVersion>>(
    manager,
    `SELECT v.id, ${ITEM}, ${DEFINITION} AS definition FROM ${FROM} WHERE v.workspace_id = $1 AND v.workflow_id = $2
       AND v.version = $3 AND v.transition IS NULL`,
    [workspaceId, workflowId, version],
  );
  return row ? toItem(row) : null;
}

/** The runs of a workflow that are not over, by version and status. */
export interface UnfinishedRuns {
  version: number;
  status: 'queued' | 'running' | 'waiting';
  runs: number;
}

/** The most that are looked at: an exact number of millions is worth no scan. */
export const MOST_UNFINISHED = 10_000;

/** Counts the runs that are not over, {@link MOST_UNFINISHED} at the most. Served by runs_workflow: one look-up a status. */
export function countUnfinishedRuns(manager: EntityManager, workspaceId: string, workflowId: string): Promise<UnfinishedRuns[]> {
  return sql<UnfinishedRuns>(
    manager,
    `SELECT version, status, count(*)::integer AS runs FROM (
       SELECT version, status FROM automation.runs
       WHERE workspace_id = $1 AND workflow_id = $2 AND status IN ('queued', 'running', 'waiting') LIMIT ${MOST_UNFINISHED}) r
     GROUP BY version, status ORDER BY version, status`,
    [workspaceId, workflowId],
  );
}
