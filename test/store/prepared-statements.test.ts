import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { AutomationDatabase } from '../../src/store/database.js';
import { prepared } from '../../src/store/prepared-statements.js';
import { sql } from '../../src/store/sql.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const ADD = 'SELECT $1::int + $2::int AS sum';

describe('statements of the hot path', () => {
  let app: AutomationApp;
  let database: AutomationDatabase;
  beforeEach(async () => {
    app = await startAutomationApp();
    database = app.module.get(AutomationDatabase);
  });
  afterEach(() => app?.close());

  const sum = async (manager: EntityManager, ...numbers: [number, number]): Promise<number | undefined> =>
    (await prepared<{ sum: number }>(manager, ADD, numbers))[0]?.sum;

  const preparedOn = async (manager: EntityManager): Promise<number> =>
    (await sql(manager, `SELECT 1 FROM pg_prepared_statements WHERE statement = $1 AND name LIKE 'automation%'`, [ADD])).length;

  it('are parsed once a connection, and answer for the parameters of each call', async () => {
    await database.transaction(async (manager) => {
      expect([await sum(manager, 1, 2), await sum(manager, 3, 4)]).toEqual([3, 7]);
      expect(await preparedOn(manager)).toBe(1);
    });
  });

  it('are texts to the host’s subscribers, which see every statement of a transaction they share', async () => {
    const seen: unknown[] = [];
    app.source.subscribers.push({ beforeQuery: ({ query }: { query: string }) => void seen.push(query.trim().startsWith(ADD)) } as never);
    await database.transaction((manager) => sum(manager, 1, 2));
    expect(seen).toContain(true);
  });

  it('are small to pg, which copies what it is given with every property: not one for each character', async () => {
    const runner = database.dataSource.createQueryRunner();
    const client = (await runner.connect()) as { query(statement: object, ...rest: unknown[]): unknown };
    const { query } = client;
    const given: unknown[] = [];
    client.query = (statement, ...rest) => {
      given.push(statement);
      return query.call(client, statement, ...rest);
    };
    try {
      expect(await sum(runner.manager, 1, 2)).toBe(3);
    } finally {
      client.query = query;
      await runner.release();
    }
    expect(given.map((statement) => Object.getOwnPropertyNames(statement))).toEqual([['text', 'name']]);
    expect(`${given[0]}`).toBe(ADD);
    expect(JSON.stringify(given)).toBe(JSON.stringify([ADD]));
    expect(given[0]).toHaveLength(ADD.length);
  });

  it('have no names on a connection of the host’s', async () => {
    await app.source.transaction(async (manager) => {
      expect(await sum(manager, 1, 2)).toBe(3);
      expect(await preparedOn(manager)).toBe(0);
    });
  });

  it('run under no name that another process has given to another statement', async () => {
    const runner = database.dataSource.createQueryRunner();
    const { manager } = runner;
    try {
      expect(await sum(manager, 3, 4)).toBe(7);
      // As behind a pooler that says nothing of itself: what this process has prepared is elsewhere, and another one came here first.
      await runner.query('DEALLOCATE ALL');
      for (let nth = 0; nth < 100; nth += 1) await runner.query(`PREPARE automation_${nth} (int, int) AS SELECT $1 * $2 AS sum`);
      await expect(sum(manager, 3, 4)).rejects.toThrow(/does not exist/);
    } finally {
      await runner.query('DEALLOCATE ALL');
      await runner.release();
    }
  });

  it('go without names once a connection did not keep them, and no event is lost by it', async () => {
    await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
    });
    await app.createLead();
    await app.automation.drain();
    // As behind a pooler that says nothing of itself: the connection is another one than before.
    const runner = database.dataSource.createQueryRunner();
    await runner.query('DEALLOCATE ALL');
    await runner.release();
    await app.createLead();
    await expect(app.automation.drain()).rejects.toThrow(/prepared statement "automation_\w+" does not exist/);
    await app.automation.drain();
    expect((await app.runsOf({})).map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    await database.transaction(async (manager) => {
      expect(await sum(manager, 1, 2)).toBe(3);
      expect(await preparedOn(manager)).toBe(0);
    });
  });
});
