import { describe, expect, it } from '@jest/globals';
import type { RunHistory, StepExecution } from '../../../src/core/plan/history.js';
import { indexHistory } from '../../../src/core/plan/history-index.js';
import { plan, stepOutputs } from '../../../src/core/plan/plan.js';
import type { Step } from '../../../src/core/steps/index.js';
import {
  action,
  approval,
  at,
  branch,
  cancelled,
  definition,
  delay,
  done,
  failed,
  forEach,
  lost,
  parallel,
  planOf,
  running,
  START,
  stop,
  summary,
  waiting,
  webhookWait,
} from './support.js';

type Summary = ReturnType<typeof summary>;
/** What happens, the steps, the history, milliseconds since the start, and the plan. */
type Row = [what: string, steps: Step[], executions: StepExecution[], ms: number, wanted: Partial<Summary>];

function check(rows: Row[]): void {
  it.each(rows)('%s', (_what, steps, executions, ms, wanted) => {
    expect(summary(planOf(steps, executions, ms))).toEqual({ ready: [], elapsed: [], waiting: [], outcome: null, ...wanted });
  });
}

const HOUR = 3_600_000;

describe('a list of steps', () => {
  check([
    ['starts with its first step', [action('a'), action('b')], [], 0, { ready: ['a#1'] }],
    ['goes on with the next step when one has succeeded', [action('a'), action('b')], [done('a')], 0, { ready: ['b#1'] }],
    ['succeeds when every step has', [action('a'), action('b')], [done('a'), done('b')], 0, { outcome: 'succeeded' }],
    ['succeeds at once when it is empty', [], [], 0, { outcome: 'succeeded' }],
    ['waits for the attempt in flight', [action('a'), action('b')], [running('a')], 0, { waiting: ['a:in_flight'] }],
    ['takes no notice of the order of the history', [action('a'), action('b')], [done('b'), done('a')], 0, { outcome: 'succeeded' }],
  ]);

  it('says where a ready step belongs and which try it is', () => {
    const step = action('a');
    expect(planOf([step]).ready).toEqual([{ path: 'a', attempt: 1, tries: 1, step }]);
  });

  it('tells the deadline', () => {
    expect(planOf([action('a')]).deadline).toBe(at(24 * HOUR));
  });

  it('refuses a definition whose longest duration is none', () => {
    const bad = definition([action('a')], 'soon');
    expect(() => plan(bad, { startedAt: at(0), executions: [] }, START)).toThrow(expect.objectContaining({ code: 'definition_invalid' }));
  });
});

