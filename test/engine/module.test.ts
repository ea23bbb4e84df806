import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { EventEmitter2, OnEvent } from '@nestjs/event-emitter';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { defineAction } from '../../src/actions/define-action.js';
import { AutomationModule } from '../../src/automation.module.js';
import { type AutomationOptions, resolveAdminLimits, resolveSettings } from '../../src/automation.options.js';
import { RUN_FINISHED, type RunFinished } from '../../src/engine/capture/emitter-bridge.js';
import { type TypeOrmCrmHost, typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { ADMIN, startAutomationApp } from '../support/automation-app.js';
import { createTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
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

class NoArguments {}
const NOTHING = { label: 'X', effect: 'external' as const, arguments: NoArguments, execute: async () => undefined };

function fail(): never {
  throw new Error('no luck');
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
      {
        path: 'steps[1].with.url',
        message: expect.stringContaining('not public'),
        hint: expect.stringContaining("outbound: { allow: ['169.254.169.254:80'] }"),
      },
    ]);
    const settings = { onFailure: 'http://127.0.0.1:9/runs', onSuccess: 'https://ops.example.com/runs' };
    const told = await app.workflows.create(
      { name: 'Told', definition: { trigger: CREATED, steps: steps.slice(2), settings } as never },
      ADMIN,
    );
    expect(told.problems).toEqual([
      {
        path: 'settings.onFailure.url',
        message: expect.stringContaining('127.0.0.1 may not be called'),
        hint: expect.stringContaining('outbound: { allow:'),
      },
    ]);
    await app.close();
  });

  it.each([4, 5, 6, 8, 10, 20, 100])(
    'leaves routing, results and heartbeats a connection of a pool of %i, whatever people ask and however the host’s code hangs',
    (poolSize) => {
      const dataSource = new DataSource({ type: 'postgres' });
      const options: AutomationOptions = { dataSource, crm: sampleCrm(), database: { poolSize } };
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

  it('refuses what no host can have meant, in one list with the names that are meant, and never by a TypeError', async () => {
    const database = await createTestDatabase();
    const source = await sampleDataSource(database.url).initialize();
    const { frozen, ...raw } = { ...defineAction({ ...NOTHING, type: 'sms' }), frozen: false };
    const options = {
      dataSource: source,
      crm: typeOrmCrm({ leads: { entity: Lead, stage: 'stgae' as 'stage' }, ghosts: { entity: undefined as never } }),
      access: () => null,
      actions: [raw, undefined, defineAction({ ...NOTHING, type: 'email' })],
      outbound: { allow: ['http://inside'] },
      mail: { transport: 'http://mail.acme.test', from: 'CRM <crm@acme.test>' },
      emiter: {},
      worker: { concurency: 5 },
    };
    const start = (given: object) =>
      Test.createTestingModule({ imports: [AutomationModule.forRoot(given as never)] })
        .setLogger({ log() {}, error() {}, warn() {} })
        .compile();
    await expect(start(options)).rejects.toMatchObject({
      code: 'options_invalid',
      problems: [
        { path: 'access', message: expect.stringContaining('authenticate') },
        { path: 'actions[0]', message: "'sms' must be made with defineAction({ type, label, … })" },
        { path: 'actions[1]', message: expect.stringContaining('import each other') },
        { path: 'crm.ghosts.entity', message: expect.stringContaining('import each other') },
        { path: 'outbound', message: expect.stringContaining('http://inside') },
        { path: 'mail', message: expect.stringContaining('smtp://') },
        { path: 'emiter', message: expect.stringContaining('Did you mean "emitter"?') },
        { path: 'worker.concurency', message: expect.stringContaining('Did you mean "concurrency"?') },
      ],
    });
    const names = ['findRecords', 'updateRecords', 'createTasks', 'createNotifications', 'findUsers', 'countOwned', 'findStages'];
    const events = [{ name: 'won', label: 'Won', rule: { on: 'changed', field: 'stgae' } }];
    const fields = [{ name: 'stage', label: 'Stage', type: 'text', nullable: false, writable: true }];
    const deals = { name: 'deals', singular: 'deal', label: 'Deals', fields, relations: [], events };
    const own = { ...Object.fromEntries(names.map((name) => [name, () => null])), describeModules: () => [deals] };
    await expect(start({ dataSource: source, crm: own })).rejects.toMatchObject({
      problems: [
        { path: 'crm.deals.events.won', message: expect.stringContaining('\'stgae\', which there is not. Did you mean "stage"?') },
      ],
    });
    await expect(start({ dataSource: 'postgres://', crm: { findRecords() {} }, actions: {} })).rejects.toMatchObject({
      problems: [
        { path: 'dataSource' },
        { path: 'crm', message: expect.stringMatching(/no describeModules, no updateRecords/) },
        { path: 'actions', message: expect.stringContaining('must be a list') },
      ],
    });
    const taken = [defineAction({ ...NOTHING, type: 'send_email' })];
    await expect(start({ dataSource: source, crm: sampleCrm(), actions: taken })).rejects.toMatchObject({
      problems: [{ path: 'actions', message: expect.stringContaining("'send_email'") }],
    });
    // All of that was said before anything was connected.
    expect(
      await source.query(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'nestjs-crm-automation' AND datname = current_database()",
      ),
    ).toEqual([]);
    expect(await source.query("SELECT to_regnamespace('automation') AS schema")).toEqual([{ schema: null }]);
    await source.destroy();
    await database.drop();
  });

  it.each<[string, (crm: TypeOrmCrmHost) => void]>([
    ['attaching the CRM', (crm) => Object.assign(crm, { attach: () => fail() })],
    ['asking it for its modules', (crm) => Object.assign(crm, { describeModules: () => fail() })],
  ])('keeps no connection when starting fails while %s', async (_, spoil) => {
    const database = await createTestDatabase();
    const { options } = sampleDataSource(database.url, { synchronize: true });
    // A pool that keeps its connections for ever.
    const source = await new DataSource({ ...options, extra: { idleTimeoutMillis: 0 } } as typeof options).initialize();
    const crm = sampleCrm();
    spoil(crm);
    const start = Test.createTestingModule({ imports: [AutomationModule.forRoot({ dataSource: source, crm })] })
      .setLogger({ log() {}, error() {}, warn() {} })
      .compile();
    await expect(start).rejects.toThrow('no luck');
    await eventually(async () => {
      const open = await source.query(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'nestjs-crm-automation' AND datname = current_database()",
      );
      expect(open).toEqual([]);
    });
    await source.destroy();
    await database.drop();
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
