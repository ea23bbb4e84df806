import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Router } from '../../src/engine/routing/router.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { workUntilDeath } from './support/mortal-app.js';

// Some fifty deaths, one after the other.
jest.setTimeout(240_000);

const WORKER = join(process.cwd(), 'dist-programs/test/faults/programs/worker.js');

/** Runs a worker process to its end; true when it was killed. */
function workUntilKilled(databaseUrl: string, killAt: number): Promise<boolean> {
  const env = { ...process.env, DATABASE_URL: databaseUrl, KILL_AT: String(killAt) };
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

const WAIT = { id: 'cool', type: 'delay', for: 'PT1H' };
/** Transactions of whoever else is or was connected. */
const OTHERS = `SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`;

describe('a process that dies between any two statements', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  const publish = (steps: object[], source: string) =>
    app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { field: 'source', operator: 'equals', value: source },
      steps,
    });
  const wait = async () => {
    await app.automation.drain();
    await app.passTime();
  };

  /** Lets a worker (see {@link workUntilDeath}) die before its first statement, another before its second, … until one had committed the run's end; after each death another process takes over. */
  async function dieEverywhere(steps: object[], source: string, prepare: () => Promise<void> = async () => undefined): Promise<number> {
    const workflowId = await publish(steps, source);
    for (let dieAt = 1; ; dieAt += 1) {
      const lead = await app.createLead({ source, name: `Dead at ${dieAt}` });
      await prepare();
      const died = await workUntilDeath(app.database.url, dieAt);
      const [left] = await app.query('SELECT status FROM automation.runs WHERE record_id = $1', [lead.id]);
      // Another process takes over, when the server has let go of the dead one's locks and the lease has run out.
      const [run, ...others] = await app.eventually(async () => {
        await app.query("UPDATE automation.runs SET due_at = now() WHERE status = 'running'");
        await app.automation.drain();
        const runs = await app.runsOf({ workflowId, recordId: lead.id });
        expect([dieAt, ...runs.map(({ status }) => status)]).toEqual([dieAt, 'succeeded']);
        return runs;
      });
      expect(others).toEqual([]);
      const done = run?.steps.filter(({ status }) => status === 'succeeded').map(({ path }) => path);
      expect(done).toEqual(steps.map((step) => (step as { id: string }).id));
      const [row] = await app.query('SELECT touches, stage FROM crm_leads WHERE id = $1', [lead.id]);
      expect([dieAt, row]).toEqual([dieAt, { touches: 1, stage: 'Contacted' }]);
      const [made] = await app.query(
        `SELECT (SELECT count(*)::int FROM crm_tasks WHERE "recordId" = $1) AS tasks, (SELECT count(*)::int FROM crm_notifications WHERE "recordId" = $1) AS told`,
        [lead.id],
      );
      expect([dieAt, made]).toEqual([dieAt, { tasks: 1, told: 1 }]);
      // What dies later leaves the same.
      if (!died || left?.status === 'succeeded') return dieAt - 1;
    }
  }

  it('has done every local action exactly once when another has taken over: routed and run in one transaction', async () => {
    expect(await dieEverywhere(LOCAL_STEPS, 'Inline')).toBeGreaterThan(10);
  });

  it('has done every local action exactly once when another has taken over: claimed after a wait', async () => {
    expect(await dieEverywhere([WAIT, ...LOCAL_STEPS], 'Claimed', wait)).toBeGreaterThan(10);
  });

  it.each([1, 4, 12])('leaves then what one leaves that is killed before statement %d', async (at) => {
    const workflowId = await publish([WAIT, ...LOCAL_STEPS], `Killed at ${at}`);
    const leftBy = async (end: (databaseUrl: string, at: number) => Promise<boolean>) => {
      const { id } = await app.createLead({ source: `Killed at ${at}` });
      await wait();
      expect(await end(app.database.url, at)).toBe(true);
      const left = await app.eventually(async () => {
        // Only when the server has noticed the end of its connections is it sure what was committed.
        expect(await app.query(OTHERS)).toEqual([]);
        const [lead] = await app.query('SELECT touches, stage, "ownerId" FROM crm_leads WHERE id = $1', [id]);
        const runs = await app.query('SELECT status, fence FROM automation.runs WHERE record_id = $1 ORDER BY status, fence', [id]);
        const [run] = await app.runsOf({ workflowId, recordId: id });
        return { lead, runs, steps: run?.steps.map(({ path, attempt, status }) => `${path} ${attempt} ${status}`) };
      });
      await app.query('DELETE FROM automation.runs');
      return left;
    };
    expect(await leftBy(workUntilDeath)).toEqual(await leftBy(workUntilKilled));
  });

  it('loses no place under a limit, gives none twice, and keeps the order of the queue', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { field: 'source', operator: 'equals', value: 'Queue' },
      steps: [{ id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } }],
      settings: { maxConcurrentRuns: 1 },
    });
    const deaths: number[] = [];
    for (let killAt = 1; deaths.length === killAt - 1; killAt += 1) {
      const leads = [await app.createLead({ source: 'Queue' }), await app.createLead({ source: 'Queue' })];
      const ids = leads.map(({ id }) => id);
      // Both wait for their turn: how they came there is one transaction.
      await app.module.get(Router).route();
      // Before it gives the place away, and before it writes the end of who has it.
      const among = /SET admission = 'admitted'|UPDATE automation\.runs SET status = u\.status/;
      if (await workUntilDeath(app.database.url, killAt, { among })) deaths.push(killAt);
      const [held] = await app.query(
        `SELECT count(*)::int AS places FROM automation.runs WHERE workflow_id = $1 AND admission = 'admitted' AND finished_at IS NULL`,
        [workflowId],
      );
      expect([killAt, (held as { places: number }).places <= 1]).toEqual([killAt, true]);
      const runs = await app.eventually(async () => {
        await app.query("UPDATE automation.runs SET due_at = now() WHERE status = 'running'");
        await app.automation.drain();
        const found = await Promise.all(ids.map((recordId) => app.runsOf({ workflowId, recordId })));
        expect([killAt, ...found.flat().map(({ status }) => status)]).toEqual([killAt, 'succeeded', 'succeeded']);
        return found.flat();
      });
      // The second began when the first was over.
      expect([killAt, String(runs[0]?.finishedAt) <= String(runs[1]?.startedAt)]).toEqual([killAt, true]);
      const made = await app.query('SELECT count(*)::int AS tasks FROM crm_tasks WHERE "recordId" = ANY($1) GROUP BY "recordId"', [ids]);
      expect([killAt, made]).toEqual([killAt, [{ tasks: 1 }, { tasks: 1 }]]);
    }
    expect(deaths.length).toBeGreaterThan(3);
  });
});