describe('a failed step', () => {
  const steps = [action('a'), action('b')];
  const patient = [action('a', { onError: 'continue' }), action('b')];
  check([
    ['is waited for until its next attempt is due', steps, [failed('a', { wakeAt: at(10) })], 9, { waiting: ['a:retry'] }],
    ['is tried again when it is due', steps, [failed('a', { wakeAt: at(10) })], 10, { ready: ['a#2'] }],
    ['fails the run when no attempt is left', steps, [failed('a')], 0, { outcome: 'failed' }],
    ['lets the run go on when it says so', patient, [failed('a')], 0, { ready: ['b#1'] }],
    ['is retried even when it lets the run go on', patient, [failed('a', { wakeAt: at(10) })], 10, { ready: ['a#2'] }],
    [
      'is no failure any more once a later attempt has succeeded',
      steps,
      [done('a', {}, 2), failed('a', { wakeAt: at(1) })],
      9,
      { ready: ['b#1'] },
    ],
    ['does not count once a person sent it back', steps, [failed('a', { superseded: true })], 0, { ready: ['a#2'] }],
    [
      'fails the run through the steps around it',
      [branch('way', { left: [action('a')] }), action('b')],
      [done('way', { taken: 'left' }), failed('way.left.a')],
      0,
      { outcome: 'failed' },
    ],
    [
      'stops at a step around it that lets the run go on',
      [branch('way', { left: [action('a'), action('c')] }, [], { onError: 'continue' }), action('b')],
      [done('way', { taken: 'left' }), failed('way.left.a')],
      0,
      { ready: ['b#1'] },
    ],
    [
      'leaves an item of a loop that lets the run go on, and the others go on',
      [forEach('each', [action('a'), action('c')], { onError: 'continue' }), action('b')],
      [done('each', { items: [1, 2], count: 2 }), failed('each[0].a')],
      0,
      { ready: ['each[1].a#1'] },
    ],
    [
      'leaves the loop that lets the run go on after its last item',
      [forEach('each', [action('a')], { onError: 'continue' }), action('b')],
      [done('each', { items: [1, 2], count: 2 }), failed('each[0].a'), failed('each[1].a')],
      0,
      { ready: ['b#1'] },
    ],
    [
      'that is a branch which could not be decided is skipped when it lets the run go on',
      [branch('way', { left: [action('a')] }, [], { onError: 'continue' }), action('b')],
      [failed('way')],
      0,
      { ready: ['b#1'] },
    ],
  ]);

  it('gives its path and error to the outcome', () => {
    const error = { code: 'smtp_down', message: 'No answer.' };
    expect(planOf(steps, [failed('a')]).outcome).toEqual({ status: 'failed', path: 'a', error });
  });

  it('gets an error when it was recorded without one', () => {
    expect(planOf(steps, [failed('a', { error: null })]).outcome).toMatchObject({ error: { code: 'step_failed' } });
  });

  it('tells until when its retry is waited for, which attempt that is, of which step, and why the last one failed', () => {
    const waiting = { path: 'a', reason: 'retry', until: at(10), attempt: 2 };
    expect(planOf(steps, [failed('a', { wakeAt: at(10) })]).waiting).toEqual([
      { ...waiting, error: { code: 'smtp_down', message: 'No answer.' } },
    ]);
    expect(planOf(steps, [failed('a', { wakeAt: at(10), error: null })]).waiting).toEqual([waiting]);
    const named = [action('a', { name: 'Mail' })];
    expect(planOf(named, [failed('a', { wakeAt: at(10), error: null })]).waiting).toEqual([{ ...waiting, stepName: 'Mail' }]);
    expect(planOf(named, [running('a')]).waiting).toEqual([{ path: 'a', stepName: 'Mail', reason: 'in_flight', until: null }]);
    const [long] = planOf(steps, [failed('a', { wakeAt: at(10), error: { code: 'c', message: '😀'.repeat(200) } })]).waiting;
    expect(long?.error?.message).toBe(`${'😀'.repeat(150)}…`);
  });

  it('goes on counting attempts after a person sent it back, and begins to count tries anew', () => {
    const history = [failed('a', { attempt: 1, superseded: true }), failed('a', { attempt: 2, superseded: true })];
    expect(planOf(steps, history).ready).toMatchObject([{ attempt: 3, tries: 1 }]);
    expect(planOf(steps, [...history, failed('a', { attempt: 3, wakeAt: at(0) })]).ready).toMatchObject([{ attempt: 4, tries: 2 }]);
  });
});

describe('a lost attempt', () => {
  const twice = [action('a', { retry: { maxAttempts: 2 } }), action('b')];
  const hold = [action('a', { onAmbiguous: 'hold' })];
  check([
    ['is made again', twice, [lost('a')], 0, { ready: ['a#2'] }],
    ['is made again no more often than the policy allows', twice, [lost('a'), lost('a', 2)], 0, { outcome: 'failed' }],
    ['of a step that is no action is made again under the default policy', [delay('a')], [lost('a'), lost('a', 2)], 0, { ready: ['a#3'] }],
    ['is not made again when a person is to decide', hold, [lost('a')], 0, { outcome: 'failed' }],
    [
      'that is the last lets the run go on when the step says so',
      [action('a', { retry: { maxAttempts: 1 }, onError: 'continue' }), action('b')],
      [lost('a')],
      0,
      { ready: ['b#1'] },
    ],
    [
      'that a person is to decide about stops steps that would go on otherwise',
      [parallel('fan', 'any', { left: hold, right: [action('b')] }, { onError: 'continue' }), action('c')],
      [lost('fan.left.a')],
      0,
      { outcome: 'failed' },
    ],
  ]);

  it.each([
    [twice, [lost('a'), lost('a', 2)], 'attempts_exhausted'],
    [hold, [lost('a')], 'attempt_ambiguous'],
  ])('says what happened and what to do', (steps, executions, code) => {
    expect(planOf(steps, executions).outcome).toMatchObject({ path: 'a', error: { code, hint: expect.any(String) } });
  });

  it('say why nobody knows, where the attempt does', () => {
    const error = { code: 'smtp_outcome_unknown', message: 'The server hung up.' };
    expect(planOf(hold, [{ ...lost('a'), error }]).outcome).toMatchObject({
      error: { code: 'attempt_ambiguous', message: 'Whether step "a" took effect is unknown. The server hung up.' },
    });
  });
});

