import type { DefinitionDiff } from '../../../core/definition/diff.js';
import type { Actor } from '../../../core/event.js';
import type { Json, JsonObject } from '../../../core/json.js';
import type { OfferedTransition } from '../../../core/machine/offered.js';

// What the API answers about state machines, as far as the page reads it.

export interface Problem {
  path: string;
  message: string;
  hint?: string;
}

export interface MachineItem {
  id: string;
  code: string;
  name: string;
  description: string | null;
  status: 'draft' | 'active' | 'paused';
  for: JsonObject | null;
  initialState: string | null;
  version: number | null;
  hasUnpublishedChanges: boolean;
  problemCount: number;
  activeInstances: number;
  instances: number;
  disabledBy: Actor | null;
  disabledReason: string | null;
  updatedBy: Actor | null;
  revision: number;
  createdAt: string;
  updatedAt: string;
}

export interface MachineDetail extends MachineItem {
  definition: JsonObject;
  problems: Problem[];
  warnings: (Problem & { code?: string })[];
  published: { version: number; definition: JsonObject; publishedAt: string; publishedBy: Actor; note: string | null } | null;
  /** Where the instances are. */
  states: { version: number; state: string; isFinal: boolean; instances: number }[];
  /** Timeouts that came due while it was disabled. */
  missedTimeouts: { count: number; isExact: boolean };
}

export interface InstanceItem {
  id: string;
  machineId: string;
  machineName: string;
  version: number;
  module: string | null;
  recordId: string | null;
  /** Of a machine for an integration: its run. */
  runKey: string | null;
  state: string;
  isFinal: boolean;
  entry: number;
  since: string;
  timeInStateMs: number;
  nextTimeout: string | null;
  isOverdue: boolean;
  transitioning: { transition: string; runId: string | null; since: string } | null;
  lastTransition: string | null;
  lastTrigger: string | null;
  lastActor: Actor | null;
  lastRunId: string | null;
  failure: JsonObject | null;
  createdAt: string;
}

export interface InstancePageOfItems {
  items: InstanceItem[];
  nextCursor: string | null;
}

export interface BulkAdvance {
  matched: number | null;
  matchedIsExact: boolean;
  seen: number;
  advanced: number;
  refused: { reason: string; count: number; sample: { instanceId: string; explanation: Json }[] }[];
  sample: InstanceItem[];
  nextCursor: string | null;
}

export interface TakenIn {
  seen: number;
  created: number;
  existing: number;
  missing: string[];
  sample: string[];
  nextCursor: string | null;
}

export interface HistoryItem {
  id: string;
  kind: 'created' | 'fired' | 'failed' | 'cancelled' | 'not_fired' | 'reset' | 'migrated';
  transition: string | null;
  from: string | null;
  to: string | null;
  trigger: string | null;
  actor: Actor | null;
  eventId: string | null;
  runId: string | null;
  explanation: Json;
  timeInStateMs: number | null;
  at: string;
}

export interface HistoryPage {
  items: HistoryItem[];
  nextCursor: string | null;
}

export interface Offered {
  items: OfferedTransition[];
}

export interface Migration {
  version: number;
  migrated: number;
  staying: { version: number; state: string; instances: number }[];
  left: number;
}

export type PublishedMachine = MachineDetail & { migration: Migration | null };

export interface PublishPreview {
  revision: number;
  base: number | null;
  diff: DefinitionDiff | null;
  problems: Problem[];
  warnings: Problem[];
  inFlight: { version: number; instances: number }[];
  migration: Pick<Migration, 'migrated' | 'staying'> | null;
  missedTimeouts: MachineDetail['missedTimeouts'];
}
