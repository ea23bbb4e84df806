import type { ModuleDescription } from '../core/catalog.js';
import { sameJson } from '../core/derive-events.js';
import type { RecordData } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';
import type {
  CrmHost,
  CrmTransaction,
  CrmUser,
  DateRange,
  NewNote,
  NewNotification,
  NewTask,
  RecordMatch,
  RecordPatch,
  RecordQuery,
  RecordSearch,
  UserSearch,
} from '../host/crm-host.js';
import { checkedPatch } from '../host/field-values.js';

/** What a {@link MemoryCrm} holds. */
export interface MemoryCrmOptions {
  modules: readonly ModuleDescription[];
  /** The people of every workspace. */
  users?: readonly CrmUser[];
  /** The stages of a module's records, in order. */
  stages?: Readonly<Record<string, readonly string[]>>;
}

/**
 * A CRM in memory, for tests of workflows and actions that need no tables. It keeps workspaces apart as a CrmHost has to;
 * it has no transactions: what a step wrote stays when its step is repeated.
 */
export class MemoryCrm implements CrmHost {
  /** What create_task created, in order. */
  readonly tasks: (NewTask & { id: string; workspaceId: string })[] = [];
  /** What send_notification created, in order. */
  readonly notifications: (NewNotification & { id: string; workspaceId: string })[] = [];
  /** What add_note wrote, in order. */
  readonly notes: (NewNote & { id: string; workspaceId: string })[] = [];
  private readonly records = new Map<string, RecordData>();
  private created = 0;

  constructor(private readonly options: MemoryCrmOptions) {}

  /** Puts a record there, or replaces it. */
  put(workspaceId: string, module: string, record: RecordData): void {
    this.records.set(keyOf(workspaceId, module, String(record.id)), { ...record });
  }

  /** Returns a record as it is now; undefined when there is none. */
  get(workspaceId: string, module: string, id: string): RecordData | undefined {
    return this.records.get(keyOf(workspaceId, module, id));
  }

  describeModules(): ModuleDescription[] {
    return [...this.options.modules];
  }

  async findRecords(
    { workspaceId }: CrmTransaction,
    module: string,
    ids: readonly string[],
    { relations }: { relations: readonly string[] },
  ): Promise<Map<string, RecordData>> {
    const found = new Map<string, RecordData>();
    for (const id of ids) {
      const record = this.get(workspaceId, module, id);
      if (record) found.set(id, { ...record, ...this.related(workspaceId, module, record, relations) });
    }
    return found;
  }

  async updateRecords({ workspaceId }: CrmTransaction, module: string, patches: readonly RecordPatch[]): Promise<Map<string, RecordData>> {
    const updated = new Map<string, RecordData>();
    for (const { id, set } of patches) {
      const record = this.get(workspaceId, module, id);
      if (!record) continue;
      const after = { ...record, ...set };
      this.put(workspaceId, module, after);
      updated.set(id, after);
    }
    return updated;
  }

  async createTasks({ workspaceId }: CrmTransaction, tasks: readonly NewTask[]): Promise<RecordData[]> {
    const created = tasks.map((task, index) => ({ ...task, id: `task-${this.tasks.length + index + 1}`, workspaceId }));
    this.tasks.push(...created);
    return created.map((task) => ({ ...task, record: task.record && { ...task.record } }));
  }

  async createNotifications({ workspaceId }: CrmTransaction, notifications: readonly NewNotification[]): Promise<string[]> {
    const created = notifications.map((one, index) => ({
      ...one,
      id: `notification-${this.notifications.length + index + 1}`,
      workspaceId,
    }));
    this.notifications.push(...created);
    return created.map(({ id }) => id);
  }

  async listIds({ workspaceId }: CrmTransaction, module: string, { anyOf, sort, after, offset, limit }: RecordQuery): Promise<string[]> {
    const folded = (value: Json | undefined): Json => (typeof value === 'string' ? value.toLowerCase() : (value ?? null));
    const tests = Object.entries(anyOf).map(([field, values]) => [field, values.map(folded)] as const);
    return this.all(workspaceId, module)
      .filter((record) => after === undefined || String(record.id) > after)
      .filter((record) => tests.every(([field, values]) => values.includes(folded(record[field]))))
      .sort((one, other) => (String(one.id) < String(other.id) ? -1 : 1))
      .sort(
        (one, other) => sort.map(({ field, direction }) => inOrder(one[field], other[field], direction)).find((order) => order !== 0) ?? 0,
      )
      .slice(offset, offset + limit)
      .map(({ id }) => String(id));
  }

