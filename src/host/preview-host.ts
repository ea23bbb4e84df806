import type { RecordData, RecordRef } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';
import { placeOf } from '../core/module-shape.js';
import { setAt } from '../core/record-values.js';
import { SAMPLE_ID } from '../core/sample.js';
import { readMember } from '../core/scope.js';
import type { CrmHost, CrmTransaction, NewNote, NewNotification, NewTask, RecordPatch } from './crm-host.js';
import { modulesOf } from './session/known-modules.js';

/** What a step would have written. */
export type PreviewedWrite =
  | { kind: 'change'; module: string; recordId: string; changes: Record<string, { from: Json; to: Json }> }
  | { kind: 'task'; task: NewTask }
  | { kind: 'create'; module: string; record: RecordData }
  | { kind: 'note'; note: NewNote }
  | { kind: 'notifications'; notifications: NewNotification[] };

/** A record that a preview takes to be there, whatever the CRM holds. */
export interface AssumedRecord {
  ref: RecordRef;
  record: RecordData;
}

/** A CRM that is only looked at. */
export interface PreviewHost extends CrmHost {
  /** What would have been written since the last call, in order. */
  takeWrites(): PreviewedWrite[];
}

/**
 * The CRM as a preview sees it: reads are its own, without locks, and what would be written is noted instead and seen by the
 * reads after it. Its rules (`validate`, references, users, stages) are asked as in a run. `crm` is the host behind its limits.
 */
export function previewHost(crm: CrmHost, assumed: readonly AssumedRecord[] = []): PreviewHost {
  const modules = modulesOf(crm);
  const known = new Map(assumed.map(({ ref, record }) => [nameOf(ref), record]));
  let writes: PreviewedWrite[] = [];
  let made = 0;
  const nextId = (): string => {
    made += 1;
    return `${SAMPLE_ID}-${made}`;
  };

  const findRecords: CrmHost['findRecords'] = async (tx, module, ids, { relations }) => {
    const isKnown = (id: string): boolean => known.has(nameOf({ module, id }));
    // Of a record that is taken to be there, the CRM may still have the relations.
    const asked = ids.filter((id) => !isKnown(id) || relations.length > 0);
    const found = asked.length === 0 ? new Map<string, RecordData>() : await crm.findRecords(tx, module, asked, { lock: false, relations });
    const records = new Map<string, RecordData>();
    for (const id of ids) {
      const [own, theirs] = [known.get(nameOf({ module, id })), found.get(id)];
      const record = own ? { ...related(theirs, relations), ...own, ...(await referred(tx, module, own, relations)) } : theirs;
      if (record) records.set(id, record);
    }
    return records;
  };

  /** Related records by the fields that refer to them, where the CRM says which these are. */
  const referred = async (tx: CrmTransaction, module: string, record: RecordData, relations: readonly string[]): Promise<JsonObject> => {
    const referredTo: JsonObject = {};
    const description = modules.get(module);
    for (const name of relations) {
      const target = description?.relations.find((relation) => relation.name === name)?.module;
      const [reference, ...others] = description?.references?.filter((one) => one.module === target) ?? [];
      const id = reference === undefined || others.length > 0 ? null : record[reference.field];
      if (target === undefined || typeof id !== 'string') continue;
      referredTo[name] = (await findRecords(tx, target, [id], { lock: false, relations: [] })).get(id) ?? null;
    }
    return referredTo;
  };

  return {
    ...crm,
    findRecords,

    async updateRecords(tx, module, patches) {
      const ids = patches.map(({ id }) => id);
      const before = await findRecords(tx, module, ids, { lock: false, relations: [] });
      for (const patch of patches) {
        const record = before.get(patch.id);
        if (record) known.set(nameOf({ module, id: patch.id }), noted(module, record, patch));
      }
      return findRecords(tx, module, ids, { lock: false, relations: [] });
    },

    async createTasks(_tx, tasks) {
      writes.push(...tasks.map((task) => ({ kind: 'task' as const, task })));
      return tasks.map((task) => ({ ...(task as unknown as JsonObject), id: nextId() }));
    },

    ...(crm.createRecord && {
      async createRecord(_tx: CrmTransaction, module: string, set: JsonObject) {
        writes.push({ kind: 'create', module, record: set });
        const record: RecordData = { id: nextId() };
        const description = modules.get(module);
        for (const [name, value = null] of Object.entries(set)) setAt(record, description ? placeOf(description, name) : [name], value);
        known.set(nameOf({ module, id: String(record.id) }), record);
        return record;
      },
    }),

    ...(crm.createNotes && {
      async createNotes(_tx: CrmTransaction, notes: readonly NewNote[]) {
        writes.push(...notes.map((note) => ({ kind: 'note' as const, note })));
        return notes.map((note) => ({ ...(note as unknown as JsonObject), id: nextId() }));
      },
    }),

    async createNotifications(_tx, notifications) {
      writes.push({ kind: 'notifications', notifications: [...notifications] });
      return notifications.map(nextId);
    },

    takeWrites() {
      const taken = writes;
      writes = [];
      return taken;
    },
  };

  /** Notes a change, and returns the record after it. */
  function noted(module: string, before: RecordData, { id, set }: RecordPatch): RecordData {
    const after: RecordData = structuredClone(before);
    const changes: Record<string, { from: Json; to: Json }> = {};
    const description = modules.get(module);
    for (const [name, to = null] of Object.entries(set)) {
      const place = description ? placeOf(description, name) : [name];
      changes[name] = { from: readMember(before, place) ?? null, to };
      setAt(after, place, to);
    }
    writes.push({ kind: 'change', module, recordId: id, changes });
    return after;
  }
}

function related(record: RecordData | undefined, relations: readonly string[]): JsonObject {
  return Object.fromEntries(relations.flatMap((name) => (record?.[name] === undefined ? [] : [[name, record[name]]])));
}

function nameOf({ module, id }: RecordRef): string {
  return JSON.stringify([module, id]);
}
