import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction, type LocalStep, type OwnTransactionStep } from '../../src/actions/define-action.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Task } from '../support/sample-crm.js';
import { LimitsByHand } from './support/limits-by-hand.js';

class Title {
  @IsString() title!: string;
}

/** What the actions do by their title; each test sets it. */
let own: Record<string, (step: OwnTransactionStep) => Promise<unknown>>;
let shared: Record<string, (step: LocalStep) => Promise<unknown>>;
let outside: Record<string, () => Promise<unknown>>;

const ACTIONS = [
  defineAction({
    type: 'own_work',
    label: 'Own work',
    effect: 'local',
    arguments: Title,
    execute: async ({ title }, step) => void (await own[title]?.(step)),
  }),
  defineAction({
    type: 'shared_work',
    label: 'Shared work',
    effect: 'local',
    transaction: 'shared',
    arguments: Title,
    execute: async ({ title }, step) => void (await shared[title]?.(step)),
  }),
  defineAction({
    type: 'outside_work',
    label: 'Outside work',
    effect: 'external',
    arguments: Title,
    execute: async ({ title }) => void (await outside[title]?.()),
  }),
];

/** Something that never ends until the test says so. */
class Hang {
  begun = 0;
  private readonly ends: (() => void)[] = [];

  /** Hangs. */
  now(): Promise<void> {
    this.begun += 1;
    return new Promise((resolve) => this.ends.push(resolve));
  }

  end(): void {
    for (const end of this.ends.splice(0)) end();
  }
}

const task = (title: string) => ({ title, description: null, assigneeId: null, dueAt: null, priority: null, record: null });
const work = (type: string, title: string, more: object = {}) => ({ id: title, type, with: { title }, ...more });
/** Runs out when the step hangs. */
const STEP_MS = 18_000;
const LIMITED = { timeout: `PT${STEP_MS / 1_000}S`, retry: { maxAttempts: 2 } };
/** So short that the test need not wait; whatever else it stops is tried again. */
const SHORT = { timeout: 'PT0.5S', retry: { maxAttempts: 20 } };
const LONG = { timeout: 'PT5M' };

