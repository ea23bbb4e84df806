import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/core/json.js';
import { answerWait, type Step, sampleAnswer } from '../../../src/core/steps/index.js';
import { action, approval, delay, planOf, summary, webhookWait } from '../plan/support.js';

const form: Step = {
  id: 'ask',
  kind: 'form',
  queue: 'sales',
  onExpiry: 'fail',
  fields: [
    { name: 'budget', type: 'number', required: true },
    { name: 'note', type: 'text' },
  ],
};
const sub: Step = { id: 'sub', kind: 'run_workflow', workflow: 'onboarding', wait: true };
const by = { id: 'u-1', name: 'Ada' };

describe('an answer from outside', () => {
  it.each<[string, Step, JsonObject, JsonObject]>([
    [
      'is a yes, with who said it',
      approval('ok'),
      { decision: 'approved', comment: 'Fine.', by, door: 'console', votes: [{ vote: 'approved' }] },
      { decision: 'approved', comment: 'Fine.', by, door: 'console', votes: [{ vote: 'approved' }], expired: false },
    ],
    [
      'is a no',
      approval('ok'),
      { decision: 'rejected' },
      { decision: 'rejected', comment: null, by: null, door: null, votes: [], expired: false },
    ],
    [
      'is a filled form, in which every field can be read and no other',
      form,
      { values: { budget: 7, stranger: 1 }, by, comment: 'Soon.', door: 'api' },
      { values: { budget: 7, note: null }, by, comment: 'Soon.', door: 'api', expired: false },
    ],
    [
      'is a form that nobody has signed',
      form,
      { values: {} },
      { values: { budget: null, note: null }, by: null, comment: null, door: null, expired: false },
    ],
    [
      'is the call of a URL',
      webhookWait('w'),
      { body: { ok: true }, headers: { 'content-type': 'application/json' }, query: { id: '7' } },
      { body: { ok: true }, headers: { 'content-type': 'application/json' }, query: { id: '7' }, expired: false },
    ],
    ['is a call without a body', webhookWait('w'), {}, { body: null, headers: {}, query: {}, expired: false }],
    [
      'is the end of another run',
      sub,
      { runId: 'r-2', status: 'succeeded', output: { id: 9 } },
      { runId: 'r-2', status: 'succeeded', output: { id: 9 } },
    ],
    ['is another run that was cancelled', sub, { runId: 'r-2', status: 'cancelled' }, { runId: 'r-2', status: 'cancelled', output: null }],
    ['is another run that was never begun', sub, { status: 'skipped' }, { runId: null, status: 'skipped', output: null }],
  ])('%s', (_what, step, answer, output) => {
    expect(answerWait(step, answer)).toEqual({ status: 'succeeded', output, wakeAt: null });
  });

  it.each([
    [
      { message: 'The mail server refused.' },
      'The run of workflow "onboarding" that step "sub" has started failed: The mail server refused.',
    ],
    [{}, 'The run of workflow "onboarding" that step "sub" has started failed.'],
  ])('that says another run failed is a failure of the step, with what that run left (%j)', (more, message) => {
    expect(answerWait(sub, { runId: 'r-2', status: 'failed', ...more })).toEqual({
      status: 'failed',
      output: { runId: 'r-2', status: 'failed', output: null },
      error: { code: 'sub_run_failed', message, hint: expect.stringContaining('r-2') },
      wakeAt: null,
    });
  });

  it.each<[Step, JsonObject]>([
    [approval('w'), { decision: 'perhaps' }],
    [approval('w'), {}],
    [form, { values: ['budget'] }],
    [form, {}],
    [sub, { runId: 'r-2' }],
  ])('that cannot be used is a failure of the step: %j %j', (step, answer) => {
    expect(answerWait(step, answer)).toEqual({
      status: 'failed',
      error: { code: 'answer_unusable', message: expect.stringContaining(step.id), hint: expect.any(String) },
      wakeAt: null,
    });
  });

  it.each([delay('w'), action('w')])('is nothing to a step that asks nobody: %j', (step) => {
    expect(answerWait(step, { decision: 'approved' })).toBeNull();
  });

  it('lets the run go on behind the step', () => {
    const answered = { path: 'ok', attempt: 1, ...answerWait(approval('ok'), { decision: 'approved' })! };
    expect(summary(planOf([approval('ok'), action('a')], [answered])).ready).toEqual(['a#1']);
  });

  it('that another run failed fails this one, unless the step says otherwise', () => {
    const failed = { path: 'sub', attempt: 1, ...answerWait(sub, { runId: 'r-2', status: 'failed' })! };
    expect(planOf([sub, action('a')], [failed]).outcome).toMatchObject({
      status: 'failed',
      path: 'sub',
      error: { code: 'sub_run_failed' },
    });
    expect(summary(planOf([{ ...sub, onError: 'continue' }, action('a')], [failed])).ready).toEqual(['a#1']);
  });
});

describe('a sample of an answer', () => {
  const asking: Step = {
    id: 'ask',
    kind: 'form',
    queue: 'sales',
    onExpiry: 'fail',
    fields: [
      { name: 'budget', type: 'number' },
      { name: 'note', label: 'Your note', type: 'text' },
      { name: 'plain', type: 'text' },
      { name: 'agreed', type: 'boolean' },
      { name: 'on', type: 'date' },
      { name: 'size', type: 'choice', options: ['S', 'M'] },
      { name: 'empty', type: 'choice' },
      { name: 'worth', type: 'money', min: 100 },
      { name: 'from', type: 'date', min: '2031-01-01' },
      { name: 'who', type: 'user' },
      { name: 'whom', type: 'record', module: 'accounts' },
    ],
  };

  it.each<[string, Step, JsonObject]>([
    ['approves', approval('ok'), { decision: 'approved', comment: null, by: null, door: null, votes: [], expired: false }],
    [
      'fills in every field of a form',
      asking,
      {
        values: {
          budget: 1,
          note: 'Sample Your note',
          plain: 'Sample plain',
          agreed: true,
          on: '2030-01-31',
          size: 'S',
          empty: null,
          worth: 100,
          from: '2031-01-01',
          who: 'sample',
          whom: 'sample',
        },
        by: null,
        comment: null,
        door: null,
        expired: false,
      },
    ],
    ['calls a URL', webhookWait('w'), { body: {}, headers: {}, query: {}, expired: false }],
    ['is the end of a run that went well', sub, { runId: 'sample', status: 'succeeded', output: {} }],
  ])('%s', (_what, step, output) => {
    expect(answerWait(step, sampleAnswer(step) as JsonObject)).toEqual({ status: 'succeeded', output, wakeAt: null });
  });

  it('there is none for what only time ends, or nothing at all', () => {
    expect(sampleAnswer(delay('d'))).toBeNull();
    expect(sampleAnswer(action('a'))).toBeNull();
  });
});
