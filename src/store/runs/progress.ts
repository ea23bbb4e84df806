import type { EntityManager } from 'typeorm';
import type { Waiting } from '../../core/plan/plan.js';
import { prepared } from '../prepared-statements.js';
import { RowSet } from '../row-set.js';
import { recordset, sql } from '../sql.js';
import type { NewRun, RunClaim, RunEnd } from './run.js';

/**
 * What a holder writes of the runs it holds. The fence decides, and each function returns the ids that were written: one
 * that is missing was lost to another worker or cancelled, or (of `finish`) has been answered meanwhile, and the caller must
 * roll its effects back.
 */

const INSERTED = new RowSet('r', {
  workspaceId: 'text',
  id: 'uuid',
  workflowId: 'uuid',
  versionId: 'uuid',
  version: 'integer',
  eventId: 'uuid',
  module: 'text',
  recordId: 'text',
  status: 'text',
  admission: 'text',
  reason: 'text',
  explanation: 'jsonb',
  error: 'jsonb',
  failedSteps: 'integer',
  waiting: 'jsonb',
  actor: 'jsonb',
  cause: 'jsonb',
  parent: 'jsonb',
  dueAt: 'timestamptz',
  leaseMs: 'integer',
  startedAt: 'timestamptz',
  finishedAt: 'timestamptz',
});

/**
 * Writes the runs that routing made, in whatever state it left them: many are over already. A run of the same event and
 * workflow that exists is left alone; returns the ids that were written. A run that its router holds has fence 1.
 */
export async function insertRuns(manager: EntityManager, runs: readonly NewRun[]): Promise<Set<string>> {
  if (runs.length === 0) return new Set();
  const rows = await prepared<{ id: string }>(
    manager,
    `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, event_id, module, record_id, status,
       admission, reason, explanation, error, failed_steps, waiting, actor, cause, parent, due_at, fence, started_at, finished_at)
     SELECT "workspaceId", id, "workflowId", "versionId", version, "eventId", module, "recordId", status,
       admission, reason, explanation, error, coalesce("failedSteps", 0), waiting, actor, cause, parent,
       CASE status WHEN 'queued' THEN CASE WHEN admission IS NULL THEN now() END WHEN 'running' THEN now() + "leaseMs" * interval '1 ms' ELSE "dueAt" END,
       1, "startedAt", "finishedAt"
     FROM ${INSERTED.from}
     ON CONFLICT (workspace_id, event_id, workflow_id) WHERE event_id IS NOT NULL AND retry_of IS NULL DO NOTHING
     RETURNING id`,
    INSERTED.parameters(runs),
  );
  return new Set(rows.map((row) => row.id));
}

/** A run that stays held: attempts are in flight, or its next step wants a transaction to itself. */
export interface HeldProgress extends RunClaim {
  /** False when nothing happened but a change of hands: recoveries go on counting. */
  progressed: boolean;
  /** How many answers its holder knows of, where it has ended waits without one; null: more of them change nothing. */
  answers: number | null;
}

const HELD = new RowSet('u', { workspaceId: 'text', runId: 'uuid', heldFence: 'integer', progressed: 'boolean', answers: 'integer' });

/** Holds runs on, with a new lease; except those that end waits and were answered since their holder looked. */
export async function holdRuns(manager: EntityManager, runs: readonly HeldProgress[], leaseMs: number): Promise<Set<string>> {
  if (runs.length === 0) return new Set();
  const rows = await prepared<{ id: string }>(
    manager,
    `UPDATE automation.runs SET due_at = now() + $6 * interval '1 ms', recoveries = CASE WHEN u.progressed THEN 0 ELSE recoveries END
     FROM ${HELD.from}
     WHERE runs.workspace_id = u."workspaceId" AND runs.id = u."runId" AND runs.fence = u."heldFence" AND runs.status = 'running'
       AND runs.answers = coalesce(u.answers, runs.answers)
     RETURNING runs.id`,
    [...HELD.parameters(runs.map(claimColumns)), leaseMs],
  );
  return idsOf(rows);
}

const CONFIRMED = new RowSet('u', { workspaceId: 'text', runId: 'uuid', heldFence: 'integer', answers: 'integer' });

/**
 * Holds runs on under the lease that they have, as {@link holdRuns} otherwise: the rows are locked until the transaction
 * ends, so that nobody takes them in between. A new lease is a new version of the row, in all of its indexes: with the intent
 * of each call it was a third of what a run with one call wrote.
 */
export async function confirmRuns(manager: EntityManager, runs: readonly Omit<HeldProgress, 'progressed'>[]): Promise<Set<string>> {
  if (runs.length === 0) return new Set();
  const rows = await prepared<{ id: string }>(
    manager,
    `SELECT runs.id FROM automation.runs, ${CONFIRMED.from}
     WHERE runs.workspace_id = u."workspaceId" AND runs.id = u."runId" AND runs.fence = u."heldFence" AND runs.status = 'running'
       AND runs.answers = coalesce(u.answers, runs.answers)
     FOR NO KEY UPDATE OF runs`,
    CONFIRMED.parameters(runs.map(claimColumns)),
  );
  return idsOf(rows);
}

/** A run that waits until `dueAt` at the latest, an ISO 8601 moment. */
export interface ParkedProgress extends RunClaim {
  waiting: Waiting[];
  dueAt: string;
  /** How many answers its holder knows of. */
  answers: number;
  /** Has it ended waits without an answer? Then an answer that its holder does not know of may be theirs. */
  endsWaits: boolean;
}

const PARKED = new RowSet('u', {
  workspaceId: 'text',
  runId: 'uuid',
  heldFence: 'integer',
  waiting: 'jsonb',
  dueAt: 'timestamptz',
  answers: 'integer',
  endsWaits: 'boolean',
});

