import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { AutomationError } from '../core/errors.js';
import type { Actor, RecordRef } from '../core/event.js';
import type { Json } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { Starts } from '../engine/capture/starts.js';
import { StartDecider } from '../engine/routing/start-decider.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import { databaseNow } from '../store/clock.js';
import type { ClaimedEvent } from '../store/event-claims.js';
import type { StartRow } from '../store/event-store.js';
import { type BatchOutcome, findBatch } from '../store/start-batches.js';
import { assertWorkflow, auditStart, type StartByHand } from './start-by-hand.js';

/** A start on each of some records. */
export interface BatchStartCommand extends StartByHand {
  records: { module: string; ids: string[] };
  /** Of several starts of the workflow on one record with one key the first counts, and they are one batch. */
  key?: string;
  /** Only say what would become of them. */
  dryRun?: boolean;
}

/** Records on which nothing starts, for one reason. */
export interface RefusedRecords {
  /** `record_not_found`, or as a skipped run would say. */
  reason: string;
  count: number;
  /** Some of them, with the explanation that a skipped run would have. */
  sample: { recordId: string; explanation: Json }[];
}

/** What was captured, or would be. */
export interface BatchStartResult {
  /** Under which `GET start-batches/:id` tells what came of it; null for a preview. */
  id: string | null;
  dryRun: boolean;
  /** How many records were named. */
  records: number;
  /** On how many of them a start is captured, by this call or an earlier one of its key; of a preview: how many runs there would be. */
  starts: number;
  refused: RefusedRecords[];
}

/** The answer to a start on many records. */
export interface BatchStart {
  /** False: earlier calls of the key have captured every one of the starts. */
  isNew: boolean;
  batch: BatchStartResult;
}

/** A batch, and how far it is. */
export interface StartBatch {
  id: string;
  workflowId: string;
  module: string | null;
  startedAt: string;
  actor: Actor;
  records: number;
  /** Not routed yet. */
  pending: number;
  outcomes: BatchOutcome[];
}

/** The most records that one call starts a workflow on. */
export const MOST_RECORDS = 1_000;
const SAMPLE = 10;
/** The namespace of the ids of batches that have a key. */
const KEYED_BATCHES = '6f0c1f0e-8d0b-4f3c-9a55-3f2b7f6f6d51';

/** Lets people start a workflow on many records at once, and see beforehand what would come of it. */
@Injectable()
export class BatchStartService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly starts: Starts,
    private readonly decider: StartDecider,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /**
   * Captures a start on each record that exists; the router decides about each, and each that it refuses is a skipped run.
   * The preview asks the same rules and captures nothing. Throws `workflow_not_found`, `workflow_not_published`,
   * `start_invalid`, `payload_too_large`.
   */
  start(workflowId: string, command: BatchStartCommand, caller: Caller): Promise<BatchStart> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const { workspaceId } = caller;
    const { input, records, key, force = [], dryRun = false } = command;
    const batchId = key === undefined ? uuidv7() : keyedBatch([workspaceId, workflowId.toLowerCase(), records.module, key]);
    const refs = [...new Set(records.ids)].map((id): RecordRef => ({ module: records.module, id }));
    return this.database.transaction(async (manager) => {
      await assertWorkflow(manager, workspaceId, workflowId);
      const start = { workspaceId, workflow: workflowId, input, key, actor: callerAsActor(caller), force };
      const rows = await this.starts.rowsOn(start, refs, batchId, manager);
      await this.database.enter(manager, workspaceId);
      const options = { lock: false, relations: [] };
      const ids = refs.map(({ id }) => id);
      const known = await this.crm.findRecords({ manager, workspaceId }, records.module, ids, options);
      const possible = rows.filter(({ recordId }) => known.has(recordId ?? ''));
      const missing = ids.filter((id) => !known.has(id)).map((recordId) => ({ recordId, reason: 'record_not_found', explanation: null }));
      const result = { dryRun, records: refs.length };
      if (dryRun) {
        const refused = [...missing, ...(await this.refusals(manager, possible))];
        return { isNew: true, batch: { ...result, id: null, starts: refs.length - refused.length, refused: grouped(refused) } };
      }
      const captured = await this.starts.capture(possible, manager);
      const batch = { ...result, id: batchId, starts: possible.length, refused: grouped(missing) };
      if (captured === 0 && possible.length > 0) return { isNew: false, batch };
      await auditStart(manager, workflowId, command, { batchId, module: records.module, records: captured }, caller);
      return { isNew: true, batch };
    });
  }

  /** How far a batch is. Throws `batch_not_found`. */
  async get(id: string, caller: Caller): Promise<StartBatch> {
    const found = isUuid(id) ? await this.database.read((manager) => findBatch(manager, caller.workspaceId, id)) : null;
    if (found === null)
      throw new AutomationError('batch_not_found', 'There is no batch of starts of this id.', { hint: 'Retention may have removed it.' });
    const { startedAt, actor, target, module, outcomes } = found;
    const sum = (of: readonly BatchOutcome[]): number => of.reduce((total, { count }) => total + count, 0);
    const pending = outcomes.filter(({ status, reason }) => status === null && reason === null);
    return {
      id,
      workflowId: target.workflowId,
      module,
      startedAt: startedAt.toISOString(),
      actor,
      records: sum(outcomes),
      pending: sum(pending),
      outcomes: outcomes.filter((outcome) => !pending.includes(outcome)),
    };
  }

  private async refusals(manager: EntityManager, rows: readonly StartRow[]): Promise<Refusal[]> {
    const now = await databaseNow(manager);
    const events = rows.map((row): ClaimedEvent => ({ ...row, heard: null, claimedAt: now, sharing: null, occurredAt: now.toISOString() }));
    const foreseen = await this.decider.foresee(manager, events, now);
    return foreseen.flatMap((one, index): Refusal[] => {
      const recordId = rows[index]?.recordId ?? '';
      if (one === null) return [{ recordId, reason: 'undecided', explanation: null }];
      const { decision } = one;
      return decision.kind === 'skip' ? [{ recordId, reason: decision.reason, explanation: decision.explanation }] : [];
    });
  }
}

/** One id for all that a batch shows of itself: it is found again by whoever repeats the call. */
function keyedBatch(parts: readonly string[]): string {
  return uuidv5(JSON.stringify(parts), KEYED_BATCHES);
}

interface Refusal {
  recordId: string;
  reason: string;
  explanation: Json;
}

function grouped(refusals: readonly Refusal[]): RefusedRecords[] {
  const groups = new Map<string, RefusedRecords>();
  for (const { reason, ...one } of refusals) {
    const group = groups.get(reason) ?? { reason, count: 0, sample: [] };
    groups.set(reason, group);
    group.count += 1;
    if (group.sample.length < SAMPLE) group.sample.push(one);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}
