import type { DataSource, ObjectLiteral } from 'typeorm';
import type { ModuleDescription } from '../core/catalog.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { RecordData } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import type {
  CaptureTrigger,
  CrmHost,
  CrmTransaction,
  CrmUser,
  DateRange,
  NewNote,
  NewNotification,
  NewTask,
  PlannedChange,
  RecordIdentity,
  RecordMatch,
  RecordPatch,
  RecordQuery,
  RecordSearch,
  UserSearch,
} from './crm-host.js';
import { checkedPatch } from './field-values.js';
import { type Attached, attachedTo } from './typeorm/attached.js';
import { type CaptureSettings, captureTrigger } from './typeorm/capture-sql.js';
import { idText } from './typeorm/columns.js';
import type { CrmOptions, ModuleOption, ModuleOptions } from './typeorm/config.js';
import { configError } from './typeorm/config-error.js';
import { createRecord } from './typeorm/create-record.js';
import { createRows } from './typeorm/create-rows.js';
import { needed } from './typeorm/creations.js';
import { type CrmModule } from './typeorm/crm-module.js';
import { findMatching } from './typeorm/find-matching.js';
import { listByDate } from './typeorm/list-by-date.js';
import { listIds } from './typeorm/list-ids.js';
import { countOwned } from './typeorm/people.js';
import { readRecords } from './typeorm/read-records.js';
import { type ChangeListener, RecordSubscriber } from './typeorm/record-subscriber.js';
import { searchRecords } from './typeorm/search-records.js';
import { type CheckedPatch, updateWithTags, withoutTags } from './typeorm/tag-rows.js';
import { updateRecords } from './typeorm/update-records.js';

/** A CrmHost that needs the DataSource before it can serve. The module attaches its own, which includes the host's entities. */
export interface AttachableCrmHost extends CrmHost {
  /** Learns the entities from the DataSource's metadata. Throws `crm_config_invalid` with all that is wrong. */
  attach(dataSource: DataSource): void;
  /** Throws as {@link attach} would, and changes nothing: asked with the host's own DataSource, before anything is connected. */
  check?(dataSource: DataSource): void;
  /** What is configured, but cannot do all that it could. Asked once it is attached. */
  warnings?(): readonly string[];
}

/** Whether a host wants to be attached. */
export function isAttachable(host: CrmHost): host is AttachableCrmHost {
  return 'attach' in host && typeof host.attach === 'function';
}

/**
 * The CrmHost over the host's own TypeORM entities: modules by name, each with its entity and what metadata cannot tell;
 * users, tasks and notifications in the second argument.
 *
 * ```ts
 * typeOrmCrm(
 *   { leads: { entity: Lead, stage: 'stage', owner: 'ownerId' }, tasks: { entity: Task, owner: 'assigneeId' } },
 *   { users: { entity: User }, tasks: { entity: Task }, notifications: { entity: Notification } },
 * )
 * ```
 */
export function typeOrmCrm<
  E extends Record<string, ObjectLiteral>,
  U extends ObjectLiteral = ObjectLiteral,
  T extends ObjectLiteral = ObjectLiteral,
  N extends ObjectLiteral = ObjectLiteral,
  O extends ObjectLiteral = ObjectLiteral,
>(modules: ModuleOptions<E>, options: CrmOptions<U, T, N, O> = {}): TypeOrmCrmHost {
  return new TypeOrmCrmHost(modules as unknown as Record<string, ModuleOption<ObjectLiteral>>, options as unknown as CrmOptions);
}

/** What {@link typeOrmCrm} makes. Everything it writes goes through the transaction it is given: exactly once. */
export class TypeOrmCrmHost implements AttachableCrmHost {
  readonly taskModule?: string;
  readonly noteModule?: string;
  /** Missing where no entity takes notes. */
  readonly createNotes?: NonNullable<CrmHost['createNotes']>;
  /** Missing where the users are kept elsewhere and nothing lists them. */
  readonly listUsers?: NonNullable<CrmHost['listUsers']>;
  readonly listRoles?: NonNullable<CrmHost['listRoles']>;
  private attached: Attached | undefined;
  /** What {@link check} has built, and of what: the module's own DataSource has the very metadata of the host's, and is attached next. */
  private checked: { metadatas: DataSource['entityMetadatas']; attached: Attached } | undefined;
  /** The entities that {@link validateTask} has made. */
  private readonly validated = new WeakMap<NewTask, ObjectLiteral>();

