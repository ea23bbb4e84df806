import type { DataSource, EntityManager } from 'typeorm';
import type { ModuleDescription } from '../core/catalog.js';
import type { Problem } from '../core/errors.js';
import type { RecordData, RecordRef } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';

/** The transaction a step runs in, and for whom. */
export interface CrmTransaction {
  /** Everything the host writes through this commits together with the step's log, or not at all. */
  manager: EntityManager;
  workspaceId: string;
}

/** A change to one record. Values are JSON as in {@link RecordData}; the host converts them to its columns. */
export interface RecordPatch {
  id: string;
  /** By field; of a member that the module describes as a field by its dotted name, `address.city`. */
  set: JsonObject;
}

/** A change to one record that a step is about to write. */
export interface PlannedChange {
  before: RecordData;
  after: RecordData;
  /** The fields that differ between the two. */
  fields: readonly string[];
}

/** A task to be created for people of the CRM. */
export interface NewTask {
  title: string;
  description: string | null;
  assigneeId: string | null;
  /** ISO 8601. */
  dueAt: string | null;
  priority: string | null;
  /** The record the task is about. */
  record: RecordRef | null;
}

/** A notification inside the CRM, to one user. */
export interface NewNotification {
  userId: string;
  title: string;
  body: string | null;
  /** The record it is about. */
  record: RecordRef | null;
}

/** A note about a record, for people of the CRM. */
export interface NewNote {
  body: string;
  /** The user who wrote it; null: the workflow did. */
  authorId: string | null;
  /** The record that it is about. */
  record: RecordRef;
}

/** Which records {@link CrmHost.listIds} lists. */
export interface RecordQuery {
  /** By field: it is one of these, texts whatever their letter case. */
  anyOf: Readonly<Record<string, readonly Json[]>>;
  /** What is empty comes last. */
  sort: readonly { field: string; direction: 'asc' | 'desc' }[];
  /** Those behind this id, in the order of the ids: with it there is nothing else to sort by, and nothing to leave out. */
  after?: string;
  offset: number;
  limit: number;
}

/** Which records {@link CrmHost.findMatching} finds. */
export interface RecordMatch {
  /** By field, as JSON of its type; never null. */
  match: JsonObject;
  limit: number;
}

/** Which records {@link CrmHost.listByDate} lists. */
export interface DateRange {
  field: string;
  from: string;
  /** The last id that was listed; null: from the beginning. */
  after: string | null;
  limit: number;
}

/** A change of a record that the host's own code wrote. */
export interface SeenChange {
  module: string;
  /** Null: records of the module belong to every workspace. */
  workspaceId: string | null;
  /** Null: created. */
  before: RecordData | null;
  /** Null: deleted. */
  after: RecordData | null;
}

/** A trigger that captures a module's changes in the database. */
export interface CaptureTrigger {
  module: string;
  /** Its function in the schema `automation`. */
  name: string;
  /** The table, as SQL names it. */
  table: string;
  /** Changes with what it is made from; stands in the comment of the function. */
  fingerprint: string;
  /** What installs it, or replaces an older one. */
  statements: string[];
}

/** Which record an entity is, and whose. */
export interface RecordIdentity {
  /** Null: it has none, or none yet. */
  id: string | null;
  /** Null: it does not say. */
  workspaceId: string | null;
  /** Records of this module belong to every workspace. */
  isShared: boolean;
}

/** A person who works in the CRM. */
export interface CrmUser {
  id: string;
  name: string;
  email: string | null;
  roles: string[];
}

/** Which users {@link CrmHost.listUsers} lists. */
export interface UserSearch {
  /** Every word of it is somewhere in their name or e-mail address, whatever the letter case; null: everybody. */
  search: string | null;
  /** Only those who have this role. */
  role: string | null;
  limit: number;
}

/** Which records {@link CrmHost.searchRecords} finds. */
export interface RecordSearch {
  /** Never blank. */
  search: string;
  limit: number;
}

/**
 * What the CRM gives to automation. Everything is in sets, so that a batch of runs costs a handful of statements.
 * An implementation that writes outside `tx.manager` works, but its effects are at least once instead of exactly once.
 */
export interface CrmHost {
  /** The modules that workflows can be about. Asked once, at start. */
  describeModules(): ModuleDescription[];

  /**
   * Which record of the module an entity of the host's is, and whose: what its key and its tenant's property hold. Without
   * this method the two are `id` and `workspaceId`.
   */
  identify?(module: string, entity: object): RecordIdentity;

  /**
   * Reads records of one module by id; absent, deleted and other workspaces' ids are simply missing from the answer.
   * `lock`: lock the rows until the transaction ends, in order of id, so that two batches cannot deadlock.
   * `relations`: names of to-one relations to nest.
   */
  findRecords(
    tx: CrmTransaction,
    module: string,
    ids: readonly string[],
    options: { lock: boolean; relations: readonly string[] },
  ): Promise<Map<string, RecordData>>;

  /** Writes the patches (each id at most once) and returns the records as they are afterwards; missing ids were not found. */
  updateRecords(tx: CrmTransaction, module: string, patches: readonly RecordPatch[]): Promise<Map<string, RecordData>>;