describe('a branch', () => {
  const steps = [branch('way', { left: [action('a')], right: [action('b')] }, [action('c')]), action('d')];
  const bare = [branch('way', { left: [action('a')] }), action('d')];
  check([
    ['is decided first', steps, [], 0, { ready: ['way#1'] }],
    ['goes the way that was taken', steps, [done('way', { taken: 'right' })], 0, { ready: ['way.right.b#1'] }],
    ['goes the other way when none was taken', steps, [done('way', { taken: null })], 0, { ready: ['way.otherwise.c#1'] }],
    ['is over when its way is', steps, [done('way', { taken: 'left' }), done('way.left.a')], 0, { ready: ['d#1'] }],
    ['is over at once when none was taken and nothing is said for that', bare, [done('way', { taken: null })], 0, { ready: ['d#1'] }],
    ['fails the run when its log names a way that is not there', bare, [done('way', { taken: 'up' })], 0, { outcome: 'failed' }],
    [
      'fails the run when its log names no way',
      bare,
      [{ path: 'way', attempt: 1, status: 'succeeded', output: null }],
      0,
      { outcome: 'failed' },
    ],
  ]);
});

describe('a loop', () => {
  const steps = [forEach('each', [action('a'), action('b')]), action('c')];
  const two = done('each', { items: ['x', 'y'], count: 2 });
  check([
    ['finds its items first', steps, [], 0, { ready: ['each#1'] }],
    ['begins with the first item', steps, [two], 0, { ready: ['each[0].a#1'] }],
    ['runs all steps for an item before the next', steps, [two, done('each[0].a')], 0, { ready: ['each[0].b#1'] }],
    ['goes on with the next item', steps, [two, done('each[0].a'), done('each[0].b')], 0, { ready: ['each[1].a#1'] }],
    [
      'is over after the last item',
      steps,
      [two, done('each[0].a'), done('each[0].b'), done('each[1].a'), done('each[1].b')],
      0,
      { ready: ['c#1'] },
    ],
    ['is over at once when there is no item', steps, [done('each', { items: [], count: 0 })], 0, { ready: ['c#1'] }],
    ['fails the run when its log holds no items', steps, [done('each', {})], 0, { outcome: 'failed' }],
    ['fails the run with its first item that fails', steps, [two, failed('each[0].a')], 0, { outcome: 'failed' }],
    [
      'ends the run where one of its items comes to a stop, though the others might go on',
      [forEach('each', [stop('s')], { onError: 'continue' }), action('c')],
      [two, done('each[0].s')],
      0,
      { outcome: 'succeeded' },
    ],
  ]);

  const five = done('each', { items: [0, 1, 2, 3, 4], count: 5 });
  const wide = [forEach('each', [action('a'), delay('w')], { concurrency: 2 }), action('c')];
  describe('with several items at a time', () => {
    check([
      ['begins with so many', wide, [five], 0, { ready: ['each[0].a#1', 'each[1].a#1'] }],
      [
        'begins the next when one is over',
        wide,
        [five, done('each[0].a'), waiting('each[0].w', at(9)), done('each[1].a'), done('each[1].w')],
        0,
        { ready: ['each[2].a#1'], waiting: ['each[0].w:delay'] },
      ],
      [
        'fails with the first that fails, cancels what the others wait for and begins no other',
        wide,
        [five, done('each[0].a'), waiting('each[0].w', at(9)), failed('each[1].a')],
        0,
        { cancelled: ['each[0].w#1'], outcome: 'failed' },
      ],
      [
        'lets what is in flight end first',
        wide,
        [five, failed('each[0].a'), running('each[1].a')],
        0,
        { waiting: ['each[1].a:in_flight'] },
      ],
      [
        'goes on without those that fail where it says so',
        [forEach('each', [action('a')], { concurrency: 2, onError: 'continue' }), action('c')],
        [five, failed('each[0].a'), running('each[1].a')],
        0,
        { ready: ['each[2].a#1'], waiting: ['each[1].a:in_flight'] },
      ],
      [
        'begins others beside one that is over but for an attempt in flight, whose result is still heard',
        [forEach('each', [parallel('fan', 'any', { x: [action('x')], y: [action('y')] })], { concurrency: 2 }), action('c')],
        [done('each', { items: [0, 1] }), running('each[0].fan.x.x'), ...[0, 1].map((item) => done(`each[${item}].fan.y.y`))],
        0,
        { ready: ['c#1'], waiting: ['each[0].fan.x.x:in_flight'] },
      ],
    ]);

    it('fails of what failed, not of what was cancelled for it, unless nothing else has', () => {
      expect(planOf(wide, [five, cancelled('each[0].a'), failed('each[1].a')]).outcome).toMatchObject({ path: 'each[1].a' });
      expect(planOf(wide, [five, cancelled('each[0].a'), done('each[1].a'), done('each[1].w')]).outcome).toMatchObject({
        path: 'each[0].a',
      });
    });
  });

  it('is planned from an index that grows with the run as from one that is made anew', () => {
    const items = Array.from({ length: 6 }, (_, item) => item);
    const executions = [done('each', { items })];
    const index = indexHistory(executions);
    const whole = [forEach('each', [action('a')], { concurrency: 3 }), forEach('more', [action('b')]), action('c')];
    const at0 = (history: RunHistory) => plan(definition(whole), history, START);
    for (const item of [1, 0, 2, 5, 4, 3]) {
      const execution = done(`each[${item}].a`);
      executions.push(execution);
      index.add(execution);
      expect(at0({ startedAt: at(0), executions, index })).toEqual(at0({ startedAt: at(0), executions }));
    }
    expect(stepOutputs(definition(whole), { startedAt: at(0), executions, index }, 'c')).toEqual({
      each: { output: { items } },
      a: { output: {} },
    });
    expect(index.leftBehind('each')).toMatchObject([{ step: { id: 'a' }, execution: { path: 'each[5].a' } }]);
    expect(stepOutputs(definition(whole), { startedAt: at(0), executions, index }, 'c')).toMatchObject({ a: { output: {} } });
  });

  it('tells the step its item and index, those of the innermost loop', () => {
    const nested = [forEach('outer', [branch('way', { in: [forEach('inner', [action('a')])] })])];
    const history = [
      done('outer', { items: ['x', 'y'] }),
      done('outer[0].way', { taken: null }),
      done('outer[1].way', { taken: 'in' }),
      done('outer[1].way.in.inner', { items: [7, 8] }),
      done('outer[1].way.in.inner[0].a'),
    ];
    expect(planOf(nested, history.slice(0, 1)).ready).toMatchObject([{ path: 'outer[0].way', loop: { item: 'x', index: 0 } }]);
    expect(planOf(nested, history).ready).toMatchObject([{ path: 'outer[1].way.in.inner[1].a', loop: { item: 8, index: 1 } }]);
  });

  it('tells a wait that is over which item it was for', () => {
    const waits = [forEach('each', [delay('a')])];
    expect(planOf(waits, [two, waiting('each[0].a', at(0))]).elapsed).toMatchObject([{ path: 'each[0].a', loop: { item: 'x', index: 0 } }]);
  });
});

