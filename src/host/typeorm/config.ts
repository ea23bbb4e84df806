import type { DeepPartial, EntityTarget, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { EventRule, FieldType } from '../../core/catalog.js';
import type { RecordData } from '../../core/event.js';
import type { CrmTransaction, CrmUser, NewNote, NewNotification, NewTask, UserSearch } from '../crm-host.js';

/** The name of a property of an entity. */
export type PropertyOf<T> = Extract<keyof T, string>;

/**
 * Which rows are a workspace's where no column of the entity itself says it: conditions as for `find`, over relations if need
 * be: `(workspaceId) => ({ channels: { id: workspaceId } })`. Null: the workspace has none. Every read, lock and write of the
 * entity is bound by it. Asked for each statement: it must not wait for anything.
 */
export type WorkspaceWhere<T extends ObjectLiteral = ObjectLiteral> = (
  workspaceId: string,
) => FindOptionsWhere<T> | FindOptionsWhere<T>[] | null;

/** Which rows of an entity are a workspace's. */
export interface OfWorkspace<T extends ObjectLiteral> {
  /**
   * The property that holds the workspace, a column or a to-one relation; every statement is bound to it. Default: the one that
   * {@link CrmOptions.workspace} names; without it the module refuses to start. Null: every workspace sees all rows.
   */
  workspace?: PropertyOf<NoInfer<T>> | null;
  /** In place of `workspace`, or beside it. */
  where?: WorkspaceWhere<NoInfer<T>>;
}

/** What the catalog says of a field, where it differs from what the entity's metadata tell. */
export interface FieldOverride<T extends ObjectLiteral = ObjectLiteral> {
  label?: string;
  /** False keeps workflows from changing the field. True cannot open what is generated (ids, timestamps, the workspace). */
  writable?: boolean;
  /** Takes the field out of records, conditions and templates. */
  hidden?: boolean;
  /** The values it may take. */
  options?: string[];
  /** How its values are read and written as JSON. */
  type?: FieldType;
  /**
   * Makes this a computed field: its value is told from the entity's columns, hidden ones included (nothing else is loaded).
   * It needs a `type`, and is never writable. Where it throws, the field is empty.
   */
  get?(entity: T): unknown;
}

/** An event of a module: its rule, its rule with a label, or false to leave a default event out. */
export type EventOption = EventRule | { label?: string; rule: EventRule } | false;

/** Stages that are rows of an entity: by default all of the workspace, in order of `order`. */
export interface StageEntityOption<S extends ObjectLiteral = ObjectLiteral> {
  entity: EntityTarget<S>;
  /** The property that holds what the record's stage field holds. Default `name`. */
  value?: PropertyOf<NoInfer<S>>;
  /** The property to sort by. Default `position`. */
  order?: PropertyOf<NoInfer<S>>;
  /** Which of the rows are stages of this module at all; a function of the workspace says whose they are too. */
  where?: FindOptionsWhere<NoInfer<S>> | WorkspaceWhere<NoInfer<S>>;
  /** Property of the stage -> field of the record that must be equal: `{ pipelineId: 'pipelineId' }`. */
  match?: Partial<Record<PropertyOf<NoInfer<S>>, string>>;
  /** The property that holds the workspace; null when stages are everyone's. Default: as in {@link OfWorkspace.workspace}. */
  workspace?: PropertyOf<NoInfer<S>> | null;
}

/** The stages a record may take: fixed, asked for, or rows of an entity. */
export type StagesOption =
  | readonly string[]
  | ((record: RecordData, tx: CrmTransaction) => Promise<string[] | null> | string[] | null)
  // biome-ignore lint/suspicious/noExplicitAny: any entity may hold stages; `stageRows` checks its properties.
  | StageEntityOption<any>;

/** A class with class-validator decorators. */
export type RulesClass = new () => object;

/** One module of the CRM: an entity, and what its metadata cannot tell. */
export interface ModuleOption<T extends ObjectLiteral> extends OfWorkspace<T> {
  entity: EntityTarget<T>;
  /** Default: made from the module's name. */
  label?: string;
  /** Default: made from the module's name (`opportunities` -> `opportunity`). */
  singular?: string;
  /** The property that move_stage changes. */
  stage?: PropertyOf<NoInfer<T>>;
  /** The property that assign_owner changes: a column with a user's id, or a to-one relation to the user. */
  owner?: PropertyOf<NoInfer<T>>;
  /**
   * The property with a list of texts that add_tag and remove_tag change. Where tags are rows of their own (many-to-many, a join
   * entity): `{ field, set }`, a property that shows their names, such as a virtual column, and what makes them be these, through
   * `tx.manager`, so that it commits with the step. The record is locked meanwhile, and read again afterwards.
   */
  tags?: PropertyOf<NoInfer<T>> | { field: PropertyOf<NoInfer<T>>; set(tx: CrmTransaction, id: string, tags: string[]): Promise<unknown> };
  fields?: { [Name in PropertyOf<NoInfer<T>>]?: FieldOverride<NoInfer<T>> } & Record<string, FieldOverride<NoInfer<T>>>;
  /** To-one relations to reach one hop away. Default: all whose entity is a module too. */
  relations?: readonly PropertyOf<NoInfer<T>>[];
  /** Default: the options of the stage field, where it is an enum. */
  stages?: StagesOption;
  /** Added to the default events of the module, or in their place. */
  events?: Record<string, EventOption>;
  /**
   * The class whose class-validator decorators a change must satisfy before a workflow may write it, as a request to the CRM
   * must: `UpdateLeadDto`. Its properties are the record's fields, its values JSON as in conditions and templates. Only what
   * the change touches, or spoils, counts. Default: the entity's own decorators, where it has any; false: none.
   */
  validate?: RulesClass | false;
  /**
   * Writes a change of a workflow in place of ours, for a module whose writes have to go through the host's own service:
   * `update: (tx, id, set) => orders.update(tx.manager, id, set)`. `set` holds what changes and nothing else, as the entity
   * has it (dates as Date, decimals as its property is declared); the record is locked, and read again afterwards. Write
   * through `tx.manager`, so that it commits with the step. What it throws fails the step.
   */
  update?(tx: CrmTransaction, id: string, set: DeepPartial<NoInfer<T>>): Promise<unknown>;
  /**
   * The property that says that a row is deleted, where that is no `@DeleteDateColumn`: a date (deleted when there is one) or
   * a boolean. Such rows exist for no workflow.
   */
  deleted?: PropertyOf<NoInfer<T>>;
  /** The field whose value people know a record by, or several that name it together. Default: `name`, `title`, first and last name, or a number, whichever there is. */
  title?: string | readonly string[];
  /**
   * The fields that a search for a record looks at, beside its id: columns that hold text and are not hidden. Default: those
   * of `title`, and what is called like a name, an e-mail address, a phone or a number. An index helps where there are many
   * records: a trigram index (`pg_trgm`) serves such a search.
   */
  search?: readonly string[];
  /** What counts as open for least_busy: conditions on columns. Default: everything that is not deleted. */
  open?: FindOptionsWhere<NoInfer<T>> | FindOptionsWhere<NoInfer<T>>[];
}

/** The modules of a CRM by name. `E` maps their names to their entities and is inferred. */
export type ModuleOptions<E extends Record<string, ObjectLiteral>> = { [Name in keyof E]: ModuleOption<E[Name]> };

/** Who belongs to which workspace, where people may belong to several: an entity with a row for each. */
export interface MembersOption<M extends ObjectLiteral = ObjectLiteral> {
  entity: EntityTarget<M>;
  /** The user: a column with the id, or a to-one relation. Default `userId`, or else `user`. */
  user?: PropertyOf<NoInfer<M>>;
  /** The workspace: as in {@link OfWorkspace.workspace}, but never everyone's. */
  workspace?: PropertyOf<NoInfer<M>>;
  /** The roles that the member has in the workspace, as in {@link UsersOption}; then those of the user do not count. */
  roles?: PropertyOf<NoInfer<M>>;
  /** A boolean property, or conditions on columns. Default `active`, where there is one. */
  active?: PropertyOf<NoInfer<M>> | FindOptionsWhere<NoInfer<M>>;
}

/** Where the people are. */
export type UsersOption<U extends ObjectLiteral = ObjectLiteral> =
  | (OfWorkspace<U> & {
      entity: EntityTarget<U>;
      /** Default: the primary key. */
      id?: PropertyOf<NoInfer<U>>;
      /**
       * One property, or several that make the name together. Default: the first there is of `name`, `firstName` and `lastName`,
       * `fullName`, `displayName`, `email`.
       */
      name?: PropertyOf<NoInfer<U>> | readonly PropertyOf<NoInfer<U>>[];
      /** Default `email`, where there is one. */
      email?: PropertyOf<NoInfer<U>>;
      /** A text (one role), a list of texts, or a JSON list. Default `roles` or `role`, where there is one. */
      roles?: PropertyOf<NoInfer<U>>;
      /** A boolean property, or conditions on columns. Default `active`, where there is one. */
      active?: PropertyOf<NoInfer<U>> | FindOptionsWhere<NoInfer<U>>;
      /** Who is a member of which workspace: in place of `workspace`, or beside it. */
      // biome-ignore lint/suspicious/noExplicitAny: any entity may hold members; `memberships` checks its properties.
      members?: MembersOption<any>;
    })
  | {
      /** For people who are kept elsewhere. Returns active users of `tx.workspaceId` in a stable order. */
      find(tx: CrmTransaction, query: { ids: readonly string[] } | { role: string }): Promise<CrmUser[]>;
      /** As `listUsers` of the CrmHost: so that people can choose from them. */
      list?(tx: CrmTransaction, query: UserSearch): Promise<CrmUser[]>;
      /** As `listRoles` of the CrmHost. */
      listRoles?(tx: CrmTransaction): Promise<string[]>;
    };

/** The parts of a task or notification, and which property of the entity each goes to. Null: nowhere. */
type PropertyMap<Part extends string, T> = { [P in Part]?: PropertyOf<T> | null };

/** Where tasks go. Each part goes to the property of its own name unless told; parts the entity has no property for are left out. */
export interface TasksOption<T extends ObjectLiteral = ObjectLiteral> extends OfWorkspace<T> {
  entity: EntityTarget<T>;
  /** Properties for the parts of a task. `assignee` defaults to `assigneeId`. */
  properties?: PropertyMap<'title' | 'description' | 'assignee' | 'dueAt' | 'priority' | 'recordModule' | 'recordId', NoInfer<T>>;
  /**
   * The class whose class-validator decorators a new task must satisfy: `CreateTaskDto`. Default: the entity's own, where it
   * has any; false: none.
   */
  validate?: RulesClass | false;
  /** Makes the entity in place of `properties`; the workspace is set afterwards. */
  map?(task: NewTask, tx: CrmTransaction): DeepPartial<NoInfer<T>>;
}

/** Where notifications go; see {@link TasksOption}. `user` defaults to `userId`. */
export interface NotificationsOption<T extends ObjectLiteral = ObjectLiteral> extends OfWorkspace<T> {
  entity: EntityTarget<T>;
  properties?: PropertyMap<'user' | 'title' | 'body' | 'recordModule' | 'recordId', NoInfer<T>>;
  map?(notification: NewNotification, tx: CrmTransaction): DeepPartial<NoInfer<T>>;
}

/** Where notes go; see {@link TasksOption}. `author` defaults to `authorId`. */
export interface NotesOption<T extends ObjectLiteral = ObjectLiteral> extends OfWorkspace<T> {
  entity: EntityTarget<T>;
  properties?: PropertyMap<'body' | 'author' | 'recordModule' | 'recordId', NoInfer<T>>;
  /** Makes the entity in place of `properties`; for a note that holds its record in a relation. */
  map?(note: NewNote, tx: CrmTransaction): DeepPartial<NoInfer<T>>;
}

/** What {@link typeOrmCrm} takes beside the modules. `U`, `T`, `N` and `O` are inferred. */
export interface CrmOptions<
  U extends ObjectLiteral = ObjectLiteral,
  T extends ObjectLiteral = ObjectLiteral,
  N extends ObjectLiteral = ObjectLiteral,
  O extends ObjectLiteral = ObjectLiteral,
> {
  /** The property that holds the workspace, where an entity names no other. Default `workspaceId`. Null: one workspace only. */
  workspace?: string | null;
  users?: UsersOption<U>;
  tasks?: TasksOption<T>;
  notifications?: NotificationsOption<N>;
  /** What add_note writes. */
  notes?: NotesOption<O>;
}
