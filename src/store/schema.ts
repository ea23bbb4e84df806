import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import { sqlState } from '../host/postgres-errors.js';

/** Advisory locks of this library: the first key is ours, the second says which. */
const LOCK_SPACE = 0x43524d41; // 'CRMA'
const MIGRATION_LOCK = 2;
const INSUFFICIENT_PRIVILEGE = '42501';
/** What processes do with our tables. */
const USED = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
const APART = 'with a role that may: `npx nestjs-crm-automation migrate` (or `sql`, which prints what to run)';

/** Where TypeORM keeps which migrations have run. */
const MIGRATIONS_TABLE = 'migrations';

/** A migration class, as TypeORM takes them. */
export type MigrationClasses = readonly (new () => MigrationInterface)[];

/** What a DataSource needs that is to run migrations. */
export function migrationOptions(migrations: MigrationClasses) {
  return {
    entities: [],
    schema: 'automation',
    migrations: [...migrations],
    migrationsTableName: MIGRATIONS_TABLE,
    migrationsTransactionMode: 'all' as const,
  };
}

/** How far the schema `automation` of a database is. */
export interface SchemaState {
  /** Whether there is such a schema, and in it the list of what has run. */
  hasSchema: boolean;
  hasList: boolean;
  /** Names of migrations, oldest first: those that have run, and those that this release still wants. */
  applied: string[];
  pending: string[];
  /** Those that have run and that this release does not know: a newer one was here. */
  newer: string[];
}

/** What runs a statement and returns its rows. */
type Queries = Pick<DataSource, 'query'>;

/** Looks, and changes nothing. Throws `privilege_missing`. */
export async function schemaState(queries: Queries, migrations: MigrationClasses): Promise<SchemaState> {
  const known = namesOf(migrations);
  return withPrivilege(queries, 'use', async () => {
    const [found] = await queries.query<{ schema: boolean; list: boolean }[]>(
      `SELECT to_regnamespace('automation') IS NOT NULL AS schema, to_regclass('automation.${MIGRATIONS_TABLE}') IS NOT NULL AS list`,
    );
    const { schema: hasSchema, list: hasList } = found ?? { schema: false, list: false };
    const rows = hasList
      ? await queries.query<{ name: string }[]>(`SELECT name FROM automation.${MIGRATIONS_TABLE} ORDER BY timestamp, id`)
      : [];
    const applied = rows.map(({ name }) => name);
    return {
      hasSchema,
      hasList,
      applied,
      pending: known.filter((name) => !applied.includes(name)),
      newer: applied.filter((name) => !known.includes(name)),
    };
  });
}

/**
 * Runs what is pending; returns its names. A schema that is up to date takes nothing but a look: no lock, and no privilege
 * beyond that of using it. `source` is made for migrations. Throws `privilege_missing`.
 */
export async function migrateSchema(source: DataSource, migrations: MigrationClasses): Promise<string[]> {
  if ((await schemaState(source, migrations)).pending.length === 0) return [];
  const lock = source.createQueryRunner();
  try {
    // On a connection of its own: nodes that start together wait here, then find nothing to do. A transaction that is open
    // meanwhile instead of a lock of the session: behind a pooler the next statement may be another session's.
    await lock.startTransaction();
    await lock.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await lock.query('SELECT pg_advisory_xact_lock($1, $2)', [LOCK_SPACE, MIGRATION_LOCK]);
    const { hasSchema, pending } = await schemaState(source, migrations);
    // IF NOT EXISTS would ask for the privilege even when there is nothing to create.
    if (!hasSchema) await withPrivilege(source, 'create', () => source.query('CREATE SCHEMA automation'));
    if (pending.length > 0) await withPrivilege(source, 'change', () => source.runMigrations());
    await lock.commitTransaction();
    return pending;
  } finally {
    // What went wrong is told by the error; a connection that is lost has let go of the lock.
    if (lock.isTransactionActive) await lock.rollbackTransaction().catch(() => undefined);
    await lock.release();
  }
}

/** Throws `schema_behind` when this release wants more than the schema has, `privilege_missing` when the role may not use it. */
export async function checkSchema(queries: Queries, { hasSchema, pending }: SchemaState): Promise<void> {
  if (pending.length > 0) {
    const what = hasSchema ? 'is not up to date' : 'does not exist';
    throw new AutomationError('schema_behind', `The schema \`automation\` ${what}: ${pending.join(', ')} to run.`, {
      hint: "Migrate before deploying: `npx nestjs-crm-automation migrate`. Or start one process with `database.migrate: 'auto'`.",
      details: { pending },
    });
  }
  await checkPrivileges(queries);
}

