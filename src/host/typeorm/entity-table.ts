import type { DataSource, EntityManager, EntityTarget, ObjectLiteral } from 'typeorm';
import type { FieldDescription } from '../../core/catalog.js';
import { sameJson } from '../../core/derive-events.js';
import { AutomationError } from '../../core/errors.js';
import type { RecordData } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { PlannedChange } from '../crm-host.js';
import { checkedValue, fieldNotWritable } from '../field-values.js';
import { type Column, columnLimits, quoted, selected, toJson } from './columns.js';
import type { FieldOverride, ModuleOption, WorkspaceWhere } from './config.js';
import { configError } from './config-error.js';
import {
  type ComputedField,
  computedFields,
  computedValue,
  describeComputed,
  describeFields,
  type FieldColumn,
  fieldColumns,
  fieldReader,
} from './fields.js';
import { leafPaths, setAt, valueAt } from './nested-json.js';
import { ownSubscribers } from './own-subscribers.js';
import { neededColumn } from './property-column.js';
import { isNotDeleted, visibleRows } from './visible-rows.js';
import { type WorkspaceRule, workspaceRule } from './workspace-rule.js';

/** What of the host's configuration concerns the table itself. */
export interface TableOption {
  entity: EntityTarget<ObjectLiteral>;
  workspace?: string | null;
  where?: WorkspaceWhere;
  owner?: string;
  fields?: Record<string, FieldOverride>;
  update?: ModuleOption<ObjectLiteral>['update'];
  deleted?: string;
}

/** An entity of the host: its table, its columns as fields, its rows as records. */
export class EntityTable {
  readonly metadata: ReturnType<DataSource['getMetadata']>;
  /** The table's name in SQL. */
  readonly sql: string;
  readonly key: Column;
  /** What says which rows are a workspace's. */
  readonly rule: WorkspaceRule;
  /** The plain column that says whether a row is deleted. */
  readonly deleted: Column | undefined;
  readonly columns: readonly FieldColumn[];
  readonly fields: readonly FieldDescription[];
  private readonly computed: readonly ComputedField[];
  /** Columns that no record shows, but that computed fields may be told from. */
  private readonly unseen: readonly Column[];
  private readonly byField = new Map<string, FieldColumn[]>();
  /** What workflows cannot write. */
  private readonly fixed: ReadonlySet<string>;
  /** Where an entity has the fields that are not properties of their own name. */
  private readonly readers = new Map<string, (given: ObjectLiteral) => unknown>();

  /** Throws `crm_config_invalid` when the entity cannot serve. */
  constructor(
    readonly dataSource: DataSource,
    readonly option: TableOption,
    defaultWorkspace: string | null,
  ) {
    if (!dataSource.hasMetadata(option.entity)) {
      throw configError(`The entity ${entityName(option.entity)} is not one of the DataSource's entities.`);
    }
    this.metadata = dataSource.getMetadata(option.entity);
    this.sql = this.metadata.tablePath.split('.').map(quoted).join('.');
    const [key, ...furtherKeys] = this.metadata.primaryColumns;
    if (!key || furtherKeys.length > 0) {
      const keys = this.metadata.primaryColumns.map(({ propertyPath }) => propertyPath).join(', ');
      throw configError(
        `The entity ${this.metadata.name} has ${keys === '' ? 'no primary column' : `a key of several columns (${keys})`}; a record is found by one id.`,
        'Give the entity one primary column, with a unique index on those it has now, or leave it out of the modules.',
      );
    }
    if (key.transformer)
      throw configError(`The primary column of ${this.metadata.name} has a transformer: its ids could not be looked up.`);
    this.key = key;
    this.rule = workspaceRule(this.metadata, option, defaultWorkspace);
    this.deleted = option.deleted === undefined ? undefined : this.columnOf(option.deleted);
    const owner = option.owner === undefined ? undefined : this.columnOf(option.owner);
    const setting = { key, workspace: this.rule.column, deleted: this.deleted, owner, overrides: option.fields ?? {} };
    this.columns = fieldColumns(dataSource, this.metadata, setting);
    this.computed = computedFields(this.metadata, this.columns, setting);
    this.fields = [...describeFields(dataSource, this.columns, setting), ...describeComputed(this.computed, setting)];
    const shown = new Set(this.columns.map(({ column }) => column));
    const isUnseen = (one: Column): boolean => !shown.has(one) && one.isSelect && !one.isVirtual && !one.isVirtualProperty;
    this.unseen = this.computed.length === 0 ? [] : this.metadata.columns.filter(isUnseen);
    this.fixed = new Set(this.fields.flatMap(({ name, writable }) => (writable ? [] : [name])));
    for (const one of this.columns) {
      this.byField.set(one.field, [...(this.byField.get(one.field) ?? []), one]);
      if (one.path.length > 0) this.byField.set(one.name, [{ ...one, path: [] }]);
      const reader = fieldReader(one, key);
      if (reader) this.readers.set(one.field, reader);
    }
    for (const field of this.computed) this.readers.set(field.name, (given) => computedValue(field, given));
  }

