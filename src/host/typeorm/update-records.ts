import type { ObjectLiteral } from 'typeorm';
import type { RecordData } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { CrmTransaction } from '../crm-host.js';
import { grouped } from '../grouped.js';
import { type Column, keyIsAny, quoted, storableKeys, toEntityValue, toPopulated } from './columns.js';
import { type EntityTable, hasSubscriber } from './entity-table.js';
import { readRecords } from './read-records.js';
import { Parameters, queryRows } from './statement.js';
import { bindToWorkspace, outsideWorkspace } from './workspace-rule.js';

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
  if (hasUpdateHooks(table)) add(await saveEntities(tx, table, changed));
  else for (const group of grouped(changed, columnNames)) add(await updateSet(tx, table, group));
  return records;
}

/** Whether the host wants to see each entity that is updated. Asked at every write: hosts register subscribers at any time. */
function hasUpdateHooks(table: EntityTable): boolean {
  const { metadata, dataSource } = table;
  return (
    metadata.beforeUpdateListeners.length > 0 ||
    metadata.afterUpdateListeners.length > 0 ||
    hasSubscriber(dataSource, metadata.target, ['beforeUpdate', 'afterUpdate'])
  );
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
 * One record after the other through TypeORM, so that the host's listeners and subscribers see entities with their state
 * before. They may change more than we asked for, even in further statements: only a read afterwards tells the outcome.
 */
async function saveEntities(tx: CrmTransaction, table: EntityTable, patches: readonly ColumnPatch[]): Promise<Map<string, RecordData>> {
  const { dataSource, key, rule } = table;
  const ids = patches.map(({ id }) => id);
  const query = tx.manager
    .createQueryBuilder<ObjectLiteral>(table.option.entity, 'record')
    .where(keyIsAny(dataSource, key, 'record', ':ids'), { ids })
    .orderBy(`record.${key.propertyPath}`)
    .setLock('for_no_key_update', undefined, ['record']);
  if (!bindToWorkspace(query, table, 'record', tx.workspaceId)) return new Map();
  const entities = await query.getMany();
  const patchOf = new Map(patches.map((patch) => [patch.id, patch]));
  for (const entity of entities) {
    for (const [column, value] of patchOf.get(String(key.getEntityValue(entity)))?.values ?? []) {
      setColumn(entity, column, toEntityValue(dataSource, column, value));
    }
  }
  // The transaction is the caller's; without this TypeORM would set a savepoint around the call.
  await tx.manager.save(table.option.entity, entities, { transaction: false });
  const records = await readRecords(tx, table, ids, { lock: false, relations: [] });
  if (rule.where && records.size < entities.length) throw outsideWorkspace(table, 'changed');
  return records;
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
