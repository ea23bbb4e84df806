import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { call, FarSide, touch } from './support/far-side.js';
import { aroundTransactions, connectionLoss } from './support/transactions.js';

describe('a COMMIT whose answer is lost', () => {
  let app: AutomationApp;
  let far: FarSide;
  beforeEach(async () => {
    far = new FarSide();
    app = await startAutomationApp({ actions: [far.action] });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  const publish = (...steps: object[]) => app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps });
  /** Lets the next transaction of this process commit, and has its answer get lost. */
  const loseAnswer = (): void => {
    aroundTransactions(app, async (real, work, nth) => {
      const answer = await real(work);
      if (nth === 1) throw connectionLoss();
      return answer;
    });
  };
  const outcome = async () => {
    const [run] = await app.runsOf({});
    const [{ touches } = { touches: null }] = await app.query<{ touches: number }>('SELECT touches FROM crm_leads');
    return { status: run?.status, steps: run?.steps.map(({ path, attempt, status }) => `${path} ${attempt} ${status}`), touches };
  };
  it('after which the run is over does nothing once more', async () => {
    await publish(call('a'), touch('touch'));
    await app.createLead();
    const driving = app.automation.drain();
    await far.arrived('a');
    loseAnswer();
    far.answer('a');
    await driving;
    expect(await outcome()).toEqual({ status: 'succeeded', steps: ['a 1 succeeded', 'touch 1 succeeded'], touches: 1 });
    expect(app.module.get(RunDriver).holding).toBe(0);
  });

  it('after which the next call would have been made has it made once, and what was done stays done once', async () => {
    await publish(call('a'), touch('touch'), call('b'), touch('again'));
    await app.createLead();
    const driving = app.automation.drain();
    await far.arrived('a');
    loseAnswer();
    far.answer('a');
    await far.arrived('b');
    far.answer('b');
    await driving;
    expect(await outcome()).toEqual({
      status: 'succeeded',
      steps: ['a 1 succeeded', 'touch 1 succeeded', 'b 1 succeeded', 'again 1 succeeded'],
      touches: 2,
    });
    expect(far.calls).toEqual(['a', 'b']);
  });

  it('does not lose the call of another branch, nor make it once more', async () => {
    await publish(
      {
        id: 'both',
        type: 'parallel',
        branches: [
          { name: 'a', steps: [call('a'), touch('touchA')] },
          { name: 'b', steps: [call('b'), touch('touchB')] },
        ],
      },
      touch('after'),
    );
    await app.createLead();
    const driving = app.automation.drain();
    await Promise.all([far.arrived('a'), far.arrived('b')]);
    loseAnswer();
    far.answer('a');
    await app.eventually(async () => expect((await outcome()).touches).toBe(1));
    far.answer('b');
    await driving;
    const { status, steps, touches } = await outcome();
    expect({ status, touches }).toEqual({ status: 'succeeded', touches: 3 });
    expect(steps?.sort()).toEqual([
      'after 1 succeeded',
      'both.a.a 1 succeeded',
      'both.a.touchA 1 succeeded',
      'both.b.b 1 succeeded',
      'both.b.touchB 1 succeeded',
    ]);
    expect(far.calls.sort()).toEqual(['a', 'b']);
  });

  it('after which the run waits leaves it waiting', async () => {
    await publish(call('a'), touch('touch'), { id: 'cool', type: 'delay', for: 'P1D' });
    await app.createLead();
    const driving = app.automation.drain();
    await far.arrived('a');
    loseAnswer();
    far.answer('a');
    await driving;
    expect(await outcome()).toEqual({ status: 'waiting', steps: ['a 1 succeeded', 'touch 1 succeeded', 'cool 1 waiting'], touches: 1 });
    expect(app.module.get(RunDriver).holding).toBe(0);
  });

  it('of the transaction that routed the event starts nothing once more: its run goes on when its lease is over', async () => {
    await publish(touch('touch'), call('a'));
    await app.createLead();
    loseAnswer();
    await expect(app.automation.drain()).rejects.toThrow('Connection terminated');
    expect(await outcome()).toEqual({ status: 'running', steps: ['touch 1 succeeded', 'a 1 running'], touches: 1 });
    await app.automation.drain();
    expect(far.calls).toEqual([]);
    await app.query('UPDATE automation.runs SET due_at = now()');
    far.answer('a');
    await app.automation.drain();
    expect(await outcome()).toEqual({ status: 'succeeded', steps: ['touch 1 succeeded', 'a 1 lost', 'a 2 succeeded'], touches: 1 });
  });
});
