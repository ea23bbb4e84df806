import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const CONDITION = { field: 'source', operator: 'equals', value: 'Web Form' };
const TRIGGER = { type: 'event', module: 'leads', event: 'created' };

describe('the life of an event', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  it('goes from the host transaction to a finished run with every step in its history', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: TRIGGER,
      conditions: CONDITION,
      steps: [
        { id: 'owner', type: 'assign_owner', with: { strategy: 'round_robin', userIds: ['u-1', 'u-2'] } },
        { id: 'call', type: 'create_task', with: { title: 'Call {{record.name}}', dueIn: 'P1D', assigneeId: '{{record.ownerId}}' } },
        { id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } },
      ],
    });
    const lead = await app.createLead({ name: 'Grace' });
    await app.automation.drain();
    const [run, ...others] = await app.runsOf({ workflowId });
    expect(others).toEqual([]);
    expect(run).toMatchObject({ status: 'succeeded', recordId: lead.id, module: 'leads', error: null });
    expect(run?.steps.map(({ path, status }) => [path, status])).toEqual([
      ['owner', 'succeeded'],
      ['call', 'succeeded'],
      ['stage', 'succeeded'],
    ]);
    const [row] = await app.query('SELECT stage, "ownerId" FROM crm_leads WHERE id = $1', [lead.id]);
    expect(row).toEqual({ stage: 'Contacted', ownerId: 'u-1' });
    expect(await app.query('SELECT title, "assigneeId" FROM crm_tasks WHERE "recordId" = $1', [lead.id])).toEqual([
      { title: 'Call Grace', assigneeId: 'u-1' },
    ]);
    expect(await app.query('SELECT event FROM automation.events WHERE cause IS NOT NULL')).toEqual([]);
  });

  it('says why a run was skipped', async () => {
    const lead = await app.createLead({ source: 'Import' });
    await app.automation.drain();
    const [run] = await app.runsOf({ recordId: lead.id });
    expect(run).toMatchObject({ status: 'skipped', reason: 'conditions' });
    expect(run?.explanation).toMatchObject({ field: 'source', operator: 'equals', seen: 'Import', expected: 'Web Form', result: false });
  });
});

describe('a workflow that is renamed', () => {
  it('runs under its new name at once, on the version that is published', async () => {
    const app = await startAutomationApp();
    const id = await app.publishWorkflow(
      { trigger: TRIGGER, steps: [{ id: 'note', type: 'create_task', with: { title: 'By {{workflow.name}}' } }] },
      'Old',
    );
    await app.createLead();
    await app.automation.drain();
    const { revision } = await app.workflows.get(id, ADMIN);
    await app.workflows.update(id, { revision, name: 'New' }, ADMIN);
    await app.createLead();
    await app.automation.drain();
    const titles = await app.query<{ title: string }>('SELECT title FROM crm_tasks ORDER BY title');
    expect(titles.map(({ title }) => title)).toEqual(['By New', 'By Old']);
    expect((await app.runsOf({ workflowId: id })).map(({ version }) => version)).toEqual([1, 1]);
    await app.close();
  });
});
