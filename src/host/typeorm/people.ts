import type { DataSource, FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { CrmTransaction, CrmUser, UserSearch } from '../crm-host.js';
import { type Column, isSearchable, keyIsAny, quoted, storableKeys, toJson } from './columns.js';
import type { UsersOption } from './config.js';
import { configError } from './config-error.js';
import { EntityTable } from './entity-table.js';
import { wordPatterns } from './like.js';
import { activeCondition, hasRole, membersOf, optionalColumn, restrictToActive, roleList, rolesIn } from './members.js';
import { isNotDeleted } from './visible-rows.js';
import { bindToWorkspace } from './workspace-rule.js';

/** Which users: by id, or by role. */
export type UsersQuery = { ids: readonly string[] } | { role: string };

/** Finds active users of the transaction's workspace, in order of id. */
export type UserFinder = (tx: CrmTransaction, query: UsersQuery) => Promise<CrmUser[]>;

/** Where the users are, and how to find them. */
export interface Users {
  find: UserFinder;
  /** As in the port; undefined when the host's own function cannot. */
  list?: (tx: CrmTransaction, query: UserSearch) => Promise<CrmUser[]>;
  listRoles?: (tx: CrmTransaction) => Promise<string[]>;
  /** Their entity's; undefined when the host finds them by a function of its own. */
  metadata: EntityTable['metadata'] | undefined;
}

/** The users that the configuration describes. Throws `crm_config_invalid`. */
export function usersOf(dataSource: DataSource, option: UsersOption | undefined, defaultWorkspace: string | null): Users {
  if (!option) {
    const find = () => {
      throw configError(
        'typeOrmCrm() was not told where the users are.',
        'Give it { users: { entity: User } } as part of its second argument.',
      );
    };
    return { find, metadata: undefined };
  }
  if ('find' in option) {
    return {
      find: (tx, query) => option.find(tx, query),
      ...(option.list && { list: option.list.bind(option) }),
      ...(option.listRoles && { listRoles: option.listRoles.bind(option) }),
      metadata: undefined,
    };
  }
  // Whose they are may be the members' to say.
  const workspace = option.members && option.workspace === undefined ? null : option.workspace;
  const table = new EntityTable(dataSource, { entity: option.entity, workspace, where: option.where }, defaultWorkspace);
  const members = option.members && membersOf(dataSource, option.members, defaultWorkspace);
  const id = option.id === undefined ? table.key : table.columnOf(option.id);
  const names = [option.name ?? usualName(table)].flat().map((name) => table.columnOf(name));
  const email = optionalColumn(table.metadata, option.email, 'email');
  const roles = option.roles === undefined ? usualRoles(table) : table.columnOf(option.roles);
  const active = activeCondition(table.metadata, option.active);

  const find: UserFinder = async (tx, query) => {
    // Who has a role, and which, may be the members' to say as well.
    const memberRoles = members && (await members(tx, query));
    const ids = memberRoles ? [...memberRoles.keys()] : 'ids' in query ? query.ids : null;
    const wanted = ids && storableKeys(dataSource, id, ids);
    const role = 'role' in query && !members?.haveRoles ? query.role : null;
    if (wanted ? wanted.length === 0 : !roles) return [];
    if (role !== null && !roles) return [];
    const builder = tx.manager.createQueryBuilder<ObjectLiteral>(option.entity, 'person').orderBy(`person.${id.propertyPath}`);
    if (!bindToWorkspace(builder, table, 'person', tx.workspaceId)) return [];
    restrictToActive(builder, 'person', active);
    if (wanted) builder.andWhere(keyIsAny(dataSource, id, 'person', ':ids'), { ids: wanted });
    if (role !== null && roles) builder.andWhere(hasRole(dataSource, roles, 'person'), { role });
    return (await builder.getMany()).map((person) => toUser(person, memberRoles));
  };

  const toUser = (person: ObjectLiteral, memberRoles: ReadonlyMap<string, string[]> | undefined): CrmUser => {
    const key = String(id.getEntityValue(person));
    return {
      id: key,
      name: names
        .map((name) => toJson(name.getEntityValue(person), 'text'))
        .filter((part) => part !== null)
        .join(' '),
      email: email ? textOrNull(email.getEntityValue(person)) : null,
      roles: members?.haveRoles ? (memberRoles?.get(key) ?? []) : roles ? roleList(roles.getEntityValue(person)) : [],
    };
  };

  /** Everybody active in the workspace; null when it cannot have anybody. */
  const everybody = (tx: CrmTransaction, role: string | null): SelectQueryBuilder<ObjectLiteral> | null => {
    const builder = tx.manager.createQueryBuilder<ObjectLiteral>(option.entity, 'person');
    if (!bindToWorkspace(builder, table, 'person', tx.workspaceId)) return null;
    restrictToActive(builder, 'person', active);
    if (members) {
      const among = members.among(tx, role);
      if (!among) return null;
      builder.andWhere(`person.${quoted(id.databaseName)} IN (${among.getQuery()})`).setParameters(among.getParameters());
    }
    if (role === null || members?.haveRoles) return builder;
    return roles ? builder.andWhere(hasRole(dataSource, roles, 'person'), { role }) : null;
  };

  const searched = [...names, ...(email ? [email] : [])].filter((column) => isSearchable(dataSource, column));
  const list = async (tx: CrmTransaction, { search, role, limit }: UserSearch): Promise<CrmUser[]> => {
    const builder = everybody(tx, role);
    const patterns = search === null ? [] : wordPatterns(search);
    if (!builder || (search !== null && (patterns.length === 0 || searched.length === 0))) return [];
    patterns.forEach((pattern, at) => {
      const tests = searched.map((column) => `person.${quoted(column.databaseName)} ILIKE :word${at}`);
      builder.andWhere(`(${tests.join(' OR ')})`, { [`word${at}`]: pattern });
    });
    for (const name of names) builder.addOrderBy(`person.${name.propertyPath}`);
    const people = await builder.addOrderBy(`person.${id.propertyPath}`).limit(limit).getMany();
    const ids = people.map((person) => String(id.getEntityValue(person)));
    const memberRoles = members?.haveRoles && ids.length > 0 ? await members(tx, { ids }) : undefined;
    return people.map((person) => toUser(person, memberRoles));
  };
  const listRoles = async (tx: CrmTransaction): Promise<string[]> => {
    if (members?.haveRoles) return members.roles(tx);
    const builder = roles && everybody(tx, null);
    return builder ? rolesIn(dataSource, builder, roles, 'person') : [];
  };
  return { find, list, listRoles, metadata: table.metadata };
}

/** How many open records each of the users owns. */
export async function countOwned(
  tx: CrmTransaction,
  table: EntityTable,
  owner: Column,
  userIds: readonly string[],
  open: FindOptionsWhere<ObjectLiteral> | FindOptionsWhere<ObjectLiteral>[] | undefined,
): Promise<Map<string, number>> {
  const { dataSource } = table;
  const ids = storableKeys(dataSource, owner, userIds);
  if (ids.length === 0) return new Map();
  const ownerSql = `record.${quoted(owner.databaseName)}`;
  const builder = tx.manager
    .createQueryBuilder<ObjectLiteral>(table.option.entity, 'record')
    .select(`${ownerSql}::text`, 'owner')
    .addSelect('count(*)', 'count')
    .where(keyIsAny(dataSource, owner, 'record', ':ids'), { ids })
    .groupBy(ownerSql);
  if (!bindToWorkspace(builder, table, 'record', tx.workspaceId)) return new Map();
  if (table.deleted) builder.andWhere(isNotDeleted(dataSource, table.deleted, 'record'));
  if (open) builder.andWhere(open);
  const rows = await builder.getRawMany<{ owner: string; count: string }>();
  return new Map(rows.map((row) => [row.owner, Number(row.count)]));
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** What names a person where nobody says it, the likeliest first. */
const USUAL_NAMES = [['name'], ['firstName', 'lastName'], ['fullName'], ['displayName'], ['email']];
const USUAL_ROLES = ['roles', 'role'];

function usualName(table: EntityTable): readonly string[] {
  const names = USUAL_NAMES.find((parts) => parts.every((part) => ownColumn(table, part)));
  if (names) return names;
  throw configError(
    `Nothing says what ${table.metadata.name} calls people: it has no property ${USUAL_NAMES.map((parts) => parts.join(' and ')).join(', ')}.`,
    "Name the property, or several: { users: { entity: User, name: ['givenName', 'familyName'] } }.",
  );
}

/** Not the key of a relation: that is no name of a role. */
function usualRoles(table: EntityTable): Column | undefined {
  for (const property of USUAL_ROLES) {
    const column = ownColumn(table, property);
    if (column) return column;
  }
  return undefined;
}

function ownColumn({ metadata }: EntityTable, property: string): Column | undefined {
  return metadata.columns.find((one) => one.propertyPath === property && !one.relationMetadata);
}
