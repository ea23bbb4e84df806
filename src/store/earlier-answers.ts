import type { EntityManager } from 'typeorm';
import type { JsonObject } from '../core/json.js';
import type { FormField } from '../core/people/form-field.js';
import type { TaskKind } from '../core/people/question.js';
import type { TaskRow } from './human-tasks.js';
import { sql } from './sql.js';

/** What people have answered to another task of a run. */
export interface EarlierAnswer {
  id: string;
  path: string;
  kind: TaskKind;
  title: string;
  fields: FormField[];
  outcome: JsonObject;
  finishedAt: Date;
}

/**
 * What people had answered in the run of a task before it was over, oldest first; of more than `most` the newest. Served by
 * human_tasks_step.
 */
export async function answersBefore(
  manager: EntityManager,
  workspaceId: string,
  { id, runId, finishedAt }: Pick<TaskRow, 'id' | 'runId' | 'finishedAt'>,
  most: number,
): Promise<EarlierAnswer[]> {
  const rows = await sql<EarlierAnswer>(
    manager,
    `SELECT id, path, kind, title, fields, outcome, finished_at AS "finishedAt" FROM automation.human_tasks
     WHERE workspace_id = $1 AND run_id = $2 AND id <> $3 AND status = 'completed' AND finished_at < coalesce($4, 'infinity'::timestamptz)
     ORDER BY finished_at DESC LIMIT $5`,
    [workspaceId, runId, id, finishedAt, most],
  );
  return rows.reverse();
}
