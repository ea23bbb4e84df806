import type { Explanation } from '../../core/condition/explanation.js';
import type { Actor, Cause } from '../../core/event.js';
import type { Json, JsonObject } from '../../core/json.js';
import type { FormField } from '../../core/people/form-field.js';
import type { RunStatus } from '../model/run-filter.js';
import type { RunAttempt } from '../model/run-tree.js';
import type { ErrorBody } from './client.js';

// What the API answers, as far as the page reads it.

export type Permission = 'view' | 'operate' | 'manage' | 'tasks';

export interface Me {
  user: { id: string; name: string; roles: string[] };
  workspaceId: string;
  permissions: Permission[];
  timezone: string;
  features: { lookUps: { users: boolean; roles: boolean; records: boolean } };
  limits: { bulkRetry: number };
  retention: { runs: number; skippedRuns: number; events: number };
  version: string;
}

/** What keeps a draft from being published, or deserves a look; `path` is where. */
export interface Problem {
  path: string;
  message: string;
  hint?: string;
}

export type WorkflowStatus = 'draft' | 'active' | 'paused' | 'archived';

export interface WorkflowItem {
  id: string;
  code: string;
  name: string;
  description: string | null;
  status: WorkflowStatus;
  module: string | null;
  trigger: JsonObject | null;
  version: number | null;
  hasUnpublishedChanges: boolean;
  problemCount: number;
  runCount: number;
  lastRunAt: string | null;
  succeeded7d: number;
  failed7d: number;
  pausedBy: Actor | null;
  pausedReason: string | null;
  updatedBy: Actor | null;
  revision: number;
  createdAt: string;
  updatedAt: string;
}

export interface Recipe {
  code: string;
  name: string;
  description: string;
  module: string | null;
  trigger: JsonObject | null;
  definition: JsonObject;
  problems: { path: string; message: string }[];
}

export interface WorkflowPage {
  items: WorkflowItem[];
  total: number;
  totalIsExact: boolean;
}

interface Performance {
  succeeded: number;
  failed: number;
  successRate: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
}

export interface WorkflowStatistics {
  days: number;
  runs: Performance & { cancelled: number };
  byDay: { day: string; succeeded: number; failed: number; cancelled: number }[];
  steps: (Performance & { step: string })[];
  unfinished: { version: number; status: string; runs: number }[];
}

export interface LoggedError {
  code: string;
  message: string;
  hint?: string;
  step?: string;
  [member: string]: Json | undefined;
}

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

export interface EventRecord {
  id: string;
  module: string | null;
  event: string;
  recordId: string | null;
  actor: Actor;
  source: string;
  occurredAt: string;
  routedAt: string | null;
  error: LoggedError | null;
  record: JsonObject | null;
  previous: JsonObject | null;
  changes: Record<string, { from: Json; to: Json }> | null;
  cut: string[] | null;
  cause: Cause | null;
  trigger: JsonObject | null;
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

export interface WorkflowVersion {
  version: number;
  definition: JsonObject;
}

export type RunLook = RunItem & { explanation: Explanation | null };

export interface EventItem {
  id: string;
  module: string | null;
  event: string;
  recordId: string | null;
  actor: Actor;
  source: string;
  occurredAt: string;
  routedAt: string | null;
  error: LoggedError | null;
}

export interface TimelineAuthor {
  workflowId: string;
  workflowName: string | null;
  runId: string;
  path: string | null;
}

type Changes = Record<string, { from: Json; to: Json }> | null;

export interface TimelineEvent {
  kind: 'event';
  at: string;
  event: EventItem;
  by: TimelineAuthor | null;
  changes: Changes;
  looks: RunLook[];
  moreLooks: number;
  inactive: { workflowId: string; workflowName: string; was: string; summary: string }[];
  silent: number | null;
}

export interface TimelineChange {
  kind: 'change';
  at: string;
  actor: Actor;
  by: TimelineAuthor;
  version: number;
  type: string;
  output: JsonObject | null;
  changes: Changes;
}

export interface Timeline {
  record: { module: string; id: string; title: string | null; url: string | null };
  items: (TimelineEvent | TimelineChange)[];
  nextCursor: string | null;
  eventsKeptSince: string;
  nothing: string | null;
}

export interface Rung {
  rung: string;
  result: 'yes' | 'no' | 'not_reached' | 'unknown';
  sentence: string | null;
  explanation: Explanation | null;
}

export interface ExplainedEvent {
  workflowName: string | null;
  version: number | null;
  answer: string;
  nearestMiss: { sentence: string } | null;
  rungs: Rung[];
  runId: string | null;
  lastRunId: string | null;
}

export interface SearchResult {
  run: RunItem | null;
  event: EventItem | null;
  workflows: { id: string; code: string; name: string; status: string | null }[];
  records: { module: string; id: string; title: string | null }[];
  note: string | null;
}

export interface EventDetail extends EventRecord {
  runs: RunLook[];
}

export interface ReplayResult {
  workflows: { workflowId: string; workflowName: string; verdict: 'starts' | 'ran' | 'refused'; reason: string | null }[];
}

export interface AuditItem {
  id: string;
  at: string;
  actor: Actor;
  action: string;
  target: { type: string; id: string; workflowId: string | null; workflowName: string | null };
  before: JsonObject | null;
  after: JsonObject | null;
  note: string | null;
}

export interface AuditPage {
  items: AuditItem[];
  nextCursor: string | null;
}

export interface PersonName {
  id: string;
  name: string;
}

export interface TaskItem {
  id: string;
  kind: 'approval' | 'form' | 'review' | 'hand_off';
  status: string;
  title: string;
  message: string | null;
  record: { module: string; id: string; title: string; url: string | null } | null;
  queue: string | null;
  assignee: PersonName | null;
  priority: string;
  createdAt: string;
  dueAt: string | null;
  isOverdue: boolean;
  expiresAt: string | null;
  finishedAt: string | null;
  votes: { approved: number; rejected: number; asked: number; needed: number | null } | null;
  may: { claim: boolean; release: boolean; complete: boolean };
  workflow: { id: string; name: string | null };
  runId: string;
  revision: number;
}

export interface TaskPage {
  items: TaskItem[];
  nextCursor: string | null;
}

export interface TaskCounts {
  mine: number;
  queues: number;
  overdue: number;
  all: number;
}

export interface CollectedAnswer {
  taskId: string;
  title: string;
  by: PersonName | null;
  at: string;
  decision: string | null;
  comment: string | null;
  values: { field: string; label: string; value: Json }[];
}

export interface TaskDetail extends TaskItem {
  fields: FormField[];
  shown: CollectedAnswer['values'];
  /** What people have answered in its run so far, oldest first. */
  collected: CollectedAnswer[];
  reasonRequired: boolean;
  people: (PersonName & {
    isAsked: boolean;
    isReplaced: boolean;
    decision: string | null;
    comment: string | null;
    decidedAt: string | null;
  })[];
  outcome: JsonObject | null;
  reason: LoggedError | null;
  history: { at: string; actor: Actor; action: string; note: string | null }[];
}
