import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { sql } from './sql.js';

/** A queue of a workspace: tasks that whoever of it takes. */
export interface TaskQueue {
  id: string;
  name: string;
  label: string | null;
  /** Its members: these users, */
  users: string[];
  /** and everybody who has one of these roles. */
  roles: string[];
  updatedAt: Date;
}

/** The most queues that a workspace has: they are read whole. */
export const MOST_QUEUES = 500;

const COLUMNS = 'id, name, label, users, roles, updated_at AS "updatedAt"';

/** The queues of a workspace by name; served by the primary key. */
export function listQueues(manager: EntityManager, workspaceId: string): Promise<TaskQueue[]> {
  return sql<TaskQueue>(manager, `SELECT ${COLUMNS} FROM automation.task_queues WHERE workspace_id = $1 ORDER BY name LIMIT $2`, [
    workspaceId,
    MOST_QUEUES,
  ]);
}

/** One queue; null when there is none of this name. */
export async function findQueue(manager: EntityManager, workspaceId: string, name: string): Promise<TaskQueue | null> {
  const [row] = await sql<TaskQueue>(manager, `SELECT ${COLUMNS} FROM automation.task_queues WHERE workspace_id = $1 AND name = $2`, [
    workspaceId,
    name,
  ]);
  return row ?? null;
}

/** The names of the queues that somebody with these roles works in. */
export async function queuesOf(
  manager: EntityManager,
  workspaceId: string,
  { userId, roles }: { userId: string; roles: readonly string[] },
): Promise<string[]> {
  const rows = await sql<{ name: string }>(
    manager,
    `SELECT name FROM automation.task_queues WHERE workspace_id = $1 AND ($2 = ANY (users) OR roles && $3::text[]) ORDER BY name LIMIT $4`,
    [workspaceId, userId, roles, MOST_QUEUES],
  );
  return rows.map(({ name }) => name);
}

/** Writes a queue, new or in place of what it was, which is returned; null for a new one. */
export async function putQueue(
  manager: EntityManager,
  workspaceId: string,
  { name, label, users, roles }: Pick<TaskQueue, 'name' | 'label' | 'users' | 'roles'>,
): Promise<{ before: TaskQueue | null; after: TaskQueue }> {
  const [before] = await sql<TaskQueue>(
    manager,
    `SELECT ${COLUMNS} FROM automation.task_queues WHERE workspace_id = $1 AND name = $2 FOR UPDATE`,
    [workspaceId, name],
  );
  const [after] = await sql<TaskQueue>(
    manager,
    `INSERT INTO automation.task_queues (workspace_id, name, id, label, users, roles) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (workspace_id, name) DO UPDATE SET label = excluded.label, users = excluded.users, roles = excluded.roles, updated_at = now()
     RETURNING ${COLUMNS}`,
    [workspaceId, name, uuidv7(), label, users, roles],
  );
  return { before: before ?? null, after: after as TaskQueue };
}

/** How many queues a workspace has. */
export async function countQueues(manager: EntityManager, workspaceId: string): Promise<number> {
  const [row] = await sql<{ count: number }>(manager, 'SELECT count(*)::int AS count FROM automation.task_queues WHERE workspace_id = $1', [
    workspaceId,
  ]);
  return row?.count ?? 0;
}

/** True when something in the queue is still to be done. Served by human_tasks_queue. */
export async function hasOpenTasks(manager: EntityManager, workspaceId: string, name: string): Promise<boolean> {
  const rows = await sql(
    manager,
    `SELECT 1 FROM automation.human_tasks WHERE workspace_id = $1 AND queue = $2 AND status = 'open' LIMIT 1`,
    [workspaceId, name],
  );
  return rows.length > 0;
}

/** Removes a queue; returns what it was, null when there was none. */
export async function deleteQueue(manager: EntityManager, workspaceId: string, name: string): Promise<TaskQueue | null> {
  const [row] = await sql<TaskQueue>(
    manager,
    `DELETE FROM automation.task_queues WHERE workspace_id = $1 AND name = $2 RETURNING ${COLUMNS}`,
    [workspaceId, name],
  );
  return row ?? null;
}
