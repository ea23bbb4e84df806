import type { DataSource, FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { CrmTransaction } from '../crm-host.js';
import { type Column, keyIsAny, quoted, sqlType, storableKeys } from './columns.js';
import type { MembersOption } from './config.js';
import { configError } from './config-error.js';
import { columnBehind, neededColumn } from './property-column.js';
import { bindToWorkspace, workspaceRule } from './workspace-rule.js';

type Metadata = ReturnType<DataSource['getMetadata']>;

/** The active members of the transaction's workspace among the users asked for, each with the roles that it has there. */
export interface Members {
  (tx: CrmTransaction, query: { ids: readonly string[] } | { role: string }): Promise<Map<string, string[]>>;
  /** Whether the roles are the members' own; otherwise a query by role finds every member. */
  readonly haveRoles: boolean;
  /** Selects the ids of the workspace's members, of those with a role; null when the workspace cannot have any. */
  among(tx: CrmTransaction, role: string | null): SelectQueryBuilder<ObjectLiteral> | null;
  /** The roles that members of the workspace have; see {@link rolesIn}. */
  roles(tx: CrmTransaction): Promise<string[]>;
}

/** The members that the configuration describes. Throws `crm_config_invalid`. */
export function membersOf(dataSource: DataSource, option: MembersOption, defaultWorkspace: string | null): Members {
  if (!dataSource.hasMetadata(option.entity))
    throw configError("The entity of the users' members is not one of the DataSource's entities.");
  const metadata = dataSource.getMetadata(option.entity);
  const user = columnBehind(metadata, option.user ?? 'userId') ?? (option.user === undefined && columnBehind(metadata, 'user'));
  if (!user) {
    throw configError(
      `The entity ${metadata.name}, which says who is a member, has no property '${option.user ?? 'userId'}'.`,
      "Name the property that holds the user: { users: { entity: User, members: { entity: Membership, user: 'personId' } } }.",
    );
  }
  const rule = workspaceRule(metadata, { workspace: option.workspace ?? undefined }, defaultWorkspace);
  if (!rule.column) throw configError(`Name the property of ${metadata.name} that holds the workspace: members are somebody's.`);
  const roles = option.roles === undefined ? undefined : neededColumn(metadata, option.roles);
  const active = activeCondition(metadata, option.active);

  const select = (tx: CrmTransaction, alias: string): SelectQueryBuilder<ObjectLiteral> | null => {
    const builder = tx.manager
      .createQueryBuilder<ObjectLiteral>(option.entity, alias)
      .select(`${alias}.${quoted(user.databaseName)}`, 'user');
    if (!bindToWorkspace(builder, { dataSource, metadata, rule }, alias, tx.workspaceId)) return null;
    restrictToActive(builder, alias, active);
    return builder;
  };
  const find = async (tx: CrmTransaction, query: { ids: readonly string[] } | { role: string }): Promise<Map<string, string[]>> => {
    const found = new Map<string, string[]>();
    const builder = select(tx, 'member');
    if (!builder) return found;
    if (roles) builder.addSelect(`member.${quoted(roles.databaseName)}`, 'roles');
    if ('ids' in query) {
      const ids = storableKeys(dataSource, user, query.ids);
      if (ids.length === 0) return found;
      builder.andWhere(keyIsAny(dataSource, user, 'member', ':ids'), { ids });
    } else if (roles) {
      // All roles of whoever has this one: a member may have a row for each.
      const holders = select(tx, 'holder');
      if (!holders) return found;
      holders.andWhere(hasRole(dataSource, roles, 'holder'), { role: query.role });
      builder.andWhere(`member.${quoted(user.databaseName)} IN (${holders.getQuery()})`).setParameters(holders.getParameters());
    }
    for (const row of await builder.getRawMany<{ user: unknown; roles?: unknown }>()) {
      const own = roles ? roleList(dataSource.driver.prepareHydratedValue(row.roles, roles)) : [];
      const id = String(row.user);
      found.set(id, [...new Set([...(found.get(id) ?? []), ...own])]);
    }
    return found;
  };
  const among = (tx: CrmTransaction, role: string | null): SelectQueryBuilder<ObjectLiteral> | null => {
    const builder = select(tx, 'listed');
    if (builder && role !== null && roles) builder.andWhere(hasRole(dataSource, roles, 'listed'), { role });
    return builder;
  };
  const allRoles = async (tx: CrmTransaction): Promise<string[]> => {
    const builder = select(tx, 'holder');
    return builder && roles ? rolesIn(dataSource, builder, roles, 'holder') : [];
  };
  return Object.assign(find, { haveRoles: roles !== undefined, among, roles: allRoles });
}

/** A boolean column or conditions: who counts as active. */
export type ActiveCondition = Column | FindOptionsWhere<ObjectLiteral> | undefined;

/** What the option says, or else the property `active`, where there is one. */
export function activeCondition(metadata: Metadata, option: string | FindOptionsWhere<ObjectLiteral> | undefined): ActiveCondition {
  return typeof option === 'object' ? option : optionalColumn(metadata, option, 'active');
}

export function restrictToActive(builder: SelectQueryBuilder<ObjectLiteral>, alias: string, active: ActiveCondition): void {
  if (active === undefined) return;
  if ('propertyPath' in active && 'entityMetadata' in active)
    builder.andWhere(`${alias}.${quoted((active as Column).databaseName)} = TRUE`);
  else builder.andWhere(active);
}

/** The column of the property that is given, or of the usual one, where there is one. */
export function optionalColumn(metadata: Metadata, given: string | undefined, usual: string): Column | undefined {
  return given === undefined ? columnBehind(metadata, usual) : neededColumn(metadata, given);
}

/** The test that the column holds `:role`. */
export function hasRole(dataSource: DataSource, roles: Column, alias: string): string {
  const name = `${alias}.${quoted(roles.databaseName)}`;
  const type = sqlType(dataSource, roles);
  if (roles.isArray) return `:role = ANY (${name}::text[])`;
  if (roles.type === 'simple-array') return `:role = ANY (string_to_array(${name}, ','))`;
  if (type === 'json' || type === 'jsonb' || roles.type === 'simple-json') return `${name}::jsonb @> to_jsonb(:role::text)`;
  return `${name}::text = :role`;
}

/** More roles than anybody chooses from. */
const MOST_ROLES = 200;

/** The roles in the column of the rows that a query selects, in order. */
export async function rolesIn(
  dataSource: DataSource,
  builder: SelectQueryBuilder<ObjectLiteral>,
  roles: Column,
  alias: string,
): Promise<string[]> {
  const each = eachRole(dataSource, roles, `${alias}.${quoted(roles.databaseName)}`);
  const rows = await builder
    .select(`DISTINCT ${each}`, 'role')
    .andWhere(`${alias}.${quoted(roles.databaseName)} IS NOT NULL`)
    .orderBy('role')
    .limit(MOST_ROLES)
    .getRawMany<{ role: string | null }>();
  return rows.flatMap(({ role }) => (role === null || role === '' ? [] : [role]));
}

/** The roles of a row as rows of their own: the forms that {@link hasRole} knows. */
function eachRole(dataSource: DataSource, roles: Column, name: string): string {
  const type = sqlType(dataSource, roles);
  if (roles.isArray) return `unnest(${name}::text[])`;
  if (roles.type === 'simple-array') return `unnest(string_to_array(${name}, ','))`;
  if (type !== 'json' && type !== 'jsonb' && roles.type !== 'simple-json') return `${name}::text`;
  const json = `${name}::jsonb`;
  return `jsonb_array_elements_text(CASE jsonb_typeof(${json}) WHEN 'array' THEN ${json} ELSE jsonb_build_array(${json}) END)`;
}

/** One role, or several. */
export function roleList(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}
