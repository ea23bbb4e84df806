import type { EntityManager } from 'typeorm';
import type { AnswerAddress } from './runs/inbox.js';
import { recordset, sql } from './sql.js';

/** What a token lets its bearer do: it is good for nothing else. */
export type WaitPurpose = 'resume' | 'review' | 'approve' | 'reject';

/** A token on its way into the table. */
export interface WaitTokenRow extends AnswerAddress {
  /** Hexadecimal. */
  hash: string;
  purpose: WaitPurpose;
  /** Whom it was made for; null: whoever has it. */
  who: string | null;
}

/** Writes tokens, in the transaction that lets them out; one that was let out before is there already. */
export async function insertWaitTokens(manager: EntityManager, tokens: readonly WaitTokenRow[]): Promise<void> {
  if (tokens.length === 0) return;
  await sql(
    manager,
    `INSERT INTO automation.wait_tokens (workspace_id, run_id, token_hash, path, attempt, purpose, who)
     SELECT "workspaceId", "runId", decode(hash, 'hex'), path, attempt, purpose, who
     FROM json_to_recordset($1::json) AS t("workspaceId" text, "runId" uuid, hash text, path text, attempt integer, purpose text, who text)
     ON CONFLICT (workspace_id, run_id, token_hash) DO NOTHING`,
    [recordset(tokens)],
  );
}

/**
 * Where the wait of a token stands: `open`: it takes an answer, perhaps before it has begun; `answered`: it has had one;
 * `renewed`: the step was retried, and waits by another token; `over`: it takes none any more, for its time, its branch or its run is over.
 */
export type WaitState = 'open' | 'answered' | 'renewed' | 'over';

/** A token that somebody came with, and the wait behind it. */
export interface FoundWait extends AnswerAddress {
  workflowId: string;
  versionId: string;
  who: string | null;
  state: WaitState;
}

/** Looks a token up for a purpose; null: nobody has it, for this purpose. Served by wait_tokens_hash, and the keys of what it joins. */
export async function findWait(manager: EntityManager, hash: string, purpose: WaitPurpose): Promise<FoundWait | null> {
  const [row] = await sql<FoundWait>(
    manager,
    `SELECT t.workspace_id AS "workspaceId", t.run_id AS "runId", t.path, t.attempt, t.who, r.workflow_id AS "workflowId",
       r.version_id AS "versionId",
       CASE WHEN i.run_id IS NOT NULL THEN 'answered'
         WHEN r.status NOT IN ('queued', 'running', 'waiting') THEN 'over'
         WHEN EXISTS (SELECT 1 FROM automation.step_executions n WHERE n.workspace_id = t.workspace_id AND n.run_id = t.run_id
           AND n.path = t.path AND n.attempt > t.attempt AND n.status = 'waiting') THEN 'renewed'
         WHEN s.status <> 'waiting' OR s.superseded OR s.wake_at <= now() THEN 'over'
         ELSE 'open' END AS state
     FROM automation.wait_tokens t
     JOIN automation.runs r ON r.workspace_id = t.workspace_id AND r.id = t.run_id
     LEFT JOIN automation.step_executions s
       ON s.workspace_id = t.workspace_id AND s.run_id = t.run_id AND s.path = t.path AND s.attempt = t.attempt
     LEFT JOIN automation.run_inbox i
       ON i.workspace_id = t.workspace_id AND i.run_id = t.run_id AND i.path = t.path AND i.attempt = t.attempt
     WHERE t.token_hash = decode($1, 'hex') AND t.purpose = $2`,
    [hash, purpose],
  );
  return row ?? null;
}

/** The task behind a link, and whom the link was made for. */
export interface LinkedTask {
  workspaceId: string;
  taskId: string;
  purpose: WaitPurpose;
  who: string;
}

/** Looks up the token of a link to a task; null: nobody has it. Served by wait_tokens_hash and human_tasks_step. */
export async function findLinkedTask(manager: EntityManager, hash: string): Promise<LinkedTask | null> {
  const [row] = await sql<LinkedTask>(
    manager,
    `SELECT t.workspace_id AS "workspaceId", h.id AS "taskId", t.purpose, t.who
     FROM automation.wait_tokens t
     JOIN automation.human_tasks h
       ON h.workspace_id = t.workspace_id AND h.run_id = t.run_id AND h.path = t.path AND h.attempt = t.attempt
     WHERE t.token_hash = decode($1, 'hex') AND t.purpose IN ('review', 'approve', 'reject') AND t.who IS NOT NULL`,
    [hash],
  );
  return row ?? null;
}
