import type { ModuleDescription } from '../../core/catalog.js';
import type { RecordData } from '../../core/event.js';
import { fieldAt } from '../../core/module-shape.js';
import type { CrmTransaction, RecordMatch } from '../crm-host.js';
import { checkedValue } from '../field-values.js';
import { keyOrder, quoted, sqlType, toEntityValue } from './columns.js';
import { configError } from './config-error.js';
import type { EntityTable } from './entity-table.js';
import { readRecords } from './read-records.js';
import { Parameters, queryRows } from './statement.js';

/** The records whose fields are these; see `findMatching` of the port. An index on what is matched makes it cheap. */
export async function findMatching(
  tx: CrmTransaction,
  table: EntityTable,
  module: ModuleDescription,
  { match, limit }: RecordMatch,
): Promise<RecordData[]> {
  const { dataSource, key } = table;
  const parameters = new Parameters();
  const visible = table.visible('"record"', tx.workspaceId, parameters.add);
  if (visible === null) return [];
  const tests = Object.entries(match).map(([name, value]) => {
    const column = table.columns.find((one) => one.field === name && one.path.length === 0)?.column;
    const field = fieldAt(module, name);
    if (!column || !field) throw configError(`Records of ${module.name} cannot be found by '${name}': it is no column.`);
    // As the column holds it: through its transformer, and as its type writes it.
    const stored: unknown = dataSource.driver.preparePersistentValue(
      toEntityValue(dataSource, column, checkedValue(module.name, field, value ?? null)),
      column,
    );
    const type = sqlType(dataSource, column);
    // An enum has a name of its own, which Postgres finds out by itself.
    return `"record".${quoted(column.databaseName)} = ${parameters.add(stored)}${type === 'enum' ? '' : `::${type}`}`;
  });
  const rows = await queryRows(
    tx.manager,
    `SELECT "record".${quoted(key.databaseName)}::text AS "id" FROM ${table.sql} AS "record"
     WHERE ${[visible, ...tests].join(' AND ')} ORDER BY ${keyOrder(dataSource, key, '"record"').sql} LIMIT ${parameters.add(limit)}`,
    parameters.values,
  );
  const ids = rows.map(({ id }) => String(id));
  const found = await readRecords(tx, table, ids, { lock: false, relations: [] });
  return ids.map((id) => found.get(id)).filter((record) => record !== undefined);
}