/**
 * Parks runs: no process holds them. One that was answered meanwhile is queued instead, so that its answer is heard at once;
 * not so one that ends waits, for the answer may have been taken for one of them.
 */
export async function parkRuns(manager: EntityManager, runs: readonly ParkedProgress[]): Promise<Set<string>> {
  if (runs.length === 0) return new Set();
  const rows = await sql<{ id: string }>(
    manager,
    `UPDATE automation.runs SET status = CASE WHEN runs.answers = u.answers THEN 'waiting' ELSE 'queued' END,
       waiting = u.waiting, due_at = CASE WHEN runs.answers = u.answers THEN u."dueAt" ELSE now() END, recoveries = 0
     FROM ${PARKED.from}
     WHERE runs.workspace_id = u."workspaceId" AND runs.id = u."runId" AND runs.fence = u."heldFence" AND runs.status = 'running'
       AND (runs.answers = u.answers OR NOT u."endsWaits")
     RETURNING runs.id`,
    PARKED.parameters(runs.map(claimColumns)),
  );
  return idsOf(rows);
}

/** The end of a run that is held. */
export interface FinishedProgress extends RunClaim, RunEnd {
  answers: number;
}

const FINISHED = new RowSet('u', {
  workspaceId: 'text',
  runId: 'uuid',
  heldFence: 'integer',
  status: 'text',
  reason: 'text',
  error: 'jsonb',
  failedSteps: 'integer',
  finishedAt: 'timestamptz',
  answers: 'integer',
});

/** Ends held runs, except those that were answered since their holder looked: what was answered with success must be used. */
export async function finishRuns(manager: EntityManager, runs: readonly FinishedProgress[]): Promise<Set<string>> {
  if (runs.length === 0) return new Set();
  const rows = await prepared<{ id: string }>(
    manager,
    `UPDATE automation.runs SET status = u.status, reason = u.reason, error = u.error, failed_steps = u."failedSteps", waiting = NULL,
       due_at = NULL, finished_at = u."finishedAt", recoveries = 0
     FROM ${FINISHED.from}
     WHERE runs.workspace_id = u."workspaceId" AND runs.id = u."runId" AND runs.fence = u."heldFence" AND runs.status = 'running'
       AND runs.answers = u.answers
     RETURNING runs.id`,
    FINISHED.parameters(runs.map(claimColumns)),
  );
  return idsOf(rows);
}

/** Gives held runs back, due at once: the next claim does not count as a recovery. */
export async function releaseRuns(manager: EntityManager, claims: readonly RunClaim[]): Promise<void> {
  if (claims.length === 0) return;
  await sql(
    manager,
    `UPDATE automation.runs SET status = 'queued', due_at = now()
     FROM json_to_recordset($1::json) AS h("workspaceId" text, "runId" uuid, "heldFence" integer)
     WHERE runs.workspace_id = h."workspaceId" AND runs.id = h."runId" AND runs.fence = h."heldFence" AND runs.status = 'running'`,
    [recordset(claims.map(namedClaim))],
  );
}

/** Gives a held run back for later, in milliseconds: what stands in its way passes. */
export async function postponeRun(manager: EntityManager, { workspaceId, id, fence }: RunClaim, delayMs: number): Promise<void> {
  await sql(
    manager,
    `UPDATE automation.runs SET status = 'queued', due_at = now() + $4 * interval '1 ms'
     WHERE workspace_id = $1 AND id = $2 AND fence = $3 AND status = 'running'`,
    [workspaceId, id, fence, delayMs],
  );
}

/** Heartbeat: moves the leases of held runs on. Returns those that are still held, with how many answers each has been given. */
export async function extendLeases(manager: EntityManager, claims: readonly RunClaim[], leaseMs: number): Promise<Map<string, number>> {
  if (claims.length === 0) return new Map();
  const rows = await sql<{ id: string; answers: number }>(
    manager,
    `UPDATE automation.runs SET due_at = now() + $2 * interval '1 ms'
     FROM json_to_recordset($1::json) AS h("workspaceId" text, "runId" uuid, "heldFence" integer)
     WHERE runs.workspace_id = h."workspaceId" AND runs.id = h."runId" AND runs.fence = h."heldFence" AND runs.status = 'running'
     RETURNING runs.id, runs.answers`,
    [recordset(claims.map(namedClaim)), leaseMs],
  );
  return new Map(rows.map(({ id, answers }) => [id, answers]));
}

/** Of runs that could not be finished, those that are held all the same: they were answered. */
export async function stillHeld(manager: EntityManager, claims: readonly RunClaim[]): Promise<Set<string>> {
  const rows = await sql<{ id: string }>(
    manager,
    `SELECT runs.id FROM automation.runs JOIN json_to_recordset($1::json) AS h("workspaceId" text, "runId" uuid, "heldFence" integer)
       ON runs.workspace_id = h."workspaceId" AND runs.id = h."runId" AND runs.fence = h."heldFence" AND runs.status = 'running'`,
    [recordset(claims.map(namedClaim))],
  );
  return idsOf(rows);
}

function namedClaim({ workspaceId, id, fence }: RunClaim): { workspaceId: string; runId: string; heldFence: number } {
  return { workspaceId, runId: id, heldFence: fence };
}

/** With the names that do not collide with columns of the table. */
function claimColumns<Progress extends RunClaim>(run: Progress): Progress & { runId: string; heldFence: number } {
  // Assigned, not spread: see step-log.ts.
  return Object.assign({ runId: run.id, heldFence: run.fence }, run);
}

function idsOf(rows: readonly { id: string }[]): Set<string> {
  return new Set(rows.map(({ id }) => id));
}
