import type { ReferenceDescription } from '../../core/catalog.js';
import type { CrmTransaction } from '../crm-host.js';
import { type Column, keyIsAny, quoted, sqlType, storableKeys } from './columns.js';
import type { EntityTable } from './entity-table.js';
import type { Users } from './people.js';
import { columnBehind } from './property-column.js';
import { Parameters, queryRows } from './statement.js';
import { isNotDeleted, visibleRows } from './visible-rows.js';
import type { WorkspaceRule } from './workspace-rule.js';

/** A field that is the key of a to-one relation. */
export interface TableReference extends ReferenceDescription {
  /** Nothing says whose the rows are that it points at: they may be another workspace's. */
  isOpen: boolean;
  /** Which of the values point at a row that the transaction's workspace has. */
  find(tx: CrmTransaction, values: readonly string[]): Promise<ReadonlySet<string>>;
}

/**
 * The fields of a table that are keys of to-one relations and that workflows may write: to modules and to any other entity,
 * whether conditions can follow the relation or not. The owner is left out, it must be an active user.
 */
export function tableReferences(
  table: EntityTable,
  tables: ReadonlyMap<string, EntityTable>,
  owner: Column | undefined,
  { users, defaultWorkspace }: { users: Users; defaultWorkspace: string | null },
): TableReference[] {
  const references: TableReference[] = [];
  for (const relation of table.metadata.relationsWithJoinColumns) {
    const [join, ...furtherJoins] = relation.joinColumns;
    const to = join?.referencedColumn;
    if (!join || !to || furtherJoins.length > 0 || join === owner || to.transformer) continue;
    const field = table.fieldOf(join);
    if (field === undefined || !table.fields.some(({ name, writable }) => name === field && writable)) continue;
    const metadata = relation.inverseEntityMetadata;
    const [module, target] = [...tables].find(([, other]) => other.metadata === metadata) ?? [];
    const column = defaultWorkspace === null ? undefined : columnBehind(metadata, defaultWorkspace);
    const rule = target?.rule ?? { column, where: undefined };
    const isUser = !target && metadata === users.metadata && to.isPrimary;
    references.push({
      field,
      ...(module === undefined ? {} : { module }),
      isOpen: !isUser && !target && !column && defaultWorkspace !== null,
      find: async (tx, values) =>
        isUser
          ? new Set((await users.find(tx, { ids: values })).map(({ id }) => id))
          : existing(tx, table, { metadata, rule, deleted: target?.deleted, to }, values),
    });
  }
  return references;
}

async function existing(
  tx: CrmTransaction,
  { dataSource }: EntityTable,
  target: { metadata: EntityTable['metadata']; rule: WorkspaceRule; deleted: Column | undefined; to: Column },
  values: readonly string[],
): Promise<ReadonlySet<string>> {
  const { metadata, rule, deleted, to } = target;
  // As Postgres writes it; it reads other forms of a uuid as well.
  const stored = (value: string): string => (sqlType(dataSource, to) === 'uuid' ? value.toLowerCase() : value);
  const keys = storableKeys(dataSource, to, values.map(stored));
  const parameters = new Parameters();
  const visible = visibleRows(dataSource, metadata, rule, '"target"', tx.workspaceId, parameters.add);
  if (keys.length === 0 || visible === null) return new Set();
  const table = metadata.tablePath.split('.').map(quoted).join('.');
  const rows = await queryRows(
    tx.manager,
    `SELECT "target".${quoted(to.databaseName)}::text AS "key" FROM ${table} AS "target"
     WHERE ${keyIsAny(dataSource, to, '"target"', parameters.add(keys))} AND ${visible}${deleted ? ` AND ${isNotDeleted(dataSource, deleted, '"target"')}` : ''}`,
    parameters.values,
  );
  const found = new Set(rows.map(({ key }) => String(key)));
  return new Set(values.filter((value) => found.has(stored(value))));
}
