import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Router } from '../../src/engine/routing/router.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { FarSide } from './support/far-side.js';
import { aroundTransactions, connectionLoss } from './support/transactions.js';

const DEFINITION = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [
    { id: 'call', type: 'call', with: { to: '{{record.name}}' } },
    { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
  ],
};

describe('the intent of a call', () => {
  let app: AutomationApp;
  let far: FarSide;
  let worker: RunDriver;
  const start = async (concurrency: number, definition: object = DEFINITION): Promise<void> => {
    app = await startAutomationApp({ actions: [far.action], worker: { enabled: false, concurrency } });
    worker = app.module.get(RunDriver);
    await app.publishWorkflow(definition);
  };
  beforeEach(() => {
    far = new FarSide();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });
  /** `Ada running: 1 running`: the record's name, the run's status, its attempts. */
  const shown = async () =>
    (
      await app.query<{ line: string }>(
        `SELECT l.name || ' ' || r.status || ':' || coalesce(string_agg(' ' || s.attempt || ' ' || s.status, ',' ORDER BY s.position), '') AS line
         FROM automation.runs r JOIN crm_leads l ON l.id = r.record_id
         LEFT JOIN automation.step_executions s ON s.run_id = r.id AND s.path = 'call' GROUP BY l.name, r.id, r.status ORDER BY l.name`,
      )
    ).map(({ line }) => line);

  it('is not written before there is a slot for the call', async () => {
    await start(1);
    for (const name of ['Ada', 'Bob']) await app.createLead({ name });
    const driving = app.automation.drain();
    await far.arrived('Ada');
    await app.eventually(async () => expect(await shown()).toHaveLength(2));
    expect(await shown()).toEqual(['Ada running: 1 running', expect.stringMatching(/^Bob (queued|running):$/)]);
    expect(far.calls).toEqual(['Ada']);
    far.answer('Ada');
    await far.arrived('Bob');
    expect((await shown())[1]).toBe('Bob running: 1 running');
    far.answer('Bob');
    await driving;
    expect(await shown()).toEqual(['Ada succeeded: 1 succeeded', 'Bob succeeded: 1 succeeded']);
  });

  it('is written without its run, whose lease is fresh: the row is the same from one call to the next', async () => {
    const [call] = DEFINITION.steps;
    app = await startAutomationApp({ actions: [far.action], worker: { enabled: false, leaseMs: 300_000 } });
    await app.publishWorkflow({ ...DEFINITION, steps: [call, { id: 'next', type: 'call', with: { to: 'next' } }] });
    const version = async () => (await app.query<{ xmin: string; status: string }>('SELECT xmin, status FROM automation.runs'))[0];
    await app.createLead({ name: 'Ada' });
    await app.module.get(Router).route();
    await far.arrived('Ada');
    const before = await version();
    far.answer('Ada');
    await far.arrived('next');
    expect(await version()).toEqual(before);
    far.answer('next');
    await app.module.get(RunDriver).settled();
    expect(await version()).toEqual({ xmin: expect.not.stringMatching(new RegExp(`^${before?.xmin}$`)), status: 'succeeded' });
  });

  it('of one that was never made is left by no shutdown beside slow calls: those that waited for a slot were never tried', async () => {
    await start(2);
    const names = ['Ada', 'Bob', 'Cyd', 'Dan', 'Eve'];
    for (const name of names) await app.createLead({ name });
    await app.module.get(Router).route();
    await far.arrived('Ada');
    await far.arrived('Bob');
    const draining = worker.drain(60_000);
    far.answer('Ada');
    far.answer('Bob');
    await draining;
    expect(await shown()).toEqual([
      'Ada succeeded: 1 succeeded',
      'Bob succeeded: 1 succeeded',
      'Cyd queued:',
      'Dan queued:',
      'Eve queued:',
    ]);
    expect(far.calls).toEqual(['Ada', 'Bob']);
    expect(worker.holding).toBe(0);
    worker.open();
    for (const name of names.slice(2)) far.answer(name);
    await app.automation.drain();
    expect(await shown()).toEqual(names.map((name) => `${name} succeeded: 1 succeeded`));
    expect(far.calls.sort()).toEqual(names);
  });

  it('is not written during a shutdown, not even by a run whose call before it has just been answered', async () => {
    const [call, touch] = DEFINITION.steps;
    await start(2, { ...DEFINITION, steps: [call, touch, { id: 'next', type: 'call', with: { to: 'next' } }] });
    await app.createLead({ name: 'Ada' });
    await app.module.get(Router).route();
    await far.arrived('Ada');
    const draining = worker.drain(60_000);
    far.answer('Ada');
    await draining;
    expect(far.calls).toEqual(['Ada']);
    expect((await app.runsOf({}))[0]).toMatchObject({ status: 'queued', steps: [{ status: 'succeeded' }, { status: 'succeeded' }] });
    worker.open();
    far.answer('next');
    await app.automation.drain();
    expect((await app.runsOf({}))[0]).toMatchObject({ status: 'succeeded', steps: [{}, {}, { path: 'next', attempt: 1 }] });
  });

  it('of one that did not end in the time of a shutdown is lost, those that had not begun are not', async () => {
    await start(1);
    for (const name of ['Ada', 'Bob']) await app.createLead({ name });
    await app.module.get(Router).route();
    await far.arrived('Ada');
    await worker.drain(0);
    worker.open();
    far.answer('Ada');
    await worker.settled();
    expect(await shown()).toEqual(['Ada queued: 1 running', 'Bob queued:']);
    far.answer('Ada');
    far.answer('Bob');
    await app.automation.drain();
    expect(await shown()).toEqual(['Ada succeeded: 1 lost, 2 succeeded', 'Bob succeeded: 1 succeeded']);
    expect(await app.query('SELECT touches FROM crm_leads')).toEqual([{ touches: 1 }, { touches: 1 }]);
  });

  it('is taken back when the call had not begun as the lease ended by our own clock; it is made when the lease is new', async () => {
    await start(1);
    await app.createLead({ name: 'Ada' });
    const clock = performance.now.bind(performance);
    // The process is frozen behind the COMMIT of the intent, for longer than its lease.
    let frozen = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => clock() + frozen);
    const withIntent: unknown[] = [];
    aroundTransactions(app, async (real, work, nth) => {
      const answer = await real(work);
      withIntent.push(await shown());
      if (nth === 1) frozen = 60_000;
      return answer;
    });
    far.answer('Ada');
    await app.automation.drain();
    // Written and never sent; taken back, and written anew in the transaction that renewed the lease; then the result.
    expect(withIntent.slice(0, 2)).toEqual([['Ada running: 1 running'], ['Ada running: 1 running']]);
    expect(far.calls).toEqual(['Ada']);
    expect(await shown()).toEqual(['Ada succeeded: 1 succeeded']);
    expect(withIntent.length).toBeLessThanOrEqual(6);
  });

  it('that was not begun is not shown as lost to whoever takes the run over from a process that was frozen', async () => {
    await start(1);
    await app.createLead({ name: 'Ada' });
    const other = await startAutomationApp({ actions: [far.action] }, { database: app.database });
    const clock = performance.now.bind(performance);
    let frozen = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => clock() + frozen);
    aroundTransactions(app, async (real, work, nth) => {
      const answer = await real(work);
      if (nth === 1) {
        frozen = 60_000;
        await app.query('UPDATE automation.runs SET due_at = now()');
        far.answer('Ada');
        await other.automation.drain();
      }
      return answer;
    });
    await app.automation.drain();
    // Nobody can tell from outside that it was not made; but only the other one has made it.
    expect(far.calls).toEqual(['Ada']);
    expect(await shown()).toEqual(['Ada succeeded: 1 lost, 2 succeeded']);
    expect(worker.holding).toBe(0);
    await other.close();
  });

  it('is withdrawn with its slot when the transaction that wrote it fails', async () => {
    await start(1);
    await app.createLead({ name: 'Ada' });
    await app.createLead({ name: 'Bob' });
    aroundTransactions(app, async (real, work, nth) => {
      if (nth > 2) return real(work);
      return real(async (manager) => {
        await work(manager);
        throw nth === 1 ? new Error('refused') : connectionLoss();
      });
    });
    far.answer('Ada');
    far.answer('Bob');
    await expect(app.automation.drain()).rejects.toThrow('Connection terminated');
    expect(far.calls).toEqual([]);
    await app.automation.drain();
    expect(far.calls.sort()).toEqual(['Ada', 'Bob']);
    expect(await shown()).toEqual(['Ada succeeded: 1 succeeded', 'Bob succeeded: 1 succeeded']);
  });
});
