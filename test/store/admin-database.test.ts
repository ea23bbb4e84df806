import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import { AutomationError } from '../../src/core/errors.js';
import { AdminDatabase } from '../../src/store/admin-database.js';
import { countUpTo } from '../../src/store/bounded-count.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { QueryParts } from '../../src/store/query-parts.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createMigratedDatabase } from '../support/template-databases.js';

describe('the database as the admin’s side uses it', () => {
  let test: TestDatabase;
  let host: DataSource;
  let database: AutomationDatabase;
  beforeAll(async () => {
    test = await createMigratedDatabase();
    host = await new DataSource({ type: 'postgres', url: test.url }).initialize();
    database = new AutomationDatabase(host, { poolSize: 6, migrations: MIGRATIONS, migrate: 'auto' });
    await database.connect();
    await host.query('CREATE TABLE things AS SELECT n FROM generate_series(1, 20) AS n');
  });
  afterAll(async () => {
    await database.close();
    await host.destroy();
    await test.drop();
  });
  const admin = (limits: Partial<ConstructorParameters<typeof AdminDatabase>[1]> = {}) =>
    new AdminDatabase(database, { connections: 2, waiting: 10, queryTimeoutMs: 10_000, ...limits });
  type Open = (on: AdminDatabase, work: (manager: EntityManager) => Promise<unknown>) => Promise<unknown>;
  const doors: [string, Open][] = [
    ['read', (on, work) => on.read(work)],
    ['write', (on, work) => on.transaction(work)],
    ['change what is active', (on, work) => on.activeWorkflowsTransaction('acme', work)],
  ];
  /** Served, by one that has little time for each: on a busy machine perhaps not at the first attempt. */
  const serves = (on: AdminDatabase, atOnce = 1) =>
    eventually(async () => {
      const codes = await Promise.all(Array.from({ length: atOnce }, () => codeOf(on.read((manager) => manager.query('SELECT 1')))));
      expect(codes).toEqual(Array(atOnce).fill('done'));
    });
  const codeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'done',
      (error: unknown) => (error instanceof AutomationError ? error.code : error),
    );

  it.each(doors)('uses no more connections than its share to %s, and serves all in their order', async (_, open) => {
    const shared = admin();
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    const ask = (index: number) =>
      open(shared, async (manager) => {
        inside += 1;
        most = Math.max(most, inside);
        order.push(index);
        await manager.query('SELECT 1');
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 8 }, (_, index) => ask(index)));
    expect([most <= 2, [...order].sort((a, b) => a - b)]).toEqual([true, [0, 1, 2, 3, 4, 5, 6, 7]]);
  });

  it.each(doors)('ends a statement that takes too long to %s, and says so', async (_, open) => {
    const hasty = admin({ queryTimeoutMs: 1_000 });
    const error = await open(hasty, (manager) => manager.query('SELECT pg_sleep(60)')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'query_timed_out', retry: { kind: 'transient' } });
    await serves(hasty);
  });

  it('is busy where somebody else holds the rows', async () => {
    await host.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM things WHERE n = 1 FOR UPDATE');
      const change = admin({ queryTimeoutMs: 1_500 }).transaction((own) => own.query('UPDATE things SET n = 1 WHERE n = 1'));
      expect(await codeOf(change)).toBe('busy');
    });
  });

  it('is busy where routing does not end in time', async () => {
    await database.transaction(async (manager) => {
      await manager.query(`SELECT pg_advisory_xact_lock_shared(automation.active_workflows_key('acme'))`);
      expect(await codeOf(admin({ queryTimeoutMs: 1_500 }).activeWorkflowsTransaction('acme', async () => undefined))).toBe('busy');
    });
  });

  it('refuses at once when too many wait already, and those that have waited too long', async () => {
    const small = admin({ connections: 1, waiting: 1, queryTimeoutMs: 1_000 });
    let release = (): void => undefined;
    const held = small.read(() => new Promise<void>((resolve) => (release = resolve)));
    const waiting = codeOf(small.read(async () => undefined));
    const refused = await small.read(async () => undefined).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: 'busy', retry: { kind: 'transient', retryAfterMs: 1_000 } });
    expect(await waiting).toBe('busy');
    release();
    await held;
    // Whoever gave up holds no place any more, neither in the queue nor of the connections.
    await serves(small, 2);
  });

  it.each(doors)('is busy where the engine has all connections, and does nothing of it later: %s', async (_, open) => {
    const small = admin({ connections: 1, queryTimeoutMs: 200 });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let holding = 0;
    const engine = Array.from({ length: 6 }, () =>
      database.transaction(() => {
        holding += 1;
        return held;
      }),
    );
    await eventually(() => expect(holding).toBe(6));
    let ran = false;
    const late = open(small, async () => (ran = true));
    expect(await codeOf(late)).toBe('busy');
    release();
    await Promise.all(engine);
    await serves(small);
    expect(ran).toBe(false);
  });

  it('writes nothing where it only reads', async () => {
    await expect(admin().read((manager) => manager.query('DELETE FROM things'))).rejects.toThrow('read-only transaction');
  });

  it('gives its connection back whatever happens, and hands on what the work itself throws', async () => {
    const small = admin({ connections: 1 });
    const own = new AutomationError('run_not_found', 'There is none.', { cause: Object.assign(new Error('deadlock'), { code: '40P01' }) });
    await expect(small.transaction(() => Promise.reject(own))).rejects.toBe(own);
    await expect(small.read((manager) => manager.query('SELECT 1/0'))).rejects.toThrow('division by zero');
    expect(await codeOf(small.read(async () => undefined))).toBe('done');
  });

  it('is unavailable when the database is', async () => {
    const closed = new AutomationDatabase(host, { poolSize: 3, migrations: [], migrate: 'auto' });
    const notStarted = new AdminDatabase(closed, { connections: 1, waiting: 0, queryTimeoutMs: 10_000 });
    for (const [, open] of [...doors, ...doors]) expect(await codeOf(open(notStarted, async () => undefined))).toBe('not_started');
    const cut = admin().read((manager) => manager.query('SELECT pg_terminate_backend(pg_backend_pid())'));
    expect(await codeOf(cut)).toBe('database_unavailable');
  });

  it.each([
    [19, 19, false],
    [20, 20, true],
    [21, 20, true],
  ])('counts up to %i of twenty: %i, exact: %s', async (most, count, isExact) => {
    const parts = new QueryParts().and('n > 0');
    expect(await admin().read((manager) => countUpTo(manager, 'things', parts, most))).toEqual({ count, isExact });
  });
});
