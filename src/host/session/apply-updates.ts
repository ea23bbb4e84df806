import type { EntityManager } from 'typeorm';
import type { ModuleDescription } from '../../core/catalog.js';
import { deriveEvents, sameJson } from '../../core/derive-events.js';
import { AutomationError } from '../../core/errors.js';
import type { RecordData, RecordRef } from '../../core/event.js';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.js';
import { placeOf, shapeOf } from '../../core/module-shape.js';
import { readMember } from '../../core/scope.js';
import type { CrmHost, CrmTransaction } from '../crm-host.js';
import { checkedPatch } from '../field-values.js';
import { grouped, ownFailure } from '../grouped.js';
import type { ChangeRules } from './change-rules.js';
import type { KnownRecords, RecordRequest } from './known-records.js';
import type { NewEvent, StepAtWork } from './step-origin.js';
import { WriteRefused, writeTogether } from './write-together.js';

/** One call of `update`. */
export interface UpdateCall {
  step: StepAtWork;
  ref: RecordRef;
  module: ModuleDescription;
  change: (record: RecordData) => JsonObject;
}

/** The record's own fields before and after one call. */
export interface UpdateResult {
  before: RecordData;
  after: RecordData;
}

type NumberedCall = UpdateCall & { at: number };
type NumberedEvent = { at: number; event: NewEvent };

/** What the calls on one record add up to. */
interface Draft {
  ref: RecordRef;
  /** The record as the calls so far leave it. */
  current: RecordData;
  set: Record<string, Json>;
  calls: { at: number; step: StepAtWork; before: RecordData; fields: readonly string[] }[];
}

/** What updates need of the transaction. */
interface UpdateContext {
  host: CrmHost;
  manager: EntityManager;
  records: KnownRecords;
  rules: ChangeRules;
}

/**
 * Applies updates in call order and writes each record once. Every call sees the record as the calls before it leave it,
 * and returns its own before and after, as if each had been written on its own; what the database adds to the write
 * (timestamps, versions, triggers) shows in the last call of a record. A call that fails, is refused, or changes nothing,
 * writes nothing. Records are locked first: those that were only looked at so far are read once more.
 */
export async function applyUpdates(
  crm: UpdateContext,
  calls: readonly UpdateCall[],
): Promise<{ results: (UpdateResult | Error)[]; events: NewEvent[] }> {
  const requests = calls.map(({ step, ref }) => ({ workspaceId: step.origin.workspaceId, ref, relations: [], lock: true }));
  const failed = await crm.records.learn(requests);
  const results: (UpdateResult | Error)[] = [];
  const events: NumberedEvent[] = [];
  const known: NumberedCall[] = [];
  for (const [at, call] of calls.entries()) {
    const failure = failed.get(requests[at] as RecordRequest);
    if (failure) results[at] = failure;
    else known.push({ ...call, at });
  }
  for (const group of grouped(known, ({ step, ref }) => JSON.stringify([step.origin.workspaceId, ref.module]))) {
    try {
      events.push(...(await updateGroup(crm, group, results)));
    } catch (error) {
      const failure = ownFailure(error);
      for (const { at } of group) results[at] ??= failure;
    }
  }
  return { results, events: events.sort((a, b) => a.at - b.at).map(({ event }) => event) };
}

/** Updates records of one workspace and module, and notes what each call has come to. */
async function updateGroup(
  crm: UpdateContext,
  group: readonly NumberedCall[],
  results: (UpdateResult | Error)[],
): Promise<NumberedEvent[]> {
  const events: NumberedEvent[] = [];
  const [first] = group;
  if (!first) return events;
  const { workspaceId } = first.step.origin;
  const tx = { manager: crm.manager, workspaceId };
  const drafts = await acceptedDrafts(crm, tx, group, results);
  if (drafts.size === 0) return events;
  const written = await writeTogether(
    crm.manager,
    [...drafts],
    async (some) => {
      if (drafts.size === 1) noteWrites(some);
      const records = await crm.host.updateRecords(
        tx,
        first.ref.module,
        some.map(([id, { set }]) => ({ id, set })),
      );
      return some.map(([id]) => records.get(id) ?? null);
    },
    ([id]) => id,
  ).catch((error: unknown) => {
    // How far the host's code had come, nobody knows.
    noteWrites([...drafts]);
    throw error;
  });
  for (const [index, entry] of [...drafts].entries()) {
    const [, draft] = entry;
    const record = written[index] ?? null;
    if (record instanceof WriteRefused) {
      for (const { at } of draft.calls) results[at] = record;
      continue;
    }
    noteWrites([entry]);
    crm.records.wrote(workspaceId, draft.ref, record);
    const last = crm.records.own(workspaceId, draft.ref);
    draft.calls.forEach(({ at, step, before }, index) => {
      const after = draft.calls[index + 1]?.before ?? last;
      results[at] = last && after ? { before: { ...before }, after: { ...after } } : recordNotFound(draft.ref);
      if (last && after) events.push(...derivedEvents(first.module, step, draft.ref.id, before, after).map((event) => ({ at, event })));
    });
  }
  return events;
}

/** A write that is sent alone may have happened whatever becomes of it; one of many has when it was not taken back. */
function noteWrites(drafts: readonly (readonly [string, Draft])[]): void {
  for (const [, { calls }] of drafts) for (const { step } of calls) step.wrote = true;
}

