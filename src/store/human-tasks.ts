import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import type { FormField } from '../core/people/form-field.js';
import type { Asked, Priority, TaskKind } from '../core/people/question.js';
import { recordset, sql } from './sql.js';

/** What became of a task: it is `open` until somebody has answered, nobody has in time, or nobody needs to any more. */
export const TASK_STATUSES = ['open', 'completed', 'expired', 'cancelled'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** A task that a run is about to make, with the people who are asked. Moments are ISO 8601. */
export interface NewHumanTask {
  workspaceId: string;
  id: string;
  runId: string;
  path: string;
  attempt: number;
  workflowId: string;
  kind: TaskKind;
  title: string;
  message: string | null;
  fields: FormField[];
  shown: string[];
  module: string | null;
  recordId: string | null;
  recordTitle: string | null;
  priority: Priority;
  queue: string | null;
  /** Users who are asked, each once. */
  people: string[];
  /** How many have to say yes; null: the first answer decides. */
  approvals: number | null;
  reasonRequired: boolean;
  escalation: Asked | null;
  dueAt: string | null;
  expiresAt: string | null;
  remindAt: string | null;
  escalateAt: string | null;
}

/**
 * Writes the tasks of a transaction's runs, and the people who are asked, in one statement. What only one person is asked is
 * theirs from the start; of approvals everybody has a vote of their own.
 */
export async function insertTasks(manager: EntityManager, tasks: readonly NewHumanTask[]): Promise<void> {
  if (tasks.length === 0) return;
  await sql(
    manager,
    `WITH task AS (
       SELECT * FROM json_to_recordset($1::json) AS t("workspaceId" text, id uuid, "runId" uuid, path text, attempt integer,
         "workflowId" uuid, kind text, title text, message text, fields jsonb, shown text[], module text, "recordId" text,
         "recordTitle" text, priority text, queue text, people text[], approvals integer, "reasonRequired" boolean,
         escalation jsonb, "dueAt" timestamptz, "expiresAt" timestamptz, "remindAt" timestamptz, "escalateAt" timestamptz)
     ), written AS (
       INSERT INTO automation.human_tasks (workspace_id, id, run_id, path, attempt, workflow_id, kind, title, message, fields, shown,
         module, record_id, record_title, priority, queue, assignee_id, approvals, reason_required, escalation, due_at, expires_at,
         remind_at, escalate_at, pending, next_at)
       SELECT "workspaceId", id, "runId", path, attempt, "workflowId", kind, title, message, fields, shown, module, "recordId",
         "recordTitle", priority, queue, CASE WHEN queue IS NULL AND cardinality(people) = 1 THEN people[1] END, approvals,
         "reasonRequired", escalation, coalesce("dueAt", 'infinity'), "expiresAt", "remindAt", "escalateAt", '{new}', now()
       FROM task
     )
     INSERT INTO automation.human_task_people (workspace_id, task_id, user_id, is_open, is_asked, due_at)
     SELECT "workspaceId", id, person, true, true, coalesce("dueAt", 'infinity') FROM task, unnest(people) AS person`,
    [recordset(tasks)],
  );
}

/** A wait that is over: of one step, or (null) of every step of the run. */
export interface ClosedWait {
  workspaceId: string;
  runId: string;
  path: string | null;
  attempt: number | null;
  status: Exclude<TaskStatus, 'open'>;
  reason: LoggedError | null;
}

/**
 * Closes the tasks of waits that are over, and takes them from those who were asked. What a person has completed is closed
 * already. Served by human_tasks_step.
 */
export async function closeTasks(manager: EntityManager, waits: readonly ClosedWait[]): Promise<void> {
  await sql(
    manager,
    `WITH closed AS (
       UPDATE automation.human_tasks t SET status = w.status, reason = w.reason, finished_at = now(), next_at = NULL, pending = '{}',
         revision = t.revision + 1
       FROM json_to_recordset($1::json) AS w("workspaceId" text, "runId" uuid, path text, attempt integer, status text, reason jsonb)
       WHERE t.workspace_id = w."workspaceId" AND t.run_id = w."runId" AND t.status = 'open'
         AND (w.path IS NULL OR (t.path = w.path AND t.attempt = w.attempt))
       RETURNING t.workspace_id, t.id
     )
     UPDATE automation.human_task_people p SET is_open = false FROM closed
     WHERE p.workspace_id = closed.workspace_id AND p.task_id = closed.id AND p.is_open`,
    [recordset(waits)],
  );
}

/** A task as it stands, with all that decides who may do what. */
export interface TaskRow {
  id: string;
  runId: string;
  path: string;
  attempt: number;
  workflowId: string;
  /** Null: the workflow is gone. */
  workflowName: string | null;
  kind: TaskKind;
  status: TaskStatus;
  title: string;
  message: string | null;
  fields: FormField[];
  shown: string[];
  module: string | null;
  recordId: string | null;
  recordTitle: string | null;
  priority: Priority;
  queue: string | null;
  assigneeId: string | null;
  approvals: number | null;
  reasonRequired: boolean;
  dueAt: Date | null;
  expiresAt: Date | null;
  revision: number;
  createdAt: Date;
  finishedAt: Date | null;
  outcome: JsonObject | null;
  reason: LoggedError | null;
  isOverdue: boolean;
}

/** The columns of a {@link TaskRow}, for a FROM that calls the tasks `t`. */
export const TASK_COLUMNS = `t.id, t.run_id AS "runId", t.path, t.attempt, t.workflow_id AS "workflowId", n.name AS "workflowName", t.kind, t.status, t.title, t.message,
  t.fields, t.shown, t.module, t.record_id AS "recordId", t.record_title AS "recordTitle", t.priority, t.queue,
  t.assignee_id AS "assigneeId", t.approvals, t.reason_required AS "reasonRequired", nullif(t.due_at, 'infinity') AS "dueAt",
  t.expires_at AS "expiresAt", t.revision, t.created_at AS "createdAt", t.finished_at AS "finishedAt", t.outcome, t.reason,
  t.status = 'open' AND t.due_at < now() AS "isOverdue"`;

/** Where a {@link TaskRow} is read from. */
export const TASKS = `automation.human_tasks t
  LEFT JOIN automation.workflow_names n ON n.workspace_id = t.workspace_id AND n.id = t.workflow_id`;

/** One task; null when the workspace has none of this id. */
export async function findTask(manager: EntityManager, workspaceId: string, id: string): Promise<TaskRow | null> {
  const [row] = await sql<TaskRow>(manager, `SELECT ${TASK_COLUMNS} FROM ${TASKS} WHERE t.workspace_id = $1 AND t.id = $2`, [
    workspaceId,
    id,
  ]);
  return row ?? null;
}

/** The same, locked until the transaction ends. */
export async function lockTask(manager: EntityManager, workspaceId: string, id: string): Promise<TaskRow | null> {
  const [row] = await sql<TaskRow>(
    manager,
    `SELECT ${TASK_COLUMNS} FROM ${TASKS} WHERE t.workspace_id = $1 AND t.id = $2 FOR NO KEY UPDATE OF t`,
    [workspaceId, id],
  );
  return row ?? null;
}

/**
 * Locks the run of a task, as the answer to it will: whoever advances the run locks it before its tasks, and so does whoever
 * completes one.
 */
export async function lockRunOfTask(manager: EntityManager, workspaceId: string, runId: string): Promise<void> {
  await sql(manager, 'SELECT 1 FROM automation.runs WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE', [workspaceId, runId]);
}

/** Notes that a task that the transaction has locked has gone on: another person may look at it anew. */
export async function raiseTaskRevision(manager: EntityManager, workspaceId: string, id: string): Promise<void> {
  await sql(manager, 'UPDATE automation.human_tasks SET revision = revision + 1 WHERE workspace_id = $1 AND id = $2', [workspaceId, id]);
}

/** Completes a task that the transaction has locked. */
export async function completeTask(manager: EntityManager, workspaceId: string, id: string, outcome: JsonObject): Promise<void> {
  await sql(
    manager,
    `WITH completed AS (
       UPDATE automation.human_tasks SET status = 'completed', outcome = $3, finished_at = now(), next_at = NULL, pending = '{}',
         revision = revision + 1
       WHERE workspace_id = $1 AND id = $2 RETURNING workspace_id, id
     )
     UPDATE automation.human_task_people p SET is_open = false FROM completed
     WHERE p.workspace_id = completed.workspace_id AND p.task_id = completed.id AND p.is_open`,
    [workspaceId, id, JSON.stringify(outcome)],
  );
}
