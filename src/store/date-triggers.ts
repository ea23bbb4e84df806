import type { EntityManager } from 'typeorm';
import { recordset, sql } from './sql.js';

/** A record that is going to be due for a version. */
export interface DateTriggerRow {
  workspaceId: string;
  workflowId: string;
  versionId: string;
  module: string;
  recordId: string;
  dueAt: Date;
}

/** A record that is due, by the database's clock. */
export interface DueRecord extends DateTriggerRow {
  now: Date;
  /** `published`, or of a version that was replaced after this was due; everything else is to be forgotten. */
  standing: 'published' | 'replaced_later' | 'stale';
}

/** Which rows are to be: one with its due time, none, or none unless it is for this very time and still to be started. */
export type DateTriggerChange = Omit<DateTriggerRow, 'dueAt'> &
  ({ kind: 'due'; dueAt: Date } | { kind: 'none' } | { kind: 'over'; dueAt: Date });

/**
 * The records of a workspace that are due, the longest first, locked until the transaction ends; other nodes pass them by.
 * Those of the modules `except` are left alone for now; they stand in date_triggers_due before the others, and are read past.
 */
export function lockDueRecords(
  manager: EntityManager,
  workspaceId: string,
  limit: number,
  except: readonly string[],
): Promise<DueRecord[]> {
  return sql<DueRecord>(
    manager,
    `SELECT d.workspace_id AS "workspaceId", d.workflow_id AS "workflowId", d.version_id AS "versionId", d.module, d.record_id AS "recordId",
       d.due_at AS "dueAt", now() AS now,
       CASE WHEN w.published_version_id IS NULL OR w.status = 'archived' THEN 'stale' WHEN w.published_version_id = d.version_id THEN 'published'
         WHEN d.due_at <= (SELECT min(later.published_at) FROM automation.workflow_versions own JOIN automation.workflow_versions later
           ON later.workspace_id = own.workspace_id AND later.workflow_id = own.workflow_id AND later.version > own.version
           WHERE own.workspace_id = d.workspace_id AND own.id = d.version_id) THEN 'replaced_later' ELSE 'stale' END AS standing
     FROM automation.date_triggers d LEFT JOIN automation.workflows w ON w.workspace_id = d.workspace_id AND w.id = d.workflow_id
     WHERE d.workspace_id COLLATE "C" = $1 AND d.due_at <= now() AND d.module <> ALL ($3::text[])
     ORDER BY d.due_at LIMIT $2 FOR UPDATE OF d SKIP LOCKED`,
    [workspaceId, limit, except],
  );
}

/** Takes rows out. */
export async function removeDateTriggers(manager: EntityManager, rows: readonly Omit<DateTriggerRow, 'dueAt'>[]): Promise<void> {
  if (rows.length === 0) return;
  await sql(
    manager,
    `DELETE FROM automation.date_triggers d USING json_to_recordset($1::json) AS r("workspaceId" text, "versionId" uuid, "recordId" text)
     WHERE d.workspace_id = r."workspaceId" AND d.version_id = r."versionId" AND d.record_id = r."recordId"`,
    [recordset(rows.map(({ workspaceId, versionId, recordId }) => ({ workspaceId, versionId, recordId })))],
  );
}

/**
 * Locks records, in one order, against others who note when they are due: whoever comes second reads the record after the
 * first one has committed, by a statement of his own, so that what is noted last is what the record says last.
 */
export async function lockDatedRecords(
  manager: EntityManager,
  records: readonly { workspaceId: string; module: string; recordId: string }[],
): Promise<void> {
  await sql(
    manager,
    `SELECT pg_advisory_xact_lock(key) FROM (
       SELECT DISTINCT hashtextextended(concat_ws('/', 'dates', "workspaceId", module, "recordId"), 0) AS key
       FROM json_to_recordset($1::json) AS r("workspaceId" text, module text, "recordId" text) ORDER BY key) AS keys`,
    [recordset(records.map(({ workspaceId, module, recordId }) => ({ workspaceId, module, recordId })))],
  );
}

/** Notes when records are due. Each version and record at most once; under {@link lockDatedRecords}. */
export async function noteDateTriggers(manager: EntityManager, changes: readonly DateTriggerChange[]): Promise<void> {
  const due = changes.filter((change) => change.kind === 'due');
  if (due.length > 0) {
    await sql(
      manager,
      `INSERT INTO automation.date_triggers AS d (workspace_id, version_id, record_id, workflow_id, module, due_at)
       SELECT "workspaceId", "versionId", "recordId", "workflowId", module, "dueAt" FROM json_to_recordset($1::json)
         AS r("workspaceId" text, "versionId" uuid, "recordId" text, "workflowId" uuid, module text, "dueAt" timestamptz)
       ORDER BY 1, 2, 3
       ON CONFLICT (workspace_id, version_id, record_id) DO UPDATE SET due_at = excluded.due_at WHERE d.due_at <> excluded.due_at`,
      [recordset(due)],
    );
  }
  const gone = changes.filter((change) => change.kind !== 'due');
  if (gone.length === 0) return;
  await sql(
    manager,
    `DELETE FROM automation.date_triggers d
     USING json_to_recordset($1::json) AS r("workspaceId" text, "versionId" uuid, "recordId" text, "dueAt" timestamptz)
     WHERE d.workspace_id = r."workspaceId" AND d.version_id = r."versionId" AND d.record_id = r."recordId"
       AND d.due_at IS DISTINCT FROM r."dueAt"`,
    [recordset(gone)],
  );
}
