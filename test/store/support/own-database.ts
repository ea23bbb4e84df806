import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AutomationDatabase } from '../../../src/store/database.js';
import { MIGRATIONS } from '../../../src/store/migrations.js';
import { eventually } from '../../support/eventually.js';
import { createMigratedDatabase } from '../../support/template-databases.js';

type Row = Record<string, unknown>;

/** The tables of automation alone: no CRM, no engine. */
export interface OwnDatabase {
  /** Runs `work` in a transaction on a connection of its own. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;
  query<Found = Row>(statement: string, parameters?: unknown[]): Promise<Found[]>;
  /** Inserts a row; objects go as JSON. */
  insert(table: string, row: Row): Promise<void>;
  /** Inserts a run, queued and due unless told otherwise; returns its id. */
  run(row?: Row): Promise<string>;
  /** A run's row as it is. */
  runRow(id: string): Promise<Row>;
  /** Every run's row, in the order of their ids. */
  allRuns(): Promise<Row[]>;
  /** Resolves when a statement waits for somebody's lock. */
  someoneWaits(): Promise<void>;
  close(): Promise<void>;
}

/** Makes a database of the test's own, brought up to date. */
export async function openOwnDatabase(): Promise<OwnDatabase> {
  const test = await createMigratedDatabase();
  const host = new DataSource({ type: 'postgres', url: test.url });
  const database = new AutomationDatabase(host, { poolSize: 4, migrations: MIGRATIONS, migrate: 'auto' });
  await database.connect();
  const query = <Found>(statement: string, parameters: unknown[] = []): Promise<Found[]> =>
    database.dataSource.query(statement, parameters);
  const insert = async (table: string, row: Row): Promise<void> => {
    const columns = Object.keys(row);
    await query(
      `INSERT INTO automation.${table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
      Object.values(row).map((value) => (isPlain(value) ? value : JSON.stringify(value))),
    );
  };
  return {
    transaction: (work) => database.transaction(work),
    query,
    insert,
    async run(row = {}) {
      const id = uuidv7();
      await insert('runs', {
        workspace_id: 'acme',
        id,
        workflow_id: uuidv7(),
        version_id: uuidv7(),
        version: 1,
        status: 'queued',
        actor: { type: 'system', id: null },
        due_at: new Date('2026-01-01T00:00:00Z'),
        ...row,
      });
      return id;
    },
    runRow: async (id) => (await query('SELECT * FROM automation.runs WHERE id = $1', [id]))[0] as Row,
    allRuns: () => query('SELECT * FROM automation.runs ORDER BY id'),
    someoneWaits: () =>
      eventually(async () => {
        const waiting = await query(
          'SELECT 1 FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())',
        );
        if (waiting.length === 0) throw new Error('nobody waits for a lock');
      }),
    async close() {
      await database.close();
      await test.drop();
    },
  };
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null || value instanceof Date;
}
