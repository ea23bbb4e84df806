import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Task } from '../support/sample-crm.js';
import { workUntilDeath } from './support/mortal-app.js';

/** By then a worker has captured what was due, and routes it: from there on see killed-between-statements. */
const LAST_STATEMENT = 14;
const DAY_MS = 86_400_000;
const TODAY = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;
const CRON = `${new Date(TODAY).getUTCMinutes()} ${new Date(TODAY).getUTCHours()} * * *`;
const STEPS = [{ id: 'tell', type: 'send_notification', with: { to: ['u-1'], title: '{{trigger.at}}' } }];

describe('what becomes due', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app?.close());

  const schedule = () => app.publishWorkflow({ trigger: { type: 'schedule', cron: CRON, timezone: 'UTC', misfire: 'each' }, steps: STEPS });
  const missed = (ticks: number) => app.query('UPDATE automation.schedules SET next_at = $1', [new Date(TODAY - (ticks - 1) * DAY_MS)]);
  /** Makes so many records due at once. */
  const due = async (workflowId: string, count: number) => {
    const tasks = Array.from({ length: count }, () => ({ id: uuidv7(), workspaceId: 'acme', title: 'due', dueAt: new Date(TODAY) }));
    await app.source.manager.insert(Task, tasks);
    await app.query(
      `INSERT INTO automation.date_triggers (workspace_id, version_id, record_id, workflow_id, module, due_at)
       SELECT 'acme', w.published_version_id, t.id::text, w.id, 'tasks', t."dueAt" FROM crm_tasks t, automation.workflows w
       WHERE w.id = $1 AND t.id = ANY($2)`,
      [workflowId, tasks.map(({ id }) => id)],
    );
  };
  /** How often each start of a workflow was run to its end. */
  const startsOf = async (workflowId: string) =>
    (
      await app.query<{ runs: number }>(
        `SELECT (SELECT count(*)::int FROM automation.runs r WHERE r.event_id = e.id AND r.status = 'succeeded') AS runs
         FROM automation.events e WHERE e.target->>'workflowId' = $1`,
        [workflowId],
      )
    ).map(({ runs }) => runs);
  const once = (count: number) => Array.from({ length: count }, () => 1);
  const clear = () =>
    app.query('TRUNCATE automation.workflows, automation.date_triggers, automation.events, automation.runs, crm_notifications CASCADE');

  it('starts once when two nodes race for 200 ticks and 200 dates', async () => {
    await clear();
    const other = await startAutomationApp({}, { database: app.database });
    try {
      const schedules = await Promise.all(Array.from({ length: 20 }, schedule));
      const dated = await app.publishWorkflow({ trigger: { type: 'date', module: 'tasks', field: 'dueAt', offset: 'P0D' }, steps: STEPS });
      await missed(10);
      await due(dated, 200);
      await Promise.all([app.automation.drain(), other.automation.drain()]);
      await app.automation.drain();
      for (const workflowId of schedules) expect(await startsOf(workflowId)).toEqual(once(10));
      expect(await startsOf(dated)).toEqual(once(200));
      expect(await app.query('SELECT count(*)::int AS told FROM crm_notifications')).toEqual([{ told: 400 }]);
    } finally {
      await other.close();
    }
  });

  it('is started by another node, once, when one dies between any two statements', async () => {
    await clear();
    const ticking = await schedule();
    const dated = await app.publishWorkflow({ trigger: { type: 'date', module: 'tasks', field: 'dueAt', offset: 'P0D' }, steps: STEPS });
    await app.automation.drain();
    let expected = 0;
    for (let dieAt = 1, died = true; died && dieAt <= LAST_STATEMENT; dieAt += 1) {
      await app.query('TRUNCATE automation.events, automation.runs, automation.step_executions');
      await missed(2);
      await due(dated, 3);
      expected += 5;
      died = await workUntilDeath(app.database.url, dieAt);
      await app.eventually(async () => {
        await app.query("UPDATE automation.runs SET due_at = now() WHERE status = 'running'");
        await app.automation.drain();
        expect([dieAt, await startsOf(ticking), await startsOf(dated)]).toEqual([dieAt, once(2), once(3)]);
      });
      expect(await app.query('SELECT count(*)::int AS told FROM crm_notifications')).toEqual([{ told: expected }]);
    }
  });
});
