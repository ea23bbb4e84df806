import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { HeldRun } from '../../src/engine/running/held-run.js';
import { HeldRuns } from '../../src/engine/running/held-runs.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { call, FarSide, touch } from './support/far-side.js';
import { aroundTransactions } from './support/transactions.js';

describe('a result that is saved by itself, since its run could not be gone on with', () => {
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

  it('is gone on from together with the one that came in meanwhile', async () => {
    await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [
        {
          id: 'both',
          type: 'parallel',
          branches: [
            { name: 'a', steps: [call('a'), touch('touchA')] },
            { name: 'b', steps: [call('b'), touch('touchB')] },
          ],
        },
      ],
    });
    await app.createLead();
    const driving = app.automation.drain();
    await Promise.all([far.arrived('a'), far.arrived('b')]);
    const [run] = app.module.get(HeldRuns).all;
    const ended = jest.spyOn(run as HeldRun, 'ended');
    aroundTransactions(app, (real, work, nth) =>
      real(async (manager) => {
        const result = await work(manager);
        // With others, and alone: then the result of `a` is saved and nothing else.
        if (nth <= 2) throw new Error('refused');
        if (nth === 3) {
          far.answer('b');
          while (ended.mock.calls.length < 2) await new Promise(setImmediate);
        }
        return result;
      }),
    );
    far.answer('a');
    await driving;
    expect(await app.runsOf({})).toMatchObject([{ status: 'succeeded' }]);
    expect(await app.query('SELECT touches FROM crm_leads')).toEqual([{ touches: 2 }]);
    expect(far.calls).toEqual(['a', 'b']);
  });
});