  async createNotes({ workspaceId }: CrmTransaction, notes: readonly NewNote[]): Promise<RecordData[]> {
    const created = notes.map((note, index) => ({ ...note, id: `note-${this.notes.length + index + 1}`, workspaceId }));
    this.notes.push(...created);
    return created.map((note) => ({ ...note, record: { ...note.record } }));
  }

  async findUsers(_tx: CrmTransaction, query: { ids: readonly string[] } | { role: string }): Promise<CrmUser[]> {
    const users = this.options.users ?? [];
    return users.filter((user) => ('ids' in query ? query.ids.includes(user.id) : user.roles.includes(query.role)));
  }

  async countOwned({ workspaceId }: CrmTransaction, module: string, userIds: readonly string[]): Promise<Map<string, number>> {
    const field = this.describe(module)?.ownerField;
    const owners = this.all(workspaceId, module).map((record) => record[field ?? '']);
    return new Map(userIds.map((id) => [id, owners.filter((owner) => owner === id).length]));
  }

  async findStages(_tx: CrmTransaction, module: string): Promise<string[] | null> {
    const stages = this.options.stages?.[module];
    return stages ? [...stages] : null;
  }

  async listUsers(_tx: CrmTransaction, { search, role, limit }: UserSearch): Promise<CrmUser[]> {
    const users = (this.options.users ?? []).filter(({ roles }) => role === null || roles.includes(role));
    return users.filter(({ name, email }) => search === null || hasWords(`${name} ${email ?? ''}`, search)).slice(0, limit);
  }

  async listRoles(): Promise<string[]> {
    return [...new Set((this.options.users ?? []).flatMap(({ roles }) => roles))].sort();
  }

  /** By id, or by the words of text fields. */
  async searchRecords({ workspaceId }: CrmTransaction, module: string, { search, limit }: RecordSearch): Promise<RecordData[]> {
    const texts = (this.describe(module)?.fields ?? []).filter(({ type }) => type === 'text').map(({ name }) => name);
    return this.all(workspaceId, module)
      .filter((record) => record.id === search || hasWords(texts.map((name) => record[name] ?? '').join(' '), search))
      .slice(0, limit);
  }

  async findMatching({ workspaceId }: CrmTransaction, module: string, { match, limit }: RecordMatch): Promise<RecordData[]> {
    const fields = Object.entries(match);
    return this.all(workspaceId, module)
      .filter((record) => fields.every(([name, value]) => sameJson(record[name] ?? null, value ?? null)))
      .slice(0, limit);
  }

  /** Creates a record with an id like `leads-1`; of its fields that are not given nothing is known. */
  async createRecord({ workspaceId }: CrmTransaction, module: string, set: JsonObject): Promise<RecordData> {
    const description = this.describe(module);
    const values = description ? checkedPatch(description, set) : set;
    do this.created += 1;
    while (this.get(workspaceId, module, `${module}-${this.created}`));
    const record = { ...values, id: `${module}-${this.created}` };
    this.put(workspaceId, module, record);
    return record;
  }

  async listByDate({ workspaceId }: CrmTransaction, module: string, { field, from, after, limit }: DateRange): Promise<string[]> {
    const dated = this.all(workspaceId, module).filter((record) => Date.parse(String(record[field])) >= Date.parse(from));
    const ids = dated.map(({ id }) => String(id)).sort();
    return ids.filter((id) => after === null || id > after).slice(0, limit);
  }

  private all(workspaceId: string, module: string): RecordData[] {
    return [...this.records].filter(([key]) => key.startsWith(keyOf(workspaceId, module, ''))).map(([, record]) => record);
  }

  /** The related records, by the field `<relation>Id`. */
  private related(workspaceId: string, module: string, record: RecordData, names: readonly string[]): RecordData {
    const related: Record<string, RecordData | null> = {};
    for (const name of names) {
      const target = this.describe(module)?.relations.find((relation) => relation.name === name)?.module ?? '';
      related[name] = this.get(workspaceId, target, String(record[`${name}Id`])) ?? null;
    }
    return related as RecordData;
  }

  private describe(module: string): ModuleDescription | undefined {
    return this.options.modules.find(({ name }) => name === module);
  }
}

/** Whether every word of the search is somewhere in the text, whatever the letter case. */
function hasWords(text: string, search: string): boolean {
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.toLowerCase().includes(word));
}

/** What is empty comes last, whatever the direction. */
function inOrder(one: Json | undefined, other: Json | undefined, direction: 'asc' | 'desc'): number {
  const [a, b] = [one ?? null, other ?? null];
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = a < b ? -1 : Number(a > b);
  return direction === 'desc' ? -order : order;
}

function keyOf(workspaceId: string, module: string, id: string): string {
  return `${JSON.stringify([workspaceId, module])} ${id}`;
}
