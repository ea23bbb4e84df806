import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import type { DomainEvent, RecordData } from '../../core/event.js';
import type { CrmHost } from '../../host/crm-host.js';
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
  { manager, crm }: { manager: EntityManager; crm: CrmHost },
  candidates: readonly Candidate[],
): Promise<Set<DomainEvent>> {
  const wanted = new Map<string, Wanted>();
  for (const { event, version } of candidates) {
    const { workspaceId, module, recordId } = event;
    if (recordId === null || module === null || (event.record !== null && version.conditionRelations.length === 0)) continue;
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
    const found = await crm.findRecords({ manager, workspaceId }, module, [...ids], options).catch(noAnswer);
    if (found === null) for (const event of events) unanswered.add(event);
    else
      for (const event of events) {
        const current = found.get(event.recordId as string);
        if (current) event.record = withRelations(event.record, current, names);
      }
  }
  return unanswered;
}

function noAnswer(error: unknown): null {
  if (error instanceof AutomationError && error.code === 'crm_timed_out') return null;
  throw error;
}

/** The event's own values win: conditions are about the moment of the event. Only what it lacks is taken from the present. */
function withRelations(snapshot: RecordData | null, current: RecordData, relations: readonly string[]): RecordData {
  if (snapshot === null) return current;
  const related = Object.fromEntries(relations.map((name) => [name, current[name]] as const));
  return { ...related, ...snapshot };
}
