import { createHash } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { sqlState } from '../host/postgres-errors.js';
import { isPooler, serverProcess } from './pooler.js';
import { rowsOf } from './sql.js';

/** Whether the connections of a pool keep what was prepared on them. It turns false when one turns out not to, and stays so. */
interface Keeping {
  keeps: boolean;
}

/** What a connection says that was somebody else's a moment ago: the statement is unknown, or its name is taken. */
const STRANGE_CONNECTION: ReadonlySet<string | null> = new Set(['26000', '42P05']);
/** A bound on what a process and its connections hold; the hot path has some thirty. */
const MOST_STATEMENTS = 100;

const names = new Map<string, string>();
const keepingBy = new WeakMap<DataSource, Keeping>();

/**
 * A statement under a name, for pg: its connection has it parsed once. Still a text for everybody else who sees it on its
 * way (TypeORM's logger, the host's subscribers): it has the methods of one. Not an object of `String` itself, whose every
 * character is a property: pg copies all properties of what it is given, 1.5 ms for a statement of 2,000 characters.
 */
class PreparedStatement {
  constructor(
    readonly text: string,
    readonly name: string,
  ) {}

  get length(): number {
    return this.text.length;
  }

  toString(): string {
    return this.text;
  }

  valueOf(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}
// They take whatever can be made a text.
Object.setPrototypeOf(PreparedStatement.prototype, String.prototype);

/** To be called once for a pool of ours: behind a pooler, the next transaction would not find what this one has prepared. */
export async function keepPrepared(source: DataSource): Promise<void> {
  const runner = source.createQueryRunner();
  try {
    keepingBy.set(source, { keeps: !isPooler(await runner.connect(), await serverProcess(runner)) });
  } finally {
    await runner.release();
  }
}

/** Whether the manager's connections are ours, and each of them the same server process as a moment ago. */
export function keepsStatements(manager: EntityManager): boolean {
  return keepingBy.get(manager.connection)?.keeps ?? false;
}

/**
 * Runs a statement of the hot path, as `sql` does, and has it parsed and planned once a connection where that can be: of the
 * 2.9 ms that Postgres took for an event with one local step, 1.3 were parsing and planning. Its text must be constant.
 */
export async function prepared<Row>(manager: EntityManager, statement: string, parameters: unknown[]): Promise<Row[]> {
  const keeping = keepingBy.get(manager.connection);
  const name = keeping?.keeps ? nameOf(statement) : null;
  if (!keeping || name === null) return rowsOf<Row>(await manager.query(statement, parameters));
  try {
    return rowsOf<Row>(await manager.query(new PreparedStatement(statement, name) as unknown as string, parameters));
  } catch (error) {
    // A pooler that nobody noticed. This transaction is lost, like one whose connection was; its next attempt goes without names.
    if (STRANGE_CONNECTION.has(sqlState(error))) keeping.keeps = false;
    throw error;
  }
}

/** The same text has the same name in every process and release: a connection that others use too runs no other statement by it. */
function nameOf(statement: string): string | null {
  const known = names.get(statement);
  if (known !== undefined) return known;
  if (names.size === MOST_STATEMENTS) return null;
  const name = `automation_${createHash('sha256').update(statement).digest('hex').slice(0, 32)}`;
  names.set(statement, name);
  return name;
}
