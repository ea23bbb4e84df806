import type { CrmTransaction, DateRange } from '../crm-host.js';
import { isDated, keyOrder, quoted, selected } from './columns.js';
import type { EntityTable } from './entity-table.js';
import { Parameters, queryRows } from './statement.js';

/** One page of a table's keys by a date; see `listByDate` of the port. An index on the column makes it cheap, and is not needed. */
export async function listByDate(tx: CrmTransaction, table: EntityTable, { field, from, after, limit }: DateRange): Promise<string[]> {
  const { dataSource, key } = table;
  const column = table.columns.find((one) => one.name === field)?.column;
  const parameters = new Parameters();
  const visible = table.visible('"record"', tx.workspaceId, parameters.add);
  if (column === undefined || visible === null) return [];
  const date = column.isVirtualProperty ? selected(dataSource, column, '"record"') : `"record".${quoted(column.databaseName)}`;
  const order = keyOrder(dataSource, key, '"record"');
  const tests = [visible, `${date} IS NOT NULL`];
  // What a transformer stores may be anything, and has to be read to be known.
  if (isDated(dataSource, column)) tests.push(`${date} >= ${parameters.add(from)}::timestamptz`);
  if (after !== null) tests.push(`${order.sql} > ${parameters.add(after)}::${order.type}`);
  const rows = await queryRows(
    tx.manager,
    `SELECT "record".${quoted(key.databaseName)}::text AS "id" FROM ${table.sql} AS "record"
     WHERE ${tests.join(' AND ')} ORDER BY ${order.sql} LIMIT ${parameters.add(limit)}`,
    parameters.values,
  );
  return rows.map(({ id }) => String(id));
}
