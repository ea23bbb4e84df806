import type { EntityManager } from 'typeorm';
import type { Actor } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import { prepared } from '../prepared-statements.js';
import { RowSet } from '../row-set.js';

/** What an instance has been through. */
export interface TransitionRow {
  workspaceId: string;
  instanceId: string;
  /** A UUIDv7: what is later has a greater one. */
  id: string;
  machineId: string;
  kind: 'created' | 'fired' | 'failed' | 'cancelled' | 'not_fired' | 'reset' | 'migrated';
  transition: string | null;
  fromState: string | null;
  toState: string | null;
  trigger: string | null;
  actor: Actor | null;
  eventId: string | null;
  runId: string | null;
  explanation: Json;
  timeInStateMs: number | null;
}

const ROWS = new RowSet('r', {
  workspaceId: 'text',
  instanceId: 'uuid',
  id: 'uuid',
  machineId: 'uuid',
  kind: 'text',
  transition: 'text',
  fromState: 'text',
  toState: 'text',
  trigger: 'text',
  actor: 'jsonb',
  eventId: 'uuid',
  runId: 'uuid',
  explanation: 'jsonb',
  // As a text, for a column that holds more than an integer.
  timeInStateMs: 'text',
});

/** Adds to the history of instances. Nobody changes it, but that retention takes old values out. */
export async function insertHistory(manager: EntityManager, rows: readonly TransitionRow[]): Promise<void> {
  if (rows.length === 0) return;
  await prepared(
    manager,
    `INSERT INTO automation.transitions (workspace_id, instance_id, id, machine_id, kind, transition, from_state, to_state, trigger, actor,
       event_id, run_id, explanation, time_in_state_ms)
     SELECT "workspaceId", "instanceId", id, "machineId", kind, transition, "fromState", "toState", trigger, actor, "eventId", "runId",
       explanation, "timeInStateMs"::bigint
     FROM ${ROWS.from}`,
    ROWS.parameters(rows),
  );
}
