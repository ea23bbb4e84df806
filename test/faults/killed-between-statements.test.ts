import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

// Some forty processes start one after the other: half a minute, and more than the usual one on a machine that is busy.
jest.setTimeout(240_000);

const WORKER = join(process.cwd(), 'dist-programs/test/faults/programs/worker.js');

/** Runs a worker process to its end; true when it was killed. */
function work(app: AutomationApp, killAt: number): Promise<boolean> {
  const env = { ...process.env, DATABASE_URL: app.database.url, KILL_AT: String(killAt) };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [WORKER], { env, timeout: 60_000 }, (error, _, stderr) => {
      if (error?.signal === 'SIGKILL' && !error.killed) resolve(true);
      else if (error) reject(new Error(`the worker ended with ${error.code ?? error.signal}: ${stderr}`));
      else resolve(false);
    });
  });
}

const LOCAL_STEPS = [
  { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
  { id: 'owner', type: 'assign_owner', with: { strategy: 'round_robin', userIds: ['u-1', 'u-2'] } },
  { id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } },
  { id: 'tell', type: 'send_notification', with: { to: ['u-1'], title: 'A lead', body: 'Look' } },
  { id: 'stage', type: 'move_stage', with: { next: true } },
];

describe('a process that is killed between any two statements', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  /** Kills a worker before its first statement, another before its second, … until one had committed the run's end; after each death another process takes over. */
  async function killEverywhere(steps: object[], source: string, prepare: () => Promise<void> = async () => undefined): Promise<number> {
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { field: 'source', operator: 'equals', value: source },
      steps,
    });
    for (let killAt = 1; ; killAt += 1) {
      const lead = await app.createLead({ source, name: `Killed at ${killAt}` });
      await prepare();
      const killed = await work(app, killAt);
      const [left] = await app.query('SELECT status FROM automation.runs WHERE record_id = $1', [lead.id]);
      // Another process takes over, when the server has let go of the dead one's locks and the lease has run out.
      const [run, ...others] = await app.eventually(async () => {
        await app.query("UPDATE automation.runs SET due_at = now() WHERE status = 'running'");
        await app.automation.drain();
        const runs = await app.runsOf({ workflowId, recordId: lead.id });
        expect([killAt, ...runs.map(({ status }) => status)]).toEqual([killAt, 'succeeded']);
        return runs;
      });
      expect(others).toEqual([]);
      const done = run?.steps.filter(({ status }) => status === 'succeeded').map(({ path }) => path);
      expect(done).toEqual(steps.map((step) => (step as { id: string }).id));
      const [row] = await app.query('SELECT touches, stage FROM crm_leads WHERE id = $1', [lead.id]);
      expect([killAt, row]).toEqual([killAt, { touches: 1, stage: 'Contacted' }]);
      const [made] = await app.query(
        `SELECT (SELECT count(*)::int FROM crm_tasks WHERE "recordId" = $1) AS tasks, (SELECT count(*)::int FROM crm_notifications WHERE "recordId" = $1) AS told`,
        [lead.id],
      );
      expect([killAt, made]).toEqual([killAt, { tasks: 1, told: 1 }]);
      // What dies later leaves the same.
      if (!killed || left?.status === 'succeeded') return killAt - 1;
    }
  }

  it('has done every local action exactly once when another has taken over: routed and run in one transaction', async () => {
    expect(await killEverywhere(LOCAL_STEPS, 'Inline')).toBeGreaterThan(10);
  });

  it('has done every local action exactly once when another has taken over: claimed after a wait', async () => {
    const deaths = await killEverywhere([{ id: 'cool', type: 'delay', for: 'PT1H' }, ...LOCAL_STEPS], 'Claimed', async () => {
      await app.automation.drain();
      await app.passTime();
    });
    expect(deaths).toBeGreaterThan(10);
  });
});
