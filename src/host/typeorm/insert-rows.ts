import type { ObjectLiteral } from 'typeorm';
import type { CrmTransaction } from '../crm-host.js';
import { type Column, isPopulated, quoted, toPopulated } from './columns.js';
import { type EntityTable, hasSubscriber } from './entity-table.js';
import { queryRows } from './statement.js';

/** Parameters that one statement of the Postgres protocol can carry. */
const MAX_PARAMETERS = 60_000;

/** Inserts entities in order and returns their rows as {@link EntityTable.toRecords} reads them, with prefix `c`. */
export async function insertRows(tx: CrmTransaction, table: EntityTable, entities: readonly ObjectLiteral[]): Promise<ObjectLiteral[]> {
  const plain = hasHooks(table) ? null : plainRows(table, entities);
  return plain ? insertSet(tx, table, plain) : insertEntities(tx, table, entities);
}

/** Rows that all set the same columns, by nothing but values. */
interface PlainRows {
  columns: readonly Column[];
  rows: readonly Record<string, unknown>[];
}

/** Null when only TypeORM can say what the insert is: SQL as a value, a type that has no form in JSON, a row that sets other columns than the first. */
function plainRows({ metadata, dataSource }: EntityTable, entities: readonly ObjectLiteral[]): PlainRows | null {
  const [first] = entities;
  if (!first || metadata.discriminatorColumn) return null;
  const insertable = metadata.columns.filter((column) => column.isInsert && !column.isVirtualProperty);
  const isSet = (entity: ObjectLiteral, column: Column): boolean => column.getEntityValue(entity) !== undefined;
  const columns = insertable.filter((column) => column.isVersion || isSet(first, column));
  if (columns.length === 0 || !columns.every((column) => isPopulated(dataSource, column))) return null;
  const rows: Record<string, unknown>[] = [];
  for (const entity of entities) {
    if (insertable.some((column) => !column.isVersion && isSet(entity, column) !== columns.includes(column))) return null;
    const row: Record<string, unknown> = {};
    for (const column of columns) {
      // As TypeORM does: versions begin at 1.
      const value: unknown = column.getEntityValue(entity) ?? (column.isVersion ? 1 : null);
      if (typeof value === 'function') return null;
      row[column.databaseName] = toPopulated(dataSource, column, value);
    }
    rows.push(row);
  }
  return { columns, rows };
}

/**
 * One INSERT whose values travel as one JSON parameter, read by the table's own row type, as updates do it; rows come back
 * in the order of the set. TypeORM's builder makes a parameter of every value: 8 % of the node CPU of a run with a task.
 */
function insertSet(tx: CrmTransaction, table: EntityTable, { columns, rows }: PlainRows): Promise<ObjectLiteral[]> {
  const names = columns.map(({ databaseName }) => quoted(databaseName)).join(', ');
  return queryRows(
    tx.manager,
    `INSERT INTO ${table.sql} (${names}) SELECT ${names} FROM jsonb_populate_recordset(NULL::${table.sql}, $1::jsonb)
     RETURNING ${table.selectList(table.sql, 'c')}`,
    [JSON.stringify(rows)],
  );
}

/** Through TypeORM, so that insert listeners and subscribers run. */
async function insertEntities(tx: CrmTransaction, table: EntityTable, entities: readonly ObjectLiteral[]): Promise<ObjectLiteral[]> {
  const chunk = Math.max(1, Math.floor(MAX_PARAMETERS / table.metadata.columns.length));
  const rows: ObjectLiteral[] = [];
  for (let at = 0; at < entities.length; at += chunk) {
    const result = await tx.manager
      .createQueryBuilder()
      .insert()
      .into(table.option.entity)
      .values(entities.slice(at, at + chunk))
      // `*` for TypeORM, which gives listeners the generated values; ours for the record.
      .returning(`*, ${table.selectList(table.sql, 'c')}`)
      .execute();
    rows.push(...(result.raw as ObjectLiteral[]));
  }
  return rows;
}

/** Whether the host wants to see each entity that is inserted. Asked at every write: hosts register subscribers at any time. */
function hasHooks({ metadata, dataSource }: EntityTable): boolean {
  return (
    metadata.beforeInsertListeners.length > 0 ||
    metadata.afterInsertListeners.length > 0 ||
    hasSubscriber(dataSource, metadata.target, ['beforeInsert', 'afterInsert'])
  );
}
