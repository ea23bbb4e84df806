import type { DataSource, FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import { didYouMean } from '../../core/nearest.js';
import { type Column, quoted, storableKeys } from './columns.js';
import type { WorkspaceWhere } from './config.js';
import { configError } from './config-error.js';
import { columnBehind, propertyNames } from './property-column.js';

type Metadata = ReturnType<DataSource['getMetadata']>;

/** What says which rows of an entity are a workspace's: a column, conditions, or both. With neither they are everyone's. */
export interface WorkspaceRule {
  column: Column | undefined;
  where: WorkspaceWhere | undefined;
}

/** The rule that holds for an entity. Throws `crm_config_invalid` when nothing says which workspace its rows belong to. */
export function workspaceRule(
  metadata: Metadata,
  { workspace, where }: { workspace?: string | null; where?: WorkspaceWhere },
  defaultWorkspace: string | null,
): WorkspaceRule {
  if (workspace === null) return { column: undefined, where };
  const name = workspace ?? (where ? null : defaultWorkspace);
  if (name === null) return { column: undefined, where };
  const column = columnBehind(metadata, name);
  if (column) return { column, where };
  const meant = didYouMean(name, propertyNames(metadata));
  throw configError(
    `The entity ${metadata.name} has no property '${name}', so nothing says which workspace its rows belong to.${meant}`,
    `Name the property where typeOrmCrm() is given ${metadata.name} (\`workspace: 'companyId'\`), or say it by \`where\`; write \`workspace: null\` when every workspace is to see all of its rows.`,
  );
}

/**
 * The test that a row is the workspace's; null when the workspace cannot have any. `parameter` adds a parameter and returns
 * its placeholder.
 */
export function ofWorkspace(
  dataSource: DataSource,
  metadata: Metadata,
  rule: WorkspaceRule,
  alias: string,
  workspaceId: string,
  parameter: (value: unknown) => string,
): string | null {
  const tests: string[] = [];
  const { column, where } = rule;
  if (column) {
    if (storableKeys(dataSource, column, [workspaceId]).length === 0) return null;
    tests.push(`${alias}.${quoted(column.databaseName)} = ${parameter(workspaceId)}`);
  }
  if (where) {
    const conditions = conditionsOf(dataSource, metadata, where, workspaceId);
    if (conditions.length === 0) return null;
    tests.push(isAmong(dataSource, metadata, conditions, alias, parameter));
  }
  return tests.length > 0 ? tests.join(' AND ') : 'TRUE';
}

/** Binds a query to the workspace's rows; false when it cannot have any. `alias` is the builder's own. */
export function bindToWorkspace<T extends ObjectLiteral>(
  builder: SelectQueryBuilder<T>,
  { dataSource, metadata, rule }: { dataSource: DataSource; metadata: Metadata; rule: WorkspaceRule },
  alias: string,
  workspaceId: string,
): boolean {
  let count = 0;
  const test = ofWorkspace(dataSource, metadata, rule, quoted(alias), workspaceId, (value) => {
    const name = `${alias}Workspace${count++}`;
    builder.setParameter(name, value);
    return `:${name}`;
  });
  if (test === null) return false;
  builder.andWhere(test);
  return true;
}

/** What was written is nothing that the workspace would see: it must not be kept. */
export function outsideWorkspace({ metadata }: { metadata: Metadata }, done: 'created' | 'changed'): AutomationError {
  return new AutomationError('outside_workspace', `A row of ${metadata.name} that was ${done} would not belong to the workspace.`, {
    hint:
      done === 'created'
        ? `Let \`map\` give it what the \`where\` of ${metadata.name} asks for, or name the property that holds the workspace.`
        : `The \`where\` of ${metadata.name} asks for a field that the step changes: make it \`writable: false\`.`,
  });
}

/** The host's conditions for a workspace, without those that no row can meet. Conditions that leave everything open are an error. */
function conditionsOf(dataSource: DataSource, metadata: Metadata, where: WorkspaceWhere, workspaceId: string) {
  const given = [where(workspaceId) ?? []].flat();
  return given.filter((condition) => {
    const answer = couldMatch(dataSource, metadata, condition, '');
    if (answer !== null) return answer;
    throw configError(
      `The \`where\` of ${metadata.name} has no condition for the workspace '${workspaceId}', so that it would see every row.`,
      'Return conditions on columns, of relations too; null for a workspace that has no rows.',
    );
  });
}

/**
 * Whether rows can meet a condition: not when a column cannot hold the value that is asked for (`abc` in an integer), and not
 * when the value is missing, which TypeORM may be told to ignore. Null when there is no condition at all.
 */
function couldMatch(dataSource: DataSource, metadata: Metadata, condition: ObjectLiteral, parent: string): boolean | null {
  let answer: boolean | null = null;
  for (const [name, value] of Object.entries(condition)) {
    const path = parent === '' ? name : `${parent}.${name}`;
    const relation = metadata.findRelationWithPropertyPath(path);
    const column = metadata.findColumnWithPropertyPath(path);
    const isNested = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
    let one: boolean | null = true;
    if (value === undefined || value === null) one = false;
    else if (isNested && relation) one = couldMatch(dataSource, relation.inverseEntityMetadata, value, '');
    else if (isNested && !column) one = couldMatch(dataSource, metadata, value, path);
    else if (column && ['string', 'number'].includes(typeof value)) one = storableKeys(dataSource, column, [String(value)]).length > 0;
    if (one === false) return false;
    answer = one ?? answer;
  }
  return answer;
}

/** By key, as a condition of its own: what TypeORM puts around the host's conditions cannot widen them. */
function isAmong(
  dataSource: DataSource,
  metadata: Metadata,
  conditions: FindOptionsWhere<ObjectLiteral>[],
  alias: string,
  parameter: (value: unknown) => string,
): string {
  const key = quoted(metadata.primaryColumns[0]?.databaseName ?? '');
  const [sql, values] = dataSource
    .createQueryBuilder<ObjectLiteral>(metadata.target, 'ofWorkspace')
    .setFindOptions({ where: conditions, loadEagerRelations: false })
    .select(`"ofWorkspace".${key}`)
    .getQueryAndParameters();
  const placeholders = values.map(parameter);
  return `${alias}.${key} IN (${sql.replace(/\$(\d+)/g, (_, number) => placeholders[Number(number) - 1] ?? '')})`;
}
