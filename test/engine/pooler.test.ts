import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { WakeUp } from '../../src/engine/wake-up.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startPgBouncer } from '../support/pgbouncer.js';
import { type Pooler, startPooler } from '../support/pooler.js';
import { sampleDataSource, seedUsers } from '../support/sample-crm.js';

/** A database with the tables of the CRM and nothing of ours. */
async function crmDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  const source = await sampleDataSource(database.url, { synchronize: true }).initialize();
  await seedUsers(source, 'acme');
  await source.destroy();
  return database;
}

const TOUCH = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
};

/** Two nodes start at once on an empty database, one publishes, the other one works. */
async function runBehind(url: string): Promise<string[]> {
  const warnings: string[] = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => void warnings.push(String(message)));
  const on = { database: { url, drop: async () => undefined } };
  const [host, worker] = (await Promise.all([
    startAutomationApp({}, on),
    startAutomationApp({ worker: { enabled: true, pollIntervalMs: 20 } }, on),
  ])) as [AutomationApp, AutomationApp];
  try {
    await host.publishWorkflow(TOUCH);
    const leads = await Promise.all(Array.from({ length: 12 }, () => host.createLead()));
    await host.eventually(async () => {
      const [row] = await host.query<{ touched: number }>('SELECT count(*)::int AS touched FROM crm_leads WHERE touches = 1');
      expect(row?.touched).toBe(leads.length);
    });
    expect([host, worker].map(({ module }) => module.get(WakeUp).isListening)).toEqual([false, false]);
  } finally {
    await host.close();
    await worker.close();
  }
  return warnings;
}

const SAID_ONCE_A_NODE = Array.from({ length: 2 }, () =>
  expect.stringMatching(/behind a connection pooler, where LISTEN is not available/),
);

describe('behind a pooler that gives each transaction another connection', () => {
  let database: TestDatabase;
  let pooler: Pooler;
  beforeAll(async () => {
    database = await crmDatabase();
    pooler = await startPooler(database.url);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await pooler?.close();
    await database?.drop();
  });

  it('the schema is migrated, events are found by polling, and each node says once why', async () => {
    expect(await runBehind(pooler.url)).toEqual(SAID_ONCE_A_NODE);
  });

  it('nothing was said that holds for longer than a transaction', () => {
    expect(pooler.statements.length).toBeGreaterThan(100);
    const ofSession =
      /\b(UN)?LISTEN\b|\bpg_notify\b|\bpg_(try_)?advisory_(un)?lock(_shared)?\s*\(|(^|;)\s*SET\s+(?!LOCAL|TRANSACTION)|^\s*(PREPARE|DECLARE|CREATE\s+TEMP)/i;
    expect(pooler.statements.filter((statement) => ofSession.test(statement))).toEqual([]);
    expect(pooler.preparedNames).toEqual([]);
  });
});

it('a node that is connected to Postgres itself listens, and warns of nothing', async () => {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  const app = await startAutomationApp();
  expect(app.module.get(WakeUp).isListening).toBe(true);
  expect(warn).not.toHaveBeenCalled();
  await app.close();
  warn.mockRestore();
});

// PGBOUNCER=/usr/sbin/pgbouncer npm run jest -- test/engine/pooler.test.ts
const program = process.env.PGBOUNCER;
(program === undefined ? it.skip : it)('behind a PgBouncer itself it is the same', async () => {
  const database = await crmDatabase();
  const bouncer = await startPgBouncer(String(program), database.url);
  expect(await runBehind(bouncer.url)).toEqual(SAID_ONCE_A_NODE);
  jest.restoreAllMocks();
  await bouncer.close();
  await database.drop();
});
