import type { EntityManager } from 'typeorm';

/**
 * Runs one statement on the manager's connection and returns its rows, whatever the statement's kind: TypeORM's plain
 * answer to UPDATE … RETURNING is shaped differently from the one to INSERT … RETURNING.
 */
export async function sql<Row>(manager: EntityManager, statement: string, parameters: unknown[] = []): Promise<Row[]> {
  return rowsOf(await manager.query(statement, parameters));
}

/** The rows in TypeORM's answer to a statement of whatever kind. */
export function rowsOf<Row>(answer: unknown): Row[] {
  if (!Array.isArray(answer)) return [];
  const isRowsAndCount = answer.length === 2 && Array.isArray(answer[0]) && typeof answer[1] === 'number';
  return (isRowsAndCount ? answer[0] : answer) as Row[];
}

/**
 * The rows of a set-based statement, as the single parameter of `json_to_recordset`: what is easiest to read where rows are
 * few or small. The log, which is written with every run, goes as a `RowSet`.
 */
export function recordset(rows: readonly object[]): string {
  return JSON.stringify(rows);
}
