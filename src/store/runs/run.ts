import type { LoggedError } from '../../core/errors.js';
import type { Actor, Cause, ParentStep } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { Waiting } from '../../core/plan/plan.js';
import type { Admission } from '../../core/start/admission.js';

export const RUN_STATUSES = ['queued', 'running', 'waiting', 'succeeded', 'failed', 'skipped', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Names a run as held by one claim: whoever has a lower fence can write nothing. */
export interface RunClaim {
  workspaceId: string;
  id: string;
  fence: number;
}

/** How a run has ended, as its row tells. */
export interface RunEnd {
  status: 'succeeded' | 'failed' | 'cancelled';
  /** The error's code, or why it was cancelled. */
  reason: string | null;
  error: LoggedError | null;
  /** Steps that failed without failing the run. */
  failedSteps: number;
  /** ISO 8601. */
  finishedAt: string;
}

/** What a run is, whatever becomes of it. */
export interface RunIdentity {
  workspaceId: string;
  id: string;
  workflowId: string;
  versionId: string;
  version: number;
  eventId: string | null;
  module: string | null;
  recordId: string | null;
  explanation: Json;
  actor: Actor;
  cause: Cause | null;
  parent: ParentStep | null;
}

/** Due at once, or for what it is to wait before it is; see ./admission.ts. */
export type QueuedRun = { status: 'queued' } & (Admission | { admission?: undefined });

/**
 * In which state a run is first written. `running`: its router goes on with it, under a lease. Many are over when they are
 * written: their one row is written once.
 */
export type FirstState =
  | QueuedRun
  | { status: 'running'; leaseMs: number; startedAt: string }
  | { status: 'waiting'; waiting: Waiting[]; dueAt: string; startedAt: string }
  | { status: 'skipped'; reason: string; finishedAt: string }
  | (RunEnd & { startedAt: string });

/** A run as first written. */
export type NewRun = RunIdentity & FirstState;

/** A run that this process holds from now on. */
export interface ClaimedRun extends RunClaim {
  workflowId: string;
  versionId: string;
  eventId: string | null;
  module: string | null;
  recordId: string | null;
  actor: Actor;
  cause: Cause | null;
  parent: ParentStep | null;
  /** Claims in a row that found a dead worker's lease. */
  recoveries: number;
  /** How many answers from outside the run has been given so far. */
  answers: number;
  /** When it began; after a retry, when it was sent back: what its time limit counts from. */
  startedAt: Date;
  /** When it began, whatever came later. */
  firstStartedAt: Date;
  /** It begins with this claim: nothing has happened in it yet. */
  isFresh: boolean;
}
