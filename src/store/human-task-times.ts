import type { EntityManager } from 'typeorm';
import type { Asked, Priority, TaskKind } from '../core/people/question.js';
import type { TaskNotice, TaskTimes } from '../core/people/task-times.js';
import { sql } from './sql.js';

/** A task of which something is due. */
export interface DueTask extends TaskTimes {
  id: string;
  kind: TaskKind;
  title: string;
  message: string | null;
  module: string | null;
  recordId: string | null;
  recordTitle: string | null;
  priority: Priority;
  queue: string | null;
  assigneeId: string | null;
  escalation: Asked | null;
  /** Its due date, whether they have been told or not. */
  dueOn: Date | null;
  /** The database's clock. */
  now: Date;
  /** Until when it is this process's to look at, as Postgres writes it. */
  heldUntil: string;
}

/**
 * Takes tasks of a workspace of which something is due, the longest first, for a minute: what this process does not get done
 * in that time, another one does. No lock is kept, for the host's code is asked about them. Served by human_tasks_next.
 */
export function holdDueTasks(manager: EntityManager, workspaceId: string, limit: number): Promise<DueTask[]> {
  return sql<DueTask>(
    manager,
    `UPDATE automation.human_tasks t SET next_at = now() + interval '1 minute'
     FROM (SELECT workspace_id, id FROM automation.human_tasks
       WHERE workspace_id COLLATE "C" = $1 AND next_at <= now() ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED) d
     WHERE t.workspace_id = d.workspace_id AND t.id = d.id
     RETURNING t.id, t.kind, t.title, t.message, t.module, t.record_id AS "recordId", t.record_title AS "recordTitle", t.priority, t.queue,
       t.assignee_id AS "assigneeId", t.escalation, t.pending, CASE WHEN NOT t.is_due_told THEN nullif(t.due_at, 'infinity') END AS "dueAt",
       nullif(t.due_at, 'infinity') AS "dueOn", t.remind_at AS "remindAt", t.escalate_at AS "escalateAt", now() AS now,
       t.next_at::text AS "heldUntil"`,
    [workspaceId, limit],
  );
}

/** Notes what is left to be done about a held task. False: it has gone on meanwhile, and nothing of what was done may count. */
export async function advanceTask(
  manager: EntityManager,
  workspaceId: string,
  { id, heldUntil }: Pick<DueTask, 'id' | 'heldUntil'>,
  { left, nextAt }: { left: TaskTimes; nextAt: Date | null },
): Promise<boolean> {
  const rows = await sql(
    manager,
    `UPDATE automation.human_tasks SET pending = $4, is_due_told = $5, remind_at = $6, escalate_at = $7, next_at = $8
     WHERE workspace_id = $1 AND id = $2 AND status = 'open' AND next_at = $3::timestamptz RETURNING 1`,
    [workspaceId, id, heldUntil, left.pending, left.dueAt === null, left.remindAt, left.escalateAt, nextAt],
  );
  return rows.length > 0;
}

/** The users whose it is to do, in order. */
export async function openPeople(manager: EntityManager, workspaceId: string, taskId: string): Promise<string[]> {
  const rows = await sql<{ id: string }>(
    manager,
    'SELECT user_id AS id FROM automation.human_task_people WHERE workspace_id = $1 AND task_id = $2 AND is_open ORDER BY user_id',
    [workspaceId, taskId],
  );
  return rows.map(({ id }) => id);
}

/** A mail about a task that is to be sent. */
export interface TaskMail {
  taskId: string;
  notice: TaskNotice;
  userId: string;
  address: string;
}

/** Notes mails that are to be sent; what somebody was sent before, of another time, is sent again. */
export async function insertMails(manager: EntityManager, workspaceId: string, mails: readonly TaskMail[]): Promise<void> {
  if (mails.length === 0) return;
  await sql(
    manager,
    `INSERT INTO automation.human_task_mails (workspace_id, task_id, notice, user_id, address)
     SELECT $1, "taskId", notice, "userId", address
     FROM json_to_recordset($2::json) AS m("taskId" uuid, notice text, "userId" text, address text)
     ON CONFLICT (workspace_id, task_id, notice, user_id) DO UPDATE SET address = excluded.address, attempts = 0, next_at = now(), noted_at = now()`,
    [workspaceId, JSON.stringify(mails)],
  );
}

/** A mail that this process is to send, with its task. */
export interface HeldMail extends TaskMail, Pick<DueTask, 'kind' | 'title' | 'message' | 'recordTitle' | 'priority' | 'queue' | 'dueOn'> {
  /** This one included. */
  attempts: number;
  /** The same at every attempt. */
  notedAt: Date;
  /** Is it still to be done? */
  isOpen: boolean;
  /** Where the run waits for it. */
  runId: string;
  path: string;
  attempt: number;
}

/**
 * Takes mails of a workspace that are to be sent, for as long as their next attempt is away: longer each time. Served by
 * human_task_mails_next.
 */
export function holdDueMails(manager: EntityManager, workspaceId: string, limit: number): Promise<HeldMail[]> {
  return sql<HeldMail>(
    manager,
    `UPDATE automation.human_task_mails m SET attempts = m.attempts + 1, next_at = now() + (m.attempts + 1) * interval '2 minutes'
     FROM (SELECT workspace_id, task_id, notice, user_id FROM automation.human_task_mails
       WHERE workspace_id COLLATE "C" = $1 AND next_at <= now() ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED) d
     JOIN automation.human_tasks t ON t.workspace_id = d.workspace_id AND t.id = d.task_id
     WHERE m.workspace_id = d.workspace_id AND m.task_id = d.task_id AND m.notice = d.notice AND m.user_id = d.user_id
     RETURNING m.task_id AS "taskId", m.notice, m.user_id AS "userId", m.address, m.attempts, m.noted_at AS "notedAt", t.kind, t.title, t.message,
       t.record_title AS "recordTitle", t.priority, t.queue, nullif(t.due_at, 'infinity') AS "dueOn", t.status = 'open' AS "isOpen",
       t.run_id AS "runId", t.path, t.attempt`,
    [workspaceId, limit],
  );
}

/** Forgets a held mail: it has been sent, or never will be. One that was noted anew since it was held stays. */
export async function removeMail(
  manager: EntityManager,
  workspaceId: string,
  { taskId, notice, userId, attempts }: HeldMail,
): Promise<void> {
  await sql(
    manager,
    `DELETE FROM automation.human_task_mails
     WHERE workspace_id = $1 AND task_id = $2 AND notice = $3 AND user_id = $4 AND attempts = $5`,
    [workspaceId, taskId, notice, userId, attempts],
  );
}
