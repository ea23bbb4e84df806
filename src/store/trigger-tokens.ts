import type { EntityManager } from 'typeorm';
import type { Actor } from '../core/event.js';
import { sql } from './sql.js';
import type { DefinitionKind, WorkflowStatus } from './workflow-store.js';

/** A token that a delivery came with, and the workflow or machine behind it. */
export interface FoundToken {
  /** Hexadecimal. */
  hash: string;
  workspaceId: string;
  id: string;
  workflowId: string;
  kind: DefinitionKind;
  /** Has another one taken its place, and its grace is over? */
  isOver: boolean;
  status: WorkflowStatus;
  /** The published version; null when there is none. */
  versionId: string | null;
}

/** A token as people may see it: never the token itself. Times are ISO 8601. */
export interface ShownToken {
  id: string;
  createdAt: string;
  createdBy: Actor;
  /** Until when an old one starts runs; null: the present one. */
  validUntil: string | null;
  /** By the database's clock. */
  isValid: boolean;
  lastUsedAt: string | null;
  /** The address that used it last. */
  lastUsedFrom: string | null;
}

/** The tokens of a workflow, the newest first. Served by trigger_tokens_workflow. */
export async function listTokens(manager: EntityManager, workspaceId: string, workflowId: string, limit: number): Promise<ShownToken[]> {
  type Row = Omit<ShownToken, 'createdAt' | 'validUntil' | 'lastUsedAt'> & Record<'createdAt' | 'validUntil' | 'lastUsedAt', Date | null>;
  const rows = await sql<Row>(
    manager,
    `SELECT id, created_at AS "createdAt", created_by AS "createdBy", valid_until AS "validUntil",
       valid_until IS NULL OR valid_until > now() AS "isValid", last_used_at AS "lastUsedAt", last_used_from AS "lastUsedFrom"
     FROM automation.trigger_tokens WHERE workspace_id = $1 AND workflow_id = $2 ORDER BY id DESC LIMIT $3`,
    [workspaceId, workflowId, limit],
  );
  const iso = (at: Date | null): string | null => at?.toISOString() ?? null;
  return rows.map(({ createdAt, validUntil, lastUsedAt, ...row }) => ({
    ...row,
    createdAt: String(iso(createdAt)),
    validUntil: iso(validUntil),
    lastUsedAt: iso(lastUsedAt),
  }));
}

/** How many old tokens of a workflow are remembered, so that what still comes to them is in its history. */
const MOST_OLD = 20;

/**
 * Puts a token in the place of the one before, which goes on for `graceMs`; older ones end with it at the latest. The
 * workflow's row is locked. Returns until when an old one goes on; null when none does.
 */
export async function replaceToken(
  manager: EntityManager,
  token: { workspaceId: string; workflowId: string; id: string; hash: string; createdBy: Actor },
  graceMs: number,
): Promise<string | null> {
  const { workspaceId, workflowId } = token;
  const replaced = await sql<{ until: Date; isValid: boolean }>(
    manager,
    `UPDATE automation.trigger_tokens SET valid_until = least(valid_until, now() + $3::float8 * interval '1 ms')
     WHERE workspace_id = $1 AND workflow_id = $2 RETURNING valid_until AS until, valid_until > now() AS "isValid"`,
    [workspaceId, workflowId, graceMs],
  );
  await sql(
    manager,
    `DELETE FROM automation.trigger_tokens WHERE workspace_id = $1 AND workflow_id = $2 AND valid_until <= now() AND id NOT IN (
       SELECT id FROM automation.trigger_tokens WHERE workspace_id = $1 AND workflow_id = $2 ORDER BY id DESC LIMIT ${MOST_OLD})`,
    [workspaceId, workflowId],
  );
  await sql(
    manager,
    `INSERT INTO automation.trigger_tokens (workspace_id, id, workflow_id, token_hash, created_by)
     VALUES ($1, $2, $3, decode($4, 'hex'), $5)`,
    [workspaceId, token.id, workflowId, token.hash, token.createdBy],
  );
  const until = replaced.filter(({ isValid }) => isValid).map((one) => one.until.getTime());
  return until.length === 0 ? null : new Date(Math.max(...until)).toISOString();
}
