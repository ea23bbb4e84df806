import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

class Nothing {
  @IsString() what!: string;
}

let runningNow: string[] = [];
/** The record whose steps come no further until the gate opens. */
let hangsFor: { recordId: string; gate: Promise<void> } | null = null;
const own = (type: string, transaction: 'own' | 'shared') =>
  defineAction({
    type,
    label: type,
    effect: 'local',
    transaction: transaction as 'own',
    arguments: Nothing,
    async execute(_, step) {
      runningNow.push(step.runId);
      if (step.record?.id === hangsFor?.recordId) await hangsFor?.gate;
      return {};
    },
  });

let reached = 0;
let release = (): void => undefined;
const released = new Promise<void>((resolve) => {
  release = resolve;
});
/** Stands in for code that brings its process down: the one who runs it comes no further. */
const hanging = defineAction({
  type: 'own_work',
  label: 'Hang',
  effect: 'local',
  arguments: Nothing,
  async execute() {
    reached += 1;
    await released;
  },
});

const definition = (source: string, type: string) => ({
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: { field: 'source', operator: 'equals', value: source },
  steps: [{ id: 'work', type, with: { what: 'it' } }],
});

describe('runs whose worker went away', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp({ actions: [own('own_work', 'own'), own('shared_work', 'shared')] });
  });
  afterAll(() => app.close());

  const leaveBehind = (workflowId: string, recoveries: number) =>
    app.query("UPDATE automation.runs SET status = 'running', finished_at = NULL, due_at = now(), recoveries = $2 WHERE workflow_id = $1", [
      workflowId,
      recoveries,
    ]);

  it('are failed with the reason after ten recoveries without progress', async () => {
    const workflowId = await app.publishWorkflow(definition('Ten', 'own_work'));
    const lead = await app.createLead({ source: 'Ten' });
    await app.automation.tick();
    await app.query('DELETE FROM automation.step_executions');
    await leaveBehind(workflowId, 9);
    await app.automation.drain();
    const [run] = await app.runsOf({ recordId: lead.id });
    expect(run).toMatchObject({ status: 'failed', reason: 'run_abandoned', error: { hint: expect.any(String) } });
  });

  it('go on counting while they only come as far as the code that brings processes down', async () => {
    const workflowId = await app.publishWorkflow(definition('Counting', 'own_work'));
    await app.createLead({ source: 'Counting' });
    const dead: AutomationApp[] = [];
    for (let deaths = 1; deaths <= 3; deaths += 1) {
      // A worker that gets as far as the host's code, and no further.
      const dying = await startAutomationApp({ actions: [hanging, own('shared_work', 'shared')] }, { database: app.database });
      dead.push(dying);
      void dying.automation.tick().catch(() => undefined);
      await app.eventually(() => expect(reached).toBe(deaths));
      // With the process go its connections, and with them the locks of its transaction.
      await app.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'",
      );
      await app.query("UPDATE automation.runs SET due_at = now() WHERE workflow_id = $1 AND status = 'running'", [workflowId]);
    }
    const [row] = await app.query<{ recoveries: number }>('SELECT recoveries FROM automation.runs WHERE workflow_id = $1', [workflowId]);
    expect(row?.recoveries).toBe(2);
    release();
    for (const one of dead) await one.abandon();
    await app.automation.drain();
    expect((await app.runsOf({ workflowId })).map(({ status }) => status)).toEqual(['succeeded']);
  });

  it('are taken one at a time when they were recovered before, beside the others', async () => {
    const workflowId = await app.publishWorkflow(definition('One', 'shared_work'));
    for (let index = 0; index < 6; index += 1) await app.createLead({ source: 'One' });
    await app.automation.drain();
    await app.query('DELETE FROM automation.step_executions');
    await leaveBehind(workflowId, 3);
    await app.query(
      'UPDATE automation.runs SET recoveries = 0 WHERE workflow_id = $1 AND id IN (SELECT id FROM automation.runs WHERE workflow_id = $1 ORDER BY id LIMIT 2)',
      [workflowId],
    );
    const perTick: number[] = [];
    for (let runs = 1; runs > 0; ) {
      ({ runs } = await app.automation.tick());
      perTick.push(runs);
    }
    expect(perTick).toEqual([3, 1, 1, 1, 0]);
    expect((await app.runsOf({ workflowId })).map(({ status }) => status)).toEqual(Array(6).fill('succeeded'));
  });

  it('have a transaction to themselves when they were recovered before, whatever their steps are', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { field: 'source', operator: 'equals', value: 'Apart' },
      steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
    });
    for (let index = 0; index < 3; index += 1) await app.createLead({ source: 'Apart' });
    await app.automation.drain();
    await app.query('DELETE FROM automation.step_executions');
    await leaveBehind(workflowId, 0);
    await app.query(
      'UPDATE automation.runs SET recoveries = 3 WHERE id = (SELECT id FROM automation.runs WHERE workflow_id = $1 ORDER BY id LIMIT 1)',
      [workflowId],
    );
    await app.automation.tick();
    const together = await app.query<{ runs: number; recovered: boolean }>(
      `SELECT count(*)::int AS runs, bool_or(r.id = (SELECT min(id::text)::uuid FROM automation.runs WHERE workflow_id = $1)) AS recovered
       FROM automation.step_executions s JOIN automation.runs r ON r.id = s.run_id WHERE r.workflow_id = $1 GROUP BY s.xmin::text ORDER BY 1`,
      [workflowId],
    );
    expect(together).toEqual([
      { runs: 1, recovered: true },
      { runs: 2, recovered: false },
    ]);
  });

  it('do not hold up healthy ones when they come as far as before', async () => {
    const workflowId = await app.publishWorkflow(definition('Poison', 'shared_work'));
    const poison = await app.createLead({ source: 'Poison', name: 'Poison' });
    const healthy = [await app.createLead({ source: 'Poison' }), await app.createLead({ source: 'Poison' })];
    await app.automation.drain();
    await app.query('DELETE FROM automation.step_executions');
    await leaveBehind(workflowId, 0);
    await app.query('UPDATE automation.runs SET recoveries = 2 WHERE record_id = $1', [poison.id]);
    await app.query("UPDATE automation.runs SET status = 'queued' WHERE workflow_id = $1", [workflowId]);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    hangsFor = { recordId: poison.id, gate };
    const driver = app.module.get(RunDriver);
    expect(await driver.tick()).toBe(3);
    for (const { id } of healthy) {
      await app.eventually(async () => expect((await app.runsOf({ workflowId, recordId: id }))[0]?.status).toBe('succeeded'));
    }
    expect((await app.runsOf({ workflowId, recordId: poison.id }))[0]?.status).toBe('running');
    open();
    await driver.settled();
    expect((await app.runsOf({ workflowId, recordId: poison.id }))[0]?.status).toBe('succeeded');
    hangsFor = null;
  });

  it('never begin with the code of the host before there is a run that could count its deaths', async () => {
    const workflowId = await app.publishWorkflow(definition('Begin', 'shared_work'));
    runningNow = [];
    await app.createLead({ source: 'Begin' });
    await app.automation.tick();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('succeeded');
    expect(runningNow).toEqual([run?.id]);
    expect(await app.query('SELECT fence FROM automation.runs WHERE workflow_id = $1', [workflowId])).toEqual([{ fence: 2 }]);
  });
});
