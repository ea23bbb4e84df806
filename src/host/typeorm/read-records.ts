import type { EntityManager, ObjectLiteral } from 'typeorm';
import type { RecordData } from '../../core/event.js';
import type { CrmTransaction } from '../crm-host.js';
import { keyIsAny, quoted, storableKeys } from './columns.js';
import type { EntityTable } from './entity-table.js';
import { Parameters, queryRows } from './statement.js';

/** A to-one relation to another module, joined where it is asked for. */
export interface TableRelation {
  name: string;
  /** The related module. */
  module: string;
  table: EntityTable;
  /** The column that holds the related key, and the column of the related table it refers to (names in the database). */
  from: string;
  to: string;
}

/** Reads records by id with one statement; see `findRecords` of the port. */
export async function readRecords(
  tx: CrmTransaction,
  table: EntityTable,
  ids: readonly string[],
  options: { lock: boolean; relations: readonly TableRelation[] },
): Promise<Map<string, RecordData>> {
  const rows = await selectRows(tx, table, ids, options);
  // A row that another transaction changed while we waited for its lock is read anew by Postgres, its joined rows are not:
  // a relation that was moved meanwhile comes out empty. Now that the rows are locked, a second look is stable.
  const torn = options.lock
    ? rows.filter((row) => options.relations.some((_, at) => row[`f${at}`] !== null && row[`x${at}`] === null))
    : [];
  if (torn.length > 0) {
    const tornIds = torn.map((row) => String(row.k));
    const again = new Map((await selectRows(tx, table, tornIds, { ...options, lock: false })).map((row) => [String(row.k), row]));
    rows.forEach((row, index) => {
      rows[index] = again.get(String(row.k)) ?? row;
    });
  }
  return nestRelations(tx.manager, table, rows, options.relations);
}

async function selectRows(
  tx: CrmTransaction,
  table: EntityTable,
  ids: readonly string[],
  options: { lock: boolean; relations: readonly TableRelation[] },
): Promise<ObjectLiteral[]> {
  const { dataSource, key } = table;
  const storable = storableKeys(dataSource, key, ids);
  const parameters = new Parameters();
  const visible = table.visible('"record"', tx.workspaceId, parameters.add);
  if (storable.length === 0 || visible === null) return [];

  const keySql = `"record".${quoted(key.databaseName)}`;
  const columns = [`${keySql} AS "k"`, table.selectList('"record"', 'c')];
  const joins = options.relations.map((relation, at) => {
    const alias = `"related${at}"`;
    const from = `"record".${quoted(relation.from)}`;
    columns.push(
      `${from} AS "f${at}"`,
      `${alias}.${quoted(relation.table.key.databaseName)} AS "x${at}"`,
      relation.table.selectList(alias, `r${at}_`),
    );
    const reachable = relation.table.visible(alias, tx.workspaceId, parameters.add) ?? 'FALSE';
    return `LEFT JOIN ${relation.table.sql} AS ${alias} ON ${alias}.${quoted(relation.to)} = ${from} AND ${reachable}`;
  });
  // NO KEY UPDATE: rows that refer to these (a task's lead) can still be inserted meanwhile. The lock comes after the sort,
  // so it is taken in order of id; OF keeps it off the related rows, which many records share.
  const sql = `SELECT ${columns.join(', ')}
    FROM ${table.sql} AS "record" ${joins.join(' ')}
    WHERE ${keyIsAny(dataSource, key, '"record"', parameters.add(storable))} AND ${visible}
    ORDER BY ${keySql}${options.lock ? ' FOR NO KEY UPDATE OF "record"' : ''}`;
  return queryRows(tx.manager, sql, parameters.values);
}

async function nestRelations(
  manager: EntityManager,
  table: EntityTable,
  rows: readonly ObjectLiteral[],
  relations: readonly TableRelation[],
): Promise<Map<string, RecordData>> {
  const records = await table.toRecords(manager, rows, 'c');
  for (const [at, relation] of relations.entries()) {
    const present = rows.flatMap((row, index) => (row[`x${at}`] === null ? [] : [index]));
    const related = await relation.table.toRecords(
      manager,
      present.map((index) => rows[index] as ObjectLiteral),
      `r${at}_`,
    );
    for (const record of records) record[relation.name] = null;
    present.forEach((index, position) => {
      const record = records[index];
      if (record) record[relation.name] = related[position] ?? null;
    });
  }
  return new Map(records.map((record) => [String(record.id), record]));
}
