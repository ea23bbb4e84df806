import { describe, expect, it } from '@jest/globals';
import type { StepExecution } from '../../../src/core/plan/history.js';
import { runOutput } from '../../../src/core/plan/run-output.js';
import type { Step } from '../../../src/core/steps/index.js';
import { action, at, branch, definition, delay, done, failed, forEach, parallel, stop } from './support.js';

const outputOf = (steps: Step[], executions: StepExecution[]) => runOutput(definition(steps), { startedAt: at(0), executions });

describe('what a run leaves', () => {
  it.each<[string, Step[], StepExecution[], object | null]>([
    ['is what its last step left', [action('a'), action('b')], [done('a', { n: 1 }), done('b', { n: 2 })], { n: 2 }],
    [
      'is what the last step left that left something',
      [action('a'), delay('w'), action('b')],
      [done('a', { n: 1 }), done('w'), done('b')],
      { n: 1 },
    ],
    [
      'is what the stop step says that ended it',
      [branch('way', { left: [stop('end', { output: {} })] }), action('b')],
      [done('way', { taken: 'left' }), done('way.left.end', { outcome: 'succeeded', output: { n: 3 } })],
      { n: 3 },
    ],
    [
      'is of steps beside each other the last as written, whatever decided',
      [parallel('fan', 'all', { left: [action('a')], right: [action('b')] })],
      [done('fan.right.b', { n: 2 }), done('fan.left.a', { n: 1 })],
      { n: 2 },
    ],
    [
      'is of a loop what its last item left',
      [forEach('each', [action('a')])],
      [done('each', { items: [1, 2], count: 2 }), done('each[0].a', { n: 1 }), done('each[1].a', { n: 2 })],
      { n: 2 },
    ],
    [
      'is nothing where no step has left anything',
      [action('a'), stop('end')],
      [failed('a'), done('end', { outcome: 'succeeded', message: null })],
      null,
    ],
  ])('%s', (_what, steps, executions, output) => {
    expect(outputOf(steps, executions)).toEqual(output);
  });
});