  /** The value of a field in an entity of the host's, where it is not the property of that name; else undefined. */
  valueIn(given: ObjectLiteral, field: string): unknown {
    return this.readers.get(field)?.(given);
  }

  /** The column behind a property; for a to-one relation the column of its key. Throws `crm_config_invalid`. */
  columnOf(property: string): Column {
    return neededColumn(this.metadata, property);
  }

  /** The name of the field that shows the column; undefined when it is hidden. */
  fieldOf(column: Column): string | undefined {
    return this.columns.find((one) => one.column === column && one.path.length === 0)?.field;
  }

  /** `"alias"."a" AS "<prefix>0", …`: what {@link toRecords} reads. */
  selectList(alias: string, prefix: string): string {
    const columns = [...this.columns.map(({ column }) => column), ...this.unseen];
    return columns.map((column, index) => `${selected(this.dataSource, column, alias)} AS "${prefix}${index}"`).join(', ');
  }

  /** The column that holds the workspace, where one does. */
  get workspace(): Column | undefined {
    return this.rule.column;
  }

  /** Which rows exist for a workspace; see {@link visibleRows}. */
  visible(alias: string, workspaceId: string, parameter: (value: unknown) => string): string | null {
    const visible = visibleRows(this.dataSource, this.metadata, this.rule, alias, workspaceId, parameter);
    return visible && this.deleted ? `${visible} AND ${isNotDeleted(this.dataSource, this.deleted, alias)}` : visible;
  }

  /** Rows that were selected with {@link selectList} as records; the host's transformers and afterLoad hooks have run. */
  async toRecords(manager: EntityManager, rows: readonly ObjectLiteral[], prefix: string): Promise<RecordData[]> {
    const { driver } = this.dataSource;
    const values = rows.map((row) =>
      this.columns.map(({ column }, index) => driver.prepareHydratedValue(row[`${prefix}${index}`], column)),
    );
    const hasHooks = this.hasLoadHooks();
    if (!hasHooks && this.computed.length === 0) return values.map((row) => this.toRecord(row));
    const unseen = rows.map((row) =>
      this.unseen.map((column, index) => driver.prepareHydratedValue(row[`${prefix}${this.columns.length + index}`], column)),
    );
    const entities = await this.asEntities(manager, values, unseen, hasHooks);
    return values.map((row, at) => this.withComputed(this.toRecord(row), entities[at] as ObjectLiteral));
  }

  /**
   * What the fields in `set` mean for the columns. Values must be canonical (see field-values.ts). An embedded entity is
   * replaced as a whole: members that are not given become null, those that workflows cannot write stay.
   */
  columnValues(set: Readonly<Record<string, Json>>): Map<Column, Json> {
    const values = new Map<Column, Json>();
    for (const [field, value] of Object.entries(set)) {
      const targets = this.byField.get(field);
      // A computed field: there is no column to it.
      if (!targets) continue;
      const [first] = targets;
      if (first?.path.length === 0) {
        values.set(first.column, value);
        continue;
      }
      const known = new Set(targets.map(({ path }) => path.join('.')));
      for (const path of leafPaths(value, known)) {
        if (!known.has(path.join('.'))) {
          throw new AutomationError('field_unknown', `The field '${[field, ...path].join('.')}' is not known.`, { details: { field } });
        }
      }
      for (const { path, name: full, column, type } of targets) {
        if (this.fixed.has(full)) continue;
        const part = valueAt(value, path) ?? null;
        const name = [field, ...path].join('.');
        const member = { name, type, nullable: column.isNullable, ...columnLimits(this.dataSource, column, type) };
        values.set(column, checkedValue(this.metadata.name, member, part));
      }
    }
    return values;
  }

