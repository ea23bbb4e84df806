import type { DataSource } from 'typeorm';
import { type Column, quoted, sqlType } from './columns.js';
import { ofWorkspace, type WorkspaceRule } from './workspace-rule.js';

/** The test that a row is not marked as deleted by a plain column: a boolean, or anything that is there or not. */
export function isNotDeleted(dataSource: DataSource, deleted: Column, alias: string): string {
  const column = `${alias}.${quoted(deleted.databaseName)}`;
  return sqlType(dataSource, deleted) === 'boolean' ? `${column} IS NOT TRUE` : `${column} IS NULL`;
}

/**
 * Which rows of an entity exist for a workspace: not deleted, of the entity's own kind, and the workspace's. Null when the
 * workspace cannot have any. `parameter` adds a parameter and returns its placeholder.
 */
export function visibleRows(
  dataSource: DataSource,
  metadata: ReturnType<DataSource['getMetadata']>,
  rule: WorkspaceRule,
  alias: string,
  workspaceId: string,
  parameter: (value: unknown) => string,
): string | null {
  const own = ofWorkspace(dataSource, metadata, rule, alias, workspaceId, parameter);
  if (own === null) return null;
  const tests = [own];
  const { deleteDateColumn, discriminatorColumn, parentEntityMetadata } = metadata;
  if (deleteDateColumn) tests.push(`${alias}.${quoted(deleteDateColumn.databaseName)} IS NULL`);
  if (discriminatorColumn && parentEntityMetadata) {
    const kinds = [metadata, ...metadata.childEntityMetadatas].map((one) => one.discriminatorValue);
    tests.push(`${alias}.${quoted(discriminatorColumn.databaseName)}::text = ANY (${parameter(kinds)}::text[])`);
  }
  return tests.join(' AND ');
}
