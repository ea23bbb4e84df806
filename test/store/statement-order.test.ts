import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { STEP_SETTINGS } from '../../src/engine/running/step-transaction.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { claimUnroutedEvents } from '../../src/store/event-claims.js';
import { sql } from '../../src/store/sql.js';
import { inOneFlight } from '../../src/store/statement-order.js';
import { Turns } from '../../src/store/turns.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const DIVISION_BY_ZERO = { driverError: { code: '22012' } };

describe('statements that go in one flight', () => {
  let app: AutomationApp;
  let database: AutomationDatabase;
  beforeAll(async () => {
    app = await startAutomationApp();
    database = app.module.get(AutomationDatabase);
  });
  afterAll(() => app?.close());

  const number = async (manager: EntityManager, expression: string): Promise<number | undefined> =>
    (await sql<{ n: number }>(manager, `SELECT ${expression} AS n`))[0]?.n;
  /** The connection of the transaction, as pg has it. */
  const connectionOf = async (manager: EntityManager) => (await manager.queryRunner?.connect()) as { pipeline?: boolean };

  it('are executed and answered in their order', async () => {
    await database.transaction(async (manager) => {
      await manager.query('CREATE TEMP SEQUENCE nth');
      const next = () => number(manager, `nextval('nth')::int`);
      expect(await inOneFlight(manager, [next, async () => 'not asked', next, next])).toEqual([1, 'not asked', 2, 3]);
    });
  });

  it('fail with the first that fails, and leave a connection that is as it was', async () => {
    await database.transaction(async (manager) => {
      const connection = await connectionOf(manager);
      await manager.query('SAVEPOINT before');
      const flight = inOneFlight(manager, [() => number(manager, '1'), () => number(manager, '1 / 0'), () => number(manager, '2')]);
      await expect(flight).rejects.toMatchObject(DIVISION_BY_ZERO);
      expect(connection.pipeline).toBe(false);
      await manager.query('ROLLBACK TO SAVEPOINT before');
      expect(await number(manager, '3')).toBe(3);
    });
  });

  it('go one at a time where the driver knows no better', async () => {
    await database.transaction(async (manager) => {
      const connection = await connectionOf(manager);
      connection.pipeline = undefined as never;
      try {
        expect(await inOneFlight(manager, [() => number(manager, '1'), () => number(manager, '2')])).toEqual([1, 2]);
      } finally {
        connection.pipeline = false;
      }
    });
  });

  it('claim nothing where the transaction that is begun with them could not begin', async () => {
    await app.createLead();
    // What comes after the start ends it again: the claim behind it would commit by itself, but for the release that it wants to be told first.
    const begun = database.transaction(
      (manager) => claimUnroutedEvents(manager, 10, new Turns(), { except: [], shares: new Map() }),
      'COMMIT; SELECT 1 / 0',
      'with_first_statement',
    );
    await expect(begun).rejects.toMatchObject({ code: '22012' });
    expect(await app.query('SELECT count(*)::int AS unrouted FROM automation.events WHERE routed_at IS NULL')).toEqual([{ unrouted: 1 }]);
    const claimed = await database.transaction(
      (manager) => claimUnroutedEvents(manager, 10, new Turns(), { except: [], shares: new Map() }),
      STEP_SETTINGS.shared,
      'with_first_statement',
    );
    expect(claimed).toHaveLength(1);
  });
});
