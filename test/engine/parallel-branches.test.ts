import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { defineAction } from '../../src/actions/define-action.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { call, FarSide, later } from './support/far-side.js';
import { aroundTransactions } from './support/transactions.js';

const note = (id: string, title = id) => ({ id, type: 'create_task', with: { title } });
const own = defineAction({
  type: 'own',
  label: 'Own',
  effect: 'local',
  arguments: class {},
  execute: () => Promise.resolve(),
});
const branch = (name: string, ...steps: object[]) => ({ name, steps });

describe('parallel branches with calls to the outside', () => {
  let app: AutomationApp;
  let far: FarSide;
  beforeEach(async () => {
    far = new FarSide();
    app = await startAutomationApp({ actions: [far.action, own] });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  const publish = (join: 'all' | 'any', ...branches: object[]) =>
    app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [{ id: 'both', type: 'parallel', join, branches }, note('after')],
    });
  const theRun = async () => {
    const [run] = await app.runsOf({});
    return { status: run?.status, steps: Object.fromEntries(run?.steps.map(({ path, status }) => [path, status]) ?? []) };
  };
  /** Begins to run the lead's workflow; resolves to what ends when nothing is under way any more. */
  const begin = async (...calls: string[]): Promise<{ driving: Promise<unknown> }> => {
    await app.createLead();
    const driving = app.automation.drain();
    await Promise.all(calls.map((to) => far.arrived(to)));
    return { driving };
  };

  it.each([
    ['the first branch first', ['a', 'b']],
    ['the second branch first', ['b', 'a']],
  ])('go on each by itself as its result comes, %s; the run is held until the last is there', async (_, [first = '', second = '']) => {
    await publish('all', branch('a', call('a'), note('noteA')), branch('b', call('b'), note('noteB')));
    const { driving } = await begin('a', 'b');
    far.answer(first);
    const noted = `both.${first}.note${first.toUpperCase()}`;
    await app.eventually(async () => {
      expect(await theRun()).toEqual({
        status: 'running',
        steps: { [`both.${first}.${first}`]: 'succeeded', [noted]: 'succeeded', [`both.${second}.${second}`]: 'running' },
      });
    });
    expect(app.module.get(RunDriver).holding).toBe(1);
    far.answer(second);
    await driving;
    expect(await theRun()).toEqual({
      status: 'succeeded',
      steps: {
        'both.a.a': 'succeeded',
        'both.a.noteA': 'succeeded',
        'both.b.b': 'succeeded',
        'both.b.noteB': 'succeeded',
        after: 'succeeded',
      },
    });
    expect(far.calls.sort()).toEqual(['a', 'b']);
    expect(app.module.get(RunDriver).holding).toBe(0);
  });

  it.each([
    ['a transaction of its own', [{ id: 'own', type: 'own' }]],
    [
      'more than one transaction holds',
      [
        { ...note('list'), extract: { list: Array.from({ length: 210 }, (_, item) => item) } },
        { id: 'each', type: 'for_each', in: '{{context.list}}', maxItems: 300, steps: [note('one')] },
      ],
    ],
  ])('make their calls also when another branch could not begin its own, and goes on with %s', async (_, steps) => {
    // What is rendered is a number, and no address.
    await publish(
      'all',
      branch('a', call('a')),
      branch('b', call('b', { with: { to: '{{record.touches}}' }, onError: 'continue' }), ...steps),
    );
    const { driving } = await begin('a');
    far.answer('a');
    await driving;
    expect(await theRun()).toMatchObject({
      status: 'succeeded',
      steps: { 'both.a.a': 'succeeded', 'both.b.b': 'failed', after: 'succeeded' },
    });
  });

  it('lose no result that comes while the run is being advanced by another', async () => {
    await publish('all', branch('a', call('a')), branch('b', call('b')), branch('c', call('c')));
    const { driving } = await begin('a', 'b', 'c');
    const advanced = later();
    const commit = later();
    aroundTransactions(app, (real, work, nth) =>
      real(async (manager) => {
        const result = await work(manager);
        if (nth === 1) {
          advanced.resolve();
          await commit.promise;
        }
        return result;
      }),
    );
    far.answer('a');
    await advanced.promise;
    far.answer('b');
    far.answer('c');
    commit.resolve();
    await driving;
    expect(await theRun()).toEqual({
      status: 'succeeded',
      steps: { 'both.a.a': 'succeeded', 'both.b.b': 'succeeded', 'both.c.c': 'succeeded', after: 'succeeded' },
    });
    expect(far.calls).toHaveLength(3);
  });

  it('with join any go on with the first that succeeds; the other call is waited for and logged, nothing after it is begun', async () => {
    await publish('any', branch('a', call('a'), note('noteA')), branch('b', call('b'), note('noteB')));
    const { driving } = await begin('a', 'b');
    far.answer('b');
    await app.eventually(async () => {
      expect(await theRun()).toEqual({
        status: 'running',
        steps: { 'both.a.a': 'running', 'both.b.b': 'succeeded', 'both.b.noteB': 'succeeded', after: 'succeeded' },
      });
    });
    far.answer('a');
    await driving;
    expect(await theRun()).toEqual({
      status: 'succeeded',
      steps: { 'both.a.a': 'succeeded', 'both.b.b': 'succeeded', 'both.b.noteB': 'succeeded', after: 'succeeded' },
    });
  });

  it('that lose a join any start nothing more: what they wait for is cancelled in the log, and a call in flight is shown for what it was', async () => {
    await publish(
      'any',
      branch('a', call('a'), note('never')),
      branch('b', call('b')),
      branch('c', { id: 'cool', type: 'delay', for: 'P1D' }, note('neither')),
      branch('d', call('d'), note('nor')),
      branch('e', note('done'), { id: 'wait', type: 'delay', for: 'PT1H' }),
    );
    const { driving } = await begin('a', 'b', 'd');
    far.refuse('a');
    await app.eventually(async () => expect((await theRun()).steps['both.a.a']).toBe('failed'));
    far.answer('b');
    far.refuse('d');
    await driving;
    const [run] = await app.runsOf({});
    expect(run).toMatchObject({ status: 'succeeded', failedSteps: 0, waiting: null });
    expect(Object.fromEntries(run?.steps.map(({ path, standing, wakeAt }) => [path, [standing, wakeAt]]) ?? [])).toEqual({
      'both.a.a': ['cancelled', null],
      'both.b.b': ['succeeded', null],
      'both.c.cool': ['cancelled', null],
      'both.d.d': ['cancelled', null],
      'both.e.done': ['succeeded', null],
      'both.e.wait': ['cancelled', null],
      after: ['succeeded', null],
    });
    expect(run?.steps.find(({ path }) => path === 'both.a.a')?.error).toMatchObject({
      code: 'step_cancelled',
      causes: ['The far side is busy.'],
    });
    await app.passTime();
    await app.automation.drain();
    expect(far.calls.sort()).toEqual(['a', 'b', 'd']);
  });

  it('that failed side by side are repeated by a retry, and no other', async () => {
    const once = { retry: { maxAttempts: 1 } };
    await publish('all', branch('a', call('a', once)), branch('b', call('b', once)), branch('c', call('c', once), note('noteC')));
    const { driving } = await begin('a', 'b', 'c');
    far.refuse('a');
    far.refuse('b');
    far.answer('c');
    await driving;
    const [failed] = await app.runsOf({});
    expect(failed).toMatchObject({ status: 'failed', error: { step: 'both.a.a' } });
    await app.runs.retry(failed?.id ?? '', { from: 'failed_step' }, ADMIN);
    far.answer('a');
    far.answer('b');
    await app.automation.drain();
    expect(far.calls.sort()).toEqual(['a', 'a', 'b', 'b', 'c']);
    expect((await theRun()).status).toBe('succeeded');
  });

  it('fail the run with join all only when the other call has been answered, whose result is in the log', async () => {
    await publish('all', branch('a', call('a', { retry: { maxAttempts: 1 } })), branch('b', call('b'), note('noteB')));
    const { driving } = await begin('a', 'b');
    far.refuse('a');
    await app.eventually(async () =>
      expect(await theRun()).toEqual({ status: 'running', steps: { 'both.a.a': 'failed', 'both.b.b': 'running' } }),
    );
    far.answer('b');
    await driving;
    expect(await theRun()).toEqual({ status: 'failed', steps: { 'both.a.a': 'failed', 'both.b.b': 'succeeded' } });
  });

  it('do not park the run for a delay or a retry of one while the call of another is open; after it they do', async () => {
    await publish('all', branch('a', call('a')), branch('b', call('b')), branch('c', { id: 'cool', type: 'delay', for: 'P1D' }));
    const { driving } = await begin('a', 'b');
    far.refuse('b');
    await app.eventually(async () =>
      expect(await theRun()).toEqual({
        status: 'running',
        steps: { 'both.a.a': 'running', 'both.b.b': 'failed', 'both.c.cool': 'waiting' },
      }),
    );
    far.answer('a');
    await driving;
    expect((await app.runsOf({}))[0]).toMatchObject({ status: 'waiting', waiting: [{ reason: 'retry' }, { reason: 'delay' }] });
    far.answer('b');
    await app.passTime();
    await app.automation.drain();
    expect((await theRun()).status).toBe('succeeded');
    expect(far.calls).toEqual(['a', 'b', 'b']);
  });

  it('go on behind a wait that is over while the call of another branch is still under way', async () => {
    await publish('all', branch('a', call('a')), branch('b', { id: 'pause', type: 'delay', for: 'PT1S' }, note('behind')));
    const { driving } = await begin('a');
    expect((await theRun()).steps).toEqual({ 'both.a.a': 'running', 'both.b.pause': 'waiting' });
    await app.query("UPDATE automation.step_executions SET wake_at = now() WHERE status = 'waiting'");
    const driver = app.module.get(RunDriver);
    // By our own clock only a hint of when to look: the database decides whether the wait is over.
    await app.eventually(async () => {
      await driver.heartbeat();
      expect((await theRun()).steps).toEqual({ 'both.a.a': 'running', 'both.b.pause': 'succeeded', 'both.b.behind': 'succeeded' });
    });
    far.answer('a');
    await driving;
    expect((await theRun()).status).toBe('succeeded');
  });
});