describe('parallel branches', () => {
  const sides = { left: [action('a'), action('b')], right: [action('c')] };
  const all = [parallel('fan', 'all', sides), action('d')];
  const any = [parallel('fan', 'any', sides), action('d')];
  const patient = [parallel('fan', 'all', sides, { onError: 'continue' }), action('d')];
  const [a, b, c] = [done('fan.left.a'), done('fan.left.b'), done('fan.right.c')];
  check([
    ['all start', all, [], 0, { ready: ['fan.left.a#1', 'fan.right.c#1'] }],
    ['go on each for itself', all, [a, running('fan.right.c')], 0, { ready: ['fan.left.b#1'], waiting: ['fan.right.c:in_flight'] }],
    ['that join by all are over when the last one is', all, [c], 0, { ready: ['fan.left.a#1'] }],
    ['that join by all and have succeeded let the run go on', all, [a, b, c], 0, { ready: ['d#1'] }],
    ['that join by any are over with the first that succeeds', any, [c], 0, { ready: ['d#1'] }],
    ['that join by any start no other step then', any, [c, a], 0, { ready: ['d#1'] }],
    [
      'that join by any wait no more for a delay',
      [parallel('fan', 'any', { left: [delay('w')], right: [action('c')] })],
      [waiting('fan.left.w', at(9)), c],
      0,
      { cancelled: ['fan.left.w#1'], outcome: 'succeeded' },
    ],
    [
      'that join by any wait no more for one that is over now, or for another attempt, due or not',
      [parallel('fan', 'any', { left: [delay('w')], late: [action('x')], due: [action('y')], right: [action('c')] }), action('d')],
      [
        waiting('fan.left.w', at(0)),
        failed('fan.late.x', { wakeAt: at(9) }),
        failed('fan.due.y', { wakeAt: at(0) }),
        lost('fan.due.y', 2),
        done('fan.right.c'),
      ],
      0,
      { cancelled: ['fan.late.x#1', 'fan.left.w#1'], ready: ['d#1'] },
    ],
    [
      'that join by any try nothing again that is due',
      [parallel('fan', 'any', { left: [action('x')], right: [action('c')] }), action('d')],
      [failed('fan.left.x', { wakeAt: at(0) }), done('fan.right.c')],
      0,
      { cancelled: ['fan.left.x#1'], ready: ['d#1'] },
    ],
    ['that join by any know of nothing that was cancelled', any, [cancelled('fan.left.a'), c], 0, { ready: ['d#1'] }],
    [
      'that join by all fail of what failed, not of what was cancelled for it',
      all,
      [cancelled('fan.left.a'), failed('fan.right.c')],
      0,
      { outcome: 'failed' },
    ],
    [
      'that join by any record what is still in flight',
      any,
      [c, running('fan.left.a')],
      0,
      { ready: ['d#1'], waiting: ['fan.left.a:in_flight'] },
    ],
    [
      'keep the run open while an attempt is in flight, though nothing else is left',
      any,
      [c, running('fan.left.a'), done('d')],
      0,
      { waiting: ['fan.left.a:in_flight'] },
    ],
    ['that join by any go on when one has failed', any, [failed('fan.right.c')], 0, { ready: ['fan.left.a#1'] }],
    ['that join by any fail when all have', any, [failed('fan.right.c'), failed('fan.left.a')], 0, { outcome: 'failed' }],
    ['that join by all fail with the first failure', all, [failed('fan.right.c')], 0, { outcome: 'failed' }],
    [
      'that fail let attempts in flight end first, and start none',
      all,
      [a, failed('fan.left.b'), running('fan.right.c')],
      0,
      { waiting: ['fan.right.c:in_flight'] },
    ],
    [
      'that fail wait neither for a retry nor for a delay',
      all,
      [failed('fan.left.a', { wakeAt: at(5) }), failed('fan.right.c')],
      0,
      { cancelled: ['fan.left.a#1'], outcome: 'failed' },
    ],
    [
      'that fail are left behind when they let the run go on',
      patient,
      [failed('fan.right.c'), running('fan.left.a')],
      0,
      { ready: ['d#1'], waiting: ['fan.left.a:in_flight'] },
    ],
    [
      'end the run when one comes to a stop, even if the other failed and lets the run go on',
      [parallel('fan', 'all', { left: [action('a')], right: [stop('s')] }, { onError: 'continue' }), action('d')],
      [failed('fan.left.a'), done('fan.right.s')],
      0,
      { outcome: 'succeeded' },
    ],
    [
      'that join by any end the run when one came to a stop, even if the other has succeeded',
      [parallel('fan', 'any', { left: [action('a')], right: [stop('s', { outcome: 'cancelled' })] }), action('d')],
      [done('fan.left.a'), done('fan.right.s')],
      0,
      { outcome: 'cancelled' },
    ],
    [
      'that end the run by a branch that lost wait for what has begun behind them',
      [parallel('fan', 'any', { left: [action('a', { onAmbiguous: 'hold' })], right: [action('c')] }), action('d')],
      [c, lost('fan.left.a'), running('d')],
      0,
      { waiting: ['d:in_flight'] },
    ],
    [
      'may stand in one another',
      [parallel('fan', 'all', { left: [parallel('in', 'any', sides)], right: [action('e')] })],
      [done('fan.left.in.right.c')],
      0,
      { ready: ['fan.right.e#1'] },
    ],
    ['without a step are over at once', [parallel('fan', 'all', {}), action('d')], [], 0, { ready: ['d#1'] }],
  ]);

  it('that join by all give the failure of what failed, not of what was cancelled for it, unless nothing else has', () => {
    expect(planOf(all, [cancelled('fan.left.a'), failed('fan.right.c')]).outcome).toMatchObject({ path: 'fan.right.c' });
    expect(planOf(all, [cancelled('fan.left.a'), done('fan.right.c')]).outcome).toMatchObject({ path: 'fan.left.a' });
  });

  it('that join by any and all fail give the first failure as written', () => {
    expect(planOf(any, [failed('fan.right.c'), failed('fan.left.a')]).outcome).toMatchObject({ path: 'fan.left.a' });
  });
});

