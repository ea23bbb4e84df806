import type { EntityManager } from 'typeorm';
import type { ModuleDescription } from '../../core/catalog.js';
import type { RecordData, RecordRef } from '../../core/event.js';
import { isJsonObject, type Json } from '../../core/json.js';
import { ownFieldsOf } from '../../core/record-values.js';
import type { CrmHost } from '../crm-host.js';
import { grouped, ownFailure } from '../grouped.js';

/** A record to be known, with the relations it is wanted with. */
export interface RecordRequest {
  workspaceId: string;
  ref: RecordRef;
  relations: readonly string[];
  /** Whether it is about to be written. */
  lock: boolean;
}

interface Known {
  /** Whether its row is locked: what is known of it then stays true until the transaction ends. */
  locked: boolean;
  /** The record without its relations; null when there is none. */
  own: RecordData | null;
  related: Map<string, Json>;
}

/**
 * The records of one transaction as it sees them: each is read once, once more when it is to be written and was read without
 * a lock, and kept up to date by the transaction's own writes.
 */
export class KnownRecords {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly host: CrmHost,
    private readonly manager: EntityManager,
    private readonly modules: ReadonlyMap<string, ModuleDescription>,
  ) {}

  has({ workspaceId, ref, relations, lock }: RecordRequest): boolean {
    const known = this.known.get(nameOf(workspaceId, ref));
    if (known === undefined || (lock && !known.locked)) return false;
    return known.own === null || relations.every((relation) => known.related.has(relation));
  }

  /**
   * Reads what is not known yet, or not well enough: one statement per workspace, module and whether it is locked. Returns
   * for which requests the host has failed, and how; the others are known.
   */
  async learn(requests: readonly RecordRequest[]): Promise<Map<RecordRequest, Error>> {
    const failed = new Map<RecordRequest, Error>();
    const unknown = requests.filter((request) => !this.has(request));
    if (unknown.length === 0) return failed;
    const toLock = new Set(unknown.filter(({ lock }) => lock).map(({ workspaceId, ref }) => nameOf(workspaceId, ref)));
    // Who only looks at what a neighbour locks gets it with that statement.
    const isLocked = ({ workspaceId, ref }: RecordRequest): boolean => toLock.has(nameOf(workspaceId, ref));
    for (const group of grouped(unknown, (one) => JSON.stringify([one.workspaceId, one.ref.module, isLocked(one)]))) {
      const [first] = group;
      if (!first) continue;
      const { workspaceId } = first;
      const { module } = first.ref;
      const lock = isLocked(first);
      const ids = [...new Set(group.map(({ ref }) => ref.id))];
      // What is read anew keeps its relations, as they are now.
      const known = ids.flatMap((id) => [...(this.known.get(nameOf(workspaceId, { module, id }))?.related.keys() ?? [])]);
      const relations = [...new Set([...group.flatMap((request) => request.relations), ...known])];
      try {
        const found = await this.host.findRecords({ manager: this.manager, workspaceId }, module, ids, { lock, relations });
        for (const id of ids) this.set(workspaceId, { module, id }, found.get(id) ?? null, relations, lock);
      } catch (error) {
        const failure = ownFailure(error);
        for (const request of group) failed.set(request, failure);
      }
    }
    return failed;
  }

  /** The record's own fields; null when it does not exist. It must have been learnt. */
  own(workspaceId: string, ref: RecordRef): RecordData | null {
    return this.known.get(nameOf(workspaceId, ref))?.own ?? null;
  }

  /** `record` (a state of the record's own fields) together with the relations that are known of it. */
  withRelations(workspaceId: string, ref: RecordRef, record: RecordData): RecordData {
    const whole: RecordData = { ...record };
    for (const [name, value] of this.known.get(nameOf(workspaceId, ref))?.related ?? []) {
      whole[name] = this.newest(workspaceId, ref.module, name, value);
    }
    return whole;
  }

  /** Takes over what a write has answered. */
  wrote(workspaceId: string, ref: RecordRef, record: RecordData | null): void {
    const known = this.known.get(nameOf(workspaceId, ref));
    const own = record && this.ownFields(ref.module, record);
    if (known) {
      for (const name of staleRelations(known, own)) known.related.delete(name);
      known.own = own;
      known.locked = true;
    } else {
      this.known.set(nameOf(workspaceId, ref), { locked: true, own, related: new Map() });
    }
  }

  /** Forgets everything: the next read asks the database. */
  clear(): void {
    this.known.clear();
  }

  private set(workspaceId: string, ref: RecordRef, record: RecordData | null, relations: readonly string[], lock: boolean): void {
    const name = nameOf(workspaceId, ref);
    const locked = lock || this.known.get(name)?.locked === true;
    const related = new Map(relations.map((relation): [string, Json] => [relation, this.related(ref.module, relation, record)]));
    this.known.set(name, { locked, own: record && this.ownFields(ref.module, record), related });
  }

  /** Own fields alone, and none that the catalog does not know: what a host hands out beyond it is kept nowhere. */
  private ownFields(module: string, record: RecordData): RecordData {
    const description = this.modules.get(module);
    return description ? ownFieldsOf(description, record) : record;
  }

  private related(module: string, relation: string, record: RecordData | null): Json {
    const related = record?.[relation] ?? null;
    const target = this.modules.get(module)?.relations.find(({ name }) => name === relation)?.module;
    return target !== undefined && isJsonObject(related) ? this.ownFields(target, related) : related;
  }

  /** A related record may have been written in this transaction since it was read beside its neighbour. */
  private newest(workspaceId: string, module: string, relation: string, value: Json): Json {
    const target = this.modules.get(module)?.relations.find(({ name }) => name === relation)?.module;
    if (target === undefined || !isJsonObject(value)) return value;
    const known = this.known.get(nameOf(workspaceId, { module: target, id: String(value.id) }));
    return known?.own ? { ...known.own } : value;
  }
}

/**
 * The relations that a write may have moved. Which field is a relation's key the port does not say; but it held a value of
 * the related record (its id), so a change of a field that did not cannot have moved the relation.
 */
function staleRelations(known: Known, after: RecordData | null): string[] {
  const { own, related } = known;
  if (related.size === 0 || !own || !after) return [...related.keys()];
  const lost = new Set(
    Object.keys(own)
      .filter((field) => own[field] !== after[field])
      .map((field) => own[field]),
  );
  return [...related]
    .filter(([, value]) => !isJsonObject(value) || Object.values(value).some((held) => lost.has(held)))
    .map(([name]) => name);
}

function nameOf(workspaceId: string, { module, id }: RecordRef): string {
  return `${workspaceId.length}.${module.length}.${workspaceId}${module}${id}`;
}