describe("a host's action that hangs", () => {
  let app: AutomationApp;
  let hang: Hang;
  let limits: LimitsByHand;
  const start = async (worker: object = {}) => {
    hang = new Hang();
    limits = new LimitsByHand([STEP_MS]);
    own = {};
    shared = {};
    outside = {};
    app = await startAutomationApp({ actions: ACTIONS, worker: { enabled: true, pollIntervalMs: 100, shutdownGraceMs: 50, ...worker } });
  };
  afterEach(async () => {
    jest.restoreAllMocks();
    hang.end();
    await app.close();
  });

  /** Hangs until its time has run out, which it has at once. */
  const hangsTooLong = (): Promise<void> => {
    limits.runOut(STEP_MS);
    return hang.now();
  };
  /** A workflow of the workspace that starts by an event of its own name. */
  const publish = async (workspaceId: string, name: string, ...steps: object[]) => {
    const admin = { ...ADMIN, workspaceId };
    const definition = {
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { field: 'source', operator: 'equals', value: name },
      steps,
    };
    const { id, problems } = await app.workflows.create({ name, definition: definition as never }, admin);
    expect(problems).toEqual([]);
    await app.workflows.publish(id, admin);
    return id;
  };
  const begin = (workspaceId: string, name: string, count = 1) =>
    Promise.all(Array.from({ length: count }, () => app.createLead({ workspaceId, source: name })));
  const statuses = async (workflowId: string) =>
    Object.fromEntries(
      (
        await app.query<{ status: string; count: number }>(
          'SELECT status, count(*)::int AS count FROM automation.runs WHERE workflow_id = $1 GROUP BY status',
          [workflowId],
        )
      ).map(({ status, count }) => [status, count]),
    );
  const tasks = async () => (await app.query<{ title: string }>('SELECT title FROM crm_tasks ORDER BY title')).map(({ title }) => title);
  /** Transactions that the module has open. */
  const transactions = () =>
    app.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'nestjs-crm-automation'
         AND xact_start IS NOT NULL`,
    );
  const write = (step: OwnTransactionStep, title: string) =>
    step.manager.getRepository(Task).save({ workspaceId: step.workspaceId, title, recordId: step.record?.id ?? null });
  const sleeps = (step: OwnTransactionStep) => {
    hang.begun += 1;
    return step.manager.query('SELECT pg_sleep(600)');
  };

  describe('keeps nobody of another workspace waiting', () => {
    const ways: [string, string, (step: OwnTransactionStep) => Promise<unknown>, number][] = [
      ['its own transaction open, and never resolves', 'own_work', () => hang.now(), 2],
      ['its own transaction in a statement', 'own_work', (step) => sleeps(step), 2],
      ['a shared transaction open, and never resolves', 'shared_work', () => hang.now(), 2],
      ['a call to the outside open', 'outside_work', () => hang.now(), 2],
    ];
    it.each(ways)('while it holds %s', async (_, type, hangs, begun) => {
      await start({ concurrency: 2 });
      own = { hangs, works: (step) => write(step, 'own') };
      shared = { hangs: hangs as never, works: ({ crm }) => crm.createTask(task('shared')) };
      outside = { hangs: hangs as never, works: async () => undefined };
      const limit = type === 'shared_work' ? {} : LONG;
      const hanging = await publish('acme', 'Hangs', work(type, 'hangs', limit));
      const fine = await publish(
        'brook',
        'Fine',
        { id: 'ours', type: 'create_task', with: { title: 'ours' } },
        { ...work('own_work', 'works'), id: 'own' },
        { ...work('shared_work', 'works'), id: 'shared' },
        { ...work('outside_work', 'works'), id: 'outside' },
      );
      await begin('acme', 'Hangs', 8);
      await app.eventually(() => expect(hang.begun).toBeGreaterThanOrEqual(begun));
      await begin('brook', 'Fine', 6);
      await app.eventually(async () => expect(await statuses(fine)).toEqual({ succeeded: 6 }));
      // All of that while it hung.
      expect(await statuses(hanging)).not.toHaveProperty('succeeded');
      expect(await tasks()).toEqual(['ours', 'own', 'shared'].flatMap((title) => Array(6).fill(title)));
    });

    it('and leaves others as many transactions of their own as they have alone', async () => {
      await start();
      own = { hangs: () => hang.now() };
      await publish('acme', 'Hangs', work('own_work', 'hangs', LONG));
      await publish('brook', 'Hangs', work('own_work', 'hangs', LONG));
      await begin('acme', 'Hangs', 8);
      await app.eventually(() => expect(hang.begun).toBe(2));
      await begin('brook', 'Hangs', 8);
      await app.eventually(() => expect(hang.begun).toBe(4));
    });
  });

  describe('fails its step and is tried again', () => {
    const gone = async () => expect(await transactions()).toEqual([]);
    const succeeds = (workflowId: string) =>
      app.eventually(async () => {
        await app.passTime();
        expect(await statuses(workflowId)).toEqual({ succeeded: 1 });
      });

    it.each([
      ['in a transaction of its own', 'own_work'],
      ['in a shared one', 'shared_work'],
    ])('when it never resolves %s', async (_, type) => {
      await start();
      let calls = 0;
      const once = async (): Promise<void> => {
        calls += 1;
        if (calls === 1) await hangsTooLong();
      };
      own = { hangs: once };
      shared = { hangs: once };
      const workflowId = await publish('acme', 'Hangs', work(type, 'hangs', LIMITED));
      await begin('acme', 'Hangs');
      await succeeds(workflowId);
      await app.eventually(gone);
      const [run] = await app.runsOf({ workflowId });
      expect(run?.steps.map(({ status, error }) => [status, error?.code])).toEqual([
        ['failed', 'step_timed_out'],
        ['succeeded', undefined],
      ]);
    });

    it('when its statement hangs: the database ends it, and the connection can be used again', async () => {
      await start();
      let calls = 0;
      own = {
        hangs: async (step) => {
          calls += 1;
          await write(step, `attempt ${calls}`);
          if (calls === 1) await sleeps(step);
        },
      };
      const workflowId = await publish('acme', 'Hangs', work('own_work', 'hangs', SHORT));
      await begin('acme', 'Hangs');
      await succeeds(workflowId);
      await app.eventually(gone);
      const steps = (await app.runsOf({ workflowId }))[0]?.steps ?? [];
      expect(steps.map(({ status }) => status)).toEqual([...Array(steps.length - 1).fill('failed'), 'succeeded']);
      expect(steps[0]?.error?.code).toMatch(/^(database_error|step_timed_out)$/);
      expect(hang.begun).toBe(1);
      expect(await tasks()).toEqual([`attempt ${calls}`]);
    });

    it('when it waits for a lock of the CRM', async () => {
      await start();
      own = { locks: (step) => step.manager.query('SELECT 1 FROM crm_leads WHERE id = $1 FOR UPDATE', [step.record?.id]) };
      const workflowId = await publish('acme', 'Locks', work('own_work', 'locks', { retry: { maxAttempts: 2 } }));
      const crm = app.source.createQueryRunner();
      await crm.startTransaction();
      try {
        const event = { workspaceId: 'acme', module: 'leads', event: 'created', record: { id: 'l-1', source: 'Locks' } };
        await app.query(`INSERT INTO crm_leads (id, "workspaceId", name) VALUES ('l-1', 'acme', 'Ada')`);
        await crm.query(`SELECT 1 FROM crm_leads WHERE id = 'l-1' FOR UPDATE`);
        await app.automation.publish(event);
        await app.eventually(async () => expect((await app.runsOf({ workflowId }))[0]?.steps[0]?.status).toBe('failed'));
      } finally {
        await crm.rollbackTransaction();
        await crm.release();
      }
      await succeeds(workflowId);
      const [run] = await app.runsOf({ workflowId });
      expect(run?.steps[0]?.error).toMatchObject({ code: 'database_error', details: { sqlState: '55P03' } });
    });
  });

  it('and that goes on writing in a shared transaction after its time is refused, and nothing of it commits', async () => {
    await start({ enabled: false });
    let refused: unknown;
    let gone: Promise<unknown> = Promise.resolve();
    const late = async ({ crm }: LocalStep): Promise<void> => {
      await hangsTooLong();
      await crm.createTask(task('late'));
    };
    shared = {
      hangs: (step) => {
        const work = late(step);
        gone = work.catch((error: unknown) => {
          refused = error;
        });
        return work;
      },
      after: async ({ crm }) => {
        hang.end();
        await gone;
        await crm.createTask(task('after'));
      },
    };
    const given = { ...LIMITED, retry: { maxAttempts: 1 }, onError: 'continue' };
    const workflowId = await publish('acme', 'Late', work('shared_work', 'hangs', given), work('shared_work', 'after'));
    await begin('acme', 'Late');
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.steps.map(({ path, status, error }) => [path, status, error?.code])).toEqual([
      ['hangs', 'failed', 'step_timed_out'],
      ['after', 'succeeded', undefined],
    ]);
    expect(refused).toMatchObject({ code: 'step_is_over' });
    expect(await tasks()).toEqual(['after']);
  });

  it('for longer than a shared transaction stays open has one of its own from the start', async () => {
    await start({ enabled: false });
    const seen: boolean[] = [];
    const look = async (step: LocalStep): Promise<void> => {
      seen.push('manager' in step);
    };
    shared = { short: look, long: look };
    const workflowId = await publish('acme', 'Long', work('shared_work', 'short'), work('shared_work', 'long', LONG));
    await begin('acme', 'Long');
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual({ succeeded: 1 });
    // Only a transaction of its own has a manager to lend.
    expect(seen).toEqual([false, true]);
  });

  describe('does not keep the process from stopping', () => {
    const ways: [string, string, (step: OwnTransactionStep) => Promise<unknown>][] = [
      ['in a transaction of its own', 'own_work', () => hang.now()],
      ['in a statement', 'own_work', (step) => sleeps(step)],
      ['in a shared transaction', 'shared_work', () => hang.now()],
      ['outside', 'outside_work', () => hang.now()],
    ];
    it.each(ways)('%s', async (_, type, hangs) => {
      await start();
      let ended = false;
      const watched = async (step: OwnTransactionStep): Promise<void> => {
        await hangs(step);
        ended = true;
      };
      own = { hangs: watched };
      shared = { hangs: watched as never };
      outside = { hangs: watched as never };
      const workflowId = await publish('acme', 'Hangs', work(type, 'hangs', type === 'shared_work' ? {} : LONG));
      await begin('acme', 'Hangs');
      await app.eventually(() => expect(hang.begun).toBe(1));
      await app.module.close();
      expect(ended).toBe(false);
      // Whoever comes next has it at once. A call that was made may have arrived.
      expect(await statuses(workflowId)).toEqual({ queued: 1 });
    });

    it('beside a database that answers nothing any more', async () => {
      await start();
      own = { hangs: () => hang.now() };
      const workflowId = await publish('acme', 'Hangs', work('own_work', 'hangs', LONG));
      await begin('acme', 'Hangs');
      await app.eventually(() => expect(hang.begun).toBe(1));
      const other = app.source.createQueryRunner();
      await other.startTransaction();
      await other.query('LOCK TABLE automation.runs, automation.events IN ACCESS EXCLUSIVE MODE');
      await app.module.close();
      await other.rollbackTransaction();
      await other.release();
      expect(await statuses(workflowId)).toEqual({ running: 1 });
    });
  });
});