describe('a wait', () => {
  const steps = [delay('w'), action('a')];
  check([
    ['starts as a step', steps, [], 0, { ready: ['w#1'] }],
    ['goes on until its time', steps, [waiting('w', at(10))], 9, { waiting: ['w:delay'] }],
    ['is elapsed from its time on', steps, [waiting('w', at(10))], 10, { elapsed: ['w#1'] }],
    ['without a time goes on until it is answered', [webhookWait('w')], [waiting('w', null)], 23 * HOUR, { waiting: ['w:webhook'] }],
    [
      'without any word on its time does too',
      [approval('w')],
      [{ path: 'w', attempt: 1, status: 'waiting' }],
      5,
      { waiting: ['w:approval'] },
    ],
    ['that was answered is over', steps, [done('w')], 10, { ready: ['a#1'] }],
  ]);

  it('tells until when', () => {
    expect(planOf(steps, [waiting('w', at(10))]).waiting).toEqual([{ path: 'w', reason: 'delay', until: at(10) }]);
    expect(planOf([webhookWait('w')], [{ path: 'w', attempt: 1, status: 'waiting' }]).waiting).toEqual([
      { path: 'w', reason: 'webhook', until: null },
    ]);
  });
});

describe('an approval', () => {
  const rejected = [done('ok', { decision: 'rejected' })];
  const followed = (more: Parameters<typeof approval>[1]) => [approval('ok', more), action('a')];
  check([
    ['that is given lets the run go on', followed({}), [done('ok', { decision: 'approved' })], 0, { ready: ['a#1'] }],
    ['that is refused cancels the run', followed({ onReject: 'stop' }), rejected, 0, { outcome: 'cancelled' }],
    ['that is refused fails the run when it says so', followed({ onReject: 'fail' }), rejected, 0, { outcome: 'failed' }],
    ['that is refused lets the run go on when it says so', followed({ onReject: 'continue' }), rejected, 0, { ready: ['a#1'] }],
    [
      'whose refusal is a failure may let the run go on',
      followed({ onReject: 'fail', onError: 'continue' }),
      rejected,
      0,
      { ready: ['a#1'] },
    ],
  ]);

  it.each([
    ['stop', { status: 'cancelled', path: 'ok', code: 'approval_rejected', message: 'Approval "ok" was rejected.' }],
    ['fail', { status: 'failed', path: 'ok', error: expect.objectContaining({ code: 'approval_rejected' }) }],
  ] as const)('that is refused says so in the outcome (%s)', (onReject, outcome) => {
    expect(planOf(followed({ onReject }), rejected).outcome).toEqual(outcome);
  });
});

