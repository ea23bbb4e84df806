import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { type EndedWait, WAIT_CLOSERS, type WaitCloser } from '../../src/engine/running/ended-waits.js';
import { type Advance, RunAdvancer } from '../../src/engine/running/run-advancer.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { STEP_SETTINGS, type StepTransaction } from '../../src/engine/running/step-transaction.js';
import { Inbox } from '../../src/engine/waits/inbox.js';
import { TELL_TIME } from '../../src/store/clock.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { FarSide } from './support/far-side.js';
import { aroundTransactions, connectionLoss } from './support/transactions.js';

class Nothing {
  @IsString() what!: string;
}

/** What the host's action `custom` does, each time; each test sets it. */
let custom: () => Promise<unknown>;
const customAction = defineAction({
  type: 'custom',
  label: 'Custom',
  effect: 'local',
  arguments: Nothing,
  execute: async () => {
    await custom();
  },
});

const DELAY = (id: string) => ({ id, type: 'delay', for: 'P1D' });
const task = (title: string) => ({ id: 'task', type: 'create_task', with: { title } });
const CALL = { id: 'call', type: 'call', with: { to: 'them' } };
const CUSTOM = { id: 'custom', type: 'custom', with: { what: 'it' } };
/** What steps that wait for a call want of the application. */
const LINKS = { publicUrl: 'https://crm.acme.test', secret: 'a secret of no less than 32 characters' };
const ANSWER = { runId: null, status: 'succeeded', output: { said: 'yes' } };

