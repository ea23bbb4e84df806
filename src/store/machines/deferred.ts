import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { recordset, sql } from '../sql.js';

/** An event that waits for the end of the transition that is under way. */
export interface DeferredEvent {
  workspaceId: string;
  instanceId: string;
  eventId: string;
}

/** Keeps events for the end of a transition. Each under the lock of its instance, which counts them. */
export async function deferEvents(manager: EntityManager, events: readonly DeferredEvent[]): Promise<void> {
  if (events.length === 0) return;
  await sql(
    manager,
    `INSERT INTO automation.deferred_events (workspace_id, instance_id, event_id)
     SELECT "workspaceId", "instanceId", "eventId" FROM json_to_recordset($1::json)
       AS r("workspaceId" text, "instanceId" uuid, "eventId" uuid) ON CONFLICT DO NOTHING`,
    [recordset(events)],
  );
}

/**
 * Routes what has waited for the end of these instances' transitions again, for each instance alone: as starts with all that
 * the events held, in their order. Returns those whose events retention has removed meanwhile.
 */
export async function routeDeferred(
  manager: EntityManager,
  instances: readonly { workspaceId: string; id: string }[],
): Promise<DeferredEvent[]> {
  if (instances.length === 0) return [];
  const taken = await sql<DeferredEvent>(
    manager,
    `DELETE FROM automation.deferred_events d USING json_to_recordset($1::json) AS r("workspaceId" text, id uuid)
     WHERE d.workspace_id = r."workspaceId" AND d.instance_id = r.id
     RETURNING d.workspace_id AS "workspaceId", d.instance_id AS "instanceId", d.event_id AS "eventId"`,
    [recordset(instances.map(({ workspaceId, id }) => ({ workspaceId, id })))],
  );
  if (taken.length === 0) return [];
  const inOrder = taken.sort((one, other) => (one.eventId < other.eventId ? -1 : 1)).map((event) => ({ ...event, id: uuidv7() }));
  const routed = await sql<{ id: string }>(
    manager,
    `INSERT INTO automation.events (workspace_id, id, module, event, record_id, record, previous, changes, cut, actor, cause, source, trigger,
       target, parent, origin_id, occurred_at)
     SELECT e.workspace_id, r.id, e.module, e.event, e.record_id, e.record, e.previous, e.changes, e.cut, e.actor, e.cause, 'deferred', e.trigger,
       coalesce(e.target, '{}') || jsonb_build_object('workflowId', i.machine_id, 'instanceId', i.id), e.parent, e.id, e.occurred_at
     FROM json_to_recordset($1::json) AS r("workspaceId" text, "instanceId" uuid, "eventId" uuid, id uuid)
     JOIN automation.events e ON e.workspace_id = r."workspaceId" AND e.id = r."eventId"
     JOIN automation.instances i ON i.workspace_id = r."workspaceId" AND i.id = r."instanceId"
     ORDER BY r.id RETURNING id`,
    [recordset(inOrder)],
  );
  const isRouted = new Set(routed.map(({ id }) => id));
  return inOrder.filter(({ id }) => !isRouted.has(id));
}
