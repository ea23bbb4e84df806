import { afterEach, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction, type OwnTransactionStep } from '../../src/actions/define-action.js';
import { Automation } from '../../src/engine/automation.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Task } from '../support/sample-crm.js';

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
const GIVEN_UP = { timeout: 'PT0.05S', retry: { maxAttempts: 1 }, onError: 'continue' };

describe("a host's action in a transaction of its own", () => {
  let app: AutomationApp;
  afterEach(() => app.close());
  const publish = (...steps: object[]) => app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps });
  const titles = async () => (await app.query<{ title: string }>('SELECT title FROM crm_tasks ORDER BY title')).map(({ title }) => title);

  it.each([
    ['plainly', (step: OwnTransactionStep, wait: Promise<void>) => wait.then(() => write(step, 'late'))],
    [
      'inside a nested transaction',
      (step: OwnTransactionStep, wait: Promise<void>) =>
        step.manager.transaction(async (manager) => {
          await write({ ...step, manager }, 'early');
          await wait;
          await write({ ...step, manager }, 'late');
        }),
    ],
  ])('can write nothing more once it was given up, even while its transaction goes on (%s)', async (_, hanging) => {
    let release = (): void => undefined;
    const wait = new Promise<void>((resolve) => {
      release = resolve;
    });
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
        release();
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
    app = await startAutomationApp({ actions: [custom], worker: { enabled: true }, database: { poolSize: 4 } });
    const hanging: (() => void)[] = [];
    does = { hangs: () => new Promise<void>((resolve) => hanging.push(resolve)) };
    await publish(custom1('hangs'));
    await Promise.all(Array.from({ length: 12 }, () => app.createLead()));
    await app.eventually(() => expect(hanging).toHaveLength(2));
    const local = await app.publishWorkflow({
      trigger: { type: 'event', module: 'accounts', event: 'created' },
      steps: [{ id: 'task', type: 'create_task', with: { title: 'neighbour' } }],
    });
    await app.automation.publish({ workspaceId: 'acme', module: 'accounts', event: 'created', record: { id: 'a-1', name: 'Acme' } });
    await app.eventually(async () => expect((await app.runsOf({ workflowId: local }))[0]?.status).toBe('succeeded'));
    expect(hanging).toHaveLength(2);
    await app.eventually(async () => {
      for (const end of hanging.splice(0)) end();
      const [open] = await app.query("SELECT count(*)::int AS runs FROM automation.runs WHERE status <> 'succeeded'");
      expect(open).toEqual({ runs: 0 });
    });
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
