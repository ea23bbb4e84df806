import type { EntityManager } from 'typeorm';
import type { JsonObject } from '../../core/json.js';
import { recordset, sql } from '../sql.js';

/** For which attempt of which step of which run an answer is. */
export interface AnswerAddress {
  workspaceId: string;
  runId: string;
  path: string;
  attempt: number;
}

/** What became of an answer: `over`: the run has ended (or does not exist), `late`: its wait has, `repeated`: another one came first. */
export type Delivery = 'taken' | 'over' | 'late' | 'repeated';

/**
 * Counts an answer on a run that is not over, and makes the run due if it waits. Locks the row until the caller's
 * transaction ends: whoever holds the run cannot end it or park it without seeing the new count. False: the run is over.
 */
export async function countAnswer(manager: EntityManager, { workspaceId, runId }: AnswerAddress): Promise<boolean> {
  const rows = await sql(
    manager,
    `UPDATE automation.runs SET answers = answers + 1, due_at = CASE WHEN status = 'waiting' THEN now() ELSE due_at END,
       status = CASE WHEN status = 'waiting' THEN 'queued' ELSE status END
     WHERE workspace_id = $1 AND id = $2 AND status IN ('queued', 'running', 'waiting') RETURNING 1`,
    [workspaceId, runId],
  );
  return rows.length > 0;
}

/**
 * Writes an answer into the inbox of a run whose row the transaction has locked by {@link countAnswer}. An attempt whose
 * wait is over takes none, nor does one whose time is up, though nobody has noted it yet; one whose wait has not begun yet
 * does. The first answer wins.
 */
export async function insertAnswer(manager: EntityManager, address: AnswerAddress, answer: JsonObject): Promise<Exclude<Delivery, 'over'>> {
  const { workspaceId, runId, path, attempt } = address;
  const [row] = await sql<{ late: boolean; taken: boolean }>(
    manager,
    `WITH step AS (
       SELECT 1 FROM automation.step_executions
       WHERE workspace_id = $1 AND run_id = $2 AND path = $3 AND attempt = $4 AND (status <> 'waiting' OR superseded OR wake_at <= now())
     ), taken AS (
       INSERT INTO automation.run_inbox (workspace_id, run_id, path, attempt, answer)
       SELECT $1, $2, $3, $4, $5::jsonb WHERE NOT EXISTS (SELECT 1 FROM step)
       ON CONFLICT (workspace_id, run_id, path, attempt) DO NOTHING RETURNING 1
     )
     SELECT EXISTS (SELECT 1 FROM step) AS late, EXISTS (SELECT 1 FROM taken) AS taken`,
    [workspaceId, runId, path, attempt, JSON.stringify(answer)],
  );
  if (row?.taken) return 'taken';
  return row?.late ? 'late' : 'repeated';
}

/** The inbox of one run. */
export interface RunAnswers {
  /** How many answers the run's row had counted; the rows of the inbox are at least as many. */
  count: number;
  answers: { path: string; attempt: number; answer: JsonObject }[];
}

/** The inboxes of runs, keyed by run id; count and answers are of one snapshot. */
export async function loadAnswers(
  manager: EntityManager,
  runs: readonly { workspaceId: string; id: string }[],
): Promise<Map<string, RunAnswers>> {
  const inboxes = new Map<string, RunAnswers>();
  if (runs.length === 0) return inboxes;
  const rows = await sql<{ id: string; count: number; path: string | null; attempt: number; answer: JsonObject }>(
    manager,
    `SELECT r.id, r.answers AS count, i.path, i.attempt, i.answer
     FROM json_to_recordset($1::json) AS h("workspaceId" text, "runId" uuid)
     JOIN automation.runs r ON r.workspace_id = h."workspaceId" AND r.id = h."runId"
     LEFT JOIN automation.run_inbox i ON i.workspace_id = r.workspace_id AND i.run_id = r.id
     ORDER BY i.created_at`,
    [recordset(runs.map(({ workspaceId, id }) => ({ workspaceId, runId: id })))],
  );
  for (const { id, count, path, attempt, answer } of rows) {
    const inbox = inboxes.get(id) ?? { count, answers: [] };
    if (path !== null) inbox.answers.push({ path, attempt, answer });
    inboxes.set(id, inbox);
  }
  return inboxes;
}
