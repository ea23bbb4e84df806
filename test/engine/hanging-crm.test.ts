import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { IsOptional } from 'class-validator';
import { type ActionDefinition, defineAction } from '../../src/actions/define-action.js';
import type { CrmHost, CrmTransaction, PlannedChange } from '../../src/host/crm-host.js';
import { limitCrmHost } from '../../src/host/limited-host.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { sampleCrm } from '../support/sample-crm.js';
import { LimitsByHand } from './support/limits-by-hand.js';

const METHODS = [
  ...(['findRecords', 'findUsers', 'findStages', 'findReferenced', 'countOwned'] as const),
  ...(['validate', 'validateTask', 'updateRecords', 'createTasks', 'createNotifications'] as const),
];
type Method = (typeof METHODS)[number];
type Calls = Record<Method, (...args: unknown[]) => Promise<unknown>>;

/** The transaction is the first argument of some methods and the last of others. */
const transactionOf = (args: readonly unknown[]) =>
  args.find((arg) => typeof arg === 'object' && arg !== null && 'manager' in arg) as CrmTransaction;

/** How long a call of the CRM's code may take, and a step in a transaction of its own: until a test has it hang. */
const CALL_MS = 19_000;
const STEP_MS = 18_000;
/** Longer than a workspace is left alone for which the CRM did not answer. */
const A_WHILE_MS = 40 * CALL_MS;
const LIMITED = { timeout: `PT${STEP_MS / 1_000}S` };
const TOUCH = { ...LIMITED, id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 }, retry: { maxAttempts: 1 } };
const NAME = { id: 'name', type: 'change_field', with: { field: 'name', value: 'Eve' }, retry: { maxAttempts: 1 } };
const OWNER = { id: 'owner', type: 'assign_owner', with: { userId: 'u-1' }, retry: { maxAttempts: 1 } };
const STAGE = { id: 'stage', type: 'move_stage', with: { stage: 'Won' }, retry: { maxAttempts: 1 } };
const CALL = { ...LIMITED, id: 'call', type: 'create_task', with: { title: 'Call {{record.name}}' }, retry: { maxAttempts: 1 } };
const TELL = { ...LIMITED, id: 'tell', type: 'send_notification', with: { to: 'u-1', title: 'Hi' }, retry: { maxAttempts: 1 } };
const ACCOUNT = { id: 'account', type: 'change_field', with: { field: 'accountId', value: 'a-1' }, retry: { maxAttempts: 1 } };

class Nothing {
  @IsOptional() nothing?: string;
}
const PATIENT = defineAction({
  type: 'patient',
  label: 'Patient',
  effect: 'local',
  arguments: Nothing,
  execute: async (_, { crm, record }) => void (await crm.update(record!, () => ({ touches: 7 }))),
});

