import type { DataSource, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { CrmTransaction, CrmUser } from '../crm-host.js';
import { type Column, keyIsAny, quoted, storableKeys, toJson } from './columns.js';
import type { UsersOption } from './config.js';
import { configError } from './config-error.js';
import { EntityTable } from './entity-table.js';
import { activeCondition, hasRole, membersOf, optionalColumn, restrictToActive, roleList } from './members.js';
import { isNotDeleted } from './visible-rows.js';
import { bindToWorkspace } from './workspace-rule.js';

/** Which users: by id, or by role. */
export type UsersQuery = { ids: readonly string[] } | { role: string };

/** Finds active users of the transaction's workspace, in order of id. */
export type UserFinder = (tx: CrmTransaction, query: UsersQuery) => Promise<CrmUser[]>;

/** Where the users are, and how to find them. */
export interface Users {
  find: UserFinder;
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
  if ('find' in option) return { find: (tx, query) => option.find(tx, query), metadata: undefined };
  // Whose they are may be the members' to say.
  const workspace = option.members && option.workspace === undefined ? null : option.workspace;
  const table = new EntityTable(dataSource, { entity: option.entity, workspace, where: option.where }, defaultWorkspace);
  const members = option.members && membersOf(dataSource, option.members, defaultWorkspace);
  const id = option.id === undefined ? table.key : table.columnOf(option.id);
  const names = [option.name ?? 'name'].flat().map((name) => table.columnOf(name));
  const email = optionalColumn(table.metadata, option.email, 'email');
  const roles = optionalColumn(table.metadata, option.roles, 'roles');
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
    const people = await builder.getMany();
    return people.map((person) => {
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
    });
  };
  return { find, metadata: table.metadata };
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
