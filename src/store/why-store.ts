import type { EntityManager } from 'typeorm';
import type { Actor } from '../core/event.js';
import type { LifeEntry, WorkflowLife } from '../core/why/life.js';
import { sql } from './sql.js';

/** How many changes of a workflow's life are read: those before the moment, and those after. */
const MOST_BEFORE = 20;
const MOST_AFTER = 100;
/** Of each of many, in the period that is asked about, and after it. */
const MOST_WITHIN = 50;
const MOST_LATER = 10;

/** What the index audit_log_life holds: the entries about a workflow that are no edits. */
const OF_LIFE = `a.target_type = 'workflow' AND a.action NOT IN ('workflow.updated', 'workflow.discarded')`;

/** Those of them that say what it was from then on. */
const TELLS = `(a.after->>'status' IS NOT NULL OR a.action IN ('workflow.created', 'workflow.deleted'))`;

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
     WHERE n.workspace_id = $1 AND n.id = $2 AND n.kind = 'workflow'`,
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
    `SELECT id FROM automation.workflow_versions WHERE workspace_id = $1 AND workflow_id = $2 AND transition IS NULL AND published_at <= $3
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

/** Of which moments a timeline asks what workflows were. */
export interface LivesQuery {
  from: Date;
  to: Date;
  /** Null: all. */
  workflowId: string | null;
  limit: number;
}

/**
 * The workflows of a workspace, at most `limit`, in the order in which they were created, with the changes of their lives from
 * which `standingAt` tells what they were within the period: the last one before it, those in it, the first ones after
 * it. Three looks into audit_log_life a workflow, of which most read one entry or none.
 */
export async function listLives(
  manager: EntityManager,
  workspaceId: string,
  { from, to, workflowId, limit }: LivesQuery,
): Promise<WorkspaceWorkflow[]> {
  const entries = `SELECT a.at, a.action, a.after->>'status' AS status, a.actor, a.note FROM automation.audit_log a
    WHERE a.workspace_id = w.workspace_id AND a.target_id = w.id AND ${OF_LIFE} AND ${TELLS}`;
  const rows = await sql<{
    id: string;
    name: string;
    listensTo: string | null;
    createdAt: Date;
    before: EntryRow | null;
    within: EntryRow[] | null;
    later: EntryRow[] | null;
  }>(
    manager,
    `SELECT w.id, w.name, w.created_at AS "createdAt",
       CASE w.trigger->>'type' WHEN 'event' THEN concat_ws('.', w.trigger->>'module', w.trigger->>'event') END AS "listensTo",
       (SELECT to_json(e) FROM (${entries} AND a.at <= $2 ORDER BY a.at DESC LIMIT 1) e) AS before,
       (SELECT json_agg(e ORDER BY e.at) FROM (${entries} AND a.at > $2 AND a.at <= $3 ORDER BY a.at DESC LIMIT ${MOST_WITHIN}) e) AS within,
       (SELECT json_agg(e ORDER BY e.at) FROM (${entries} AND a.at > $3 ORDER BY a.at LIMIT ${MOST_LATER}) e) AS later
     FROM automation.workflows w WHERE w.workspace_id = $1 AND w.kind = 'workflow' AND ($4::uuid IS NULL OR w.id = $4) ORDER BY w.id LIMIT $5`,
    [workspaceId, from, to, workflowId, limit],
  );
  return rows.map(({ createdAt, before, within, later, ...row }) => {
    // With a gap behind it, the one before the period says nothing of the moments in the gap.
    const isWhole = (within?.length ?? 0) < MOST_WITHIN;
    const entries = [...(before && isWhole ? [before] : []), ...(within ?? []), ...(later ?? [])].map(toEntry);
    return { ...row, life: { createdAt: createdAt.toISOString(), entries, isWhole } };
  });
}
