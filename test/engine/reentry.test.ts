import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const UPDATED = { type: 'event', module: 'leads', event: 'updated' };
const DELAY = { id: 'cool', type: 'delay', for: 'P1D' };
const STOP = { id: 'no', type: 'stop', outcome: 'failed' };
const task = (title: string) => ({ id: 'task', type: 'create_task', with: { title } });

describe('a start that re-entry refuses', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  const update = (recordId: string) =>
    app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'updated', record: { id: recordId } });
  const twice = async (definition: object, between: () => Promise<void> = async () => undefined) => {
    const workflowId = await app.publishWorkflow({ trigger: UPDATED, ...definition });
    const { id } = await app.createLead();
    await update(id);
    await app.automation.drain();
    await between();
    await update(id);
    await app.automation.drain();
    return app.runsOf({ workflowId, recordId: id });
  };

  it.each<[string, object]>([
    ['not_while_active', { steps: [DELAY], settings: { reentry: 'not_while_active' } }],
    ['once_per_record', { steps: [task('x')], settings: { reentry: 'once_per_record' } }],
    ['once per period', { steps: [task('x')], settings: { reentry: { oncePer: 'P7D' } } }],
    ['once_per_record, failed runs counted', { steps: [STOP], settings: { reentry: 'once_per_record', countFailedRuns: true } }],
  ])('is a skipped run that names the run in its way: %s', async (_, definition) => {
    const [first, second] = await twice(definition);
    expect(second).toMatchObject({ status: 'skipped', reason: 'reentry', explanation: { runId: first?.id, lastRunAt: first?.createdAt } });
  });

  it('names the run that the same batch of events has started', async () => {
    const workflowId = await app.publishWorkflow({ trigger: UPDATED, steps: [task('x')], settings: { reentry: 'once_per_record' } });
    const { id } = await app.createLead();
    await app.automation.drain();
    await update(id);
    await update(id);
    await app.automation.drain();
    const [first, second] = await app.runsOf({ workflowId, recordId: id });
    expect(first?.status).toBe('succeeded');
    expect(second?.explanation).toMatchObject({ runId: first?.id });
  });

  it.each<[string, object]>([
    ['once_per_record', { reentry: 'once_per_record' }],
    ['once per period', { reentry: { oncePer: 'P7D' } }],
  ])('is none when the run before has failed: %s', async (_, settings) => {
    const runs = await twice({ steps: [STOP], settings });
    expect(runs.map(({ status }) => status)).toEqual(['failed', 'failed']);
  });

  it('is none when the period is over', async () => {
    const runs = await twice({ steps: [task('x')], settings: { reentry: { oncePer: 'P7D' } } }, async () => {
      await app.query(`UPDATE automation.runs SET created_at = created_at - interval '7 days'`);
    });
    expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
  });
});
