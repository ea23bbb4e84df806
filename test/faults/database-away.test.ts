import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import pg from 'pg';
import { defineAction } from '../../src/actions/define-action.js';
import { type PostgresOptions, type PostgresServer, startPostgres } from '../../src/demo/postgres/embedded-postgres.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { eventually } from '../support/eventually.js';
import { Lead, sampleDataSource, seedUsers } from '../support/sample-crm.js';

class Arguments {
  @IsString() to!: string;
}

/** The far side: how often it was reached, by idempotency key. */
const reached = new Map<string, number>();
const call = defineAction({
  type: 'call',
  label: 'Call',
  effect: 'external',
  arguments: Arguments,
  async execute(_, step) {
    reached.set(step.idempotencyKey, (reached.get(step.idempotencyKey) ?? 0) + 1);
    await new Promise((resolve) => setImmediate(resolve));
    return { answer: 42 };
  },
});

const WORKFLOW = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [
    { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
    { id: 'call', type: 'call', with: { to: '{{record.email}}' }, retry: { maxAttempts: 20 } },
    { id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}: {{steps.call.output.answer}}' } },
    { id: 'tell', type: 'send_notification', with: { to: ['u-1'], title: 'A lead', body: 'Look' } },
  ],
};

describe('a database that goes away and comes back, without a restart of the application', () => {
  let folder: string;
  let options: PostgresOptions;
  let server: PostgresServer;
  let app: AutomationApp;
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => {
    unhandled.push(error);
  };
  let loading = false;
  let load: Promise<void>[] = [];

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    process.on('uncaughtException', note);
    folder = await mkdtemp(join(process.env.TEST_DATA as string, 'nestjs-crm-automation-away-'));
    await chmod(folder, 0o711);
    options = { dataDir: join(folder, 'postgres'), fsync: false };
    server = await startPostgres(options);
    options = { ...options, port: server.port };
    const source = await sampleDataSource(server.url, { synchronize: true }).initialize();
    await seedUsers(source, 'acme');
    await source.destroy();
    app = await startAutomationApp(
      { actions: [call], worker: { enabled: true } },
      { database: { url: server.url, drop: async () => undefined } },
    );
    await app.publishWorkflow(WORKFLOW);
    loading = true;
    load = [1, 2].map(() => createLeads());
  });

  afterAll(async () => {
    loading = false;
    await Promise.all(load);
    await app.close();
    await server.stop('immediate');
    await rm(folder, { recursive: true, force: true });
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
  });

  /** The CRM goes on as well as it can: what it could not commit, it forgets. */
  async function createLeads(): Promise<void> {
    while (loading) {
      const lead = { id: randomUUID(), workspaceId: 'acme', name: 'Ada', email: 'ada@lead.test', source: 'Away' };
      const created = app.source.transaction(async (manager) => {
        await manager.insert(Lead, lead);
        await app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: lead }, manager);
      });
      const lost = await created.then(
        () => false,
        () => true,
      );
      // A refused connection fails at once: others want to get a word in.
      if (lost) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Asks on a connection of its own, which may fail like any other. */
  async function ask<Row>(sql: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  const succeeded = async (): Promise<number> => {
    const [row] = await ask<{ count: number }>("SELECT count(*)::int AS count FROM automation.runs WHERE status = 'succeeded'");
    return row?.count ?? 0;
  };
  const goesOn = async (): Promise<void> => {
    const before = await eventually(succeeded);
    await eventually(async () => expect(await succeeded()).toBeGreaterThan(before + 10));
  };

  async function everythingIsDoneOnce(): Promise<void> {
    loading = false;
    await Promise.all(load);
    await eventually(async () => {
      // The leases of what was lost between two answers run out; what the application holds, it does not lose by this.
      await ask("UPDATE automation.runs SET due_at = now() WHERE status = 'running'");
      const [open] = await ask(`SELECT (SELECT count(*)::int FROM automation.events WHERE routed_at IS NULL) AS events,
        (SELECT count(*)::int FROM automation.runs WHERE status IN ('queued', 'running', 'waiting')) AS runs`);
      expect(open).toEqual({ events: 0, runs: 0 });
    });
    const [counts] = await ask<Record<string, number>>(`SELECT (SELECT count(*)::int FROM crm_leads) AS leads,
      (SELECT count(*)::int FROM automation.events WHERE error IS NULL) AS events,
      (SELECT count(*)::int FROM automation.runs) AS runs,
      (SELECT count(DISTINCT event_id)::int FROM automation.runs WHERE status = 'succeeded') AS succeeded,
      (SELECT count(*)::int FROM crm_leads WHERE touches = 1) AS touched,
      (SELECT count(*)::int FROM crm_tasks) AS tasks, (SELECT count(DISTINCT "recordId")::int FROM crm_tasks) AS "leadsWithTask",
      (SELECT count(*)::int FROM crm_notifications) AS notifications,
      (SELECT count(DISTINCT "recordId")::int FROM crm_notifications) AS "leadsTold",
      (SELECT sum(started)::int FROM automation.workflow_stats) AS started,
      (SELECT sum(succeeded)::int FROM automation.workflow_stats) AS "countedAsSucceeded"`);
    const leads = counts?.leads ?? 0;
    expect(leads).toBeGreaterThan(50);
    expect(counts).toEqual(Object.fromEntries(Object.keys(counts ?? {}).map((name) => [name, leads])));
    // At least once in general. But no process has died here: each still knew what the far side had answered.
    expect(reached.size).toBe(leads);
    expect([...reached.values()].filter((times) => times > 1)).toEqual([]);
    // It listens again, in its own time, on one connection.
    await eventually(async () => {
      const listening = await ask(`SELECT 1 FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND (query LIKE 'LISTEN %' OR query LIKE 'SELECT pg_notify(%')`);
      expect(listening).toHaveLength(1);
    });
    expect(unhandled).toEqual([]);
  }

  it('loses and doubles nothing when every connection is cut again and again, nor when the server crashes', async () => {
    for (let cut = 0; cut < 8; cut += 1) {
      await goesOn();
      await ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
    }
    await goesOn();
    for (let crash = 0; crash < 2; crash += 1) {
      await server.stop('immediate');
      server = await startPostgres(options);
      await goesOn();
    }
    await everythingIsDoneOnce();
  });
});
