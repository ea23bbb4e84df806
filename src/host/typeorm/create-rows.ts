import type { DeepPartial, ObjectLiteral } from 'typeorm';
import type { RecordData } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { CrmTransaction } from '../crm-host.js';
import { checkedValue } from '../field-values.js';
import { type Column, toEntityValue } from './columns.js';
import { configError } from './config-error.js';
import { type EntityTable, hasSubscriber } from './entity-table.js';
import { insertRows } from './insert-rows.js';
import { readRecords } from './read-records.js';
import { setColumn } from './update-records.js';
import { outsideWorkspace } from './workspace-rule.js';

/** Makes an entity of what automation wants to create. */
export type EntityMaker<Item> = (item: Item, tx: CrmTransaction) => ObjectLiteral;

/**
 * A maker that puts each part of an item into a property of the entity. Parts that are absent from `given` go to the
 * property of `defaults`, where the entity has it; null leaves a part out. Throws `crm_config_invalid` for a property
 * that does not exist.
 */
export function makerByProperties<Item, Part extends string>(
  table: EntityTable,
  defaults: Readonly<Record<Part, string>>,
  given: Readonly<Partial<Record<Part, string | null>>>,
  partsOf: (item: Item) => Record<Part, Json>,
): EntityMaker<Item> {
  const columns = new Map<Part, Column>();
  for (const part of Object.keys(defaults) as Part[]) {
    const property = given[part];
    if (property === null) continue;
    if (property !== undefined || hasProperty(table, defaults[part])) columns.set(part, table.columnOf(property ?? defaults[part]));
  }
  return (item) => {
    const entity = table.metadata.create() as ObjectLiteral;
    const parts = partsOf(item);
    for (const [part, column] of columns) setPart(table, entity, column, part, parts[part]);
    return entity;
  };
}

/** Returns those of the parts that no property takes, unless the host says so by null. */
export function missingParts<Part extends string>(
  table: EntityTable,
  defaults: Readonly<Record<Part, string>>,
  given: Readonly<Partial<Record<Part, string | null>>>,
  parts: readonly Part[],
): Part[] {
  return parts.filter((part) => given[part] === undefined && !hasProperty(table, defaults[part]));
}

/**
 * Returns the properties that the table wants and nothing gives a value: neither the parts, nor a default, the entity's
 * class, or what listens to its inserts. Each would fail the first insert.
 */
export function unfilledProperties<Part extends string>(
  table: EntityTable,
  defaults: Readonly<Record<Part, string>>,
  given: Readonly<Partial<Record<Part, string | null>>>,
): string[] {
  const filled = new Set(
    (Object.keys(defaults) as Part[]).flatMap((part) => (given[part] === null ? [] : [given[part] ?? defaults[part]])),
  );
  return unfilledColumns(table)
    .filter((column) => !column.isVirtual && !filled.has(column.propertyPath))
    .map((column) => column.propertyPath);
}

/** Returns the columns that an insert has to give a value: neither a default, nor the entity's class, nor what listens to its inserts does. */
export function unfilledColumns({ metadata, dataSource, workspace }: Pick<EntityTable, 'metadata' | 'dataSource' | 'workspace'>): Column[] {
  if (metadata.beforeInsertListeners.length > 0 || hasSubscriber(dataSource, metadata.target, ['beforeInsert'])) return [];
  const empty = metadata.create() as ObjectLiteral;
  return metadata.columns
    .filter((column) => !(column.isNullable || column.isGenerated || column.isVirtualProperty || column.isDiscriminator))
    .filter((column) => !(column.isCreateDate || column.isUpdateDate || column.isVersion || column.isPrimary))
    .filter((column) => column.default === undefined && column.generatedType === undefined && column !== workspace)
    .filter((column) => column.getEntityValue(empty) === undefined);
}

/** A maker of the host's own; its partial entity becomes a whole one, so that listeners run on it. */
export function makerByFunction<Item>(
  table: EntityTable,
  map: (item: Item, tx: CrmTransaction) => DeepPartial<ObjectLiteral>,
): EntityMaker<Item> {
  return (item, tx) => tx.manager.create(table.option.entity, map(item, tx));
}

/** Inserts the items, in order, and returns their records. Insert listeners and subscribers run. */
export async function createRows<Item>(
  tx: CrmTransaction,
  table: EntityTable,
  make: EntityMaker<Item>,
  items: readonly Item[],
): Promise<RecordData[]> {
  const entities = items.map((item) => {
    const entity = make(item, tx);
    const { column } = table.rule;
    if (column) setColumn(entity, column, toEntityValue(table.dataSource, column, tx.workspaceId));
    return entity;
  });
  const records = await table.toRecords(tx.manager, await insertRows(tx, table, entities), 'c');
  if (!hasInsertHooks(table) && !table.rule.where) return records;
  const ids = records.map((record) => String(record.id));
  const current = await readRecords(tx, table, ids, { lock: false, relations: [] });
  if (table.rule.where && current.size < ids.length) throw outsideWorkspace(table, 'created');
  return records.map((record) => current.get(String(record.id)) ?? record);
}

/** Whether something of the host's may have written to the rows after their insert. */
function hasInsertHooks(table: EntityTable): boolean {
  return table.metadata.afterInsertListeners.length > 0 || hasSubscriber(table.dataSource, table.metadata.target, ['afterInsert']);
}

function hasProperty(table: EntityTable, property: string): boolean {
  return table.metadata.columns.some((column) => column.propertyPath === property && !column.isVirtual);
}

function setPart(table: EntityTable, entity: ObjectLiteral, column: Column, part: string, value: Json): void {
  // A part that is not given is left to the column's default.
  if (value === null && !column.isNullable) return;
  const described = table.columns.find((one) => one.column === column);
  if (!described) throw configError(`The property for '${part}' of ${table.metadata.name} is hidden and cannot be set.`);
  const limits = table.fields.find(({ name }) => name === described.field);
  const json = checkedValue(table.metadata.name, { ...limits, name: described.field, type: described.type, nullable: true }, value);
  setColumn(entity, column, toEntityValue(table.dataSource, column, json));
}
