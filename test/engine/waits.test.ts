import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunService } from '../../src/admin/run-service.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };

describe('flow control', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  it('takes the first branch that holds, on the record as it is then, and shows what it looked at', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: { field: 'source', operator: 'equals', value: 'Branch' },
      steps: [
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 7 } },
        {
          id: 'route',
          type: 'branch',
          branches: [
            {
              name: 'none',
              when: { field: 'touches', operator: 'less_than', value: 7 },
              steps: [{ id: 'a', type: 'stop', outcome: 'failed' }],
            },
            {
              name: 'seven',
              when: { field: 'touches', operator: 'equals', value: 7 },
              steps: [{ id: 'b', type: 'create_task', with: { title: 'Seven of {{record.touches}}' } }],
            },
          ],
          otherwise: [{ id: 'c', type: 'stop', outcome: 'failed' }],
        },
      ],
    });
    await app.createLead({ source: 'Branch' });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('succeeded');
    expect(run?.steps.map(({ path }) => path)).toEqual(['touch', 'route', 'route.seven.b']);
    expect(run?.steps[1]).toMatchObject({
      output: { taken: 'seven' },
      input: {
        looked: [
          { branch: 'none', explanation: { result: false, seen: 7 } },
          { branch: 'seven', explanation: { result: true } },
        ],
      },
    });
    expect(run?.steps[2]?.input).toMatchObject({ title: 'Seven of 7' });
  });

  it('tells where a run stands, since when and until when, what it was started with, what it has collected, and what it leaves', async () => {
    const workflow = await app.publishWorkflow({
      trigger: { type: 'manual' },
      steps: [
        {
          id: 'each',
          type: 'for_each',
          in: '{{trigger.input.names}}',
          steps: [{ id: 'task', type: 'create_task', with: { title: '{{item}}' } }],
        },
        { id: 'cool', name: 'Cool down', type: 'delay', for: 'PT1H' },
        { id: 'end', type: 'stop', output: { last: '{{steps.task.output.taskId}}', count: '{{steps.each.output.count}}' } },
      ],
    });
    await app.automation.start({ workspaceId: 'acme', workflow, input: { names: ['a', 'b'] } });
    await app.automation.drain();
    const [waiting] = await app.runsOf({ workflowId: workflow });
    const cool = waiting?.steps.find(({ path }) => path === 'cool');
    expect(waiting).toMatchObject({
      position: [{ path: 'cool', name: 'Cool down', standing: 'waiting', waitsFor: 'delay', since: cool?.startedAt, until: cool?.wakeAt }],
      trigger: { type: 'manual', input: { names: ['a', 'b'] } },
      data: { each: { count: 2 }, task: { taskId: expect.any(String) } },
      output: null,
    });
    expect(waiting?.times.map(({ path, name, attempts }) => [path, name, attempts])).toEqual([
      ['each', null, 1],
      ['each.task', null, 2],
      ['cool', 'Cool down', 1],
    ]);
    await app.passTime();
    await app.automation.drain();
    const [over] = await app.runsOf({ workflowId: workflow });
    expect(over).toMatchObject({ status: 'succeeded', position: [], output: { last: expect.any(String), count: 2 } });
  });

  it('parks a delay without holding anything, and goes on when its time has come', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: { field: 'source', operator: 'equals', value: 'Delay' },
      steps: [
        { id: 'cool', type: 'delay', for: 'P2D' },
        { id: 'call', type: 'create_task', with: { title: 'Call {{record.name}}' } },
      ],
    });
    const lead = await app.createLead({ source: 'Delay', name: 'Before' });
    await app.automation.drain();
    expect((await app.runsOf({ workflowId }))[0]).toMatchObject({
      status: 'waiting',
      waiting: [{ path: 'cool', reason: 'delay', until: expect.any(String) }],
    });
    await app.query(`UPDATE crm_leads SET name = 'After' WHERE id = $1`, [lead.id]);
    await app.automation.drain();
    expect((await app.runsOf({ workflowId }))[0]?.status).toBe('waiting');
    await app.passTime();
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('succeeded');
    expect(run?.steps.map(({ path, status }) => `${path} ${status}`)).toEqual(['cool succeeded', 'call succeeded']);
    expect(run?.steps[1]?.input).toMatchObject({ title: 'Call After' });
  });

  it('stops where a stop step says, with its outcome', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: { field: 'source', operator: 'equals', value: 'Stop' },
      steps: [
        { id: 'end', type: 'stop', outcome: 'cancelled', message: 'not for us' },
        { id: 'never', type: 'create_task', with: { title: 'Never' } },
      ],
    });
    await app.createLead({ source: 'Stop' });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run).toMatchObject({ status: 'cancelled', reason: 'stopped', error: { code: 'stopped', message: 'not for us' } });
    expect(run?.steps).toHaveLength(1);
  });

  it('fails a run that is older than its maxDuration', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: { field: 'source', operator: 'equals', value: 'Old' },
      steps: [{ id: 'cool', type: 'delay', until: '2099-01-01T09:00' }],
      settings: { maxDuration: 'P1D' },
    });
    await app.createLead({ source: 'Old' });
    await app.automation.drain();
    const [row] = await app.query<{ due: Date; deadline: Date }>(
      `SELECT due_at AS due, started_at + interval '1 day' AS deadline FROM automation.runs WHERE workflow_id = $1`,
      [workflowId],
    );
    expect(row?.due).toEqual(row?.deadline);
    await app.query("UPDATE automation.runs SET due_at = now(), started_at = now() - interval '25 hours' WHERE workflow_id = $1", [
      workflowId,
    ]);
    await app.automation.drain();
    expect((await app.runsOf({ workflowId }))[0]).toMatchObject({ status: 'failed', reason: 'run_timed_out' });
  });

  it('holds re-entry rules, also for events of one batch', async () => {
    const rules = [
      { reentry: 'once_per_record', expected: ['succeeded', 'skipped', 'skipped'] },
      { reentry: { oncePer: 'P1D' }, expected: ['succeeded', 'skipped', 'skipped'] },
      { reentry: 'always', expected: ['succeeded', 'succeeded', 'succeeded'] },
    ];
    for (const [index, { reentry, expected }] of rules.entries()) {
      const workflowId = await app.publishWorkflow({
        trigger: CREATED,
        conditions: { field: 'source', operator: 'equals', value: `Reentry ${index}` },
        steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
        settings: { reentry },
      });
      const lead = await app.createLead({ source: `Reentry ${index}` });
      const again = { workspaceId: 'acme', module: 'leads', event: 'created', record: lead };
      await app.automation.publish([again, again]);
      await app.automation.drain();
      expect((await app.runsOf({ workflowId })).map(({ status }) => status).sort()).toEqual([...expected].sort());
    }
  });

  it('waits no more when the run is cancelled, and says so', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: { field: 'source', operator: 'equals', value: 'Cancelled' },
      steps: [{ id: 'pause', type: 'delay', for: 'P1D' }],
    });
    await app.createLead({ source: 'Cancelled' });
    await app.automation.drain();
    const [waiting] = await app.runsOf({ workflowId });
    expect(waiting?.steps).toMatchObject([{ path: 'pause', status: 'waiting', finishedAt: null }]);
    await app.module.get(RunService).cancel(waiting?.id ?? '', 'not needed', ADMIN);
    const [run] = await app.runsOf({ workflowId });
    expect(run).toMatchObject({
      status: 'cancelled',
      steps: [{ path: 'pause', status: 'failed', error: { code: 'run_cancelled' }, wakeAt: null, finishedAt: expect.anything() }],
    });
  });
});
