import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import type { Actor } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import { recordset, sql } from './sql.js';

/** Kinds of things whose changes are kept. */
export const AUDIT_TARGETS = ['workflow', 'machine', 'instance', 'run', 'event', 'secret', 'task', 'queue', 'integration'] as const;
export type AuditTarget = (typeof AUDIT_TARGETS)[number];

/** One change, mostly made by a person, as the audit log keeps it. */
export interface AuditEntry {
  workspaceId: string;
  actor: Actor;
  /** `workflow.published`, `run.retried`, … */
  action: string;
  targetType: AuditTarget;
  targetId: string;
  before: JsonObject | null;
  after: JsonObject | null;
  /** Why, in the person's own words. */
  note: string | null;
}

/** Writes entries in the transaction of the changes they tell of: there is no change without its entry. */
export async function writeAudit(manager: EntityManager, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await sql(
    manager,
    `INSERT INTO automation.audit_log (workspace_id, id, actor, action, target_type, target_id, before, after, note)
     SELECT "workspaceId", id, actor, action, "targetType", "targetId", before, after, note
     FROM json_to_recordset($1::json) AS a("workspaceId" text, id uuid, actor jsonb, action text, "targetType" text, "targetId" uuid,
       before jsonb, after jsonb, note text)`,
    [recordset(entries.map((entry) => ({ ...entry, id: uuid() })))],
  );
}

/** An entry as read back. */
export interface AuditRow {
  at: Date;
  actor: Actor;
  action: string;
  after: JsonObject | null;
  note: string | null;
}

/** The entries about one target, oldest first. Served by audit_log_target. */
export function loadAudit(manager: EntityManager, workspaceId: string, targetType: AuditTarget, targetId: string): Promise<AuditRow[]> {
  return sql<AuditRow>(
    manager,
    `SELECT at, actor, action, after, note FROM automation.audit_log
     WHERE workspace_id = $1 AND target_type = $2 AND target_id = $3 ORDER BY id LIMIT 500`,
    [workspaceId, targetType, targetId],
  );
}
