import { describe, expect, it } from '@jest/globals';
import { expireWait, type Step } from '../../../src/core/steps/index.js';
import { action, approval, delay, planOf, stop, summary, waiting, webhookWait } from '../plan/support.js';

const form = (onExpiry: 'fail' | 'continue' | 'stop'): Step => ({ id: 'ask', kind: 'form', queue: 'sales', fields: [], onExpiry });
const child: Step = { id: 'sub', kind: 'run_workflow', workflow: 'other', wait: true };

describe('a wait whose time is over', () => {
  it.each<[string, Step, object]>([
    ['a delay has succeeded', delay('w'), {}],
    [
      'an approval may count as given',
      approval('w', { onExpiry: 'approve' }),
      { decision: 'approved', comment: null, by: null, door: null, votes: [], expired: true },
    ],
    [
      'an approval may count as refused',
      approval('w', { onExpiry: 'reject' }),
      { decision: 'rejected', comment: null, by: null, door: null, votes: [], expired: true },
    ],
    [
      'an approval may be left undecided',
      approval('w', { onExpiry: 'continue' }),
      { decision: null, comment: null, by: null, door: null, votes: [], expired: true },
    ],
    ['a form may be left unanswered', form('continue'), { values: {}, by: null, comment: null, door: null, expired: true }],
    ['a webhook may be left uncalled', webhookWait('w', { onExpiry: 'continue' }), { body: null, headers: {}, query: {}, expired: true }],
  ])('%s', (_what, step, output) => {
    expect(expireWait(step)).toEqual({ status: 'succeeded', output, wakeAt: null });
  });

  it.each<[string, Step]>([
    ['an approval', approval('w', { onExpiry: 'fail' })],
    ['an approval that stops the run', approval('w', { onExpiry: 'stop' })],
    ['a form', form('fail')],
    ['a form that stops the run', form('stop')],
    ['a webhook', webhookWait('w', { onExpiry: 'fail' })],
    ['a webhook that stops the run', webhookWait('w', { onExpiry: 'stop' })],
    ['another workflow', child],
    ['a step that cannot wait', action('w')],
  ])('is a failure for %s', (_what, step) => {
    expect(expireWait(step)).toEqual({
      status: 'failed',
      error: expect.objectContaining({ code: 'wait_expired', hint: expect.any(String) }),
      wakeAt: null,
    });
  });

  it.each<[string, Step, string | null]>([
    ['fails the run', approval('w', { onExpiry: 'fail' }), 'failed'],
    ['cancels the run when it says stop', approval('w', { onExpiry: 'stop' }), 'cancelled'],
    ['cancels the run, whatever onError says', approval('w', { onExpiry: 'stop', onError: 'continue' }), 'cancelled'],
    ['cancels the run of a form too', { ...form('stop'), id: 'w' }, 'cancelled'],
    ['cancels the run by the rule on refusals', approval('w', { onExpiry: 'reject' }), 'cancelled'],
    ['lets the run go on when it says so', webhookWait('w', { onExpiry: 'continue' }), null],
    ['lets the run go on when its failure may', webhookWait('w', { onExpiry: 'fail', onError: 'continue' }), null],
  ])('%s', (_what, step, outcome) => {
    const recorded = { path: 'w', attempt: 1, ...expireWait(step) };
    expect(planOf([step, action('a')], [recorded]).outcome?.status ?? null).toBe(outcome);
  });

  it('cancels the run for its own reason only: another failure of the step is a failure', () => {
    const recorded = { path: 'w', attempt: 1, status: 'failed', error: { code: 'template_invalid', message: 'No.' } } as const;
    expect(planOf([approval('w', { onExpiry: 'stop' })], [recorded]).outcome?.status).toBe('failed');
    const error = { code: 'wait_expired', message: 'A host chose this code.' };
    expect(planOf([action('w')], [{ path: 'w', attempt: 1, status: 'failed', error }]).outcome?.status).toBe('failed');
  });
});

describe('the reason of a wait', () => {
  it.each<[Step, string]>([
    [delay('w'), 'delay'],
    [approval('w'), 'approval'],
    [{ ...form('fail'), id: 'w' }, 'form'],
    [webhookWait('w'), 'webhook'],
    [{ ...child, id: 'w' }, 'workflow'],
    [stop('w'), 'delay'],
  ])('of %j is %s', (step, reason) => {
    expect(summary(planOf([step], [waiting('w', null)])).waiting).toEqual([`w:${reason}`]);
  });
});
