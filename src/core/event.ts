import type { Json, JsonObject } from './json.js';
import type { MachineStandings } from './machine/standing.js';

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
  /** Its name at the time; absent in chains that release 0.1 wrote. */
  workflowName?: string;
  module: string;
  recordId: string | null;
  /** Of a run of a machine's transition, its code. */
  transition?: string;
}

/** Why an event exists, when a run made it: the chain of workflows behind it. */
export interface Cause {
  runId: string;
  /** The path of the step that made it. Absent of starts, and of events that release 0.1 wrote. */
  step?: string;
  /** How many runs led here: 1 for an event made by a run that a person's event started. */
  depth: number;
  path: CauseLink[];
}

/** Rules of a workflow that a person may set aside for one start. Pause, loops and what was paid for hold always. */
export const START_RULES = ['conditions', 'reentry'] as const;
export type StartRule = (typeof START_RULES)[number];

/** The one workflow, or machine, that a start is for, whoever else listens: its published version, or the version named. */
export interface StartTarget {
  workflowId: string;
  versionId?: string;
  /** What does not hold for this start, because a person said so. */
  force?: StartRule[];
  /** Of a machine: the instance that is meant; absent: that of the start's record. */
  instanceId?: string;
  /** Of a machine: the code of the transition that is meant; absent: the one that listens. */
  transition?: string;
}

/** The step of another run that started this one, and whether it waits for its end. */
export interface ParentStep {
  runId: string;
  path: string;
  attempt: number;
  waits: boolean;
}

/**
 * A start as captured: something that happened to a record; or a manual start, a sub-run, and whatever else carries an
 * input of its own. One row, one router, the same rules for all.
 */
export interface DomainEvent {
  id: string;
  workspaceId: string;
  /** Null for a start that is about no record. */
  module: string | null;
  /** The event's name inside its module: `created`, `stage_changed`, …; of other starts their kind: `manual`, `workflow`. */
  event: string;
  recordId: string | null;
  /** The record after the event. */
  record: RecordData | null;
  /** The record before it, where the host knows it. */
  previous: RecordData | null;
  changes: Record<string, FieldChange> | null;
  /** What of the three had to be cut for the event to be small enough: `record.description`, … */
  cut?: string[] | null;
  actor: Actor;
  cause: Cause | null;
  /** What runs see as `trigger`: `{ type: 'manual', input }`. Null for a CRM event, whose `trigger` is told from the event itself. */
  trigger: JsonObject | null;
  /** Null: every active workflow that listens. */
  target: StartTarget | null;
  /** Where its record stands in state machines, where somebody who decides about it asks for that. Not kept. */
  machine?: MachineStandings;
  /** The step that started it; null unless a run did. */
  parent: ParentStep | null;
  /** When it happened, ISO 8601 in UTC. */
  occurredAt: string;
}
