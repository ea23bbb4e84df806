import { afterEach, describe, expect, it } from '@jest/globals';
import type { Logger } from 'typeorm';
import { resolveSettings } from '../../src/automation.options.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { sampleCrm } from '../support/sample-crm.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
/** So long that no test lives to see it. */
const NEVER = { pollIntervalMs: 60_000, idlePollIntervalMs: 600_000 };

/** The statements of the module's own pool from now on. */
function statementsOf(app: AutomationApp): string[] {
  const statements: string[] = [];
  const { dataSource } = app.module.get(AutomationDatabase);
  dataSource.logger = { logQuery: (sql: string) => statements.push(sql), logQueryError: () => undefined } as unknown as Logger;
  return statements;
}

const isLook = (sql: string): boolean => sql.includes('"nextEndInMs"');
/** Whether schedules, dates, tasks of people, mails about them, or timeouts and polls of machines are due. */
const isTimed = (sql: string): boolean =>
  /FROM automation\.(schedules|date_triggers|date_builds|human_tasks|human_task_mails|instances|machine_polls)/.test(sql);

describe('an idle worker', () => {
  let app: AutomationApp;
  afterEach(() => app?.close());

  // By default it looks every five seconds: two statements in five.
  it('asks the database one thing a look, one whether anything is due by itself, and nothing else', async () => {
    // So far apart that it is the pauses that say how often each is asked, also where statements take their time.
    app = await startAutomationApp({ worker: { enabled: true, pollIntervalMs: 50, idlePollIntervalMs: 50 } });
    expect(resolveSettings({ dataSource: app.source, crm: sampleCrm() }).idlePollIntervalMs).toBe(5_000);
    const statements = statementsOf(app);
    // What the loops do as they start may be under way until the first looks are over.
    await app.eventually(() => expect(statements.filter(isLook).length).toBeGreaterThan(3));
    statements.splice(0);
    await app.eventually(() => expect(statements.filter(isLook).length).toBeGreaterThan(20));
    expect(statements.filter((sql) => !isLook(sql) && !isTimed(sql))).toEqual([]);
    // Both wait as long: of seven things that may be due, each asked by itself would come seven times as often.
    expect(statements.filter(isTimed).length).toBeLessThan(3 * statements.filter(isLook).length);
  });

  it('begins its loops one after the other, so that they share a connection', async () => {
    app = await startAutomationApp({ worker: { enabled: true, pollIntervalMs: 10, idlePollIntervalMs: 10 } });
    const { driver } = app.module.get(AutomationDatabase).dataSource;
    const statements = statementsOf(app);
    // By then the last one has begun.
    await app.eventually(() => expect(statements.filter(isTimed).length).toBeGreaterThan(5));
    // One more listens, and one counts for the log what is active.
    expect((driver as unknown as { master: { totalCount: number } }).master.totalCount).toBeLessThanOrEqual(3);
  });

  it('finds an event that was committed without a word', async () => {
    app = await startAutomationApp({ worker: { enabled: true, pollIntervalMs: 10, idlePollIntervalMs: 50 } });
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [{ id: 'a', type: 'create_task', with: { title: 'A' } }] });
    const statements = statementsOf(app);
    await app.eventually(() => expect(statements.filter(isLook).length).toBeGreaterThan(5));
    await app.query(
      `INSERT INTO automation.events (workspace_id, id, module, event, record_id, record, actor, source, occurred_at)
       VALUES ('acme', '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11', 'leads', 'created', 'l-1', '{"id":"l-1"}', '{"type":"system"}', 'raw', now())`,
    );
    await app.eventually(async () => expect(await app.runsOf({ workflowId })).toHaveLength(1));
  });

  it('does all else that falls due while one of the tables is locked, and looks there again when it is free', async () => {
    app = await startAutomationApp({ worker: { enabled: true, pollIntervalMs: 10, idlePollIntervalMs: 10 } });
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'schedule', cron: '0 9 1 1 *', timezone: 'UTC' },
      steps: [{ id: 'a', type: 'create_task', with: { title: 'A' } }],
    });
    const isOfPolls = (sql: string): boolean => sql.includes('FROM automation.machine_polls');
    const migration = app.source.createQueryRunner();
    await migration.startTransaction();
    await migration.query('LOCK TABLE automation.machine_polls IN ACCESS EXCLUSIVE MODE');
    try {
      const statements = statementsOf(app);
      // Looks that waited in vain are over; the others are looked for without it.
      await app.eventually(() => expect(statements.filter((sql) => isTimed(sql) && !isOfPolls(sql)).length).toBeGreaterThan(10));
      await app.query('UPDATE automation.schedules SET next_at = now() WHERE workflow_id = $1', [workflowId]);
      await app.eventually(async () => expect(await app.runsOf({ workflowId })).toHaveLength(1));
    } finally {
      await migration.rollbackTransaction();
      await migration.release();
    }
    const statements = statementsOf(app);
    await app.eventually(() => expect(statements.filter(isOfPolls).length).toBeGreaterThan(10));
  });

  it('hears of a workflow that starts by a date when it is published, on whatever node', async () => {
    const trigger = { type: 'date', module: 'tasks', field: 'dueAt', offset: 'PT1S' };
    app = await startAutomationApp({ worker: { enabled: true, ...NEVER } });
    const admin = await startAutomationApp({}, { database: app.database });
    try {
      // When the second is published, nobody looks any more.
      for (const one of [app, admin]) {
        const workflowId = await one.publishWorkflow({ trigger, steps: [{ id: 'a', type: 'create_task', with: { title: 'A' } }] });
        await app.eventually(async () =>
          expect(await app.query('SELECT state FROM automation.date_builds WHERE workflow_id = $1', [workflowId])).toEqual([
            { state: 'done' },
          ]),
        );
      }
    } finally {
      await admin.close();
    }
  });

  it('goes on with a wait that it has begun when it is over, however rarely it looks', async () => {
    app = await startAutomationApp({ worker: { enabled: true, ...NEVER } });
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [
        { id: 'cool', type: 'delay', for: 'PT1S' },
        { id: 'again', type: 'delay', for: 'PT1S' },
        { id: 'call', type: 'create_task', with: { title: 'Call' } },
      ],
    });
    await app.createLead();
    await app.eventually(async () => expect((await app.runsOf({ workflowId }))[0]?.status).toBe('succeeded'));
  });

  it('starts sub-runs, hears their ends, and routes what its steps cause, however rarely it looks', async () => {
    app = await startAutomationApp({ worker: { enabled: true, ...NEVER } });
    const child = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [{ id: 'cool', type: 'delay', for: 'PT1S' }] }, 'Child');
    const parent = await app.publishWorkflow({
      trigger: CREATED,
      steps: [
        { id: 'sub', type: 'run_workflow', workflow: child, wait: true },
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
      ],
    });
    const listener = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'updated' },
      steps: [{ id: 'call', type: 'create_task', with: { title: 'Call' } }],
    });
    await app.createLead();
    await app.eventually(async () => {
      expect((await app.runsOf({ workflowId: parent }))[0]?.status).toBe('succeeded');
      expect((await app.runsOf({ workflowId: listener }))[0]?.status).toBe('succeeded');
    });
  });
});
