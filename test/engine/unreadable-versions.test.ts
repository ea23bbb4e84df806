import { describe, expect, it } from '@jest/globals';
import { Router } from '../../src/engine/routing/router.js';
import { Admissions } from '../../src/engine/running/admissions.js';
import { startAutomationApp } from '../support/automation-app.js';

const STEP = { id: 'task', type: 'create_task', with: { title: 'Call' } };

describe('an active workflow that this release cannot run', () => {
  it.each([
    ['its condition names a field that the CRM no longer has', { conditions: { field: 'fax', operator: 'equals', value: '1' } }],
    ['its steps are of a form that is not known', { steps: [{ id: 'a', type: 'branch', forks: [] }] }],
  ])('fails the runs of its events with the reason instead of falling silent: %s', async (_, change) => {
    const app = await startAutomationApp();
    const id = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [STEP],
    });
    await app.query('UPDATE automation.workflow_versions SET definition = definition || $1::jsonb', [JSON.stringify(change)]);
    await app.createLead();
    await app.automation.drain();
    const [run, ...others] = await app.runsOf({ workflowId: id });
    expect(others).toEqual([]);
    expect(run).toMatchObject({ status: 'failed', error: { code: expect.stringMatching(/^(condition_invalid|version_unreadable)$/) } });
    expect(await app.query('SELECT sum(started)::int AS started, sum(failed)::int AS failed FROM automation.workflow_stats')).toEqual([
      { started: 1, failed: 1 },
    ]);
    await app.close();
  });

  it('has its runs wait for their turn all the same: a process that can run them keeps the limit', async () => {
    const app = await startAutomationApp();
    const id = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [STEP],
      settings: { maxConcurrentRuns: 1 },
    });
    await app.query(
      `UPDATE automation.workflow_versions SET definition = definition || '{"conditions": {"field": "fax", "operator": "is_empty"}}'`,
    );
    for (let index = 0; index < 2; index += 1) await app.createLead();
    await app.module.get(Router).route();
    const waiting = { status: 'queued', reason: 'concurrency_limit' };
    expect(await app.runsOf({ workflowId: id })).toMatchObject([waiting, waiting]);
    await app.module.get(Admissions).round();
    expect(await app.query(`SELECT 1 FROM automation.runs WHERE due_at IS NOT NULL`)).toHaveLength(1);
    await app.automation.drain();
    expect((await app.runsOf({ workflowId: id })).map(({ status }) => status)).toEqual(['failed', 'failed']);
    await app.close();
  });

  it('starts nothing of an emitted event whose transaction was rolled back', async () => {
    const app = await startAutomationApp({}, { emitter: true });
    const id = await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [STEP] });
    await app.query(`UPDATE automation.workflow_versions SET definition = definition || '{"steps": 1}'`);
    app.emitter.emit('lead.created', { id: 'ghost', workspaceId: 'acme', name: 'Ada' });
    await app.captured();
    await app.automation.drain();
    await app.query(`UPDATE automation.events SET occurred_at = now() - interval '1 min', waits_until = now()`);
    await app.automation.drain();
    expect(await app.runsOf({ workflowId: id })).toEqual([]);
    expect(await app.query(`SELECT error->>'code' AS code FROM automation.events`)).toEqual([{ code: 'record_not_found' }]);
    await app.close();
  });
});
