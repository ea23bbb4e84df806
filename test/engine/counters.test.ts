import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunBatches } from '../../src/admin/run-batches.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Lead } from '../support/sample-crm.js';

describe('the counters of a workflow', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  it('count a run that failed and then went on by what became of it in the end', async () => {
    const id = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [{ id: 'stage', type: 'move_stage', with: { stage: '{{record.name}}' } }],
    });
    const leads = [await app.createLead({ name: 'Nowhere' }), await app.createLead({ name: 'Nowhere' })];
    await app.automation.drain();
    expect((await app.workflows.get(id, ADMIN)).counts).toEqual({ started: 2, succeeded: 0, failed: 2, skipped: 0, cancelled: 0 });
    const [run] = await app.runsOf({ recordId: leads[0]?.id ?? '' });
    await app.source.manager.update(Lead, { id: leads[0]?.id ?? '' }, { name: 'Won' });
    await app.runs.retry(run?.id ?? '', { from: 'failed_step' }, ADMIN);
    expect((await app.workflows.get(id, ADMIN)).counts).toEqual({ started: 2, succeeded: 0, failed: 1, skipped: 0, cancelled: 0 });
    await app.automation.drain();
    expect((await app.workflows.get(id, ADMIN)).counts).toEqual({ started: 2, succeeded: 1, failed: 1, skipped: 0, cancelled: 0 });
    const bulk = await app.module.get(RunBatches).retry({}, { from: 'failed_step' }, ADMIN);
    expect(bulk.retried).toBe(1);
    expect((await app.workflows.get(id, ADMIN)).counts).toMatchObject({ started: 2, failed: 0 });
  });
});