describe("the CRM's own code that never answers", () => {
  let app: AutomationApp;
  let release: () => void;
  let hung: number;
  /** What is asked of the CRM when it hangs; for whom, each test says. */
  let hangs: (method: Method, args: readonly unknown[]) => boolean;
  /** What its code does before it answers or hangs. */
  let before: (method: Method, args: readonly unknown[]) => Promise<void>;
  /** Whether it hangs after it has done what it was asked for. */
  let writesFirst: boolean;
  /** What its code does when it is let go on, long after it was given up. */
  let late: (tx: CrmTransaction) => Promise<unknown>;
  let ends: Promise<unknown>[];
  /** Whether its time runs out as soon as it hangs. */
  let runsOut: boolean;
  let limits: LimitsByHand;

  const start = async (options: { worker?: object; actions?: ActionDefinition[] } = {}) => {
    limits = new LimitsByHand([CALL_MS, STEP_MS]);
    runsOut = true;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    hung = 0;
    writesFirst = false;
    before = async () => undefined;
    hangs = () => false;
    late = async () => undefined;
    ends = [];
    const crm = sampleCrm() as unknown as Partial<Calls>;
    for (const method of METHODS) {
      const real = crm[method]?.bind(crm);
      if (real === undefined) continue;
      const answer = async (args: unknown[], runOut: () => void): Promise<unknown> => {
        await before(method, args);
        if (!hangs(method, args)) return real(...args);
        hung += 1;
        const written = writesFirst ? await real(...args) : null;
        const end = gate.then(() => late(transactionOf(args)));
        ends.push(end.catch(() => undefined));
        if (runsOut) runOut();
        await end;
        return written;
      };
      crm[method] = (...args) => {
        const runOut = limits.next();
        // In a transaction of the step's own it has no limit but the step's.
        return answer(args, () => void (runOut() || limits.runOut(STEP_MS)));
      };
    }
    app = await startAutomationApp({
      crm: crm as unknown as CrmHost,
      limits: { crmCallMs: CALL_MS },
      actions: options.actions ?? [],
      worker: { enabled: false, pollIntervalMs: 100, shutdownGraceMs: 50, ...options.worker },
    });
  };
  /** Our own clock, by which it is told how long ago something hung. */
  const clock = {
    stop(): void {
      const now = performance.now();
      jest.spyOn(performance, 'now').mockReturnValue(now);
    },
    pass(ms: number): void {
      const now = performance.now();
      jest.spyOn(performance, 'now').mockReturnValue(now + ms);
    },
  };
  afterEach(async () => {
    jest.restoreAllMocks();
    release();
    await Promise.all(ends);
    await app.close();
  });

  const publish = async (workspaceId: string, ...steps: object[]) => {
    const admin = { ...ADMIN, workspaceId };
    const definition = { trigger: { type: 'event', module: 'leads', event: 'created' }, steps };
    const { id, problems } = await app.workflows.create({ name: 'Touch', definition: definition as never }, admin);
    expect(problems).toEqual([]);
    await app.workflows.publish(id, admin);
    return id;
  };
  const statuses = () =>
    app.query<{ of: string; status: string; error: string | null }>(
      `SELECT record_id AS of, status, error->>'code' AS error FROM automation.runs ORDER BY record_id, status`,
    );
  const leads = (...ids: string[]) =>
    Promise.all(ids.map((id) => app.createLead({ id, workspaceId: id.startsWith('b') ? 'brook' : 'acme' })));
  const about = (id: string, args: readonly unknown[]) => (args[1] as PlannedChange).before.id === id;
  const ofAcme = (args: readonly unknown[]) => transactionOf(args).workspaceId === 'acme';

  describe('fails the step that asked, with what hung, and leaves its neighbours alone', () => {
    const ways: [string, Method, object, (args: readonly unknown[]) => boolean][] = [
      ['validating one change of many', 'validate', TOUCH, (args) => about('a-hangs', args)],
      ['looking up references', 'findReferenced', ACCOUNT, ofAcme],
      ['looking up an owner', 'findUsers', OWNER, ofAcme],
      ['looking up the stages of a pipeline', 'findStages', STAGE, ofAcme],
      ['reading records', 'findRecords', TOUCH, ofAcme],
      ['writing records', 'updateRecords', TOUCH, ofAcme],
      ['validating a task', 'validateTask', CALL, ofAcme],
      ['writing tasks', 'createTasks', CALL, ofAcme],
    ];
    it.each(ways)('%s', async (_, method, step, isIt) => {
      await start();
      hangs = (asked, args) => asked === method && isIt(args);
      await publish('acme', step);
      await publish('brook', TOUCH);
      await leads('a-hangs', 'b-1', 'b-2');
      if (method === 'validate') await leads('a-fine');
      await app.automation.drain();
      expect(hung).toBeGreaterThan(0);
      const fine = (of: string) => ({ of, status: 'succeeded', error: null });
      expect(await statuses()).toEqual([
        ...(method === 'validate' ? [fine('a-fine')] : []),
        { of: 'a-hangs', status: 'failed', error: expect.stringMatching(/^(crm|step)_timed_out$/) },
        fine('b-1'),
        fine('b-2'),
      ]);
      const [touched] = await app.query('SELECT sum(touches)::int AS touches FROM crm_leads');
      expect(touched).toEqual({ touches: method === 'validate' ? 3 : 2 });
    });
  });

  it('is refused when it goes on in the transaction after its time', async () => {
    await start();
    hangs = (method) => method === 'validate' && hung === 0;
    let refused: unknown;
    late = async ({ manager, workspaceId }) => {
      await manager.query(`INSERT INTO crm_tasks ("workspaceId", title) VALUES ($1, 'late')`, [workspaceId]).catch((error: unknown) => {
        refused = error;
      });
    };
    await publish('acme', { ...TOUCH, onError: 'continue' }, NAME);
    const real = hangs;
    hangs = (method, args) => {
      // The next step's question: now it goes on.
      if (hung > 0) release();
      return real(method, args);
    };
    await leads('a-1');
    await app.automation.drain();
    await Promise.all(ends);
    expect(refused).toMatchObject({ code: 'step_is_over' });
    expect(await app.query('SELECT title FROM crm_tasks')).toEqual([]);
    expect(await statuses()).toEqual([{ of: 'a-1', status: 'succeeded', error: null }]);
  });

  it.each<[string, Method, object, string]>([
    ['changed', 'updateRecords', TOUCH, 'SELECT 1 FROM crm_leads WHERE touches > 0'],
    ['created', 'createTasks', CALL, 'SELECT 1 FROM crm_tasks'],
    ['sent', 'createNotifications', TELL, 'SELECT 1 FROM crm_notifications'],
  ])('leaves nothing of what it had %s before it hung', async (_, method, step, query) => {
    await start();
    hangs = (asked) => asked === method;
    writesFirst = true;
    await publish('acme', step);
    await leads('a-1', 'a-2');
    await app.automation.drain();
    expect((await statuses()).map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(await app.query(query)).toEqual([]);
  });

  it('is asked for no neighbour in the transactions of a workspace for which it hung, for a while', async () => {
    await start();
    clock.stop();
    let dumb = true;
    const asked: { workspaceId: string; transaction: string }[] = [];
    hangs = (method, args) => method === 'validate' && ofAcme(args) && dumb;
    before = async (method, args) => {
      const { manager, workspaceId } = transactionOf(args);
      if (method !== 'validate' || dumb) return;
      const [row] = (await manager.query('SELECT txid_current() AS id')) as { id: string }[];
      asked.push({ workspaceId, transaction: String(row?.id) });
    };
    await publish('acme', { ...TOUCH, retry: { maxAttempts: 2 } });
    await publish('brook', TOUCH);
    await publish('brook', { id: 'wait', type: 'delay', for: 'PT1H' }, NAME);
    await leads('a-1', 'b-1');
    await app.automation.drain();
    expect(hung).toBe(1);
    dumb = false;
    // Some by the router, others by whoever claims them.
    await leads('a-2', 'b-2');
    await app.passTime();
    await app.automation.drain();
    expect((await statuses()).map(({ of, status }) => [of, status])).toEqual([
      ['a-1', 'succeeded'],
      ['a-2', 'succeeded'],
      ...[...Array(2).fill(['b-1', 'succeeded']), ['b-2', 'succeeded'], ['b-2', 'waiting']],
    ]);
    const transactionsOf = (workspace: string) =>
      asked.flatMap(({ workspaceId, transaction }) => (workspaceId === workspace ? [transaction] : []));
    expect(transactionsOf('acme')).toHaveLength(2);
    expect(transactionsOf('brook')).toHaveLength(2);
    expect(transactionsOf('acme').filter((one) => transactionsOf('brook').includes(one))).toEqual([]);
  });

  it('costs its neighbours nothing that they had written when it has spoiled the transaction before', async () => {
    await start();
    hangs = (method, args) => method === 'validate' && ofAcme(args);
    before = async (method, args) => {
      if (hangs(method, args))
        await transactionOf(args)
          .manager.query('SELECT 1/0')
          .catch(() => undefined);
    };
    await publish('acme', TOUCH);
    await publish('brook', TOUCH);
    await leads('a-1', 'b-1');
    await app.automation.drain();
    expect(await statuses()).toMatchObject([
      { of: 'a-1', status: 'failed' },
      { of: 'b-1', status: 'succeeded' },
    ]);
    expect(await app.query('SELECT id FROM crm_leads WHERE touches > 0')).toEqual([{ id: 'b-1' }]);
  });

  it('has as long as the step in a transaction of its own', async () => {
    await start({ actions: [PATIENT] });
    let asked = 0;
    before = async (method, args) => {
      if (method !== 'validate') return;
      asked += 1;
      await new Promise(setImmediate);
      // Answers once a call that has the limit of a shared transaction, and began later, was given up.
      const limited = limitCrmHost(Object.assign(sampleCrm(), { validate: () => new Promise<never>(() => undefined) }), CALL_MS);
      const hanging = limited.validate?.('leads', args[1] as PlannedChange, transactionOf(args));
      limits.runOut(CALL_MS);
      await expect(hanging).rejects.toMatchObject({ code: 'crm_timed_out' });
    };
    await publish('acme', { id: 'patient', type: 'patient', with: {} });
    await leads('a-1');
    await app.automation.drain();
    expect(asked).toBe(1);
    expect(await statuses()).toEqual([{ of: 'a-1', status: 'succeeded', error: null }]);
  });

  describe('when records are read for conditions', () => {
    const byId = (id: string, workspaceId: string) =>
      app.automation.publish({ workspaceId, module: 'leads', event: 'created', recordId: id });

    it('lets the events of its neighbours pass, and routes its own when it answers again', async () => {
      await start();
      clock.stop();
      const dumb = new Set(['acme']);
      hangs = (method, args) => method === 'findRecords' && dumb.has(transactionOf(args).workspaceId);
      await publish('acme', TOUCH);
      await publish('brook', TOUCH);
      await app.query(
        `INSERT INTO crm_leads (id, "workspaceId", name) VALUES ('a-1', 'acme', 'Ada'), ('b-1', 'brook', 'Bo'), ('b-2', 'brook', 'Cy')`,
      );
      await byId('a-1', 'acme');
      await byId('b-1', 'brook');
      await app.automation.drain();
      expect(await statuses()).toEqual([{ of: 'b-1', status: 'succeeded', error: null }]);
      // Left alone for a while: the next ones do not wait for it.
      await byId('b-2', 'brook');
      await app.automation.drain();
      expect(hung).toBe(1);
      expect((await statuses()).map(({ of }) => of)).toEqual(['b-1', 'b-2']);
      expect(await app.query(`SELECT error FROM automation.events WHERE routed_at IS NULL`)).toEqual([{ error: null }]);
      dumb.clear();
      clock.pass(A_WHILE_MS);
      await app.automation.drain();
      expect((await statuses()).map(({ of }) => of)).toEqual(['a-1', 'b-1', 'b-2']);
    });
  });

  it('lets what is due of other modules of the workspace start, however much it does not answer about', async () => {
    await start();
    clock.stop();
    await app.query(
      `INSERT INTO crm_tasks ("workspaceId", title, "dueAt") SELECT 'acme', 'Call', now() + interval '1 hour' FROM generate_series(1, 500)`,
    );
    await app.query(
      `INSERT INTO crm_leads (id, "workspaceId", name, "createdAt") VALUES ('a-1', 'acme', 'Ada', now() + interval '1 hour')`,
    );
    const date = (module: string, field: string) => ({
      trigger: { type: 'date', module, field, offset: 'PT1M' },
      steps: [{ id: 'tell', type: 'send_notification', with: { to: ['u-1'], title: 'Due' } }],
    });
    await app.publishWorkflow(date('tasks', 'dueAt'));
    await app.publishWorkflow(date('leads', 'createdAt'));
    await app.automation.drain();
    hangs = (method, args) => method === 'findRecords' && args[1] === 'tasks';
    await app.query(`UPDATE crm_tasks SET "dueAt" = "dueAt" - interval '3 hours'`);
    await app.query(`UPDATE crm_leads SET "createdAt" = "createdAt" - interval '2 hours'`);
    await app.query(
      `UPDATE automation.date_triggers SET due_at = due_at - (CASE module WHEN 'tasks' THEN 3 ELSE 2 END) * interval '1 hour'`,
    );
    await app.automation.drain();
    expect(await statuses()).toEqual([{ of: 'a-1', status: 'succeeded', error: null }]);
    expect(hung).toBe(1);
    hangs = () => false;
    clock.pass(A_WHILE_MS);
    await app.automation.drain();
    expect(await app.query('SELECT 1 FROM automation.date_triggers')).toEqual([]);
  });

  describe('does not keep the process from stopping', () => {
    it.each<[string, Method, () => Promise<unknown>]>([
      ['in a step', 'validate', () => leads('a-1')],
      [
        'in routing',
        'findRecords',
        () => app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', recordId: 'a-1' }),
      ],
    ])('%s', async (_, method, begin) => {
      await start({ worker: { enabled: true } });
      runsOut = false;
      hangs = (asked) => asked === method;
      await publish('acme', TOUCH);
      await begin();
      await app.eventually(() => expect(hung).toBe(1));
      await app.module.close();
      expect(await statuses()).toEqual([]);
      expect(await app.query('SELECT routed_at FROM automation.events')).toEqual([{ routed_at: null }]);
    });
  });
});
