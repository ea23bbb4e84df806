import type { ModuleDescription } from '../../core/catalog.js';
import { AutomationError } from '../../core/errors.js';
import type { Json } from '../../core/json.js';
import type { CrmTransaction, RecordQuery } from '../crm-host.js';
import { type Column, isSearchable, keyIsAny, keyOrder, quoted, sqlType, storableKeys } from './columns.js';
import type { EntityTable } from './entity-table.js';
import { Parameters, queryRows } from './statement.js';

/** Ids of records by what their columns hold; see `listIds` of the port. An index on what is tested makes it cheap. */
export async function listIds(
  tx: CrmTransaction,
  table: EntityTable,
  module: ModuleDescription,
  { anyOf, sort, after, offset, limit }: RecordQuery,
): Promise<string[]> {
  const { dataSource, key } = table;
  const parameters = new Parameters();
  const visible = table.visible('"record"', tx.workspaceId, parameters.add);
  if (visible === null) return [];
  const tests = Object.entries(anyOf).flatMap(([field, values]) => {
    const column = columnOf(table, field);
    return (column && testOf(table, module, column, field, values, parameters)) ?? [];
  });
  const byKey = keyOrder(dataSource, key, '"record"');
  if (after !== undefined) {
    // Behind what is no key there is nothing.
    if (storableKeys(dataSource, key, [after]).length === 0) return [];
    tests.push(`${byKey.sql} > ${parameters.add(after)}::${byKey.type}`);
  }
  const order = sort.map(({ field, direction }) => {
    const column = columnOf(table, field);
    if (column) return `"record".${quoted(column.databaseName)} ${direction === 'desc' ? 'DESC' : 'ASC'} NULLS LAST`;
    throw new AutomationError('field_unknown', `Records of ${module.name} cannot be sorted by '${field}': it is no column.`, {
      details: { module: module.name, field },
    });
  });
  const rows = await queryRows(
    tx.manager,
    `SELECT "record".${quoted(key.databaseName)}::text AS "id" FROM ${table.sql} AS "record"
     WHERE ${[visible, ...tests].join(' AND ')} ORDER BY ${[...order, byKey.sql].join(', ')}
     LIMIT ${parameters.add(limit)} OFFSET ${parameters.add(offset)}`,
    parameters.values,
  );
  return rows.map(({ id }) => String(id));
}

function columnOf(table: EntityTable, field: string): Column | undefined {
  const column = table.columns.find((one) => one.field === field && one.path.length === 0)?.column;
  return column?.isVirtualProperty || column?.transformer ? undefined : column;
}

/** Undefined where the database would not find all that the condition does. */
function testOf(
  { dataSource, key }: EntityTable,
  module: ModuleDescription,
  column: Column,
  field: string,
  values: readonly Json[],
  parameters: Parameters,
): string | undefined {
  const name = `"record".${quoted(column.databaseName)}`;
  if (column === key) {
    const texts = values.map(String);
    const ids = storableKeys(dataSource, key, [...new Set([...texts, ...texts.map((text) => text.toLowerCase())])]);
    return ids.length === 0 ? 'false' : keyIsAny(dataSource, key, '"record"', parameters.add(ids));
  }
  const type = module.fields.find((one) => one.name === field)?.type;
  if ((type === 'number' || type === 'money') && values.every((value) => typeof value === 'number')) {
    return `${name}::text::numeric = ANY(${parameters.add(values.map(String))}::numeric[])`;
  }
  if (type !== 'text' || !values.every((value) => typeof value === 'string')) return undefined;
  if (isSearchable(dataSource, column)) {
    // Conditions look at no letter case; of other letters than ASCII's, JavaScript and Postgres may say otherwise which are the same.
    const folded = parameters.add(values.map((value) => String(value).toLowerCase()));
    return `(lower(${name}::text) = ANY(${folded}::text[]) OR ${name}::text ~ '[^\\x01-\\x7f]')`;
  }
  // A uuid is written in small letters.
  return sqlType(dataSource, column) === 'uuid'
    ? `${name}::text = ANY(${parameters.add(values.map((value) => String(value).toLowerCase()))}::text[])`
    : undefined;
}
