import type { EntityManager } from 'typeorm';
import type { TaskNotice } from '../core/people/task-times.js';
import { sql } from './sql.js';

/** One person of a task, with what they said. */
export interface TaskPerson {
  userId: string;
  isOpen: boolean;
  isAsked: boolean;
  isReplaced: boolean;
  name: string | null;
  decision: 'approved' | 'rejected' | null;
  comment: string | null;
  door: string | null;
  decidedAt: Date | null;
}

/** The people of tasks, by task: those who have said something first, in that order. */
export async function taskPeople(
  manager: EntityManager,
  workspaceId: string,
  taskIds: readonly string[],
): Promise<Map<string, TaskPerson[]>> {
  const people = new Map<string, TaskPerson[]>();
  if (taskIds.length === 0) return people;
  const rows = await sql<TaskPerson & { taskId: string }>(
    manager,
    `SELECT task_id AS "taskId", user_id AS "userId", is_open AS "isOpen", is_asked AS "isAsked", is_replaced AS "isReplaced", name, decision,
       comment, door, decided_at AS "decidedAt"
     FROM automation.human_task_people WHERE workspace_id = $1 AND task_id = ANY ($2::uuid[]) ORDER BY decided_at NULLS LAST, user_id`,
    [workspaceId, taskIds],
  );
  for (const { taskId, ...person } of rows) people.set(taskId, [...(people.get(taskId) ?? []), person]);
  return people;
}

/** What one person said. */
export interface NewDecision {
  userId: string;
  name: string;
  /** Null: a form, whose values are the task's outcome. */
  decision: 'approved' | 'rejected' | null;
  comment: string | null;
  door: string;
}

/** Notes what a person said of a task that the transaction has locked. Returns when, by the database's clock. */
export async function writeDecision(manager: EntityManager, workspaceId: string, taskId: string, said: NewDecision): Promise<Date> {
  const [row] = await sql<{ at: Date }>(
    manager,
    `INSERT INTO automation.human_task_people AS p (workspace_id, task_id, user_id, is_open, is_asked, due_at, name, decision, comment, door, decided_at)
     SELECT $1, $2, $3, false, false, t.due_at, $4, $5, $6, $7, clock_timestamp()
     FROM automation.human_tasks t WHERE t.workspace_id = $1 AND t.id = $2
     ON CONFLICT (workspace_id, task_id, user_id) DO UPDATE SET is_open = false, name = excluded.name, decision = excluded.decision,
       comment = excluded.comment, door = excluded.door, decided_at = excluded.decided_at, is_replaced = false
     RETURNING decided_at AS at`,
    [workspaceId, taskId, said.userId, said.name, said.decision, said.comment, said.door],
  );
  return (row as { at: Date }).at;
}

/** Gives a task that the transaction has locked to one person: it is nobody else's to do until they give it back. */
export async function claimTask(manager: EntityManager, workspaceId: string, id: string, userId: string): Promise<void> {
  await sql(
    manager,
    `WITH task AS (
       UPDATE automation.human_tasks SET assignee_id = $3, revision = revision + 1 WHERE workspace_id = $1 AND id = $2
       RETURNING workspace_id, id, due_at
     ), others AS (
       UPDATE automation.human_task_people p SET is_open = false FROM task
       WHERE p.workspace_id = task.workspace_id AND p.task_id = task.id AND p.user_id <> $3 AND p.is_open
     )
     INSERT INTO automation.human_task_people (workspace_id, task_id, user_id, is_open, is_asked, due_at)
     SELECT workspace_id, id, $3, true, false, due_at FROM task
     ON CONFLICT (workspace_id, task_id, user_id) DO UPDATE SET is_open = true`,
    [workspaceId, id, userId],
  );
}

/** Takes a task that the transaction has locked back from whoever has it: it is for all of those who were asked again. */
export async function releaseTask(manager: EntityManager, workspaceId: string, id: string): Promise<void> {
  await sql(
    manager,
    `WITH task AS (
       UPDATE automation.human_tasks SET assignee_id = NULL, revision = revision + 1 WHERE workspace_id = $1 AND id = $2
       RETURNING workspace_id, id
     ), gone AS (
       DELETE FROM automation.human_task_people p USING task
       WHERE p.workspace_id = task.workspace_id AND p.task_id = task.id AND NOT p.is_asked AND p.decided_at IS NULL
     )
     UPDATE automation.human_task_people p SET is_open = true FROM task
     WHERE p.workspace_id = task.workspace_id AND p.task_id = task.id AND p.is_asked AND NOT p.is_replaced AND p.decided_at IS NULL`,
    [workspaceId, id],
  );
}

/** Who is asked from now on. */
export interface Replacement {
  people: readonly string[];
  queue: string | null;
  /** Only this person is replaced; null: all who have been asked so far. */
  from: string | null;
  /** How many have to say yes from now on; null: the first answer decides. */
  approvals: number | null;
  /** What they are told. */
  notice: TaskNotice;
}

/**
 * Asks others in place of those who were asked, in a task that the transaction has locked. What somebody has said stays on
 * record; it counts no more where everybody is replaced. The new ones are told.
 */
export async function replacePeople(
  manager: EntityManager,
  workspaceId: string,
  id: string,
  { people, queue, from, approvals, notice }: Replacement,
): Promise<void> {
  await sql(
    manager,
    `DELETE FROM automation.human_task_people WHERE workspace_id = $1 AND task_id = $2 AND decided_at IS NULL
       AND ($3::text IS NULL OR user_id = $3)`,
    [workspaceId, id, from],
  );
  if (from === null) {
    await sql(
      manager,
      'UPDATE automation.human_task_people SET is_replaced = true, is_open = false WHERE workspace_id = $1 AND task_id = $2',
      [workspaceId, id],
    );
  }
  await sql(
    manager,
    `WITH task AS (
       UPDATE automation.human_tasks SET queue = CASE WHEN $4::text IS NULL THEN $5 ELSE queue END, approvals = $6,
         assignee_id = CASE WHEN $4::text IS NULL AND $5::text IS NULL AND cardinality($3::text[]) = 1 THEN ($3::text[])[1] END,
         pending = ARRAY[$7::text], next_at = now(), revision = revision + 1
       WHERE workspace_id = $1 AND id = $2 RETURNING workspace_id, id, due_at
     )
     INSERT INTO automation.human_task_people (workspace_id, task_id, user_id, is_open, is_asked, due_at)
     SELECT workspace_id, id, person, true, true, due_at FROM task, unnest($3::text[]) AS person
     ON CONFLICT (workspace_id, task_id, user_id) DO UPDATE SET is_open = true, is_asked = true, is_replaced = false, decision = NULL,
       comment = NULL, door = NULL, decided_at = NULL`,
    [workspaceId, id, people, from, queue, approvals, notice],
  );
}
