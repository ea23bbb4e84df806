import { describe, expect, it } from '@jest/globals';
import { failedSteps } from '../../../src/core/plan/failed-steps.js';
import type { StepExecution } from '../../../src/core/plan/history.js';
import { standingOf } from '../../../src/core/plan/standing.js';
import type { Step } from '../../../src/core/steps/index.js';
import { action, approval, at, branch, cancelled, definition, done, failed, forEach, lost, parallel, planOf, stop } from './support.js';

const failing = (steps: Step[], executions: StepExecution[]) => failedSteps(definition(steps), { startedAt: at(0), executions });
const quiet = (id: string) => action(id, { onError: 'continue' });

describe('the steps that failed in a run that went on', () => {
  it.each<[string, Step[], StepExecution[], string[]]>([
    ['are none where none failed', [quiet('a'), action('b')], [done('a'), done('b')], []],
    ['are those that let it go on', [quiet('a'), action('b'), quiet('c')], [failed('a'), done('b'), failed('c')], ['a', 'c']],
    ['are not the one that failed it', [quiet('a'), action('b')], [failed('a'), failed('b')], ['a']],
    ['are none that succeeded in the end', [quiet('a')], [failed('a'), done('a', {}, 2)], []],
    ['are none that are to be tried again', [quiet('a')], [failed('a', { wakeAt: at(1) })], []],
    ['are none that a person sent back', [quiet('a')], [failed('a', { superseded: true }), done('a', {}, 2)], []],
    [
      'are those whose attempts were lost to the last',
      [action('a', { onError: 'continue', retry: { maxAttempts: 1 } })],
      [lost('a')],
      ['a'],
    ],
    [
      'are told by the step that failed, not by the one around it that lets the run go on',
      [branch('way', { left: [action('a')] }, [], { onError: 'continue' })],
      [done('way', { taken: 'left' }), failed('way.left.a')],
      ['way.left.a'],
    ],
    [
      'are as many as the items of a loop that failed',
      [forEach('each', [quiet('a')])],
      [done('each', { items: [1, 2, 3] }), failed('each[0].a'), done('each[1].a'), failed('each[2].a')],
      ['each[0].a', 'each[2].a'],
    ],
    [
      'are those of branches that another one has made good',
      [parallel('fan', 'any', { left: [action('a')], right: [action('b')] })],
      [failed('fan.left.a'), done('fan.right.b')],
      ['fan.left.a'],
    ],
    [
      'are none that were cancelled because another branch was done first',
      [parallel('fan', 'any', { left: [action('a')], right: [action('b')] })],
      [cancelled('fan.left.a'), done('fan.right.b')],
      [],
    ],
    [
      'are none of branches that none has made good',
      [parallel('fan', 'any', { left: [action('a')], right: [action('b')] })],
      [failed('fan.left.a'), failed('fan.right.b')],
      [],
    ],
    [
      'are approvals that were refused where that is a failure',
      [approval('ok', { onReject: 'fail', onError: 'continue' }), action('a')],
      [done('ok', { decision: 'rejected' }), done('a')],
      ['ok'],
    ],
    [
      'are not what ends the run on purpose',
      [parallel('fan', 'any', { left: [stop('end', { outcome: 'cancelled' })], right: [action('a')] })],
      [done('fan.left.end', {}), failed('fan.right.a')],
      [],
    ],
  ])('%s', (_what, steps, executions, paths) => {
    expect(failing(steps, executions)).toEqual(paths);
  });

  it('are the same however the run has ended', () => {
    const steps = [quiet('a'), stop('end')];
    const executions = [failed('a'), done('end')];
    expect(planOf(steps, executions).outcome).toEqual({ status: 'succeeded' });
    expect(failing(steps, executions)).toEqual(['a']);
  });
});

describe('where an attempt stands', () => {
  it.each<[Partial<StepExecution> & Pick<StepExecution, 'status'>, string, string]>([
    [{ status: 'running' }, 'running', 'abandoned'],
    [{ status: 'waiting', wakeAt: at(1) }, 'waiting', 'abandoned'],
    [{ status: 'succeeded' }, 'succeeded', 'succeeded'],
    [{ status: 'failed', wakeAt: at(1) }, 'retrying', 'failed'],
    [{ status: 'failed', wakeAt: at(1), superseded: true }, 'failed', 'failed'],
    [{ status: 'failed', wakeAt: null }, 'failed', 'failed'],
    [{ status: 'lost' }, 'lost', 'lost'],
  ])('%j is %s while the run goes on, and %s when it is over', (execution, going, over) => {
    expect(standingOf(execution, false)).toBe(going);
    expect(standingOf(execution, true)).toBe(over);
  });

  it('is cancelled where nobody needed it any more', () => {
    expect(standingOf(cancelled('a'), false)).toBe('cancelled');
    expect(standingOf({ status: 'failed' }, true)).toBe('failed');
  });
});
