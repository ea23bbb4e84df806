import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { EventEmitter2, OnEvent } from '@nestjs/event-emitter';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { AutomationModule } from '../../src/automation.module.js';
import { type AutomationOptions, resolveAdminLimits, resolveSettings } from '../../src/automation.options.js';
import { RUN_FINISHED, type RunFinished } from '../../src/engine/capture/emitter-bridge.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { ADMIN, startAutomationApp } from '../support/automation-app.js';
import { createTestDatabase } from '../support/database.js';
import { Lead, sampleCrm, sampleDataSource } from '../support/sample-crm.js';

@Injectable()
class HostListeners {
  readonly created: unknown[] = [];
  readonly finished: RunFinished[] = [];

  @OnEvent('leads.created')
  onCreated(payload: unknown): void {
    this.created.push(payload);
  }

  @OnEvent(RUN_FINISHED)
  onFinished(payload: RunFinished): void {
    this.finished.push(payload);
    throw new Error('a listener of the host that throws');
  }

  @Cron('0 0 1 1 *', { name: 'yearly' })
  yearly(): void {}
}

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const STEPS = [{ id: 'task', type: 'create_task', with: { title: 'Call' } }];

describe('the module in a host', () => {
  it('works without EventEmitterModule and ScheduleModule', async () => {
    const app = await startAutomationApp();
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: STEPS });
    await app.createLead();
    await app.automation.drain();
    expect((await app.runsOf({ workflowId }))[0]?.status).toBe('succeeded');
    expect(() => app.module.get(EventEmitter2, { strict: false })).toThrow();
    await app.close();
  });

  it('shares the host emitter and schedule: every listener hears once, every cron is registered once', async () => {
    class HostServices {}
    const services = { module: HostServices, imports: [ScheduleModule.forRoot()], providers: [HostListeners] };
    const app = await startAutomationApp({}, { emitter: true, imports: [services] });
    const listeners = app.module.get(HostListeners, { strict: false });
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: STEPS });
    await app.source.manager.insert(Lead, { id: 'heard', workspaceId: 'acme', name: 'A' });
    await app.emitter.emitAsync('leads.created', { id: 'heard', workspaceId: 'acme', name: 'A' });
    await app.captured();
    await app.automation.drain();
    expect(listeners.created).toHaveLength(1);
    expect([...app.module.get(SchedulerRegistry, { strict: false }).getCronJobs().keys()]).toEqual(['yearly']);
    const [run] = await app.runsOf({ workflowId });
    expect(run).toMatchObject({ status: 'succeeded' });
    const lead = await app.createLead();
    await app.automation.drain();
    expect(listeners.finished.map(({ recordId, status }) => [recordId, status])).toEqual([
      ['heard', 'succeeded'],
      [lead.id, 'succeeded'],
    ]);
    await app.close();
  });

  it('does its own work by itself once the application runs, woken by the commit', async () => {
    const app = await startAutomationApp({ worker: { enabled: true, pollIntervalMs: 60_000 } });
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: STEPS });
    await app.createLead();
    await app.eventually(async () => expect((await app.runsOf({ workflowId }))[0]?.status).toBe('succeeded'));
    await app.close();
  });

  it('wakes the worker of another process by a notification', async () => {
    const app = await startAutomationApp();
    const worker = await startAutomationApp({ worker: { enabled: true, pollIntervalMs: 60_000 } }, { database: app.database });
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: STEPS });
    await app.createLead();
    await app.eventually(async () => expect((await app.runsOf({ workflowId }))[0]?.status).toBe('succeeded'));
    await worker.close();
    await app.close();
  });

  it('refuses mail templates that do not exist and private addresses when a workflow is saved', async () => {
    const app = await startAutomationApp();
    const steps = [
      { id: 'mail', type: 'send_email', with: { to: 'a@acme.test', template: '../../etc/passwd' } },
      { id: 'hook', type: 'webhook', with: { url: 'http://169.254.169.254/latest' } },
      { id: 'fine', type: 'send_email', with: { to: 'a@acme.test', template: 'welcome' } },
    ];
    const { problems } = await app.workflows.create({ name: 'Wrong', definition: { trigger: CREATED, steps } as never }, ADMIN);
    expect(problems).toEqual([
      { path: 'steps[0].with.template', message: expect.stringContaining('there is no template') },
      { path: 'steps[1].with.url', message: expect.stringContaining('not public') },
    ]);
    await app.close();
  });

  it.each([4, 5, 6, 8, 10, 20, 100])(
    'leaves routing, results and heartbeats a connection of a pool of %i, whatever people ask and however the host’s code hangs',
    (poolSize) => {
      const options = { dataSource: {}, crm: {}, database: { poolSize } } as unknown as AutomationOptions;
      const listening = 1;
      const { ownTransactions } = resolveSettings(options);
      expect(ownTransactions).toBeGreaterThanOrEqual(1);
      expect(ownTransactions).toBeLessThanOrEqual(poolSize / 2);
      expect(poolSize - ownTransactions - resolveAdminLimits(options).connections - listening).toBeGreaterThanOrEqual(1);
    },
  );

  it('refuses options that are wrong, each with its path, before it connects', async () => {
    const start = (options: object) =>
      Test.createTestingModule({ imports: [AutomationModule.forRootAsync({ useFactory: () => options as never })] })
        .setLogger({ log() {}, error() {}, warn() {} })
        .compile();
    await expect(start({})).rejects.toMatchObject({ code: 'options_invalid', problems: [{ path: 'dataSource' }, { path: 'crm' }] });
    const source = new DataSource({ type: 'postgres', url: 'postgres://nobody@127.0.0.1:1/none' });
    await expect(
      start({ dataSource: source, crm: sampleCrm(), timezone: 'Mars/Olympus', worker: { batchSize: 0 }, retention: { runs: 'soon' } }),
    ).rejects.toMatchObject({
      code: 'options_invalid',
      problems: [{ path: 'timezone' }, { path: 'worker.batchSize' }, { path: 'retention.runs' }],
    });
  });

  it('refuses to start on a schema that is behind when told to check only, and nodes that start together migrate once', async () => {
    const database = await createTestDatabase();
    const source = await sampleDataSource(database.url, { synchronize: true }).initialize();
    const start = (migrate: 'auto' | 'check') =>
      Test.createTestingModule({
        imports: [AutomationModule.forRoot({ dataSource: source, crm: sampleCrm(), worker: { enabled: false }, database: { migrate } })],
      })
        .setLogger({ log() {}, error() {}, warn() {} })
        .compile();
    await expect(start('check')).rejects.toMatchObject({ code: 'schema_behind' });
    const modules = await Promise.all([start('auto'), start('auto'), start('auto')]);
    modules.push(await start('check'));
    expect(await source.query('SELECT count(*)::int AS migrations FROM automation.migrations')).toEqual([
      { migrations: MIGRATIONS.length },
    ]);
    for (const module of modules) await module.close();
    await source.destroy();
    await database.drop();
  });
});
