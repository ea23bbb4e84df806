import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IntegrationService } from '../../src/admin/integration-service.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { machinesOf } from './support/machines.js';

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
    await expect(
      integrations.imported({ workspaceId: 'acme', integration: 'erp', records, data: { text: 'x'.repeat(70_000) } }),
    ).rejects.toMatchObject({ code: 'event_invalid', problems: [{ path: 'data' }] });
    expect(await integrations.runStarted({ workspaceId: 'acme', integration: 'bare', runKey: '1' })).toBe(1);
  });

  it('moves instances by record, of the machine that the integration names alone', async () => {
    const machines = machinesOf(app);
    const exchanged = {
      states: [{ code: 'NEW', initial: true }, { code: 'SENT' }, { code: 'CONFIRMED', final: true }],
      transitions: [
        { code: 'send', from: ['NEW'], to: 'SENT', trigger: { type: 'export' } },
        {
          code: 'confirm',
          from: ['SENT'],
          to: 'CONFIRMED',
          trigger: { type: 'import' },
          conditions: { field: 'trigger.data.status', operator: 'equals', value: 'confirmed' },
        },
      ],
    };
    const [meant, other] = [await machines.publish(exchanged), await machines.publish(exchanged)];
    await app.module.get(IntegrationService).put('shop', { module: 'leads', machine: `machine_${meant}` }, ADMIN);
    const { integrations } = app.automation;
    const records = [lead('m1'), lead('m2')];
    await integrations.exported({ workspaceId: 'acme', integration: 'shop', records });
    for (const [at, status] of ['confirmed', 'late'].entries()) {
      await integrations.imported({ workspaceId: 'acme', integration: 'shop', records: records.slice(at, at + 1), data: { status } });
    }
    await app.automation.drain();
    expect(await machines.counts(meant)).toEqual({ SENT: 1, CONFIRMED: 1 });
    expect(await machines.instances(other)).toEqual([]);
    const [instance] = await machines.instances(meant, 'm1');
    expect(await machines.history(instance?.id ?? '')).toEqual([
      'created -> NEW by export',
      'fired send NEW -> SENT by export',
      'fired confirm SENT -> CONFIRMED by import',
    ]);
  });

  it('moves an instance for each run of the integration that a machine is for', async () => {
    const machines = machinesOf(app);
    const id = await machines.publish({
      for: { integration: 'nightly' },
      states: [{ code: 'IDLE', initial: true }, { code: 'RUNNING' }, { code: 'DONE', final: true }],
      transitions: [
        { code: 'begin', from: ['IDLE'], to: 'RUNNING', trigger: { type: 'event', event: 'run_started' } },
        {
          code: 'end',
          from: ['RUNNING'],
          to: 'DONE',
          trigger: { type: 'event', event: 'run_finished' },
          conditions: { field: 'trigger.data.errors', operator: 'equals', value: 0 },
        },
      ],
    } as never);
    const { integrations } = app.automation;
    const run = (runKey: string) => ({ workspaceId: 'acme', integration: 'nightly', runKey });
    await integrations.runStarted(run('monday'));
    await integrations.runStarted(run('tuesday'));
    await integrations.runFinished({ ...run('monday'), data: { errors: 0 } });
    await integrations.runFinished({ ...run('tuesday'), data: { errors: 3 } });
    await integrations.runStarted({ workspaceId: 'acme', integration: 'bare', runKey: 'monday' });
    await app.automation.drain();
    const instances = await machines.instances(id);
    expect(Object.fromEntries(instances.map((one) => [(one as unknown as { run_key: string }).run_key, one.state]))).toEqual({
      monday: 'DONE',
      tuesday: 'RUNNING',
    });
    expect(await machines.counts(id)).toEqual({ RUNNING: 1, DONE: 1 });
    await expect(app.module.get(IntegrationService).delete('nightly', ADMIN)).rejects.toMatchObject({ code: 'integration_in_use' });
  });
});
