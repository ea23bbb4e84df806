import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { IsString } from 'class-validator';
import type { QueryRunner } from 'typeorm';
import { defineAction, type OwnTransactionStep } from '../../src/actions/define-action.js';
import { Automation } from '../../src/engine/automation.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Task } from '../support/sample-crm.js';
import { later } from './support/far-side.js';
import { LimitsByHand } from './support/limits-by-hand.js';
import { aroundTransactions } from './support/transactions.js';

class Title {
  @IsString() title!: string;
}

/** What the action `custom` does by its title; each test sets it. */
let does: Record<string, (step: OwnTransactionStep) => Promise<unknown>>;

const custom = defineAction({
  type: 'custom',
  label: 'Custom',
  effect: 'local',
  arguments: Title,
  async execute({ title }, step) {
    await does[title]?.(step);
  },
});

const write = (step: OwnTransactionStep, title: string) =>
  step.manager.getRepository(Task).save({ workspaceId: step.workspaceId, title, recordId: step.record?.id ?? null });
const custom1 = (title: string, more: object = {}) => ({ id: title, type: 'custom', with: { title }, ...more });
/** Runs out when the step hangs. */
const STEP_MS = 18_000;
const GIVEN_UP = { timeout: `PT${STEP_MS / 1_000}S`, retry: { maxAttempts: 1 }, onError: 'continue' };