describe('a stop', () => {
  const followed = (more: Parameters<typeof stop>[1]) => [stop('end', more), action('a')];

  it('is executed like any step', () => {
    expect(summary(planOf(followed({}))).ready).toEqual(['end#1']);
  });

  it.each([
    [{ outcome: 'succeeded' }, {}, { status: 'succeeded' }],
    [{ outcome: 'cancelled' }, {}, { status: 'cancelled', path: 'end', code: 'stopped', message: null }],
    [
      { outcome: 'cancelled', message: '{{record.x}}' },
      { message: 'Rendered.' },
      { status: 'cancelled', path: 'end', code: 'stopped', message: 'Rendered.' },
    ],
    [
      { outcome: 'failed', message: '{{record.x}}' },
      { message: 'Rendered.' },
      { status: 'failed', path: 'end', error: { code: 'stopped', message: 'Rendered.' } },
    ],
    [
      { outcome: 'failed' },
      { message: null },
      { status: 'failed', path: 'end', error: { code: 'stopped', message: 'Step "end" ended the run as failed.' } },
    ],
  ] as const)('ends the run as %j says (%j)', (more, output, outcome) => {
    expect(planOf(followed(more), [done('end', output)]).outcome).toEqual(outcome);
  });

  it('that fails the run is not made good by onError', () => {
    const steps = [
      branch('way', { left: [stop('end', { outcome: 'failed', onError: 'continue' })] }, [], { onError: 'continue' }),
      action('a'),
    ];
    expect(planOf(steps, [done('way', { taken: 'left' }), done('way.left.end')]).outcome).toMatchObject({ status: 'failed' });
  });

  it('lets attempts in flight end first', () => {
    const steps = [parallel('fan', 'all', { left: [stop('end')], right: [action('a')] })];
    expect(summary(planOf(steps, [done('fan.left.end'), running('fan.right.a')]))).toMatchObject({
      waiting: ['fan.right.a:in_flight'],
      outcome: null,
    });
  });
});