  /** Throws for members of embedded entities that do not fit: to the catalog an embedded entity is one field of any JSON. */
  checkEmbedded({ before, after, fields }: PlannedChange): void {
    for (const field of fields) {
      const members = this.byField.get(field) ?? [];
      if (!members[0]?.path.length) continue;
      this.columnValues({ [field]: after[field] ?? null });
      const changed = members.find(({ name, path }) => {
        const value = this.fixed.has(name) ? valueAt(after[field], path) : undefined;
        return value !== undefined && !sameJson(value, valueAt(before[field], path));
      });
      if (changed) throw fieldNotWritable(this.metadata.name, changed.name);
    }
  }

  /** The record of a row that is told column by column, in values as entities hold them. */
  recordFrom(look: (column: Column) => unknown): RecordData {
    return this.toRecord(this.columns.map(({ column }) => look(column)));
  }

  private toRecord(row: readonly unknown[]): RecordData {
    const record: RecordData = {};
    this.columns.forEach(({ field, path, type }, index) => {
      const value = toJson(row[index], type);
      if (path.length === 0) record[field] = value;
      else setAt(record, [field, ...path], value);
    });
    return record;
  }

  private hasLoadHooks(): boolean {
    return this.metadata.afterLoadListeners.length > 0 || hasSubscriber(this.dataSource, this.metadata.target, ['afterLoad']);
  }

  /** The rows as entities of the host. Where it has afterLoad hooks, they see them, and what they made of the columns is taken over. */
  private async asEntities(manager: EntityManager, rows: unknown[][], unseen: unknown[][], hasHooks: boolean): Promise<ObjectLiteral[]> {
    const runner = manager.queryRunner ?? this.dataSource.createQueryRunner();
    try {
      const entities = rows.map((row, at) => {
        const entity = this.metadata.create(runner) as ObjectLiteral;
        this.columns.forEach(({ column }, index) => {
          if (!column.isVirtual) column.setEntityValue(entity, row[index]);
        });
        this.unseen.forEach((column, index) => {
          column.setEntityValue(entity, unseen[at]?.[index]);
        });
        return entity;
      });
      if (!hasHooks) return entities;
      await runner.broadcaster.broadcast('Load', this.metadata, entities);
      rows.forEach((row, at) => {
        this.columns.forEach(({ column }, index) => {
          if (!column.isVirtual) row[index] = column.getEntityValue(entities[at] as ObjectLiteral);
        });
      });
      return entities;
    } finally {
      if (runner !== manager.queryRunner) await runner.release();
    }
  }

  private withComputed(record: RecordData, entity: ObjectLiteral): RecordData {
    for (const field of this.computed) {
      try {
        record[field.name] = computedValue(field, entity) ?? null;
      } catch {
        // As the docs of `get` say: the field is empty.
        record[field.name] = null;
      }
    }
    return record;
  }
}

/** Whether a subscriber of the DataSource listens to the entity with one of the methods. */
export function hasSubscriber(
  dataSource: DataSource,
  target: unknown,
  methods: readonly ('afterLoad' | 'beforeInsert' | 'afterInsert' | 'beforeUpdate' | 'afterUpdate')[],
): boolean {
  return dataSource.subscribers.some((subscriber) => {
    if (ownSubscribers.has(subscriber)) return false;
    const to: unknown = subscriber.listenTo?.();
    // As TypeORM decides it: no answer and Object mean every entity, a base class its children.
    const listens = !to || to === Object || to === target || Object.prototype.isPrototypeOf.call(to as object, target as object);
    return listens && methods.some((method) => subscriber[method] !== undefined);
  });
}

function entityName(entity: EntityTarget<ObjectLiteral>): string {
  if (typeof entity === 'string') return entity;
  if (typeof entity === 'function') return entity.name;
  return 'options' in entity ? entity.options.name : entity.name;
}
