import type { DataSource } from 'typeorm';
import { type Column, quoted, storableKeys } from './columns.js';

/**
 * Which rows of an entity exist for a workspace: not deleted, of the entity's own kind, and the workspace's. Null when the
 * workspace cannot have any. `parameter` adds a parameter and returns its placeholder.
 */
export function visibleRows(
  dataSource: DataSource,
  metadata: ReturnType<DataSource['getMetadata']>,
  workspace: Column | undefined,
  alias: string,
  workspaceId: string,
  parameter: (value: unknown) => string,
): string | null {
  const tests: string[] = [];
  if (workspace) {
    if (storableKeys(dataSource, workspace, [workspaceId]).length === 0) return null;
    tests.push(`${alias}.${quoted(workspace.databaseName)} = ${parameter(workspaceId)}`);
  }
  const { deleteDateColumn, discriminatorColumn, parentEntityMetadata } = metadata;
  if (deleteDateColumn) tests.push(`${alias}.${quoted(deleteDateColumn.databaseName)} IS NULL`);
  if (discriminatorColumn && parentEntityMetadata) {
    const kinds = [metadata, ...metadata.childEntityMetadatas].map((one) => one.discriminatorValue);
    tests.push(`${alias}.${quoted(discriminatorColumn.databaseName)}::text = ANY (${parameter(kinds)}::text[])`);
  }
  return tests.length > 0 ? tests.join(' AND ') : 'TRUE';
}