describe('the longest duration of a run', () => {
  const day = 24 * HOUR;
  check([
    ['fails a run that is not over by then', [delay('w')], [waiting('w', null)], day, { outcome: 'failed' }],
    ['fails it before a ready step starts', [action('a')], [], day, { outcome: 'failed' }],
    ['fails it before a wait that is over goes on', [delay('w')], [waiting('w', at(1))], day, { outcome: 'failed' }],
    ['does nothing a moment before', [action('a')], [], day - 1, { ready: ['a#1'] }],
    [
      'lets an attempt in flight end first',
      [parallel('fan', 'all', { left: [action('a')], right: [action('b')] })],
      [running('fan.left.a')],
      day,
      { waiting: ['fan.left.a:in_flight'] },
    ],
    ['does not fail a run that is over', [action('a')], [done('a')], day, { outcome: 'succeeded' }],
  ]);

  it('says how far the run had come', () => {
    const { outcome } = planOf([action('a'), delay('w')], [done('a'), waiting('w', null)], day);
    expect(outcome).toMatchObject({
      status: 'failed',
      path: null,
      error: { code: 'run_timed_out', message: expect.stringContaining('"w"') },
    });
  });
});

describe('the limit of steps', () => {
  const items = done('each', { items: [1, 2, 3] });
  const loop = [forEach('each', [action('a')])];

  it('is not reached by a run that fits exactly', () => {
    expect(summary(planOf(loop, [items, done('each[0].a'), done('each[1].a')], 0, 1, 3)).ready).toEqual(['each[2].a#1']);
    expect(summary(planOf([action('a'), action('b')], [done('a')], 0, 2)).ready).toEqual(['b#1']);
  });

  it('fails the run at the first step beyond it; steps of loops have a limit of their own', () => {
    const { outcome } = planOf(loop, [items, done('each[0].a'), done('each[1].a')], 0, 1, 2);
    expect(outcome).toMatchObject({ status: 'failed', path: 'each[2].a', error: { code: 'too_many_steps' } });
    expect(planOf([action('a'), action('b')], [done('a')], 0, 1).outcome).toMatchObject({ path: 'b', error: { code: 'too_many_steps' } });
  });

  it('does not count attempts', () => {
    const history = [failed('a', { wakeAt: at(0) }), failed('a', { attempt: 2, wakeAt: at(0) })];
    expect(summary(planOf([action('a')], history, 0, 1)).ready).toEqual(['a#3']);
  });

  it('holds back parallel steps that do not fit', () => {
    const steps = [parallel('fan', 'all', { x: [action('a')], y: [action('b')], z: [action('c')] })];
    expect(summary(planOf(steps, [failed('fan.x.a', { wakeAt: at(0) })], 0, 2)).ready).toEqual(['fan.x.a#2', 'fan.y.b#1']);
    expect(summary(planOf(steps, [done('fan.x.a'), running('fan.y.b')], 0, 2))).toMatchObject({
      ready: [],
      waiting: ['fan.y.b:in_flight'],
      outcome: null,
    });
    expect(summary(planOf(steps, [done('fan.x.a'), done('fan.y.b')], 0, 2)).outcome).toBe('failed');
  });

  it('is 10,000 for loops unless told, and 500 besides', () => {
    const many = Array.from({ length: 10_001 }, (_, index) => index);
    const history = [done('each', { items: many }), ...many.slice(1).map((index) => done(`each[${index}].a`))];
    const wanted = { status: 'failed', error: { code: 'too_many_steps' } };
    expect(plan(definition(loop), { startedAt: at(0), executions: history }, START).outcome).toMatchObject(wanted);
    const row = Array.from({ length: 501 }, (_, index) => action(`a${index}`));
    const executions = row.slice(1).map(({ id }) => done(id));
    expect(plan(definition(row), { startedAt: at(0), executions }, START).outcome).toMatchObject(wanted);
  });
});
