import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const TRIGGER = { type: 'event', module: 'leads', event: 'created' };

describe("a person's transaction that holds a record", () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  it('does not hold up steps that only read the record', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: TRIGGER,
      steps: [
        {
          id: 'size',
          type: 'branch',
          branches: [
            {
              name: 'web',
              when: { field: 'source', operator: 'equals', value: 'Web Form' },
              steps: [{ id: 'call', type: 'create_task', with: { title: 'Call {{record.name}}' } }],
            },
          ],
        },
        { id: 'tell', type: 'send_notification', with: { to: 'u-1', title: 'New: {{record.name}}' } },
        { id: 'cool', type: 'delay', for: 'P1D' },
      ],
    });
    const lead = await app.createLead({ ownerId: 'u-2' });
    await app.source.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM crm_leads WHERE id = $1 FOR UPDATE', [lead.id]);
      await app.automation.drain();
      const [run] = await app.runsOf({ workflowId });
      expect(run?.steps.map(({ path, status }) => [path, status])).toEqual([
        ['size', 'succeeded'],
        ['size.web.call', 'succeeded'],
        ['tell', 'succeeded'],
        ['cool', 'waiting'],
      ]);
    });
  });

  it('has its change kept by a step that adds to it, though a branch of the run has read the record before', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: { ...TRIGGER, event: 'updated' },
      steps: [
        {
          id: 'size',
          type: 'branch',
          branches: [{ name: 'any', when: { field: 'touches', operator: 'greater_than', value: -1 }, steps: [] }],
        },
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
      ],
    });
    const lead = await app.createLead({ touches: 1 }, { event: 'updated' });
    await app.query('UPDATE crm_leads SET touches = 10 WHERE id = $1', [lead.id]);
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.steps.at(-1)).toMatchObject({ path: 'touch', status: 'succeeded', output: { from: 10, to: 11 } });
  });
});

describe('a change that the CRM would not accept', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  it('fails its step at the first attempt, and the neighbours in the same transaction go on', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: TRIGGER,
      steps: [{ id: 'give', type: 'change_field', with: { field: 'ownerId', value: '{{record.source}}' }, retry: { maxAttempts: 5 } }],
    });
    await app.createLead({ source: 'u-1' });
    await app.createLead({ source: 'u-99' });
    await app.createLead({ source: 'u-2' });
    await app.automation.drain();
    const runs = await app.runsOf({ workflowId });
    expect(runs.map(({ status }) => status).sort()).toEqual(['failed', 'succeeded', 'succeeded']);
    const failed = runs.find(({ status }) => status === 'failed');
    expect(failed?.steps).toMatchObject([{ attempt: 1, status: 'failed', error: { code: 'user_unknown', details: { field: 'ownerId' } } }]);
  });
});