describe("a host's action in a transaction of its own", () => {
  let app: AutomationApp;
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });
  const publish = (...steps: object[]) => app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps });
  const titles = async () => (await app.query<{ title: string }>('SELECT title FROM crm_tasks ORDER BY title')).map(({ title }) => title);

  it.each([
    ['plainly', (step: OwnTransactionStep, wait: () => Promise<void>) => wait().then(() => write(step, 'late'))],
    [
      'inside a nested transaction',
      (step: OwnTransactionStep, wait: () => Promise<void>) =>
        step.manager.transaction(async (manager) => {
          await write({ ...step, manager }, 'early');
          await wait();
          await write({ ...step, manager }, 'late');
        }),
    ],
  ])('can write nothing more once it was given up, even while its transaction goes on (%s)', async (_, hanging) => {
    const limits = new LimitsByHand([STEP_MS]);
    const gate = later();
    const wait = (): Promise<void> => {
      limits.runOut(STEP_MS);
      return gate.promise;
    };
    let refused: unknown;
    let gone: Promise<unknown> = Promise.resolve();
    does = {
      slow: (step) => {
        const work = hanging(step, wait);
        gone = work.catch((error: unknown) => {
          refused = error;
        });
        return work as Promise<unknown>;
      },
      after: async (step) => {
        gate.resolve();
        await gone;
        await write(step, 'after');
      },
    };
    app = await startAutomationApp({ actions: [custom] });
    const workflowId = await publish(custom1('slow', GIVEN_UP), custom1('after'));
    await app.createLead();
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.steps.map(({ path, status, error }) => [path, status, error?.code])).toEqual([
      ['slow', 'failed', 'step_timed_out'],
      ['after', 'succeeded', undefined],
    ]);
    expect(refused).toMatchObject({ code: 'step_is_over' });
    expect(await titles()).toEqual(['after']);
  });

  it('has the transaction to itself as its own code knows it: nested ones, repositories, events published with it', async () => {
    app = await startAutomationApp({ actions: [custom], worker: { enabled: true, pollIntervalMs: 60_000 } });
    does = {
      nests: async (step) => {
        await step.manager.transaction((manager) => write({ ...step, manager }, 'kept'));
        await step.manager
          .transaction(async (manager) => {
            await write({ ...step, manager }, 'taken back');
            throw new Error('no');
          })
          .catch(() => undefined);
        const event = { workspaceId: 'acme', module: 'accounts', event: 'created', record: { id: 'a-1', name: 'Acme' } };
        await step.inject(Automation).publish(event, step.manager);
      },
    };
    await publish(custom1('nests'));
    const onAccount = await app.publishWorkflow({
      trigger: { type: 'event', module: 'accounts', event: 'created' },
      steps: [{ id: 'task', type: 'create_task', with: { title: 'of the account' } }],
    });
    await app.createLead();
    // Nobody polls: the event that the step published has woken a router at its commit.
    await app.eventually(async () => expect((await app.runsOf({ workflowId: onAccount }))[0]?.status).toBe('succeeded'));
    expect(await titles()).toEqual(['kept', 'of the account']);
  });

  it('that hangs takes neither the connections nor the turn of its neighbours', async () => {
    // Of four connections one is for transactions like these.
    app = await startAutomationApp({ actions: [custom], worker: { enabled: true }, database: { poolSize: 4 } });
    const hanging: (() => void)[] = [];
    does = { hangs: () => new Promise<void>((resolve) => hanging.push(resolve)) };
    await publish(custom1('hangs'));
    await Promise.all(Array.from({ length: 12 }, () => app.createLead()));
    await app.eventually(() => expect(hanging).toHaveLength(1));
    const local = await app.publishWorkflow({
      trigger: { type: 'event', module: 'accounts', event: 'created' },
      steps: [{ id: 'task', type: 'create_task', with: { title: 'neighbour' } }],
    });
    await app.automation.publish({ workspaceId: 'acme', module: 'accounts', event: 'created', record: { id: 'a-1', name: 'Acme' } });
    await app.eventually(async () => expect((await app.runsOf({ workflowId: local }))[0]?.status).toBe('succeeded'));
    expect(hanging).toHaveLength(1);
    await app.eventually(async () => {
      for (const end of hanging.splice(0)) end();
      const [open] = await app.query("SELECT count(*)::int AS runs FROM automation.runs WHERE status <> 'succeeded'");
      expect(open).toEqual({ runs: 0 });
    });
  });

  it('is seen by the branches behind it', async () => {
    app = await startAutomationApp({ actions: [custom] });
    does = {
      writes: (step) => step.manager.query(`UPDATE crm_leads SET stage = 'Won' WHERE id = $1`, [step.record?.id]),
    };
    const branch = (id: string) => ({
      id,
      type: 'branch',
      branches: [{ name: 'won', when: { field: 'stage', operator: 'equals', value: 'Won' }, steps: [custom1(`${id}-won`)] }],
    });
    // The first branch reads the record in the very transaction that writes it.
    const workflowId = await publish(custom1('begins'), branch('before'), custom1('writes'), branch('after'));
    await app.createLead();
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.steps.map(({ path, output }) => [path, output?.taken])).toMatchObject([
      ['begins', undefined],
      ['before', null],
      ['writes', undefined],
      ['after', 'won'],
      ['after.won.after-won', undefined],
    ]);
  });

  it.each([
    ['a deadlock', '40P01'],
    ['a serialization failure', '40001'],
    ['a lock that somebody holds', '55P03'],
  ])('is put off, not failed, when its transaction is refused for a reason that passes: %s', async (_, state) => {
    app = await startAutomationApp({ actions: [custom] });
    does = { writes: (step) => write(step, 'written') };
    const workflowId = await publish(custom1('writes'));
    await app.createLead();
    await app.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '${state}'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON automation.runs FOR EACH ROW WHEN (NEW.status = 'succeeded') EXECUTE FUNCTION refuse()`);
    await app.automation.drain();
    expect(await app.query('SELECT status, due_at > now() AS later FROM automation.runs')).toEqual([{ status: 'queued', later: true }]);
    expect(await titles()).toEqual([]);
    await app.query('DROP TRIGGER refuse ON automation.runs');
    await app.query('UPDATE automation.runs SET due_at = now()');
    await app.automation.drain();
    expect((await app.runsOf({ workflowId })).map(({ status }) => status)).toEqual(['succeeded']);
    expect(await titles()).toEqual(['written']);
  });

  it.each(['40P01', '40001'])('is tried again when what it writes is refused for a reason that passes: %s', async (state) => {
    app = await startAutomationApp({ actions: [custom] });
    let attempts = 0;
    does = {
      writes: async (step) => {
        attempts += 1;
        await write(step, `attempt ${attempts}`);
        if (attempts === 1) await step.manager.query(`DO $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = '${state}'; END $$`);
      },
    };
    const workflowId = await publish(custom1('writes'));
    await app.createLead();
    await app.automation.drain();
    expect((await app.runsOf({ workflowId }))[0]).toMatchObject({ status: 'waiting', waiting: [{ reason: 'retry' }] });
    await app.passTime();
    await app.automation.drain();
    expect((await app.runsOf({ workflowId }))[0]).toMatchObject({ status: 'succeeded' });
    expect(await titles()).toEqual(['attempt 2']);
  });

  it('has its statements and its locks limited, as the transactions of many runs have', async () => {
    app = await startAutomationApp({ actions: [custom] });
    const LIMITS = `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock`;
    let own: unknown;
    does = {
      looks: async (step) => {
        [own] = await step.manager.query(LIMITS);
      },
    };
    await publish(custom1('looks', { timeout: 'PT7S' }));
    await app.createLead();
    const around: unknown[] = [];
    aroundTransactions(app, (real, work) =>
      real(async (manager) => {
        const result = await work(manager);
        around.push(...(await manager.query(LIMITS)));
        return result;
      }),
    );
    await app.automation.tick();
    jest.restoreAllMocks();
    // Of its step; of the transaction that routed, and of the one around the step after it.
    expect(own).toEqual({ statement: '7s', lock: '500ms' });
    expect(around).toEqual([
      { statement: '20s', lock: '500ms' },
      { statement: expect.stringMatching(/^(7|20)s$/), lock: '500ms' },
    ]);
  });

  it('keeps no connection that it took besides and forgot, and no transaction that it left open', async () => {
    app = await startAutomationApp({ actions: [custom], database: { poolSize: 4 } });
    const forgotten: QueryRunner[] = [];
    does = {
      forgets: async (step) => {
        await step.manager.queryRunner?.startTransaction();
        await write(step, 'kept');
        const besides = step.manager.connection.manager.connection.createQueryRunner();
        forgotten.push(besides);
        await besides.startTransaction();
        await write({ ...step, manager: besides.manager }, 'lost');
      },
    };
    const workflowId = await publish(custom1('forgets'));
    // More than there are connections.
    for (let count = 0; count < 6; count += 1) {
      await app.createLead();
      await app.automation.drain();
    }
    expect((await app.runsOf({ workflowId })).map(({ status }) => status)).toEqual(Array(6).fill('succeeded'));
    expect(await titles()).toEqual(Array(6).fill('kept'));
    await app.eventually(() => expect(forgotten.map(({ isReleased }) => isReleased)).toEqual(Array(6).fill(true)));
    expect(() => forgotten[0]?.manager.connection.createQueryRunner()).toThrow('The step was over');
  });

  it('is ended by Postgres when the process freezes: what its transaction holds comes free', async () => {
    app = await startAutomationApp({ actions: [custom] });
    let limit: unknown;
    does = {
      looks: async (step) => {
        [limit] = await step.manager.query("SELECT current_setting('idle_in_transaction_session_timeout') AS own");
      },
    };
    await publish(custom1('looks'));
    await app.createLead();
    await app.automation.drain();
    expect(limit).toEqual({ own: '6min' });
  });
});
