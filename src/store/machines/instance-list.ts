import type { EntityManager } from 'typeorm';
import type { Actor } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import { type BoundedCount, MOST_COUNTED } from '../bounded-count.js';
import { QueryParts } from '../query-parts.js';
import { sql } from '../sql.js';
import { BEING, HAS_MACHINE, type InstancePlace, type InstanceQuestion, instanceIds, OVERDUE, wayOf } from './instance-ways.js';

/** An instance as lists show it. Times are ISO 8601. */
export interface InstanceItem {
  id: string;
  machineId: string;
  machineCode: string;
  machineName: string;
  /** The version of the machine that it is on. */
  versionId: string;
  version: number;
  module: string | null;
  recordId: string | null;
  runKey: string | null;
  state: string;
  isFinal: boolean;
  /** How many states it has entered. */
  entry: number;
  since: string;
  timeInStateMs: number;
  /** When its state times out; null: never. */
  nextTimeout: string | null;
  isOverdue: boolean;
  /** The transition under way; null at rest. */
  transitioning: { transition: string; runId: string | null; since: string } | null;
  lastTransition: string | null;
  lastTrigger: string | null;
  lastActor: Actor | null;
  lastRunId: string | null;
  /** The last transition out of this state, where it failed; what its conditions saw is told by the history alone, which hides what is hidden. */
  failure: JsonObject | null;
  createdAt: string;
}

/**
 * One page of instances, and where each of them stands in the list. Those of ids are found by the primary key, of a record by
 * instances_of_record, of a run by instances_key; the overdue ones, the longest first, by instances_due and instances_missed; those
 * under way, the longest first, by instances_under_way; those that failed, the newest first, by instances_failed; all others, the
 * newest in their states first, by instances_listed: each state of each machine by itself, and the first of all are the page.
 */
export async function listInstances(
  manager: EntityManager,
  question: InstanceQuestion,
  page: { after?: InstancePlace; limit: number },
): Promise<(InstanceItem & { place: InstancePlace })[]> {
  const parts = new QueryParts();
  const way = wayOf(question.filter);
  const ids = instanceIds(parts, question, way, { ...page, order: 'listed' });
  const rows = await sql<InstanceRow & { place: string }>(
    manager,
    `SELECT ${COLUMNS}, ${way.asText} AS place FROM (${ids}) AS page JOIN ${BEING} ON i.id = page.id ${NAMES}
     WHERE i.workspace_id = ${parts.bind(question.workspaceId)} ORDER BY ${way.sortedBy} ${way.direction}, i.id ${way.direction}`,
    parts.parameters,
  );
  return rows.map(({ place: at, ...row }) => ({ ...itemOf(row), place: { at, id: row.id } }));
}

/** Counts the instances of a filter, found as a list finds them, in whatever order, and stops at {@link MOST_COUNTED}. */
export async function countInstances(manager: EntityManager, question: InstanceQuestion): Promise<BoundedCount> {
  const parts = new QueryParts();
  const ids = instanceIds(parts, question, wayOf(question.filter), { limit: MOST_COUNTED + 1, order: 'any' });
  const [row] = await sql<{ count: number }>(manager, `SELECT count(*)::integer AS count FROM (${ids}) AS counted`, parts.parameters);
  const count = row?.count ?? 0;
  return { count: Math.min(count, MOST_COUNTED), isExact: count <= MOST_COUNTED };
}

/** Counts the timeouts of a disabled machine that came due meanwhile: whoever enables it decides about them. */
export function countMissedTimeouts(manager: EntityManager, workspaceId: string, machineId: string): Promise<BoundedCount> {
  return countInstances(manager, { workspaceId, filter: { machineId, overdue: true }, modules: [] });
}

/** One instance; null when the workspace has none of that id. */
export async function findInstance(manager: EntityManager, workspaceId: string, id: string): Promise<InstanceItem | null> {
  const [row] = await sql<InstanceRow>(
    manager,
    `SELECT ${COLUMNS} FROM ${BEING} ${NAMES} WHERE i.workspace_id = $1 AND i.id = $2 AND ${HAS_MACHINE}`,
    [workspaceId, id],
  );
  return row ? itemOf(row) : null;
}

interface InstanceRow extends Omit<InstanceItem, 'since' | 'nextTimeout' | 'transitioning' | 'createdAt'> {
  enteredAt: Date;
  timeoutAt: Date | null;
  transition: string | null;
  runId: string | null;
  transitionSince: Date | null;
  createdAt: Date;
}

const COLUMNS = `i.id, i.machine_id AS "machineId", i.version_id AS "versionId", coalesce(w.code, '') AS "machineCode", coalesce(w.name, '') AS "machineName",
  coalesce(v.version, 0) AS version, i.module, i.record_id AS "recordId", i.run_key AS "runKey", i.state, i.is_final AS "isFinal",
  i.entry::float8 AS entry, i.entered_at AS "enteredAt",
  greatest(0, extract(epoch FROM now() - i.entered_at) * 1000)::float8 AS "timeInStateMs",
  i.timeout_at AS "timeoutAt", coalesce(${OVERDUE}, false) AS "isOverdue", i.transition, i.run_id AS "runId",
  i.transition_since AS "transitionSince", i.last_transition AS "lastTransition", i.last_trigger AS "lastTrigger",
  i.last_actor AS "lastActor", i.last_run_id AS "lastRunId",
  i.failure - ARRAY['explanation', 'cause'] AS failure, i.created_at AS "createdAt"`;

const NAMES = `LEFT JOIN automation.workflow_names w ON w.workspace_id = i.workspace_id AND w.id = i.machine_id
  LEFT JOIN automation.workflow_versions v ON v.workspace_id = i.workspace_id AND v.id = i.version_id`;

function itemOf({ enteredAt, timeoutAt, transition, runId, transitionSince, createdAt, ...row }: InstanceRow): InstanceItem {
  return {
    ...row,
    timeInStateMs: Math.round(row.timeInStateMs),
    since: enteredAt.toISOString(),
    nextTimeout: timeoutAt?.toISOString() ?? null,
    transitioning: transition === null ? null : { transition, runId, since: (transitionSince ?? enteredAt).toISOString() },
    createdAt: createdAt.toISOString(),
  };
}

/** Which of these records have an instance of the machine. Served by instances_record. */
export async function recordsWithInstances(
  manager: EntityManager,
  { workspaceId, machineId, module, recordIds }: { workspaceId: string; machineId: string; module: string; recordIds: readonly string[] },
): Promise<Set<string>> {
  const rows = await sql<{ recordId: string }>(
    manager,
    `SELECT record_id AS "recordId" FROM automation.instances
     WHERE workspace_id = $1 AND machine_id = $2 AND module = $3 AND record_id = ANY($4::text[])`,
    [workspaceId, machineId, module, recordIds],
  );
  return new Set(rows.map(({ recordId }) => recordId));
}
