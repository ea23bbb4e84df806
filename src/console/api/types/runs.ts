import type { Explanation } from '../../../core/condition/explanation.js';
import type { Actor, Cause } from '../../../core/event.js';
import type { JsonObject } from '../../../core/json.js';
import type { RunStatus } from '../../model/run-filter.js';
import type { RunAttempt } from '../../model/run-tree.js';
import type { ErrorBody } from '../client.js';
import type { LoggedError } from './errors.js';
import type { EventRecord } from './events.js';

// What the API answers about runs, as far as the page reads it.

export interface Waiting {
  path: string;
  reason: string;
  until: string | null;
  resumeUrl?: string;
  attempt?: number;
  error?: { code: string; message: string };
}

export interface RunItem {
  id: string;
  workflowId: string;
  workflowName: string | null;
  version: number;
  status: RunStatus;
  summary: string;
  module: string | null;
  recordId: string | null;
  /** Where people see the record; null where the host does not say. Of lists and details alone. */
  recordUrl?: string | null;
  eventId: string | null;
  reason: string | null;
  error: LoggedError | null;
  waiting: Waiting[] | null;
  failedSteps: number;
  parent: { runId: string; path: string; attempt: number; waits: boolean } | null;
  retryOf: string | null;
  retriedAs: string | null;
  createdAt: string;
  startedAt: string | null;
  resumedAt: string | null;
  finishedAt: string | null;
  durationMs: number | null;
  /** The transition of a state machine whose steps it does; null for a workflow's run. */
  transition: { code: string; from: string[] | 'any'; to: string } | null;
}

export interface RunPage {
  items: RunItem[];
  nextCursor: string | null;
}

export interface RunCounts {
  counts: { status: RunStatus; runs: number; isExact: boolean }[];
}

export interface RunGroup {
  workflowId: string;
  workflowName: string | null;
  status: RunStatus;
  step: string | null;
  reason: string | null;
  runs: number;
  first: string;
  last: string;
  sampleRunId: string;
  error: LoggedError | null;
}

export interface RunGroups {
  groups: RunGroup[];
  counted: number;
  isExact: boolean;
  more: boolean;
}

export interface BulkResult {
  dryRun: boolean;
  batchId: string | null;
  matched: number;
  matchedIsExact: boolean;
  skipped: number;
  remaining: number;
  groups: (RunGroup & { mayRepeat: number })[];
  refusals: { code: string; runs: number; sampleRunId: string | null }[];
  sample: RunItem[];
  retried?: number;
  cancelled?: number;
}

export interface RunDetail extends RunItem {
  workflowCode: string | null;
  /** Of a transition: what it moves; null when that is gone. */
  instanceId: string | null;
  actor: Actor;
  cause: Cause | null;
  /** Of a run that no condition kept from starting, the rule that did. */
  explanation: Explanation | { rule: string } | null;
  position: { path: string; name: string | null; type: string; waitsFor: string | null; since: string; until: string | null }[];
  trigger: JsonObject | null;
  output: JsonObject | null;
  steps: RunAttempt[];
  children: RunItem[];
  event: EventRecord | null;
  retries: { at: string; by: Actor; from: string; version: string | null; newRunId: string | null; reason: string | null }[];
  cancelled: { at: string; by: Actor; reason: string | null } | null;
}

export interface RetriedStep {
  path: string;
  name: string | null;
  type: string;
  effect: 'local' | 'external' | null;
}

export interface RetryPreview {
  again: RetriedStep[];
  kept: RetriedStep[];
  mayRepeat: RetriedStep[];
  version: { same: number; newest: number | null; differs: string[] };
  refused: ErrorBody | null;
}

export type RunLook = RunItem & { explanation: Explanation | null };
