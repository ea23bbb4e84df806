import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IntegrationService } from '../../src/admin/integration-service.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const lead = (id: string) => ({ id, workspaceId: 'acme', name: `Lead ${id}`, source: 'ERP' });

describe('what integrations of the host tell', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
    const integrations = app.module.get(IntegrationService);
    await integrations.put('erp', { module: 'leads' }, ADMIN);
    await integrations.put('nightly', { module: 'leads', mode: 'per_run' }, ADMIN);
    await integrations.put('off', { module: 'leads', enabled: false }, ADMIN);
    await integrations.put('bare', { mode: 'per_run' }, ADMIN);
  });
  afterAll(() => app.close());

  const hearing = (event: string, more: object = {}) =>
    app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event },
      steps: [{ id: 'note', type: 'create_task', with: { title: '{{trigger.type}} by {{trigger.integration}}' } }],
      ...more,
    });
  const titles = async (workflowId: string) =>
    (await app.runsOf({ workflowId })).map(({ recordId, steps }) => [recordId, steps[0]?.input?.title]);

  it('is an event for each record, which workflows hear', async () => {
    const imported = await hearing('imported', { conditions: { field: 'source', operator: 'equals', value: 'ERP' } });
    const exported = await hearing('exported');
    const records = [lead('1'), lead('2')];
    expect(await app.automation.integrations.imported({ workspaceId: 'acme', integration: 'erp', records })).toBe(2);
    expect(await app.automation.integrations.exported({ workspaceId: 'acme', integration: 'erp', records: records.slice(1) })).toBe(1);
    await app.automation.drain();
    expect(await titles(imported)).toEqual([
      ['1', 'import by erp'],
      ['2', 'import by erp'],
    ]);
    expect(await titles(exported)).toEqual([['2', 'export by erp']]);
  });

  it('exists if and only if the host’s transaction commits', async () => {
    const workflowId = await hearing('imported', { conditions: { field: 'record.id', operator: 'equals', value: 'rolled-back' } });
    const told = app.source.transaction(async (manager) => {
      await app.automation.integrations.imported({ workspaceId: 'acme', integration: 'erp', records: [lead('rolled-back')] }, manager);
      throw new Error('the host changed its mind');
    });
    await expect(told).rejects.toThrow('changed its mind');
    await app.automation.drain();
    expect(await titles(workflowId)).toEqual([]);
  });

  it('is told once of each beginning and each end of a run, with what the host says of it', async () => {
    const started = await hearing('run_started');
    const finished = await hearing('run_finished', { conditions: { field: 'trigger.data.rows', operator: 'greater_than', value: 1 } });
    const run = { workspaceId: 'acme', integration: 'nightly', runKey: '2025-11-20' };
    const { integrations } = app.automation;
    expect([await integrations.runStarted(run), await integrations.runStarted(run)]).toEqual([1, 0]);
    expect(await integrations.runFinished({ ...run, data: { rows: 2 } })).toBe(1);
    expect(await integrations.runFinished({ ...run, runKey: 'another', data: { rows: 1 } })).toBe(1);
    await app.automation.drain();
    expect(await titles(started)).toEqual([[null, 'integration by nightly']]);
    expect((await app.runsOf({ workflowId: finished })).map(({ status }) => status)).toEqual(['succeeded', 'skipped']);
  });

  it('is not captured while the integration is disabled, and refused where there is none, or no module', async () => {
    const { integrations } = app.automation;
    const records = [lead('9')];
    expect(await integrations.imported({ workspaceId: 'acme', integration: 'off', records })).toBe(0);
    await expect(integrations.imported({ workspaceId: 'acme', integration: 'none', records })).rejects.toMatchObject({
      code: 'integration_not_found',
    });
    await expect(integrations.imported({ workspaceId: 'rival', integration: 'erp', records })).rejects.toMatchObject({
      code: 'integration_not_found',
    });
    await expect(integrations.imported({ workspaceId: 'acme', integration: 'bare', records })).rejects.toMatchObject({
      code: 'event_invalid',
    });
    await expect(integrations.runStarted({ workspaceId: 'acme', integration: 'bare', runKey: '' })).rejects.toMatchObject({
      code: 'event_invalid',
      problems: [{ path: 'runKey' }],
    });
    expect(await integrations.runStarted({ workspaceId: 'acme', integration: 'bare', runKey: '1' })).toBe(1);
  });
});
