import type { EntityManager } from 'typeorm';
import type { JsonObject } from '../core/json.js';
import type { QueryParts } from './query-parts.js';
import { recordset, sql } from './sql.js';

/** What a workflow writes, and of which definition in which catalog that was told. */
export interface KnownWrites {
  workflowId: string;
  state: string;
  /** `leads.stage`; `leads.*` for a field that is only known when it runs, `tasks.+` for records that are created. */
  fields: string[];
}

/** A workflow whose writes have to be told anew. */
export interface UnknownWrites {
  workflowId: string;
  state: string;
  definition: JsonObject;
}

/** Names a definition: what is published never changes, and a draft has its revision. Also by what a process of release 0.1 writes. */
const STATE = `concat($2::text, ' ', coalesce(w.published_version_id::text, w.revision::text))`;

/** The workflows of a workspace whose writes are not known, or were told of another definition or in another catalog. */
export function findUnknownWrites(manager: EntityManager, workspaceId: string, catalog: string, limit: number): Promise<UnknownWrites[]> {
  return sql<UnknownWrites>(
    manager,
    `SELECT w.id AS "workflowId", ${STATE} AS state, coalesce(v.definition, w.draft) AS definition
     FROM automation.workflows w
     LEFT JOIN automation.workflow_versions v ON v.workspace_id = w.workspace_id AND v.id = w.published_version_id
     LEFT JOIN automation.workflow_writes k ON k.workspace_id = w.workspace_id AND k.workflow_id = w.id
     WHERE w.workspace_id = $1 AND w.kind = 'workflow' AND k.state IS DISTINCT FROM ${STATE} ORDER BY w.id LIMIT $3`,
    [workspaceId, catalog, limit],
  );
}

/** Keeps what workflows write; in the order of their ids, so that two who do it at once do not wait for each other for good. */
export async function keepWrites(manager: EntityManager, workspaceId: string, known: readonly KnownWrites[]): Promise<void> {
  await sql(
    manager,
    `INSERT INTO automation.workflow_writes (workspace_id, workflow_id, state, fields)
     SELECT $1, "workflowId", state, fields FROM json_to_recordset($2::json) AS k("workflowId" uuid, state text, fields text[]) ORDER BY "workflowId"
     ON CONFLICT (workspace_id, workflow_id) DO UPDATE SET state = excluded.state, fields = excluded.fields`,
    [workspaceId, recordset(known)],
  );
}

/**
 * The test for workflows, called `w`, that write a field, a part of it or what it is a part of, or anything in a module. The
 * workspace's rows are looked through, by the primary key: they are small, and an index by field would hold those of all
 * workspaces, which have the same fields.
 */
export function writesTest(parts: QueryParts, workspaceId: string, written: string): string {
  const asked = parts.bind(written);
  const unknownField = parts.bind(`${written.split('.')[0]}.*`);
  return `w.id IN (SELECT k.workflow_id FROM automation.workflow_writes k WHERE k.workspace_id = ${parts.bind(workspaceId)}
    AND EXISTS (SELECT 1 FROM unnest(k.fields) AS f WHERE f = ${asked} OR f = ${unknownField}
      OR starts_with(f, ${asked}::text || '.') OR starts_with(${asked}::text, f || '.')))`;
}
