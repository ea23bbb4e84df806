import type { EntityManager } from 'typeorm';
import type { Catalog, ModuleDescription } from '../../core/catalog.js';
import { AutomationError } from '../../core/errors.js';
import type { DomainEvent, RecordData } from '../../core/event.js';
import { isJsonObject, type Json } from '../../core/json.js';
import { knownOf } from '../../core/record-values.js';
import type { CrmHost } from '../../host/crm-host.js';
import type { CompiledVersion } from '../workflows/compiled-version.js';
import type { Candidate } from './new-runs.js';

interface Wanted {
  workspaceId: string;
  module: string;
  ids: Set<string>;
  relations: Set<string>;
  events: Set<DomainEvent>;
}

/**
 * Loads what conditions need beyond the event: records that were published by id alone, and related records. Without
 * locks: most events start nothing, and the CRM's writers must not wait for those. Returns the events for which the CRM did
 * not answer in time: about them nothing can be decided now.
 */
export async function completeRecords(
  { manager, crm, catalog }: { manager: EntityManager; crm: CrmHost; catalog: Catalog },
  candidates: readonly Candidate[],
): Promise<Set<DomainEvent>> {
  const wanted = new Map<string, Wanted>();
  for (const { event, version } of candidates) {
    const { workspaceId, module, recordId } = event;
    if (recordId === null || module === null || isComplete(event, version)) continue;
    const key = `${workspaceId}/${module}`;
    const group: Wanted = wanted.get(key) ?? { workspaceId, module, ids: new Set(), relations: new Set(), events: new Set() };
    wanted.set(key, group);
    group.ids.add(recordId);
    group.events.add(event);
    for (const relation of version.conditionRelations) group.relations.add(relation);
  }
  const unanswered = new Set<DomainEvent>();
  for (const { workspaceId, module, ids, relations, events } of wanted.values()) {
    const names = [...relations];
    const options = { lock: false, relations: names };
    const description = catalog.modules.get(module);
    const found = await crm.findRecords({ manager, workspaceId }, module, [...ids], options).catch(noAnswer);
    for (const event of events) {
      const current = found?.get(event.recordId as string);
      if (found === null) unanswered.add(event);
      else if (current && description) event.record = completed(event, description, knownOf(catalog, description, current), names);
    }
  }
  return unanswered;
}

function noAnswer(error: unknown): null {
  if (error instanceof AutomationError && error.code === 'crm_timed_out') return null;
  throw error;
}

function isComplete({ record, cut }: DomainEvent, { conditionRelations, conditionComputed }: CompiledVersion): boolean {
  return record !== null && conditionRelations.length === 0 && !cut && conditionComputed.every((name) => Object.hasOwn(record, name));
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
