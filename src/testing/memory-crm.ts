import type { ModuleDescription } from '../core/catalog.js';
import type { RecordData } from '../core/event.js';
import type { CrmHost, CrmTransaction, CrmUser, NewNotification, NewTask, RecordPatch } from '../host/crm-host.js';

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
  private readonly records = new Map<string, RecordData>();

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

  async findUsers(_tx: CrmTransaction, query: { ids: readonly string[] } | { role: string }): Promise<CrmUser[]> {
    const users = this.options.users ?? [];
    return users.filter((user) => ('ids' in query ? query.ids.includes(user.id) : user.roles.includes(query.role)));
  }

  async countOwned({ workspaceId }: CrmTransaction, module: string, userIds: readonly string[]): Promise<Map<string, number>> {
    const field = this.describe(module)?.ownerField;
    const owners = [...this.records]
      .filter(([key]) => key.startsWith(keyOf(workspaceId, module, '')))
      .map(([, record]) => record[field ?? '']);
    return new Map(userIds.map((id) => [id, owners.filter((owner) => owner === id).length]));
  }

  async findStages(_tx: CrmTransaction, module: string): Promise<string[] | null> {
    const stages = this.options.stages?.[module];
    return stages ? [...stages] : null;
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

function keyOf(workspaceId: string, module: string, id: string): string {
  return `${JSON.stringify([workspaceId, module])} ${id}`;
}
