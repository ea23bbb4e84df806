import type { EntityManager } from 'typeorm';
import type { Actor } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import { QueryParts } from '../query-parts.js';
import { recordset, sql } from '../sql.js';

/** What can happen to an instance. */
export const TRANSITION_KINDS = ['created', 'fired', 'failed', 'cancelled', 'not_fired', 'reset', 'migrated'] as const;
export type TransitionKind = (typeof TRANSITION_KINDS)[number];

/** Something that an instance has been through, or that was tried and did not happen. */
export interface HistoryItem {
  id: string;
  kind: TransitionKind;
  transition: string | null;
  from: string | null;
  to: string | null;
  trigger: string | null;
  actor: Actor | null;
  /** What set it off; retention may have removed it. */
  eventId: string | null;
  runId: string | null;
  /**
   * Of what did not fire: of each transition that was asked, why. Of what fired its conditions, those before it, a comment; of a reset
   * the reason. Conditions, and the words of errors, go with the age of runs.
   */
  explanation: Json;
  /** How long the instance was in the state that it left. */
  timeInStateMs: number | null;
  /** ISO 8601. */
  at: string;
}

/** The history of an instance, the newest first; `kinds`: only of these. Served by its primary key. */
export async function listHistory(
  manager: EntityManager,
  { workspaceId, instanceId, kinds }: { workspaceId: string; instanceId: string; kinds?: readonly TransitionKind[] },
  { before, limit }: { before?: string; limit: number },
): Promise<HistoryItem[]> {
  const parts = new QueryParts();
  parts.and(`workspace_id = ${parts.bind(workspaceId)}`).and(`instance_id = ${parts.bind(instanceId)}::uuid`);
  if (before !== undefined) parts.and(`id < ${parts.bind(before)}::uuid`);
  if (kinds !== undefined) parts.and(`kind = ANY(${parts.bind(kinds)}::text[])`);
  const rows = await sql<Omit<HistoryItem, 'at'> & { at: Date }>(
    manager,
    `SELECT id, kind, transition, from_state AS "from", to_state AS "to", trigger, actor, event_id AS "eventId", run_id AS "runId",
       explanation, time_in_state_ms::float8 AS "timeInStateMs", at
     FROM automation.transitions WHERE ${parts.where} ORDER BY id DESC LIMIT ${parts.bind(limit)}`,
    parts.parameters,
  );
  return rows.map(({ at, ...row }) => ({ ...row, at: at.toISOString() }));
}

/** What was told against starts that fired nothing, by their instances; others are missing. Served by the primary key: it was just written. */
export async function findOutcomes(
  manager: EntityManager,
  workspaceId: string,
  starts: readonly { instanceId: string; eventId: string }[],
): Promise<Map<string, Json>> {
  if (starts.length === 0) return new Map();
  const rows = await sql<{ instanceId: string; explanation: Json }>(
    manager,
    `SELECT s."instanceId", h.explanation FROM json_to_recordset($2::json) AS s("instanceId" uuid, "eventId" uuid), LATERAL (
       SELECT explanation FROM automation.transitions h WHERE h.workspace_id = $1 AND h.instance_id = s."instanceId"
         AND h.id >= s."eventId" AND h.event_id = s."eventId" AND h.kind = 'not_fired' LIMIT 1) AS h`,
    [workspaceId, recordset(starts)],
  );
  return new Map(rows.map(({ instanceId, explanation }) => [instanceId, explanation]));
}