/**
 * Drafts the calls on records of one workspace and module, and has the rules look at all changes together. Where one is
 * refused, the calls after it on the same record have seen a state that will not come: they are drafted again without it.
 */
async function acceptedDrafts(
  { records, rules }: UpdateContext,
  tx: CrmTransaction,
  group: readonly NumberedCall[],
  results: (UpdateResult | Error)[],
): Promise<Map<string, Draft>> {
  const accepted = new Map<string, Draft>();
  let open = group;
  while (open.length > 0) {
    const drafts = new Map<string, Draft>();
    for (const call of open) {
      const result = draftUpdate(records, drafts, call);
      if (result) results[call.at] = result;
    }
    const planned = [...drafts.values()].flatMap((draft) =>
      draft.calls.map(({ at, before, fields }, index) => {
        const after = draft.calls[index + 1]?.before ?? draft.current;
        return { at, ref: draft.ref, change: { before, after, fields } };
      }),
    );
    const [first] = open;
    const changes = planned.map(({ change }) => change);
    const refusals = first && changes.length > 0 ? await rules.refusals(tx, first.module, changes) : [];
    const refusedAt = new Map<string, number>();
    planned.forEach(({ at, ref }, index) => {
      const refusal = refusals[index];
      if (!refusal || refusedAt.has(ref.id)) return;
      refusedAt.set(ref.id, at);
      results[at] = refusal;
    });
    for (const [id, draft] of drafts) if (!refusedAt.has(id)) accepted.set(id, draft);
    // A refused call is out for good: what it saw was what the accepted calls before it had left.
    open = open.filter(({ ref, at }) => refusedAt.has(ref.id) && refusedAt.get(ref.id) !== at);
  }
  return accepted;
}

/** Adds one call to the drafts; returns at once when there is nothing to write. */
function draftUpdate(records: KnownRecords, drafts: Map<string, Draft>, call: NumberedCall): UpdateResult | Error | null {
  const { step, ref, module, change, at } = call;
  const { workspaceId } = step.origin;
  const before = drafts.get(ref.id)?.current ?? records.own(workspaceId, ref);
  if (!before) return recordNotFound(ref);
  let set: Record<string, Json>;
  try {
    set = checkedPatch(module, change(records.withRelations(workspaceId, ref, before)), step.origin.timezone);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  const draft = drafts.get(ref.id) ?? { ref, current: before, set: {}, calls: [] };
  const fields: string[] = [];
  const current: RecordData = Object.assign({}, before);
  const writes: Record<string, Json> = {};
  for (const [name, value] of Object.entries(set)) {
    const place = placeOf(module, name);
    if (sameJson(readMember(current, place), value)) continue;
    const misfit = setAtPlace(current, place, value);
    if (misfit !== null) return noMembers(ref, name, misfit);
    fields.push(name);
    // Of free JSON a column holds the whole; a member that is a field has a column of its own.
    const written = shapeOf(module).fields.has(name) ? name : (place[0] as string);
    writes[written] = current[written] ?? value;
  }
  if (fields.length === 0) return { before: { ...before }, after: { ...before } };
  for (const [name, value] of Object.entries(writes)) {
    // What is set last counts, of a whole and of its members.
    for (const earlier in draft.set) if (earlier === name || earlier.startsWith(`${name}.`)) delete draft.set[earlier];
    draft.set[name] = value;
  }
  draft.current = current;
  draft.calls.push({ at, step, before, fields });
  drafts.set(ref.id, draft);
  return null;
}

/** Sets a value in a record that is a copy; returns what is in the way of the path when that is no object. */
function setAtPlace(record: RecordData, place: readonly string[], value: Json): string | null {
  let here: JsonObject = record;
  for (const [index, name] of place.slice(0, -1).entries()) {
    const inner = Object.hasOwn(here, name) ? (here[name] ?? null) : null;
    if (inner !== null && !isJsonObject(inner)) return place.slice(0, index + 1).join('.');
    const copy: JsonObject = { ...inner };
    here[name] = copy;
    here = copy;
  }
  here[place.at(-1) as string] = value;
  return null;
}

function noMembers({ module }: RecordRef, name: string, holder: string): AutomationError {
  return new AutomationError('value_invalid', `'${name}' of ${module} cannot be set: '${holder}' of the record holds no object.`, {
    hint: `Set '${holder}' as a whole.`,
    details: { module, field: name },
  });
}

/** The events of a write, with their origin. */
export function derivedEvents(
  module: ModuleDescription,
  step: StepAtWork,
  recordId: string,
  before: RecordData | null,
  after: RecordData | null,
): NewEvent[] {
  const { workspaceId, actor, cause } = step.origin;
  return deriveEvents(module, before, after).map(({ event, changes }) => ({
    workspaceId,
    module: module.name,
    event,
    recordId,
    record: after,
    previous: before,
    changes,
    actor,
    cause,
  }));
}

function recordNotFound({ module, id }: RecordRef): AutomationError {
  return new AutomationError('record_not_found', `There is no record '${id}' in ${module}.`, {
    hint: 'It may have been deleted since the run started.',
    details: { module, id },
  });
}
