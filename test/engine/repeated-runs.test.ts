import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const DELAY = { id: 'cool', type: 'delay', for: 'P1D' };
const task = (title: string) => ({ id: 'task', type: 'create_task', with: { title } });

describe('what a run says of itself', () => {
  let app: AutomationApp;
  beforeEach(async () => {
    app = await startAutomationApp();
  });
  afterEach(() => app.close());

  it('of a sub-run that is repeated from the start: who started it, but nobody waits for the repeat', async () => {
    const childId = await app.publishWorkflow({
      trigger: { type: 'manual' },
      steps: [{ id: 'stop', type: 'stop', outcome: 'failed', message: 'no' }],
    });
    const parentId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [{ id: 'sub', type: 'run_workflow', workflow: childId, wait: true, onError: 'continue' }, DELAY],
    });
    await app.createLead();
    await app.automation.drain();
    const [first] = await app.runsOf({ workflowId: childId });
    await app.runs.retry(first?.id ?? '', { from: 'start' }, ADMIN);
    await app.automation.drain();
    const [parent] = await app.runsOf({ workflowId: parentId });
    const [, again] = await app.runsOf({ workflowId: childId });
    expect(first?.parent).toEqual({ runId: parent?.id, path: 'sub', attempt: 1, waits: true });
    expect(again).toMatchObject({
      status: 'failed',
      retryOf: first?.id,
      parent: { runId: parent?.id, path: 'sub', attempt: 1, waits: false },
    });
    expect(parent?.children.map(({ id }) => id)).toEqual([first?.id, again?.id]);
    expect(await app.query('SELECT count(*)::int AS answers FROM automation.run_inbox')).toEqual([{ answers: 1 }]);
  });

  it('of one that a person cancels: how many of its steps had failed without failing it', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [{ id: 'bad', type: 'move_stage', with: { stage: '{{record.name}}' }, onError: 'continue' }, DELAY],
    });
    await app.createLead();
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(await app.runs.cancel(run?.id ?? '', null, ADMIN)).toMatchObject({ status: 'cancelled', failedSteps: 1 });
  });

  it('of one that goes on after a retry: when it began, not when it was sent back', async () => {
    await app.publishWorkflow({
      trigger: CREATED,
      steps: [{ id: 'stage', type: 'move_stage', with: { stage: '{{record.name}}' } }, task('{{run.startedAt}}')],
    });
    const lead = await app.createLead();
    await app.automation.drain();
    const [run] = await app.runsOf({});
    await app.query(`UPDATE crm_leads SET name = 'Won' WHERE id = $1`, [lead.id]);
    await app.runs.retry(run?.id ?? '', { from: 'failed_step' }, ADMIN);
    await app.automation.drain();
    const [retried] = await app.runsOf({});
    expect(retried).toMatchObject({ status: 'succeeded', startedAt: run?.startedAt, resumedAt: expect.any(String) });
    expect(await app.query('SELECT title FROM crm_tasks')).toEqual([{ title: run?.startedAt }]);
  });
});
