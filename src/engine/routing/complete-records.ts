import type { EntityManager } from 'typeorm';
import type { Catalog, ModuleDescription } from '../../core/catalog.js';
import { AutomationError } from '../../core/errors.js';
import type { DomainEvent, RecordData } from '../../core/event.js';
import { cutToSize } from '../../core/event-size.js';
import { isJsonObject, type Json } from '../../core/json.js';
import { knownOf, ownFieldsOf } from '../../core/record-values.js';
import type { CrmHost } from '../../host/crm-host.js';
import { type ClaimedEvent, letEventsWait, noteFindings } from '../../store/event-claims.js';
import { tellStandings } from '../machines/standings.js';
import type { CompiledVersion } from '../workflows/compiled-version.js';
import { type Finding, holdAgainst } from './heard-events.js';

/** An event, and what is to be known of its record. */
export interface Completable {
  event: ClaimedEvent;
  version: Pick<CompiledVersion, 'conditionRelations' | 'conditionComputed'> & Partial<Pick<CompiledVersion, 'conditionMachines'>>;
}

interface Wanted {
  workspaceId: string;
  module: string;
  ids: Set<string>;
  relations: Set<string>;
  events: Set<ClaimedEvent>;
}

/** Events about which nothing can be decided now, or ever. */
interface Undecided {
  /** The CRM did not answer in time. */
  unanswered: Set<ClaimedEvent>;
  /** Heard of, and not yet to be seen. */
  waiting: Set<ClaimedEvent>;
  /** Heard of, and it did not happen. */
  never: Set<ClaimedEvent>;
}

/**
 * Loads what conditions need beyond the event: records that were published by id alone, and related records; and holds what
 * was heard, not published, against its record: also `heard`, which no candidate is about; and where records stand in machines. Without locks: most events start
 * nothing, and the CRM's writers must not wait for those.
 */
export async function completeRecords(
  { manager, crm, catalog, payloadBytes }: { manager: EntityManager; crm: CrmHost; catalog: Catalog; payloadBytes: number },
  candidates: readonly Completable[],
  heard: readonly ClaimedEvent[],
): Promise<Undecided> {
  const wanted = new Map<string, Wanted>();
  const want = (event: ClaimedEvent, relations: readonly string[]): void => {
    const { workspaceId, module, recordId } = event;
    if (recordId === null || module === null) return;
    const key = `${workspaceId}/${module}`;
    const group: Wanted = wanted.get(key) ?? { workspaceId, module, ids: new Set(), relations: new Set(), events: new Set() };
    wanted.set(key, group);
    group.ids.add(recordId);
    group.events.add(event);
    for (const relation of relations) group.relations.add(relation);
  };
  for (const { event, version } of candidates) if (!isComplete(event, version)) want(event, version.conditionRelations);
  for (const event of heard) want(event, []);
  const undecided: Undecided = { unanswered: new Set(), waiting: new Set(), never: new Set() };
  const notes: Note[] = [];
  for (const { workspaceId, module, ids, relations, events } of wanted.values()) {
    const names = [...relations];
    const options = { lock: false, relations: names };
    const description = catalog.modules.get(module);
    const found = await crm.findRecords({ manager, workspaceId }, module, [...ids], options).catch(noAnswer);
    for (const event of events) {
      const row = found?.get(event.recordId as string);
      const current = row && description ? knownOf(catalog, description, row) : null;
      if (found === null) undecided.unanswered.add(event);
      else if (event.heard !== null && description) {
        const own = current && ownFieldsOf(description, current);
        const finding = holdAgainst(event, event.heard, own, description);
        if (finding.kind === 'not_yet') undecided.waiting.add(event);
        else notes.push(noteOf(event, finding, payloadBytes));
        if (finding.kind === 'never') undecided.never.add(event);
        if (finding.kind === 'true') Object.assign(event, { record: current ?? event.record, changes: finding.changes });
      } else if (current && description) event.record = completed(event, description, current, names);
    }
  }
  await letEventsWait(manager, [...undecided.waiting]);
  await noteFindings(manager, notes);
  await tellStandings(
    manager,
    candidates.map(({ event, version }) => ({ event, codes: version.conditionMachines ?? [] })),
  );
  return undecided;
}

type Note = Parameters<typeof noteFindings>[1][number];

function noteOf(event: ClaimedEvent, finding: Exclude<Finding, { kind: 'not_yet' }>, payloadBytes: number): Note {
  const { workspaceId, id, previous, changes, cut } = event;
  if (finding.kind === 'never') return { workspaceId, id, record: null, changes, cut: cut ?? null, error: finding.error };
  const kept = cutToSize({ record: finding.record, previous, changes: finding.changes }, payloadBytes);
  return { workspaceId, id, record: kept.event.record, changes: kept.event.changes, cut: kept.cut ?? cut ?? null, error: null };
}

function noAnswer(error: unknown): null {
  if (error instanceof AutomationError && error.code === 'crm_timed_out') return null;
  throw error;
}

function isComplete(
  { record, cut, heard }: ClaimedEvent,
  { conditionRelations, conditionComputed }: Pick<Completable['version'], 'conditionRelations' | 'conditionComputed'>,
): boolean {
  if (record === null || heard !== null) return false;
  return conditionRelations.length === 0 && !cut && conditionComputed.every((name) => Object.hasOwn(record, name));
}

/** The event's own values win: conditions are about the moment of the event. Only what it lacks is taken from the present. */
function completed({ record, cut }: DomainEvent, module: ModuleDescription, current: RecordData, relations: readonly string[]): RecordData {
  if (record === null) return current;
  const related = Object.fromEntries(relations.map((name) => [name, relatedOf(record[name], current[name])]));
  const computed = module.fields.filter((field) => field.computed && !Object.hasOwn(record, field.name)).map(({ name }) => name);
  const shortened = (cut ?? []).flatMap((path) => (path.startsWith(OF_RECORD) ? [path.slice(OF_RECORD.length)] : []));
  const lacking = [...computed, ...shortened].filter((name) => Object.hasOwn(current, name));
  return { ...record, ...related, ...Object.fromEntries(lacking.map((name) => [name, current[name] ?? null])) };
}

const OF_RECORD = 'record.';

/** A related record that the host had loaded in part is completed, too, when it is still the same one. */
function relatedOf(kept: Json | undefined, current: Json | undefined): Json {
  if (kept === undefined) return current ?? null;
  return isJsonObject(kept) && isJsonObject(current) && kept.id === current.id ? { ...current, ...kept } : kept;
}