  /** Creates tasks and returns their records in the same order, each with its id. */
  createTasks(tx: CrmTransaction, tasks: readonly NewTask[]): Promise<RecordData[]>;

  /** Creates notifications and returns their ids in the same order. */
  createNotifications(tx: CrmTransaction, notifications: readonly NewNotification[]): Promise<string[]>;

  /** Active users of the workspace, by id or by role, in a stable order. */
  findUsers(tx: CrmTransaction, query: { ids: readonly string[] } | { role: string }): Promise<CrmUser[]>;

  /** How many open records of the module each of these users owns; for least_busy. Users without any may be missing. */
  countOwned(tx: CrmTransaction, module: string, userIds: readonly string[]): Promise<Map<string, number>>;

  /** The stages a record of the module may take, in order; null when the module has none. */
  findStages(tx: CrmTransaction, module: string, record: RecordData): Promise<string[] | null>;

  /**
   * Which of the values of a reference field (see `references` in the module's description) point at something that the
   * workspace has. Without this method a reference is looked for among the records of its module.
   */
  findReferenced?(tx: CrmTransaction, module: string, field: string, values: readonly string[]): Promise<ReadonlySet<string>>;

  /**
   * The value of a field in what the host's code gave to `publish` (an entity, a plain object), where it is not the property
   * of the field's name; undefined for all others. Called for each field of the module, inside the host's transaction: it
   * looks at what is there, and loads nothing.
   */
  fieldOf?(module: string, given: object, field: string): unknown;

  /**
   * The CRM's own rules: what is wrong with a change, each problem with the field as its path; nothing when it may be written.
   * Asked before anything is written, after types, references, owner and stage were found in order. A problem, or an
   * AutomationError thrown, fails the step for good and leaves its neighbours alone. The changes of a batch are asked for in
   * one tick: rules that need the database should collect them into one statement.
   */
  validate?(module: string, change: PlannedChange, context: CrmTransaction): readonly Problem[] | Promise<readonly Problem[]>;

  /** The same for a task that is about to be created; paths name the parts of {@link NewTask} or the task's own fields. */
  validateTask?(task: NewTask, context: CrmTransaction): readonly Problem[] | Promise<readonly Problem[]>;

  /**
   * The ids of the workspace's records whose date (a field of type date or datetime) lies at or after `from`, an ISO 8601
   * moment: those behind `after`, in an order of ids that never changes, at most `limit`. A few too many do no harm.
   * Date triggers see existing records by it when they are published; without it, only records that change from then on.
   */
  listByDate?(tx: CrmTransaction, module: string, query: DateRange): Promise<string[]>;

  /** Active users of the workspace for people to choose from, in an order that people expect, at most `limit`. */
  listUsers?(tx: CrmTransaction, query: UserSearch): Promise<CrmUser[]>;

  /** The roles that users of the workspace have, in order. */
  listRoles?(tx: CrmTransaction): Promise<string[]>;

  /**
   * The workspace's records that people mean by a text: the id, or words of what names them or whom they are about. The
   * nearest first, at most `limit`. Only by fields that `describeModules` tells of: what is hidden must not be found either.
   */
  searchRecords?(tx: CrmTransaction, module: string, query: RecordSearch): Promise<RecordData[]>;

  /**
   * The workspace's records whose fields are exactly these, at most `limit`, in a stable order. With {@link createRecord} it
   * lets triggers find or create the record that they are about; without it a workflow that asks for that does not start.
   */
  findMatching?(tx: CrmTransaction, module: string, query: RecordMatch): Promise<RecordData[]>;

  /**
   * Creates a record of the workspace with these fields, whatever else the CRM gives to a new one, and returns it with its id.
   * What may not be is an AutomationError: types, the CRM's own rules. Owner, references and stage have been looked at.
   */
  createRecord?(tx: CrmTransaction, module: string, set: JsonObject): Promise<RecordData>;

  /**
   * The ids of the workspace's records whose fields are one of these values, in this order and then in that of the ids. Tests
   * that the database cannot make may be left out: whoever asks looks at each record again. Needed for find_records, and to take
   * all records of a module into a state machine.
   */
  listIds?(tx: CrmTransaction, module: string, query: RecordQuery): Promise<string[]>;

  /** Creates notes about records and returns their records in the same order, each with its id. Needed for add_note. */
  createNotes?(tx: CrmTransaction, notes: readonly NewNote[]): Promise<RecordData[]>;

  /**
   * Has `listener` hear of what the host's code writes to the modules on this DataSource, in the same transaction: what it
   * throws fails the write. Returns how to stop that. Needed for `capture: { …: 'subscriber' }`.
   */
  watch?(
    dataSource: DataSource,
    modules: readonly string[],
    listener: (changes: readonly SeenChange[], manager: EntityManager) => Promise<void>,
  ): () => void;

  /** The trigger for a module. Pure text. Needed for `capture: { …: 'database' }`. */
  captureTrigger?(module: string, settings: { workspaceId: string | null; payloadBytes: number }): CaptureTrigger;

  /** The module that tasks live in, when it is one of the modules (so that a task made by a step is an event too). */
  readonly taskModule?: string;

  /** The same for notes. */
  readonly noteModule?: string;
}

/** Injection token of the host's {@link CrmHost}. */
export const CRM_HOST = Symbol('CRM_HOST');