/** Throws `privilege_missing` with all that the role lacks to work with the tables. */
async function checkPrivileges(queries: Queries): Promise<void> {
  const rows = await queries.query<{ role: string; privilege: string; tables: string[] }[]>(
    `SELECT current_user::text AS role, privilege, array_agg(relname::text ORDER BY relname) AS tables
     FROM pg_class, unnest($1::text[]) AS privilege
     WHERE relnamespace = to_regnamespace('automation') AND (relkind IN ('r', 'p') OR (relkind = 'v' AND privilege = 'SELECT')) AND relname <> $2
       AND NOT has_table_privilege(oid, privilege)
     GROUP BY privilege ORDER BY privilege`,
    [USED, MIGRATIONS_TABLE],
  );
  const [first] = rows;
  if (!first) return;
  const lacks = rows.map(({ privilege, tables }) => `${privilege} on ${tables.map((table) => `automation.${table}`).join(', ')}`);
  throw new AutomationError('privilege_missing', `The role "${first.role}" lacks ${lacks.join('; ')}.`, {
    hint: grantUse(first.role),
  });
}

/** Returns the statements that bring a schema up to date, for people who run them by other means. */
export async function pendingSql(queries: Queries, state: SchemaState, migrations: MigrationClasses): Promise<string[]> {
  if (state.pending.length === 0) return [];
  const statements: string[] = [];
  if (!state.hasSchema) statements.push('CREATE SCHEMA automation');
  if (!state.hasList) {
    statements.push(
      `CREATE TABLE automation.${MIGRATIONS_TABLE} (id serial PRIMARY KEY, timestamp bigint NOT NULL, name character varying NOT NULL)`,
    );
  }
  for (const migration of migrations) {
    const name = nameOf(migration);
    if (!state.pending.includes(name)) continue;
    statements.push('BEGIN');
    await new migration().up(recorder(queries, statements));
    statements.push(`INSERT INTO automation.${MIGRATIONS_TABLE} (timestamp, name) VALUES (${name.slice(-13)}, '${name}')`, 'COMMIT');
  }
  return statements;
}

/** What a migration asks is asked of the database as it is; what it changes is written down. */
function recorder(queries: Queries, statements: string[]): QueryRunner {
  const runner = {
    isTransactionActive: true,
    query: async (statement: string, parameters: unknown[] = []): Promise<unknown> => {
      if (/^\s*SELECT\b/i.test(statement)) return queries.query(statement, parameters);
      if (parameters.length > 0) throw new Error('a migration that changes something by parameters cannot be printed');
      statements.push(statement.trim());
      return undefined;
    },
    commitTransaction: async (): Promise<void> => void statements.push('COMMIT'),
    startTransaction: async (): Promise<void> => void statements.push('BEGIN'),
  };
  return runner as unknown as QueryRunner;
}

function namesOf(migrations: MigrationClasses): string[] {
  return migrations.map(nameOf);
}

function nameOf(migration: new () => MigrationInterface): string {
  return new migration().name ?? migration.name;
}

/** Says which privilege was missing for what, where Postgres says only that one was. */
async function withPrivilege<T>(queries: Queries, what: 'create' | 'change' | 'use', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    const [row] = await queries.query<{ role: string; database: string }[]>(
      'SELECT current_user::text AS role, current_database()::text AS database',
    );
    const { role = '', database = '' } = row ?? {};
    const said = error instanceof Error ? error.message : String(error);
    const explain = {
      create: {
        message: `The role "${role}" may not create the schema "automation": it lacks the privilege CREATE on the database "${database}".`,
        hint: `GRANT CREATE ON DATABASE "${database}" TO "${role}"; or CREATE SCHEMA automation AUTHORIZATION "${role}", as an owner of the database; or migrate apart, ${APART}, and set \`database.migrate: 'check'\`.`,
      },
      change: {
        message: `The role "${role}" may not bring the schema "automation" up to date: it needs the privilege CREATE on the schema, and its tables must be the role's (${said}).`,
        hint: `GRANT CREATE, USAGE ON SCHEMA automation TO "${role}", where the tables are its own; or migrate apart, ${APART}, and set \`database.migrate: 'check'\`.`,
      },
      use: {
        message: `The role "${role}" may not use the schema "automation" (${said}).`,
        hint: grantUse(role),
      },
    }[what];
    throw new AutomationError('privilege_missing', explain.message, { hint: explain.hint, cause: error });
  }
}

function grantUse(role: string): string {
  return `GRANT USAGE ON SCHEMA automation TO "${role}"; GRANT ${USED.join(', ')} ON ALL TABLES IN SCHEMA automation TO "${role}". Tables of later releases want the same: ALTER DEFAULT PRIVILEGES.`;
}
