import type { ModuleDescription } from '../../core/catalog.js';
import type { RecordData } from '../../core/event.js';
import { didYouMean } from '../../core/nearest.js';
import { usualSearchFields } from '../../core/record-title.js';
import type { CrmTransaction, RecordSearch } from '../crm-host.js';
import { type Column, isSearchable, keyIsAny, keyOrder, quoted, storableKeys } from './columns.js';
import type { ModuleOption } from './config.js';
import { configError } from './config-error.js';
import type { EntityTable } from './entity-table.js';
import { wordPatterns } from './like.js';
import { Parameters, queryRows } from './statement.js';

/** The columns that a search looks at: of fields that are shown, and whose text is stored as it is. Throws `crm_config_invalid`. */
export function searchColumns(
  module: ModuleDescription,
  table: EntityTable,
  wanted: ModuleOption<Record<string, unknown>>['search'],
): Column[] {
  const searchable = new Map(
    table.columns.flatMap(({ name, column, type }) =>
      type === 'text' && isSearchable(table.dataSource, column) ? [[name, column] as const] : [],
    ),
  );
  const unfit = wanted?.find((name) => !searchable.has(name));
  if (unfit !== undefined) {
    const meant = didYouMean(unfit, searchable.keys());
    throw configError(`${module.name} cannot be searched by '${unfit}': that is no visible column which holds text as it is.${meant}`);
  }
  return (wanted ?? usualSearchFields(module)).flatMap((name) => searchable.get(name) ?? []);
}

/**
 * The records that people mean by a text: those whose id or a column is the text itself, then those that hold all of its
 * words, by their first column. Without a trigram index this reads the workspace's rows: whoever asks needs a time limit.
 */
export async function searchRecords(
  tx: CrmTransaction,
  table: EntityTable,
  columns: readonly Column[],
  { search, limit }: RecordSearch,
): Promise<RecordData[]> {
  const { dataSource, key } = table;
  const text = search.trim();
  const parameters = new Parameters();
  const visible = table.visible('"record"', tx.workspaceId, parameters.add);
  const patterns = wordPatterns(text);
  if (visible === null || patterns.length === 0) return [];
  const texts = columns.map((column) => `"record".${quoted(column.databaseName)}::text`);
  const ids = storableKeys(dataSource, key, [...new Set([text, text.toLowerCase()])]);
  const isId = ids.length === 0 ? [] : [keyIsAny(dataSource, key, '"record"', parameters.add(ids))];
  const found = [...isId];
  const isExact = [...isId];
  if (texts.length > 0) {
    const whole = parameters.add(text);
    isExact.push(...texts.map((one) => `lower(${one}) = lower(${whole})`));
    const words = patterns.map((pattern) => {
      const placeholder = parameters.add(pattern);
      return `(${texts.map((one) => `${one} ILIKE ${placeholder}`).join(' OR ')})`;
    });
    found.push(`(${words.join(' AND ')})`);
  }
  if (found.length === 0) return [];
  const rows = await queryRows(
    tx.manager,
    `SELECT ${table.selectList('"record"', 'c')} FROM ${table.sql} AS "record"
     WHERE ${visible} AND (${found.join(' OR ')})
     ORDER BY ${[`(${isExact.join(' OR ')}) IS TRUE DESC`, ...texts.slice(0, 1), keyOrder(dataSource, key, '"record"').sql].join(', ')}
     LIMIT ${parameters.add(limit)}`,
    parameters.values,
  );
  return table.toRecords(tx.manager, rows, 'c');
}