  constructor(
    private readonly options: Readonly<Record<string, ModuleOption<ObjectLiteral>>>,
    private readonly extras: CrmOptions,
  ) {
    // Whatever was given: it is checked when it is attached.
    const moduleOf = (entity: unknown): string | undefined =>
      Object.entries(options ?? {}).find(([, option]) => entity !== undefined && option?.entity === entity)?.[0];
    const taskModule = moduleOf(extras?.tasks?.entity);
    if (taskModule !== undefined) this.taskModule = taskModule;
    const noteModule = moduleOf(extras?.notes?.entity);
    if (noteModule !== undefined) this.noteModule = noteModule;
    if (extras?.notes) {
      this.createNotes = async (tx: CrmTransaction, notes: readonly NewNote[]) => {
        const { table, make } = needed(this.ready().notes, 'notes');
        return createRows(tx, table, make, notes);
      };
    }
    const users = extras?.users;
    if (users && ('entity' in users || users.list)) {
      this.listUsers = async (tx: CrmTransaction, query: UserSearch) => (await this.ready().users.list?.(tx, query)) ?? [];
    }
    if (users && ('entity' in users || users.listRoles)) {
      this.listRoles = async (tx: CrmTransaction) => (await this.ready().users.listRoles?.(tx)) ?? [];
    }
  }

  attach(dataSource: DataSource): void {
    const { checked } = this;
    this.attached = checked?.metadatas === dataSource.entityMetadatas ? checked.attached : this.build(dataSource);
    this.checked = undefined;
  }

  check(dataSource: DataSource): void {
    this.checked = { metadatas: dataSource.entityMetadatas, attached: this.build(dataSource) };
  }

  warnings(): readonly string[] {
    return this.ready().warnings;
  }

  private build(dataSource: DataSource): Attached {
    return attachedTo(dataSource, this.options, this.extras, { tasks: this.taskModule, notes: this.noteModule });
  }

  describeModules(): ModuleDescription[] {
    return [...this.ready().modules.values()].map(({ description }) => description);
  }

  identify(module: string, entity: object): RecordIdentity {
    const { key, workspace, rule } = this.module(module).table;
    const isShared = workspace === undefined && rule.where === undefined;
    return { id: idText(key, entity), workspaceId: workspace ? idText(workspace, entity) : null, isShared };
  }

  watch(dataSource: DataSource, modules: readonly string[], listener: ChangeListener): () => void {
    const watched = modules.map((name) => ({ name, table: this.capturable(name).table }));
    const subscriber = new RecordSubscriber(dataSource, watched, listener);
    dataSource.subscribers.push(subscriber);
    return () => {
      const at = dataSource.subscribers.indexOf(subscriber);
      if (at >= 0) dataSource.subscribers.splice(at, 1);
    };
  }

  captureTrigger(module: string, settings: CaptureSettings): CaptureTrigger {
    const { description, table } = this.capturable(module);
    return captureTrigger(description, table, settings);
  }

  async findRecords(
    tx: CrmTransaction,
    module: string,
    ids: readonly string[],
    options: { lock: boolean; relations: readonly string[] },
  ): Promise<Map<string, RecordData>> {
    const { table, relations } = this.module(module);
    const nested = options.relations.map((name) => {
      const relation = relations.get(name);
      if (relation) return relation;
      throw new AutomationError('relation_unknown', `The module ${module} has no relation '${name}'.`, {
        details: { module, relation: name },
      });
    });
    return readRecords(tx, table, ids, { lock: options.lock, relations: nested });
  }

  async updateRecords(tx: CrmTransaction, module: string, patches: readonly RecordPatch[]): Promise<Map<string, RecordData>> {
    const { table, description, tagRows } = this.module(module);
    const write = (checked: readonly CheckedPatch[]): Promise<Map<string, RecordData>> =>
      updateRecords(
        tx,
        table,
        checked.map(({ id, set }) => ({ id, values: table.columnValues(set) })),
      );
    const checked = patches.map(({ id, set }) => ({ id, set: checkedPatch(description, set) }));
    if (tagRows === null) return write(checked);
    const read = (ids: readonly string[]) => readRecords(tx, table, ids, { lock: false, relations: [] });
    return updateWithTags(tx, tagRows, checked, { write, read });
  }

  async createTasks(tx: CrmTransaction, tasks: readonly NewTask[]): Promise<RecordData[]> {
    const { table, make } = needed(this.ready().tasks, 'tasks');
    return createRows(tx, table, (task) => this.takeValidated(task) ?? make(task, tx), tasks);
  }

