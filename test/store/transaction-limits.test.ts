import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import { sqlState } from '../../src/host/postgres-errors.js';
import { limitExpressions, limitTransaction, type TransactionLimits } from '../../src/store/transaction-limits.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('limits of a transaction', () => {
  let database: TestDatabase;
  let source: DataSource;
  beforeAll(async () => {
    database = await createTestDatabase();
    // One connection: what a transaction leaves behind, the next one has.
    source = await new DataSource({ type: 'postgres', url: database.url, poolSize: 1, extra: { statement_timeout: 77_000 } }).initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  const SETTINGS = `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
    current_setting('idle_in_transaction_session_timeout') AS idle`;
  const set: [string, (manager: EntityManager, limits: TransactionLimits) => Promise<unknown>][] = [
    ['in a statement of their own', limitTransaction],
    ['with the first SELECT', (manager, limits) => manager.query(`SELECT now(), ${limitExpressions(limits)}`)],
  ];

  it.each(set)('hold for this transaction and end with it: %s', async (_, limit) => {
    const [before] = await source.query(SETTINGS);
    expect(before.statement).toBe('77s');
    await source.transaction(async (manager) => {
      await limit(manager, { statementMs: 30_000, lockMs: 500, idleMs: 6_000 });
      expect(await manager.query(SETTINGS)).toEqual([{ statement: '30s', lock: '500ms', idle: '6s' }]);
    });
    expect(await source.query(SETTINGS)).toEqual([before]);
  });

  it('leave alone what they do not name', async () => {
    const [{ lock, idle }] = await source.query(SETTINGS);
    await source.transaction(async (manager) => {
      await limitTransaction(manager, { statementMs: 1_000 });
      expect(await manager.query(SETTINGS)).toEqual([{ statement: '1s', lock, idle }]);
    });
  });

  it('end a statement that hangs', async () => {
    const hung = source.transaction(async (manager) => {
      await limitTransaction(manager, { statementMs: 50 });
      await manager.query('SELECT pg_sleep(60)');
    });
    expect(sqlState(await hung.catch((error: unknown) => error))).toBe('57014');
  });

  it('are never none, however small the number', async () => {
    await source.transaction(async (manager) => {
      await limitTransaction(manager, { statementMs: 0.2 });
      await expect(manager.query('SELECT pg_sleep(60)')).rejects.toThrow('statement timeout');
    });
    expect(limitExpressions({ statementMs: 0 })).toBe("set_config('statement_timeout', '1', true)");
  });
});