describe('answers from outside', () => {
  let app: AutomationApp;
  let far: FarSide;
  let others: AutomationApp[];
  /** Waits for a run that never ends by itself: its answer is given by hand. */
  let sub: object;
  beforeEach(async () => {
    far = new FarSide();
    others = [];
    app = await start();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const other of others) await other.close();
    await app.close();
  });

  /** Starts the app, with the workflow that steps `sub` wait for. */
  const start = async (worker: object = { enabled: false, leaseMs: 600_000 }): Promise<AutomationApp> => {
    const started = await startAutomationApp({ actions: [far.action, customAction], worker, ...LINKS });
    const never = await started.publishWorkflow({ trigger: { type: 'manual' }, steps: [DELAY('never')] }, 'Never');
    sub = { id: 'sub', type: 'run_workflow', workflow: never, wait: true };
    return started;
  };
  const otherProcess = async (): Promise<AutomationApp> => {
    const other = await startAutomationApp({ actions: [far.action, customAction], ...LINKS }, { database: app.database });
    others.push(other);
    return other;
  };
  const publish = (...steps: object[]) =>
    app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps }, 'Waits');
  const runOf = async (workflowId: string) => {
    const [run] = await app.runsOf({ workflowId });
    return { id: run?.id ?? '', status: run?.status, steps: run?.steps.map(({ path, status }) => `${path} ${status}`) };
  };
  const answer = (runId: string, path = 'sub', from = app) =>
    from.module.get(Inbox).answer({ workspaceId: 'acme', runId, path, attempt: 1 }, ANSWER);
  /** Has another process take an answer when the run was advanced this far: behind the read of its inbox, before its progress is written. */
  const answerWhen = async (
    path: string,
    kind: Advance['kind'],
    transaction: StepTransaction['kind'],
    give?: () => Promise<unknown>,
  ): Promise<unknown[]> => {
    const deliveries: unknown[] = [];
    const other = await otherProcess();
    const advancer = app.module.get(RunAdvancer);
    const advance = advancer.advance.bind(advancer);
    jest.spyOn(advancer, 'advance').mockImplementation(async (run, tx) => {
      const advanced = await advance(run, tx);
      const isNow = advanced.kind === kind && tx.kind === transaction && deliveries.length === 0;
      if (isNow) deliveries.push(await (give?.() ?? answer(run.id, path, other)));
      return advanced;
    });
    return deliveries;
  };

  it('end the wait of a parked run, the first of them alone; what comes later is told so', async () => {
    const workflowId = await publish(sub, DELAY('cool'));
    await app.createLead();
    await app.automation.drain();
    const { id, status } = await runOf(workflowId);
    expect(status).toBe('waiting');
    expect(await answer(id)).toBe('taken');
    expect((await runOf(workflowId)).status).toBe('queued');
    expect(await answer(id)).toBe('repeated');
    await app.automation.drain();
    expect(await runOf(workflowId)).toMatchObject({ status: 'waiting', steps: ['sub succeeded', 'cool waiting'] });
    expect((await app.runs.get(id, ADMIN)).steps[0]?.output).toEqual(ANSWER);
    expect(await answer(id)).toBe('late');
    await app.automation.drain();
    expect(await runOf(workflowId)).toMatchObject({ status: 'waiting', steps: ['sub succeeded', 'cool waiting'] });
    await app.passTime();
    await app.automation.drain();
    expect((await runOf(workflowId)).status).toBe('succeeded');
    expect(await answer(id)).toBe('over');
    expect(await answer('00000000-0000-7000-8000-000000000000')).toBe('over');
  });

  it('that come before the wait are kept until it begins: for a run that is parked elsewhere', async () => {
    const workflowId = await publish(DELAY('cool'), sub, task('done'));
    await app.createLead();
    await app.automation.drain();
    const { id } = await runOf(workflowId);
    expect(await answer(id)).toBe('taken');
    await app.automation.drain();
    expect(await runOf(workflowId)).toMatchObject({ status: 'waiting', steps: ['cool waiting'] });
    expect(await answer(id)).toBe('repeated');
    await app.automation.drain();
    await app.query('UPDATE automation.step_executions SET wake_at = now()');
    await app.query('UPDATE automation.runs SET due_at = now() WHERE id = $1', [id]);
    await app.automation.drain();
    expect(await runOf(workflowId)).toMatchObject({ status: 'succeeded', steps: ['cool succeeded', 'sub succeeded', 'task succeeded'] });
  });

  it('that come before the wait are kept until it begins: for a run whose call is under way', async () => {
    const workflowId = await publish(CALL, sub, task('done'));
    await app.createLead();
    const driving = app.automation.drain();
    await far.arrived('them');
    expect(await answer((await runOf(workflowId)).id)).toBe('taken');
    far.answer('them');
    await driving;
    expect(await runOf(workflowId)).toMatchObject({ status: 'succeeded', steps: ['call succeeded', 'sub succeeded', 'task succeeded'] });
  });

  const besideACall = () =>
    publish({
      id: 'both',
      type: 'parallel',
      branches: [
        { name: 'a', steps: [CALL] },
        { name: 'b', steps: [sub, task('heard')] },
      ],
    });
  const HEARD = ['both.b.sub succeeded', 'both.a.call running', 'both.b.task succeeded'];
  const heard = (workflowId: string) =>
    app.eventually(async () => {
      const { status, steps } = await runOf(workflowId);
      expect(status).toBe('running');
      expect(steps?.sort()).toEqual([...HEARD].sort());
    });

  it('are heard at once by a run that this process holds for a call of another branch', async () => {
    const workflowId = await besideACall();
    await app.createLead();
    const driving = app.automation.drain();
    await far.arrived('them');
    expect(await answer((await runOf(workflowId)).id, 'both.b.sub')).toBe('taken');
    await heard(workflowId);
    far.answer('them');
    await driving;
    expect((await runOf(workflowId)).status).toBe('succeeded');
    expect(far.calls).toHaveLength(1);
  });

  it('that another process has taken are heard by the holder at its heartbeat', async () => {
    const workflowId = await besideACall();
    await app.createLead();
    const driving = app.automation.drain();
    await far.arrived('them');
    expect(await answer((await runOf(workflowId)).id, 'both.b.sub', await otherProcess())).toBe('taken');
    await app.module.get(RunDriver).heartbeat();
    await heard(workflowId);
    far.answer('them');
    await driving;
    expect((await runOf(workflowId)).status).toBe('succeeded');
  });

  it('that another process has taken are heard by the holder at once, without a poll or the time of a heartbeat', async () => {
    await app.close();
    app = await start({ enabled: true, pollIntervalMs: 60_000, leaseMs: 600_000 });
    const workflowId = await besideACall();
    await app.createLead();
    await far.arrived('them');
    expect(await answer((await runOf(workflowId)).id, 'both.b.sub', await otherProcess())).toBe('taken');
    await heard(workflowId);
    far.answer('them');
    await app.eventually(async () => expect((await runOf(workflowId)).status).toBe('succeeded'));
  });

  it.each([
    ['had read them', connectionLoss(), true],
    ['was about to read them', new Error('refused'), false],
  ])('are not lost with a transaction that %s', async (_, error, readsFirst) => {
    const workflowId = await besideACall();
    await app.createLead();
    const driving = app.automation.drain();
    await far.arrived('them');
    const { id } = await runOf(workflowId);
    // The first that advances runs: it takes the answer.
    let advances = 0;
    aroundTransactions(app, async (real, work, _nth, settings) => {
      const isAdvance = settings === `${STEP_SETTINGS.shared}; ${TELL_TIME}`;
      if (isAdvance) advances += 1;
      if (!isAdvance || advances !== 1) return real(work);
      return real(async (manager) => {
        if (readsFirst) await work(manager);
        throw error;
      });
    });
    expect(await answer(id, 'both.b.sub')).toBe('taken');
    await heard(workflowId);
    far.answer('them');
    await driving;
    expect((await runOf(workflowId)).status).toBe('succeeded');
  });

  it('that come as the run is about to end keep it from ending without them', async () => {
    const workflowId = await publish({ ...sub, onError: 'continue' }, task('used'));
    await app.createLead();
    await app.automation.drain();
    const { id } = await runOf(workflowId);
    // Older than a run may be: it is claimed to be failed for that.
    await app.query("UPDATE automation.runs SET started_at = now() - interval '400 days', due_at = now() WHERE id = $1", [id]);
    const deliveries = await answerWhen('sub', 'finished', 'shared');
    await app.automation.drain();
    expect(deliveries).toEqual(['taken']);
    const run = await runOf(workflowId);
    expect(run.steps?.[0]).toBe('sub succeeded');
  });

  it('that come as the run is about to be parked have it go on instead', async () => {
    const workflowId = await publish(DELAY('cool'), sub, task('used'));
    await app.createLead();
    await app.automation.drain();
    const { id } = await runOf(workflowId);
    await app.query('UPDATE automation.step_executions SET wake_at = now() WHERE run_id = $1', [id]);
    await app.query('UPDATE automation.runs SET due_at = now() WHERE id = $1', [id]);
    const deliveries = await answerWhen('sub', 'parked', 'shared');
    await app.automation.tick();
    expect(deliveries).toEqual(['taken']);
    expect(await runOf(workflowId)).toMatchObject({ status: 'queued', steps: ['cool succeeded', 'sub waiting'] });
    await app.automation.drain();
    expect(await runOf(workflowId)).toMatchObject({ status: 'succeeded', steps: ['cool succeeded', 'sub succeeded', 'task succeeded'] });
  });

  it('that come as the run is about to end in a transaction of its own have it advanced anew, whose effects happen once', async () => {
    const workflowId = await publish({
      id: 'either',
      type: 'parallel',
      join: 'any',
      branches: [
        { name: 'a', steps: [CUSTOM] },
        { name: 'b', steps: [sub] },
      ],
    });
    let times = 0;
    custom = async () => {
      times += 1;
    };
    await app.createLead();
    const deliveries = await answerWhen('either.b.sub', 'finished', 'own');
    await app.automation.drain();
    expect(deliveries).toEqual(['taken']);
    expect(times).toBe(2);
    const { status, steps } = await runOf(workflowId);
    expect([status, steps?.sort()]).toEqual(['succeeded', ['either.a.custom succeeded', 'either.b.sub succeeded']]);
  });

  const ASK = { id: 'ask', type: 'wait_for_webhook', expiresIn: 'PT1H', onExpiry: 'continue' };
  const expire = async (runId: string): Promise<void> => {
    await app.query("UPDATE automation.step_executions SET wake_at = now() WHERE run_id = $1 AND status = 'waiting'", [runId]);
    await app.query('UPDATE automation.runs SET due_at = now() WHERE id = $1', [runId]);
  };
  /** Begins the transaction of an answer, in time by the clock; returns what gives the answer and commits. */
  const answerBegunBefore = async (runId: string): Promise<() => Promise<unknown>> => {
    const runner = app.source.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT now()');
    return async () => {
      const address = { workspaceId: 'acme', runId, path: 'ask', attempt: 1 };
      const delivery = await app.module.get(Inbox).answerIn(runner.manager, address, { body: { word: 'yes' } });
      await runner.commitTransaction();
      await runner.release();
      return delivery;
    };
  };
  const askedOf = async (runId: string) => (await app.runs.get(runId, ADMIN)).steps.find(({ path }) => path.endsWith('ask'))?.output;

  it('that come when their time is up by the clock are late, though nobody has noted it', async () => {
    const workflowId = await publish(ASK);
    await app.createLead();
    await app.automation.drain();
    const { id } = await runOf(workflowId);
    await expire(id);
    expect(await answer(id, 'ask')).toBe('late');
    await app.automation.drain();
    expect((await runOf(workflowId)).status).toBe('succeeded');
    expect(await askedOf(id)).toMatchObject({ expired: true });
  });

  it('that come as the time of their wait is found to be over are used, where the run parks again', async () => {
    const workflowId = await publish({ ...ASK, expiresIn: 'PT1H' }, DELAY('cool'));
    await app.createLead();
    await app.automation.drain();
    const { id } = await runOf(workflowId);
    const deliveries = await answerWhen('ask', 'parked', 'shared', await answerBegunBefore(id));
    await expire(id);
    await app.automation.drain();
    expect(deliveries).toEqual(['taken']);
    expect(await runOf(workflowId)).toMatchObject({ status: 'waiting', steps: ['ask succeeded', 'cool waiting'] });
    expect(await askedOf(id)).toMatchObject({ expired: false });
  });

  it('that come as the time of their wait is found to be over are used, where the run is held for a call', async () => {
    const workflowId = await publish(ASK, CALL);
    await app.createLead();
    await app.automation.drain();
    const { id } = await runOf(workflowId);
    const deliveries = await answerWhen('ask', 'held', 'shared', await answerBegunBefore(id));
    await expire(id);
    const driving = app.automation.drain();
    await far.arrived('them');
    far.answer('them');
    await driving;
    expect(deliveries).toEqual(['taken']);
    expect((await runOf(workflowId)).status).toBe('succeeded');
    expect(await askedOf(id)).toMatchObject({ expired: false });
  });

  describe('close what their waits have opened', () => {
    const closed: EndedWait[] = [];
    beforeEach(() => {
      closed.length = 0;
      app.module.get<WaitCloser[]>(WAIT_CLOSERS).push({ close: async (_, ended) => void closed.push(...ended) });
    });
    /** Without what the ends of the runs that it waited for have closed. */
    const closedOf = (runId: string) => closed.filter((wait) => wait.runId === runId);
    const begin = async (...steps: object[]): Promise<string> => {
      const workflowId = await publish(...steps);
      await app.createLead();
      await app.automation.drain();
      expect(closed).toEqual([]);
      return (await runOf(workflowId)).id;
    };
    const step = { path: 'sub', attempt: 1, type: 'run_workflow' };

    it('with an answer', async () => {
      const runId = await begin(sub, DELAY('cool'));
      await answer(runId);
      await app.automation.drain();
      expect(closedOf(runId)).toEqual([{ workspaceId: 'acme', runId, step, end: { kind: 'answered' } }]);
    });

    it('with the end of their time', async () => {
      const runId = await begin({ ...ASK, onExpiry: 'fail' }, DELAY('cool'));
      await expire(runId);
      await app.automation.drain();
      const error = expect.objectContaining({ code: 'wait_expired' });
      expect(closed).toEqual([
        { workspaceId: 'acme', runId, step: { path: 'ask', attempt: 1, type: 'wait_for_webhook' }, end: { kind: 'over', error } },
      ]);
    });

    it('with the end of the run', async () => {
      const branches = [
        { name: 'a', steps: [sub] },
        { name: 'b', steps: [DELAY('cool'), { id: 'stop', type: 'stop', outcome: 'cancelled' }] },
      ];
      const runId = await begin({ id: 'both', type: 'parallel', branches });
      await app.query("UPDATE automation.step_executions SET wake_at = now() WHERE run_id = $1 AND path = 'both.b.cool'", [runId]);
      await app.query('UPDATE automation.runs SET due_at = now() WHERE id = $1', [runId]);
      await app.automation.drain();
      const error = expect.objectContaining({ code: 'step_cancelled' });
      expect(closedOf(runId)).toEqual([
        { workspaceId: 'acme', runId, step: { ...step, path: 'both.a.sub' }, end: { kind: 'over', error } },
      ]);
    });

    it('with a cancel, of all steps of the run', async () => {
      const runId = await begin(sub);
      await app.runs.cancel(runId, null, ADMIN);
      const error = expect.objectContaining({ code: 'run_cancelled' });
      expect(closedOf(runId)).toEqual([{ workspaceId: 'acme', runId, step: null, end: { kind: 'over', error } }]);
    });
  });

  it('given in a transaction that is rolled back were never given', async () => {
    const workflowId = await publish(sub);
    await app.createLead();
    await app.automation.drain();
    const { id } = await runOf(workflowId);
    const inbox = app.module.get(Inbox);
    await app.source
      .transaction(async (manager) => {
        expect(await inbox.answerIn(manager, { workspaceId: 'acme', runId: id, path: 'sub', attempt: 1 }, ANSWER)).toBe('taken');
        throw new Error('no');
      })
      .catch(() => undefined);
    expect((await runOf(workflowId)).status).toBe('waiting');
    expect(await answer(id)).toBe('taken');
    await app.automation.drain();
    expect((await runOf(workflowId)).status).toBe('succeeded');
  });

  it('are of one workspace: another one’s answers reach nothing', async () => {
    const workflowId = await publish(sub);
    await app.createLead();
    await app.automation.drain();
    const { id } = await runOf(workflowId);
    const inbox = app.module.get(Inbox);
    expect(await inbox.answer({ workspaceId: 'rival', runId: id, path: 'sub', attempt: 1 }, ANSWER)).toBe('over');
    expect((await runOf(workflowId)).status).toBe('waiting');
  });
});