  async createNotifications(tx: CrmTransaction, notifications: readonly NewNotification[]): Promise<string[]> {
    const { table, make } = needed(this.ready().notifications, 'notifications');
    return (await createRows(tx, table, make, notifications)).map((record) => String(record.id));
  }

  async findUsers(tx: CrmTransaction, query: { ids: readonly string[] } | { role: string }): Promise<CrmUser[]> {
    return this.ready().users.find(tx, query);
  }

  async countOwned(tx: CrmTransaction, module: string, userIds: readonly string[]): Promise<Map<string, number>> {
    const { table, owner, open } = this.module(module);
    if (owner) return countOwned(tx, table, owner, userIds, open);
    throw new AutomationError('owner_unknown', `The module ${module} has no owner.`, {
      hint: `Give typeOrmCrm() the property: { ${module}: { entity: …, owner: 'ownerId' } }.`,
      details: { module },
    });
  }

  async findStages(tx: CrmTransaction, module: string, record: RecordData): Promise<string[] | null> {
    const { description, findStages } = this.module(module);
    return description.stageField === undefined ? null : findStages(tx, record);
  }

  async findReferenced(tx: CrmTransaction, module: string, field: string, values: readonly string[]): Promise<ReadonlySet<string>> {
    return (await this.module(module).references.get(field)?.find(tx, values)) ?? new Set();
  }

  fieldOf(module: string, given: object, field: string): unknown {
    return this.ready().modules.get(module)?.table.valueIn(given, field);
  }

  async listByDate(tx: CrmTransaction, module: string, range: DateRange): Promise<string[]> {
    return listByDate(tx, this.module(module).table, range);
  }

  async searchRecords(tx: CrmTransaction, module: string, query: RecordSearch): Promise<RecordData[]> {
    const { table, searched } = this.module(module);
    return searchRecords(tx, table, searched, query);
  }

  async findMatching(tx: CrmTransaction, module: string, query: RecordMatch): Promise<RecordData[]> {
    const { table, description } = this.module(module);
    return findMatching(tx, table, description, query);
  }

  async createRecord(tx: CrmTransaction, module: string, set: JsonObject): Promise<RecordData> {
    const { table, description, rules, tagRows } = this.module(module);
    if (tagRows === null) return createRecord(tx, table, { description, rules }, set);
    const { rest, tags } = withoutTags(set, tagRows.field);
    const record = await createRecord(tx, table, { description, rules }, rest);
    if (tags === null) return record;
    const tagged = await this.updateRecords(tx, module, [{ id: String(record.id), set: { [tagRows.field]: tags } }]);
    return tagged.get(String(record.id)) ?? record;
  }

  async listIds(tx: CrmTransaction, module: string, query: RecordQuery): Promise<string[]> {
    const { table, description } = this.module(module);
    return listIds(tx, table, description, query);
  }

  /** What the class-validator decorators say; in memory alone, unless the host's validators look further. */
  validate(module: string, change: PlannedChange): readonly Problem[] | Promise<readonly Problem[]> {
    const { table, rules } = this.module(module);
    table.checkEmbedded(change);
    return rules?.ofChange(change) ?? [];
  }

  validateTask(task: NewTask, tx: CrmTransaction): readonly Problem[] | Promise<readonly Problem[]> {
    const { make, rules } = needed(this.ready().tasks, 'tasks');
    const entity = make(task, tx);
    this.validated.set(task, entity);
    return rules?.ofNew(entity) ?? [];
  }

  /** What was validated is what is inserted: once. */
  private takeValidated(task: NewTask): ObjectLiteral | undefined {
    const entity = this.validated.get(task);
    this.validated.delete(task);
    return entity;
  }

  private ready(): Attached {
    if (this.attached) return this.attached;
    throw new AutomationError('crm_not_attached', 'The CRM host does not know its DataSource yet.', {
      hint: 'The automation module attaches it when it starts; outside the module call attach(dataSource) yourself.',
    });
  }

  /** A module of which a row says whose it is. */
  private capturable(name: string): CrmModule {
    const module = this.module(name);
    const { workspace, rule, metadata } = module.table;
    if (workspace || !rule.where) return module;
    throw configError(
      `${name} cannot be captured: no column of ${metadata.name} says whose a row is, only conditions do.`,
      'Publish its changes: whoever does knows the workspace.',
    );
  }

  private module(name: string): CrmModule {
    const module = this.ready().modules.get(name);
    if (module) return module;
    throw new AutomationError('module_unknown', `The CRM has no module '${name}'.`, { details: { module: name } });
  }
}
