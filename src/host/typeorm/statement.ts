import type { EntityManager, ObjectLiteral } from 'typeorm';

/** The parameters of a statement in the making. */
export class Parameters {
  readonly values: unknown[] = [];

  /** Adds a parameter and returns its placeholder. */
  readonly add = (value: unknown): string => `$${this.values.push(value)}`;
}

/** Runs a statement and returns its rows, whatever its kind. */
export async function queryRows(manager: EntityManager, sql: string, parameters: unknown[]): Promise<ObjectLiteral[]> {
  const answer: unknown = await manager.query(sql, parameters);
  // For UPDATE and DELETE TypeORM answers [rows, count].
  const rows = Array.isArray(answer) && Array.isArray(answer[0]) ? answer[0] : answer;
  return rows as ObjectLiteral[];
}
