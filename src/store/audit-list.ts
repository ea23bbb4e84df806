import type { EntityManager } from 'typeorm';
import { AUDIT_TARGETS, type AuditEntry, type AuditTarget } from './audit-store.js';
import { QueryParts, within } from './query-parts.js';
import { sql } from './sql.js';

/** Which entries of the audit log are meant. */
export interface AuditFilter {
  /** The id of a workflow, run, event or secret. */
  target?: string;
  /** The id of a person. */
  actor?: string;
  /** Any of `workflow.published`, `run.retried`, … */
  actions?: readonly string[];
  /** At or after. */
  from?: Date;
  /** Before. */
  to?: Date;
}

/** One change, as people read it. */
export interface AuditItem extends Omit<AuditEntry, 'workspaceId' | 'targetType' | 'targetId'> {
  id: string;
  /** ISO 8601. */
  at: string;
  target: {
    type: AuditTarget;
    id: string;
    /** The workflow itself, or that of the run; null when the run has been removed by retention, and of a secret. */
    workflowId: string | null;
    /** Its present name, or the last one of a workflow that has been deleted. */
    workflowName: string | null;
  };
}

/**
 * Entries of the audit log, newest first; `before` is the id of the last one seen. Served by audit_log_target,
 * audit_log_actor, audit_log_action, or the primary key backwards.
 */
export async function listAudit(
  manager: EntityManager,
  workspaceId: string,
  filter: AuditFilter,
  { before, limit }: { before?: string; limit: number },
): Promise<AuditItem[]> {
  const parts = new QueryParts();
  parts.and(`a.workspace_id = ${parts.bind(workspaceId)}`);
  // Ids of all kinds of things are different; the index by target begins with the kind.
  if (filter.target !== undefined) {
    parts.and(`a.target_type = ANY(${parts.bind(AUDIT_TARGETS)}::text[])`).and(`a.target_id = ${parts.bind(filter.target)}::uuid`);
  }
  parts.equals(`a.actor->>'id'`, filter.actor);
  // One alone is read in its order from the index; of several the database chooses between that and the newest of all.
  if (filter.actions?.length === 1) parts.equals('a.action', filter.actions[0]);
  else if (filter.actions !== undefined) parts.and(`a.action = ANY(${parts.bind(filter.actions)}::text[])`);
  within(parts, { id: 'a.id', at: 'a.at' }, filter.from, filter.to);
  if (before !== undefined) parts.and(`a.id < ${parts.bind(before)}::uuid`);
  const { where } = parts;
  type Row = Omit<AuditItem, 'at' | 'target'> & { at: Date; type: AuditTarget; targetId: string } & Pick<
      AuditItem['target'],
      'workflowId' | 'workflowName'
    >;
  const rows = await sql<Row>(
    manager,
    `SELECT a.id, a.at, a.actor, a.action, a.target_type AS type, a.target_id AS "targetId", a.workflow_id AS "workflowId",
       w.name AS "workflowName", a.before, a.after, a.note
     FROM (
       SELECT e.*, CASE e.target_type WHEN 'run' THEN r.workflow_id WHEN 'task' THEN t.workflow_id WHEN 'secret' THEN NULL WHEN 'queue' THEN NULL
         WHEN 'integration' THEN NULL
         ELSE e.target_id END AS workflow_id
       FROM (SELECT a.* FROM automation.audit_log a WHERE ${where} ORDER BY a.id DESC LIMIT ${parts.bind(limit)}) e
       LEFT JOIN automation.runs r ON e.target_type = 'run' AND r.workspace_id = e.workspace_id AND r.id = e.target_id
       LEFT JOIN automation.human_tasks t ON e.target_type = 'task' AND t.workspace_id = e.workspace_id AND t.id = e.target_id) a
     LEFT JOIN automation.workflow_names w ON w.workspace_id = a.workspace_id AND w.id = a.workflow_id
     ORDER BY a.id DESC`,
    parts.parameters,
  );
  return rows.map(({ id, at, actor, action, type, targetId, workflowId, workflowName, before, after, note }) => ({
    id,
    at: at.toISOString(),
    // Release 0.1.0 kept people without a name as they came.
    actor: { ...actor, name: actor.name ?? actor.id ?? actor.type },
    action,
    target: { type, id: targetId, workflowId, workflowName },
    before,
    after,
    note,
  }));
}
