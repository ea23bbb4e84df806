import type { ObjectLiteral } from 'typeorm';
import type { RecordData } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { CrmTransaction } from '../crm-host.js';
import { grouped } from '../grouped.js';
import { type Column, keyIsAny, quoted, storableKeys, toEntityValue, toPopulated } from './columns.js';
import { type EntityTable, hasSubscriber } from './entity-table.js';
import { readRecords } from './read-records.js';
import { Parameters, queryRows } from './statement.js';
import { outsideWorkspace } from './workspace-rule.js';

/** The new values of one record, by column. */
export interface ColumnPatch {
  id: string;
  values: ReadonlyMap<Column, Json>;
}

/** Writes patches of distinct records and returns those that exist as they are afterwards. */
export async function updateRecords(
  tx: CrmTransaction,
  table: EntityTable,
  patches: readonly ColumnPatch[],
): Promise<Map<string, RecordData>> {
  const ids = patches.map(({ id }) => id);
  const storable = new Set(storableKeys(table.dataSource, table.key, ids));
  const found = patches.filter(({ id }) => storable.has(id));
  const unchanged = found.filter(({ values }) => values.size === 0).map(({ id }) => id);
  const changed = found.filter(({ values }) => values.size > 0);
  const records = new Map<string, RecordData>();
  const add = (more: ReadonlyMap<string, RecordData>): void => {
    for (const [id, record] of more) records.set(id, record);
  };
  if (unchanged.length > 0) add(await readRecords(tx, table, unchanged, { lock: false, relations: [] }));
  if (changed.length === 0) return records;
  const { update } = table.option;
  if (update) add(await updateByHost(tx, table, changed, update));
  else if (hasUpdateHooks(table)) add(await saveEntities(tx, table, changed));
  else for (const group of grouped(changed, columnNames)) add(await updateSet(tx, table, group));
  return records;
}

/** Whether the host wants to see each entity that is updated. Asked at every write: hosts register subscribers at any time. */
function hasUpdateHooks({ metadata, dataSource }: EntityTable): boolean {
  const kinds = [metadata, ...metadata.childEntityMetadatas];
  return kinds.some((kind) => hasListeners(kind) || hasSubscriber(dataSource, kind.target, ['beforeUpdate', 'afterUpdate']));
}

function hasListeners({ beforeUpdateListeners, afterUpdateListeners }: EntityTable['metadata']): boolean {
  return beforeUpdateListeners.length > 0 || afterUpdateListeners.length > 0;
}

function columnNames({ values }: ColumnPatch): string {
  return JSON.stringify([...values.keys()].map(({ databaseName }) => databaseName).sort());
}

/**
 * One UPDATE for all records that change the same columns. The new values travel as one JSON parameter and are read by
 * `jsonb_populate_recordset` with the table's own row type, so every column's type (enums and domains included) is
 * Postgres's business; RETURNING spares the second read.
 */
async function updateSet(tx: CrmTransaction, table: EntityTable, patches: readonly ColumnPatch[]): Promise<Map<string, RecordData>> {
  const { dataSource, key, metadata } = table;
  const columns = [...(patches[0]?.values.keys() ?? [])];
  const parameters = new Parameters();
  const rows = patches.map(({ id, values }) => ({
    [key.databaseName]: id,
    ...Object.fromEntries(
      columns.map((column) => [
        column.databaseName,
        toPopulated(dataSource, column, toEntityValue(dataSource, column, values.get(column) ?? null)),
      ]),
    ),
  }));
  const patch = parameters.add(JSON.stringify(rows));
  const visible = table.visible('"record"', tx.workspaceId, parameters.add);
  if (visible === null) return new Map();
  const assignments = columns.map(({ databaseName }) => `${quoted(databaseName)} = "patch".${quoted(databaseName)}`);
  const { updateDateColumn, versionColumn } = metadata;
  if (updateDateColumn) assignments.push(`${quoted(updateDateColumn.databaseName)} = CURRENT_TIMESTAMP`);
  if (versionColumn) assignments.push(`${quoted(versionColumn.databaseName)} = "record".${quoted(versionColumn.databaseName)} + 1`);
  const keySql = quoted(key.databaseName);
  const updated = await queryRows(
    tx.manager,
    `UPDATE ${table.sql} AS "record" SET ${assignments.join(', ')}
     FROM jsonb_populate_recordset(NULL::${table.sql}, ${patch}::jsonb) AS "patch"
     WHERE "record".${keySql} = "patch".${keySql} AND ${visible}
     RETURNING ${table.selectList('"record"', 'c')}`,
    parameters.values,
  );
  const records = byId(await table.toRecords(tx.manager, updated, 'c'));
  if (table.rule.where) {
    const seen = await readRecords(tx, table, [...records.keys()], { lock: false, relations: [] });
    if (seen.size < records.size) throw outsideWorkspace(table, 'changed');
  }
  return records;
}

/**
 * Through TypeORM, so that the host's subscribers see what is written, with the state before. They get an entity with its key
 * and what changes: nothing else is loaded, nor assigned by the way. Only listeners, which are methods of the entity and may
 * look at any of its columns, get those too. Subscribers may change more than we asked for, even in further statements: only
 * a read afterwards tells the outcome.
 */
