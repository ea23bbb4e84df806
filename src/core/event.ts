import type { Json, JsonObject } from './json.js';

/** Points at one CRM record. */
export interface RecordRef {
  module: string;
  id: string;
}

/** A CRM record as JSON: dates are ISO 8601 strings, numerics are numbers, one-hop relations are nested objects. */
export type RecordData = JsonObject & { id?: Json };

/** Who made something happen. */
export interface Actor {
  type: 'user' | 'system' | 'workflow';
  /** The user's or workflow's id; null for the system. */
  id: string | null;
  name?: string;
  roles?: string[];
}

/** One field that changed. */
export interface FieldChange {
  from: Json;
  to: Json;
}

/** One workflow on the path that led to an event, with the record it ran for. */
export interface CauseLink {
  workflowId: string;
  module: string;
  recordId: string | null;
}

/** Why an event exists, when a run made it: the chain of workflows behind it. */
export interface Cause {
  runId: string;
  /** How many runs led here: 1 for an event made by a run that a person's event started. */
  depth: number;
  path: CauseLink[];
}

/** Something that happened to a record, as captured. */
export interface DomainEvent {
  id: string;
  workspaceId: string;
  module: string;
  /** The event's name inside its module: `created`, `stage_changed`, … */
  event: string;
  recordId: string | null;
  /** The record after the event. */
  record: RecordData | null;
  /** The record before it, where the host knows it. */
  previous: RecordData | null;
  changes: Record<string, FieldChange> | null;
  actor: Actor;
  cause: Cause | null;
  /** When it happened, ISO 8601 in UTC. */
  occurredAt: string;
}
