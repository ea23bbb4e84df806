import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowStatisticsService } from '../../src/admin/workflow-statistics.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { addStats } from '../../src/store/stats-store.js';
import { DayDeltas, removeOldDays } from '../../src/store/workflow-days.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Lead } from '../support/sample-crm.js';

describe('the statistics of a workflow', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  const statistics = (id: string) => app.module.get(WorkflowStatisticsService).get(id, ADMIN);
  const publish = (steps: object[], conditions?: object) =>
    app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps, ...(conditions && { conditions }) });
  const from = (source: string) => ({ field: 'source', operator: 'equals', value: source });

  it('tell how runs and steps ended and how long they took, and which step fails', async () => {
    const id = await publish(
      [
        { id: 'call', type: 'create_task', with: { title: 'Call' } },
        {
          id: 'fork',
          type: 'branch',
          branches: [
            { name: 'all', when: from('Stats'), steps: [{ id: 'stage', type: 'move_stage', with: { stage: '{{record.name}}' } }] },
          ],
        },
      ],
      from('Stats'),
    );
    const leads = [];
    for (const name of ['Won', 'Nowhere', 'Won', 'Nowhere']) leads.push(await app.createLead({ name, source: 'Stats' }));
    await app.createLead({ source: 'Not concerned' });
    await app.automation.drain();

    const told = await statistics(id);
    expect(told).toMatchObject({ days: 7, runs: { succeeded: 2, failed: 2, cancelled: 0, successRate: 0.5 }, unfinished: [] });
    expect(told.runs.p50Ms).toBeGreaterThanOrEqual(1);
    expect(told.byDay).toHaveLength(7);
    expect(told.byDay.filter(({ succeeded }) => succeeded > 0)).toEqual([expect.objectContaining({ succeeded: 2, failed: 2 })]);
    expect(told.steps).toEqual([
      { step: 'call', succeeded: 4, failed: 0, successRate: 1, p50Ms: expect.any(Number), p95Ms: expect.any(Number) },
      { step: 'fork.all.stage', succeeded: 2, failed: 2, successRate: 0.5, p50Ms: expect.any(Number), p95Ms: expect.any(Number) },
    ]);
    expect(told.failingStep).toEqual({ step: 'fork.all.stage', failed: 2 });

    // What is sent back counts by what becomes of it in the end, and what it had done before is not counted again.
    const [run] = await app.runsOf({ recordId: leads[1]?.id ?? '' });
    await app.source.manager.update(Lead, { id: leads[1]?.id ?? '' }, { name: 'Won' });
    await app.runs.retry(run?.id ?? '', { from: 'failed_step' }, ADMIN);
    expect((await statistics(id)).runs).toMatchObject({ succeeded: 2, failed: 1 });
    expect((await statistics(id)).unfinished).toEqual([{ version: 1, status: 'queued', runs: 1 }]);
    await app.automation.drain();
    const after = await statistics(id);
    expect(after.runs).toMatchObject({ succeeded: 3, failed: 1 });
    expect(after.steps.map(({ step, succeeded, failed }) => `${step} ${succeeded} ${failed}`)).toEqual(['call 4 0', 'fork.all.stage 3 1']);
    expect(await app.workflows.get(id, ADMIN)).toMatchObject({ succeeded7d: 3, failed7d: 1 });

    const { items } = await app.workflows.list({ sort: { field: 'runCount', descending: true }, page: 1, limit: 10 }, ADMIN);
    expect(items[0]).toMatchObject({ id, succeeded7d: 3, failed7d: 1 });
    const { id: idle } = await app.workflows.create({ name: 'Idle', definition: {} }, ADMIN);
    const sortedBy = async (field: 'failed7d' | 'successRate7d', descending: boolean): Promise<string[]> =>
      (await app.workflows.list({ sort: { field, descending }, page: 1, limit: 10 }, ADMIN)).items.map((item) => item.id);
    expect(await sortedBy('failed7d', true)).toEqual([id, idle]);
    expect(await sortedBy('failed7d', false)).toEqual([idle, id]);
    // What has no rate comes last, whatever the order.
    for (const descending of [true, false]) expect(await sortedBy('successRate7d', descending)).toEqual([id, idle]);
    await app.workflows.delete(idle, ADMIN);
    await app.workflows.delete(id, ADMIN);
    expect(await app.query('SELECT 1 FROM automation.workflow_days WHERE workflow_id = $1', [id])).toEqual([]);
  });

  it('take back all that had failed of a run that is sent back, and nothing that was never counted', async () => {
    const stage = (id: string) => ({ id, type: 'move_stage', with: { stage: '{{record.name}}' } });
    const branches = [
      { name: 'one', steps: [stage('left')] },
      { name: 'two', steps: [stage('right')] },
    ];
    const both = await publish([{ id: 'both', type: 'parallel', branches }], from('Both'));
    const stopped = await publish([{ id: 'no', type: 'stop', outcome: 'failed' }], from('Both'));
    const lead = await app.createLead({ source: 'Both', name: 'Nowhere' });
    await app.automation.drain();
    const failed = async (id: string) => (await statistics(id)).steps.map((one) => `${one.step} ${one.failed}`);
    expect(await failed(both)).toEqual(['both.one.left 1', 'both.two.right 1']);
    await app.source.manager.update(Lead, { id: lead.id }, { name: 'Won' });
    for (const run of await app.runsOf({ recordId: lead.id })) await app.runs.retry(run.id, { from: 'failed_step' }, ADMIN);
    expect(await failed(both)).toEqual(['both.one.left 0', 'both.two.right 0']);
    expect(await failed(stopped)).toEqual([]);
    const below = await app.query('SELECT step FROM automation.workflow_days WHERE workflow_id = $1 AND step <> $2', [stopped, '']);
    expect(below).toEqual([]);
    for (const id of [both, stopped]) await app.workflows.pause(id, ADMIN);
  });

  it('count what is cancelled, and nothing where nothing ended', async () => {
    const id = await publish([{ id: 'cool', type: 'delay', for: 'P1D' }], from('Delay'));
    expect(await statistics(id)).toMatchObject({
      runs: { succeeded: 0, failed: 0, cancelled: 0, successRate: null, p50Ms: null, p95Ms: null },
      steps: [],
      failingStep: null,
    });
    const lead = await app.createLead({ source: 'Delay' });
    await app.automation.drain();
    const [run] = await app.runsOf({ recordId: lead.id });
    expect(run?.summary).toMatch(/^Waits at cool until \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC\.$/);
    await app.runs.cancel(run?.id ?? '', null, ADMIN);
    expect((await statistics(id)).runs).toMatchObject({ cancelled: 1, successRate: null });
  });

  it('are of the last seven days alone; retention takes the others, and what was sent back from before leaves no number below zero', async () => {
    const id = await publish([{ id: 'end', type: 'stop' }], from('Days'));
    const row = (daysAgo: number, values: string) =>
      app.query(
        `INSERT INTO automation.workflow_days (workspace_id, workflow_id, step, day, slot, succeeded, failed, durations)
         VALUES ('acme', $1, '', (now() AT TIME ZONE 'UTC')::date - $2::integer, 0, ${values})`,
        [id, daysAgo],
      );
    await row(6, `3, 0, '{0,0,3}'`);
    await row(7, `100, 100, '{}'`);
    await row(0, `1, -2, '{1}'`);
    expect((await statistics(id)).runs).toMatchObject({ succeeded: 4, failed: 0, p50Ms: 1, p95Ms: 1 });
    expect((await statistics(id)).byDay.map(({ succeeded, failed }) => `${succeeded} ${failed}`)).toEqual([
      '3 0',
      '0 0',
      '0 0',
      '0 0',
      '0 0',
      '0 0',
      '1 0',
    ]);
    expect(await app.workflows.get(id, ADMIN)).toMatchObject({ succeeded7d: 4, failed7d: 0 });
    await app.module.get(AutomationDatabase).transaction((manager) => removeOldDays(manager, { batchSize: 10 }));
    expect(await app.query('SELECT 1 FROM automation.workflow_days WHERE workflow_id = $1', [id])).toHaveLength(2);
  });

  it('are written by the statement that counts, whatever the number of runs; where nothing ended, no day is', async () => {
    const statements: string[] = [];
    const manager = { query: async (statement: string) => void statements.push(statement) } as never;
    const of = { workspaceId: 'acme', workflowId: ADMIN.userId };
    const counted = { ...of, started: 1, succeeded: 1, failed: 0, skipped: 0, cancelled: 0 };
    const days = new DayDeltas();
    const steps = Array.from({ length: 3 }, (_, index) => ({ step: `s${index}`, succeeded: true, ms: 5 }));
    for (let index = 0; index < 50; index += 1) days.add({ ...of, status: 'succeeded', measure: { ms: 20, steps } });
    expect(days.rows).toHaveLength(4);
    await addStats(manager, [counted], days);
    await addStats(manager, [counted]);
    expect(statements.map((statement) => statement.includes('workflow_days'))).toEqual([true, false]);
  });
});