async function saveEntities(tx: CrmTransaction, table: EntityTable, patches: readonly ColumnPatch[]): Promise<Map<string, RecordData>> {
  const rows = await lockRows(tx, table, patches);
  for (const some of grouped(rows, ({ metadata }) => metadata.name)) {
    const metadata = some[0]?.metadata ?? table.metadata;
    const loaded = hasListeners(metadata) ? await loadEntities(tx, table, metadata, some) : null;
    const entities = some.map(({ id, patch }) => {
      const entity = loaded?.get(id) ?? partialEntity(table, metadata, id);
      assignPatch(table, entity, patch);
      return entity;
    });
    // The transaction is the caller's; without this TypeORM would set a savepoint around the call.
    await tx.manager.save(metadata.target, entities, { transaction: false });
  }
  return readAgain(tx, table, rows);
}

/** One record after the other through the host's own service. */
async function updateByHost(
  tx: CrmTransaction,
  table: EntityTable,
  patches: readonly ColumnPatch[],
  update: NonNullable<EntityTable['option']['update']>,
): Promise<Map<string, RecordData>> {
  const rows = await lockRows(tx, table, patches);
  for (const { id, patch } of rows) {
    const set: ObjectLiteral = {};
    assignPatch(table, set, patch);
    await update(tx, id, set);
  }
  return readAgain(tx, table, rows);
}

async function readAgain(tx: CrmTransaction, table: EntityTable, rows: readonly LockedRow[]): Promise<Map<string, RecordData>> {
  const ids = rows.map(({ id }) => id);
  const records = await readRecords(tx, table, ids, { lock: false, relations: [] });
  if (table.rule.where && records.size < rows.length) throw outsideWorkspace(table, 'changed');
  return records;
}

interface LockedRow {
  id: string;
  patch: ColumnPatch;
  /** Of which of the classes that share the table it is. */
  metadata: EntityTable['metadata'];
}

/** Locks the rows in order of id; those that the workspace does not have are missing. */
async function lockRows(tx: CrmTransaction, table: EntityTable, patches: readonly ColumnPatch[]): Promise<LockedRow[]> {
  const { dataSource, key, metadata } = table;
  const parameters = new Parameters();
  const visible = table.visible('"record"', tx.workspaceId, parameters.add);
  if (visible === null) return [];
  const keySql = `"record".${quoted(key.databaseName)}`;
  const kind = metadata.discriminatorColumn ? `"record".${quoted(metadata.discriminatorColumn.databaseName)}::text` : 'NULL';
  const ids = parameters.add(patches.map(({ id }) => id));
  const rows = await queryRows(
    tx.manager,
    `SELECT ${keySql}::text AS "id", ${kind} AS "kind" FROM ${table.sql} AS "record"
     WHERE ${keyIsAny(dataSource, key, '"record"', ids)} AND ${visible} ORDER BY ${keySql} FOR NO KEY UPDATE OF "record"`,
    parameters.values,
  );
  const patchOf = new Map(patches.map((patch) => [patch.id, patch]));
  return rows.flatMap(({ id, kind: of }) => {
    const patch = patchOf.get(String(id));
    const child = metadata.childEntityMetadatas.find(({ discriminatorValue }) => discriminatorValue === of);
    return patch ? [{ id: patch.id, patch, metadata: child ?? metadata }] : [];
  });
}

/** The entities with their own columns and no relations. */
async function loadEntities(
  tx: CrmTransaction,
  table: EntityTable,
  metadata: EntityTable['metadata'],
  rows: readonly LockedRow[],
): Promise<Map<string, ObjectLiteral>> {
  const { dataSource, key } = table;
  const ids = rows.map(({ id }) => id);
  const entities = await tx.manager
    .createQueryBuilder<ObjectLiteral>(metadata.target, 'record')
    .where(keyIsAny(dataSource, key, 'record', ':ids'), { ids })
    .getMany();
  return new Map(entities.map((entity) => [String(key.getEntityValue(entity)), entity]));
}

/** An entity of the class with its key alone: what its constructor and its class assign by the way would be saved. */
function partialEntity(table: EntityTable, metadata: EntityTable['metadata'], id: string): ObjectLiteral {
  const entity = metadata.create() as ObjectLiteral;
  for (const name of Object.keys(entity)) delete entity[name];
  table.key.setEntityValue(entity, toEntityValue(table.dataSource, table.key, id));
  return entity;
}

function assignPatch({ dataSource }: EntityTable, entity: ObjectLiteral, { values }: ColumnPatch): void {
  for (const [column, value] of values) setColumn(entity, column, toEntityValue(dataSource, column, value));
}

/** Sets a column of an entity; the key of a relation without a property of its own is set through the relation. */
export function setColumn(entity: ObjectLiteral, column: Column, value: unknown): void {
  const relation = column.isVirtual ? column.relationMetadata : undefined;
  if (!relation || !column.referencedColumn) column.setEntityValue(entity, value);
  else relation.setEntityValue(entity, value === null ? null : column.referencedColumn.createValueMap(value));
}

function byId(records: readonly RecordData[]): Map<string, RecordData> {
  return new Map(records.map((record) => [String(record.id), record]));
}
