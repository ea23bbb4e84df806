import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction, type ExternalStep } from '../../src/actions/define-action.js';
import { Router } from '../../src/engine/routing/router.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

class Arguments {
  @IsString() to!: string;
}

/** What the far side does at each call, in order. */
let farSide: ((step: ExternalStep) => Promise<object>)[];
let calls: string[];

const call = defineAction({
  type: 'call',
  label: 'Call',
  effect: 'external',
  arguments: Arguments,
  async execute({ to }, step) {
    calls.push(to);
    return (await farSide[calls.length - 1]?.(step)) as never;
  },
});

/** The host's own code: its runs begin in the queue. */
const keep = defineAction({
  type: 'keep',
  label: 'Keep',
  effect: 'local',
  transaction: 'shared',
  arguments: Arguments,
  execute: async () => undefined,
});

const DEFINITION = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [
    { id: 'call', type: 'call', with: { to: '{{record.name}}' } },
    { id: 'note', type: 'create_task', with: { title: 'Answer: {{steps.call.output.answer}}' } },
  ],
};

function later(): { promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('results of external steps', () => {
  let app: AutomationApp;
  let database: AutomationDatabase;
  let workflowId: string;
  beforeEach(async () => {
    calls = [];
    app = await startAutomationApp({ actions: [call, keep] });
    database = app.module.get(AutomationDatabase);
    workflowId = await app.publishWorkflow(DEFINITION);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });
  const stepsOfTheRun = async () => {
    const [run] = await app.runsOf({ workflowId });
    return [run?.status, ...(run?.steps.map(({ path, attempt, status }) => `${path} ${attempt} ${status}`) ?? [])];
  };
  const runIsDue = () => app.query("UPDATE automation.runs SET due_at = now() WHERE status = 'running'");

  it.each([
    ['the connection is lost', () => new Error('Connection terminated unexpectedly')],
    ['the database is out of connections', () => Object.assign(new Error('sorry, too many clients already'), { code: '53300' })],
  ])('are written when %s, as soon as the database takes them', async (_, trouble) => {
    const transaction = jest.spyOn(database, 'transaction');
    farSide = [
      async () => {
        for (let time = 0; time < 3; time += 1) transaction.mockImplementationOnce(() => Promise.reject(trouble()));
        return { answer: 42 };
      },
    ];
    await app.createLead({ name: 'Ada' });
    await app.automation.drain();
    await runIsDue();
    await app.automation.drain();
    expect(await stepsOfTheRun()).toEqual(['succeeded', 'call 1 succeeded', 'note 1 succeeded']);
    expect(calls).toEqual(['Ada']);
  });

  it('are waited for by the process that performs the step, even when the lease has run out and nobody else wants the run', async () => {
    const first = later();
    farSide = [async () => first.promise.then(() => ({ answer: 'first' }))];
    await app.createLead({ name: 'Ada' });
    const worker = app.module.get(RunDriver);
    const driving = app.automation.tick();
    await app.eventually(() => expect(calls).toHaveLength(1));
    await runIsDue();
    expect(await worker.tick()).toBe(0);
    first.resolve();
    await driving;
    expect(await stepsOfTheRun()).toEqual(['succeeded', 'call 1 succeeded', 'note 1 succeeded']);
    expect(calls).toHaveLength(1);
  });

  it('are not written by a worker that tries again to, once another one has taken the run over', async () => {
    const other = await startAutomationApp({ actions: [call, keep] }, { database: app.database });
    const transaction = jest.spyOn(database, 'transaction');
    farSide = [
      async () => {
        transaction.mockImplementation(() => Promise.reject(new Error('Connection terminated unexpectedly')));
        return { answer: 'stale' };
      },
      async () => ({ answer: 'fresh' }),
    ];
    await app.createLead({ name: 'Ada' });
    const driving = app.automation.tick();
    // It has tried to write, and will again.
    await app.eventually(() => expect(transaction.mock.calls.length).toBeGreaterThan(1));
    await runIsDue();
    await other.automation.drain();
    transaction.mockRestore();
    await driving;
    expect(await stepsOfTheRun()).toEqual(['succeeded', 'call 1 lost', 'call 2 succeeded', 'note 1 succeeded']);
    expect((await app.runsOf({ workflowId }))[0]?.steps.map(({ output }) => output?.answer)).toEqual([undefined, 'fresh', undefined]);
    expect(await app.query('SELECT title FROM crm_tasks')).toEqual([{ title: 'Answer: fresh' }]);
    expect(app.module.get(RunDriver).holding).toBe(0);
    await other.close();
  });

  it('are of the claim that asked for them: let go and claimed again by the same process, the old one is dropped', async () => {
    const [old, fresh] = [later(), later()];
    farSide = [async () => old.promise.then(() => ({ answer: 'old' })), async () => fresh.promise.then(() => ({ answer: 'fresh' }))];
    await app.createLead({ name: 'Ada' });
    const worker = app.module.get(RunDriver);
    await app.module.get(Router).route();
    await app.eventually(() => expect(calls).toHaveLength(1));
    await app.query("UPDATE automation.runs SET status = 'queued', fence = fence + 1, due_at = now()");
    await worker.heartbeat();
    expect(worker.holding).toBe(0);
    expect(await worker.tick()).toBe(1);
    await app.eventually(() => expect(calls).toHaveLength(2));
    old.resolve();
    await app.eventually(() => expect(worker.underWay).toBe(1));
    expect(await stepsOfTheRun()).toEqual(['running', 'call 1 lost', 'call 2 running']);
    fresh.resolve();
    await worker.settled();
    expect(await stepsOfTheRun()).toEqual(['succeeded', 'call 1 lost', 'call 2 succeeded', 'note 1 succeeded']);
    expect(await app.query('SELECT title FROM crm_tasks')).toEqual([{ title: 'Answer: fresh' }]);
  });

  it('stay expected when a neighbour of the same batch cannot be taken on', async () => {
    const answer = later();
    farSide = [async () => answer.promise.then(() => ({ answer: 1 }))];
    await app.createLead({ id: 'outside', name: 'Ada' });
    await app.createLead({ id: 'stuck', name: 'Bob' });
    // Queued by hand, so that both are claimed together; what the neighbour writes is refused, and so is giving it back.
    await app.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '55P03'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON automation.runs FOR EACH ROW
        WHEN (NEW.record_id = 'stuck' AND OLD.status = 'running' AND NOT (NEW.status = 'queued' AND NEW.due_at = now())) EXECUTE FUNCTION refuse();
      CREATE FUNCTION refuse_stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF 'stuck' = (SELECT record_id FROM automation.runs WHERE id = NEW.run_id) THEN
          RAISE EXCEPTION 'refused' USING ERRCODE = '55P03'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER refuse_stuck BEFORE INSERT ON automation.step_executions FOR EACH ROW EXECUTE FUNCTION refuse_stuck();
      CREATE TRIGGER refuse_inline BEFORE INSERT ON automation.runs FOR EACH ROW
        WHEN (NEW.status <> 'queued') EXECUTE FUNCTION refuse()`);
    const worker = app.module.get(RunDriver);
    const router = app.module.get(Router);
    while ((await router.route()).events > 0);
    // Together, which fails; then each alone.
    await worker.tick();
    await worker.tick();
    await app.eventually(() => expect(calls).toHaveLength(1));
    await app.eventually(() => expect(worker.holding).toBe(1));
    await app.query(`DROP TRIGGER refuse ON automation.runs; DROP TRIGGER refuse_inline ON automation.runs;
      DROP TRIGGER refuse_stuck ON automation.step_executions`);
    await app.query("UPDATE automation.runs SET status = 'cancelled', due_at = NULL WHERE record_id = 'stuck'");
    await worker.tick();
    expect(calls).toEqual(['Ada']);
    answer.resolve();
    await worker.settled();
    expect((await app.runsOf({ workflowId, recordId: 'outside' }))[0]?.status).toBe('succeeded');
  });

  it('that come in together share transactions, and none is lost to a neighbour whose result cannot be gone on from', async () => {
    const answers = later();
    farSide = Array.from({ length: 6 }, () => async () => answers.promise.then(() => ({ answer: 1 })));
    for (const name of ['Ada', 'Bob', 'Cyd', 'Dan', 'Eve', 'stuck']) await app.createLead({ id: name, name });
    const worker = app.module.get(RunDriver);
    const driving = app.automation.tick();
    await app.eventually(() => expect(calls).toHaveLength(6));
    await app.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON automation.runs FOR EACH ROW
        WHEN (NEW.record_id = 'stuck' AND NEW.status = 'succeeded') EXECUTE FUNCTION refuse()`);
    const transaction = jest.spyOn(database, 'transaction');
    answers.resolve();
    await driving;
    await worker.settled();
    // All six together; when the neighbour had undone those, three, and three again, of which two together and it alone; its result by itself, and its run given back.
    expect(transaction.mock.calls).toHaveLength(7);
    await app.query('DROP TRIGGER refuse ON automation.runs');
    await app.automation.drain();
    expect((await app.runsOf({ workflowId })).map(({ status }) => status)).toEqual(Array(6).fill('succeeded'));
    expect(calls).toHaveLength(6);
  });

  it('are not waited for, nor steps begun, once the lease is lost', async () => {
    const hold = later();
    await app.close();
    app = await startAutomationApp({ actions: [call], worker: { enabled: false, concurrency: 1, shutdownGraceMs: 0 } });
    database = app.module.get(AutomationDatabase);
    workflowId = await app.publishWorkflow(DEFINITION);
    farSide = [async () => hold.promise.then(() => ({ answer: 1 })), async () => ({ answer: 2 })];
    await app.createLead({ name: 'Ada' });
    await app.createLead({ name: 'Bob' });
    const worker = app.module.get(RunDriver);
    const driving = app.automation.tick();
    await app.eventually(() => expect(calls).toHaveLength(1));
    await worker.drain(0);
    hold.resolve();
    await driving;
    expect(calls).toHaveLength(1);
    expect(worker.holding).toBe(0);
  });

  it('do not keep runs waiting for their leases that could not be given back while the database was away', async () => {
    // Its calls would write results of their own meanwhile.
    await app.workflows.pause(workflowId, ADMIN);
    const kept = await app.publishWorkflow({ ...DEFINITION, steps: [{ id: 'keep', type: 'keep', with: { to: 'x' } }] });
    await app.createLead({ name: 'Ada' });
    await app.module.get(Router).route();
    const transaction = jest.spyOn(database, 'transaction');
    for (let time = 0; time < 2; time += 1) {
      transaction.mockImplementationOnce(() => Promise.reject(new Error('Connection terminated unexpectedly')));
    }
    await expect(app.module.get(RunDriver).tick()).rejects.toThrow('Connection terminated');
    expect(await app.runsOf({ workflowId: kept })).toMatchObject([{ status: 'running' }]);
    await app.automation.drain();
    expect(await app.runsOf({ workflowId: kept })).toMatchObject([{ status: 'succeeded' }]);
  });
});
