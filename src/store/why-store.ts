import type { EntityManager } from 'typeorm';
import type { Actor } from '../core/event.js';
import type { LifeEntry, WorkflowLife } from '../core/why/life.js';
import { sql } from './sql.js';

/** How many changes of a workflow's life are read: those before the moment, and those after. */
const MOST_BEFORE = 20;
const MOST_AFTER = 100;
/** Of each of many. */
const MOST_OF_EACH = 50;

/** What the index audit_log_life holds: the entries about a workflow that are no edits. */
const OF_LIFE = `a.target_type = 'workflow' AND a.action NOT IN ('workflow.updated', 'workflow.discarded')`;

interface EntryRow {
  at: Date;
  action: string;
  status: string | null;
  actor: Actor;
  note: string | null;
}

function toEntry(row: EntryRow): LifeEntry {
  return { ...row, at: new Date(row.at).toISOString() };
}

/** A workflow, and its life around a moment. */
export interface LivedWorkflow {
  id: string;
  /** Its last name, when it has been deleted; null when nothing but its entries is left. */
  name: string | null;
  life: WorkflowLife;
}

/**
 * What the workspace knows of a workflow around a moment, also of one that has been deleted; null when it knows nothing.
 * Served by audit_log_life and the primary keys.
 */
export async function findLife(manager: EntityManager, workspaceId: string, id: string, at: Date): Promise<LivedWorkflow | null> {
  const [workflow] = await sql<{ name: string; createdAt: Date | null }>(
    manager,
    `SELECT n.name, w.created_at AS "createdAt" FROM automation.workflow_names n
     LEFT JOIN automation.workflows w ON w.workspace_id = n.workspace_id AND w.id = n.id
     WHERE n.workspace_id = $1 AND n.id = $2`,
    [workspaceId, id],
  );
  const columns = `a.at, a.action, a.after->>'status' AS status, a.actor, a.note`;
  const of = `FROM automation.audit_log a WHERE a.workspace_id = $1 AND a.target_id = $2 AND ${OF_LIFE}`;
  const rows = await sql<EntryRow & { isBefore: boolean }>(
    manager,
    `SELECT * FROM (
       (SELECT ${columns}, true AS "isBefore" ${of} AND a.at <= $3 ORDER BY a.at DESC LIMIT ${MOST_BEFORE})
       UNION ALL (SELECT ${columns}, false ${of} AND a.at > $3 ORDER BY a.at LIMIT ${MOST_AFTER})) e ORDER BY at`,
    [workspaceId, id, at],
  );
  if (!workflow && rows.length === 0) return null;
  const before = rows.filter(({ isBefore }) => isBefore).length;
  const entries = rows.map(({ isBefore: _, ...row }) => toEntry(row));
  const created = workflow?.createdAt?.toISOString() ?? entries.find(({ action }) => action === 'workflow.created')?.at ?? null;
  return { id, name: workflow?.name ?? null, life: { createdAt: created, entries, isWhole: before < MOST_BEFORE } };
}

/** The version that was the published one at a moment, whether or not it was active. Served by the unique key (workspace, workflow, version). */
export async function findVersionAt(manager: EntityManager, workspaceId: string, workflowId: string, at: Date): Promise<string | null> {
  const [row] = await sql<{ id: string }>(
    manager,
    `SELECT id FROM automation.workflow_versions WHERE workspace_id = $1 AND workflow_id = $2 AND published_at <= $3
     ORDER BY version DESC LIMIT 1`,
    [workspaceId, workflowId, at],
  );
  return row?.id ?? null;
}

/**
 * The run that an event made of a workflow, or the row that says why it made none, and the last one of those that repeat it
 * from the start; null when there is none (any more). Served by runs_event and the primary key.
 */
export async function findRunsOf(
  manager: EntityManager,
  workspaceId: string,
  eventId: string,
  workflowId: string,
): Promise<{ first: string; last: string } | null> {
  const rows = await sql<{ id: string; isLast: boolean }>(
    manager,
    `WITH RECURSIVE made AS (
       SELECT f.id, f.retried_as, 0 AS repeats FROM automation.runs f
       WHERE f.workspace_id = $1 AND f.event_id = $2 AND f.workflow_id = $3 AND f.retry_of IS NULL
       UNION ALL
       SELECT n.id, n.retried_as, m.repeats + 1 FROM made m JOIN automation.runs n ON n.workspace_id = $1 AND n.id = m.retried_as
     )
     SELECT id FROM made ORDER BY repeats`,
    [workspaceId, eventId, workflowId],
  );
  const [first] = rows;
  const last = rows.at(-1);
  return first && last ? { first: first.id, last: last.id } : null;
}

/** A workflow of a workspace, as a timeline asks for it. */
export interface WorkspaceWorkflow extends LivedWorkflow {
  name: string;
  /** What it listens to now, or would when it is published: `leads.created`; null when it starts otherwise. */
  listensTo: string | null;
}

/**
 * The workflows of a workspace with the newest changes of their lives, at most `limit`, in the order in which they were
 * created. One look into audit_log_life a workflow.
 */
export async function listLives(manager: EntityManager, workspaceId: string, limit: number): Promise<WorkspaceWorkflow[]> {
  const rows = await sql<{ id: string; name: string; listensTo: string | null; createdAt: Date; entries: EntryRow[] | null }>(
    manager,
    `SELECT w.id, w.name, w.created_at AS "createdAt",
       CASE w.trigger->>'type' WHEN 'event' THEN concat_ws('.', w.trigger->>'module', w.trigger->>'event') END AS "listensTo",
       (SELECT json_agg(e ORDER BY e.at) FROM (
          SELECT a.at, a.action, a.after->>'status' AS status, a.actor, a.note FROM automation.audit_log a
          WHERE a.workspace_id = w.workspace_id AND a.target_id = w.id AND ${OF_LIFE} ORDER BY a.at DESC LIMIT ${MOST_OF_EACH}) e) AS entries
     FROM automation.workflows w WHERE w.workspace_id = $1 ORDER BY w.id LIMIT $2`,
    [workspaceId, limit],
  );
  return rows.map(({ createdAt, entries, ...row }) => ({
    ...row,
    life: {
      createdAt: createdAt.toISOString(),
      entries: (entries ?? []).map(toEntry),
      isWhole: (entries?.length ?? 0) < MOST_OF_EACH,
    },
  }));
}
