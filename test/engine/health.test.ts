import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { AutomationEngine } from '../../src/engine/automation-engine.js';
import { AutomationHealth } from '../../src/engine/automation-health.js';
import { Deadlocks } from '../../src/engine/running/deadlocks.js';
import { LeftSubRuns } from '../../src/engine/running/left-sub-runs.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

@Module({ imports: [TerminusModule.forRoot({ logger: false })], exports: [TerminusModule] })
class Probes {}

let app: AutomationApp | undefined;
afterEach(async () => {
  jest.restoreAllMocks();
  await app?.close();
  app = undefined;
});

async function start(enabled: boolean): Promise<AutomationHealth> {
  app = await startAutomationApp({ worker: { enabled } }, { imports: [Probes] });
  return app.module.get(AutomationHealth);
}
const terminus = (): HealthCheckService => (app as AutomationApp).module.get(HealthCheckService, { strict: false });

describe('the health of automation', () => {
  it('is up where the worker turns and nothing waits, for terminus too', async () => {
    const health = await start(true);
    const up = { automation: { status: 'up', database: 'up', worker: 'on', oldestEventMs: null } };
    expect(await health.isHealthy()).toEqual(up);
    expect(await terminus().check([() => health.isHealthy()])).toMatchObject({ status: 'ok', info: up, error: {} });
  });

  it('tells of events that wait too long, among all workspaces, and is down of it only where this process works', async () => {
    const server = await start(false);
    // Sees events before anybody else of this database would take them.
    const waiting = `INSERT INTO automation.events (id, workspace_id, source, module, event, record_id, record, actor, occurred_at)
      SELECT gen_random_uuid(), w, 'host', 'leads', 'created', '1', '{}', '{"type":"system","id":null}', now() - make_interval(secs => s)
      FROM (VALUES ('acme', 10), ('rival', 300), ('third', 5)) AS e(w, s)`;
    await app?.query(waiting);
    const { crm } = await server.isHealthy('crm');
    expect(crm).toMatchObject({ status: 'up', worker: 'off' });
    expect(Math.floor((crm.oldestEventMs ?? 0) / 1_000)).toBeGreaterThanOrEqual(300);

    const engine = app?.module.get(AutomationEngine) as AutomationEngine;
    const settings = (server as unknown as { settings: { workerEnabled: boolean } }).settings;
    settings.workerEnabled = true;
    jest.spyOn(engine, 'isWorking', 'get').mockReturnValue(true);
    const { automation } = await server.isHealthy();
    expect(automation).toMatchObject({
      status: 'down',
      message: expect.stringMatching(/^An event has been waiting to be routed for 3\d\d s\.$/),
    });
    expect((await server.isHealthy('automation', { maxEventAgeMs: 3_600_000 })).automation.status).toBe('up');
    const failed = terminus().check([() => server.isHealthy()]);
    await expect(failed).rejects.toMatchObject({ response: { status: 'error', error: { automation: { status: 'down' } } } });
    settings.workerEnabled = false;
  });

  it('does not count events that wait for their time, nor those that are routed', async () => {
    const health = await start(false);
    await app?.createLead();
    await app?.automation.drain();
    await app?.createLead();
    await app?.query(`UPDATE automation.events SET waits_until = now() + interval '1 hour' WHERE routed_at IS NULL`);
    expect((await health.isHealthy()).automation.oldestEventMs).toBeNull();
  });

  it('is down when the database does not answer, or not in time, and never throws', async () => {
    const health = await start(false);
    const database = app?.module.get(AutomationDatabase) as AutomationDatabase;
    jest.spyOn(database, 'statement').mockRejectedValueOnce(new Error('connection refused'));
    expect(await health.isHealthy()).toEqual({
      automation: {
        status: 'down',
        message: 'The database of automation does not answer: connection refused',
        database: 'down',
        worker: 'off',
        oldestEventMs: null,
      },
    });
    jest.spyOn(database, 'statement').mockReturnValueOnce(new Promise(() => undefined));
    const { automation } = await health.isHealthy('automation', { timeoutMs: 1 });
    expect(automation).toMatchObject({ status: 'down', message: expect.stringContaining('nothing within 1 ms') });
  });

  it('is down while a look for stuck runs fails, which holds up no wait that is over', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    for (const look of [Deadlocks.prototype, LeftSubRuns.prototype]) jest.spyOn(look, 'look').mockRejectedValue(new Error('spoiled'));
    app = await startAutomationApp({ worker: { enabled: true, pollIntervalMs: 20, idlePollIntervalMs: 20 } });
    const cool = { id: 'cool', type: 'delay', for: 'PT1S' };
    const settings = { maxConcurrentRuns: 1 };
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [cool],
      settings,
    });
    await app.createLead();
    await app.createLead();
    await app.query(`INSERT INTO automation.left_sub_runs VALUES ('acme', gen_random_uuid())`);
    const health = app.module.get(AutomationHealth);
    await app.eventually(async () => {
      expect((await app?.runsOf({ workflowId }))?.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
      const { status, message } = (await health.isHealthy()).automation;
      expect([status, message]).toEqual(['down', expect.stringContaining('sub-runs that were left')]);
    });
    expect(logged.mock.calls.flat().filter((line) => /^runs that wait for each other/.test(String(line)))).toHaveLength(1);
  });

  it('is down while a loop fails, and when the worker has stopped', async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const health = await start(true);
    await app?.query('ALTER TABLE automation.events RENAME TO away');
    await app?.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: { id: '1' } }).catch(() => undefined);
    await app?.eventually(async () => {
      const { automation } = await health.isHealthy();
      expect(automation).toMatchObject({ status: 'down', database: 'down', worker: 'failing' });
    });
    await app?.query('ALTER TABLE automation.away RENAME TO events');
    await app?.eventually(async () => expect((await health.isHealthy()).automation).toMatchObject({ status: 'up', worker: 'on' }));
    await app?.module.get(AutomationEngine).stop();
    expect(await health.isHealthy()).toMatchObject({ automation: { status: 'down', worker: 'stopped' } });
  });
});
