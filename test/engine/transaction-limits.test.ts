import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IsOptional } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import type { TestDatabase } from '../support/database.js';
import { Lead, sampleDataSource, seedUsers } from '../support/sample-crm.js';
import { createMigratedDatabase } from '../support/template-databases.js';

class Nothing {
  @IsOptional() nothing?: string;
}

const LEAD_CREATED = { type: 'event', module: 'leads', event: 'created' };

describe("whatever the engine writes, where the database's default is REPEATABLE READ without limits", () => {
  let database: TestDatabase;
  let app: AutomationApp;
  let called: () => Promise<void>;
  beforeEach(async () => {
    database = await createMigratedDatabase();
    const host = await sampleDataSource(database.url, { synchronize: true }).initialize();
    await seedUsers(host, 'acme');
    await host.query(`DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''repeatable read''', current_database());
    END $$`);
    await host.destroy();
    called = async () => undefined;
    const outside = defineAction({
      type: 'outside',
      label: 'Outside',
      effect: 'external',
      arguments: Nothing,
      execute: async () => void (await called()),
    });
    app = await startAutomationApp({ actions: [outside] }, { database });
    // Notes under which limits each table was written, and by which kind of statement.
    await app.query(`
      CREATE TABLE noted (what text, isolation text, statement_ms int, idle_ms int);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO noted SELECT TG_OP || ' ' || TG_TABLE_NAME, current_setting('transaction_isolation'),
          (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'),
          (SELECT setting::int FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout')
          WHERE current_setting('application_name') = 'nestjs-crm-automation';
        RETURN NULL;
      END $$`);
    for (const table of ['events', 'runs', 'step_executions', 'run_inbox']) {
      await app.query(
        `CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON automation.${table} FOR EACH STATEMENT EXECUTE FUNCTION note()`,
      );
    }
  });
  afterEach(async () => {
    await app.close();
    await database.drop();
  });
  const noted = () =>
    app.query('SELECT DISTINCT what, isolation, statement_ms > 0 AS ends, idle_ms > 0 AS "endsIdle" FROM noted ORDER BY what');
  const limited = (what: string) => ({ what, isolation: 'read committed', ends: true, endsIdle: true });

  it('it writes under READ COMMITTED and with limits: captures, routing, claims, heartbeats, waits, ends', async () => {
    await app.publishWorkflow({
      trigger: LEAD_CREATED,
      steps: [
        { id: 'out', type: 'outside', with: {} },
        { id: 'wait', type: 'delay', for: 'PT1H' },
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
      ],
    });
    let beaten = 0;
    called = async () => {
      await app.module.get(RunDriver).heartbeat();
      beaten += 1;
    };
    const lead = await app.source.getRepository(Lead).save({ id: 'l-1', workspaceId: 'acme', name: 'Ada' });
    await app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: { ...lead, createdAt: null } as never });
    await app.automation.drain();
    expect(beaten).toBe(1);
    await app.passTime();
    await app.automation.drain();
    expect(await app.query('SELECT status FROM automation.runs')).toEqual([{ status: 'succeeded' }]);
    const written = ['INSERT events', 'INSERT runs', 'INSERT step_executions', 'UPDATE events', 'UPDATE runs', 'UPDATE step_executions'];
    expect(await noted()).toEqual(expect.arrayContaining(written.map(limited)));
    expect(await noted()).toEqual((await noted()).map(({ what }) => limited(String(what))));
  });

  it('it ends in the same way a run that no process gets further', async () => {
    const workflowId = await app.publishWorkflow({ trigger: LEAD_CREATED, steps: [{ id: 'wait', type: 'delay', for: 'PT1H' }] });
    await app.createLead();
    await app.automation.drain();
    await app.query(`UPDATE automation.runs SET status = 'queued', due_at = now(), recoveries = 99`);
    await app.query('DELETE FROM noted');
    await app.automation.drain();
    expect((await app.runsOf({ workflowId }))[0]).toMatchObject({ status: 'failed', reason: 'run_abandoned' });
    expect(await noted()).toContainEqual(limited('UPDATE runs'));
    expect(await noted()).toEqual((await noted()).map(({ what }) => limited(String(what))));
  });
});
