import type { EntityManager } from 'typeorm';
import type { Actor } from '../core/event.js';
import { sql } from './sql.js';

/** A secret as its row keeps it. */
export interface SecretRow {
  workspaceId: string;
  name: string;
  /** The id by which the audit log names it. */
  id: string;
  /** Where it may be sent. */
  hosts: string[];
  sealed: { keyId: string; bytes: Buffer };
}

/** A secret as people may see it: never its value. Times are ISO 8601. */
export interface ShownSecret {
  id: string;
  name: string;
  hosts: string[];
  createdAt: string;
  createdBy: Actor;
  changedAt: string;
  changedBy: Actor;
}

type ShownRow = Omit<ShownSecret, 'createdAt' | 'changedAt'> & Record<'createdAt' | 'changedAt', Date>;
type StoredRow = Omit<SecretRow, 'sealed'> & { keyId: string; sealed: Buffer };

const SHOWN = `id, name, hosts, created_at AS "createdAt", created_by AS "createdBy", changed_at AS "changedAt", changed_by AS "changedBy"`;
const STORED = `workspace_id AS "workspaceId", name, id, hosts, key_id AS "keyId", sealed`;

/** The secrets of a workspace by name; those that are asked for, or all. By the primary key. */
export async function listSecrets(
  manager: EntityManager,
  workspaceId: string,
  names: readonly string[] | null = null,
): Promise<ShownSecret[]> {
  const rows = await sql<ShownRow>(
    manager,
    `SELECT ${SHOWN} FROM automation.secrets WHERE workspace_id = $1 AND ($2::text[] IS NULL OR name = ANY($2)) ORDER BY name`,
    [workspaceId, names],
  );
  return rows.map(({ createdAt, changedAt, ...row }) => ({
    ...row,
    createdAt: createdAt.toISOString(),
    changedAt: changedAt.toISOString(),
  }));
}

/** A secret, to be opened. By the primary key: this is what each call that uses one asks. */
export async function findSecret(manager: EntityManager, workspaceId: string, name: string): Promise<SecretRow | null> {
  const [row] = await sql<StoredRow>(manager, `SELECT ${STORED} FROM automation.secrets WHERE workspace_id = $1 AND name = $2`, [
    workspaceId,
    name,
  ]);
  return row ? stored(row) : null;
}

/** Writes a secret, over the one of its name, whose id stays. Returns the id. */
export async function writeSecret(manager: EntityManager, { workspaceId, name, id, hosts, sealed }: SecretRow, by: Actor): Promise<string> {
  const [row] = await sql<{ id: string }>(
    manager,
    `INSERT INTO automation.secrets AS s (workspace_id, name, id, hosts, key_id, sealed, created_by, changed_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
     ON CONFLICT (workspace_id, name) DO UPDATE SET hosts = excluded.hosts, key_id = excluded.key_id, sealed = excluded.sealed,
       changed_at = now(), changed_by = excluded.changed_by
     RETURNING id`,
    [workspaceId, name, id, hosts, sealed.keyId, sealed.bytes, by],
  );
  return row?.id ?? id;
}

/** Removes a secret. */
export async function deleteSecret(manager: EntityManager, workspaceId: string, name: string): Promise<void> {
  await sql(manager, 'DELETE FROM automation.secrets WHERE workspace_id = $1 AND name = $2', [workspaceId, name]);
}

/**
 * Workflows whose published version names a secret, paused ones too: a few, for people to read. Reads the published
 * definitions of one workspace, which is done when somebody deletes a secret and never else.
 */
export function workflowsWithSecret(manager: EntityManager, workspaceId: string, name: string): Promise<{ id: string; name: string }[]> {
  return sql(
    manager,
    `SELECT w.id, w.name FROM automation.workflows w
     JOIN automation.workflow_versions v ON v.workspace_id = w.workspace_id AND v.id = w.published_version_id
     WHERE w.workspace_id = $1 AND w.status IN ('active', 'paused')
       AND jsonb_path_exists(v.definition, 'strict $.**."$secret" ? (@ == $name)', jsonb_build_object('name', $2::text), true)
     ORDER BY w.name, w.id LIMIT 20`,
    [workspaceId, name],
  );
}

/** How many secrets are sealed with another key than this one, in all workspaces. */
export async function countSealedOtherwise(manager: EntityManager, keyId: string): Promise<number> {
  const [row] = await sql<{ count: number }>(manager, 'SELECT count(*)::int AS count FROM automation.secrets WHERE key_id <> $1', [keyId]);
  return row?.count ?? 0;
}

/** The next secrets that are sealed with another key, behind the last one seen, locked. In the order of the primary key. */
export async function nextSealedOtherwise(
  manager: EntityManager,
  keyId: string,
  { workspaceId, name }: Pick<SecretRow, 'workspaceId' | 'name'>,
  limit: number,
): Promise<SecretRow[]> {
  const rows = await sql<StoredRow>(
    manager,
    `SELECT ${STORED} FROM automation.secrets WHERE (workspace_id, name) > ($2, $3) AND key_id <> $1
     ORDER BY workspace_id, name LIMIT $4 FOR UPDATE`,
    [keyId, workspaceId, name, limit],
  );
  return rows.map(stored);
}

/** Puts secrets under another key; what they are, and who changed them when, stays. */
export async function resealSecrets(manager: EntityManager, secrets: readonly SecretRow[]): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.secrets s SET key_id = r.key_id, sealed = r.sealed
     FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS r(workspace_id, name, key_id, sealed)
     WHERE s.workspace_id = r.workspace_id AND s.name = r.name`,
    [
      secrets.map(({ workspaceId }) => workspaceId),
      secrets.map(({ name }) => name),
      secrets.map(({ sealed }) => sealed.keyId),
      secrets.map(({ sealed }) => sealed.bytes),
    ],
  );
}

function stored({ keyId, sealed, ...row }: StoredRow): SecretRow {
  return { ...row, sealed: { keyId, bytes: sealed } };
}
