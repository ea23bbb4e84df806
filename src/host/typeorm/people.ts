import type { DataSource, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { CrmTransaction, CrmUser } from '../crm-host.js';
import { type Column, keyIsAny, quoted, sqlType, storableKeys, toJson } from './columns.js';
import type { UsersOption } from './config.js';
import { configError, EntityTable } from './entity-table.js';

/** Which users: by id, or by role. */
export type UsersQuery = { ids: readonly string[] } | { role: string };

/** Finds active users of the transaction's workspace, in order of id. */
export type UserFinder = (tx: CrmTransaction, query: UsersQuery) => Promise<CrmUser[]>;

/** The finder that the configuration describes. Throws `crm_config_invalid`. */
export function userFinder(dataSource: DataSource, option: UsersOption | undefined, defaultWorkspace: string | null): UserFinder {
  if (!option) {
    return () => {
      throw configError(
        'typeOrmCrm() was not told where the users are.',
        'Give it { users: { entity: User } } as part of its second argument.',
      );
    };
  }
  if ('find' in option) return (tx, query) => option.find(tx, query);
  const table = new EntityTable(dataSource, { entity: option.entity, workspace: option.workspace }, defaultWorkspace);
  const has = (property: string): boolean => table.metadata.columns.some((column) => column.propertyPath === property);
  const optional = (given: string | undefined, usual: string): Column | undefined =>
    given !== undefined || has(usual) ? table.columnOf(given ?? usual) : undefined;
  const id = option.id === undefined ? table.key : table.columnOf(option.id);
  const names = [option.name ?? 'name'].flat().map((name) => table.columnOf(name));
  const email = optional(option.email, 'email');
  const roles = optional(option.roles, 'roles');
  const active = typeof option.active === 'object' ? option.active : optional(option.active, 'active');

  return async (tx, query) => {
    const wanted = 'ids' in query ? storableKeys(dataSource, id, query.ids) : [];
    const { workspace } = table;
    if ('ids' in query ? wanted.length === 0 : !roles) return [];
    if (workspace && storableKeys(dataSource, workspace, [tx.workspaceId]).length === 0) return [];
    const builder = tx.manager.createQueryBuilder<ObjectLiteral>(option.entity, 'person').orderBy(`person.${id.propertyPath}`);
    if (workspace) builder.andWhere(`person.${workspace.propertyPath} = :workspaceId`, { workspaceId: tx.workspaceId });
    if (isColumn(active)) builder.andWhere(`person.${active.propertyPath} = TRUE`);
    else if (active) builder.andWhere(active);
    if ('ids' in query) builder.andWhere(keyIsAny(dataSource, id, 'person', ':ids'), { ids: wanted });
    else if (roles) builder.andWhere(hasRole(dataSource, roles), { role: query.role });
    const people = await builder.getMany();
    return people.map((person) => ({
      id: String(id.getEntityValue(person)),
      name: names
        .map((name) => toJson(name.getEntityValue(person), 'text'))
        .filter((part) => part !== null)
        .join(' '),
      email: email ? textOrNull(email.getEntityValue(person)) : null,
      roles: roles ? roleList(roles.getEntityValue(person)) : [],
    }));
  };
}

/** How many open records each of the users owns. */
export async function countOwned(
  tx: CrmTransaction,
  table: EntityTable,
  owner: Column,
  userIds: readonly string[],
  open: FindOptionsWhere<ObjectLiteral> | FindOptionsWhere<ObjectLiteral>[] | undefined,
): Promise<Map<string, number>> {
  const { dataSource, workspace } = table;
  const ids = storableKeys(dataSource, owner, userIds);
  if (ids.length === 0 || (workspace && storableKeys(dataSource, workspace, [tx.workspaceId]).length === 0)) return new Map();
  const ownerSql = `record.${quoted(owner.databaseName)}`;
  const builder = tx.manager
    .createQueryBuilder<ObjectLiteral>(table.option.entity, 'record')
    .select(`${ownerSql}::text`, 'owner')
    .addSelect('count(*)', 'count')
    .where(keyIsAny(dataSource, owner, 'record', ':ids'), { ids })
    .groupBy(ownerSql);
  if (workspace) builder.andWhere(`record.${workspace.propertyPath} = :workspaceId`, { workspaceId: tx.workspaceId });
  if (open) builder.andWhere(open);
  const rows = await builder.getRawMany<{ owner: string; count: string }>();
  return new Map(rows.map((row) => [row.owner, Number(row.count)]));
}

function hasRole(dataSource: DataSource, roles: Column): string {
  const name = `person.${quoted(roles.databaseName)}`;
  const type = sqlType(dataSource, roles);
  if (roles.isArray) return `:role = ANY (${name}::text[])`;
  if (roles.type === 'simple-array') return `:role = ANY (string_to_array(${name}, ','))`;
  if (type === 'json' || type === 'jsonb') return `${name}::jsonb @> to_jsonb(:role::text)`;
  if (roles.type === 'simple-json') return `${name}::jsonb @> to_jsonb(:role::text)`;
  return `${name}::text = :role`;
}

function roleList(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function isColumn(active: Column | FindOptionsWhere<ObjectLiteral> | undefined): active is Column {
  return active !== undefined && 'propertyPath' in active && 'entityMetadata' in active;
}
